"""A timeline as a table."""

from outcomes.api.answers.base import time_text
from outcomes.api.answers.entity import Actor
from outcomes.api.answers.events import Timeline, TimelineEntry
from outcomes.api.html.page import fragment, table, tag, text
from outcomes.api.html.rows import more_of
from outcomes.api.terminal.events import fields_in_words

_COLUMNS = ("when", "change", "what", "title", "fields", "by", "position")


def timeline_html(found: Timeline) -> str:
    """Return the first entries of a timeline, and whether there are more."""
    shown, is_all = found.beginning()
    return fragment(table(_COLUMNS, [_row(entry) for entry in shown]), more_of(is_all=is_all))


def _row(entry: TimelineEntry) -> tuple[str, ...]:
    conflict = " <i>(order conflict)</i>" if entry.order_conflict else ""
    fields = "<br>".join(text(line) for line in fields_in_words(entry).split("\n"))
    return (
        text(time_text(entry.event_time)),
        tag(entry.change),
        text(f"{entry.kind}:{entry.id}"),
        text(entry.title or ""),
        fields + conflict,
        _actor(entry.actor),
        str(entry.position),
    )


def _actor(who: Actor) -> str:
    person = who.login or who.user_id or who.job or ""
    if who.real_user_id:
        person = f"{who.real_user_id} as {person or 'someone'}"
    via = f'<br><span class="quiet">{text(who.via)}</span>' if who.via else ""
    return text(person) + via
