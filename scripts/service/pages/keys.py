"""Screen 14, help: how one does what people come for, every key, and every word that the page uses."""

from typing import NamedTuple

from outcomes.service.pages import frame
from outcomes.service.pages.screens import Fragment, Screen, Shown, View
from outcomes.service.pages.templating import rendered
from outcomes.service.pages.viewer import Viewer
from outcomes.store.access.rights import Right

_KEYS = (
    ("/", "find"),
    ("g t · g c · g m · g f", "go to the tree, the changes, mastery, the feed"),
    ("← →", "on the slider: one change earlier or later"),
    ("Page Up · Page Down", "on the slider: ten changes"),
    ("Home · End", "on the slider: the first change, today"),
    ("[ ]", "anywhere: the change before or after"),
    (", .", "the change before or after of the outcome that has the focus in the tree, or whose page this is"),
    ("n", "today"),
    ("d", "choose a day"),
    ("k", "choose what was known"),
    ("p", "choose another place"),
    ("a · b", "compare with another time"),
    (
        "arrows",
        "in a tree: from line to line, open and close; in a grid: from score to score, up to the heads and bars",
    ),
    ("Enter", "open what has the focus: of a score, why"),
    ("s", "in a grid: sort by this column"),
    ("y", "cite this view"),
    ("Esc", "close what is open; from why, back to the score in its class"),
    ("?", "this"),
)
WORDS = (
    ("as it was on", "what had happened in Canvas up to that time"),
    ("by everything we know today", "also what Canvas told us late; “as we knew it on” leaves out what came later"),
    ("change", "one thing that was saved in Canvas; “moment”: what one person saved in one go"),
    ("mastery", "a score of at least the mastery points of the scale that was in force"),
    ("flipped", "gained or lost mastery because scoring was edited, with no new work"),
    ("work", "results: rubrics, quizzes, marks"),
    ("edit", "a change of a scale, a method, a link or a setting"),
    ("decaying average 65", "65 % for the last result, 35 % for the mean of the others"),
    ("number of times 3", "the mean of the scores at mastery, once there are three"),
    ("≈", "approximate: when some work was handed in is not told, so when it was marked stands in"),
    ("in no group", "an outcome of this place that none of its groups holds"),
    ("hangs nowhere", "something active whose group is deleted, elsewhere or unknown"),
    ("quarantine", "what came and could not be read: kept as it came, with the reason, until somebody sees to it"),
    ("late", "told to us more than an hour after it happened"),
    ("checkpoint", "one line that stands for the whole log: kept elsewhere, it proves later that nothing was changed"),
    ("fingerprint", "twelve characters that stand for an answer: they change if anything in it does"),
    ("erased person", "somebody whose data was deleted for good; what they did stays, who they were does not"),
)


class Task(NamedTuple):
    """What somebody comes for: where it begins, and how it goes on from there."""

    wanted: str
    address: str
    how: str


def tasks(viewer: Viewer) -> list[Task]:
    """Return what this person can do here, with the way to where it begins."""
    context, to = frame.default_context(viewer), viewer.where.to
    tree, changes, start = to(f"/tree/{context}"), to(f"/changes/{context}"), f"{to('/')}#search"
    ways = {link.words: link.address for link in frame.navigation(viewer, "", context)}
    found = [
        Task("see the tree on a past day", tree, "click “as it is today” in the sentence on top and choose the day"),
        Task("find out who changed an outcome", start, "find it by its title: “Who made it so” tells each field"),
        Task("find out what an old title became", start, "find it: below stand outcomes that were called so before"),
        Task("see what was removed, and by whom", tree, "the bars that go down; what went stands struck in the tree"),
        Task("see whom an edit flipped", to(f"/changes/{context}", field="mastery_points"), "each change says whom"),
        Task("compare two days", ways["Compare"], "choose both days; “Who made these changes” tells by whom"),
        Task("print all of it for a visit", ways["Binder"], "choose the day, make it, print it from the browser"),
        Task("cite what I see", tree, "“cite this view” at the foot of any view: it gives words and a link"),
        Task("prove a citation", tree, "open its link: a line on top says “exactly as cited”, or what differs and why"),
        Task(
            "see what was known when a report was made", tree, "click “by everything we know today”, paste its citation"
        ),
        Task("take the figures into a spreadsheet", changes, "“CSV” at the foot of any view, at the same times"),
    ]
    if "Mastery" in ways:
        mastery = ways["Mastery"]
        found += [
            Task("find out why a score is what it is", mastery, "click the score: results, weights, sum and rules"),
            Task(
                "see whether a drop came from work or an edit", start, "find the student: red says that it was an edit"
            ),
            Task("see who stands below mastery", mastery, "the bars over a column open the names"),
            Task("see whose scores moved since a day", mastery, "“or since the end of”, over the table"),
        ]
    if viewer.may(Right.OPERATE):
        found.append(Task("see whether all of it comes in", ways["Feed"], "the first line says so, or what to do"))
    if viewer.may(Right.ADMIN):
        found.append(Task("see who looked at a student", ways["Access"], "below “Who looked at students”"))
    return found


def build(viewer: Viewer) -> Shown:
    """Show all of it."""
    parts = {"tasks": tasks(viewer), "keys": _KEYS, "words": WORDS}
    if viewer.is_fragment:
        return Fragment(rendered("keys_list.html", **parts))
    return View("keys.html", "Help", parts)


SCREEN = Screen("/keys", "keys", build)
