"""The catalogue's pages: all products, one version as a person reads it, two versions side by side. Chinese at /products, English at
/en/products. Made on the server from typed definitions and their kind's words, so that a kind that is new is shown like all others.
"""

import re
from collections.abc import Awaitable, Callable, Sequence
from http import HTTPStatus
from typing import Any, NamedTuple
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from tapwealth.catalogue.outline import Rates
from tapwealth.flows.catalogue import browse
from tapwealth.flows.catalogue.browse import Listed, Read, Shelf
from tapwealth.flows.frame import House
from tapwealth.kernel.clock import business_date_of
from tapwealth.kernel.refusal import Outage
from tapwealth.web import page
from tapwealth.web.chart import Step, StepChart, steps_chart

_NUMBER = re.compile(r"[1-9][0-9]{0,5}", re.ASCII)
_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
_ENDINGS = {"application/pdf": "pdf", "text/plain": "txt", "text/html": "html"}
FILTERS = ("on_sale", "waiting", "closed")

Endpoint = Callable[[Request], Awaitable[Response]]


def catalogue_pages(house: House) -> list[BaseRoute]:
    """Routes in both languages, and the documents."""
    seen = Catalogue(house)
    return [
        *in_each_language("/products", seen.products),
        *in_each_language("/products/{code}", seen.product),
        *in_each_language("/products/{code}/compare", seen.compare),
        Route("/documents/{sha256}", seen.document),
    ]


def in_each_language(path: str, answer: Callable[[Request, str], Awaitable[Response]], methods: Sequence[str] = ("GET",)) -> list[Route]:
    """A route for Chinese, and one below /en."""

    def endpoint_of(language: str) -> Endpoint:
        async def endpoint(request: Request) -> Response:
            try:
                return await answer(request, language)
            except Outage as outage:
                return page.away(language, outage)

        return endpoint

    return [Route(f"{root(language)}{path}", endpoint_of(language), methods=list(methods)) for language in page.LANGUAGES]


def root(language: str) -> str:
    """What the paths of a language begin with."""
    return "" if language == "zh" else "/en"


class Drawn(NamedTuple):
    """A dated table with its drawing."""

    rates: Rates
    chart: StepChart


class Catalogue:
    """What is asked for by GET. Whatever cannot be read of a question is answered like a thing that is not there."""

    def __init__(self, house: House) -> None:
        self._house = house

    async def products(self, request: Request, language: str) -> Response:
        """All of them, by kind; with `?state=` those of one state."""
        async with self._house.database.read() as tx:
            listed = await browse.listed(tx, house=False)
        wanted = request.query_params.get("state", "")
        chosen = wanted if wanted in FILTERS else ""
        values = {"shelves": _filtered(listed, chosen), "counts": _counts(listed), "chosen": chosen, "now": listed.now}
        return page.html("products.html", language, self._shared(request, language) | values)

    async def product(self, request: Request, language: str) -> Response:
        """A version: that of `?version=`, or the one on sale, or else the last."""
        version = _number(request.query_params.get("version"))
        async with self._house.database.read() as tx:
            found = await browse.read(tx, request.path_params["code"], version, house=False)
        if found is None:
            return self._nothing(request, language)
        values = {"one": found, "drawn": _drawn(found, language)}
        return page.html("product.html", language, self._shared(request, language) | values)

    async def compare(self, request: Request, language: str) -> Response:
        """`?from=` and `?to=`; what differs is marked, and with `?all` the rest is shown, too."""
        former, later = (_number(request.query_params.get(name)) for name in ("from", "to"))
        async with self._house.database.read() as tx:
            found = await browse.compared(tx, request.path_params["code"], former or 0, later or 0, house=False)
        if found is None:
            return self._nothing(request, language)
        values = {"one": found, "whole": "all" in request.query_params}
        return page.html("compare.html", language, self._shared(request, language) | values)

    async def document(self, request: Request) -> Response:
        """The bytes that customers were shown, as they were handed in. They run nothing and fetch nothing."""
        sha256 = request.path_params["sha256"]
        async with self._house.database.read() as tx:
            found = await browse.document(tx, bytes.fromhex(sha256)) if _SHA256.fullmatch(sha256) else None
        if found is None:
            return self._nothing(request, "zh")
        headers = {
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "public, max-age=86400, immutable",
            "Content-Disposition": f'inline; filename="{sha256[:12]}.{_ENDINGS.get(found.media_type, "bin")}"',
        }
        if found.media_type != "application/pdf":  # a browser's viewer of PDF does not work inside a sandbox, and runs nothing of ours
            headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox"
        return Response(found.content, headers=headers, media_type=found.media_type)

    def _shared(self, request: Request, language: str) -> dict[str, Any]:
        here = request.url.path.removeprefix("/en") if language == "en" else request.url.path
        query = urlencode(sorted(request.query_params.items()))
        other = root("en" if language == "zh" else "zh")
        return {"root": root(language), "translated": f"{other}{here}{'?' if query else ''}{query}"}

    def _nothing(self, request: Request, language: str) -> Response:
        return page.html("nothing.html", language, self._shared(request, language), HTTPStatus.NOT_FOUND)


def _number(text: str | None) -> int | None:
    """Of a version; 0 for what is none, so that nothing is found; None where none was asked for."""
    if text is None:
        return None
    return int(text) if _NUMBER.fullmatch(text) else 0


def _filtered(listed: Listed, chosen: str) -> list[Shelf]:
    kept = [(shelf.kind, [line for line in shelf.lines if not chosen or chosen in line.states]) for shelf in listed.shelves]
    return [Shelf(kind, lines) for kind, lines in kept if lines]


def _counts(listed: Listed) -> dict[str, int]:
    lines = [line for shelf in listed.shelves for line in shelf.lines]
    return {"": len(lines), **{state: sum(state in line.states for line in lines) for state in FILTERS}}


def _drawn(one: Read, language: str) -> list[Drawn]:
    today, side = business_date_of(one.now), page.LANGUAGES.index(language)

    def drawn(rates: Rates) -> Drawn:
        steps = [Step(row.first, row.value, row.last) for row in rates.rows]
        return Drawn(rates, steps_chart(steps, lambda value: rates.value_of(value)[side], today))

    return [drawn(rates) for rates in one.rates]
