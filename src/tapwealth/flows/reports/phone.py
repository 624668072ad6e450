"""What a customer's phone shows beyond the account itself: what they were told, and their bills with the biller's serial."""

from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from tapwealth.bills import store as bills
from tapwealth.bills.payment import PaymentState
from tapwealth.customers.store import PersonRow
from tapwealth.flows.bills.paying import STATE_WORDS
from tapwealth.flows.notices.inbox import NoticeView, reader
from tapwealth.notices import store as notices

UNDER_WAY = (PaymentState.PREPARED, PaymentState.SENT, PaymentState.UNKNOWN)
_newest = reader(None)


class PhoneBill(NamedTuple):
    """A payment of a bill; `account` is masked, `reference` the biller's own serial, empty before it has said one."""

    payment: UUID
    date: date
    biller: str
    biller_en: str
    account: str
    period: str
    amount: int
    state: PaymentState
    reference: str

    @property
    def words(self) -> tuple[str, str]:
        """Chinese, English."""
        return STATE_WORDS[self.state]

    @property
    def is_under_way(self) -> bool:
        return self.state in UNDER_WAY


class Phone(NamedTuple):
    """Newest first, of the bills those under way before all others. `unread` counts all that were not opened."""

    notices: list[NoticeView]
    unread: int
    bills: list[PhoneBill]


async def phone_of(tx: Any, row: PersonRow) -> Phone:
    """A customer's."""
    told = await _newest(tx, row.book, row.id)
    return Phone(told, await notices.unread(tx, row.book, row.id), await bills_of(tx, row.book, row.id))


async def bills_of(tx: Any, book: int, person: UUID) -> list[PhoneBill]:
    """Payments of a customer's bills."""
    paid = await bills.payments_of(tx, book, person)
    billers = await bills.billers(tx)
    shown = [
        PhoneBill(
            payment.id,
            payment.business_date,
            billers[payment.biller].biller.name,
            billers[payment.biller].name_en,
            bill.shown_account,
            bill.period,
            payment.amount,
            payment.state,
            payment.biller_reference,
        )
        for payment, bill in paid
    ]
    return sorted(shown, key=lambda one: not one.is_under_way)
