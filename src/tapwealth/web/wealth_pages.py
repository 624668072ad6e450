"""The bank's wealth products on a customer's phone: what is raised, what one subscribes to, and what became of it."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from tapwealth.deposits.deposit import percent
from tapwealth.flows.customers.page_sessions import CustomerSession
from tapwealth.flows.deposits import deposit_counter, raise_counter, raise_shown
from tapwealth.flows.deposits.raise_counter import WealthQuoted
from tapwealth.flows.deposits.raise_sale import TERMS, CancelWealth, SubscribeWealth
from tapwealth.flows.frame import Envelope
from tapwealth.kernel.clock import SHANGHAI
from tapwealth.kernel.refusal import Outage, Refusal
from tapwealth.web.customer import CustomerPages, Wrong, fen_in, identifier_of, number_in, who_of
from tapwealth.web.forms import Form
from tapwealth.web.page import in_each_language, root
from tapwealth.web.posting import UNKNOWN, a_key, give, go
from tapwealth.web.said import Said, said_of
from tapwealth.web.wealth_wording import chinese

WEALTH_COMMANDS = ("subscribe_wealth", "cancel_wealth")
"""Names of the commands that these pages give."""
_NOT_TAKEN = ("没有认购", "Nothing was subscribed to")
_NOT_DONE = ("没有办成", "Nothing was done")
_OF_AMOUNT = ("BELOW_MINIMUM", "NOT_IN_STEPS", "ABOVE_CAP", "NO_MONEY")
_OVER = ("failed", "paid")


def wealth_pages(pages: CustomerPages) -> list[BaseRoute]:
    """Routes in both languages."""
    wealth = Wealth(pages)
    return [
        *in_each_language("/wealth", pages.signed(wealth.listed)),
        *in_each_language("/wealth/cancel", pages.given(wealth.cancel), ("POST",)),
        *in_each_language("/wealth/new/{product}", pages.signed(wealth.sheet)),
        *in_each_language("/wealth/new/{product}", pages.given(wealth.subscribe), ("POST",)),
    ]


class Wealth:
    """Each method answers one form, or shows it."""

    def __init__(self, pages: CustomerPages) -> None:
        self._pages, self._house = pages, pages.house

    async def listed(
        self, request: Request, language: str, session: CustomerSession, said: Said | None = None, key: tuple[UUID, str] | None = None
    ) -> Response:
        """What they have subscribed to, and what is raised. `key`: of the form of a subscription, if it was sent before."""
        async with self._house.database.read() as tx:
            held = await raise_shown.held(tx, *who_of(session))
            raised = await raise_shown.shown(tx)
        values = {
            "held": held,
            "open": {one.product for one in raised if one.state == "open"},
            "raised": [one for one in raised if one.state not in _OVER],
            "over": [one for one in raised if one.state in _OVER],
            "said": said, "percent": percent, "at": _at, "key_of": lambda of: key[1] if key and key[0] == of else a_key(),
        }  # fmt: skip
        return await self._pages.shown(request, language, "wealth.html", values, session=session)

    async def cancel(self, request: Request, language: str, session: CustomerSession, form: Form) -> Response:
        """A subscription is taken back."""
        of = identifier_of(form["subscription"])
        try:
            made = await self._pages.give("cancel_wealth", session, form["key"], language, CancelWealth(of))
        except Outage:
            return await self.listed(request, language, session, UNKNOWN, (of, form["key"]))
        if isinstance(made, Refusal):
            return await self.listed(request, language, session, said_of(made, _NOT_DONE, chinese=chinese))
        return go(f"{root(language)}/wealth#s-{of}")

    async def sheet(
        self,
        request: Request,
        language: str,
        session: CustomerSession,
        *,
        given: Mapping[str, str] | None = None,
        wrong: Wrong | None = None,
        said: Said | None = None,
    ) -> Response:
        """What it is, and the form of an order."""
        async with self._house.database.read() as tx:
            shelf = await raise_counter.one(tx, request.path_params["product"], language)
            free = await deposit_counter.available(self._house, tx, *who_of(session))
        if shelf is None:
            return await self._pages.nothing(request, language)
        values = {
            "one": shelf.shown,
            "offer": shelf.offer,
            "given": given or {},
            "wrong": wrong or {},
            "said": said,
            "free": free,
            "key": a_key(),
        }
        return await self._pages.shown(request, language, "wealth_sheet.html", values, session=session)

    async def subscribe(self, request: Request, language: str, session: CustomerSession, form: Form) -> Response:
        """First what is agreed to, then, with `do` = agree, the order."""
        amount = fen_in(form, "amount", "没有填写金额")
        if form["do"] == "back" or not isinstance(amount, int):
            wrong = {} if form["do"] == "back" or isinstance(amount, int) else {"amount": amount}
            return await self.sheet(request, language, session, given=form.fields, wrong=wrong)
        command = SubscribeWealth(request.path_params["product"], amount, [TERMS], number_in(form, "given"))
        if form["do"] != "agree" or command.given is None:
            return await self._confirm(request, language, session, form, command, a_key())
        try:
            made = await self._pages.give("subscribe_wealth", session, form["key"], language, command)
        except Outage:
            return await self._confirm(request, language, session, form, command, form["key"], UNKNOWN)
        if isinstance(made, Refusal) and made.code.name == "AMOUNT_DIFFERS":
            return await self._confirm(request, language, session, form, command, a_key(), said_of(made, _NOT_TAKEN, chinese=chinese))
        if isinstance(made, Refusal):
            return await self._refused(request, language, session, form, made)
        return go(f"{root(language)}/wealth#s-{made.subscription}")

    async def _confirm(
        self,
        request: Request,
        language: str,
        session: CustomerSession,
        form: Form,
        command: SubscribeWealth,
        key: str,
        said: Said | None = None,
    ) -> Response:
        """As it would be now; but where the outcome of the same form is not known, that says nothing."""
        quoted: WealthQuoted | Refusal | None = None
        if said is not UNKNOWN:
            quoted = await give(self._house, self._quote, a_key(), session.caller, language, command)
        if isinstance(quoted, Refusal):
            return await self._refused(request, language, session, form, quoted)
        async with self._house.database.read() as tx:
            shelf = quoted.shelf if quoted else await raise_counter.one(tx, command.product, language)
        if shelf is None:
            return await self._pages.nothing(request, language)
        values = {
            "one": shelf.shown,
            "offer": shelf.offer,
            "quoted": quoted,
            "amount": command.amount,
            "given": quoted.given if quoted else command.given,
            "key": key,
            "said": said,
            "percent": percent,
        }
        return await self._pages.shown(request, language, "wealth_confirm.html", values, session=session)

    async def _quote(self, envelope: Envelope, command: SubscribeWealth) -> WealthQuoted | Refusal:
        return await raise_counter.quote(self._house, envelope, command)

    async def _refused(self, request: Request, language: str, session: CustomerSession, form: Form, no: Refusal) -> Response:
        """Beside the amount, if it is about that."""
        if no.code.name in _OF_AMOUNT:
            wrong = {"amount": (chinese(no.text) or no.text, no.text)}
            return await self.sheet(request, language, session, given=form.fields, wrong=wrong)
        return await self.sheet(request, language, session, given=form.fields, said=said_of(no, _NOT_TAKEN, chinese=chinese))


def _at(instant: datetime) -> str:
    return f"{instant.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"
