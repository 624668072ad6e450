"""Clearing, and what the day's captures move at the bank: steps of the day's end.

Clearing takes the network's file, item by item, against the holds (`network` fetches it, `network_items` says what each item is). What it
takes becomes money: the holds of a sale are captured in one entry; the fund part of it calls on the bank's advance line.
"""

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import date, timedelta
from io import BytesIO

from tapwealth.acquiring import store as acquiring
from tapwealth.acquiring.store import Presentment
from tapwealth.bank.entries import NUMBER_OF, Part
from tapwealth.clearing import store as clearing
from tapwealth.compliance import store as compliance
from tapwealth.flows.bank import payments
from tapwealth.flows.bank.payments import Payment, Purpose
from tapwealth.flows.clearing import network, network_items
from tapwealth.flows.end_of_day import StepReport, reported
from tapwealth.flows.frame import HOUSE_BOOK, PLATFORM, House, Moment, actor_number, actor_numbers, moment, must_post, step_key
from tapwealth.flows.issuing import card_debits, reservations
from tapwealth.flows.issuing.tap import accounts_of, standing_holds, tap_of
from tapwealth.issuing import entries, store
from tapwealth.issuing.entries import Taken, taken_of
from tapwealth.issuing.store import Authorisation
from tapwealth.kernel.money import Asset, format_minor
from tapwealth.kernel.parts import first, pack
from tapwealth.kernel.words import counted
from tapwealth.ledger.chart import Kind, house_account
from tapwealth.storage.database import Tx
from tapwealth.wire.clearing_file import NetworkFile

_AT_ONCE = 2000
_RESERVE = NUMBER_OF[Kind.CUSTOMER_RESERVE]


async def expire_holds(house: House, day: date) -> StepReport:
    """Set free what nobody presented in time."""
    expired = 0
    while True:
        some = await _expire_some(house, day, expired)
        expired += some
        if some < _AT_ONCE:
            return _expired(expired)


def _expired(count: int) -> StepReport:
    return StepReport(f"{counted(count, 'authorisation')} expired", {"expired": count})


async def _expire_some(house: House, day: date, before: int) -> int:
    """How many were expired; `before` were by the rounds before this one."""
    async with house.database.transaction() as tx:
        await house.ledger.lock_books(tx, house.all_books)
        at = await moment(tx)
        overdue = await store.overdue(tx, at.now, _AT_ONCE)
        standing = await standing_holds(house, tx, overdue)
        accounts = await accounts_of(house, tx, overdue)
        actors = await actor_numbers(tx, [(row.book, PLATFORM) for row in overdue])
        made = [
            entries.expired(tap_of(accounts, row), day, actor) for row, actor in zip(overdue, actors, strict=True) if row.holder in standing
        ]
        await must_post(house, tx, at, made)
        await reservations.give_up(tx, overdue, "nobody presented the tap in time")
        await store.set_state(tx, [(row.book, row.id) for row in overdue], "expired")
        await compliance.add_usage(tx, [(row.book, row.person, row.business_date, -row.amount) for row in overdue])
        if len(overdue) < _AT_ONCE:
            await reported(tx, _expired(before + len(overdue)))
        return len(overdue)


async def clear_cards(house: House, day: date) -> StepReport:
    """Capture what the network has cleared of what was presented, and give back what it has cleared of refunds."""
    async with house.database.look() as tx:
        files = [one for one in await clearing.files(tx, day) if one.finished_at is None]
    for one in files:
        if one.cleared is None and (wrong := await network.fetch(house, one)):
            return StepReport("no clearing file that can be believed", wrong=[wrong])
        while await _clear_some(house, day, one.sequence):
            pass
    await _give_back(house, day)
    async with house.database.read() as tx:
        return await _cleared(house, tx, day)


async def _cleared(house: House, tx: Tx, day: date) -> StepReport:
    """What was done, and what is open with the network."""
    amounts = [row.captured_amount for row in await store.captured_on(tx, day)]
    given = sum(row.credit for row in await store.credited_on(tx, day))
    disputes, waiting = await clearing.open_disputes(tx), await clearing.open_items(tx, house.all_books, day)
    said = [
        (f"{counted(len(amounts), 'sale')} cleared, {format_minor(sum(amounts))} yuan", {"sales": len(amounts), "amount": sum(amounts)})
    ]
    if given:
        said.append((f"{format_minor(given)} given back", {"refunds": given}))
    if waiting:
        said.append((f"{counted(len(waiting), 'item')} not cleared yet", {"waiting": len(waiting)}))
    if disputes:
        said.append((f"{counted(len(disputes), 'item')} disputed with the network", {"disputed": len(disputes)}))
    return StepReport("; ".join(text for text, _ in said), {name: value for _, figures in said for name, value in figures.items()})


async def _give_back(house: House, day: date) -> None:
    """Refunds and late voids that the network has cleared: out of what the merchant has received and was not paid yet in the customer's
    book. What that does not cover waits for the merchant's next receipts there."""
    async with house.database.transaction() as tx:
        books = sorted({row.book for row in await _due_credits(tx, day)})
        if not books:
            return
        await house.ledger.lock_books(tx, books)
        due = [row for row in await _due_credits(tx, day) if row.book in books]
        at = await moment(tx)
        accounts = await accounts_of(house, tx, due)
        actors = await actor_numbers(tx, [(row.book, PLATFORM) for row in due])
        made = [entries.refunded(tap_of(accounts, row), row.credit, day, actor) for row, actor in zip(due, actors, strict=True)]
        free = await house.ledger.free(tx, at.now, list(accounts.of.values()))
        paid = []
        for row, entry in zip(due, made, strict=True):
            merchant = accounts.of[row.book, Kind.MERCHANT, row.merchant]
            if row.credit <= free[merchant]:
                free[merchant] -= row.credit
                paid.append((row, entry))
        await must_post(house, tx, at, [entry for _, entry in paid])
        wallets = [accounts.of[row.book, Kind.WALLET, row.person] for row, _ in paid]
        await card_debits.give_back(house, tx, at, day, [row for row, _ in paid], wallets)
        await store.set_credited(tx, [(row.book, row.id) for row, _ in paid], day)
        sales = await store.by_id(tx, [(row.book, row.original) for row, _ in paid if row.original])
        paid_on = {row.id: sales[row.original].business_date if row.original else day for row, _ in paid}
        await compliance.add_usage(tx, [(row.book, row.person, paid_on[row.id], -row.credit) for row, _ in paid])


async def _due_credits(tx: Tx, day: date) -> list[Authorisation]:
    due = await store.due_credits(tx, day)
    known = await clearing.items_of(tx, [(row.book, row.id) for row in due])
    return [row for row in due if row.id in known and known[row.id].cleared_on is not None]


async def _clear_some(house: House, day: date, sequence: int) -> bool:
    """Work off the next items of a file's answer, all in one; whether any are left."""
    async with house.database.transaction() as tx:
        await house.ledger.lock_books(tx, [HOUSE_BOOK, *house.all_books])
        (file,) = [one for one in await clearing.files(tx, day) if one.sequence == sequence]
        assert file.cleared is not None, "it was fetched before"
        if file.finished_at is not None:
            return False
        at = await moment(tx)
        items = list(NetworkFile(BytesIO(file.cleared)))[file.done : file.done + _AT_ONCE]
        done = file.done + len(items)
        sorted_out = await network_items.sort_out(house, tx, day, f"{sequence}:{file.done}", items)
        await _capture(house, tx, at, day, [_Claim(*one) for one in sorted_out.sales])
        await network_items.keep(house, tx, at, day, sorted_out)
        finished = len(items) < _AT_ONCE
        await clearing.set_done(tx, day, sequence, done, at.now if finished else None)
        if finished:
            await network_items.name_missing(house, tx, at, file)
        return not finished


@dataclass(slots=True)
class _Claim:
    """A sale that was presented and that the network has cleared for `amount` fen. `taken` is what clearing takes for it; `late`: its hold
    had expired."""

    presentment: Presentment
    row: Authorisation
    amount: int
    taken: Taken | None = None
    late: bool = False

    @property
    def note(self) -> str:
        return "presented after the hold had expired" if self.late else ""


async def _capture(house: House, tx: Tx, at: Moment, day: date, claims: list[_Claim]) -> None:
    """What is held is captured, up to what is cleared. What had expired is honoured from the wallet, then from the bank card as far as it
    had been asked; what is cleared beyond the hold, from the wallet. What is missing, the customer owes."""
    rows = [one.row for one in claims]
    standing = await standing_holds(house, tx, rows)
    accounts = await accounts_of(house, tx, rows)
    taps = [tap_of(accounts, row) for row in rows]
    free = await house.ledger.free(tx, at.now, [tap.wallet for tap in taps])
    made = []
    for one, tap, actor in zip(claims, taps, await actor_numbers(tx, [(row.book, PLATFORM) for row in rows]), strict=True):
        one.late = standing.get(one.row.holder, at.now) <= at.now
        held = 0 if one.late else min(one.amount, one.row.amount)
        beyond = one.amount - held
        wallet = min(beyond, max(free[tap.wallet], 0))
        free[tap.wallet] -= wallet
        card = min(beyond - wallet, one.row.card_amount) if one.late else 0
        extra = Taken(wallet, missing=beyond - wallet - card, card=card)
        if one.late:
            if one.row.holder in standing:
                made.append(entries.expired(tap, day, actor))
            one.taken = extra
            made.append(entries.late_presentment(tap, extra, day, actor))
            continue
        one.taken = taken_of(tap, held)
        made.append(entries.captured(tap, one.taken, day, actor))
        if beyond:
            made.append(entries.captured_beyond(tap, extra, day, actor))
            one.taken = replace(one.taken, wallet=one.taken.wallet + wallet, missing=extra.missing)
    await must_post(house, tx, at, made)
    by_card = [(one.row, one.taken) for one in claims if one.taken is not None]
    await card_debits.collect(house, tx, at, day, by_card)
    await _keep(tx, day, claims)


async def _keep(tx: Tx, day: date, claims: list[_Claim]) -> None:
    taken = [(one.row, one.taken) for one in claims if one.taken is not None]
    made = [(row.book, row.id, of.amount, of.wallet, of.card, pack(first(row.by_funds, of.units))) for row, of in taken]
    await store.set_captured(tx, made, day)
    counted = [(row.book, row.person, row.business_date, of.amount - row.amount * (row.state == "approved")) for row, of in taken]
    await compliance.add_usage(tx, counted)
    await acquiring.mark_cleared(tx, [(one.presentment, one.note) for one in claims], day)


async def sweep_fees(house: House, day: date) -> StepReport:
    """The day's fees go to our own account at the bank, the next day."""
    async with house.database.transaction() as tx:
        await house.ledger.lock_books(tx, house.all_books)
        at = await moment(tx)
        actor = await actor_number(tx, HOUSE_BOOK, PLATFORM)
        source = {house_account(book, kind, Asset.CNY): book for book in house.all_books for kind in (Kind.FEES, Kind.BILL_FEES)}
        totals = await house.ledger.totals_dated(tx, list(source), day)
        parts = tuple(
            Part(book, amount, account, house_account(book, Kind.FEES_OWN, Asset.CNY))
            for account, book in source.items()
            if (amount := totals[account].owed) > 0
        )
        payment = Payment(
            step_key(day, "fees", HOUSE_BOOK),
            f"FEE-{day:%Y%m%d}",
            Purpose.FEES,
            _RESERVE,
            NUMBER_OF[Kind.OWN_MONEY],
            "Tapwealth",
            day + timedelta(days=1),
            parts,
        )
        await payments.instruct(house, tx, at, day, actor, [payment] if parts else [])
        text = f"fees {format_minor(payment.amount)} on their way to own money"
        return await reported(tx, StepReport(text, {"amount": payment.amount}))


async def draw_advance(house: House, day: date) -> StepReport:
    """What the bank advanced for the day's captures moves from its account into the reserve, the next day."""
    async with house.database.transaction() as tx:
        units: dict[int, int] = defaultdict(int)
        for row in await store.captured_on(tx, day):
            units[row.book] += row.fund_units
        at = await moment(tx)
        actor = await actor_number(tx, HOUSE_BOOK, PLATFORM)
        parts = tuple(
            Part(book, amount, house_account(book, Kind.ADVANCE_OUT, Asset.CNY), house_account(book, Kind.RESERVE_DUE, Asset.CNY))
            for book, amount in sorted(units.items())
            if amount
        )
        await payments.instruct(house, tx, at, day, actor, [_draw(day, parts)] if parts else [], set_aside=False)
    total = sum(part.amount for part in parts)
    return StepReport(f"{format_minor(total)} yuan of the advance line drawn", {"amount": total})


def _draw(day: date, parts: tuple[Part, ...]) -> Payment:
    return Payment(
        step_key(day, "advance", HOUSE_BOOK),
        f"ADV-{day:%Y%m%d}",
        Purpose.ADVANCE_DRAW,
        NUMBER_OF[Kind.ADVANCE],
        _RESERVE,
        "Tapwealth customer reserve",
        day + timedelta(days=1),
        parts,
    )
