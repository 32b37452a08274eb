"""What schemathesis has to be told of our media types."""

import json
from typing import Any

import schemathesis


@schemathesis.serializer("application/x-ndjson")
def ndjson(_context: Any, value: Any) -> bytes:
    """Write a line of JSON: any value will do, for any body is taken, into the log or into quarantine."""
    return value if isinstance(value, bytes) else json.dumps(value).encode() + b"\n"
