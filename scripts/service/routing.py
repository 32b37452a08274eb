"""Which route a request is for: found by the parts of its path at once, not by trying a hundred in turn.

Whatever answers GET answers HEAD, and a path with one slash too many at its end is the path without: a redirect would
lose what is posted by senders who follow none.

FastAPI describes the routes. Their endpoints take the request, parse what they need of it by rules that commands share,
and return the response, so there is nothing that FastAPI would do for them but cost more than they do.
"""

from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from inspect import signature
from typing import NamedTuple

from fastapi.routing import RouteContext
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from outcomes.service.problems import Problem

Endpoint = Callable[..., Awaitable[Response]]
"""Takes the request, and by their names those parts of the path that it asks for."""


class _Target(NamedTuple):
    template: str
    endpoint: Endpoint
    takes: tuple[str, ...]


class Found(NamedTuple):
    """The route of a request: its template, which names no one, and its endpoint."""

    template: str
    call: Callable[[Request], Awaitable[Response]]


@dataclass
class _Node:
    """What follows after some parts of a path: known parts, parts that stand for something, and what ends here."""

    known: dict[str, "_Node"] = field(default_factory=dict)
    open: list[tuple[str, str, "_Node"]] = field(default_factory=list)
    """Names of open parts with what they end in, the longest ending first: `{id}.csv` is tried before `{id}`."""
    ends: dict[str, _Target] = field(default_factory=dict)

    def after(self, part: str) -> "_Node":
        """Return the node after a part of a template, made if it is not there."""
        if not part.startswith("{"):
            return self.known.setdefault(part, _Node())
        name, _, ending = part[1:].partition("}")
        for known, known_ending, node in self.open:
            if (known, known_ending) == (name, ending):
                return node
        node = _Node()
        self.open.append((name, ending, node))
        self.open.sort(key=lambda one: -len(one[1]))
        return node

    def matching(self, parts: list[str], at: int, given: dict[str, str]) -> Iterator[tuple["_Node", dict[str, str]]]:
        """Yield all nodes to which the parts of a path lead, known parts before open ones."""
        if at == len(parts):
            if self.ends:
                yield self, given
            return
        part = parts[at]
        if part in self.known:
            yield from self.known[part].matching(parts, at + 1, given)
        for name, ending, node in self.open:
            value = part[: len(part) - len(ending)]
            if value and part.endswith(ending):
                yield from node.matching(parts, at + 1, {**given, name: value})


class Routes:
    """All routes of one service."""

    def __init__(self, routes: Iterable[RouteContext]) -> None:
        self._first = _Node()
        self._plain: dict[str, _Node] = {}
        """Those without open parts, by their paths."""
        for route in routes:
            self._add(route)

    def find(self, request: Request) -> Found:
        """Return the route of a request, and set its `path_params`; raises a 404, or a 405 that says what there is."""
        scope = request.scope
        path = path_of(scope)
        if path[-1:] == "/" != path:
            scope["path"], path = scope["path"][:-1], path[:-1]
        method: str = scope["method"]
        node = self._plain.get(path)
        allowed: set[str] = set()
        for end, given in self._first.matching(path.split("/"), 0, {}) if node is None else [(node, {})]:
            if method in end.ends:
                return _found(end.ends[method], given, scope)
            allowed |= end.ends.keys()
        if not allowed:
            raise Problem(HTTPStatus.NOT_FOUND, "there is no such route: /api/v1/openapi.json lists them")
        ways = ", ".join(sorted(allowed))
        raise Problem(HTTPStatus.METHOD_NOT_ALLOWED, f"this route takes {ways}, not {method[:20]}", {"Allow": ways})

    def _add(self, route: RouteContext) -> None:
        template, endpoint = route.path or "", route.endpoint
        if endpoint is None:
            raise TypeError(f"{template} is no route with an endpoint")
        # Looked for without its last slash, as what is asked is.
        path = template if template == "/" else template.removesuffix("/")
        node = self._first
        for part in path.split("/"):
            node = node.after(part)
        if "{" not in path:
            self._plain[path] = node
        takes = tuple(name for name in signature(endpoint).parameters if f"{{{name}}}" in template)
        methods = route.methods or set()
        for method in methods | {"HEAD"} if "GET" in methods else methods:
            # Where two have one address, the first has it.
            node.ends.setdefault(method, _Target(template, endpoint, takes))


def path_of(scope: Scope) -> str:
    """Return the path that was asked, without what stands before all of ours (`--root-path`)."""
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", ""))


def _found(target: _Target, given: dict[str, str], scope: Scope) -> Found:
    scope["path_params"] = given
    if not target.takes:
        return Found(target.template, target.endpoint)
    named = {name: given[name] for name in target.takes}

    async def call(request: Request) -> Response:
        return await target.endpoint(request, **named)

    return Found(target.template, call)
