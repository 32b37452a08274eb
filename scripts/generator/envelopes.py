"""Metadata: who or what made an event (DOMAIN.md 2).

A web request names its actor, the page and the context; a background job names only itself.
"""

from dataclasses import dataclass
from typing import Any

from scripts.generator.clock import stamp
from scripts.generator.dice import Dice
from scripts.generator.entities import Course, Person, Place
from scripts.generator.ids import request_uuid, uuid
from scripts.generator.school import School

_BROWSERS = (
    "Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPad; CPU OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Safari/604.1",
)
_MASQUERADES, _TOKENS = 0.02, 0.08


@dataclass(frozen=True, slots=True)
class Visit:
    """A web request: where, how, by whom (the place's steward if nobody else) and through which hand.

    `hand` is `"masquerade"` (an administrator acting as the actor), `"token"` (a program acting for the actor),
    `"self"`, or None to let chance decide.
    """

    place: Place
    path: str
    method: str = "PUT"
    actor: Person | None = None
    hand: str | None = None


class Envelopes:
    """Makes the metadata of one tenant's events."""

    def __init__(self, school: School, rng: Dice) -> None:
        """Fix what every event of the tenant repeats."""
        self._school = school
        self._rng = rng
        self._tenant = {
            "root_account_id": school.global_id(1),
            "root_account_lti_guid": f"{uuid(rng)}.{school.host}",
            "root_account_uuid": school.uuid,
        }
        self._key = school.global_id(40 + rng.randrange(50))

    def job(self, name: str, at: int, tag: str) -> dict[str, Any]:
        """Make the metadata of an event posted by a background job."""
        return {"event_name": name, "event_time": stamp(at), **self._job(tag)}

    def job_text(self, tag: str) -> str:
        """Return a job's metadata after name and time as JSON text, for lines that are not built as objects."""
        return ",".join(f'"{key}":"{value}"' for key, value in self._job(tag).items())

    def _job(self, tag: str) -> dict[str, Any]:
        number = self._school.ids.next("jobs")
        return {"job_id": str(number), "job_tag": tag, "producer": "canvas", **self._tenant}

    def request(self, name: str, at: int, visit: Visit) -> dict[str, Any]:
        """Make the metadata of an event posted by a web request."""
        rng, school, place = self._rng, self._school, visit.place
        actor = visit.actor or place.steward
        hand = visit.hand or self._hand()
        home = f"https://{school.host}"
        pages = f"{home}/{'courses' if isinstance(place, Course) else 'accounts'}/{place.id}/outcomes"
        metadata: dict[str, Any] = {
            "event_name": name,
            "event_time": stamp(at),
            **self._tenant,
            "user_login": actor.login,
            "user_account_id": school.global_id(1),
            "user_sis_id": actor.sis_id,
            "user_id": school.global_id(actor.id),
            "time_zone": "America/Costa_Rica",
            "context_type": place.kind,
            "context_id": school.global_id(place.id),
            "context_account_id": school.global_id(place.parent.id if place.parent else place.id),
            "context_role": actor.role,
            "request_id": request_uuid(rng),
            "session_id": actor.session,
            "hostname": school.host,
            "http_method": visit.method,
            "user_agent": _BROWSERS[actor.id % len(_BROWSERS)],
            "client_ip": f"203.0.113.{actor.id % 254 + 1}",
            "url": home + visit.path,
            "referrer": pages,
            "producer": "canvas",
        }
        if isinstance(place, Course):
            metadata["context_sis_source_id"] = f"C-{place.subject.code}-{place.id}"
        if hand == "masquerade":
            metadata["real_user_id"] = school.global_id(school.admins[-1].id)
        elif hand == "token":
            metadata |= {"developer_key_id": self._key, "user_agent": "roster-sync/3.1", "referrer": None}
            del metadata["session_id"]
        return metadata

    def _hand(self) -> str:
        chance = self._rng.random()
        if chance < _MASQUERADES:
            return "masquerade"
        return "token" if chance < _MASQUERADES + _TOKENS else "self"
