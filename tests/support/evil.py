"""Text that means harm: to terminals, to readers' eyes, to SQL; and events that carry it wherever text may stand."""

import re
from collections.abc import Iterator
from typing import Any

from tests.support.given import TENANT, event, group, lines, link, outcome, proficiency, result

# Clears the screen, sets the window's title, turns red by a C1 control, turns the text round, hides, ends lines.
EVIL = "\x1b[2J\x1b]0;pwned\x07\x9b31m\u202e\u2028\x00\x7f\r\n\tX"
EVIL_ID = "\x9b31m\u202e7"
"""An id may not hold ASCII controls or blanks; these it may."""
EVIL_BYTES = b"\x1b[31mjunk\x9b\n{\xe2\x80\xae\xc2\x9b31m"
TENANT_OPTION = ("--tenant", TENANT)

# What rich and a line discipline may send: colours, the cursor's comings and goings, line ends.
_OURS = re.compile(rb"\x1b\[[0-9;]*m|\x1b\[\?25[lh]|\x1b\[[0-9]*[AK]|\r?\n|\r")


def commands(shown: bytes) -> set[str]:
    """Return the characters that a terminal would obey, as code points; colours and line ends are ours."""
    text = _OURS.sub(b"\n", shown).decode(errors="replace")
    return {f"U+{ord(char):04X}" for char in text if not (char.isprintable() or char == "\n")}


def school() -> bytes:
    """Return a school in which every text, every name of a field and every id is evil."""
    return lines(*_events()) + b"\n" + EVIL_BYTES


def _events() -> Iterator[dict[str, Any]]:
    fields = {EVIL: EVIL, "vendor_guid": EVIL, "description": EVIL, "display_name": EVIL}
    meta = {
        "user_login": EVIL,
        "user_id": "5",
        "job_tag": EVIL,
        "url": f"https://x/{EVIL}",
        "http_method": EVIL,
        "context_role": EVIL,
        "request_id": EVIL,
    }
    yield group("1", "2025-01-01", title=EVIL, meta=meta, **fields)
    yield group("1", "2025-01-02", title=EVIL + "2", updated="2025-01-02", meta=meta, nested={EVIL: [1, {EVIL: EVIL}]})
    yield group("2", "2025-01-01", parent="1", title=EVIL, workflow_state=EVIL, meta=meta)
    yield group("3", "2025-01-01", parent=EVIL_ID, title=EVIL)
    yield group("8", "2025-01-01", context=f"Course:{EVIL_ID}", title=EVIL)
    yield outcome(EVIL_ID, "2025-01-01", title=EVIL, calculation_method=EVIL, **fields)
    yield outcome("7", "2025-01-01", title=EVIL, calculation_method=EVIL, meta=meta, **fields)
    yield outcome("7", "2025-03-01", title=EVIL, mastery=5, updated="2025-03-01", meta=meta)
    yield link("4", "2025-01-03", outcome="7", group="2", meta=meta)
    yield group("9", "2025-01-03", context="Course:200", title=EVIL)
    yield link("5", "2025-01-03", outcome="7", group="9", context="Course:200")
    yield result("50", "2025-02-01", student=EVIL, meta=meta)
    yield result("51", "2025-02-02", student=EVIL_ID)
    yield proficiency("1", "2025-01-01", meta=meta)
    yield event("user_created", "2025-01-01", {"user_id": "1", "uuid": EVIL_ID, "name": EVIL})
    yield event("course_created", "2025-01-01", {"course_id": "200", "account_id": "1", "name": EVIL, "uuid": EVIL})
    yield event(EVIL, "2025-01-01", {EVIL: EVIL})
    yield event("learning_outcome_group_created", "2025-01-01", {"learning_outcome_group_id": EVIL})
    yield group("1", EVIL)
    yield group("1", "2025-01-05", updated="2025-01-05", meta={"tenant": EVIL})


QUESTIONS: list[tuple[str, ...]] = [
    ("tree", "--context", "Account:1", "--include-deleted", *TENANT_OPTION),
    ("tree", "--context", "Course:200", *TENANT_OPTION),
    ("show", "group", "1", *TENANT_OPTION),
    ("show", "outcome", "7", *TENANT_OPTION),
    ("timeline", *TENANT_OPTION),
    ("blame", "group", "1", *TENANT_OPTION),
    ("diff", "--from", "2025-01-01T12:00", "--students", *TENANT_OPTION),
    ("moments", "--context", "Account:1", *TENANT_OPTION),
    ("late", "--over", "1s", *TENANT_OPTION),
    ("mastery", *TENANT_OPTION),
    ("mastery", "--course", "200", *TENANT_OPTION),
    ("explain", "--course", "200", "--student", EVIL_ID, "--outcome", "7", *TENANT_OPTION),
    ("history", "--course", "200", "--student", EVIL_ID, "--outcome", "7", *TENANT_OPTION),
    ("impact", "7", *TENANT_OPTION),
    ("settings", "list", *TENANT_OPTION),
    ("digest",),
    ("log",),
    ("verify", "--all"),
    ("status",),
    ("quarantine", "list"),
    ("quarantine", "show", "1"),
    ("quarantine", "show", "3"),
    ("quarantine", "show", "4"),
]
"""Every command that reads, on that school."""

WRONG: list[tuple[str, ...]] = [
    ("tree", "--context", f"Moon{EVIL_ID}\x1b[31m"),
    ("tree", "--context", "Account:1"),
    ("show", f"x{EVIL_ID}\x1b[31m", "1"),
    ("show", "outcome", f"x{EVIL_ID}\x1b[31m", *TENANT_OPTION),
    ("explain", "--course", "\x9b", "--student", "\x1b[31m", "--outcome", "\u202e", *TENANT_OPTION),
    ("digest", "--tenant", f"\x1b[31m{EVIL_ID}"),
    ("digest", "--as-of", f"\x1b[31m{EVIL_ID}"),
    ("ingest", f"/nowhere/\x1b[31m{EVIL_ID}"),
    ("mastery", "--scale", f"\x1b[31m{EVIL_ID}", *TENANT_OPTION),
    (f"\x1b[31m{EVIL_ID}",),
    ("tree", f"--\x1b[31m{EVIL_ID}"),
]
"""Questions that are wrong, or find nothing: their messages quote what was typed."""
