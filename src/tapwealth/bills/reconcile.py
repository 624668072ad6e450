"""Our payments of a day against the biller's day-end file: what agrees, and every kind of break."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from tapwealth.bills.day_end import DayEndFile, DayEndLine
from tapwealth.bills.payment import Payment, PaymentState
from tapwealth.kernel.clock import business_date_of
from tapwealth.kernel.money import format_minor


class BreakKind(StrEnum):
    """How the two sides differ."""

    STATE_DIFFERS = "state_differs"
    """Paid at the biller, and not (yet) here."""
    BILLER_HAS_MORE = "biller_has_more"
    WE_HAVE_MORE = "we_have_more"
    AMOUNT_DIFFERS = "amount_differs"
    DOUBLED = "doubled"
    OTHER_DAY = "other_day"


@dataclass(frozen=True, slots=True)
class BillBreak:
    """One difference; `difference` in fen is the biller's amount less ours. `text` is one line."""

    kind: BreakKind
    serial: str
    difference: int
    text: str


def compare(payments: Iterable[Payment], paid_that_day: Iterable[str], file: DayEndFile) -> list[BillBreak]:
    """Every break, by serial. `payments`: those that the file names or that were paid that day, in whatever state; `paid_that_day`: the
    serials of what we hold paid on that day."""
    ours = {payment.serial: payment for payment in payments}
    breaks = [found for line in file.lines if (found := _of_line(line, ours.get(line.serial), file))]
    counts = Counter(line.serial for line in file.lines)
    breaks += [
        _doubled(line, counts[line.serial]) for line in {line.serial: line for line in file.lines}.values() if counts[line.serial] > 1
    ]
    breaks += [_missing(ours[serial]) for serial in paid_that_day if serial not in counts]
    return sorted(breaks, key=lambda found: (found.serial, found.kind))


def _of_line(line: DayEndLine, payment: Payment | None, file: DayEndFile) -> BillBreak | None:
    told = f"the biller's line {line.line} has {format_minor(line.amount)} for {line.serial}"
    if payment is None:
        return BillBreak(BreakKind.BILLER_HAS_MORE, line.serial, line.amount, f"{told}, which we never sent")
    if payment.state is not PaymentState.PAID:
        return BillBreak(BreakKind.STATE_DIFFERS, line.serial, line.amount, f"{told} as paid; here it is {payment.state}")
    if payment.amount != line.amount:
        text = f"{told}; here it is {format_minor(payment.amount)}"
        return BillBreak(BreakKind.AMOUNT_DIFFERS, line.serial, line.amount - payment.amount, text)
    if business_date_of(line.paid_at) != file.day:
        return BillBreak(BreakKind.OTHER_DAY, line.serial, 0, f"{told}, paid on {business_date_of(line.paid_at)}")
    return None


def _doubled(line: DayEndLine, times: int) -> BillBreak:
    return BillBreak(BreakKind.DOUBLED, line.serial, line.amount * (times - 1), f"the biller's file has {line.serial} {times} times")


def _missing(payment: Payment) -> BillBreak:
    text = f"{payment.serial} of {format_minor(payment.amount)} is paid here and not in the biller's file"
    return BillBreak(BreakKind.WE_HAVE_MORE, payment.serial, -payment.amount, text)
