"""The bank's wealth products on a customer's phone: what is raised, what one subscribes to, and what became of it."""

from datetime import datetime
from functools import partial
from uuid import UUID

from starlette.responses import Response
from starlette.routing import BaseRoute

from tapwealth.deposits.deposit import percent
from tapwealth.flows.deposits import deposit_counter, raise_counter, raise_shown
from tapwealth.flows.deposits.raise_counter import WealthQuoted
from tapwealth.flows.deposits.raise_sale import TERMS, CancelWealth, SubscribeWealth
from tapwealth.flows.funds import suitability
from tapwealth.flows.funds.suitability import ConfirmWarning, WarningView
from tapwealth.kernel.clock import SHANGHAI
from tapwealth.kernel.refusal import Outage, Refusal
from tapwealth.web.customer import CustomerPages
from tapwealth.web.fields import fen_in, identifier_of, number_in
from tapwealth.web.forms import Form
from tapwealth.web.page import in_each_language
from tapwealth.web.posting import UNKNOWN, a_key
from tapwealth.web.said import Said, said_of
from tapwealth.web.visit import FRESH, Back, Visit
from tapwealth.web.wealth_wording import chinese

WEALTH_COMMANDS = ("subscribe_wealth", "cancel_wealth", "confirm_warning")
"""Names of the commands that these pages give."""
_NOT_TAKEN = ("没有认购", "Nothing was subscribed to")
_NOT_DONE = ("没有办成", "Nothing was done")
_OF_AMOUNT = ("BELOW_MINIMUM", "NOT_IN_STEPS", "ABOVE_CAP", "NO_MONEY")
_OVER = ("failed", "paid")


def wealth_pages(pages: CustomerPages) -> list[BaseRoute]:
    """Routes in both languages."""
    return [
        *in_each_language("/wealth", pages.signed(listed)),
        *in_each_language("/wealth/cancel", pages.given(cancel), ("POST",)),
        *in_each_language("/wealth/new/{product}", pages.signed(sheet)),
        *in_each_language("/wealth/new/{product}", pages.given(subscribe), ("POST",)),
    ]


async def listed(visit: Visit, said: Said | None = None, key: tuple[UUID, str] | None = None) -> Response:
    """What they have subscribed to, and what is raised. `key`: of the form of a subscription, if it was sent before."""
    async with visit.house.database.read() as tx:
        held = await raise_shown.held(tx, *visit.who)
        raised = await raise_shown.shown(tx)
        planned = await raise_counter.planned(visit.house, tx, sorted({one.product for one in held if one.begins_on}))
    values = {
        "planned": planned,
        "held": held,
        "open": {one.product for one in raised if one.state == "open"},
        "raised": [one for one in raised if one.state not in _OVER],
        "over": [one for one in raised if one.state in _OVER],
        "said": said, "percent": percent, "at": _at, "key_of": lambda of: key[1] if key and key[0] == of else a_key(),
    }  # fmt: skip
    return visit.shown("wealth.html", values)


async def cancel(visit: Visit, form: Form) -> Response:
    """A subscription is taken back."""
    of = identifier_of(form["subscription"])
    try:
        made = await visit.give("cancel_wealth", form["key"], CancelWealth(of))
    except Outage:
        return await listed(visit, UNKNOWN, (of, form["key"]))
    if isinstance(made, Refusal):
        return await listed(visit, said_of(made, _NOT_DONE, chinese=chinese))
    return visit.go(f"/wealth#s-{of}")


async def sheet(visit: Visit, back: Back = FRESH, warning: WarningView | None = None) -> Response:
    """What it is, and the form of an order; behind a `warning`, where there is one to confirm."""
    async with visit.house.database.read() as tx:
        shelf = await raise_counter.one(tx, visit.path("product"), visit.language)
        free = await deposit_counter.available(visit.house, tx, *visit.who)
    if shelf is None:
        return visit.nothing()
    values = {
        **back.values(),
        "warning": warning,
        "one": shelf.shown,
        "offer": shelf.offer,
        "free": free,
    }
    return visit.shown("wealth_sheet.html", values)


async def subscribe(visit: Visit, form: Form) -> Response:
    """First what is agreed to, then, with `do` = agree, the order."""
    amount = fen_in(form, "amount", "没有填写金额")
    if form["do"] == "back" or not isinstance(amount, int):
        wrong = {} if form["do"] == "back" or isinstance(amount, int) else {"amount": amount}
        return await sheet(visit, Back(form.fields, wrong))
    command = SubscribeWealth(visit.path("product"), amount, [TERMS], number_in(form, "given"))
    if form["do"] == "warned":
        return await _warned(visit, form, command)
    if form["do"] != "agree" or command.given is None:
        return await _confirm(visit, form, command, a_key())
    try:
        made = await visit.give("subscribe_wealth", form["key"], command)
    except Outage:
        return await _confirm(visit, form, command, form["key"], UNKNOWN)
    if isinstance(made, Refusal) and made.code.name == "AMOUNT_DIFFERS":
        return await _confirm(visit, form, command, a_key(), said_of(made, _NOT_TAKEN, chinese=chinese))
    if isinstance(made, Refusal):
        return await _refused(visit, form, made)
    return visit.go(f"/wealth#s-{made.subscription}")


async def _warned(visit: Visit, form: Form, command: SubscribeWealth) -> Response:
    """The special warning is read, and is on record; then as before."""
    try:
        made = await visit.give("confirm_warning", form["key"], ConfirmWarning(command.product))
    except Outage:
        return await sheet(visit, Back.unsure(form), await _warning(visit))
    return await _refused(visit, form, made) if isinstance(made, Refusal) else await _confirm(visit, form, command, a_key())


async def _warning(visit: Visit) -> WarningView | None:
    """What is still to be read before this product is sold to them."""
    async with visit.house.database.read() as tx:
        above = (await suitability.shown(tx, *visit.who)).warnings
    return next((one for one in above if one.fund == visit.path("product") and not one.confirmed), None)


async def _confirm(
    visit: Visit,
    form: Form,
    command: SubscribeWealth,
    key: str,
    said: Said | None = None,
) -> Response:
    """As it would be now; but where the outcome of the same form is not known, that says nothing."""
    quoted: WealthQuoted | Refusal | None = None
    if said is not UNKNOWN:
        quoted = await visit.run(partial(raise_counter.quote, visit.house), command)
    if isinstance(quoted, Refusal):
        return await _refused(visit, form, quoted)
    async with visit.house.database.read() as tx:
        shelf = quoted.shelf if quoted else await raise_counter.one(tx, command.product, visit.language)
    if shelf is None:
        return visit.nothing()
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
    return visit.shown("wealth_confirm.html", values)


async def _refused(visit: Visit, form: Form, no: Refusal) -> Response:
    """Beside the amount, if it is about that."""
    field = "amount" if no.code.name in _OF_AMOUNT else None
    warning = await _warning(visit) if no.code.name == "RISK_TOO_HIGH" else None
    return await sheet(visit, Back.refused(form, said_of(no, _NOT_TAKEN, chinese=chinese), field), warning)


def _at(instant: datetime) -> str:
    return f"{instant.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"
