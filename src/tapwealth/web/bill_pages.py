"""Bills on a customer's phone: the directory with its search, a biller's form, what an account owes, how much is paid, and the receipt.

The same commands as over HTTP, under idempotency keys that the forms carry: a form that is sent twice does nothing twice. What does not fit
is answered beside the field that it stands in.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from tapwealth.bills.bill import NO_BILL, Bill
from tapwealth.bills.biller import BillerItem, Inquiry
from tapwealth.bills.inputs import ACCOUNT_NUMBER, InputField, in_order
from tapwealth.bills.region import read_region
from tapwealth.flows.bills import paying
from tapwealth.flows.bills.paying import BillPaymentPlaced, BillsPresented, PresentedBill
from tapwealth.flows.customers.page_sessions import CustomerSession
from tapwealth.flows.reports import bill_counter
from tapwealth.flows.reports.bill_counter import Payable, Presented
from tapwealth.kernel.refusal import BadInput, Outage, Refusal
from tapwealth.web.bill_wording import chinese
from tapwealth.web.customer import CustomerPages, Wrong, fen_in, identifier_of, who_of
from tapwealth.web.forms import Form
from tapwealth.web.page import in_each_language, root
from tapwealth.web.posting import UNKNOWN, a_key, go
from tapwealth.web.said import Said, said_of

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
    bills = Bills(pages)
    return [
        *in_each_language("/bills", bills.directory),
        *in_each_language("/bills/{biller}/{item}", bills.sheet),
        *in_each_language("/bills/{biller}/{item}", bills.inquire, ("POST",)),
        *in_each_language("/bills/{biller}/{item}/confirm", bills.confirm, ("POST",)),
        *in_each_language("/bills/{biller}/{item}/pay", bills.pay, ("POST",)),
        *in_each_language("/bill/{payment}", pages.signed(bills.receipt)),
    ]


class Payment(NamedTuple):
    """What is about to be paid: a bill, or an account as it was filled in; `fund` pays what the wallet lacks."""

    bill: Presented | None
    given: Mapping[str, str]
    amount: int
    fund: str


class Bills:
    """Each method answers one form, or shows it."""

    def __init__(self, pages: CustomerPages) -> None:
        self._pages, self._house = pages, pages.house

    async def directory(self, request: Request, language: str) -> Response:
        """Open to everybody; who is signed in sees what they paid as well."""
        asked = request.query_params
        region, category, words = _region(asked.get("region", "")), asked.get("category", ""), asked.get("q", "").strip()[:60]
        session = await self._pages.session(request)
        async with self._house.database.read() as tx:
            listed = await bill_counter.directory(tx, region, category, words)
            paid = await bill_counter.paid(tx, *who_of(session)) if session else []
        values = {"listed": listed, "region": region, "category": category, "words": words, "paid": paid[:PAID_SHOWN]}
        return await self._pages.shown(request, language, "bill_directory.html", values, session=session)

    async def sheet(self, request: Request, language: str) -> Response:
        """What is filled in to ask, or to pay at once where nothing is asked."""
        session, one = await self._pages.session(request), await self._payable(request)
        if one is None:
            return await self._pages.nothing(request, language)
        if session is None:
            return self._pages.to_door(request, language)
        return await self._sheet(request, language, session, one)

    async def _sheet(
        self,
        request: Request,
        language: str,
        session: CustomerSession,
        one: Payable,
        *,
        given: Mapping[str, str] | None = None,
        wrong: Wrong | None = None,
        said: Said | None = None,
        found: BillsPresented | None = None,
        bill: Presented | None = None,
        key: str = "",
    ) -> Response:
        """`found`: what the account owes; `bill`: the one whose amount does not fit."""
        async with self._house.database.read() as tx:
            money = await bill_counter.money(self._house, tx, *who_of(session))
        values = {
            "one": one, "fields": in_order(one.item.fields), "given": given or {}, "wrong": wrong or {}, "said": said, "found": found,
            "bills": _offered(found, bill), "money": money, "key": key or a_key(), "unasked": one.item.inquiry is Inquiry.NONE,
        }  # fmt: skip
        return await self._pages.shown(request, language, "bill_sheet.html", values, session=session)

    async def inquire(self, request: Request, language: str) -> Response:
        """What the account owes."""
        posted = await self._posted(request, language)
        if isinstance(posted, Response):
            return posted
        session, form, one = posted
        given, wrong = filled_in(one.item.fields, form)
        if wrong:
            return await self._sheet(request, language, session, one, given=form.fields, wrong=wrong)
        further = {name: value for name, value in given.items() if name != ACCOUNT_NUMBER}
        command = paying.InquireBill(one.code, given[ACCOUNT_NUMBER], one.item.code, further)
        try:
            found = await self._pages.give("inquire_bill", session, form["key"], language, command)
        except Outage:
            return await self._sheet(request, language, session, one, given=form.fields, said=_NO_ANSWER)
        if isinstance(found, Refusal):
            said = said_of(found, ("没有查到", "Nothing was found"), chinese=chinese)
            return await self._sheet(request, language, session, one, given=form.fields, said=said)
        return await self._sheet(request, language, session, one, given=form.fields, found=found)

    async def confirm(self, request: Request, language: str) -> Response:
        """Once more all of it, before it is paid."""
        posted = await self._posted(request, language)
        if isinstance(posted, Response):
            return posted
        session, form, one = posted
        read = await self._read(session, form, one)
        if isinstance(read, tuple):
            return await self._confirm(request, language, session, one, read, a_key())
        return await self._wrong(request, language, session, one, form, read)

    async def _confirm(
        self, request: Request, language: str, session: CustomerSession, one: Payable, asked: Payment, key: str, said: Said | None = None
    ) -> Response:
        async with self._house.database.read() as tx:
            money = await bill_counter.money(self._house, tx, *who_of(session))
        source = next((of for of in money.sources if of.code == asked.fund), None)
        values = {
            "one": one, "asked": asked, "fields": in_order(one.item.fields), "key": key, "said": said, "money": money, "source": source,
            "total": asked.amount + one.item.payer_fee,
        }  # fmt: skip
        return await self._pages.shown(request, language, "bill_confirm.html", values, session=session)

    async def pay(self, request: Request, language: str) -> Response:
        """The money is set aside; what comes of it is seen on the receipt."""
        posted = await self._posted(request, language)
        if isinstance(posted, Response):
            return posted
        session, form, one = posted
        asked = await self._read(session, form, one)
        if not isinstance(asked, tuple):
            return await self._wrong(request, language, session, one, form, asked)
        try:
            placed = await self._place(session, form["key"], language, one, asked)
        except Outage:
            return await self._confirm(request, language, session, one, asked, form["key"], UNKNOWN)
        if isinstance(placed, Refusal):
            return await self._confirm(request, language, session, one, asked, a_key(), said_of(placed, _NOT_PAID, chinese=chinese))
        return go(f"{root(language)}/bill/{placed.payment}")

    async def _place(self, session: CustomerSession, key: str, language: str, one: Payable, asked: Payment) -> BillPaymentPlaced | Refusal:
        placed: BillPaymentPlaced | Refusal
        if asked.bill is not None:
            order = paying.PayBill(asked.bill.row.id, asked.amount, asked.fund)
            placed = await self._pages.give("pay_bill", session, key, language, order)
        else:
            further = {name: value for name, value in asked.given.items() if name != ACCOUNT_NUMBER}
            account = asked.given[ACCOUNT_NUMBER]
            topped = paying.PayAccount(one.code, account, asked.amount, one.item.code, further, asked.fund)
            placed = await self._pages.give("pay_account", session, key, language, topped)
        return placed

    async def receipt(self, request: Request, language: str, session: CustomerSession) -> Response:
        """While its outcome is not known it looks again by itself."""
        identifier = identifier_of(request.path_params["payment"])
        async with self._house.database.read() as tx:
            found = await bill_counter.receipt(tx, *who_of(session), identifier)
        if found is None:
            return await self._pages.nothing(request, language)
        values = {"one": found, "again": WHILE_UNDER_WAY if found.is_under_way else None}
        return await self._pages.shown(request, language, "bill_receipt.html", values, session=session)

    # ---- what is read of a form

    async def _payable(self, request: Request) -> Payable | None:
        async with self._house.database.read() as tx:
            return await bill_counter.payable(tx, request.path_params["biller"], request.path_params["item"])

    async def _posted(self, request: Request, language: str) -> tuple[CustomerSession, Form, Payable] | Response:
        posted = await self._pages.posted(request, language)
        if isinstance(posted, Response):
            return posted
        one = await self._payable(request)
        if one is None:
            return await self._pages.nothing(request, language)
        return *posted, one

    async def _read(self, session: CustomerSession, form: Form, one: Payable) -> Payment | Wrong:
        """What is to be paid, or what does not fit of it; nothing but that where the bill is not theirs."""
        bill: Presented | None = None
        given: Mapping[str, str] = {}
        wrong: Wrong = {}
        if one.item.inquiry is Inquiry.REQUIRED or form["bill"]:
            async with self._house.database.read() as tx:
                bill = await bill_counter.presented(tx, *who_of(session), identifier_of(form["bill"]))
            if bill is None or (bill.at.code, bill.at.item.code) != (one.code, one.item.code):
                return {}
        else:
            given, wrong = filled_in(one.item.fields, form)
        amount = amount_in(form, one.item, bill.bill if bill else None)
        if isinstance(amount, int) and not wrong:
            return Payment(bill, given, amount, form["fund"][:20])
        return wrong if isinstance(amount, int) else {**wrong, "amount": amount}

    async def _wrong(self, request: Request, language: str, session: CustomerSession, one: Payable, form: Form, wrong: Wrong) -> Response:
        if not wrong:
            return await self._pages.nothing(request, language)
        async with self._house.database.read() as tx:
            bill = await bill_counter.presented(tx, *who_of(session), identifier_of(form["bill"]))
        return await self._sheet(request, language, session, one, given=form.fields, wrong=wrong, bill=bill)


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
