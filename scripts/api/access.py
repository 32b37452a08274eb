"""Who may ask the service, and who looked at whom: `outcomes token`, `outcomes access`."""

from datetime import datetime
from os import PathLike
from pathlib import Path
from typing import Self

from outcomes.api.answers.access import Look, LookList, NewToken, Pruned, Token, TokenList
from outcomes.api.arguments import Time, duration, instant, now
from outcomes.domain.errors import HomeUnavailable
from outcomes.domain.times import Micros, moment
from outcomes.store.access import access_file
from outcomes.store.access.access_file import AccessFile
from outcomes.store.access.rights import Scope, parse_rights
from outcomes.store.home_folder import HomeFolder


class Access:
    """The tokens of a home and the record of looks. It needs no key, and opens no log."""

    def __init__(self, folder: str | PathLike[str], *, views: str | PathLike[str] | None = None) -> None:
        home = HomeFolder.at(folder, None if views is None else Path(views))
        if not home.store.exists():
            raise HomeUnavailable(f"no log at {home.place}: make a home with outcomes init, or name another")
        if home.url is not None:
            home.create()
        self._file = AccessFile(home.folder)

    @classmethod
    def beside(cls, folder: Path) -> Self:
        """Return what is in the folder of a home that is open."""
        found = cls.__new__(cls)
        found._file = AccessFile(folder)  # noqa: SLF001 - its own
        return found

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def create_token(
        self,
        rights: str,
        *,
        scope: str = "all",
        label: str = "",
        expires: str | None = None,
        person: str | None = None,
    ) -> NewToken:
        """Make a token with `rights` ("tree,students") in a `scope` ("all", or "tenant:UUID,Account:12").

        `expires` is a length of time from now ("90d", "52w"). `person` is whom a proxy lets in by that name: they have
        the token's rights without its secret. Raises UsageError.
        """
        made = now()
        end = None if expires is None else made + duration(expires)
        token, secret = self._file.create(
            parse_rights(rights), Scope.parse(scope), label or person or "", made, end, person=person
        )
        return NewToken(token.id, secret, _rights(token), token.scope, token.label, _time(token.expires))

    def tokens(self) -> TokenList:
        """Return all tokens that were ever made, without their secrets."""
        return TokenList(map(_token, self._file.tokens()))

    def revoke(self, token_id: str) -> Token:
        """End a token at once; raises UsageError if there is none of that id."""
        return _token(self._file.revoke(token_id, now()))

    def looks(self, *, student: str | None = None, since: Time | None = None, newest: int | None = None) -> LookList:
        """Return the record of looks, oldest first: all, those at one student, or since a time.

        Of very many the newest so many, newest first.
        """
        found = self._file.looks(student=student, since=instant(since), newest=newest)
        return LookList(Look(moment(look.at), *look[1:]) for look in found)

    def count_looks(self, *, student: str | None = None, since: Time | None = None) -> int:
        """Return how many looks are on the record."""
        return self._file.count_looks(student=student, since=instant(since))

    def prune(self, *, older_than: str = "400d") -> Pruned:
        """Delete looks from longer ago than a length of time."""
        before = now() - duration(older_than)
        return Pruned(self._file.prune(before), moment(before))


def _token(token: access_file.Token) -> Token:
    times = (_time(token.expires), _time(token.last_used), _time(token.revoked))
    return Token(token.id, token.label, _rights(token), token.scope, moment(token.created), *times, token.person)


def _rights(token: access_file.Token) -> tuple[str, ...]:
    return tuple(token.rights.split(","))


def _time(given: Micros | None) -> datetime | None:
    return None if given is None else moment(given)
