"""Which fields of a body stand in tables, said once, beside the fields themselves.

The log holds everything; a read model holds the few fields that questions ask for, in columns. What a body says here
decides the tables, what is taken from an event for them, the SQL views and the tree. So a field that Canvas adds is one
edit of its body:

    columns = {"title": Column(in_tree=True), "parent_id": Column("parent_outcome_group_id")}

The type of a column is that of its source. An export has every field that a body declares, under Canvas's own name.
"""

from collections.abc import Mapping
from typing import NamedTuple


class Column(NamedTuple):
    """One column: `source` is a field or property of the body, or of the envelope where it begins with `metadata.`.

    Without a source it is the body's field of the column's own name. `in_tree` shows it at the nodes of the tree.
    """

    source: str | None = None
    in_tree: bool = False


Columns = Mapping[str, Column]
"""By name, in the order of the table; `workflow_state` is in every table and need not be said."""
