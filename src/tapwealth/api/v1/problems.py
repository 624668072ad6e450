"""A problem as /v1 says it (RFC 9457): a kind of the catalogue, one line for people, and where in the request it lies."""

import json
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from tapwealth.api.problem import TooLarge, WrongMediaType
from tapwealth.api.reading import Unreadable, pointer_to
from tapwealth.api.v1.catalogue import CATALOGUE, RENAMED
from tapwealth.kernel.refusal import BadInput, Refusal

RETRY_AFTER = "1"
"""Seconds."""


class Problem(Exception):
    """Ends a request. `errors` are (JSON pointer or parameter, code)."""

    def __init__(
        self, code: str, detail: str = "", errors: tuple[tuple[str, str], ...] = (), headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(code)
        self.code, self.detail, self.errors = code, detail, errors
        self.headers = dict(headers or {})

    def response(self, request_id: str) -> Response:
        kind = CATALOGUE[self.code]
        body: dict[str, Any] = {
            "type": f"/v1/problems/{self.code}",
            "title": kind.title,
            "status": int(kind.status),
            "detail": self.detail or kind.todo.replace("`", ""),
            "code": self.code,
            "request_id": request_id,
            "retryable": kind.retryable,
        }
        if self.errors:
            body["errors"] = [{"pointer": pointer, "code": code} for pointer, code in self.errors]
        headers = self.headers
        if kind.retryable:
            headers["Retry-After"] = RETRY_AFTER
        return Response(json.dumps(body, ensure_ascii=False), kind.status, headers, "application/problem+json")


def refused(refusal: Refusal) -> Problem:
    """A decided no."""
    name = refusal.code.name.lower()
    code = RENAMED.get(name, name)
    challenge = {"WWW-Authenticate": 'Bearer error="invalid_token"'} if code == "session_ended" else {}
    return Problem(code, refusal.text, (), challenge)


def unreadable(error: BadInput) -> Problem:
    """What could not be read, by where it lies in the body."""
    match error:
        case TooLarge():
            return Problem("too_large", str(error))
        case WrongMediaType():
            return Problem("wrong_media_type", str(error))
        case Unreadable():
            return Problem("invalid_body", str(error), ((error.pointer, error.code),))
    return Problem("invalid_body", str(error), ((pointer_to(error.where), "invalid_value"),))
