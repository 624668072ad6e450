"""What all pages share on which a customer acts: signing in with the phone's secret, whose session it is, and what forms bring."""

import re
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import quote
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from tapwealth.flows.customers.page_sessions import CustomerSession, sign_in, sign_out, signed_in
from tapwealth.flows.frame import House
from tapwealth.flows.signing_in import SlowDown
from tapwealth.kernel.masked import Masked
from tapwealth.kernel.money import checked, read_minor
from tapwealth.kernel.refusal import BadInput, Refusal
from tapwealth.web import page
from tapwealth.web.customer_wording import chinese
from tapwealth.web.forms import CUSTOMER, Form, forget, from_here, is_proved, proof_of, read_form, remember, secret_of
from tapwealth.web.page import Answer, in_each_language, root
from tapwealth.web.posting import ELSEWHERE, STALE, WRONG, AddressOf, Run, give, go, is_key, later
from tapwealth.web.said import Said, said_of

MOST_WORDS, MOST_FIELDS = 16 << 10, 120
"""Bytes and fields of the greatest form."""
Wrong = Mapping[str, tuple[str, str]]
"""What does not fit, by the name of its field in a form: Chinese, English."""
_NEXT = re.compile(r"(/en)?/(bills|bill|autopays|assets|deposits|wealth|policies|claims)([/?][!-~]*)?", re.ASCII)


class CustomerPages:
    """Pages of one customer, whoever is signed in."""

    def __init__(self, house: House, runs: Mapping[str, Run], address_of: AddressOf) -> None:
        self.house, self._runs, self._address_of = house, runs, address_of

    def doors(self) -> list[BaseRoute]:
        """Signing in, and out."""
        return [
            *in_each_language("/customer/sign-in", self.door),
            *in_each_language("/customer/sign-in", self.come_in, ("POST",)),
            *in_each_language("/customer/sign-out", self.leave, ("POST",)),
        ]

    async def session(self, request: Request) -> CustomerSession | None:
        """Of who asks."""
        return await signed_in(self.house, secret_of(request, CUSTOMER))

    async def door(self, request: Request, language: str) -> Response:
        """The form of signing in; `?next=`: where one wanted to go."""
        wanted = _next(request.query_params.get("next", ""), language)
        if await self.session(request) is not None:
            return go(wanted)
        return await self._door(request, language, wanted)

    async def _door(self, request: Request, language: str, wanted: str, said: Said | None = None) -> Response:
        status = HTTPStatus.UNAUTHORIZED if said else HTTPStatus.OK
        return await self.shown(request, language, "customer_sign_in.html", {"next": wanted, "said": said}, status)

    def to_door(self, request: Request, language: str) -> Response:
        """For who is not signed in: and then back to where they were."""
        return go(f"{root(language)}/customer/sign-in?next={quote(f'{request.url.path}?{request.url.query}'.rstrip('?'), safe='/')}")

    def signed(self, page: Callable[[Request, str, CustomerSession], Awaitable[Response]]) -> Answer:
        """That page, for who is signed in; the door for who is not."""

        async def answer(request: Request, language: str) -> Response:
            session = await self.session(request)
            return self.to_door(request, language) if session is None else await page(request, language, session)

        return answer

    def given(self, act: Callable[[Request, str, CustomerSession, Form], Awaitable[Response]]) -> Answer:
        """What a form does, once it is known who sent it; else the page that says why it is not taken."""

        async def answer(request: Request, language: str) -> Response:
            posted = await self.posted(request, language)
            return posted if isinstance(posted, Response) else await act(request, language, *posted)

        return answer

    async def come_in(self, request: Request, language: str) -> Response:
        """The phone's secret: a session of its own, whatever the browser brought."""
        form = await self._form(request, language)
        if isinstance(form, Response):
            return form
        wanted = _next(form["next"], language)
        session = await sign_in(self.house, self._address_of(request), Masked(form["secret"].strip()))
        if isinstance(session, SlowDown):
            answer = await self._door(request, language, wanted, later(session.seconds))
            answer.status_code, answer.headers["Retry-After"] = HTTPStatus.TOO_MANY_REQUESTS, str(session.seconds)
            return answer
        if isinstance(session, Refusal):
            return await self._door(request, language, wanted, said_of(session, ("没有登录", "Not signed in"), chinese=chinese))
        answer = go(wanted)
        remember(request, answer, session.secret, CUSTOMER)
        return answer

    async def _form(self, request: Request, language: str) -> Form | Response:
        """What one of our own pages has sent, or the page that says why it is not taken."""
        if not from_here(request):
            return await self.refuse(request, language, ELSEWHERE)
        try:
            form = await read_form(request, MOST_WORDS, fields=MOST_FIELDS)
            if any("\0" in text for text in form.fields.values()):
                raise BadInput("it has a character that cannot be stored", where="form", hint="send it again from the page")
            return form
        except BadInput as error:
            return await self.refuse(request, language, said_of(error, WRONG, chinese=chinese), HTTPStatus.BAD_REQUEST)

    async def leave(self, request: Request, language: str) -> Response:
        """To where the pages begin on which they were: a door, if those are for nobody else."""
        posted = await self.posted(request, language, keyed=False)
        if isinstance(posted, Response):
            return posted
        await sign_out(self.house, posted[0].secret)
        answer = go(f"{root(language)}{_home(posted[1]['next'])}")
        forget(request, answer, CUSTOMER)
        return answer

    async def posted(self, request: Request, language: str, *, keyed: bool = True) -> tuple[CustomerSession, Form] | Response:
        """Who sent the form, and what stands in it; or the page that says why it is not taken. `keyed`: it carries a command."""
        form = await self._form(request, language)
        if isinstance(form, Response):
            return form
        session = await self.session(request)
        if session is None:
            return await self.ended(request, language, _home(form["next"] or request.url.path))
        if not is_proved(session, form) or (keyed and not is_key(form["key"])):
            return await self.refuse(request, language, STALE)
        return session, form

    async def ended(self, request: Request, language: str, home: str) -> Response:
        """The door, for who has sent a form and is not signed in; then on to `home`."""
        said = Said(("请先登录", "Sign in first"), "登录已结束，没有做任何事。", "the session has ended; nothing was done")
        return await self._door(request, language, f"{root(language)}{home}", said)

    async def refuse(self, request: Request, language: str, said: Said, status: int = HTTPStatus.FORBIDDEN) -> Response:
        return await self.shown(request, language, "customer_refused.html", {"said": said}, status)

    async def nothing(self, request: Request, language: str) -> Response:
        """There is no such thing, or it is somebody else's."""
        said = Said(("这里没有内容", "Nothing is here"), "没有这一项，或者它不是您的。", "there is no such thing, or it is not yours")
        return await self.refuse(request, language, said, HTTPStatus.NOT_FOUND)

    async def give(self, name: str, session: CustomerSession, key: str, language: str, command: Any) -> Any:
        return await give(self.house, self._runs[name], key, session.caller, language, command)

    async def shown(
        self,
        request: Request,
        language: str,
        template: str,
        values: Mapping[str, Any],
        status: int | None = None,
        session: CustomerSession | None = None,
    ) -> Response:
        """A page with its head: who is signed in, and the same page in the other language. Without a `status` of its own a form that comes
        back with something `said` or `wrong` was not taken."""
        if status is None:
            status = HTTPStatus.UNPROCESSABLE_ENTITY if values.get("said") or values.get("wrong") else HTTPStatus.OK
        session = session or await self.session(request)
        shared = {
            **page.head(request, language, _home(request.url.path), "/customer"),
            "visitor": session.name if session else None,
            "proof": proof_of(session) if session else "",
        }
        return page.html(template, language, {**shared, **values}, status)


def _next(text: str, language: str) -> str:
    """A place of ours to go on to."""
    return text if _NEXT.fullmatch(text) else f"{root(language)}/bills"


def _home(path: str) -> str:
    """Where the pages begin that are about the same; in English it stands below /en."""
    found = _NEXT.fullmatch(path)
    return "/bills" if found is None or found[2] == "bill" else f"/{found[2]}"


# ---- what is read of a form or an address


def fen_in(form: Form, name: str, empty: str) -> int | tuple[str, str]:
    """What was filled in as yuan, or why it is no amount; `empty`: the Chinese where nothing was."""
    text = form[name].strip().removeprefix("¥")
    if not text:
        return empty, "nothing is filled in"
    try:
        return checked(read_minor(text, where=name))
    except BadInput as error:
        said = f"{error.what}; {error.hint}"
        return chinese(said) or said, said


def number_in(form: Form, name: str, *, signed: bool = False) -> int | None:
    """What a page of ours has put into a field of its own; None: nothing, or something else."""
    text = form[name]
    digits = text.removeprefix("-") if signed else text
    return int(text) if digits.isascii() and digits.isdigit() and len(digits) < 16 else None


def shown_in(form: Form, name: str) -> int:
    """Fen that they were shown, by that field; -1, which nothing costs, where a page of ours has put none there."""
    found = number_in(form, name)
    return -1 if found is None else found


def identifier_of(text: str) -> UUID:
    """The nil one, so that nothing is found, for what is none."""
    try:
        return UUID(text)
    except ValueError:
        return UUID(int=0)


def who_of(session: CustomerSession) -> tuple[int, UUID]:
    """(book, person) of who is signed in."""
    assert session.caller.person is not None, "a session is a customer's"
    return session.caller.book, session.caller.person
