"""Deposits on a customer's phone: what can be opened and at which rates, what one has, and what deposit insurance covers of it."""

from types import MappingProxyType
from typing import Any, NamedTuple

from starlette.responses import Response
from starlette.routing import BaseRoute

from tapwealth.bank.partner import named
from tapwealth.deposits.deposit import TERMS, WISHES, AtMaturity, Wish, percent
from tapwealth.deposits.product import Term
from tapwealth.flows.deposits import deposit_counter, shown, withdrawal_quote, worth
from tapwealth.flows.deposits.at_notice import CancelDepositNotice, GiveDepositNotice
from tapwealth.flows.deposits.demand import PayIntoDeposit
from tapwealth.flows.deposits.deposit_offer import INSURED
from tapwealth.flows.deposits.opening import OpenDeposit
from tapwealth.flows.deposits.withdrawal_quote import WouldPay
from tapwealth.flows.deposits.withdrawing import InstructDeposit, WithdrawDeposit
from tapwealth.kernel.refusal import BadInput, Outage, Refusal
from tapwealth.web.customer import CustomerPages
from tapwealth.web.deposit_wording import chinese
from tapwealth.web.fields import Wrong, fen_in, identifier_of, number_in, shown_in
from tapwealth.web.forms import Form
from tapwealth.web.page import in_each_language
from tapwealth.web.posting import UNKNOWN, a_key
from tapwealth.web.said import Said, said_of
from tapwealth.web.visit import FRESH, Back, Visit

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
    return [
        *in_each_language("/deposits", pages.signed(listed)),
        *in_each_language("/deposits/new/{product}", pages.signed(sheet)),
        *in_each_language("/deposits/new/{product}", pages.given(open_deposit), ("POST",)),
        *in_each_language("/deposits/{deposit}", pages.signed(deposit_page)),
        *in_each_language("/deposits/{deposit}/instruct", pages.given(instruct), ("POST",)),
        *in_each_language("/deposits/{deposit}/withdraw", pages.given(withdraw), ("POST",)),
        *in_each_language("/deposits/{deposit}/pay-in", pages.given(pay_in), ("POST",)),
        *in_each_language("/deposits/{deposit}/notices", pages.given(notify), ("POST",)),
        *in_each_language("/deposits/{deposit}/notices/cancel", pages.given(no_longer), ("POST",)),
    ]


async def listed(visit: Visit) -> Response:
    """What they have, what is covered of it, and what can be opened."""
    async with visit.house.database.read() as tx:
        held = await shown.held(tx, *visit.who)
        insured = await worth.insured(tx, *visit.who)
        offered = await deposit_counter.on_offer(tx)
    values = {
        "held": [one for one in held if one.state != "closed"], "closed": [one for one in held if one.state == "closed"],
        "insured": insured, "limit": INSURED, "named": named, "offered": offered, "percent": percent,
    }  # fmt: skip
    return visit.shown("deposits.html", values)


async def deposit_page(visit: Visit, doing: Doing = _LOOKING) -> Response:
    """All that happened to it, and what can be done with it."""
    async with visit.house.database.read() as tx:
        one = await shown.shown(tx, *visit.who, visit.identifier("deposit"))
        offer = None if isinstance(one, Refusal) else await deposit_counter.one_offered(tx, one.product)
        free = await deposit_counter.available(visit.house, tx, *visit.who)
    if isinstance(one, Refusal):
        return visit.nothing()
    wishes = wishes_of(renews=one.at_maturity == AtMaturity.RENEW or (offer is not None and offer.renews))
    values = {
        "one": one, "doing": doing, "said": doing.said, "wrong": doing.wrong, "fresh": a_key, "free": free, "wishes": wishes,
        "notice": offer.notice if offer else 0, "percent": percent,
    }  # fmt: skip
    return visit.shown("deposit.html", values)


async def instruct(visit: Visit, form: Form) -> Response:
    """What becomes of it when it is due."""
    if form["at_maturity"] not in (*AtMaturity,):
        said = Said(_NOT_DONE, "请选择到期后的处理", "choose what becomes of it")
        return await deposit_page(visit, Doing(said=said))
    command = InstructDeposit(visit.identifier("deposit"), AtMaturity(form["at_maturity"]))
    return await _give(visit, form["key"], "instruct_deposit", command, Doing("instruct"))


async def withdraw(visit: Visit, form: Form) -> Response:
    """First what so much of it would bring today (nothing filled in: all of it), then, with `do` = take, that."""
    doing, amount = Doing("take", form["take-amount"].strip()), None
    if form["do"] == "back":
        return await deposit_page(visit, doing)
    if doing.given:
        found = fen_in(form, "take-amount", "")
        if not isinstance(found, int):
            return await deposit_page(visit, doing._replace(wrong={"take-amount": found}))
        amount = found
    deposit, interest = visit.identifier("deposit"), number_in(form, "interest")
    if form["do"] == "take" and interest is not None:
        doing = doing._replace(sure=(shown_in(form, "principal"), interest))
        command = WithdrawDeposit(deposit, shown_in(form, "principal"), interest)
        return await _give(visit, form["key"], "withdraw_deposit", command, doing)
    async with visit.house.database.read() as tx:
        pays = await withdrawal_quote.would_pay(tx, *visit.who, deposit, amount, None)
    if isinstance(pays, Refusal):
        return await _refused_of(visit, doing, pays)
    return await deposit_page(visit, doing._replace(pays=pays, sure=(pays.principal, pays.interest)))


async def pay_in(visit: Visit, form: Form) -> Response:
    """So much more from the wallet."""
    return await _with_amount(visit, form, "pay", "pay_into_deposit", PayIntoDeposit)


async def notify(visit: Visit, form: Form) -> Response:
    """That so much will be taken out."""
    return await _with_amount(visit, form, "notify", "give_deposit_notice", GiveDepositNotice)


async def _with_amount(visit: Visit, form: Form, do: str, name: str, command: type) -> Response:
    field = _AMOUNTS[do]
    doing, amount = Doing(do, form[field].strip()), fen_in(form, field, "没有填写金额")
    if not isinstance(amount, int):
        return await deposit_page(visit, doing._replace(wrong={field: amount}))
    given = command(visit.identifier("deposit"), amount)
    return await _give(visit, form["key"], name, given, doing)


async def no_longer(visit: Visit, form: Form) -> Response:
    """A notice is taken back."""
    command = CancelDepositNotice(identifier_of(form["notice"]))
    return await _give(visit, form["key"], "cancel_deposit_notice", command, Doing(form["notice"]))


async def _give(visit: Visit, key: str, name: str, command: Any, doing: Doing) -> Response:
    try:
        made = await visit.give(name, key, command)
    except Outage:
        return await deposit_page(visit, doing._replace(said=UNKNOWN, key=key))
    except BadInput as error:
        said = said_of(error, _NOT_DONE, chinese=chinese)
        return await deposit_page(visit, doing._replace(sure=None, said=said))
    if isinstance(made, Refusal):
        return await _refused_of(visit, doing._replace(sure=None), made)
    return visit.go(f"/deposits/{visit.path('deposit')}")


async def _refused_of(visit: Visit, doing: Doing, no: Refusal) -> Response:
    """Beside its amount, if it is about that."""
    if no.code.name in _OF_AMOUNT and doing.do in _AMOUNTS:
        wrong = {_AMOUNTS[doing.do]: (chinese(no.text) or no.text, no.text)}
        return await deposit_page(visit, doing._replace(wrong=wrong))
    return await deposit_page(visit, doing._replace(said=said_of(no, _NOT_DONE, chinese=chinese)))


async def sheet(visit: Visit, back: Back = FRESH) -> Response:
    """The form of a new one."""
    async with visit.house.database.read() as tx:
        one = await deposit_counter.one_offered(tx, visit.path("product"))
        free = await deposit_counter.available(visit.house, tx, *visit.who)
    if one is None:
        return visit.nothing()
    values = {
        **back.values(), "one": one, "given": back.given or {"at_maturity": AtMaturity.PAY.value}, "free": free,
        "wishes": wishes_of(renews=one.renews),
    }  # fmt: skip
    return visit.shown("deposit_sheet.html", values)


async def open_deposit(visit: Visit, form: Form) -> Response:
    """First what is agreed to, then, with `do` = agree, the deposit."""
    wish = wish_in(form)
    if not isinstance(wish, Wish) or form["do"] == "back":
        wrong = {} if isinstance(wish, Wish) or form["do"] == "back" else wish
        return await sheet(visit, Back(form.fields, wrong))
    if form["do"] != "agree" or wish.rate is None:
        return await _confirm(visit, form, wish, a_key())
    product = visit.path("product")
    command = OpenDeposit(product, wish.amount, [TERMS], wish.term, wish.at_maturity, wish.rate)
    try:
        made = await visit.give("open_deposit", form["key"], command)
    except Outage:
        return await _confirm(visit, form, wish, form["key"], UNKNOWN)
    if isinstance(made, Refusal):
        return await _refused(visit, form, made)
    return visit.go(f"/deposits#d-{made.deposit}")


async def _confirm(visit: Visit, form: Form, wish: Wish, key: str, said: Said | None = None) -> Response:
    product, who = visit.path("product"), visit.who
    async with visit.house.database.read() as tx:
        one = await deposit_counter.one_offered(tx, product)
        free = await deposit_counter.available(visit.house, tx, *who)
        asked = wish if said else wish._replace(rate=None)
        quoted = await deposit_counter.quote(tx, product, asked, wish.amount if said else free, visit.language)
    if one is None:
        return visit.nothing()
    if isinstance(quoted, Refusal):
        return await _refused(visit, form, quoted)
    values = {
        "one": one, "wish": wish, "quoted": quoted, "key": key, "said": said, "percent": percent,
        "term": next((of.words for of in one.rates if of.term == wish.term), None),
        "becomes": WISHES[wish.at_maturity],
    }  # fmt: skip
    return visit.shown("deposit_confirm.html", values)


async def _refused(visit: Visit, form: Form, no: Refusal) -> Response:
    return await sheet(visit, Back.refused(form, said_of(no, _NOT_OPENED, chinese=chinese), _FIELDS.get(no.code.name)))


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
