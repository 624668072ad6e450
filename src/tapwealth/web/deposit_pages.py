"""Deposits on a customer's phone: what can be opened and at which rates, what one has, and what deposit insurance covers of it."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from tapwealth.deposits.deposit import TERMS, WISHES, AtMaturity, Wish, percent
from tapwealth.deposits.product import Term
from tapwealth.flows.customers.page_sessions import CustomerSession
from tapwealth.flows.deposits import deposit_counter, shown, withdrawal_quote, worth
from tapwealth.flows.deposits.at_notice import CancelDepositNotice, GiveDepositNotice
from tapwealth.flows.deposits.demand import PayIntoDeposit
from tapwealth.flows.deposits.deposit_offer import INSURED
from tapwealth.flows.deposits.opening import OpenDeposit
from tapwealth.flows.deposits.withdrawal_quote import WouldPay
from tapwealth.flows.deposits.withdrawing import InstructDeposit, WithdrawDeposit
from tapwealth.kernel.refusal import BadInput, Outage, Refusal
from tapwealth.web.customer import CustomerPages, Wrong, fen_in, identifier_of, number_in, shown_in, who_of
from tapwealth.web.deposit_wording import chinese
from tapwealth.web.forms import Form
from tapwealth.web.page import in_each_language, root
from tapwealth.web.posting import UNKNOWN, a_key, go
from tapwealth.web.said import Said, said_of

DEPOSIT_COMMANDS = (
    "open_deposit", "withdraw_deposit", "instruct_deposit", "pay_into_deposit", "give_deposit_notice", "cancel_deposit_notice",
)  # fmt: skip
"""Names of the commands that these pages give."""
_NOT_OPENED = ("没有存入", "Nothing was opened")
_NOT_DONE = ("没有办成", "Nothing was done")
_FIELDS = {
    "BELOW_MINIMUM": "amount", "ABOVE_MAXIMUM": "amount", "NO_MONEY": "amount", "TERM_NOT_OFFERED": "term", "NOT_RENEWED": "at_maturity",
}  # fmt: skip
"""Beside which field a refusal is said."""
_AMOUNTS = {"take": "take-amount", "pay": "pay-amount", "notify": "notify-amount"}
"""The field of an amount, by what one is about to do with a deposit."""
_OF_AMOUNT = (
    "ABOVE_MAXIMUM", "NO_MONEY", "ONLY_WHOLE", "MORE_THAN_THERE_IS", "LEAVES_TOO_LITTLE", "TOO_LITTLE", "MORE_THAN_FREE", "DAY_TAKEN",
)  # fmt: skip


class Doing(NamedTuple):
    """What somebody is about to do with one of their deposits: `do` with `given` in its field. What is wrong of it, or `said`; `key`: of
    its form, if it was sent before. `pays`: what would come out; `sure`: fen of principal and interest that they were shown, to confirm."""

    do: str = ""
    given: str = ""
    wrong: Wrong = MappingProxyType({})
    said: Said | None = None
    key: str = ""
    pays: WouldPay | None = None
    sure: tuple[int, int] | None = None


_LOOKING = Doing()


def deposit_pages(pages: CustomerPages) -> list[BaseRoute]:
    """Routes in both languages."""
    deposits = Deposits(pages)
    return [
        *in_each_language("/deposits", pages.signed(deposits.listed)),
        *in_each_language("/deposits/new/{product}", pages.signed(deposits.sheet)),
        *in_each_language("/deposits/new/{product}", pages.given(deposits.open), ("POST",)),
        *in_each_language("/deposits/{deposit}", pages.signed(deposits.one)),
        *in_each_language("/deposits/{deposit}/instruct", pages.given(deposits.instruct), ("POST",)),
        *in_each_language("/deposits/{deposit}/withdraw", pages.given(deposits.withdraw), ("POST",)),
        *in_each_language("/deposits/{deposit}/pay-in", pages.given(deposits.pay_in), ("POST",)),
        *in_each_language("/deposits/{deposit}/notices", pages.given(deposits.notify), ("POST",)),
        *in_each_language("/deposits/{deposit}/notices/cancel", pages.given(deposits.no_longer), ("POST",)),
    ]


class Deposits:
    """Each method answers one form, or shows it."""

    def __init__(self, pages: CustomerPages) -> None:
        self._pages, self._house = pages, pages.house

    async def listed(self, request: Request, language: str, session: CustomerSession) -> Response:
        """What they have, what is covered of it, and what can be opened."""
        async with self._house.database.read() as tx:
            held = await shown.held(tx, *who_of(session))
            insured = await worth.insured(tx, *who_of(session))
            offered = await deposit_counter.on_offer(tx)
        values = {
            "held": [one for one in held if one.state != "closed"], "closed": [one for one in held if one.state == "closed"],
            "insured": insured, "limit": INSURED, "offered": offered, "percent": percent,
        }  # fmt: skip
        return await self._pages.shown(request, language, "deposits.html", values, session=session)

    async def one(self, request: Request, language: str, session: CustomerSession, doing: Doing = _LOOKING) -> Response:
        """All that happened to it, and what can be done with it."""
        async with self._house.database.read() as tx:
            one = await shown.shown(tx, *who_of(session), identifier_of(request.path_params["deposit"]))
            offer = None if isinstance(one, Refusal) else await deposit_counter.one_offered(tx, one.product)
            free = await deposit_counter.available(self._house, tx, *who_of(session))
        if isinstance(one, Refusal):
            return await self._pages.nothing(request, language)
        wishes = wishes_of(renews=one.at_maturity == AtMaturity.RENEW or (offer is not None and offer.renews))
        values = {
            "one": one, "doing": doing, "said": doing.said, "wrong": doing.wrong, "fresh": a_key, "free": free, "wishes": wishes,
            "notice": offer.notice if offer else 0, "percent": percent,
        }  # fmt: skip
        return await self._pages.shown(request, language, "deposit.html", values, session=session)

    async def instruct(self, request: Request, language: str, session: CustomerSession, form: Form) -> Response:
        """What becomes of it when it is due."""
        if form["at_maturity"] not in (*AtMaturity,):
            said = Said(_NOT_DONE, "请选择到期后的处理", "choose what becomes of it")
            return await self.one(request, language, session, Doing(said=said))
        command = InstructDeposit(identifier_of(request.path_params["deposit"]), AtMaturity(form["at_maturity"]))
        return await self._give(request, language, session, form["key"], "instruct_deposit", command, Doing("instruct"))

    async def withdraw(self, request: Request, language: str, session: CustomerSession, form: Form) -> Response:
        """First what so much of it would bring today (nothing filled in: all of it), then, with `do` = take, that."""
        doing, amount = Doing("take", form["take-amount"].strip()), None
        if form["do"] == "back":
            return await self.one(request, language, session, doing)
        if doing.given:
            found = fen_in(form, "take-amount", "")
            if not isinstance(found, int):
                return await self.one(request, language, session, doing._replace(wrong={"take-amount": found}))
            amount = found
        deposit, interest = identifier_of(request.path_params["deposit"]), number_in(form, "interest")
        if form["do"] == "take" and interest is not None:
            doing = doing._replace(sure=(shown_in(form, "principal"), interest))
            command = WithdrawDeposit(deposit, shown_in(form, "principal"), interest)
            return await self._give(request, language, session, form["key"], "withdraw_deposit", command, doing)
        async with self._house.database.read() as tx:
            pays = await withdrawal_quote.would_pay(tx, *who_of(session), deposit, amount, None)
        if isinstance(pays, Refusal):
            return await self._refused_of(request, language, session, doing, pays)
        return await self.one(request, language, session, doing._replace(pays=pays, sure=(pays.principal, pays.interest)))

    async def pay_in(self, request: Request, language: str, session: CustomerSession, form: Form) -> Response:
        """So much more from the wallet."""
        return await self._with_amount(request, language, session, form, "pay", "pay_into_deposit", PayIntoDeposit)

    async def notify(self, request: Request, language: str, session: CustomerSession, form: Form) -> Response:
        """That so much will be taken out."""
        return await self._with_amount(request, language, session, form, "notify", "give_deposit_notice", GiveDepositNotice)

    async def _with_amount(
        self, request: Request, language: str, session: CustomerSession, form: Form, do: str, name: str, command: type
    ) -> Response:
        field = _AMOUNTS[do]
        doing, amount = Doing(do, form[field].strip()), fen_in(form, field, "没有填写金额")
        if not isinstance(amount, int):
            return await self.one(request, language, session, doing._replace(wrong={field: amount}))
        given = command(identifier_of(request.path_params["deposit"]), amount)
        return await self._give(request, language, session, form["key"], name, given, doing)

    async def no_longer(self, request: Request, language: str, session: CustomerSession, form: Form) -> Response:
        """A notice is taken back."""
        command = CancelDepositNotice(identifier_of(form["notice"]))
        return await self._give(request, language, session, form["key"], "cancel_deposit_notice", command, Doing(form["notice"]))

    async def _give(
        self, request: Request, language: str, session: CustomerSession, key: str, name: str, command: Any, doing: Doing
    ) -> Response:
        try:
            made = await self._pages.give(name, session, key, language, command)
        except Outage:
            return await self.one(request, language, session, doing._replace(said=UNKNOWN, key=key))
        except BadInput as error:
            said = said_of(error, _NOT_DONE, chinese=chinese)
            return await self.one(request, language, session, doing._replace(sure=None, said=said))
        if isinstance(made, Refusal):
            return await self._refused_of(request, language, session, doing._replace(sure=None), made)
        return go(f"{root(language)}/deposits/{request.path_params['deposit']}")

    async def _refused_of(self, request: Request, language: str, session: CustomerSession, doing: Doing, no: Refusal) -> Response:
        """Beside its amount, if it is about that."""
        if no.code.name in _OF_AMOUNT and doing.do in _AMOUNTS:
            wrong = {_AMOUNTS[doing.do]: (chinese(no.text) or no.text, no.text)}
            return await self.one(request, language, session, doing._replace(wrong=wrong))
        return await self.one(request, language, session, doing._replace(said=said_of(no, _NOT_DONE, chinese=chinese)))

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
        """The form of a new one."""
        async with self._house.database.read() as tx:
            one = await deposit_counter.one_offered(tx, request.path_params["product"])
            free = await deposit_counter.available(self._house, tx, *who_of(session))
        if one is None:
            return await self._pages.nothing(request, language)
        values = {
            "one": one, "given": given or {"at_maturity": AtMaturity.PAY.value}, "wrong": wrong or {}, "said": said, "free": free,
            "key": a_key(), "wishes": wishes_of(renews=one.renews),
        }  # fmt: skip
        return await self._pages.shown(request, language, "deposit_sheet.html", values, session=session)

    async def open(self, request: Request, language: str, session: CustomerSession, form: Form) -> Response:
        """First what is agreed to, then, with `do` = agree, the deposit."""
        wish = wish_in(form)
        if not isinstance(wish, Wish) or form["do"] == "back":
            wrong = {} if isinstance(wish, Wish) or form["do"] == "back" else wish
            return await self.sheet(request, language, session, given=form.fields, wrong=wrong)
        if form["do"] != "agree" or wish.rate is None:
            return await self._confirm(request, language, session, form, wish, a_key())
        product = request.path_params["product"]
        command = OpenDeposit(product, wish.amount, [TERMS], wish.term, wish.at_maturity, wish.rate)
        try:
            made = await self._pages.give("open_deposit", session, form["key"], language, command)
        except Outage:
            return await self._confirm(request, language, session, form, wish, form["key"], UNKNOWN)
        if isinstance(made, Refusal):
            return await self._refused(request, language, session, form, made)
        return go(f"{root(language)}/deposits#d-{made.deposit}")

    async def _confirm(
        self, request: Request, language: str, session: CustomerSession, form: Form, wish: Wish, key: str, said: Said | None = None
    ) -> Response:
        product, who = request.path_params["product"], who_of(session)
        async with self._house.database.read() as tx:
            one = await deposit_counter.one_offered(tx, product)
            free = await deposit_counter.available(self._house, tx, *who)
            asked = wish if said else wish._replace(rate=None)
            quoted = await deposit_counter.quote(tx, product, asked, wish.amount if said else free, language)
        if one is None:
            return await self._pages.nothing(request, language)
        if isinstance(quoted, Refusal):
            return await self._refused(request, language, session, form, quoted)
        values = {
            "one": one, "wish": wish, "quoted": quoted, "key": key, "said": said, "percent": percent,
            "term": next((of.words for of in one.rates if of.term == wish.term), None),
            "becomes": WISHES[wish.at_maturity],
        }  # fmt: skip
        return await self._pages.shown(request, language, "deposit_confirm.html", values, session=session)

    async def _refused(self, request: Request, language: str, session: CustomerSession, form: Form, no: Refusal) -> Response:
        """Beside the field that it is about, if it is about one."""
        field = _FIELDS.get(no.code.name)
        wrong = {field: (chinese(no.text) or no.text, no.text)} if field else {}
        said = None if field else said_of(no, _NOT_OPENED, chinese=chinese)
        return await self.sheet(request, language, session, given=form.fields, wrong=wrong, said=said)


def wishes_of(*, renews: bool) -> list[tuple[AtMaturity, tuple[str, str]]]:
    """What may become of a deposit when it is due; `renews`: whether it can go on."""
    return [(wish, words) for wish, words in WISHES.items() if renews or wish is not AtMaturity.RENEW]


def wish_in(form: Form) -> Wish | Wrong:
    """What was chosen, or what does not fit of it."""
    wrong: dict[str, tuple[str, str]] = {}
    amount = fen_in(form, "amount", "没有填写金额")
    if not isinstance(amount, int):
        wrong["amount"] = amount
    if form["term"] not in ("", *Term):
        wrong["term"] = ("请选择存期", "choose a term")
    wanted = form["at_maturity"] or AtMaturity.PAY.value
    if wanted not in (*AtMaturity,):
        wrong["at_maturity"] = ("请选择到期后的处理", "choose what becomes of it")
    if wrong or not isinstance(amount, int):
        return wrong
    return Wish(amount, Term(form["term"]) if form["term"] else None, AtMaturity(wanted), number_in(form, "rate"), [TERMS])
