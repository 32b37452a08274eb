"""The engine of a Spark cluster: DataFrames between the steps, and Parquet between the two shuffles.

Nothing but `mapInArrow`, `groupBy.applyInArrow` and Spark's own SQL is used, so it runs wherever those do.
"""

from collections import Counter
from functools import partial
from typing import Any, Final

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as sql

from outcomes.cluster import spark_steps
from outcomes.cluster.request import Request
from outcomes.cluster.totals import ReplayTotals
from outcomes.projections.as_of.fingerprint import Fingerprint, combined
from outcomes.projections.export.entity_tables import ENTITY_TABLES
from outcomes.projections.partitioned.parts import RESULTS_PER_PART, Plan, portions
from outcomes.projections.partitioned.rows import ENTITY, FINGERPRINT, GATHERED, ORDER, READ, ROUTED, unpacked

ROWS_PER_PARTITION: Final = 200_000
_TYPES: Final = {
    pa.string(): "string",
    pa.int64(): "bigint",
    pa.float64(): "double",
    pa.bool_(): "boolean",
    pa.binary(): "binary",
    pa.timestamp("us", tz="UTC"): "timestamp",
}
_OF_ALL: Final = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    "spark.sql.parquet.compression.codec": "zstd",
    "spark.sql.execution.arrow.maxRecordsPerBatch": "5000",
}


def run(session: SparkSession, request: Request, folder: str, scratch: str) -> ReplayTotals:
    """Write the tables of a request into a folder; what is in `scratch` is of no use afterwards."""
    # As many pieces as there are rows for: a small archive is not scattered over two hundred.
    partitions = max(2, portions(request.found.expected, ROWS_PER_PARTITION))
    for name, value in {**_OF_ALL, "spark.sql.shuffle.partitions": str(partitions)}.items():
        session.conf.set(name, value)
    _gather(session, request, partitions).write.mode("overwrite").parquet(scratch)
    routed = session.read.parquet(scratch)
    plan = _plan(routed)
    placed = with_places(session, routed, plan)
    _write_mastery(placed, request, folder, sum(plan.parts.values()) or 1)
    for table in (table.name for table in ENTITY_TABLES.values()):
        _write_table(placed, table, folder)
    events, refused = _read(routed)
    return ReplayTotals(_fingerprints(routed), _counted(session, routed, folder), events, refused)


def ddl(schema: pa.Schema) -> str:
    """Return Arrow's columns as Spark writes them down."""
    return ", ".join(f"`{field.name}` {_TYPES[field.type]}" for field in schema)


def _gather(session: SparkSession, request: Request, partitions: int) -> DataFrame:
    found = request.found
    numbers = session.range(0, len(found.splits), 1, len(found.splits))
    gathered = numbers.mapInArrow(partial(spark_steps.combine, found.splits, request.cut), ddl(GATHERED))
    order = [sql.col(name).asc() if way == "ascending" else sql.col(name).desc() for name, way in ORDER]
    together = gathered.repartition(partitions, *ENTITY).sortWithinPartitions(*order)
    return together.mapInArrow(spark_steps.reduce, ddl(ROUTED))


def _plan(routed: DataFrame) -> Plan:
    """Plan the parts by counts of results; no more comes back than a row a tenant, and of the few large courses."""
    counts = routed.where(sql.col("table") == "results").groupBy("tenant", "course").count()
    totals = counts.groupBy("tenant").agg(sql.sum("count").alias("count")).collect()
    large = counts.where(sql.col("count") > RESULTS_PER_PART).collect()
    return Plan.of_totals(
        {row["tenant"]: row["count"] for row in totals}, {(row["tenant"], row["course"]): row["count"] for row in large}
    )


def with_places(session: SparkSession, routed: DataFrame, plan: Plan) -> DataFrame:
    """Return the rows with the parts in which they are needed: as `Plan.places`, and all of them for a tenant's own."""
    parts = session.createDataFrame(list(plan.parts.items()), "tenant string, parts int")
    cuts = session.createDataFrame(
        [(*place, count) for place, count in plan.cuts.items()], "tenant string, course string, cuts int"
    )
    joined = routed.join(sql.broadcast(parts), "tenant", "left").join(sql.broadcast(cuts), ["tenant", "course"], "left")
    return joined.withColumn(
        "places",
        sql.expr(
            "CASE WHEN course IS NULL THEN sequence(0, coalesce(parts, 1) - 1) "
            "WHEN student IS NULL THEN array_distinct(transform("
            "sequence(0, least(coalesce(cuts, 1), coalesce(parts, 1)) - 1), "
            "cut -> CAST(pmod(crc32(CAST(course AS BINARY)) + cut, coalesce(parts, 1)) AS INT))) "
            "ELSE array(CAST(pmod(crc32(CAST(course AS BINARY)) "
            "+ pmod(crc32(CAST(student AS BINARY)), coalesce(cuts, 1)), coalesce(parts, 1)) AS INT)) END"
        ),
    )


def _write_mastery(placed: DataFrame, request: Request, folder: str, parts: int) -> None:
    schema = ddl(spark_steps.with_tenant("mastery"))
    # By position and not by name: the function is given the key first.
    step = partial(spark_steps.mastery, request.cut)

    def mastery(key: tuple[Any, ...], rows: pa.Table) -> pa.Table:
        return step(key, rows)

    facts = placed.where(sql.col("facts").isNotNull() & ~_is_summary())
    needed = facts.select("tenant", sql.explode("places").alias("part"), "facts")
    found = needed.repartition(parts, "tenant", "part").groupBy("tenant", "part").applyInArrow(mastery, schema)
    _write(found, "mastery", folder)


def _write_table(placed: DataFrame, table: str, folder: str) -> None:
    rows = placed.where((sql.col("table") == table) & sql.col("exported").isNotNull())
    # A tenant's rows to as many files as it has parts, not to as many as there were tasks.
    part = sql.when(sql.col("course").isNull(), sql.lit(-1)).otherwise(sql.element_at("places", 1))
    chosen = rows.select("tenant", "exported", part.alias("part")).repartition("tenant", "part")
    typed = chosen.select("tenant", "exported").mapInArrow(
        partial(spark_steps.entities, table), ddl(spark_steps.with_tenant(table))
    )
    _write(typed, table, folder)


def _write(rows: DataFrame, table: str, folder: str) -> None:
    rows.write.mode("overwrite").partitionBy("tenant").parquet(f"{folder}/{table}")


def _is_summary() -> Any:
    return sql.coalesce(sql.col("table").isin(FINGERPRINT, READ), sql.lit(False))


def _fingerprints(routed: DataFrame) -> dict[str, Fingerprint]:
    """Return each tenant's fingerprint; also of whom there is a row but no entity."""
    tenants = routed.where(sql.col("tenant") != "").select("tenant").distinct().collect()
    parts = routed.where(sql.col("table") == FINGERPRINT).select("tenant", "facts")
    added = parts.groupBy("tenant").applyInArrow(spark_steps.add_fingerprints, ddl(spark_steps.FINGERPRINTS)).collect()
    known = {row["tenant"]: Fingerprint(row["digest"], row["entities"]) for row in added}
    return {tenant: known.get(tenant, combined(())) for tenant in sorted(row["tenant"] for row in tenants)}


def _read(routed: DataFrame) -> tuple[int, int]:
    told = [unpacked(bytes(row["facts"])) for row in routed.where(sql.col("table") == READ).select("facts").collect()]
    return sum(events for events, _ in told), sum(refused for _, refused in told)


def _counted(session: SparkSession, routed: DataFrame, folder: str) -> Counter[tuple[str, str]]:
    """Return how many rows each table has of each tenant."""
    exported = routed.where(sql.col("exported").isNotNull()).groupBy("tenant", "table").count().collect()
    found = Counter({(row["tenant"], row["table"]): row["count"] for row in exported})
    schema = ddl(spark_steps.with_tenant("mastery"))
    written = session.read.schema(schema).parquet(f"{folder}/mastery").groupBy("tenant").count().collect()
    found.update({(row["tenant"], "mastery"): row["count"] for row in written})
    return found
