"""The two shapes in which facts travel between the steps, as Arrow batches; what they carry is opaque on the way.

`gathered` rows come out of the first step, many an entity: they are brought together by tenant, family and id, and
sorted by `ORDER`, so that the last of each key is in force. `routed` rows come out of the second, and go where they
are needed: to the students' part of a course, to a whole course, or to everything of their tenant.
"""

import marshal
from typing import Final

import pyarrow as pa

ENTITY: Final = ("tenant", "family", "id")
"""The columns by which gathered rows are brought together."""

KEY: Final = (*ENTITY, "sub")
"""The columns of which the last row alone counts."""

ORDER: Final = (
    *((name, "ascending") for name in (*KEY, "event_time", "updated_at", "is_update", "digest")),
    # What two files hold alike entered the log where it came first.
    ("position", "descending"),
)
"""How gathered rows are sorted: the order of events (docs/contract.md), by key."""

GATHERED: Final = pa.schema(
    [
        ("tenant", pa.string()),
        ("family", pa.string()),
        ("id", pa.string()),
        ("sub", pa.string()),
        ("event_time", pa.int64()),
        ("updated_at", pa.int64()),
        ("is_update", pa.bool_()),
        ("digest", pa.binary()),
        ("position", pa.int64()),
        ("kind", pa.string()),
        ("course", pa.string()),
        ("student", pa.string()),
        ("facts", pa.binary()),
        ("exported", pa.binary()),
    ]
)
"""`kind` is that of the entity whose version a row is, null where it stands for none. The rest is as in `routed`."""

ROUTED: Final = pa.schema(
    [
        ("tenant", pa.string()),
        ("table", pa.string()),
        ("course", pa.string()),
        ("student", pa.string()),
        ("facts", pa.binary()),
        ("exported", pa.binary()),
    ]
)
"""`facts` are what the views hold, for mastery; `exported` is a row of `table`; either may be null.

Without a student they are of the whole course, without a course of the whole tenant.
"""

FINGERPRINT: Final = "fingerprint"
"""Stands for a table where `facts` are a part of a tenant's fingerprint: its digest in hexadecimal, and its count."""

READ: Final = "read"
"""Stands for a kind, and for a table, where `facts` are how many events of a split were read, and what was none."""

packed = marshal.dumps
"""Values of a row as bytes: only what we packed ourselves in the same run is unpacked."""

unpacked = marshal.loads
