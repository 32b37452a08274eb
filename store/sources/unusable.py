"""What is known but cannot be used as an event is called by its name, with what to do about it."""

import re
from typing import Any

_JWT = re.compile(r"eyJ[\w-]+\.[\w-]{8,}\.[\w-]*")
_API_KEYS = frozenset({"outcome_results", "rollups", "outcome_links", "outcome_group", "outcomes_url", "subgroups_url"})
_API_FIELDS = frozenset({"vendor_guid", "mastery_points", "calculation_method", "has_updateable_rubric", "html_url"})
_LONGEST_TOKEN = 1 << 16

SIGNED = (
    "a signed body (JWT): with --jwks and the key set, ingest and quarantine retry check and open it, and serve does "
    "so with what is delivered"
)
CALIPER = "a Caliper event: choose the Canvas format for the stream; no Caliper event tells of outcomes"
API = "an answer of Canvas's API, not an event: ingest the stream of live events, which tells what happened when"
SUBSCRIPTION = "a message of the queue or topic about itself, not an event: nothing need be done"


def named(value: Any, raw: bytes) -> str | None:
    """Return words for a value that is no event, or for the bytes of damage; None if they are nothing known."""
    if isinstance(value, dict):
        return _named_object(value)
    if isinstance(value, list):
        return named(value[0], b"") if value else None
    if isinstance(value, str):
        return SIGNED if _is_token(value) else None
    if value is None and raw[:3] == b"eyJ":
        return SIGNED if _is_token(raw[:_LONGEST_TOKEN].decode(errors="replace")) else None
    return None


def _named_object(value: dict[str, Any]) -> str | None:
    context = value.get("@context")
    if "caliper" in str(context)[:200].lower() or "caliper" in str(value.get("dataVersion"))[:200].lower():
        return CALIPER
    if "metadata" in value or "event_name" in value:
        return None
    if value.get("Type") in {"SubscriptionConfirmation", "UnsubscribeConfirmation"}:
        return SUBSCRIPTION
    if _API_KEYS & value.keys() or ("id" in value and _API_FIELDS & value.keys()):
        return API
    return SIGNED if any(isinstance(text, str) and _is_token(text) for text in value.values()) else None


def _is_token(text: str) -> bool:
    return _JWT.match(text[:_LONGEST_TOKEN].strip()) is not None
