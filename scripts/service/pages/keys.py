"""Screen 14, keys and words: every key, and every word that the page uses."""

from outcomes.service.pages.screens import Fragment, Screen, Shown, View
from outcomes.service.pages.templating import rendered
from outcomes.service.pages.viewer import Viewer

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
    ("a · b", "compare with another time"),
    ("arrows", "in a tree: from line to line, open and close; in a grid: from score to score"),
    ("Enter", "open what has the focus: of a score, why"),
    ("s", "in a grid: sort by this column"),
    ("y", "cite this view"),
    ("Esc", "close what is open"),
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


def build(viewer: Viewer) -> Shown:
    """Show all keys and words."""
    parts = {"keys": _KEYS, "words": WORDS}
    if viewer.is_fragment:
        return Fragment(rendered("keys_list.html", **parts))
    return View("keys.html", "Keys and words", parts)


SCREEN = Screen("/keys", "keys", build)
