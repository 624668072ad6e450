"""What happened to a deposit, as the bank is told of it by the day's list."""

from datetime import date
from uuid import UUID

from tapwealth.bank.deposit_event_store import EventRow
from tapwealth.bank.deposit_list import DepositLine, ListEvent
from tapwealth.deposits.deposit import Deposit


def event_of(one: Deposit, key: UUID, event: ListEvent, day: date, amount: int, interest: int) -> EventRow:
    """`key`: that of the journal entry, where one is made; `day`: its business date, on which it counts. Fen."""
    line = DepositLine(str(key), one.number, event, one.product, one.form.value, one.term or "", amount, interest, day)
    return EventRow(one.book, day, line)
