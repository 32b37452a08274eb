"""What stands at a point."""

from collections.abc import Callable
from os import PathLike, fspath
from typing import TYPE_CHECKING, Literal

from outcomes.api.arguments import Id, entity_of
from outcomes.api.point.base import PointBase
from outcomes.domain.identity import parse_context

if TYPE_CHECKING:
    from outcomes.api.answers.entity import EntityState
    from outcomes.api.answers.mastery import SettingList, StoredPolicies
    from outcomes.api.answers.operations import Digest, Findings, Replayed
    from outcomes.api.answers.tree import FriendlyDescriptions, OutcomeTree, Places, Students
    from outcomes.projections.mastery.policy import PolicyBook

_HOSTS_MEANING = "of the tenant, now: events of other hosts go to quarantine"
_REDACT_MEANING = (
    "of the whole home, now: client_ip, user_agent, session_id, referrer, user_login are dropped before writing"
)


class StateQuestions(PointBase):
    """The questions about what stands at a point."""

    def tree(self, context: str, *, include_deleted: bool = False) -> "OutcomeTree":
        """Return the outcome tree of `Account:1`, `Course:1234` or `Global`; one that is not known is empty."""
        from outcomes.api.answers.tree import OutcomeTree, frozen
        from outcomes.projections.as_of.tree import tree_at

        where = parse_context(context)
        with self.reading() as (connection, point):
            found = tree_at(connection, point, where, include_deleted=include_deleted)
        sections = (frozen(nodes) for nodes in (found.roots, found.detached, found.unlinked))
        return OutcomeTree(point.tenant, str(where), self.as_of, self.known_at, *sections)

    def tree_csv(self, context: str) -> list[str]:
        """Return the lines of the CSV that Canvas's outcomes import takes back: the tree as it was then.

        What hangs nowhere, or was never described by an event, is left out.
        """
        from outcomes.projections.export.canvas_csv import canvas_csv

        with self.reading() as (connection, point):
            return list(canvas_csv(connection, self._session.log, point, parse_context(context)))

    def places(self) -> "Places":
        """Return the contexts of which anything is known, and what each is called."""
        from outcomes.api.answers.tree import Place, Places
        from outcomes.projections.as_of.places import places

        with self.reading() as (connection, point):
            found = places(connection, point)
        return Places(Place(str(place.context), *place[1:]) for place in found)

    def students(self) -> "Students":
        """Return those who were assessed, and what each is called, by name."""
        from outcomes.api.answers.tree import Student, Students
        from outcomes.projections.as_of.names import students

        with self.reading() as (connection, point):
            found = students(connection, point)
        return Students(Student(*student) for student in found)

    def scales(self, context: str) -> "StoredPolicies":
        """Return the mastery scales and calculation methods stored in a context, above it and below it, nearest first.

        Where `settings` says that accounts decide, the nearest counts; else each outcome has its own.
        """
        from outcomes.api.answers.mastery import StoredPolicies, StoredPolicy
        from outcomes.domain.times import moment
        from outcomes.projections.mastery.scales import stored_policies

        where = parse_context(context)
        with self.reading() as (connection, point):
            found = stored_policies(connection, point, where)
        return StoredPolicies(
            StoredPolicy(**{**one._asdict(), "since": moment(one.since), "ratings": tuple(one.ratings)})
            for one in found
        )

    def friendly_descriptions(self, outcome: Id) -> "FriendlyDescriptions":
        """Return what an outcome is called for students, in each place that has words of its own for it."""
        from outcomes.api.answers.tree import FriendlyDescription, FriendlyDescriptions
        from outcomes.domain.times import moment
        from outcomes.projections.as_of.friendly_descriptions import friendly_descriptions

        with self.reading() as (connection, point):
            found = friendly_descriptions(connection, point, str(outcome))
        return FriendlyDescriptions(FriendlyDescription(*one[:3], moment(one.since)) for one in found)

    def erasure_of(self, student: str) -> "EntityState | None":
        """Return what is kept of the erasure of a student, by uuid: why, when, figures of classes; else None."""
        from outcomes.store.operations.erasure import name_of

        with self.reading() as (_, point):
            known = name_of(self._session.log, point.tenant, student)
        if known is None:
            return None
        return self.show("erasure", known) or None

    def show(self, kind: str, id: Id | None = None) -> "EntityState":  # noqa: A002 - named like the command's argument
        """Return one entity's state, of `"outcome", 7` or `"outcome:7"`.

        Kinds are outcome, group, link, proficiency, result, calculation_method, ….
        """
        from outcomes.api.answers.entity import EntityState
        from outcomes.projections.as_of.state import state_at

        wanted, local_id = entity_of(kind, id)
        with self.reading() as (connection, point):
            return EntityState.of(state_at(connection, self._session.log, point, wanted, local_id))

    def digest(self) -> "Digest":
        """Return a fingerprint of the whole state: of all tenants, unless the point is of one."""
        from outcomes.api.answers.operations import Digest
        from outcomes.projections.as_of.fingerprint import fingerprint_at
        from outcomes.projections.as_of.point import check_tenant

        with self._session.reading() as connection:
            check_tenant(connection, self._tenant)
            found = fingerprint_at(connection, self._cut, self._tenant)
        return Digest(found.digest, found.entities, self.as_of, self.known_at)

    def doctor(self) -> "Findings":
        """Return what is missing or at odds in the events, with examples, and what to do about it."""
        from outcomes.api.answers.differences import Heading
        from outcomes.api.answers.operations import Finding, Findings
        from outcomes.projections.operations.doctor import doctor

        with self.reading() as (connection, point):
            found = doctor(connection, self._session.log, point, self._session.clock())
        rows = (Finding(**{**finding, "examples": tuple(finding["examples"])}) for finding in found)
        return Findings(Heading(point.tenant, self.as_of, self.known_at), rows)

    def settings(self) -> "SettingList":
        """Return the settings in force, the one of the home among them as it is now."""
        from outcomes.api.answers.mastery import Setting, SettingList
        from outcomes.projections.mastery.policy import SETTINGS, PolicyBook
        from outcomes.store.privacy import settings

        with self.reading() as (connection, point):
            book = PolicyBook(connection, point)
            found = [Setting(name, _on_or_off(book, name), meaning) for name, meaning in SETTINGS.items()]
        with self._session.log.reading() as connection:
            redaction = settings.current(connection, settings.REDACT) or "not set"
            hosts = " ".join(sorted(settings.hosts_of(connection, point.tenant))) or settings.ANY_HOST
        of_now = [Setting(settings.REDACT, redaction, _REDACT_MEANING), Setting("hosts", hosts, _HOSTS_MEANING)]
        return SettingList([*found, *of_now])

    def replay(
        self,
        to: str | PathLike[str],
        *,
        format: Literal["sqlite", "parquet"] = "sqlite",  # noqa: A002 - named like the option
        say: Callable[[str], None] = lambda _: None,
    ) -> "Replayed":
        """Write the whole state to a new SQLite file with plain tables, or to a new folder of Parquet files.

        Or to PostgreSQL: `postgresql://USER@HOST/DATABASE/SCHEMA` is a new schema, or takes the place of one that an
        earlier replay wrote, in one transaction; `say` is told in words of readers that it has to wait for. Raises
        HomeUnavailable if a file is there already, MissingExtra without the package that a form needs,
        DatabaseUnavailable.
        """
        from outcomes.api.replay import replay

        with self.reading() as (connection, point):
            return replay(connection, self._session.log, point, fspath(to), is_parquet=format == "parquet", say=say)


def _on_or_off(book: "PolicyBook", name: str) -> str:
    on, off = book.setting(name, default=True), book.setting(name, default=False)
    return "not set" if on != off else "on" if on else "off"
