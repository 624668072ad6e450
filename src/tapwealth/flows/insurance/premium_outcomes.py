"""What the insurer says of premiums, reinstatements, suspensions and lapses.

The worker calls `deliver` outside any transaction; what is not known is asked again under the same serial, which the insurer tells
repetitions by. A premium that the insurer does not book goes back to its payer, and is owed as before.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from tapwealth.bank import store as bank
from tapwealth.bank.entries import NUMBER_OF
from tapwealth.bank.store import BreakRow
from tapwealth.compliance import store as compliance
from tapwealth.flows.bank.receipts import Claim, Pushed
from tapwealth.flows.frame import PLATFORM, House, Moment, actor_numbers, moment, must_post
from tapwealth.flows.insurance.asking import ask_once
from tapwealth.flows.insurance.policy_outcomes import INSURER, premiums_of
from tapwealth.flows.insurance.policy_product import products_of
from tapwealth.flows.insurance.premium_notices import News, notice
from tapwealth.flows.insurance.premium_taking import PREMIUM, REINSTATE, moved_on, plan_of
from tapwealth.insurance import claim_store, entries, policy_event_store, premium_store, store
from tapwealth.insurance.bordereau import BordereauEvent
from tapwealth.insurance.entries import LaterPremium
from tapwealth.insurance.insurer import InsurerAnswer, Noted, NotReceived, PremiumPaid, Rejected, Unknown
from tapwealth.insurance.looks import next_look
from tapwealth.insurance.policy import PolicyEvent, PolicyState, next_state
from tapwealth.insurance.policy_event_store import PolicyEventRow
from tapwealth.insurance.premium_store import DueState, Plan, PremiumRow, Turn, TurnRow
from tapwealth.insurance.store import Key, PolicyRow
from tapwealth.kernel.clock import business_date_of
from tapwealth.kernel.refusal import Outage, Refusal
from tapwealth.ledger.chart import Kind
from tapwealth.notices import store as notices
from tapwealth.storage.database import Tx
from tapwealth.storage.outbox import OutboxMessage

SUSPEND, LAPSE = "suspend", "lapse"
KINDS = (PREMIUM, REINSTATE, SUSPEND, LAPSE)
"""Of the messages that are delivered here."""
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Said:
    """The insurer's word on what it was told under a serial; `reason` of what it did not take, None where it did."""

    serial: str
    reason: str | None


async def deliver(house: House, message: OutboxMessage) -> None:
    """Make one request. Raises Outage while the insurer's answer is not known."""
    key, serial = (message.book, UUID(message.payload["policy"])), message.payload["serial"]
    async with house.database.read() as tx:
        row = (await store.policies(tx, [key]))[key]
        premiums = (await premium_store.by_serial(tx, [message.book], [serial])).get(serial, [])
        turn = (await premium_store.turns_by_serial(tx, [message.book], [serial])).get(serial)
    if premiums and premiums[0].state is DueState.TAKEN:
        paid = _paid(row, premiums)
        ask = house.rails.insurer.reinstate if message.kind == REINSTATE else house.rails.insurer.book_premium
        await _hear(house, message.book, _said(serial, await ask_once(house, message, serial, partial(ask, paid))))
    elif turn is not None and turn.told_on is None and not turn.reason and turn.until_day != turn.from_day:
        await _hear(house, message.book, _said(serial, await ask_once(house, message, serial, partial(_tell, house, row, turn))))


def _paid(row: PolicyRow, premiums: Sequence[PremiumRow]) -> PremiumPaid:
    amount, interest = sum(one.amount for one in premiums), sum(one.interest for one in premiums)
    return PremiumPaid(premiums[0].serial, row.policy_number, amount, interest, premiums[0].due_on, premiums[-1].until_on)


async def _tell(house: House, row: PolicyRow, turn: TurnRow) -> InsurerAnswer:
    if turn.turn is Turn.SUSPENDED:
        return await house.rails.insurer.suspend(turn.serial, row.policy_number, turn.from_day)
    return await house.rails.insurer.lapse(turn.serial, row.policy_number, turn.refund, turn.from_day)


def _said(serial: str, answer: InsurerAnswer) -> Said:
    match answer:
        case Noted():
            return Said(serial, None)
        case Rejected(reason):
            return Said(serial, reason)
        case NotReceived():
            raise Outage("the insurer says that the request never came; it is sent again")
        case Unknown(why):
            raise Outage(f"the insurer does not answer: {why}")
        case _:
            raise Outage("the insurer answers what was not asked; it is asked again")


async def _hear(house: House, book: int, said: Said) -> None:
    async with house.database.transaction() as tx:
        await house.ledger.lock_books(tx, [book])
        at = await moment(tx)
        day = at.open_date(business_date_of(at.now))
        await hear_premiums(house, tx, at, day, [book], [said])
        await hear_turns(tx, at, day, [book], [said])


async def hear_premiums(house: House, tx: Tx, at: Moment, day: date, books: Sequence[int], said: Sequence[Said]) -> None:
    """Apply what the insurer said of premiums, once, under a business date; what is known already changes nothing."""
    reasons = {one.serial: one.reason for one in said}
    found = await premium_store.by_serial(tx, books, list(reasons))
    fresh = {serial: rows for serial, rows in found.items() if rows[0].state is DueState.TAKEN}
    keys = [(rows[0].book, rows[0].policy) for rows in fresh.values()]
    policies = await store.policies(tx, keys)
    schedules = await premium_store.schedules(tx, policies)
    products = await products_of(tx, policies.values())
    returned = [rows for serial, rows in fresh.items() if reasons[serial] is not None]
    await _give_back(house, tx, at, day, policies, returned)
    plans, news, paid, changed = list[Plan](), list[News](), list[tuple[int, UUID, date]](), list[PolicyRow]()
    for serial, rows in fresh.items():
        key, reason = (rows[0].book, rows[0].policy), reasons[serial]
        row, schedule = policies[key], schedules[key]
        after, now = _after(row, rows, reason)
        schedule = moved_on(schedule, rows) if reason is None and rows[0].arrears else replace(schedule, paid_until=after)
        plans.append(plan_of(key, schedule, next_look(schedule, now, day)))
        paid.append((*key, after))
        changed += [replace(row, state=now)] if now is not row.state else []
        news += _news(row, products[row.product, row.version], rows, reason, day)
    await premium_store.save_premiums(tx, [_answered(one, reasons[serial], day, at) for serial, rows in fresh.items() for one in rows])
    await premium_store.save_paid(tx, paid)
    await premium_store.save_plans(tx, plans)
    await store.save(tx, changed)
    booked = [rows for serial, rows in fresh.items() if reasons[serial] is None]
    await policy_event_store.add(tx, [_happened(rows, day, at) for rows in booked])
    if booked:
        await claim_store.count_premiums(tx, [(rows[0].book, rows[0].policy) for rows in booked])
    await _end_gaps(tx, [(row.book, row.id) for row in changed], day)
    await notices.tell(tx, [notice(one, at.now) for one in news])


def _happened(rows: Sequence[PremiumRow], day: date, at: Moment) -> PolicyEventRow:
    """For the bordereau to name."""
    event = BordereauEvent.REINSTATED if rows[0].arrears else BordereauEvent.PREMIUM
    first, interest = rows[0], sum(one.interest for one in rows)
    amount = sum(one.amount for one in rows) + interest
    return PolicyEventRow(
        first.book, event, first.serial, first.policy, amount, day, at.now, first.due_on, rows[-1].until_on, interest=interest
    )


def _after(row: PolicyRow, rows: Sequence[PremiumRow], reason: str | None) -> tuple[date, PolicyState]:
    """What the policy is paid for to, and where it stands, after the insurer's word on these premiums."""
    if reason is not None:
        return (row.paid_until if rows[0].arrears else rows[0].due_on), row.state
    if not rows[0].arrears:
        return row.paid_until, row.state
    state = next_state(row.state, PolicyEvent.REINSTATE)
    return rows[-1].until_on, row.state if isinstance(state, Refusal) else state


def _answered(one: PremiumRow, reason: str | None, day: date, at: Moment) -> PremiumRow:
    if reason is None:
        return replace(one, state=DueState.BOOKED, booked_on=day, booked_at=at.now)
    return replace(one, state=DueState.RETURNED, returned_on=day, reason=reason or "no reason given")


async def _end_gaps(tx: Tx, keys: Sequence[Key], day: date) -> None:
    """Who is reinstated is covered again from the next day on."""
    turns = await premium_store.turns_of(tx, keys) if keys else []
    over = [replace(one, until_day=day + _DAY) for one in turns if one.turn is Turn.SUSPENDED and one.until_day is None]
    await premium_store.save_turns(tx, over)


def _news(row: PolicyRow, product: Any, rows: Sequence[PremiumRow], reason: str | None, day: date) -> list[News]:
    serial, amount = rows[0].serial, sum(one.amount + one.interest for one in rows)
    if rows[0].arrears:
        if reason is None:
            return [News(row, product, "reinstated", serial, on=day + _DAY)]
        return [News(row, product, "not reinstated", serial, amount, why=reason)]
    if reason is None:
        return [News(row, product, "taken", serial, amount, until=rows[-1].until_on)]
    return [News(row, product, "returned", serial, amount, why=reason)]


async def _give_back(
    house: House, tx: Tx, at: Moment, day: date, policies: Mapping[Key, PolicyRow], returned: Sequence[Sequence[PremiumRow]]
) -> None:
    rows = [policies[of[0].book, of[0].policy] for of in returned]
    wallets = [one.wallet for one in await premiums_of(house, tx, rows)]
    actors = await actor_numbers(tx, [(row.book, PLATFORM) for row in rows])
    moneys = [_money(of, wallet) for of, wallet in zip(returned, wallets, strict=True)]
    made = [entries.later_premium_returned(money, day, actor) for money, actor in zip(moneys, actors, strict=True)]
    await must_post(house, tx, at, made)
    await compliance.add_usage(
        tx, [(of[0].book, of[0].person, of[0].taken_on, -sum(one.amount + one.interest for one in of)) for of in returned]
    )


def _money(rows: Sequence[PremiumRow], wallet: int) -> LaterPremium:
    one = rows[0]
    return LaterPremium(one.book, one.payment, one.policy, wallet, sum(of.amount + of.interest for of in rows), one.arrears)


async def hear_turns(tx: Tx, at: Moment, day: date, books: Sequence[int], said: Sequence[Said]) -> None:
    """The insurer has noted a suspension or a lapse; what it will not note is named to those who look after breaks, and stands: it is so by
    law and contract."""
    reasons = {one.serial: one.reason for one in said}
    found = await premium_store.turns_by_serial(tx, books, list(reasons))
    fresh = [one for one in found.values() if one.told_on is None and not one.reason]
    noted = [replace(one, told_on=day) for one in fresh if reasons[one.serial] is None]
    refused = [replace(one, reason=reasons[one.serial] or "no reason given") for one in fresh if reasons[one.serial] is not None]
    await premium_store.save_turns(tx, [*noted, *refused])
    lapsed = [one for one in noted if one.turn is Turn.LAPSED]
    events = [PolicyEventRow(one.book, BordereauEvent.LAPSED, one.serial, one.policy, one.refund, day, at.now) for one in lapsed]
    await policy_event_store.add(tx, events)
    if refused:
        await bank.add_breaks(tx, day, [_break(one) for one in refused], at.now)


def _break(one: TurnRow) -> BreakRow:
    text = f"the insurer does not note that policy {one.policy} is {one.turn} from {one.from_day} on ({one.reason}); ask it"
    return BreakRow(INSURER, f"not_{one.turn}", one.serial, one.refund, text, accounted=True)


async def recognise_cash_values(house: House, tx: Any, at: Moment, pushed: Sequence[Pushed], actor: int) -> Mapping[str, Claim]:
    """What the insurer gives back of policies that have lapsed, by the serial of the lapse. Another amount than was agreed is nobody's yet:
    it waits in suspense, as all money does that is not known."""
    here = {one.end_to_end_id: one for one in pushed if one.account == NUMBER_OF[Kind.CUSTOMER_RESERVE]}
    found = await premium_store.turns_by_serial(tx, list(house.all_books), list(here))
    agreed = {serial: one for serial, one in found.items() if one.refunded_on is None and one.refund == here[serial].amount}
    policies = await store.policies(tx, [(one.book, one.policy) for one in agreed.values()])
    products = await products_of(tx, policies.values())
    rows = {serial: policies[one.book, one.policy] for serial, one in agreed.items()}
    wallets = [one.wallet for one in await premiums_of(house, tx, list(rows.values()))]
    days = {serial: at.booking_date(here[serial].booked_on) for serial in agreed}
    claims = {}
    for (serial, one), wallet in zip(agreed.items(), wallets, strict=True):
        money = LaterPremium(one.book, one.id, one.policy, wallet, one.refund)
        claims[serial] = Claim("policy_refund", (entries.lapse_refunded(money, days[serial], actor),))
    await premium_store.save_turns(tx, [replace(one, refunded_on=days[serial]) for serial, one in agreed.items()])
    told = [News(row, products[row.product, row.version], "refunded", serial, agreed[serial].refund) for serial, row in rows.items()]
    await notices.tell(tx, [notice(one, at.now) for one in told])
    return claims
