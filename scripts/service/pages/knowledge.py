"""The second clock, set by a citation: a report that lies on the desk says what was known when it was made.

It is a form: the words of a citation may hold a student's name, which must not stand in an address.
"""

import re
from http import HTTPStatus
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from outcomes.service.pages.citations import log_of
from outcomes.service.pages.screens import Elsewhere, Screen, Shown
from outcomes.service.pages.viewer import Viewer
from outcomes.service.problems import Problem

_POSITION = re.compile(r"\bknown(?:=| at position )(\d+)\b")
_LOG = re.compile(r"(?:[?&]log=|\bof log )([0-9a-f]{8})\b")


def build(viewer: Viewer) -> Shown:
    """Go back to the view that was looked at, as it was known when a report was made."""
    text = viewer.form.get("citation", "")
    position, log = _POSITION.search(text), _LOG.search(text)
    if position is None:
        raise Problem(
            HTTPStatus.BAD_REQUEST,
            "there is no citation in what was pasted: it is the text or the link that “cite this view” gives",
        )
    if log is not None and log[1] != log_of(viewer):
        raise Problem(
            HTTPStatus.BAD_REQUEST,
            f"this citation is of another log ({log[1]}…, not {log_of(viewer)}…): what it knew is not known here",
        )
    back = urlsplit(viewer.form.get("back", "/"))
    query = {name: value for name, value in parse_qsl(back.query) if name != "known"} | {"known": position[1]}
    # Of the address only path and query are taken, so that it leads nowhere else.
    path = quote(unquote(back.path).lstrip("/\\"), safe="/:")
    return Elsewhere(f"/{path}?{urlencode(query, safe=':,')}")


SCREEN = Screen("/known", "", build, takes_form=True)
