"""What Canvas would export of a generated school, and the events of it without those that got lost on the way.

    from scripts.generator.exports import make

    made = make(Path("export"), events=30_000, seed=7, withheld=0.01)

writes `events.ndjson` (what was told), `withheld.ndjson` (what was not, and who must be found out), a folder
`canvas_data_2`, `outcomes.csv`, `report.csv` and `rollups.json`. It is seeded as the generator is.
"""

from scripts.generator.exports.making import Lost, Made, make

__all__ = ["Lost", "Made", "make"]
