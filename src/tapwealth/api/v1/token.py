"""The token endpoint: client credentials (RFC 6749, 4.4), the client proved by HTTP Basic or in the body (2.3.1), not by both.

Its errors are those of that standard (5.2), so that any library understands them. It takes no Idempotency-Key: asked twice it gives two
tokens.
"""

import base64
from collections.abc import Awaitable, Callable, Mapping, Sequence
from http import HTTPStatus
from urllib.parse import parse_qsl, unquote_plus

import msgspec
from starlette.responses import Response

from tapwealth.flows.customers.clients import Granted, GrantRefusal
from tapwealth.kernel.masked import Masked
from tapwealth.kernel.refusal import Refusal
from tapwealth.kernel.tries import Tries

PATH, FORM = "/v1/oauth/token", "application/x-www-form-urlencoded"
Grant = Callable[[str, Masked, Sequence[str] | None], Awaitable[Granted | Refusal]]
_HEADERS = {"content-type": "application/json", "cache-control": "no-store", "pragma": "no-cache"}
TOO_MANY = "slow_down"
"""Of 429: the standard has no word for it; RFC 8628 has this one."""
_TAKEN = {"grant_type", "scope", "client_id", "client_secret"}


class TokenError(Exception):
    """One of the standard's errors, and a line for people."""

    def __init__(self, error: str, description: str, status: HTTPStatus = HTTPStatus.BAD_REQUEST, wait: int = 0) -> None:
        super().__init__(error)
        self.error, self.description, self.status, self.wait = error, description, status, wait


_LONGEST_COUNTED = 64
"""Letters of a client's name by which its tries are counted: an id is shorter, and what is kept must not grow with what is sent."""


async def answer(grant: Grant, tries: Tries, address: str, headers: Mapping[bytes, bytes], body: bytes) -> Response:
    """A token for who asks from that address, or why there is none. Raises Outage."""
    try:
        return await _granted(grant, tries, address, headers, body)
    except TokenError as error:
        content = {"error": error.error, "error_description": error.description}
        response = Response(msgspec.json.encode(content), error.status, _HEADERS)
        if error.status == HTTPStatus.UNAUTHORIZED:
            response.headers["WWW-Authenticate"] = 'Basic realm="tapwealth", charset="UTF-8"'
        if error.wait:
            response.headers["Retry-After"] = str(error.wait)
        return response


async def _granted(grant: Grant, tries: Tries, address: str, headers: Mapping[bytes, bytes], body: bytes) -> Response:
    given = _form(body)
    if given.get("grant_type") is None:
        raise TokenError("invalid_request", "grant_type is missing")
    if given["grant_type"] != "client_credentials":
        raise TokenError("unsupported_grant_type", "client_credentials is taken alone")
    client, secret = _credentials(headers, given)
    counted = client[:_LONGEST_COUNTED]
    scopes = given["scope"].split(" ") if given.get("scope") else None
    with tries.one(address, counted, secret) as one:
        if one.wait:
            text = f"too many wrong secrets came from there; try again in {one.wait} seconds"
            raise TokenError(TOO_MANY, text, HTTPStatus.TOO_MANY_REQUESTS, one.wait)
        granted = await grant(client, secret, scopes)
        if isinstance(granted, Refusal) and granted.code is GrantRefusal.INVALID_CLIENT:
            one.wrong()
            raise TokenError("invalid_client", granted.text, HTTPStatus.UNAUTHORIZED)
        one.right()
    if isinstance(granted, Refusal):
        raise TokenError(granted.code.name.lower(), granted.text)
    content = {"access_token": granted.token, "token_type": "Bearer", "expires_in": granted.seconds, "scope": " ".join(granted.scopes)}
    return Response(msgspec.json.encode(content), headers=_HEADERS)


def _form(body: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(body.decode("utf-8"), keep_blank_values=True, strict_parsing=True, errors="strict")
    except ValueError:
        raise TokenError("invalid_request", "the body is no form; send grant_type=client_credentials") from None
    given = dict(pairs)
    if len(given) < len(pairs):
        raise TokenError("invalid_request", "a parameter comes twice")
    return {name: value for name, value in given.items() if name in _TAKEN}  # others are left alone (RFC 6749, 3.2)


def _credentials(headers: Mapping[bytes, bytes], given: Mapping[str, str]) -> tuple[str, Masked]:
    kind, _, basic = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
    if kind and "client_secret" in given:
        raise TokenError("invalid_request", "the client proves itself twice; take HTTP Basic or the body")
    if kind.lower() == "basic":
        return _basic(basic)
    if "client_id" in given and "client_secret" in given:
        return given["client_id"], Masked(given["client_secret"])
    raise TokenError("invalid_client", "client id and secret are missing; send them by HTTP Basic", HTTPStatus.UNAUTHORIZED)


def _basic(basic: str) -> tuple[str, Masked]:
    """Both parts are form-encoded inside."""
    try:
        client, colon, secret = base64.b64decode(basic, validate=True).decode("utf-8").partition(":")
    except ValueError:
        colon = ""
    if not colon:
        raise TokenError("invalid_client", "Authorization cannot be read; send Basic and base64 of id:secret", HTTPStatus.UNAUTHORIZED)
    return unquote_plus(client), Masked(unquote_plus(secret))
