"""Bills on a customer's phone: the directory with its search, a biller's form, what an account owes, how much is paid, and the receipt.

The same commands as over HTTP, under idempotency keys that the forms carry: a form that is sent twice does nothing twice. What does not fit
is answered beside the field that it stands in.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from starlette.responses import Response
from starlette.routing import BaseRoute

from tapwealth.bills.bill import NO_BILL, Bill
from tapwealth.bills.biller import BillerItem, Inquiry
from tapwealth.bills.inputs import ACCOUNT_NUMBER, InputField, in_order
from tapwealth.bills.region import read_region
from tapwealth.flows.bills import paying
from tapwealth.flows.bills.paying import BillPaymentPlaced, BillsPresented, PresentedBill
from tapwealth.flows.reports import bill_counter
from tapwealth.flows.reports.bill_counter import Payable, Presented
from tapwealth.kernel.refusal import BadInput, Outage, Refusal
from tapwealth.web.bill_wording import chinese
from tapwealth.web.customer import CustomerPages
from tapwealth.web.fields import Wrong, fen_in, identifier_of
from tapwealth.web.forms import Form
from tapwealth.web.page import in_each_language
from tapwealth.web.posting import UNKNOWN, a_key
from tapwealth.web.said import Said, said_of
from tapwealth.web.visit import FRESH, Back, Visit

WHILE_UNDER_WAY, PAID_SHOWN = 3, 5
"""Seconds after which a receipt looks again; payments that the directory shows."""
BILL_COMMANDS = ("inquire_bill", "pay_bill", "pay_account")
"""Names of the commands that these pages give."""
_NOT_PAID = ("没有缴费", "Nothing was paid")
_NO_ANSWER = Said(
    ("缴费机构没有应答", "The biller does not answer"),
    "没有查到账单。请稍后再查询一次。",
    "nothing was found out; ask again in a moment",
)


def bill_pages(pages: CustomerPages) -> list[BaseRoute]:
    """Routes in both languages."""
    return [
        *in_each_language("/bills", pages.open(directory)),
        *in_each_language("/bills/{biller}/{item}", pages.open(sheet)),
        *in_each_language("/bills/{biller}/{item}", pages.given(inquire), ("POST",)),
        *in_each_language("/bills/{biller}/{item}/confirm", pages.given(confirm), ("POST",)),
        *in_each_language("/bills/{biller}/{item}/pay", pages.given(pay), ("POST",)),
        *in_each_language("/bill/{payment}", pages.signed(receipt)),
    ]


class Payment(NamedTuple):
    """What is about to be paid: a bill, or an account as it was filled in; `fund` pays what the wallet lacks."""

    bill: Presented | None
    given: Mapping[str, str]
    amount: int
    fund: str


async def directory(visit: Visit) -> Response:
    """Open to everybody; who is signed in sees what they paid as well."""
    region, category, words = _region(visit.asked("region")), visit.asked("category"), visit.asked("q")[:60]
    async with visit.house.database.read() as tx:
        listed = await bill_counter.directory(tx, region, category, words)
        paid = await bill_counter.paid(tx, *visit.who) if visit.session else []
    values = {"listed": listed, "region": region, "category": category, "words": words, "paid": paid[:PAID_SHOWN]}
    return visit.shown("bill_directory.html", values)


async def sheet(visit: Visit) -> Response:
    """What is filled in to ask, or to pay at once where nothing is asked."""
    one = await _payable(visit)
    if one is None:
        return visit.nothing()
    if visit.session is None:
        return visit.to_door()
    return await _sheet(visit, one)


async def _sheet(
    visit: Visit, one: Payable, back: Back = FRESH, *, found: BillsPresented | None = None, bill: Presented | None = None
) -> Response:
    """`found`: what the account owes; `bill`: the one whose amount does not fit."""
    async with visit.house.database.read() as tx:
        money = await bill_counter.money(visit.house, tx, *visit.who)
    values = {
        **back.values(), "one": one, "fields": in_order(one.item.fields), "found": found, "bills": _offered(found, bill), "money": money,
        "unasked": one.item.inquiry is Inquiry.NONE,
    }  # fmt: skip
    return visit.shown("bill_sheet.html", values)


async def inquire(visit: Visit, form: Form) -> Response:
    """What the account owes."""
    if (one := await _payable(visit)) is None:
        return visit.nothing()
    given, wrong = filled_in(one.item.fields, form)
    if wrong:
        return await _sheet(visit, one, Back(form.fields, wrong))
    further = {name: value for name, value in given.items() if name != ACCOUNT_NUMBER}
    command = paying.InquireBill(one.code, given[ACCOUNT_NUMBER], one.item.code, further)
    try:
        found = await visit.give("inquire_bill", form["key"], command)
    except Outage:
        return await _sheet(visit, one, Back(form.fields, said=_NO_ANSWER))
    if isinstance(found, Refusal):
        said = said_of(found, ("没有查到", "Nothing was found"), chinese=chinese)
        return await _sheet(visit, one, Back.refused(form, said))
    return await _sheet(visit, one, Back(form.fields), found=found)


async def confirm(visit: Visit, form: Form) -> Response:
    """Once more all of it, before it is paid."""
    if (one := await _payable(visit)) is None:
        return visit.nothing()
    read = await _read(visit, form, one)
    if isinstance(read, tuple):
        return await _confirm(visit, one, read, a_key())
    return await _wrong(visit, one, form, read)


async def _confirm(visit: Visit, one: Payable, asked: Payment, key: str, said: Said | None = None) -> Response:
    async with visit.house.database.read() as tx:
        money = await bill_counter.money(visit.house, tx, *visit.who)
    source = next((of for of in money.sources if of.code == asked.fund), None)
    values = {
        "one": one, "asked": asked, "fields": in_order(one.item.fields), "key": key, "said": said, "money": money, "source": source,
        "total": asked.amount + one.item.payer_fee,
    }  # fmt: skip
    return visit.shown("bill_confirm.html", values)


async def pay(visit: Visit, form: Form) -> Response:
    """The money is set aside; what comes of it is seen on the receipt."""
    if (one := await _payable(visit)) is None:
        return visit.nothing()
    asked = await _read(visit, form, one)
    if not isinstance(asked, tuple):
        return await _wrong(visit, one, form, asked)
    try:
        placed = await _place(visit, form["key"], one, asked)
    except Outage:
        return await _confirm(visit, one, asked, form["key"], UNKNOWN)
    if isinstance(placed, Refusal):
        return await _confirm(visit, one, asked, a_key(), said_of(placed, _NOT_PAID, chinese=chinese))
    return visit.go(f"/bill/{placed.payment}")


async def _place(visit: Visit, key: str, one: Payable, asked: Payment) -> BillPaymentPlaced | Refusal:
    placed: BillPaymentPlaced | Refusal
    if asked.bill is not None:
        order = paying.PayBill(asked.bill.row.id, asked.amount, asked.fund)
        placed = await visit.give("pay_bill", key, order)
    else:
        further = {name: value for name, value in asked.given.items() if name != ACCOUNT_NUMBER}
        account = asked.given[ACCOUNT_NUMBER]
        topped = paying.PayAccount(one.code, account, asked.amount, one.item.code, further, asked.fund)
        placed = await visit.give("pay_account", key, topped)
    return placed


async def receipt(visit: Visit) -> Response:
    """While its outcome is not known it looks again by itself."""
    identifier = visit.identifier("payment")
    async with visit.house.database.read() as tx:
        found = await bill_counter.receipt(tx, *visit.who, identifier)
    if found is None:
        return visit.nothing()
    values = {"one": found, "again": WHILE_UNDER_WAY if found.is_under_way else None}
    return visit.shown("bill_receipt.html", values)


# ---- what is read of a form


async def _payable(visit: Visit) -> Payable | None:
    async with visit.house.database.read() as tx:
        return await bill_counter.payable(tx, visit.path("biller"), visit.path("item"))


async def _read(visit: Visit, form: Form, one: Payable) -> Payment | Wrong:
    """What is to be paid, or what does not fit of it; nothing but that where the bill is not theirs."""
    bill: Presented | None = None
    given: Mapping[str, str] = {}
    wrong: Wrong = {}
    if one.item.inquiry is Inquiry.REQUIRED or form["bill"]:
        async with visit.house.database.read() as tx:
            bill = await bill_counter.presented(tx, *visit.who, identifier_of(form["bill"]))
        if bill is None or (bill.at.code, bill.at.item.code) != (one.code, one.item.code):
            return {}
    else:
        given, wrong = filled_in(one.item.fields, form)
    amount = amount_in(form, one.item, bill.bill if bill else None)
    if isinstance(amount, int) and not wrong:
        return Payment(bill, given, amount, form["fund"][:20])
    return wrong if isinstance(amount, int) else {**wrong, "amount": amount}


async def _wrong(visit: Visit, one: Payable, form: Form, wrong: Wrong) -> Response:
    if not wrong:
        return visit.nothing()
    async with visit.house.database.read() as tx:
        bill = await bill_counter.presented(tx, *visit.who, identifier_of(form["bill"]))
    return await _sheet(visit, one, Back(form.fields, wrong), bill=bill)


class Offered(NamedTuple):
    """A bill that can be paid; `together`: it is all of the account's in one sum, which has no number of its own."""

    bill: PresentedBill
    together: bool


def _offered(found: BillsPresented | None, bill: Presented | None) -> list[Offered]:
    """All together first."""
    if bill is not None:
        row = bill.row
        shown = PresentedBill(str(row.id), row.bill_number, row.period, row.amount, row.penalty, row.balance, "", "", row.due_on)
        return [Offered(shown, bool(row.covers))]
    if found is None:
        return []
    sums = [Offered(found.together, together=True)] if found.together else []
    return [*sums, *(Offered(one, together=False) for one in found.bills)]


def filled_in(fields: Sequence[InputField], form: Form) -> tuple[dict[str, str], Wrong]:
    """Each value by its name, and what does not fit: all of it at once."""
    given = {one.name: form[f"field-{one.name}"].strip() for one in fields}
    wrong = {}
    for one in fields:
        if not given[one.name]:
            wrong[f"field-{one.name}"] = (f"没有填写：{one.hint.zh}", f"nothing is filled in: {one.hint.en}")
        elif not one.schema.fits(given[one.name]):
            zh, en = one.schema.for_payers
            wrong[f"field-{one.name}"] = (f"不符合格式：应为 {zh}", f"this does not fit: {en}")
    return given, wrong


def amount_in(form: Form, item: BillerItem, bill: Bill | None) -> int | tuple[str, str]:
    """Fen; or why so much is not paid there."""
    amount = fen_in(form, "amount", "没有填写金额")
    if not isinstance(amount, int):
        return amount
    judged = bill or Bill(NO_BILL, "", "", amount, 0, amount, "", "")
    refusal = item.amount.refuse(judged, amount)
    return amount if refusal is None else (chinese(refusal.text) or refusal.text, refusal.text)


def _region(text: str) -> str:
    try:
        return read_region(text)
    except BadInput:
        return ""
