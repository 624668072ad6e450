"""Who a customer's pages are for: signing in with the phone's secret, and whose session a page or a form belongs to."""

from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from tapwealth.flows.customers.page_sessions import sign_in, sign_out, signed_in
from tapwealth.flows.frame import House
from tapwealth.flows.signing_in import SlowDown
from tapwealth.kernel.masked import Masked
from tapwealth.kernel.refusal import BadInput, Refusal
from tapwealth.web.customer_wording import chinese
from tapwealth.web.forms import CUSTOMER, Form, forget, from_here, is_proved, read_form, remember, secret_of
from tapwealth.web.page import Answer, in_each_language, root
from tapwealth.web.posting import ELSEWHERE, STALE, WRONG, AddressOf, Run, go, is_key, later
from tapwealth.web.said import Said, said_of
from tapwealth.web.visit import AREAS, Visit, home_of, next_of

MOST_WORDS, MOST_FIELDS = 16 << 10, 120
"""Bytes and fields of the greatest form."""


class CustomerPages:
    """Pages of one customer, whoever is signed in."""

    def __init__(self, house: House, runs: Mapping[str, Run], address_of: AddressOf) -> None:
        self._house, self._runs, self._address_of = house, runs, address_of

    def doors(self) -> list[BaseRoute]:
        """Signing in, and out."""
        return [
            *in_each_language("/customer/sign-in", self.open(_door)),
            *in_each_language("/customer/sign-in", self.come_in, ("POST",)),
            *in_each_language("/customer/sign-out", self.leave, ("POST",)),
        ]

    async def visit(self, request: Request, language: str) -> Visit:
        """Of who asks, by what the browser brings."""
        session = await signed_in(self._house, secret_of(request, CUSTOMER))
        return Visit(self._house, self._runs, request, language, session)

    def open(self, page: Callable[[Visit], Awaitable[Response]]) -> Answer:
        """That page, for everybody."""

        async def answer(request: Request, language: str) -> Response:
            return await page(await self.visit(request, language))

        return answer

    def signed(self, page: Callable[[Visit], Awaitable[Response]]) -> Answer:
        """That page, for who is signed in; the door for who is not."""

        async def answer(visit: Visit) -> Response:
            return visit.to_door() if visit.session is None else await page(visit)

        return self.open(answer)

    def given(self, act: Callable[[Visit, Form], Awaitable[Response]]) -> Answer:
        """What a form does, once it is known who sent it; else the page that says why it is not taken."""

        async def answer(request: Request, language: str) -> Response:
            posted = await self._posted(request, language)
            return posted if isinstance(posted, Response) else await act(*posted)

        return answer

    async def come_in(self, request: Request, language: str) -> Response:
        """The phone's secret: a session of its own, whatever the browser brought."""
        form = await self._form(request, language)
        if isinstance(form, Response):
            return form
        wanted = next_of(form["next"], language)
        session = await sign_in(self._house, self._address_of(request), Masked(form["secret"].strip()))
        if isinstance(session, SlowDown):
            answer = at_door(await self.visit(request, language), wanted, later(session.seconds))
            answer.status_code, answer.headers["Retry-After"] = HTTPStatus.TOO_MANY_REQUESTS, str(session.seconds)
            return answer
        if isinstance(session, Refusal):
            said = said_of(session, ("没有登录", "Not signed in"), chinese=chinese)
            return at_door(await self.visit(request, language), wanted, said)
        answer = go(wanted)
        remember(request, answer, session.secret, CUSTOMER)
        return answer

    async def leave(self, request: Request, language: str) -> Response:
        """To where the pages begin on which they were: a door, if those are for nobody else."""
        posted = await self._posted(request, language, keyed=False)
        if isinstance(posted, Response):
            return posted
        visit, form = posted
        assert visit.session is not None, "who sent it is signed in"
        await sign_out(self._house, visit.session.secret)
        answer = visit.go(home_of(form["next"]))
        forget(request, answer, CUSTOMER)
        return answer

    async def _form(self, request: Request, language: str) -> Form | Response:
        """What one of our own pages has sent, or the page that says why it is not taken."""
        if not from_here(request):
            return (await self.visit(request, language)).refuse(ELSEWHERE)
        try:
            form = await read_form(request, MOST_WORDS, fields=MOST_FIELDS)
            if any("\0" in text for text in form.fields.values()):
                raise BadInput("it has a character that cannot be stored", where="form", hint="send it again from the page")
            return form
        except BadInput as error:
            visit = await self.visit(request, language)
            return visit.refuse(said_of(error, WRONG, chinese=chinese), HTTPStatus.BAD_REQUEST)

    async def _posted(self, request: Request, language: str, *, keyed: bool = True) -> tuple[Visit, Form] | Response:
        """Who sent the form, and what stands in it; or the page that says why it is not taken. `keyed`: it carries a command."""
        form = await self._form(request, language)
        if isinstance(form, Response):
            return form
        visit = await self.visit(request, language)
        if visit.session is None:
            return ended(visit, home_of(form["next"] or request.url.path))
        if not is_proved(visit.session, form) or (keyed and not is_key(form["key"])):
            return visit.refuse(STALE)
        return visit, form


async def _door(visit: Visit) -> Response:
    """The form of signing in; `?next=`: where one wanted to go."""
    wanted = next_of(visit.request.query_params.get("next", ""), visit.language)
    return go(wanted) if visit.session is not None else at_door(visit, wanted)


def at_door(visit: Visit, wanted: str, said: Said | None = None) -> Response:
    """The same, with what is said of the last attempt."""
    status = HTTPStatus.UNAUTHORIZED if said else HTTPStatus.OK
    return visit.shown("customer_sign_in.html", {"next": wanted, "said": said, "area": AREAS[home_of(wanted)]}, status)


def ended(visit: Visit, home: str) -> Response:
    """The door, for who has sent a form and is not signed in; then on to `home`."""
    said = Said(("请先登录", "Sign in first"), "登录已结束，没有做任何事。", "the session has ended; nothing was done")
    return at_door(visit, f"{root(visit.language)}{home}", said)
