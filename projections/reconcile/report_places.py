"""What an Outcome Results report tells besides results: sections, and the school's own ids of courses and students."""

from collections.abc import Iterable, Iterator

from outcomes.domain.entities.observation import id_field_of
from outcomes.domain.identity import Kind
from outcomes.domain.times import Micros
from outcomes.projections.reconcile.present import Present
from outcomes.projections.reconcile.report import TABLE
from outcomes.store.observations.observation import Institution, Observation
from outcomes.store.sources.exports.report_csv import ReportPlace


def observed_places(
    present: Present, institution: Institution, places: Iterable[ReportPlace], at: Micros
) -> Iterator[Observation]:
    """Yield what is news. No row tells when it was saved: it is observed at the report's time."""
    for place in places:
        kind = Kind(place.kind)
        number = (institution.global_id(place.id) if kind is Kind.USER else place.id) or place.id
        here = present.versions(kind, [number]).get(number)
        known = {} if here is None else present.bodies([here.position]).get(here.position)
        if known is None:
            continue  # erased
        if any(known.get(name) != value for name, value in place.told.items()):
            yield Observation(kind, number, {**known, **place.told, id_field_of(kind): number}, at, None, TABLE)
