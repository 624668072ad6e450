"""The day's end with billers: pay them what they are owed, and compare our payments with their day-end file.

The file is the biller's word: a payment that it names has been paid, whatever we knew before. Three kinds of difference are looked for: the
state differs, the biller has more, we have more. A payment that nobody knows the outcome of is in doubt, which is no difference: its money
stands in suspense, by item.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from uuid import UUID

from tapwealth.bank import store as bank
from tapwealth.bank.entries import NUMBER_OF, Part
from tapwealth.bank.store import BreakRow
from tapwealth.bills import store
from tapwealth.bills.biller import Biller, Paid
from tapwealth.bills.day_end import DayEndLine, read_day_end
from tapwealth.bills.payment import PaymentState
from tapwealth.bills.store import PaymentRow
from tapwealth.flows import payments
from tapwealth.flows.bill_outcomes import apply, told
from tapwealth.flows.end_of_day import StepReport, end_of, wait_while
from tapwealth.flows.frame import HOUSE_BOOK, PLATFORM, House, Moment, actor_number, moment, step_key
from tapwealth.flows.payments import Payment, Purpose
from tapwealth.kernel.clock import business_date_of
from tapwealth.kernel.money import Asset, format_minor
from tapwealth.kernel.refusal import BadInput
from tapwealth.ledger.chart import Kind
from tapwealth.ledger.port import Limit, NewAccount
from tapwealth.storage.database import Tx

__all__ = ["DAY_END_FILE", "compare_billers", "in_suspense", "settle_billers"]

DAY_END_FILE = "biller_file"
"""The source of the breaks found here."""
AT_MIDNIGHT = timedelta(minutes=5)
"""What we heard of so shortly before a date's end may stand in the biller's file of the next."""


async def settle_billers(house: House, day: date) -> StepReport:
    """What is owed to each biller as of this date goes to its bank account, to be executed the next day."""
    async with house.database.transaction() as tx:
        await house.ledger.lock_books(tx, house.all_books)
        at = await moment(tx)
        actor = await actor_number(tx, HOUSE_BOOK, PLATFORM)
        due = [_payout(biller, day, await _owed(house, tx, identifier, day)) for identifier, biller in (await store.billers(tx)).items()]
        paid = [payment for payment in due if payment.parts]
        await payments.instruct(house, tx, at, day, actor, paid)
    total = sum(payment.amount for payment in paid)
    return StepReport(f"{len(paid)} billers: {format_minor(total)} yuan on their way", {"billers": len(paid), "amount": total})


async def _owed(house: House, tx: Tx, biller: UUID, day: date) -> tuple[Part, ...]:
    wanted = [NewAccount(book, Kind.BILLER, biller, Asset.CNY, Limit.NONE) for book in house.all_books]
    found = {account: one.book for one, account in zip(wanted, await house.ledger.find_accounts(tx, wanted), strict=True) if account}
    totals = await house.ledger.totals_dated(tx, list(found), day)
    return tuple(Part(book, totals[account].owed, account) for account, book in found.items() if totals[account].owed > 0)


def _payout(biller: Biller, day: date, parts: tuple[Part, ...]) -> Payment:
    return Payment(
        step_key(day, "biller", HOUSE_BOOK, biller.code),
        f"BIL-{biller.code}-{day:%Y%m%d}",
        Purpose.BILLER_PAYOUT,
        NUMBER_OF[Kind.CUSTOMER_RESERVE],
        biller.bank_account,
        biller.name,
        day + timedelta(days=1),
        parts,
    )


@dataclass(slots=True)
class _Compared:
    """`differences` and `matched` as far as they are found."""

    differences: list[BreakRow] = field(default_factory=list)
    matched: list[PaymentRow] = field(default_factory=list)

    def differ(self, kind: str, serial: str, amount: int, text: str, *, accounted: bool = False) -> None:
        self.differences.append(BreakRow(DAY_END_FILE, kind, serial, amount, text, accounted))


async def compare_billers(house: House, day: date) -> StepReport:
    """Compare the biller's file of this date with our payments, and settle by it what was in doubt. Run again until nothing is wrong."""
    await wait_while(house, lambda tx: _on_the_way(house, tx, day))
    content = await house.rails.biller.day_end(day)
    if content is None:
        return StepReport("no day-end file", wrong=[f"the biller's day-end file of {day} is not to be had; close {day} again when it is"])
    try:
        lines = read_day_end(content, day).lines
    except BadInput as error:
        return StepReport("unreadable day-end file", wrong=[f"the biller's day-end file of {day}: {error}"])
    async with house.database.transaction() as tx:
        await house.ledger.lock_books(tx, house.all_books)
        at = await moment(tx)
        compared = await _compare(house, tx, at, day, lines)
        await store.mark_matched(tx, [(row.book, row.id) for row in compared.matched], day)
        named = {line.serial for line in lines}
        for row in await store.unmatched(tx, list(house.all_books), day, end_of(day) - AT_MIDNIGHT):
            if row.serial in named:
                continue
            text = f"payment {row.serial} of {format_minor(row.amount)} is paid by us, but the biller's files do not name it"
            compared.differ("we_have_more", row.serial, row.amount, text)
        await bank.replace_breaks(tx, day, DAY_END_FILE, compared.differences, at.now)
        doubted = await store.in_suspense(tx, list(house.all_books), day)
    return _report(lines, compared, doubted)


async def _on_the_way(house: House, tx: Tx, day: date) -> bool:
    """Whether a payment has not been answered at all; one in doubt is asked after however long it takes."""
    return any(row.state in (PaymentState.PREPARED, PaymentState.SENT) for row in await store.in_suspense(tx, list(house.all_books), day))


async def _compare(house: House, tx: Tx, at: Moment, day: date, lines: Sequence[DayEndLine]) -> _Compared:
    compared = _Compared()
    known = await store.by_serial(tx, list(house.all_books), [line.serial for line in lines])
    times = Counter(line.serial for line in lines)
    agreed = [(line, known[line.serial]) for line in _plausible(day, lines, known, times, compared)]
    said = [told((row.book, row.id), Paid(line.biller_reference)) for line, row in agreed]
    for (line, _), row in zip(agreed, await apply(house, tx, at, day, said), strict=True):
        if row.state in (PaymentState.PAID, PaymentState.LATE_SUCCESS):
            compared.matched.append(row)
        else:
            compared.differ(
                "state_differs", line.serial, line.amount, f"payment {line.serial} is paid at the biller, here it is {row.state}"
            )
    return compared


def _plausible(
    day: date, lines: Sequence[DayEndLine], known: dict[str, PaymentRow], times: Counter[str], compared: _Compared
) -> list[DayEndLine]:
    """The lines that name one payment of ours with its amount; the differences of the others."""
    kept = []
    for line in lines:
        row = known.get(line.serial)
        where = f"line {line.line} of the biller's file"
        if row is None:
            compared.differ("biller_has_more", line.serial, line.amount, f"{where}: no payment of ours is called {line.serial}")
        elif times[line.serial] > 1:
            compared.differ(
                "told_twice", line.serial, line.amount, f"{where}: payment {line.serial} stands there {times[line.serial]} times"
            )
        elif line.amount != row.amount:
            text = f"{where}: payment {line.serial} is {format_minor(line.amount)} there and {format_minor(row.amount)} here"
            compared.differ("amount_differs", line.serial, line.amount - row.amount, text)
        else:
            kept.append(line)
            told_on = business_date_of(line.paid_at)
            if told_on != day:
                text = f"{where}: payment {line.serial} is dated {told_on}"
                compared.differ("wrong_day", line.serial, line.amount, text, accounted=True)
    return kept


def _report(lines: Sequence[DayEndLine], compared: _Compared, doubted: Sequence[PaymentRow]) -> StepReport:
    wrong = [one.text for one in compared.differences if not one.accounted]
    figures = {
        "lines": len(lines),
        "amount": sum(line.amount for line in lines),
        "matched": len(compared.matched),
        "differences": len(compared.differences),
        "in_doubt": [{"payment": row.serial, "amount": row.amount, "state": row.state.value} for row in doubted],
    }
    text = f"{len(compared.matched)} of {len(lines)} payments agree with the biller's file"
    return StepReport(text + (f", {len(doubted)} in doubt" if doubted else ""), figures, wrong)


async def in_suspense(house: House, tx: Tx, day: date) -> list[PaymentRow]:
    """The payments whose money lay in suspense at the end of that date: in doubt, or not asked yet."""
    return await store.in_suspense(tx, list(house.all_books), day)
