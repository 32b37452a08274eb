"""The words of the modelled schools: subjects, topics, people and places. All invented for this project."""

from typing import NamedTuple

from scripts.generator.dice import Dice


class Subject(NamedTuple):
    """A field of study with the strands its outcomes are filed under and what they speak of."""

    code: str
    name: str
    strands: tuple[str, ...]
    topics: tuple[str, ...]


class Scale(NamedTuple):
    """A set of rating levels, best first, and the points that count as mastery."""

    mastery_points: float
    levels: tuple[tuple[str, float], ...]


# Tables read better as tables.
# fmt: off
SUBJECTS = (
    Subject("WTR", "Water & Weather", ("Clouds", "Rivers", "Tides", "Climate"),
            ("how a watershed gathers rain", "the tilt of the Earth and the seasons", "a tide table",
            "why fog forms at dawn", "a season of rainfall records", "the path of a storm front")),
    Subject("NUM", "Number & Pattern", ("Ratio", "Sequences", "Estimation", "Equations"),
            ("unit rates in a recipe", "a growing pattern as a rule", "error bounds of a measurement",
            "linear relationships in a table", "a proof by contradiction", "compound growth")),
    Subject("LIT", "Reading & Writing", ("Argument", "Narrative", "Sources", "Voice"),
            ("the claim and evidence of an editorial", "an unreliable narrator",
            "two sources that disagree", "tone in a letter", "the turning point of a short story",
            "a paragraph's line of reasoning")),
    Subject("CIV", "Civics & Community", ("Local Government", "Rights", "Budgets", "Media"),
            ("a town council's minutes", "the limits of free speech", "a household budget over a year",
            "who pays for a public library", "bias in a news feed", "a petition from draft to vote")),
    Subject("LIF", "Living Things", ("Cells & Tissue", "Habitats", "Heredity", "Soil"),
            ("energy moving through a food web", "a pea-plant cross", "the life of compost",
            "how a leaf balances water and light", "an invasive species", "the microbes of sourdough")),
    Subject("FRA", "Français", ("Écouter", "Parler", "Lire", "Écrire"), ("une routine à l'oral",
            "le récit d'un voyage", "une recette de crêpes", "un débat sur le métro",
            "une lettre à la mairie", "les temps du passé")),
    Subject("MAK", "Making & Design", ("Sketching", "Prototypes", "Materials", "Critique"),
            ("a bridge of card and string", "three sketches for one brief", "a joint that carries load",
            "feedback from a first user", "the cost of a prototype", "a drawing to scale")),
    Subject("SND", "Sound & Music", ("Rhythm", "Listening", "Ensemble", "Notation"),
            ("a polyrhythm in groups", "the form of a rondo", "dynamics across a phrase",
            "a four-part arrangement", "how a string makes a note", "a score read at sight")),
    Subject("DAT", "Data & Computing", ("Collecting", "Charts", "Algorithms", "Privacy"),
            ("a survey without leading questions", "a misleading chart", "a sorting procedure by hand",
            "what a cookie stores", "a loop with a clear end", "an average that hides the spread")),
    Subject("MOV", "Movement & Health", ("Endurance", "Teamwork", "Nutrition", "Rest"),
            ("a six-week training log", "a fair warm-up for mixed teams", "labels on a cereal box",
            "sleep and attention", "a routine set to a beat", "first aid for a sprain")),
)

_VERBS = (
    ("Explains", "explain"), ("Models", "model"), ("Compares", "compare"),
    ("Investigates", "investigate"), ("Justifies", "justify"), ("Presents", "present"),
    ("Questions", "question"), ("Applies", "apply"),
)
_EVIDENCE = (
    "Evidence comes from at least two pieces of work.",
    "A spoken account counts as much as a written one.",
    "Look for precise terms & a complete chain of reasons.", "Working alone or in a pair, with notes.",
    "The work is revised once after feedback.", "Unfamiliar cases are included on purpose.",
)
_SETTINGS = (
    "in a new setting", "for a reader outside the class", "using the school's own data",
    "over several weeks", "from a given starting point", "with and without a worked example",
)

SCALES = (
    Scale(3.0, (("Goes beyond", 4.0), ("Secure", 3.0), ("Nearly there", 2.0), ("Starting out", 1.0),
          ("No evidence yet", 0.0))),
    Scale(3.0, (("Expert", 5.0), ("Fluent", 4.0), ("Capable", 3.0), ("Emerging", 2.0), ("Beginning", 1.0),
          ("Not shown", 0.0))),
    Scale(2.0, (("Thorough", 3.0), ("Sound", 2.0), ("Partial", 1.0), ("Missing", 0.0))),
    Scale(7.5, (("Outstanding", 10.0), ("Good", 7.5), ("Fair", 5.0), ("Weak", 2.5), ("None", 0.0))),
)
COLOURS = ("0B6E4F", "2E9E6B", "F2A900", "D96704", "B3261E", "5B5F66")

_FIRST_NAMES = (
    "Anouk", "Bastian", "Chidi", "Delphine", "Emre", "Farida", "Goran", "Hanneke", "Ilse", "Joaquín",
    "Kirsi", "Lubna", "Mateus", "Ngozi", "Odile", "Pavel", "Quirin", "Rósa", "Soraya", "Tendai", "Ursula",
    "Viggo", "Wanjiru", "Xiomara", "Yusuf", "Zofia", "Aroha", "Benedikt", "Carys",
)
_LAST_NAMES = (
    "Abernathy", "Bekele", "Castellanos", "Dvořák", "Eriksen", "Fontaine", "Grabowski", "Hashimi", "Iyer",
    "Jankowska", "Kowhai", "Lindqvist", "Moyo", "Nakata", "O'Rourke", "Papadakis", "Quispe", "Rasmussen",
    "Sandoval", "Tāmati", "Uzun", "Vandersteen", "Whitcombe", "Xu", "Ybarra", "Zilber", "Achterberg",
    "Brzęczek", "Cárdenas", "Dlamini", "Evangelou",
)

SCHOOLS = (
    ("Alderfen Community Schools", "alderfen"), ("Brackwater College", "brackwater"),
    ("Castellan Union District", "castellan"), ("Dunmarrow Institute", "dunmarrow"),
)
DEPARTMENTS = (
    "Lower School", "Upper School", "Evening Institute", "Faculty of Letters", "Faculty of Sciences",
    "School of Making", "Language Centre", "Outreach Campus", "Teacher Academy", "Graduate Studies",
)

# fmt: on


def name(index: int) -> str:
    """Return the name of the person with this index; two people may well share one."""
    first = _FIRST_NAMES[index * 7 % len(_FIRST_NAMES)]
    return f"{first} {_LAST_NAMES[(index * 11 + index // len(_FIRST_NAMES)) % len(_LAST_NAMES)]}"


def title(subject: Subject, rng: Dice) -> str:
    """Draw a title for an outcome: what a learner does, and with what."""
    return f"{rng.choice(_VERBS)[0]} {rng.choice(subject.topics)}"


def description(subject: Subject, rng: Dice) -> str:
    """Draw a description as the editor's sanitised HTML."""
    verb, topic, setting = rng.choice(_VERBS)[1], rng.choice(subject.topics), rng.choice(_SETTINGS)
    evidence = " ".join(rng.sample(_EVIDENCE, 2))
    return f"<p>The learner can {verb} <em>{topic}</em> {setting}.</p>\n<p>{evidence.replace('&', '&amp;')}</p>"


def friendly(subject: Subject, rng: Dice) -> str:
    """Draw a friendly description: the same in a learner's voice, plain text."""
    return f"I can {rng.choice(_VERBS)[1]} {rng.choice(subject.topics)} {rng.choice(_SETTINGS)}."
