"""Billers and bills over /v1: looked for, asked about and paid by who acts for a customer."""

from collections.abc import Awaitable, Callable
from typing import Any, Literal, cast
from uuid import UUID

from tapwealth.bills import store
from tapwealth.bills.payment import PaymentState
from tapwealth.bills.store import BillerRow, BillRow, PaymentRow
from tapwealth.flows.bills import directory, paying
from tapwealth.flows.bills.directory import BillerListed, ItemListed
from tapwealth.flows.bills.paying import BillPaymentPlaced, BillsPresented, InquireBill, Placing, PresentedBill
from tapwealth.flows.customers.clients import Bearer
from tapwealth.flows.customers.consents import ACCOUNT
from tapwealth.flows.frame import Caller, Envelope, House
from tapwealth.flows.v1.bill_shapes import Bill, Biller, BillerItem, BillPayment, Inquiry, NewBillPayment, NewInquiry, PayAccount
from tapwealth.flows.v1.reading import Part, Wanted, allowed, before, ended, part, unknown
from tapwealth.flows.v1.shapes import yuan
from tapwealth.kernel.ids import prefixed, unprefixed
from tapwealth.kernel.refusal import BadInput, Refusal
from tapwealth.storage.database import Tx

BILL, BILL_PAYMENT = "bil", "bpy"
"""How bills and their payments are shown."""
_NOBODY = UUID(int=0)
_OVER = {
    PaymentState.PAID: "succeeded",
    PaymentState.LATE_SUCCESS: "succeeded",
    PaymentState.REJECTED: "failed",
    PaymentState.REFUNDED: "failed",
}
Hot = Callable[[str, int, Any], Awaitable[Any]]


async def billers(house: House, bearer: Bearer, wanted: Wanted) -> Part | Refusal:
    """Who can be paid now, by code; those of a region and of a category, if these are given. Raises BadInput."""
    async with house.database.read() as tx:
        if (gone := await ended(tx, bearer)) is not None:
            return gone
        found = await directory.listed(tx, wanted.filters)
    behind = [one for one in found if one.biller > wanted.after][: wanted.limit + 1]
    return part([_biller(one) for one in behind], [one.biller for one in behind], wanted)


async def biller(house: House, bearer: Bearer, code: str) -> Biller | Refusal:
    """One of them."""
    async with house.database.read() as tx:
        if (gone := await ended(tx, bearer)) is not None:
            return gone
        found = await directory.shown(tx, code)
    return unknown("biller") if isinstance(found, Refusal) else _biller(found)


def _biller(one: BillerListed) -> Biller:
    return Biller(one.biller, one.name_zh, one.name_en, one.region, one.version, [_item(of) for of in one.items])


def _item(one: ItemListed) -> BillerItem:
    mode: Any = one.mode
    inquiry: Any = one.inquiry
    return BillerItem(
        one.item, one.name_zh, one.name_en, one.category, mode, yuan(one.minimum), yuan(one.maximum), [yuan(face) for face in one.faces],
        one.opens, one.closes, yuan(one.fee), inquiry, one.prefixes, one.input,
    )  # fmt: skip


async def inquire(house: House, envelope: Envelope, asked: NewInquiry) -> Inquiry | Refusal:
    """Raises BadInput for what does not fit, Outage where the biller does not answer."""
    command = InquireBill(asked.biller, asked.account_number, asked.item, asked.fields)
    try:
        answer: BillsPresented | Refusal = await paying.inquire_bill(house, envelope, command)
    except BadInput as error:
        raise _at(error, asked.fields) from None
    if isinstance(answer, Refusal):
        return answer
    together = None if answer.together is None else _bill(answer.together)
    return Inquiry([_bill(one) for one in answer.bills], together, yuan(answer.fee))


def _at(error: BadInput, fields: Any) -> BadInput:
    """What does not fit, by its place in the body."""
    place = error.where if error.where in ("amount", "fields") else "fields" if fields else "account_number"
    return BadInput(f"{error.where}: {error.what}", where=place, hint=error.hint)


def _bill(one: PresentedBill) -> Bill:
    money = (yuan(one.amount), yuan(one.penalty), yuan(one.balance))
    return Bill(prefixed(BILL, UUID(one.bill)), one.number, one.period, *money, one.due_on)


async def pay(house: House, hot: Hot, envelope: Envelope, asked: NewBillPayment) -> BillPayment | Refusal:
    """The money is set aside; what comes of it is read later."""
    fund, amount = asked.fund or "", asked.amount.amount
    answer: BillPaymentPlaced | Refusal
    if isinstance(asked, PayAccount):
        command = paying.PayAccount(asked.biller, asked.account_number, amount, asked.item, asked.fields, fund)
        try:
            answer = await paying.pay_account(house, envelope, command)
        except BadInput as error:
            raise _at(error, asked.fields) from None
    else:
        order = paying.PayBill(unprefixed(BILL, asked.bill) or _NOBODY, amount, fund)
        paying.check(order)
        answer = await hot("pay_bill", envelope.caller.book, Placing(envelope, order))
    if isinstance(answer, Refusal):
        return answer
    return await _placed(house, envelope.caller, UUID(answer.payment))


async def _placed(house: House, caller: Caller, payment: UUID) -> BillPayment:
    """As it was set aside, whatever has become of it meanwhile: the same answer each time it is asked for."""
    assert caller.person is not None, "an account is acted for"
    async with house.database.read() as tx:
        (row,) = (await store.payments(tx, [(caller.book, payment)])).values()
        bill = (await store.bills(tx, [(row.book, row.bill)]))[row.book, row.bill]
        known = (await store.billers(tx))[row.biller]
    fresh = row._replace(state=PaymentState.PREPARED, reason="", biller_reference="", paid_on=None)
    return _payment(caller.person, fresh, bill, known)


async def payments(house: House, caller: Caller, wanted: Wanted) -> Part | Refusal:
    """Newest first."""

    async def read(tx: Tx, book: int, person: UUID) -> Part:
        found = await store.page_of(tx, book, person, wanted.only, before(wanted), wanted.limit + 1)
        bills = await store.bills(tx, [(one.book, one.bill) for one in found])
        known = await store.billers(tx) if found else {}
        shown = [_payment(person, one, bills[one.book, one.bill], known[one.biller]) for one in found]
        return part(shown, [one.id.hex for one in found], wanted)

    return await allowed(house, caller, read)


def _payment(person: UUID, row: PaymentRow, bill: BillRow, known: BillerRow) -> BillPayment:
    state = cast(Literal["processing", "succeeded", "failed"], _OVER.get(row.state, "processing"))
    money = (yuan(row.amount), yuan(row.payer_fee), yuan(row.fund_units))
    return BillPayment(
        prefixed(BILL_PAYMENT, row.id), prefixed(ACCOUNT, person), known.biller.code, row.version, bill.item, bill.shown_account,
        bill.bill_number, bill.period, *money, state, row.state is PaymentState.UNKNOWN, row.reason, row.serial, row.biller_reference,
        row.received_at, row.business_date, row.paid_on,
    )  # fmt: skip
