"""The rows that the log's events add to the views, read out of it by other processes where there is much to read."""

import marshal
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import chain, groupby, pairwise
from operator import itemgetter

from outcomes.projections.views.extract import extract_row
from outcomes.projections.views.writer import Found
from outcomes.store.forking import can_fork, forked_map
from outcomes.store.log.event_log import EventLog
from outcomes.store.log.reader import State

_PROCESSES = 2
"""More would wait for the one that writes."""
_MUCH = 20_000
"""Events from which on two forks pay."""

Part = tuple[int, Iterable[Found]]
"""Up to which position a transaction goes, and what it takes."""


@contextmanager
def rows_by_transaction(log: EventLog, after: int, ends: Sequence[int]) -> Iterator[Iterator[Part]]:
    """Give what the log has after a position, in parts that end at `ends`; each is read to its end before the next.

    Keys of an encrypted log are read from it as they are needed, which forks must not do: there one process reads.
    """
    pages = _pages(log, after, ends)
    if ends and ends[-1] - after >= _MUCH and log.encryption is None and can_fork():
        with forked_map(partial(_answer, log), _PROCESSES) as mapped:
            yield _parts(map(marshal.loads, mapped(map(marshal.dumps, pages))))
    else:
        yield _parts((end, _extracted(log, page)) for end, page in pages)


def _parts(pages: Iterable[tuple[int, list[Found]]]) -> Iterator[Part]:
    for end, some in groupby(pages, key=itemgetter(0)):
        yield end, chain.from_iterable(found for _, found in some)


def _pages(log: EventLog, after: int, ends: Sequence[int]) -> Iterator[tuple[int, list[State]]]:
    """Yield the log by pages, each with the end of its part; one at least for each part."""
    for start, end in pairwise((after, *ends)):
        pages = log.states(start, end)
        yield end, next(pages, [])
        yield from ((end, page) for page in pages)


def _answer(log: EventLog, request: bytes) -> bytes:
    end, page = marshal.loads(request)  # noqa: S302 - from the process that we were forked from
    return marshal.dumps((end, _extracted(log, page)))


def _extracted(log: EventLog, page: Iterable[State]) -> list[Found]:
    found: list[Found] = []
    for position, digest, state in page:
        event = log.known_event(position, digest, state)
        found.append((position, None if event is None else tuple(extract_row(event, digest))))
    return found
