"""How HTTP says no: one JSON shape, one line of text, a status that tells who must act (after RFC 9457)."""

import json
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

import structlog
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from tapwealth.kernel.refusal import BadInput, Outage, Refusal

log = structlog.get_logger(__name__)

STATUS_OF = {"key_reused": HTTPStatus.CONFLICT, "not_yours": HTTPStatus.FORBIDDEN, "session_ended": HTTPStatus.UNAUTHORIZED}
"""Statuses of decided refusals that are not 422, by their code."""


class TooLarge(BadInput):
    """A body above what is taken; what came of it is thrown away."""


class TooSlow(BadInput):
    """A body that did not come to its end in time; nothing was decided."""


class WrongMediaType(BadInput):
    """A body that says it is something else than what is taken."""


def problem(status: int, code: str, text: str, **more: Any) -> Response:
    """`code` for programs, `text` for people: what is wrong, where, what to do."""
    body = {"type": "about:blank", "status": int(status), "code": code, "title": text, "retryable": False, **more}
    return Response(json.dumps(body, ensure_ascii=False), status, media_type="application/problem+json")


def refused(refusal: Refusal) -> Response:
    """A decided no: 409 for a key that was used for something else, 403 for what belongs to somebody else, 401 for a phone whose
    session ended meanwhile, 422 for the rest."""
    code = refusal.code.name.lower()
    return problem(STATUS_OF.get(code, HTTPStatus.UNPROCESSABLE_ENTITY), code, refusal.text)


def bad_input(error: BadInput) -> Response:
    match error:
        case TooLarge():
            return problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large", str(error))
        case TooSlow():
            return problem(HTTPStatus.REQUEST_TIMEOUT, "too_slow", str(error))
        case WrongMediaType():
            return problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "wrong_media_type", str(error))
    return problem(HTTPStatus.BAD_REQUEST, "bad_input", str(error))


def outage(error: Outage) -> Response:
    """The outcome is not known: ask again with the same key."""
    answer = problem(HTTPStatus.SERVICE_UNAVAILABLE, "outage", str(error), retryable=True)
    answer.headers["Retry-After"] = "1"
    return answer


def not_allowed(text: str) -> Response:
    answer = problem(HTTPStatus.UNAUTHORIZED, "not_authenticated", text)
    answer.headers["WWW-Authenticate"] = "Bearer"
    return answer


def slow_down(seconds: int) -> Response:
    """Whoever asks there gave too many wrong passwords."""
    text = f"too many wrong passwords came from there; try again in {seconds} second{'' if seconds == 1 else 's'}"
    answer = problem(HTTPStatus.TOO_MANY_REQUESTS, "slow_down", text, retryable=True)
    answer.headers["Retry-After"] = str(seconds)
    return answer


def forbidden(text: str) -> Response:
    return problem(HTTPStatus.FORBIDDEN, "forbidden", text)


def fault() -> Response:
    """A bug of ours; it tells nothing, the log tells all."""
    return problem(HTTPStatus.INTERNAL_SERVER_ERROR, "fault", "this is a fault of ours; ask again with the same key", retryable=True)


async def answered(what: str, act: Callable[[], Awaitable[Response]]) -> Response:
    """The answer of `act`, or the problem that kept it from giving one; nothing else leaves here. `what` names the request in the log."""
    try:
        return await act()
    except BadInput as error:
        return bad_input(error)
    except Outage as error:
        return outage(error)
    except ClientDisconnect:
        return problem(HTTPStatus.BAD_REQUEST, "bad_input", "the request ended before its body was complete; send it again")
    except Exception:
        log.exception("fault in a request", what=what)
        return fault()
