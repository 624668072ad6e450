"""What all pages share: templates with their filters, the headers that shut scripts and strangers out, and the files they need."""

import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tapwealth.catalogue.outline import Fact, Table
from tapwealth.kernel.refusal import Outage
from tapwealth.web import day_wording, wording

LANGUAGES = ("zh", "en")
Endpoint = Callable[[Request], Awaitable[Response]]
Answer = Callable[[Request, str], Awaitable[Response]]
"""To a request, in a language."""

_HERE = Path(__file__).parent
_KINDS = {".css": "text/css; charset=utf-8", ".svg": "image/svg+xml"}
_STATIC = {path.name: path.read_bytes() for path in sorted((_HERE / "static").iterdir()) if path.suffix in _KINDS}
_VERSION = hashlib.sha256(b"".join(_STATIC.values())).hexdigest()[:12]
_POLICY = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}


def html(template: str, language: str, values: Mapping[str, Any], status: int = HTTPStatus.OK) -> Response:
    """A page in that language. It is made anew each time it is asked for, and kept by nobody."""
    shared = {"t": chooser(language), "language": language, "other": "en" if language == "zh" else "zh"}
    text = _environment().get_template(template).render({**shared, **values})
    return Response(text, status, {**HEADERS, "Cache-Control": "no-store"}, "text/html")


def away(language: str, outage: Outage) -> Response:
    """The database does not answer; the page tries again by itself."""
    return html("away.html", language, {"why": str(outage)}, HTTPStatus.SERVICE_UNAVAILABLE)


def in_each_language(path: str, answer: Answer, methods: Sequence[str] = ("GET",)) -> list[Route]:
    """A route for Chinese, and one below /en."""

    def endpoint_of(language: str) -> Endpoint:
        async def endpoint(request: Request) -> Response:
            if "\0" in request.scope["path"]:  # no database holds it, and none looks for it
                raise HTTPException(HTTPStatus.NOT_FOUND)
            try:
                return await answer(request, language)
            except Outage as outage:
                return away(language, outage)

        return endpoint

    return [Route(f"{root(language)}{path}", endpoint_of(language), methods=list(methods)) for language in LANGUAGES]


def root(language: str) -> str:
    """What the paths of a language begin with."""
    return "" if language == "zh" else "/en"


def head(request: Request, language: str, home: str, doors: str = "") -> dict[str, str]:
    """What a page's head says: where it is, and the same page in the other language. What was sent by a form stays in its language: from
    there both lead to `home`. `doors`: below which one signs in and out."""
    here, query = request.url.path, request.url.query
    there = here.removeprefix("/en") if language == "en" else f"/en{here}"
    if request.method != "GET":
        here, there, query = f"{root(language)}{home}", f"{root('en' if language == 'zh' else 'zh')}{home}", ""
    return {"root": root(language), "doors": doors, "here": here, "translated": f"{there}{'?' if query else ''}{query}"}


def chooser(language: str) -> Callable[[str, str], str]:
    """Which of two texts to show."""
    return (lambda zh, _en: zh) if language == "zh" else (lambda _zh, en: en)


async def static(request: Request) -> Response:
    """A file that pages need."""
    name = request.path_params["name"]
    if name not in _STATIC:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    headers = {**HEADERS, "Cache-Control": "public, max-age=86400"}
    return Response(_STATIC[name], headers=headers, media_type=_KINDS[Path(name).suffix])


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_HERE / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    for name in (
        "money", "signed", "plain", "percent", "rate", "short_day", "weekday", "step_name", "mirror_name", "purpose_name", "instant",
        "agreed",
    ):  # fmt: skip
        environment.filters[name] = getattr(wording, name)
    environment.filters.update(in_words=day_wording.in_words, language_of=day_wording.language_of)
    environment.globals.update(dividend_methods=wording.DIVIDEND_METHODS)
    environment.globals.update(version=_VERSION, proofs=wording.PROOFS, day_states=wording.DAY_STATES)
    environment.tests.update(fact=lambda one: isinstance(one, Fact), table=lambda one: isinstance(one, Table))
    return environment
