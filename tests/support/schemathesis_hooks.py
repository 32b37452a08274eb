"""What schemathesis has to be told of our media types."""

from typing import Any

import schemathesis


@schemathesis.serializer("application/x-ndjson")
def ndjson(_context: Any, value: Any) -> bytes:
    """Write text as it is: lines of JSON, or none."""
    return value if isinstance(value, bytes) else str(value).encode(errors="replace")
