"""Style, script and font of the page: shipped with it, served from here, and kept by browsers by their content."""

from functools import cache
from hashlib import sha256
from http import HTTPStatus
from pathlib import Path

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from outcomes.service.problems import Problem

FOLDER = Path(__file__).parents[1] / "assets"
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}
_FOR_EVER = "public, max-age=31536000, immutable"


def router() -> APIRouter:
    """Return the route of all assets; their addresses hold a digest of them all, so what is there never changes."""
    found = APIRouter()
    found.add_api_route("/assets/{edition}/{name}", _asset, methods=["GET"], include_in_schema=False)
    found.add_api_route("/favicon.ico", _icon, methods=["GET"], include_in_schema=False)
    return found


async def _icon(request: Request) -> Response:
    return RedirectResponse(address(request.scope.get("root_path", ""), "mark.svg"), HTTPStatus.SEE_OTHER)


async def _asset(_request: Request, edition: str, name: str) -> Response:
    if edition != _edition() or name not in _names():
        raise Problem(HTTPStatus.NOT_FOUND, "no such asset of this version: load the page again")
    content = (FOLDER / name).read_bytes()
    return Response(content, headers={"Cache-Control": _FOR_EVER}, media_type=_TYPES[Path(name).suffix])


@cache
def _names() -> tuple[str, ...]:
    return tuple(sorted(path.name for path in FOLDER.iterdir() if path.suffix in _TYPES))


@cache
def _edition() -> str:
    digest = sha256()
    for name in _names():
        digest.update((FOLDER / name).read_bytes())
    return digest.hexdigest()[:12]


def address(root: str, name: str) -> str:
    """Return where an asset is. The style names the fonts beside it, so all have one folder."""
    return f"{root}/assets/{_edition()}/{name}"
