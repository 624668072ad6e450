"""The catalogue's pages: all products, one version as a person reads it, two versions side by side. Chinese at /products, English at
/en/products. Made on the server from typed definitions and their kind's words, so that a kind that is new is shown like all others.
"""

import re
from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, NamedTuple

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from tapwealth.catalogue.definition import CODE
from tapwealth.catalogue.outline import Rates
from tapwealth.catalogue.version import State
from tapwealth.flows.catalogue import browse
from tapwealth.flows.catalogue.browse import Listed, Read, Shelf
from tapwealth.flows.frame import House
from tapwealth.flows.signing_in import SignedIn, signed_in
from tapwealth.kernel.clock import business_date_of
from tapwealth.storage.operators import OperatorRole
from tapwealth.web import page
from tapwealth.web.chart import Step, StepChart, steps_chart
from tapwealth.web.forms import proof_of, secret_of
from tapwealth.web.page import in_each_language
from tapwealth.web.posting import a_key
from tapwealth.web.said import Said

_NUMBER = re.compile(r"[1-9][0-9]{0,5}", re.ASCII)
_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
_ENDINGS = {"application/pdf": "pdf", "text/plain": "txt", "text/html": "html"}
FILTERS = ("on_sale", "waiting", "closed")


def catalogue_pages(house: House) -> list[BaseRoute]:
    """Routes in both languages, and the documents."""
    seen = Catalogue(house)
    return [
        *in_each_language("/products", seen.products),
        *in_each_language("/products/{code}", seen.product),
        *in_each_language("/products/{code}/compare", seen.compare),
        *in_each_language("/products/{code}/file", seen.file),
        Route("/documents/{sha256}", seen.document),
    ]


class Drawn(NamedTuple):
    """A dated table with its drawing."""

    rates: Rates
    chart: StepChart


class Catalogue:
    """What is asked for by GET, by anybody or by an operator who is signed in. Whatever cannot be read of a question is answered like a
    thing that is not there."""

    def __init__(self, house: House) -> None:
        self._house = house

    async def visitor(self, request: Request) -> SignedIn | None:
        """The operator who asks; None for everybody else."""
        return await signed_in(self._house, secret_of(request))

    async def products(self, request: Request, language: str) -> Response:
        """All of them, by kind; with `?state=` those of one state."""
        session = await self.visitor(request)
        async with self._house.database.read() as tx:
            listed = await browse.listed(tx, house=session is not None)
        wanted = request.query_params.get("state", "")
        chosen = wanted if wanted in FILTERS else ""
        values = {"shelves": _filtered(listed, chosen), "counts": _counts(listed), "chosen": chosen, "now": listed.now}
        return await self.shown(request, language, "products.html", values, session=session)

    async def product(self, request: Request, language: str) -> Response:
        """A version: that of `?version=`, or the one on sale, or else the last."""
        version = number_in(request.query_params.get("version"))
        return await self.version(request, language, version, await self.visitor(request))

    async def version(
        self,
        request: Request,
        language: str,
        version: int | None,
        session: SignedIn | None,
        said: Said | None = None,
        reason: str = "",
        keys: Mapping[str, str] = MappingProxyType({}),
    ) -> Response:
        """A version, and what its reader may do with it. `said`: why it was not done, `reason`: what was written for it, `keys`: the forms
        that are to be sent again as they were."""
        code = code_in(request)
        async with self._house.database.read() as tx:
            found = await browse.read(tx, code, version, house=session is not None)
        if found is None:
            return await self.nothing(request, language)
        acts = [(act, keys.get(act) or a_key()) for act in acts_of(found, session)]
        own = session is not None and found.drafted_by == session.operator.id
        values = {"one": found, "drawn": _drawn(found, language), "acts": acts, "said": said, "reason": reason, "own": own}
        status = HTTPStatus.UNPROCESSABLE_ENTITY if said else HTTPStatus.OK
        return await self.shown(request, language, "product.html", values, status, session)

    async def compare(self, request: Request, language: str) -> Response:
        """`?from=` and `?to=`; what differs is marked, and with `?all` the rest is shown, too."""
        session = await self.visitor(request)
        former, later = (number_in(request.query_params.get(name)) for name in ("from", "to"))
        async with self._house.database.read() as tx:
            found = await browse.compared(tx, code_in(request), former or 0, later or 0, house=session is not None)
        if found is None:
            return await self.nothing(request, language)
        values = {"one": found, "whole": "all" in request.query_params}
        return await self.shown(request, language, "compare.html", values, session=session)

    async def file(self, request: Request, language: str) -> Response:
        """The file of `?version=`, to be kept: for the house alone."""
        code, version = code_in(request), number_in(request.query_params.get("version")) or 0
        found = None
        if await self.visitor(request) is not None:
            async with self._house.database.read() as tx:
                found = await browse.file(tx, code, version)
        if found is None:
            return await self.nothing(request, language)
        named = {"Content-Disposition": f'attachment; filename="{code}-v{version}.yaml"', "Cache-Control": "no-store"}
        return Response(found, headers={**page.HEADERS, **named}, media_type="application/yaml")

    async def document(self, request: Request) -> Response:
        """The bytes that customers were shown, as they were handed in. They run nothing and fetch nothing."""
        sha256 = request.path_params["sha256"]
        async with self._house.database.read() as tx:
            found = await browse.document(tx, bytes.fromhex(sha256)) if _SHA256.fullmatch(sha256) else None
        if found is None:
            return await self.nothing(request, "zh")
        headers = {
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "public, max-age=86400, immutable",
            "Content-Disposition": f'inline; filename="{sha256[:12]}.{_ENDINGS.get(found.media_type, "bin")}"',
        }
        if found.media_type != "application/pdf":  # a browser's viewer of PDF does not work inside a sandbox, and runs nothing of ours
            headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox"
        return Response(found.content, headers=headers, media_type=found.media_type)

    async def nothing(self, request: Request, language: str) -> Response:
        """There is no such thing, or it is not for who asks."""
        return await self.shown(request, language, "nothing.html", {}, HTTPStatus.NOT_FOUND)

    async def shown(
        self,
        request: Request,
        language: str,
        template: str,
        values: Mapping[str, Any],
        status: int = HTTPStatus.OK,
        session: SignedIn | None = None,
    ) -> Response:
        """A page with its head: who is signed in, and the same page in the other language."""
        session = session or await self.visitor(request)
        shared = {
            **page.head(request, language, "/products"),
            "visitor": session.operator.display_name if session else None,
            "proof": proof_of(session) if session else "",
            "may_draft": session is not None and session.operator.may(OperatorRole.PRODUCT_MANAGER),
        }
        return page.html(template, language, {**shared, **values}, status)


_AFTER: Mapping[State, tuple[str, ...]] = {
    State.DRAFT: ("review", "reject"),
    State.REVIEWED: ("approve", "reject"),
    State.ON_SALE: ("close",),
}


def acts_of(one: Read, session: SignedIn | None) -> tuple[str, ...]:
    """What that operator may try with the version. Who drafted it may take it back; that they are somebody under two logins the house finds
    out when they try."""
    if session is None or not any(session.operator.may(role) for role in (OperatorRole.PRODUCT_MANAGER, OperatorRole.OPERATIONS)):
        return ()
    if one.state in browse.OPEN and one.drafted_by == session.operator.id:
        return ("withdraw",)
    return _AFTER.get(one.state, ())


def code_in(request: Request) -> str:
    """The product's code in the path; empty, so that nothing is found, for what is none."""
    code: str = request.path_params["code"]
    return code if CODE.fullmatch(code) else ""


def number_in(text: str | None) -> int | None:
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
