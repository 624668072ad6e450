"""The proofs of a date: what the bank and the registrar say, against the ledger. A date with anything unexplained stays cut.

Three proofs. *Mirrors*: each account at the bank, by its statement (camt.053), with the payments under way listed. *Units*: each holder, by
the registrar's holdings (05), with captured units on their way to the advancer listed. *Books*: each book and asset sums to zero, and each
mirror equals what it backs.
"""

import hashlib
import io
import json
from collections import defaultdict
from datetime import date, timedelta
from typing import Any

from tapwealth.bank import store as bank
from tapwealth.bank.entries import ACCOUNTS
from tapwealth.bank.reconcile import Movement, OpenInstruction, OurDay, Reconciliation, reconcile
from tapwealth.bank.statement import Statement, pack_lines, read_statement, unpack_lines
from tapwealth.bank.store import BreakRow
from tapwealth.flows.end_of_day import StepReport, end_of
from tapwealth.flows.frame import House, moment
from tapwealth.flows.income import register_on
from tapwealth.funds import store as funds
from tapwealth.funds.income import Account
from tapwealth.kernel.clock import deadline_after, monotonic_ns, sleep_ms
from tapwealth.kernel.money import Asset, format_minor
from tapwealth.kernel.refusal import BadInput
from tapwealth.ledger.chart import BY_KIND, Kind, house_account
from tapwealth.storage.database import Tx

PATIENCE_SECONDS = 8
"""How long a step waits, by the machine's clock, for what is on its way; then it says what is missing."""

_LOOK_MS = 50
_OFFICIAL = {Asset.CNY: "CNY", Asset.FUND_000198: "000198"}


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


async def receive_statements(house: House, day: date) -> StepReport:
    """The bank's statement of each of our accounts, once every payment that was due has its answer (or patience has run out)."""
    await _answers(house, day)
    missing, wrong = [], []
    for account in ACCOUNTS:
        content = await house.rails.bank.statement(account, day)
        if content is None:
            missing.append(f"the bank has no statement of {account} for {day} yet; run the day's end again later")
            continue
        try:
            await _keep(house, account, day, read_statement(io.BytesIO(content)), hashlib.sha256(content).digest())
        except BadInput as error:
            wrong.append(str(error))
    return StepReport(f"{len(ACCOUNTS) - len(missing) - len(wrong)} statements received", {}, missing + wrong)


async def _answers(house: House, day: date) -> None:
    deadline = deadline_after(PATIENCE_SECONDS)
    while monotonic_ns() < deadline:
        async with house.database.read() as tx:
            if not any(one.requested_date <= day for one in await bank.open_instructions(tx)):
                return
        await sleep_ms(_LOOK_MS)


async def _keep(house: House, account: str, day: date, said: Statement, digest: bytes) -> None:
    async with house.database.transaction() as tx:
        at = await moment(tx)
        await bank.save_statement(tx, account, day, said.opening, said.closing, pack_lines(said.lines), digest, at.now)


async def receive_holdings(house: House, day: date) -> StepReport:
    """The registrar's holdings (05) of the date, for each channel that has holders there; they come by the exchange folder."""
    deadline = deadline_after(PATIENCE_SECONDS)
    while True:
        async with house.database.read() as tx:
            expected = {one.channel for one in await funds.open_accounts_of_fund(tx)}
            there = await funds.holding_files_on(tx, day)
        if expected <= there or monotonic_ns() > deadline:
            break
        await sleep_ms(_LOOK_MS)
    missing = [f"the registrar's holdings (05) of {day} for channel {one} are not in" for one in sorted(expected - there)]
    return StepReport(f"{len(there & expected)} of {len(expected)} holdings files in", {}, missing)


async def prove_mirrors(house: House, day: date) -> StepReport:
    """Each mirror against the bank's statement."""
    async with house.database.transaction() as tx:
        at = await moment(tx)
        results = [await _reconcile(house, tx, account, day) for account in ACCOUNTS]
        found = [
            BreakRow("bank", one.kind.value, one.item, one.difference, one.text, accounted=False)
            for result in results
            for one in result.breaks
        ]
        await bank.replace_breaks(tx, day, "bank", found, at.now)
        figures = {result.account: await _figures(house, tx, result, day) for result in results}
    return StepReport(f"{len(results)} mirrors against the bank", figures, [one.text for one in found])


async def _reconcile(house: House, tx: Tx, account: str, day: date) -> Reconciliation:
    mirror = ACCOUNTS[account][0]
    executed, received = await bank.settled_on(tx, day), await bank.receipts_on(tx, day)
    movements = [Movement(one.end_to_end_id, sign * one.amount) for one in executed for sign in _signs(one, account)]
    movements += [Movement(one.end_to_end_id, one.amount) for one in received if one.account == account]
    opened = [
        OpenInstruction(one.end_to_end_id, sign * one.amount, one.requested_date)
        for one in await bank.unsettled_on(tx, day)
        for sign in _signs(one, account)
    ]
    ours = OurDay(
        account,
        day,
        await _held(house, tx, mirror, day - timedelta(days=1)),
        await _held(house, tx, mirror, day),
        movements,
        opened,
    )
    opening, closing, lines = (await bank.statements(tx, day))[account]
    return reconcile(ours, Statement(account, day, opening, closing, unpack_lines(lines)))


def _signs(one: bank.Instruction, account: str) -> list[int]:
    """+1 where a payment arrives at the account, -1 where it leaves it."""
    return [sign for sign, end in ((-1, one.from_account), (1, one.to_account)) if end == account]


async def _held(house: House, tx: Tx, mirror: Kind, day: date) -> int:
    """The mirror over all books, as of a date."""
    accounts = [house_account(book, mirror, Asset.CNY) for book in range(house.books + 1)]
    return sum(total.held for total in (await house.ledger.totals_dated(tx, accounts, day)).values())


async def _figures(house: House, tx: Tx, result: Reconciliation, day: date) -> dict[str, Any]:
    mirror = ACCOUNTS[result.account][0]
    _, closing, _ = (await bank.statements(tx, day))[result.account]
    return {
        "mirror": BY_KIND[mirror].name,
        "ours": await _held(house, tx, mirror, day),
        "statement": closing,
        "matched": len(result.matches),
        "transit": [{"item": one.end_to_end_id, "amount": one.amount, "due": str(one.due)} for one in result.transit],
    }


async def prove_units(house: House, day: date) -> StepReport:
    """Each holder's units against the registrar's holdings; captured units still with the holder there are listed."""
    async with house.database.transaction() as tx:
        at = await moment(tx)
        register = await register_on(house, tx, day, coming=False)
        coming = await funds.fast_transfers_under_way(tx, day)
        holders = {(one.channel, *key): key for key, one in register.holders.items()}
        by_id = {one.id: key for key, one in register.holders.items()}
        transit: dict[Account, int] = defaultdict(int)
        for order in coming:
            transit[by_id[order.fund_account]] += order.units
        said = await funds.holdings_on(tx, day)
        found = [_unit_break(day, name, register.units.get(key, 0) + transit[key], said.get(name, 0)) for name, key in holders.items()]
        found += [_unit_break(day, name, 0, units) for name, units in said.items() if name not in holders]
        breaks = [one for one in found if one is not None]
        await bank.replace_breaks(tx, day, "units", breaks, at.now)
    figures = {
        "holders": len(holders),
        "ours": register.total,
        "transit_098": [{"item": order.serial, "units": order.units} for order in coming],
        "registrar": sum(said.values()),
    }
    return StepReport(f"{len(holders)} holders against the registrar", figures, [one.text for one in breaks])


def _unit_break(day: date, name: tuple[str, str, str], ours: int, registrar: int) -> BreakRow | None:
    if ours == registrar:
        return None
    channel, ta_account, trading_account = name
    item = f"{ta_account or '-'}/{trading_account}"
    text = (
        f"{channel} on {day}, holder {item}: here {format_minor(ours)} units, by the registrar's 05 {format_minor(registrar)};"
        " ask the registrar for a right file, or correct ours"
    )
    return BreakRow("units", "units_differ", item, registrar - ours, text, accounted=False)


async def prove_books(house: House, day: date) -> StepReport:
    """Every book and asset sums to zero; every mirror is what it backs; nothing lies between books."""
    wrong: list[str] = []
    owed: dict[str, int] = defaultdict(int)
    async with house.database.read() as tx:
        for book in range(house.books + 1):
            for asset in Asset:
                wrong += await _prove_book(house, tx, book, asset, day, owed)
    return StepReport(f"{house.books + 1} books balance", dict(owed), wrong)


async def _prove_book(house: House, tx: Tx, book: int, asset: Asset, day: date, owed: dict[str, int]) -> list[str]:
    lines = await house.ledger.trial_balance(tx, book, asset, day)
    backed: dict[Kind, int] = defaultdict(int)
    wrong = []
    for line in lines:
        row = BY_KIND[Kind(line.kind)]
        backed[row.mirror] += line.totals.owed
        owed[f"{_OFFICIAL[asset]} {row.name}"] += line.totals.owed
        if row.kind is Kind.BOOK_TRANSIT and line.totals.owed:
            wrong.append(f"book {book} has {format_minor(line.totals.owed)} in transit to other books on {day}; drain it again")
    wrong += [
        f"book {book}: the mirror {BY_KIND[mirror].name} differs by {format_minor(difference)} from what it backs on {day}; run the audit"
        for mirror, difference in backed.items()
        if difference
    ]
    return wrong


async def name_open_items(house: House, day: date) -> StepReport:
    """What was found on the way and is not explained keeps the date from closing; what is accounted for is only listed."""
    async with house.database.read() as tx:
        found = await bank.breaks(tx, day)
        unconfirmed = await funds.unconfirmed(tx, day)
    figures = {
        "breaks": [{"source": one.source, "kind": one.kind, "item": one.item, "amount": one.amount, "text": one.text} for one in found],
        "orders_in_transit": [
            {"what": what, "orders": orders, "amount": amount, "units": units} for what, orders, amount, units in unconfirmed
        ],
    }
    wrong = [one.text for one in found if not one.accounted]
    return StepReport(f"{len(found)} breaks, {len(wrong)} of them unexplained", figures, wrong)


async def write_heads(house: House, day: date) -> StepReport:
    """The heads of the books' chains go to a file outside the database, one line a book."""
    async with house.database.read() as tx:
        heads = await house.ledger.heads(tx)
    lines = [json.dumps({"date": str(day), "book": one.book, "batch": one.batch, "digest": one.digest}) for one in heads]
    house.rails.heads.append(lines)
    return StepReport(f"{len(lines)} heads written")


async def close(house: House, day: date) -> StepReport:
    """Make the date immutable."""
    async with house.database.transaction() as tx:
        await house.ledger.lock_books(tx, range(house.books + 1))
        at = await moment(tx)
        rows = 0
        for book in range(house.books + 1):
            closed = await house.ledger.close_date(tx, at.now, book, day)
            assert isinstance(closed, int), f"book {book} does not close on {day}: {closed}"
            rows += closed
        await tx.execute("update business_day set state = 'closed', closed_at = $2 where business_date = $1 and state = 'cut'", day, at.now)
    return StepReport(f"{day} is closed, {rows} balances kept", {"balances": rows})
