"""The day's end with the insurer: premiums to the premium trust, and our policies against its bordereau (the settlement: `settling`).

The bordereau is the insurer's word: a policy that it names as issued or cancelled is so, whatever we knew before. A request that was not
answered is in doubt, which is no difference: its premium lies in transit, by item.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

from tapwealth.bank import store as bank
from tapwealth.bank.entries import NUMBER_OF, Part
from tapwealth.bank.store import BreakRow
from tapwealth.flows.bank import payments
from tapwealth.flows.bank.payments import Payment, Purpose
from tapwealth.flows.end_of_day import StepReport, end_of, handed_out, reported, wait_while
from tapwealth.flows.frame import HOUSE_BOOK, PLATFORM, House, Moment, actor_number, moment, step_key
from tapwealth.flows.insurance.comparisons import COMPARISONS, Asked
from tapwealth.insurance import endorsement_store, policy_event_store, premium_store, store
from tapwealth.insurance.bordereau import BordereauEvent, BordereauLine, read_bordereau
from tapwealth.insurance.policy_event_store import PolicyEventRow, Swept
from tapwealth.kernel.money import Asset, format_minor
from tapwealth.kernel.refusal import BadInput
from tapwealth.kernel.words import counted
from tapwealth.ledger.chart import Kind, house_account
from tapwealth.storage.database import Tx

BORDEREAU = "bordereau"
"""The source of the breaks found here."""
NAMED_OTHERWISE = "named_otherwise"
"""The kind of break that two people may accept, with which an event is what the insurer calls it."""
LOT = 5_000
"""Lines of a bordereau of which what is known of them is in memory at once."""
AT_MIDNIGHT = timedelta(minutes=5)
"""What we heard of so shortly before a date's end may stand in the bordereau of the next."""
REJECTED_WITHIN = timedelta(days=14)
"""How far back a sweep is looked for that the bank has rejected."""


async def begin_cover(house: House, day: date) -> StepReport:
    """Policies whose first day of cover this is are in force."""
    async with house.database.transaction() as tx:
        await house.ledger.lock_books(tx, house.all_books)
        begun = await store.begin_cover(tx, list(house.all_books), day)
        return await reported(tx, StepReport(f"cover of {counted(begun, 'policy', 'policies')} has begun", {"begun": begun}))


async def sweep_premiums(house: House, day: date) -> StepReport:
    """Premiums that the insurer has booked go from the reserve to the premium trust, the next day. What it refused stays behind."""
    async with house.database.transaction() as tx:
        await house.ledger.lock_books(tx, house.all_books)
        at = await moment(tx)
        actor = await actor_number(tx, HOUSE_BOOK, PLATFORM)
        swept = await policy_event_store.sweep(tx, list(house.all_books), day, _name(day), await _rejected(house, tx, day))
        sweep = _sweep(day, swept)
        await payments.instruct(house, tx, at, day, actor, [sweep] if swept else [])
        premiums, policies = sum(one.premiums for one in swept), sum(one.policies for one in swept)
        text = f"{counted(premiums, 'premium')}, {format_minor(sweep.amount)} yuan on their way to the premium trust"
        return await reported(tx, StepReport(text, {"policies": policies, "amount": sweep.amount}))


async def _rejected(house: House, tx: Tx, day: date) -> list[str]:
    """Sweeps of the last days that the bank did not execute: their premiums are in transit again."""
    names = await policy_event_store.sweeps_since(tx, list(house.all_books), day - REJECTED_WITHIN)
    return [name for name, one in (await bank.by_end_to_end(tx, names)).items() if one.state == "rejected"]


def _name(day: date) -> str:
    return f"PRE-{day:%Y%m%d}"


def _sweep(day: date, swept: Sequence[Swept]) -> Payment:
    return Payment(
        step_key(day, "premiums", HOUSE_BOOK),
        _name(day),
        Purpose.PREMIUM_SWEEP,
        NUMBER_OF[Kind.CUSTOMER_RESERVE],
        NUMBER_OF[Kind.PREMIUM_TRUST],
        "Tapwealth premium trust",
        day + timedelta(days=1),
        tuple(
            Part(
                one.book,
                one.amount,
                house_account(one.book, Kind.PREMIUM_IN_TRANSIT, Asset.CNY),
                house_account(one.book, Kind.INSURER, Asset.CNY),
            )
            for one in swept
        ),
    )


Item = dict[str, Any]
"""An open item as the report lists it."""


@dataclass(slots=True)
class _Compared:
    """`differences`, and how many events the bordereau confirms, as far as they are found. `accepted`: serials of events that stay as the
    insurer names them, since two people have said so; `otherwise`: those that still wait for that."""

    accepted: set[str]
    otherwise: set[str] = field(default_factory=set)
    differences: list[BreakRow] = field(default_factory=list)
    matched: int = 0

    def differ(self, kind: str, item: str, amount: int, text: str) -> None:
        self.differences.append(BreakRow(BORDEREAU, kind, item, amount, text, accounted=False))

    def name_otherwise(self, row: PolicyEventRow, event: BordereauEvent) -> None:
        """It is that event at the insurer, and another one here."""
        self.otherwise.add(row.serial)
        names = [_DONE.get(one, str(one)) for one in (event, row.event)]
        text = f"request {row.serial}: {row.policy_number} is {names[0]} at the insurer and {names[1]} here; have it put right, or accept"
        self.differ(NAMED_OTHERWISE, row.serial, row.amount, f"{text} that it stays as the insurer has it")


async def compare_insurer(house: House, day: date) -> StepReport:
    """Compare the insurer's bordereau of this date with what we know of policies, and settle by it what was in doubt."""
    await wait_while(house, lambda tx: _asked(house, tx))
    content = await handed_out(lambda: house.rails.insurer.bordereau(day))
    if content is None:
        return StepReport("no bordereau", wrong=[f"the insurer's bordereau of {day} is not to be had; close {day} again when it is"])
    try:
        lines = read_bordereau(content)
    except BadInput as error:
        return StepReport("unreadable bordereau", wrong=[f"the insurer's bordereau of {day}: {error}"])
    books = list(house.all_books)
    async with house.database.transaction() as tx:
        await house.ledger.lock_books(tx, books)
        at = await moment(tx)
        compared = _Compared(await bank.accounted(tx, day, BORDEREAU, NAMED_OTHERWISE))
        for event in BordereauEvent:
            said = [line for line in lines if line.event is event]
            twice = {serial for serial, times in Counter(line.serial for line in said).items() if times > 1}
            for first in range(0, len(said), LOT):
                await _compare(house, tx, at, day, event, said[first : first + LOT], twice, compared)
        named = {(line.event, line.serial) for line in lines}
        for row in await policy_event_store.unmatched(tx, books, day, end_of(day) - AT_MIDNIGHT):
            if (row.event, row.serial) not in named and not (row.event in _OTHERWISE and row.serial in compared.otherwise):
                text = f"policy {row.policy_number} is {_DONE.get(row.event, row.event)} here, but the insurer's bordereaux do not name it"
                compared.differ("we_have_more", row.serial, row.amount, text)
        compared.differences = await bank.replace_breaks(tx, day, BORDEREAU, compared.differences, at.now)
        doubted, transit, awaited = await _open(tx, books, day)
    figures = {"in_doubt": doubted, "premiums_in_transit": transit, "refunds_awaited": awaited}
    return _report(lines, compared, figures)


_DONE = {BordereauEvent.PREMIUM: "paid for", BordereauEvent.DEDUCTED: "paid for by a claim", BordereauEvent.PREMIUMS_BACK: "given back"}
"""How an event is said of a policy, where its name does not say it."""
_OTHERWISE = {BordereauEvent.CLAIMED: BordereauEvent.PREMIUMS_BACK, BordereauEvent.PREMIUMS_BACK: BordereauEvent.CLAIMED}
"""What else an insurer may call a payment for an illness that came too early: one of an earlier release decided it as any other loss."""


async def _asked(house: House, tx: Tx) -> bool:
    books = list(house.all_books)
    asked = await store.waiting(tx, books) or await premium_store.waiting(tx, books) or await premium_store.untold(tx, books)
    return bool(asked or await endorsement_store.waiting(tx, books))


async def _compare(
    house: House,
    tx: Tx,
    at: Moment,
    day: date,
    event: BordereauEvent,
    lines: Sequence[BordereauLine],
    twice: AbstractSet[str],
    compared: _Compared,
) -> None:
    """Lines of one event: what they say is applied where it fits, and named where it does not. `twice`: serials that the whole bordereau
    has more than once for that event."""
    books, serials = list(house.all_books), [line.serial for line in lines]
    happened = await policy_event_store.by_serial(tx, books, event, serials)
    asked = await COMPARISONS[event].requests(tx, books, serials)
    agreed = _agreeing(day, lines, twice, happened, asked, compared)
    doubted = [(asked[line.serial], line) for line in agreed if line.serial not in happened]
    if doubted:
        await COMPARISONS[event].settle(house, tx, at, day, doubted)
        happened = await policy_event_store.by_serial(tx, books, event, serials)
        asked = await COMPARISONS[event].requests(tx, books, serials)
    otherwise = await _named_otherwise(tx, books, event, [line for line in agreed if line.serial not in happened], compared)
    matched = []
    for line in agreed:
        row = happened.get(line.serial)
        if line.serial in otherwise:
            matched += otherwise[line.serial]
        elif row is not None and row.policy_number == line.policy_number:
            matched.append(row)
        else:
            here = asked[line.serial].here if line.serial in asked else f"it is {row.policy_number}" if row else "it is not"
            text = f"request {line.serial}: {line.policy_number} is {_DONE.get(event, event)} at the insurer, here {here}"
            compared.differ("state_differs", line.serial, line.amount, text)
    await policy_event_store.match(tx, matched, day)
    compared.matched += len(matched)


async def _named_otherwise(
    tx: Tx, books: Sequence[int], event: BordereauEvent, lines: Sequence[BordereauLine], compared: _Compared
) -> dict[str, list[PolicyEventRow]]:
    """By serial, payments that the insurer calls that and we otherwise: as it has them once two people have accepted it, or else none."""
    if event not in _OTHERWISE or not lines:
        return {}
    said = {line.serial: (line.policy_number, line.amount) for line in lines}
    ours = await policy_event_store.by_serial(tx, books, _OTHERWISE[event], list(said))
    here = [ours[serial] for serial in said if serial in ours]
    alike = [row for row in here if row.matched_on is None and (row.policy_number, row.amount) == said[row.serial]]
    taken = [row for row in alike if row.serial in compared.accepted]
    if taken:
        await policy_event_store.name_as(tx, taken, event)
    for row in alike:
        if row.serial not in compared.accepted:
            compared.name_otherwise(row, event)
    return {row.serial: [replace(row, event=event)] if row in taken else [] for row in alike}


def _agreeing(
    day: date,
    lines: Sequence[BordereauLine],
    twice: AbstractSet[str],
    happened: Mapping[str, PolicyEventRow],
    asked: Mapping[str, Asked],
    compared: _Compared,
) -> list[BordereauLine]:
    """The lines that name one request of ours with its amount; the differences of the others."""
    kept = []
    for line in lines:
        row = happened.get(line.serial) or asked.get(line.serial)
        if row is None:
            compared.differ("insurer_has_more", line.serial, line.amount, f"no request of ours is called {line.serial} ({line.event})")
        elif line.serial in twice or (isinstance(row, PolicyEventRow) and row.matched_on not in (None, day)):
            compared.differ("told_twice", line.serial, line.amount, f"request {line.serial} ({line.event}) is told more than once")
        elif line.amount != row.amount:
            ours = format_minor(row.amount)
            text = f"request {line.serial} ({line.event}) is {format_minor(line.amount)} at the insurer and {ours} here"
            compared.differ("amount_differs", line.serial, line.amount - row.amount, text)
        else:
            kept.append(line)
    return kept


async def _open(tx: Tx, books: Sequence[int], day: date) -> tuple[list[Item], list[Item], list[Item]]:
    """By item: requests without an answer; premiums that lay in transit at the date's end; refunds that had not arrived."""
    waiting, asked = await store.waiting(tx, books), await store.premiums_asked_with(tx, books, day)
    taken, untold = await premium_store.waiting(tx, books), await premium_store.untold(tx, books)
    transit = {row.serial: row.premium for row in asked} | {
        row.serial: row.amount for row in await policy_event_store.in_transit(tx, books, day)
    }
    for serial, amount in [*await premium_store.asked_with(tx, books, day), *await endorsement_store.asked_with(tx, books, day)]:
        transit[serial] = amount
    doubted = [{"item": row.cancel_serial or row.serial, "amount": row.premium, "state": row.state.value} for row in waiting]
    doubted += [{"item": row.serial, "amount": row.amount + row.interest, "state": row.state.value} for row in taken]
    doubted += [{"item": row.serial, "amount": row.refund, "state": row.turn.value} for row in untold]
    doubted += [{"item": row.serial, "amount": row.amount, "state": row.kind.value} for row in await endorsement_store.waiting(tx, books)]
    refunds = [(row.cancel_serial or "", row.refund) for row in await store.refunds_awaited(tx, books, day)]
    refunds += await premium_store.cash_values_awaited(tx, books, day)
    refunds += await endorsement_store.refunds_awaited(tx, books, day)
    return (
        doubted,
        [{"item": serial, "amount": amount} for serial, amount in sorted(transit.items())],
        [{"item": serial, "amount": amount} for serial, amount in sorted(refunds)],
    )


def _report(lines: Sequence[BordereauLine], compared: _Compared, opened: Mapping[str, list[Item]]) -> StepReport:
    figures = {"events": len(lines), "matched": compared.matched, "differences": len(compared.differences), **opened}
    text = f"{compared.matched} of {len(lines)} events agree with the insurer's bordereau"
    return StepReport(text, figures, list(dict.fromkeys(one.text for one in compared.differences if not one.accounted)))
