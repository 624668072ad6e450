"""The product manager's desk: sign in, hand in a definition or a document, review, approve, reject, withdraw, close.

The same commands as over HTTP, under idempotency keys that the forms carry: a form that is sent twice does nothing twice. A form is taken
from a page of this host alone, and only with what its session proves itself by.
"""

import mimetypes
import re
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from tapwealth.catalogue.definition import CODE
from tapwealth.flows.catalogue import browse, products
from tapwealth.flows.catalogue.products import DocumentKept, ProductStands
from tapwealth.flows.frame import Caller, House
from tapwealth.flows.signing_in import SignedIn, SlowDown, sign_in, sign_out
from tapwealth.kernel.masked import Masked
from tapwealth.kernel.refusal import BadInput, Outage, Refusal
from tapwealth.storage.actors import ActorKind
from tapwealth.web.catalogue_pages import Catalogue, code_in, number_in
from tapwealth.web.forms import Form, forget, from_here, is_proved, read_form, remember
from tapwealth.web.page import in_each_language, root
from tapwealth.web.posting import ELSEWHERE, STALE, UNKNOWN, WRONG, AddressOf, Run, a_key, give, go, is_key, later
from tapwealth.web.said import Said, said_of

_ACTS: Mapping[str, Callable[[str, int, str], Any]] = {
    "review": lambda code, version, _reason: products.ReviewProduct(code, version),
    "approve": lambda code, version, _reason: products.ApproveProduct(code, version),
    "reject": products.RejectProduct,
    "withdraw": products.WithdrawProduct,
    "close": products.CloseProduct,
}
COMMANDS = ("draft_product", "add_document", *(f"{act}_product" for act in _ACTS))
"""Names of the commands that this page gives."""
_MOST_WORDS, _MOST_TEXT = 16 << 10, 2 << 20
"""Greatest forms: of a decision, of a definition (a text in a form takes up to three bytes for one)."""
_MOST_DOCUMENT = products.MOST_DOCUMENT + (64 << 10)
_NEXT = re.compile(r"(/en)?/(products|draft|documents)([/?][!-~]*)?", re.ASCII)


def desk_pages(house: House, runs: Mapping[str, Run], address_of: AddressOf) -> list[BaseRoute]:
    """Routes in both languages; `runs`: the commands as the house decides them, by name."""
    desk = Desk(house, runs, address_of)
    return [
        *in_each_language("/sign-in", desk.door),
        *in_each_language("/sign-in", desk.come_in, ("POST",)),
        *in_each_language("/sign-out", desk.leave, ("POST",)),
        *in_each_language("/draft", desk.sheet),
        *in_each_language("/draft", desk.draft, ("POST",)),
        *in_each_language("/documents", desk.counter),
        *in_each_language("/documents", desk.take_document, ("POST",)),
        *in_each_language("/products/{code}/{act}", desk.decide, ("POST",)),
    ]


class Desk:
    """Each method answers one form, or shows it."""

    def __init__(self, house: House, runs: Mapping[str, Run], address_of: AddressOf) -> None:
        self._house, self._runs, self._address_of = house, runs, address_of
        self._catalogue = Catalogue(house)

    # ---- the door

    async def door(self, request: Request, language: str) -> Response:
        """The form of signing in; `?next=`: where one wanted to go."""
        wanted = _next(request.query_params.get("next", ""), language)
        if await self._catalogue.visitor(request) is not None:
            return go(wanted)
        return await self._door(request, language, wanted)

    async def _door(
        self, request: Request, language: str, wanted: str, *, kept: str = "", login: str = "", said: Said | None = None
    ) -> Response:
        values = {"next": wanted, "kept": kept, "login": login, "said": said}
        status = HTTPStatus.UNAUTHORIZED if said else HTTPStatus.OK
        return await self._catalogue.shown(request, language, "sign_in.html", values, status)

    async def come_in(self, request: Request, language: str) -> Response:
        """Login and password: a session of its own, whatever the browser brought. A text that was kept goes on to its form."""
        if not from_here(request):
            return await self._refuse(request, language, ELSEWHERE)
        try:
            form = await read_form(request, _MOST_TEXT)
        except BadInput as error:
            return await self._refuse(request, language, said_of(error, WRONG), HTTPStatus.BAD_REQUEST)
        wanted, kept, login = _next(form["next"], language), form["kept"], form["login"].strip()[:80]
        session = await sign_in(self._house, self._address_of(request), login, Masked(form["password"]))
        if isinstance(session, SlowDown):
            return await self._slowed(request, language, wanted, kept, login, session.seconds)
        if isinstance(session, Refusal):
            return await self._door(request, language, wanted, kept=kept, login=login, said=said_of(session, ("没有登录", "Not signed in")))
        answer = await self._sheet(request, language, kept, session=session) if kept else go(wanted)
        remember(request, answer, session.secret)
        return answer

    async def _slowed(self, request: Request, language: str, wanted: str, kept: str, login: str, seconds: int) -> Response:
        answer = await self._door(request, language, wanted, kept=kept, login=login, said=later(seconds))
        answer.status_code, answer.headers["Retry-After"] = HTTPStatus.TOO_MANY_REQUESTS, str(seconds)
        return answer

    async def leave(self, request: Request, language: str) -> Response:
        posted = await self._posted(request, language, _MOST_WORDS, keyed=False)
        if isinstance(posted, Response):
            return posted
        await sign_out(self._house, posted[0].secret)
        answer = go(f"{root(language)}/products")
        forget(request, answer)
        return answer

    # ---- what is handed in

    async def sheet(self, request: Request, language: str) -> Response:
        """The form for a definition; `?from=` and `?version=`: with the text of that version."""
        session = await self._catalogue.visitor(request)
        if session is None:
            return go(f"{root(language)}/sign-in?next={quote(f'{request.url.path}?{request.url.query}', safe='/')}")
        text = await self._text_of(request.query_params.get("from", ""), number_in(request.query_params.get("version")))
        return await self._sheet(request, language, text, session=session)

    async def _text_of(self, product: str, version: int | None) -> str:
        if not CODE.fullmatch(product) or version is None:
            return ""
        async with self._house.database.read() as tx:
            return (await browse.file(tx, product, version) or b"").decode()

    async def _sheet(
        self, request: Request, language: str, text: str, *, session: SignedIn, key: str = "", said: Said | None = None
    ) -> Response:
        values = {"text": text, "key": key or a_key(), "said": said, "lines": text.count("\n") + 1}
        status = HTTPStatus.UNPROCESSABLE_ENTITY if said and not said.good else HTTPStatus.OK
        return await self._catalogue.shown(request, language, "draft.html", values, status, session)

    async def draft(self, request: Request, language: str) -> Response:
        """Read the text, or the file that was chosen; whatever is wrong, the text comes back with it."""
        posted = await self._posted(request, language, _MOST_TEXT)
        if isinstance(posted, Response):
            return posted
        session, form = posted
        try:
            text = _text_in(form)
        except BadInput as error:
            return await self._sheet(request, language, _lines(form["text"]), session=session, said=said_of(error, WRONG))
        try:
            read = products.read_file(text.encode()).definition
            if form["do"] == "check":
                return await self._sheet(request, language, text, session=session, said=_readable(read.product, read.kind.words))
            made = await self._give("draft_product", session, form, language, products.DraftProduct(text))
        except BadInput as error:
            return await self._sheet(request, language, text, session=session, said=said_of(error, WRONG, text))
        except Outage:
            return await self._sheet(request, language, text, session=session, key=form["key"], said=UNKNOWN)
        if isinstance(made, Refusal):
            return await self._sheet(request, language, text, session=session, said=said_of(made))
        assert isinstance(made, ProductStands), made
        return go(f"{root(language)}/products/{made.product}?version={made.version}")

    async def counter(self, request: Request, language: str) -> Response:
        """The form for a document."""
        session = await self._catalogue.visitor(request)
        if session is None:
            return go(f"{root(language)}/sign-in?next={request.url.path}")
        return await self._counter(request, language, session)

    async def _counter(
        self,
        request: Request,
        language: str,
        session: SignedIn,
        *,
        key: str = "",
        said: Said | None = None,
        kept: DocumentKept | None = None,
    ) -> Response:
        values = {"key": key or a_key(), "said": said, "kept": kept}
        status = HTTPStatus.UNPROCESSABLE_ENTITY if said else HTTPStatus.OK
        return await self._catalogue.shown(request, language, "document.html", values, status, session)

    async def take_document(self, request: Request, language: str) -> Response:
        """Keep the file that was chosen, and show the hash by which a definition names it."""
        posted = await self._posted(request, language, _MOST_DOCUMENT)
        if isinstance(posted, Response):
            return posted
        session, form = posted
        try:
            if form.upload is None:
                raise BadInput("no file was chosen", where="file", hint="choose a PDF, a text or an HTML file")
            command = products.AddDocument(mimetypes.guess_type(form.upload.name)[0] or "", form.upload.content)
            kept = await self._give("add_document", session, form, language, command)
        except BadInput as error:
            return await self._counter(request, language, session, said=said_of(error, WRONG))
        except Outage:
            return await self._counter(request, language, session, key=form["key"], said=UNKNOWN)
        if isinstance(kept, Refusal):
            return await self._counter(request, language, session, said=said_of(kept))
        return await self._counter(request, language, session, kept=kept)

    # ---- decisions

    async def decide(self, request: Request, language: str) -> Response:
        """Review, approve, reject, withdraw or close a version; a refusal stands above the version that it is about."""
        code, act = code_in(request), request.path_params["act"]
        if act not in _ACTS or not code:
            return await self._catalogue.nothing(request, language)
        posted = await self._posted(request, language, _MOST_WORDS)
        if isinstance(posted, Response):
            return posted
        session, form = posted
        version, reason = number_in(form["version"]) or 0, form["reason"].strip()
        try:
            command = _ACTS[act](code, version, form.line("reason"))
            done = await self._give(f"{act}_product", session, form, language, command)
        except BadInput as error:
            return await self._catalogue.version(request, language, version, session, said_of(error, WRONG), reason)
        except Outage:
            return await self._catalogue.version(request, language, version, session, UNKNOWN, reason, {act: form["key"]})
        if isinstance(done, Refusal):
            return await self._catalogue.version(request, language, version, session, said_of(done), reason)
        return go(f"{root(language)}/products/{done.product}?version={done.version}")

    # ---- what all of them need

    async def _posted(self, request: Request, language: str, most: int, *, keyed: bool = True) -> tuple[SignedIn, Form] | Response:
        """Who sent the form, and what stands in it; or the page that says why it is not taken. `keyed`: it carries a command."""
        if not from_here(request):
            return await self._refuse(request, language, ELSEWHERE)
        try:
            form = await read_form(request, most)
        except BadInput as error:
            return await self._refuse(request, language, said_of(error, WRONG), HTTPStatus.BAD_REQUEST)
        session = await self._catalogue.visitor(request)
        if session is None:
            said = Said(("请先登录", "Sign in first"), "会话已结束，内容保留着。", "the session has ended; what you wrote is kept")
            wanted = _next(request.url.path if request.url.path.endswith(("/draft", "/documents")) else "", language)
            return await self._door(request, language, wanted, kept=_lines(form["text"]), said=said)
        if not is_proved(session, form) or (keyed and not is_key(form["key"])):
            return await self._refuse(request, language, STALE)
        return session, form

    async def _refuse(self, request: Request, language: str, said: Said, status: int = HTTPStatus.FORBIDDEN) -> Response:
        return await self._catalogue.shown(request, language, "refused.html", {"said": said}, status)

    async def _give(self, name: str, session: SignedIn, form: Form, language: str, command: Any) -> Any:
        caller = Caller(ActorKind.OPERATOR, f"operator:{session.operator.login}", "password")
        return await give(self._house, self._runs[name], form["key"], caller, language, command)


def _readable(product: str, kind: tuple[str, str]) -> Said:
    said = f"{product}，{kind[0]}。还没有提交。", f"{product}, {kind[1]}; nothing was handed in"
    return Said(("可以读懂", "It can be read"), *said, good=True)


def _text_in(form: Form) -> str:
    """The file that was chosen, or else what was written. Raises BadInput."""
    if form.upload is None:
        return _lines(form["text"])
    try:
        return _lines(form.upload.content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise BadInput("this is not UTF-8", where="file", hint="save the file as UTF-8") from None


def _lines(text: str) -> str:
    """With the line ends of a file: a form sends others."""
    return text.replace("\r\n", "\n")


def _next(text: str, language: str) -> str:
    """A place of ours to go on to."""
    return text if _NEXT.fullmatch(text) else f"{root(language)}/products"
