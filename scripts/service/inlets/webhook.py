"""Canvas's HTTPS delivery: `POST /events/in/KEY`. It can send no header, so the key stands in the address.

What is answered decides what becomes of an event. Any but 2xx brings it again, three times within 20 minutes, and
counts towards the number at which Canvas switches the subscription off: so it is for what may go better then, and for
what Canvas has not sent.
"""

import asyncio
from http import HTTPStatus
from math import ceil

from fastapi import APIRouter, Request
from starlette.responses import Response

from outcomes.domain.errors import KeySetUnavailable, SignatureRefused
from outcomes.service.bodies import LARGEST_EVENTS, body_of
from outcomes.service.configuration import Configuration
from outcomes.service.events_in import BODY, may_bring
from outcomes.service.problems import Problem, described, unavailable
from outcomes.service.state import State, state_of
from outcomes.store.ingest.group_commit import Delivery
from outcomes.store.sources.jwk_set import KeySetOfFile, key_set
from outcomes.store.sources.signed_body import CANVAS_ISSUER, Opened, SignedBodies, token_in

_UNSIGNED, _SIGNED = "webhook", "webhook-signed"


def signed_bodies(configuration: Configuration) -> SignedBodies | None:
    """Return what checks signatures, None if there are no keys for it; raises UsageError, KeySetUnavailable.

    An address that does not answer now may do so later; a file that is not there is a slip of the pen.
    """
    if configuration.jwks is None:
        return None
    keys = key_set(configuration.jwks)
    if isinstance(keys, KeySetOfFile):
        keys.check()
    return SignedBodies(keys, configuration.issuers or (CANVAS_ISSUER,))


def router() -> APIRouter:
    """Return the way in: its address is typed into Canvas, so it is a short one, and one below the base, too."""
    found = APIRouter(tags=["events"])
    found.add_api_route(
        "/events/in/{key}",
        take,
        methods=["POST"],
        summary="Canvas's HTTPS delivery, signed or not; the key is a token with the right ingest.",
        status_code=HTTPStatus.NO_CONTENT,
        response_class=Response,
        responses=described(400, 401, 403, 413, 503),
        openapi_extra={"requestBody": {**BODY["requestBody"], "required": False}, "security": []},
    )
    return found


async def take(http: Request, key: str) -> Response:
    """Append what Canvas delivers: what cannot be read is kept, and answered like the rest, or it would come again."""
    state = state_of(http)
    with state.inlets.counting(HTTPStatus.NO_CONTENT, _UNSIGNED) as delivery:
        grant = state.askers.holder(key)
        if grant is None:
            raise Problem(HTTPStatus.UNAUTHORIZED, "the end of this address is not a key, or the key was revoked")
        may_bring(grant)
        body = await body_of(http, LARGEST_EVENTS)
        token = token_in(body)
        if token is not None:
            delivery.inlet = _SIGNED
        content, reason = await _opened(state, body, token)
        received = await state.writer.take(Delivery(f"canvas:{grant.id}", content, reason))
        delivery.brought(received.read)
    state.metrics.received(received)
    return Response(status_code=HTTPStatus.NO_CONTENT)


async def _opened(state: State, body: bytes, token: bytes | None) -> Opened:
    """Return what a body carries, and if that is known to be no event, why."""
    if token is None and state.configuration.signed_only:
        state.inlets.refused("unsigned")
        raise Problem(HTTPStatus.UNAUTHORIZED, "this is not signed: switch Sign Payload on for the subscription")
    if token is None or state.signed is None:
        return Opened(body)
    try:
        # In a thread: a key may have to be fetched, and a long body takes its time.
        return await asyncio.to_thread(state.signed.open, token)
    except SignatureRefused as error:
        state.inlets.refused(error.why)
        raise Problem(HTTPStatus.UNAUTHORIZED, str(error)) from error
    except KeySetUnavailable as error:
        # Where our keys come from is none of a sender's business.
        words = "the key of this signature cannot be had now: send it again"
        raise unavailable(words, str(max(1, ceil(error.seconds)))) from error
