"""How HTTP says no: one JSON shape, one line of text, a status that tells who must act (after RFC 9457)."""

import json
from http import HTTPStatus
from typing import Any

from starlette.responses import Response

from tapwealth.kernel.refusal import BadInput, Outage, Refusal


def problem(status: int, code: str, text: str, **more: Any) -> Response:
    """`code` for programs, `text` for people: what is wrong, where, what to do."""
    body = {"type": "about:blank", "status": int(status), "code": code, "title": text, **more}
    return Response(json.dumps(body, ensure_ascii=False), status, media_type="application/problem+json")


def refused(refusal: Refusal) -> Response:
    """A decided no: 409 for a key that was used for something else, 422 for everything that this caller can change."""
    code = refusal.code.name.lower()
    status = HTTPStatus.CONFLICT if code == "key_reused" else HTTPStatus.UNPROCESSABLE_ENTITY
    return problem(status, code, refusal.text, retryable=False)


def bad_input(error: BadInput) -> Response:
    return problem(HTTPStatus.BAD_REQUEST, "bad_input", str(error), retryable=False)


def outage(error: Outage) -> Response:
    """The outcome is not known: ask again with the same key."""
    answer = problem(HTTPStatus.SERVICE_UNAVAILABLE, "outage", str(error), retryable=True)
    answer.headers["Retry-After"] = "1"
    return answer


def not_allowed(text: str) -> Response:
    answer = problem(HTTPStatus.UNAUTHORIZED, "not_authenticated", text, retryable=False)
    answer.headers["WWW-Authenticate"] = "Bearer"
    return answer


def forbidden(text: str) -> Response:
    return problem(HTTPStatus.FORBIDDEN, "forbidden", text, retryable=False)


def fault() -> Response:
    """A bug of ours; it tells nothing, the log tells all."""
    return problem(HTTPStatus.INTERNAL_SERVER_ERROR, "fault", "this is a fault of ours; ask again with the same key", retryable=True)
