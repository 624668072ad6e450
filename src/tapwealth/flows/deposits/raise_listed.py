"""What happens to subscriptions, in the words of the list that the bank gets of each day (`bank.deposit_list`). Its register and ours are
compared by it, and what the bank agrees to it pays."""

from datetime import date

from tapwealth.bank.deposit_event_store import EventRow
from tapwealth.bank.deposit_list import DepositLine, ListEvent
from tapwealth.deposits.raise_store import SubscriptionRow
from tapwealth.kernel.ids import derived

FORM = "raise"


def number_of(row: SubscriptionRow) -> str:
    """How the bank calls a subscription: as its customer's number with it."""
    return f"WP-{row.id.hex[-24:]}"


def subscribed(row: SubscriptionRow) -> list[EventRow]:
    return [_event(row, ListEvent.SUBSCRIBED, row.given, 0, row.placed_on, row.placed_on)]


def allotted(row: SubscriptionRow, on: date) -> list[EventRow]:
    """Nothing, of who was allotted nothing."""
    return [_event(row, ListEvent.ALLOTTED, row.allotted, 0, on, on)] if row.allotted else []


def given_back(row: SubscriptionRow, until: date, on: date) -> list[EventRow]:
    """What was not allotted, and the interest of the whole until that day, apart from it; of who has cancelled, all of it."""
    rest = row.given - row.allotted
    returned = [_event(row, ListEvent.RETURNED, rest, 0, on, on)] if rest else []
    return [*returned, _event(row, ListEvent.RAISE_INTEREST, row.given, row.interest, until, on)]


def repaid(row: SubscriptionRow, on: date) -> list[EventRow]:
    """Principal and gain."""
    return [_event(row, ListEvent.REPAID, row.allotted, row.gain, on, on)]


def _event(row: SubscriptionRow, what: ListEvent, amount: int, interest: int, value_date: date, on: date) -> EventRow:
    """Its serial follows from the subscription: each happens once to it."""
    serial = str(derived(row.id, f"listed {what.value}"))
    return EventRow(row.book, on, DepositLine(serial, number_of(row), what, row.product, FORM, "", amount, interest, value_date))
