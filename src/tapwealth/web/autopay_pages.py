"""Autopay on a customer's phone: what is agreed to, changed and ended, with the terms that the record of the agreement keeps.

The same commands as over HTTP, under idempotency keys that the forms carry: a form that is sent twice does nothing twice.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple
from uuid import UUID

from starlette.responses import Response
from starlette.routing import BaseRoute

from tapwealth.bills.autopay import MOST_NOTICE, PayWhen
from tapwealth.bills.biller import AmountMode
from tapwealth.bills.inputs import ACCOUNT_NUMBER, in_order
from tapwealth.flows.bills.autopay import AgreeAutopay, ChangeAutopay, EndAutopay, usual_day
from tapwealth.flows.reports import bill_counter
from tapwealth.flows.reports.bill_counter import Payable
from tapwealth.kernel.refusal import Outage, Refusal
from tapwealth.web.bill_pages import filled_in
from tapwealth.web.bill_wording import chinese
from tapwealth.web.customer import CustomerPages
from tapwealth.web.fields import Wrong, fen_in, identifier_of
from tapwealth.web.forms import Form
from tapwealth.web.page import in_each_language
from tapwealth.web.posting import UNKNOWN, a_key
from tapwealth.web.said import Said, said_of
from tapwealth.web.visit import FRESH, Back, Visit

AUTOPAY_COMMANDS = ("agree_autopay", "change_autopay", "end_autopay")
"""Names of the commands that these pages give."""
_NOT_AGREED = ("没有开通", "Nothing was agreed")
_NOT_CHANGED = ("没有更改", "Nothing was changed")


def autopay_pages(pages: CustomerPages) -> list[BaseRoute]:
    """Routes in both languages."""
    return [
        *in_each_language("/autopays", pages.signed(listed)),
        *in_each_language("/autopays/new/{biller}/{item}", pages.open(sheet)),
        *in_each_language("/autopays/new/{biller}/{item}", pages.given(agree), ("POST",)),
        *in_each_language("/autopays/{autopay}/change", pages.given(change), ("POST",)),
        *in_each_language("/autopays/{autopay}/end", pages.given(end), ("POST",)),
    ]


class Terms(NamedTuple):
    """What a customer chose: fen for one bill at most, what pays it beside the wallet, when, and how many days ahead they are told."""

    most: int
    fund: str
    card: UUID | None
    when: PayWhen
    notice: int


async def listed(visit: Visit, back: Back = FRESH) -> Response:
    """Those that stand, with what may be changed; below them those that are over. A form is about the agreement that it is answered for."""
    async with visit.house.database.read() as tx:
        found = await bill_counter.autopays(tx, *visit.who)
        money = await bill_counter.money(visit.house, tx, *visit.who)
    standing = [one for one in found if one.state == "active"]
    values = {
        **back.values(), "standing": standing, "over": [one for one in found if one.state != "active"], "money": money,
        "notices": range(1, MOST_NOTICE + 1), "keys": {one.autopay: (back.key_of(one.autopay), a_key()) for one in standing},
    }  # fmt: skip
    return visit.shown("autopays.html", values)


async def sheet(visit: Visit) -> Response:
    """The form of a new one."""
    one = await _payable(visit)
    if one is None:
        return visit.nothing()
    if visit.session is None:
        return visit.to_door()
    return await _sheet(visit, one)


async def _sheet(visit: Visit, one: Payable, back: Back = FRESH) -> Response:
    async with visit.house.database.read() as tx:
        money = await bill_counter.money(visit.house, tx, *visit.who)
    values = {
        **back.values(), "one": one, "fields": in_order(one.item.fields), "given": back.given or {"when": usual_day(one.item).value},
        "money": money, "notices": range(1, MOST_NOTICE + 1),
    }  # fmt: skip
    return visit.shown("autopay_sheet.html", values)


async def agree(visit: Visit, form: Form) -> Response:
    """First the terms once more, then, with `do` = agree, the agreement."""
    if (one := await _payable(visit)) is None:
        return visit.nothing()
    given, wrong = filled_in(one.item.fields, form)
    terms = terms_in(form)
    if wrong or not isinstance(terms, Terms) or form["do"] == "back":
        lacking = {} if form["do"] == "back" else {**wrong, **(terms if not isinstance(terms, Terms) else {})}
        return await _sheet(visit, one, Back(form.fields, lacking))
    if form["do"] != "agree":
        return await _confirm(visit, one, given, terms, a_key())
    further = {name: value for name, value in given.items() if name != ACCOUNT_NUMBER}
    command = AgreeAutopay(
        one.code, given[ACCOUNT_NUMBER], terms.most, terms.fund, terms.when, terms.card, terms.notice, one.item.code, further
    )
    try:
        made = await visit.give("agree_autopay", form["key"], command)
    except Outage:
        return await _confirm(visit, one, given, terms, form["key"], UNKNOWN)
    if isinstance(made, Refusal):
        return await _sheet(visit, one, Back.refused(form, said_of(made, _NOT_AGREED, chinese=chinese)))
    return visit.go(f"/autopays#a-{made.autopay}")


async def _confirm(
    visit: Visit,
    one: Payable,
    given: Mapping[str, str],
    terms: Terms,
    key: str,
    said: Said | None = None,
) -> Response:
    async with visit.house.database.read() as tx:
        money = await bill_counter.money(visit.house, tx, *visit.who)
        offer = await bill_counter.offer(tx, one, visit.language)
    values = {
        "one": one, "fields": in_order(one.item.fields), "given": given, "terms": terms, "offer": offer, "key": key, "said": said,
        "source": next((of for of in money.sources if of.code == terms.fund), None),
        "card": next((shown for card, shown in money.cards if card == terms.card), ""),
    }  # fmt: skip
    return visit.shown("autopay_confirm.html", values)


async def change(visit: Visit, form: Form) -> Response:
    """Other terms for the same account."""
    about, terms = visit.path("autopay"), terms_in(form)
    if not isinstance(terms, Terms):
        return await listed(visit, Back(form.fields, terms, about=about))
    command = ChangeAutopay(identifier_of(about), terms.most, terms.fund, terms.when, terms.card, terms.notice)
    return await _give(visit, form, "change_autopay", command)


async def end(visit: Visit, form: Form) -> Response:
    """Nothing more is paid by it."""
    command = EndAutopay(visit.identifier("autopay"))
    return await _give(visit, form, "end_autopay", command)


async def _give(visit: Visit, form: Form, name: str, command: Any) -> Response:
    about = visit.path("autopay")
    try:
        made = await visit.give(name, form["key"], command)
    except Outage:
        return await listed(visit, Back.unsure(form, about))
    if isinstance(made, Refusal):
        return await listed(visit, Back.refused(form, said_of(made, _NOT_CHANGED, chinese=chinese), about=about))
    return visit.go(f"/autopays#a-{made.autopay}")


async def _payable(visit: Visit) -> Payable | None:
    async with visit.house.database.read() as tx:
        one = await bill_counter.payable(tx, visit.path("biller"), visit.path("item"))
    return one if one is not None and one.item.amount.mode is not AmountMode.PRESETS else None


def terms_in(form: Form) -> Terms | Wrong:
    """What was chosen, or what does not fit of it."""
    wrong: dict[str, tuple[str, str]] = {}
    most, notice = fen_in(form, "most", "没有填写上限"), form["notice"]
    if not isinstance(most, int):
        wrong["most"] = most
    if form["when"] not in (*PayWhen,):
        wrong["when"] = ("请选择缴费时间", "choose when it is paid")
    if notice not in {str(days) for days in range(1, MOST_NOTICE + 1)}:
        wrong["notice"] = (f"请选择提前 1 至 {MOST_NOTICE} 天", f"choose 1 to {MOST_NOTICE} days ahead")
    if wrong or not isinstance(most, int):
        return wrong
    card = identifier_of(form["card"]) if form["card"] else None
    return Terms(most, form["fund"][:20], card, PayWhen(form["when"]), int(notice))
