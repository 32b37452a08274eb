"""The service's description of itself (OpenAPI), as it is: wrong use is 400, and every route wants a token."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

_NOT_OURS = ("HTTPValidationError", "ValidationError")


class Described(FastAPI):
    """An application that describes itself."""

    def openapi(self) -> dict[str, Any]:
        """Return the OpenAPI document, made once."""
        if self.openapi_schema is None:
            self.openapi_schema = _described(self)
        return self.openapi_schema


def _described(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
    for path in document["paths"].values():
        for operation in path.values():
            operation["responses"].pop("422", None)
    parts = document.setdefault("components", {})
    parts["schemas"] = {name: schema for name, schema in parts.get("schemas", {}).items() if name not in _NOT_OURS}
    parts["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    return {**document, "security": [{"token": []}]}
