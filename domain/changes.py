"""What one event changed: the body before against the body after, part by part."""

from typing import Any, Literal

Change = Literal["created", "updated", "deleted", "restored", "none"]
FieldChange = tuple[Any, Any]

# Every update carries its own clock; that it moved says nothing about the entity.
_NOT_A_FIELD = frozenset({"updated_at"})
_PLAIN = frozenset({str, int, float, bool})


def changed_fields(before: dict[str, Any] | None, after: dict[str, Any] | None) -> dict[str, FieldChange]:
    """Compare two states; nested objects part by part, named `rubric_criterion.mastery_points`, `ratings[0].points`.

    Absent equals null (DOMAIN.md 1.7), and 3 equals 3.0. Keys are sorted.
    """
    if before is None:
        parts = _flatten(after or {})
        return {name: (None, parts[name]) for name in sorted(parts)}
    new_state = after or {}
    # Most fields of a state are those of the one before: only the others are taken apart.
    names = [name for name in before.keys() | new_state.keys() if not _is_same(before.get(name), new_state.get(name))]
    old, new = (_flatten({name: state.get(name) for name in names}) for state in (before, new_state))
    return {
        name: (old.get(name), new.get(name))
        for name in sorted(old.keys() | new.keys())
        if not _equal(old.get(name), new.get(name))
    }


def classify(before: dict[str, Any] | None, after: dict[str, Any], fields: dict[str, FieldChange]) -> Change:
    """Name the change. The first event that is known of an entity creates it, whatever the event's own name."""
    if before is None:
        return "created"
    was_deleted = before.get("workflow_state") == "deleted"
    is_deleted = after.get("workflow_state") == "deleted"
    if is_deleted != was_deleted:
        return "deleted" if is_deleted else "restored"
    return "updated" if fields else "none"


def field_matches(name: str, asked: str) -> bool:
    """Whether a changed field is the one asked for: by its full name, its first part or its last part."""
    return name == asked or name.startswith((asked + ".", asked + "[")) or name.endswith("." + asked)


def _flatten(state: dict[str, Any]) -> dict[str, Any]:
    parts = {name: value for name, value in state.items() if value is not None and name not in _NOT_A_FIELD}
    if _PLAIN.issuperset(map(type, parts.values())):
        return parts
    pending = [(name, value) for name, value in parts.items() if isinstance(value, dict | list | tuple)]
    for name, _ in pending:
        del parts[name]
    while pending:
        name, value = pending.pop()
        if isinstance(value, dict) and value:
            pending.extend((f"{name}.{key}", inner) for key, inner in value.items())
        elif isinstance(value, list | tuple) and value:
            pending.extend((f"{name}[{index}]", inner) for index, inner in enumerate(value))
        elif value is not None:
            parts[name] = value
    return parts


def _is_same(old: Any, new: Any) -> bool:
    """Say quickly of most values that they are the same; what is nested is for `_equal`, part by part."""
    return old is new or (type(old) is type(new) and not isinstance(old, dict | list | tuple) and bool(old == new))


def _equal(old: Any, new: Any) -> bool:
    # True == 1 in Python, but not in JSON.
    return isinstance(old, bool) is isinstance(new, bool) and bool(old == new)
