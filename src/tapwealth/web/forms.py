"""Forms that browsers send: read up to a size and a time, from pages of our own alone, with what one has to know of whose they are."""

import asyncio
import hashlib
import hmac
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlsplit

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from tapwealth.kernel.refusal import BadInput

SECONDS = 30
"""How long a form may take to come."""
_MOST_FIELDS, _MOST_FILES = 24, 1
_UNSEEN = {"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"}
OPERATOR, CUSTOMER = "operator", "customer"
"""Names of cookies: of the house's people, and of customers."""
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class Session(Protocol):
    """Whoever is signed in."""

    @property
    def secret(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that was chosen; `media_type` as the browser says it, empty if it says none."""

    name: str
    content: bytes = field(repr=False)
    media_type: str = ""


@dataclass(frozen=True, slots=True)
class Form:
    """What was filled in; a field that is not there is empty."""

    fields: Mapping[str, str] = field(repr=False)
    upload: Upload | None = None

    def __getitem__(self, name: str) -> str:
        return self.fields.get(name, "")

    def line(self, name: str, most: int = 1_000) -> str:
        """One line of text. Raises BadInput."""
        text = self[name].strip()
        if len(text) > most:
            raise BadInput(f"it has {len(text):,} characters", where=name, hint=f"at most {most:,} are taken")
        if any(unicodedata.category(letter) in _UNSEEN for letter in text):
            raise BadInput("it has a character that cannot be seen, or a second line", where=name, hint="write one line")
        return text


async def read_form(request: Request, most: int, seconds: int = SECONDS, fields: int = _MOST_FIELDS) -> Form:
    """Raises BadInput for one that is above `most` bytes or so many `fields`, comes too slowly, or cannot be read."""
    seen = 0

    async def receive() -> Any:
        nonlocal seen
        message = await request.receive()
        seen += len(message.get("body", b""))
        if seen > most:
            raise BadInput(f"what was sent is above {most:,} bytes", where="form", hint="send less at once")
        return message

    try:
        async with asyncio.timeout(seconds):
            async with Request(request.scope, receive).form(max_files=_MOST_FILES, max_fields=fields, max_part_size=most) as form:
                said, upload = {}, None
                for name, value in form.multi_items():
                    if isinstance(value, str):
                        said[name] = _read(value)
                    elif value.filename:
                        upload = Upload(value.filename, await value.read(), value.content_type or "")
                return Form(said, upload)
    except TimeoutError:
        raise BadInput(f"it did not come within {seconds} seconds", where="form", hint="send it again") from None
    except (HTTPException, ClientDisconnect, UnicodeDecodeError):
        raise BadInput("it cannot be read", where="form", hint="send it again from the page") from None


def _read(value: str) -> str:
    """Some of the encodings that a form may say it is in have halves of characters, which are no text."""
    if any("\ud800" <= letter <= "\udfff" for letter in value):
        raise BadInput("it cannot be read", where="form", hint="send it again from the page")
    return value


def from_here(request: Request) -> bool:
    """Whether a page of this host sent it: browsers say so, and only they carry a session that others could use."""
    origin = request.headers.get("origin")
    if origin is None:
        return request.headers.get("sec-fetch-site", "same-origin") in ("same-origin", "none")
    return urlsplit(origin).netloc == request.headers.get("host", "")


def proof_of(session: Session) -> str:
    """What each form of a session carries, and nobody else can know: a keyed hash under the session's secret."""
    return hmac.new(session.secret.encode(), b"a form of this session", hashlib.sha256).hexdigest()


def is_proved(session: Session, form: Form) -> bool:
    return hmac.compare_digest(proof_of(session).encode(), form["proof"].encode())


def secret_of(request: Request, cookie: str = OPERATOR) -> str:
    """The session's secret that the browser brings; empty if it brings none."""
    return request.cookies.get(_cookie_name(request, cookie), "")


def remember(request: Request, response: Response, secret: str, cookie: str = OPERATOR) -> None:
    """Let the browser keep the secret until it is closed: for this host alone, away from scripts, never sent from elsewhere, and beyond
    this machine by TLS alone."""
    secure = not _is_loopback(request)
    response.set_cookie(_cookie_name(request, cookie), secret, path="/", secure=secure, httponly=True, samesite="strict")


def forget(request: Request, response: Response, cookie: str = OPERATOR) -> None:
    secure = not _is_loopback(request)
    response.delete_cookie(_cookie_name(request, cookie), path="/", secure=secure, httponly=True, samesite="strict")


def _cookie_name(request: Request, cookie: str) -> str:
    return cookie if _is_loopback(request) else f"__Host-{cookie}"


def _is_loopback(request: Request) -> bool:
    return request.url.hostname in _LOOPBACK
