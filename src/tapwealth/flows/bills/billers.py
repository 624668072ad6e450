"""The day's end with billers: our payments compared with their day-end files. What they are paid stands in `biller_settlement`.

The file is the biller's word: a payment that it names has been paid, whatever we knew before. Three kinds of difference are looked for: the
state differs, the biller has more, we have more. A payment that nobody knows the outcome of is in doubt, which is no difference: its money
stands in suspense, by item.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from uuid import UUID

import msgspec

from tapwealth.bank import store as bank
from tapwealth.bank.store import BreakRow
from tapwealth.bills import store
from tapwealth.bills.biller import Paid
from tapwealth.bills.day_end import DayEndFile, DayEndLine, read_day_end
from tapwealth.bills.payment import Payment as RulesPayment
from tapwealth.bills.payment import PaymentState
from tapwealth.bills.reconcile import BreakKind, compare
from tapwealth.bills.store import BillerRow, PaymentRow
from tapwealth.flows.bills.bill_outcomes import apply, told
from tapwealth.flows.end_of_day import StepReport, end_of, handed_out, wait_while
from tapwealth.flows.frame import House, Moment, moment
from tapwealth.kernel.refusal import BadInput
from tapwealth.storage.database import Tx

DAY_END_FILE = "biller_file"
"""The source of the breaks found here."""
AT_MIDNIGHT = timedelta(minutes=5)
"""What we heard of so shortly before a date's end may stand in the biller's file of the next."""


async def compare_billers(house: House, day: date) -> StepReport:
    """Compare the billers' files of this date, one by connection, with our payments, and settle by them what was in doubt. Run again until
    nothing is wrong."""
    await wait_while(house, lambda tx: store.on_the_way(tx, list(house.all_books), day))
    async with house.database.look() as tx:
        billers = await store.billers(tx)
    connections = sorted({row.biller.connection for row in billers.values()})
    read = await asyncio.gather(*(_file_of(house, connection, day) for connection in connections))
    files = {connection: file for connection, file in zip(connections, read, strict=True) if isinstance(file, DayEndFile)}
    wrong = [file for file in read if isinstance(file, str)]
    books = list(house.all_books)
    async with house.database.transaction() as tx:
        await house.ledger.lock_books(tx, books)
        at = await moment(tx)
        expected = await store.unmatched(tx, books, day, end_of(day) - AT_MIDNIGHT)
        whose = {identifier: row.biller.connection for identifier, row in billers.items()}
        named = await _settled_by(house, tx, at, day, files, whose)
        breaks: list[BreakRow] = []
        for connection, file in files.items():
            settled, due = ([row for row in rows if whose[row.biller] == connection] for rows in (named, expected))
            breaks += _breaks(file, settled, due)
        unexplained = {one.item for one in breaks if not one.accounted}
        matched = [row for row in named if row.serial not in unexplained]
        await store.mark_matched(tx, [(row.book, row.id) for row in matched], day)
        kept = await bank.replace_breaks(tx, day, DAY_END_FILE, breaks, at.now)
        doubted = await store.in_suspense(tx, books, day)
    return _report([line for file in files.values() for line in file.lines], len(matched), kept, doubted, wrong)


async def _file_of(house: House, connection: str, day: date) -> DayEndFile | str:
    """A connection's file of the day, or in one line why there is none that can be read."""
    content = await handed_out(lambda: house.rails.billers.at(connection).day_end(day))
    if content is None:
        return f"the day-end file of {connection} of {day} is not to be had; close {day} again when it is"
    try:
        return read_day_end(content, day)
    except BadInput as error:
        return f"the day-end file of {connection} of {day}: {error}"


async def _settled_by(
    house: House, tx: Tx, at: Moment, day: date, files: Mapping[str, DayEndFile], whose: Mapping[UUID, str]
) -> list[PaymentRow]:
    """Our payments that the files of their own billers name, after their word was applied to those whose amount they have right."""
    told_of = [(connection, line) for connection, file in files.items() for line in file.lines]
    found = await store.by_serial(tx, list(house.all_books), [line.serial for _, line in told_of])
    theirs = {line.serial: line for connection, line in told_of if line.serial in found and whose[found[line.serial].biller] == connection}
    known = {serial: found[serial] for serial in theirs}
    right = {serial: line for serial, line in theirs.items() if line.amount == known[serial].amount}
    said = [told((known[serial].book, known[serial].id), Paid(line.biller_reference)) for serial, line in right.items()]
    after = {row.serial: row for row in await apply(house, tx, at, day, said)}
    return list({**known, **after}.values())


def _breaks(file: DayEndFile, named: Sequence[PaymentRow], expected: Sequence[PaymentRow]) -> list[BreakRow]:
    """A late success agrees with the file: it is paid, and has a break of its own. What is dated otherwise is paid all the same."""
    rows = {row.serial: row for row in (*expected, *named)}
    found = compare([_as_settled(row) for row in rows.values()], [row.serial for row in expected], file)
    breaks = [
        BreakRow(DAY_END_FILE, one.kind.value, one.serial, one.difference, one.text, one.kind is BreakKind.OTHER_DAY) for one in found
    ]
    before = [row for row in named if row.matched_on not in (None, file.day)]
    return breaks + [
        BreakRow(DAY_END_FILE, "told_before", row.serial, row.amount, f"the biller's file of {row.matched_on} had {row.serial} too", False)
        for row in before
    ]


def _as_settled(row: PaymentRow) -> RulesPayment:
    return replace(row.payment, state=PaymentState.PAID) if row.state is PaymentState.LATE_SUCCESS else row.payment


def _report(
    lines: Sequence[DayEndLine], matched: int, breaks: Sequence[BreakRow], doubted: Sequence[PaymentRow], missing: Sequence[str]
) -> StepReport:
    figures = {
        "lines": len(lines),
        "amount": sum(line.amount for line in lines),
        "matched": matched,
        "differences": len(breaks),
        "in_doubt": [{"payment": row.serial, "amount": row.total, "state": row.state.value} for row in doubted],
    }
    text = "no day-end file" if missing and not lines else f"{matched} of {len(lines)} payments agree with the biller's file"
    wrong = [*missing, *(f"{one.text}; ask the biller" for one in breaks if not one.accounted)]
    return StepReport(text + (f", {len(doubted)} in doubt" if doubted else ""), figures, wrong)


class BillerShown(msgspec.Struct, frozen=True):
    """A biller's terms, and its payments that are not over: `on_the_way` are sent or about to be; of those `in_doubt`, `oldest` says since
    when, `asked` how often the biller was sent or asked about one of them at most, `why` what is known of the oldest. Of those `set_aside`
    what the biller says cannot be written down: `fault` names the oldest."""

    biller: str
    name: str
    name_en: str
    region: str
    connection: str
    cycle: str
    fee: int
    on_the_way: int
    in_doubt: int
    amount: int
    oldest: datetime | None
    asked: int
    why: str
    set_aside: int
    fault: str


async def shown(house: House, tx: Tx) -> list[BillerShown]:
    """All billers, in the order of their codes."""
    waiting = await store.open_by_biller(tx, list(house.all_books))
    nothing = store.OpenPayments(0, 0, 0, None, 0, "", 0, "")
    return [_shown(row, waiting.get(row.id, nothing)) for row in (await store.billers(tx)).values()]


def _shown(row: BillerRow, of: store.OpenPayments) -> BillerShown:
    terms = row.biller
    return BillerShown(
        terms.code, terms.name, row.name_en, row.region, terms.connection, terms.cycle.value, terms.fee, of.on_the_way, of.in_doubt,
        of.amount, of.oldest, of.asked, of.why, of.set_aside, of.fault,
    )  # fmt: skip
