"""The service's description of itself (OpenAPI), as it is: wrong use is 400, and every route wants a token."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.types import ASGIApp, Receive, Scope, Send

_EXAMPLES = {"id": "5f0c9a01bc55d0e2", "key": "outcomes_KEY-WITH-THE-RIGHT-INGEST"}
_EVENT = {
    "metadata": {
        "event_name": "learning_outcome_created",
        "event_time": "2026-02-01T08:00:00.000Z",
        "root_account_uuid": "7dk3nm91q0",
    },
    "body": {
        "learning_outcome_id": "10449",
        "title": "Explains a season of rainfall records",
        "context_type": "Account",
        "context_id": "1",
        "workflow_state": "active",
    },
}
_NOT_OURS = ("HTTPValidationError", "ValidationError")


class Described(FastAPI):
    """An application that describes itself. FastAPI describes it, opens and closes it; its gate answers."""

    gate: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or begin or end with the server."""
        scope["app"] = self
        await (self.gate if scope["type"] == "http" else self.router)(scope, receive, send)

    def openapi(self) -> dict[str, Any]:
        """Return the OpenAPI document, made once."""
        if self.openapi_schema is None:
            self.openapi_schema = _described(self)
        return self.openapi_schema


def _described(app: FastAPI) -> dict[str, Any]:
    document: dict[str, Any] = get_openapi(
        title=app.title, version=app.version, description=app.description, routes=app.routes
    )
    for path in document["paths"].values():
        for operation in path.values():
            operation["responses"].pop("422", None)
            for parameter in operation.get("parameters", ()):
                if parameter["name"] in _EXAMPLES:
                    parameter.setdefault("example", _EXAMPLES[parameter["name"]])
            for content in operation.get("requestBody", {}).get("content", {}).values():
                content.setdefault("example", _EVENT)
    parts = document.setdefault("components", {})
    parts["schemas"] = {name: schema for name, schema in parts.get("schemas", {}).items() if name not in _NOT_OURS}
    parts["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    return {**document, "security": [{"token": []}]}
