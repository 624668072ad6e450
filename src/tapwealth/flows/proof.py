"""The day's cut, the proof of the books, and the close. A date with anything unexplained stays cut.

Three proofs, each in a module of its own: `mirrors`, each account at the bank by its statement; `units`, each holder by the registrar's
holdings; and here the *books*: each book and asset sums to zero, and each mirror equals what it backs.
"""

import hashlib
import io
import json
from collections import defaultdict
from collections.abc import Sequence
from datetime import date, timedelta
from functools import partial

from tapwealth.bank import store as bank
from tapwealth.bank.entries import ACCOUNTS
from tapwealth.bank.statement import Statement, pack_lines, read_statement
from tapwealth.bank.store import BreakRow
from tapwealth.flows.bank import mirrors
from tapwealth.flows.end_of_day import StepReport, end_of, handed_out, remember, wait_while
from tapwealth.flows.frame import House, moment
from tapwealth.flows.funds import units
from tapwealth.flows.funds.fund_receipts import name_unpaid
from tapwealth.funds import orders_store
from tapwealth.funds import store as funds
from tapwealth.kernel.calendar import Calendar
from tapwealth.kernel.money import Asset, format_minor
from tapwealth.kernel.refusal import BadInput
from tapwealth.kernel.words import counted
from tapwealth.ledger.chart import BY_KIND, Kind
from tapwealth.ledger.port import TrialLine
from tapwealth.storage.database import Tx

CLOSE = "close"
"""The name of the last step."""


async def cut_date(house: House, day: date) -> StepReport:
    """From here on customers' new entries carry the next date. Waits until no request from before the end of the date is in flight."""
    await house.flight.drained_before(end_of(day))
    async with house.database.transaction() as tx:
        await house.ledger.lock_books(tx, range(house.books + 1))
        at = await moment(tx)
        await tx.execute(
            "insert into business_day (business_date, state, opened_at, cut_at) values ($1, 'cut', $2, $2)"
            " on conflict (business_date) do nothing",
            day,
            at.now,
        )
    return StepReport(f"{day} is cut")


async def _unanswered(tx: Tx, day: date) -> int:
    """Payments that were due by that date and that the bank has not answered."""
    return sum(one.requested_date <= day for one in await bank.open_instructions(tx))


async def _heard(house: House, day: date) -> int:
    """Waits until every payment that was due has its answer, or patience has run out: how many have none."""

    async def on_the_way(tx: Tx) -> bool:
        return await _unanswered(tx, day) > 0

    await wait_while(house, on_the_way)
    async with house.database.look() as tx:
        return await _unanswered(tx, day)


async def hear_bank(house: House, day: date) -> StepReport:
    """What the bank has booked on the date comes before whatever is computed from it: what goes on to billers and insurer."""
    unanswered = await _heard(house, day)
    text = f"{counted(unanswered, 'due payment')} without an answer" if unanswered else "every due payment has its answer"
    return StepReport(text, {"unanswered": unanswered})


async def receive_statements(house: House, day: date) -> StepReport:
    """The bank's statement of each of our accounts, once every payment that was due has its answer (or patience has run out)."""
    await _heard(house, day)
    missing, wrong, kept = list[str](), list[str](), list[tuple[str, Statement, bytes]]()
    for account in ACCOUNTS:
        content = await handed_out(partial(house.rails.bank.statement, account, day))
        if content is None:
            missing.append(f"the bank has no statement of {account} for {day} yet; run the day's end again later")
            continue
        try:
            kept.append((account, _statement_of(account, day, content), hashlib.sha256(content).digest()))
        except BadInput as error:
            wrong.append(f"the bank's statement of {account} for {day}: {error}")
    await _keep(house, day, kept)
    return StepReport(f"{counted(len(kept), 'statement')} received", {}, missing + wrong)


def _statement_of(account: str, day: date, content: bytes) -> Statement:
    """What the bank sent, if it is what it was asked for. Raises BadInput."""
    said = read_statement(io.BytesIO(content))
    if (said.account, said.day) != (account, day):
        raise BadInput(f"it is of {said.account} on {said.day}", hint="ask the bank for the right one")
    return said


async def _keep(house: House, day: date, statements: Sequence[tuple[str, Statement, bytes]]) -> None:
    """Accounts with what the bank says of each, and its digest."""
    async with house.database.transaction() as tx:
        at = await moment(tx)
        for account, said, digest in statements:
            await bank.save_statement(tx, account, day, said.opening, said.closing, pack_lines(said.lines), digest, at.now)


async def prove_books(house: House, day: date) -> StepReport:
    """Every book and asset sums to zero; every mirror is what it backs; nothing lies between books."""
    async with house.database.read() as tx:
        wrong, owed = await _books(house, tx, day)
    return StepReport(f"{house.books + 1} books balance", owed, wrong)


async def _books(house: House, tx: Tx, day: date) -> tuple[list[str], dict[str, int]]:
    """What does not balance, and what is owed by kind of account over all books."""
    wrong: list[str] = []
    owed: dict[str, int] = defaultdict(int)
    names = {int(one.asset): one.code for one in (await funds.funds(tx)).values()} | {int(Asset.CNY): "CNY"}
    for (book, asset), lines in sorted((await house.ledger.trial_balances(tx, range(house.books + 1), day)).items()):
        wrong += _prove_book(book, names.get(asset, f"asset {asset}"), lines, day, owed)
    return wrong, dict(owed)


def _prove_book(book: int, asset: str, lines: Sequence[TrialLine], day: date, owed: dict[str, int]) -> list[str]:
    backed: dict[Kind, int] = defaultdict(int)
    wrong = []
    for line in lines:
        row = BY_KIND[Kind(line.kind)]
        backed[row.mirror] += line.totals.owed
        owed[f"{asset} {row.name}"] += line.totals.owed
        if row.kind is Kind.BOOK_TRANSIT and line.totals.owed:
            wrong.append(f"book {book} has {format_minor(line.totals.owed)} in transit to other books on {day}; drain it again")
    wrong += [
        f"book {book}: the mirror {BY_KIND[mirror].name} differs by {format_minor(difference)} from what it backs on {day}; run the audit"
        for mirror, difference in backed.items()
        if difference
    ]
    return wrong


CALENDAR = "calendar"
"""Source of the warning that the table of holidays ends."""
IN_GOOD_TIME = timedelta(days=45)
"""The State Council's notice of the next year's holidays comes in November or December."""


def _calendar_ends(calendar: Calendar, day: date) -> list[BreakRow]:
    """Beyond the last announced year no dealing day can be told, and orders for it would be refused."""
    last = calendar.known_until(day)
    if last - day > IN_GOOD_TIME:
        return []
    left = (last - day).days
    text = f"the table of holidays ends on {last}, in {left} days; add those of the next year, as announced, before orders reach it"
    return [BreakRow(CALENDAR, "calendar_ends", str(last), 0, text, accounted=True)]


async def name_open_items(house: House, day: date) -> StepReport:
    """What was found on the way and is not explained keeps the date from closing; what is accounted for is only listed."""
    async with house.database.transaction() as tx:
        at = await moment(tx)
        await name_unpaid(house, tx, at, day)
        await bank.replace_breaks(tx, day, CALENDAR, _calendar_ends(house.calendar, day), at.now)
        found = await bank.breaks(tx, day)
        unconfirmed = await orders_store.unconfirmed(tx, day)
    figures = {
        "breaks": [{"source": one.source, "kind": one.kind, "item": one.item, "amount": one.amount, "text": one.text} for one in found],
        "orders_in_transit": [
            {"what": what, "orders": orders, "amount": amount, "units": units} for what, orders, amount, units in unconfirmed
        ],
    }
    wrong = [one.text for one in found if not one.accounted]
    return StepReport(f"{counted(len(found), 'break')}, {len(wrong)} of them unexplained", figures, wrong)


async def write_heads(house: House, day: date) -> StepReport:
    """The heads of the books' chains go to a file outside the database, one line a book."""
    async with house.database.read() as tx:
        heads = await house.ledger.heads(tx)
    lines = [json.dumps({"date": str(day), "book": one.book, "batch": one.batch, "digest": one.digest}) for one in heads]
    house.rails.heads.append(lines)
    return StepReport(f"{counted(len(lines), 'head')} written")


async def close(house: House, day: date) -> StepReport:
    """Make the date immutable, if what was proved still stands: a partner's word may have been posted to it since."""
    async with house.database.transaction() as tx:
        await house.ledger.lock_books(tx, range(house.books + 1))
        at = await moment(tx)
        changed = await _unproved(house, tx, day)
        if changed:
            return StepReport(f"{day} has changed since it was proved", {}, [f"{line}; run the day's end again" for line in changed])
        rows = 0
        for book in range(house.books + 1):
            closed = await house.ledger.close_date(tx, at.now, book, day)
            assert isinstance(closed, int), f"book {book} does not close on {day}: {closed}"
            rows += closed
        await tx.execute("update business_day set state = 'closed', closed_at = $2 where business_date = $1 and state = 'cut'", day, at.now)
        report = StepReport(f"{day} is closed, {counted(rows, 'balance')} kept", {"balances": rows})
        await remember(tx, day, CLOSE, report)  # here: nothing is run again on a date that is closed
    return report


async def _unproved(house: House, tx: Tx, day: date) -> list[str]:
    """The proofs once more, under the locks of all books: what is wrong now and nobody has answered for."""
    accepted = {(one.kind, one.item, one.amount) for one in await bank.breaks(tx, day) if one.accounted}
    found = mirrors.wrong_of(await mirrors.compare(house, tx, day)) | units.wrong_of(await units.compare(house, tx, day))
    wrong, _ = await _books(house, tx, day)
    wrong += [one.text for one in await bank.breaks(tx, day) if not one.accounted]
    return [f"{kind} of {item} ({format_minor(amount)})" for kind, item, amount in sorted(found - accepted)] + wrong
