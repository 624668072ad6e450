"""Taking premiums of policies that stand: from the wallet, and from funds what it lacks, in the order in which bills are paid.

Loaded for a whole lot and drawn down as its decisions fall. A premium is taken once: what it pays for moves on in the same transaction, and
no two rows may pay for the same days. It waits in transit until the insurer has booked it (`premium_outcomes`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cached_property
from typing import NamedTuple
from uuid import UUID

from tapwealth.compliance import store as compliance
from tapwealth.compliance.limits import Used
from tapwealth.customers import store as customers
from tapwealth.flows.bank.payments import end_to_end
from tapwealth.flows.frame import Caller, House, Moment, actor_numbers, must_post
from tapwealth.flows.funds import fund_pockets
from tapwealth.flows.funds.advances import TakenOver, take_over
from tapwealth.flows.funds.fund_pockets import Pockets
from tapwealth.flows.funds.pocket import holding_of
from tapwealth.flows.insurance.policy_outcomes import INSURER
from tapwealth.funds import store as funds
from tapwealth.funds.store import Fund
from tapwealth.insurance import entries, premium_store
from tapwealth.insurance.collect import TakeFacts, take
from tapwealth.insurance.entries import LaterPremium
from tapwealth.insurance.premium_store import DueState, Plan, PremiumRow
from tapwealth.insurance.schedule import Due, Schedule
from tapwealth.insurance.store import Key, PolicyRow
from tapwealth.kernel.ids import derived, named
from tapwealth.kernel.money import Asset
from tapwealth.kernel.parts import Parts, total
from tapwealth.kernel.refusal import Refusal
from tapwealth.ledger.chart import Kind
from tapwealth.ledger.port import Limit, NewAccount, Share
from tapwealth.storage import outbox
from tapwealth.storage.database import Tx
from tapwealth.storage.outbox import OutboxMessage

PREMIUM, REINSTATE = "premium", "reinstate"
"""Kinds of messages to the insurer."""
_NAMES = UUID(int=610)
"""What payments are named under."""


@dataclass(frozen=True)
class Wanted:
    """Premiums of one policy that are to be paid together; `fund` pays what the wallet lacks. `most`: what was agreed to be collected at a
    time, by that `mandate`; None: by hand. `tried`: how many payments for it the insurer has given back. `arrears`: to be reinstated."""

    row: PolicyRow
    dues: tuple[Due, ...]
    caller: Caller
    received_at: datetime
    fund: str = ""
    most: int | None = None
    mandate: UUID | None = None
    tried: int = 0
    arrears: bool = False

    @cached_property
    def amount(self) -> int:
        return sum(one.amount + one.interest for one in self.dues)

    @cached_property
    def name(self) -> UUID:
        """What the payment is named by; does not depend on the book."""
        return derived(_NAMES, f"{self.row.serial} {self.dues[0].on} {self.tried}")

    @cached_property
    def payment(self) -> UUID:
        return named(self.received_at, self.row.book, f"premium {self.name}")


class Taken(NamedTuple):
    """Of the premiums that were taken together; `by_funds` fen of them came from funds."""

    rows: list[PremiumRow]
    by_funds: int

    @property
    def amount(self) -> int:
        return sum(one.amount + one.interest for one in self.rows)


@dataclass
class _Facts:
    """Of the whole lot; drawn down as the decisions fall."""

    wallets: dict[Key, int]
    available: dict[Key, int]
    used: Used
    pockets: Pockets
    shelf: Mapping[str, Fund]
    holdings: dict[tuple[int, UUID, str], int]


async def take_premiums(house: House, tx: Tx, at: Moment, day: date, wanted: Sequence[Wanted]) -> list[Taken | Refusal]:
    """One answer for each, in order, under the locks of their books; each policy at most once in the list."""
    if not wanted:
        return []
    facts = await _load(house, tx, at, day, wanted)
    decided = [_decide(house, facts, day, one) for one in wanted]
    taken = [(one, parts) for one, parts in zip(wanted, decided, strict=True) if not isinstance(parts, Refusal)]
    facts.holdings = await _holdings(house, tx, facts, taken)
    actors = await actor_numbers(tx, [(one.row.book, one.caller) for one, _ in taken])
    moneys = [_money(facts, one, parts) for one, parts in taken]
    made = [entries.later_premium_taken(money, day, actor) for money, actor in zip(moneys, actors, strict=True)]
    await must_post(house, tx, at, made)
    for (one, parts), actor in zip(taken, actors, strict=True):
        if parts:
            await take_over(house, tx, at, day, actor, _taken_over(facts, one, parts))
    rows = [_rows(one, day) for one, _ in taken]
    await premium_store.add_premiums(tx, [row for of in rows for row in of])
    await compliance.add_usage(tx, [(one.row.book, one.row.person, day, one.amount) for one, _ in taken])
    await outbox.put(tx, [_message(of[0]) for of in rows])
    answers = iter([Taken(of, total(parts)) for of, (_, parts) in zip(rows, taken, strict=True)])
    return [one if isinstance(one, Refusal) else next(answers) for one in decided]


async def _load(house: House, tx: Tx, at: Moment, day: date, wanted: Sequence[Wanted]) -> _Facts:
    people = sorted({(one.row.book, one.row.person) for one in wanted})
    accounts = await house.ledger.open_accounts(
        tx, [NewAccount(book, Kind.WALLET, person, Asset.CNY, Limit.DEBITS_WITHIN_CREDITS) for book, person in people]
    )
    free = await house.ledger.free(tx, at.now, accounts)
    persons = await customers.persons(tx, people)
    named_funds = sorted({(one.row.book, one.row.person, one.fund) for one in wanted if one.fund})
    return _Facts(
        dict(zip(people, accounts, strict=True)),
        {who: free[account] for who, account in zip(people, accounts, strict=True)},
        await compliance.usage(tx, [(row.book, row.id, row.kyc_level) for row in persons.values()], {day}),
        await fund_pockets.open_pockets(house, tx, at, named_funds, {who: {day} for who in people}),
        await funds.funds(tx) if named_funds else {},
        {},
    )


def _decide(house: House, facts: _Facts, day: date, one: Wanted) -> Parts | Refusal:
    book, person = one.row.book, one.row.person
    known = TakeFacts(
        one.amount,
        facts.available[book, person],
        facts.pockets.left(book, person, one.fund) if one.fund else 0,
        facts.used.above(house.rule_set, person, day, one.amount),
        one.most,
    )
    by_funds = take(known)
    if isinstance(by_funds, Refusal):
        return by_funds
    facts.available[book, person] -= one.amount - by_funds
    facts.used.add(person, day, one.amount)
    return facts.pockets.take(book, person, one.fund, by_funds)


async def _holdings(house: House, tx: Tx, facts: _Facts, taken: Sequence[tuple[Wanted, Parts]]) -> dict[tuple[int, UUID, str], int]:
    named_parts = sorted({(one.row.book, one.row.person, part.source) for one, parts in taken for part in parts})
    found = [holding_of(book, person, facts.shelf[code].asset) for book, person, code in named_parts]
    return dict(zip(named_parts, await house.ledger.open_accounts(tx, found), strict=True)) if found else {}


def _money(facts: _Facts, one: Wanted, parts: Parts) -> LaterPremium:
    row = one.row
    shares = [Share(facts.holdings[row.book, row.person, part.source], part.amount, facts.shelf[part.source].asset) for part in parts]
    return LaterPremium(row.book, one.payment, row.id, facts.wallets[row.book, row.person], one.amount, one.arrears, tuple(shares))


def _taken_over(facts: _Facts, one: Wanted, parts: Parts) -> list[TakenOver]:
    row, made = one.row, []
    for part in parts:
        name = derived(one.name, f"fund {part.source}")
        holding, identifier = facts.holdings[row.book, row.person, part.source], named(one.received_at, row.book, f"premium:{name}")
        fund = facts.shelf[part.source]
        made.append(TakenOver(row.book, identifier, name, row.person, fund, holding, part.amount, one.received_at, one.payment))
    return made


def _rows(one: Wanted, day: date) -> list[PremiumRow]:
    row, payment, serial = one.row, one.payment, end_to_end("PRM", one.name)
    return [
        PremiumRow(
            row.book, named(one.received_at, row.book, f"premium {one.name} {due.on}"), row.id, row.person, due.on, due.until, due.amount,
            due.interest, payment, serial, one.arrears, one.mandate, DueState.TAKEN, day, one.received_at,
        )
        for due in one.dues
    ]  # fmt: skip


def _message(row: PremiumRow) -> OutboxMessage:
    payload = {"policy": str(row.policy), "serial": row.serial}
    return OutboxMessage(row.book, derived(row.payment, "told"), INSURER, REINSTATE if row.arrears else PREMIUM, payload)


def plan_of(key: Key, schedule: Schedule, next_on: date | None) -> Plan:
    """How a schedule is written that is looked at next at the end of that date."""
    return Plan(*key, schedule.every, schedule.premium, schedule.demanded_on, next_on)


def moved_on(schedule: Schedule, taken: Sequence[PremiumRow]) -> Schedule:
    """After these were paid; what was demanded is no more."""
    return replace(schedule, paid_until=taken[-1].until_on, demanded_on=None)
