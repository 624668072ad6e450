"""Premiums that were owed when something was lost, and that the insurer keeps of what it pays for the loss (article 36).

No money of theirs comes to the house, so nothing is posted: with the insurer's word on the claim they are paid for their days, as if it had
been in time. A suspension that began for them never was. Whether the next ones are paid is looked at as ever. The house's commission on
them is settled with that on premiums which it pays on (`settling`).
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from tapwealth.bank import store as bank
from tapwealth.bank.store import BreakRow
from tapwealth.flows.frame import Moment
from tapwealth.flows.insurance.claims import CLAIMS
from tapwealth.flows.insurance.policy_product import products_of
from tapwealth.flows.insurance.premium_notices import News, notice
from tapwealth.flows.insurance.premium_taking import moved_on, plan_of
from tapwealth.insurance import claim_store, policy_event_store, premium_store, store
from tapwealth.insurance.bordereau import BordereauEvent
from tapwealth.insurance.claim import Claim, ClaimRefusal, LossKind
from tapwealth.insurance.claim_insurer import Deducted
from tapwealth.insurance.claim_store import PaymentRow
from tapwealth.insurance.looks import next_look
from tapwealth.insurance.policy import PolicyEvent, PolicyState, next_state
from tapwealth.insurance.policy_event_store import PolicyEventRow
from tapwealth.insurance.premium_store import DueState, PremiumRow, Turn
from tapwealth.insurance.schedule import Due, Schedule, cash_value, dues
from tapwealth.insurance.store import PolicyRow
from tapwealth.kernel.ids import derived, named
from tapwealth.kernel.money import format_minor
from tapwealth.kernel.refusal import Refusal
from tapwealth.notices import store as notices
from tapwealth.storage.database import Tx


async def owed(tx: Tx, claim: Claim, policy: PolicyRow) -> tuple[Due, ...] | Refusal:
    """The premiums that were owed on the day of the loss, as its claimant was told, and that neither are paid by now nor are to be deducted
    from another claim; or why that cannot be said yet. Of a claim that gives back what was paid, none."""
    if not claim.arrears or claim.early:
        return ()
    key = (claim.book, claim.policy)
    schedule = (await premium_store.schedules(tx, {key: policy}))[key]
    asked = (await claim_store.deducting(tx, [key])).get(key, date.min)
    found = [one for one in _as_told(dues(schedule, claim.loss_day), claim.arrears) if one.on >= asked]
    if found and (asked > date.min or await premium_store.under_way(tx, [key])):
        text = "the insurer has not answered yet for earlier premiums of this policy; decide by its answer"
        return Refusal(ClaimRefusal.NOT_POSSIBLE_NOW, text)
    return tuple(found)


def _as_told(found: tuple[Due, ...], most: int) -> Iterator[Due]:
    """The oldest of them, as far as they are no more than was told."""
    for one in found:
        most -= one.amount
        if most < 0:
            return
        yield one


def deducted(payment: PaymentRow) -> Deducted | None:
    """As the insurer is told of it."""
    if payment.arrears_from is None or payment.arrears_until is None:
        return None
    return Deducted(payment.arrears, payment.arrears_from, payment.arrears_until)


async def count_as_paid(tx: Tx, at: Moment, day: date, claim: Claim, payment: PaymentRow) -> None:
    """What the insurer keeps of a claim that it has agreed to, under a date."""
    kept, key = deducted(payment), (claim.book, claim.policy)
    if kept is None:
        return
    row = (await store.policies(tx, [key]))[key]
    schedule = (await premium_store.schedules(tx, {key: row}))[key]
    rows = _rows(row, schedule, claim, payment, kept, day, at)
    await premium_store.add_premiums(tx, rows)
    event = PolicyEventRow(
        row.book, BordereauEvent.DEDUCTED, payment.serial, row.id, kept.amount, day, at.now, kept.from_day, kept.until_day
    )
    await policy_event_store.add(tx, [event])
    await claim_store.count_premiums(tx, [key])
    after = await _never_suspended(tx, row)
    await premium_store.save_paid(tx, [(*key, kept.until_day)])
    standing = moved_on((await premium_store.schedules(tx, {key: row}))[key], rows)
    await premium_store.save_plans(tx, [plan_of(key, standing, next_look(standing, after.state, day))])
    product = (await products_of(tx, [row]))[row.product, row.version]
    news = News(row, product, "deducted", payment.serial, kept.amount, until=kept.until_day)
    await notices.tell(tx, [notice(news, at.now)])
    if row.state is PolicyState.LAPSED:
        await _note_cash_value(tx, at, day, claim, cash_value(product, standing))


def _rows(row: PolicyRow, schedule: Schedule, claim: Claim, payment: PaymentRow, kept: Deducted, day: date, at: Moment) -> list[PremiumRow]:
    """One for each premium, of the same amount."""
    periods = [one for one in dues(replace(schedule, paid_until=kept.from_day), kept.until_day) if one.until <= kept.until_day]
    return [
        PremiumRow(
            row.book, named(at.now, row.book, f"premium deducted {payment.serial} {one.on}"), row.id, row.person, one.on, one.until,
            kept.amount // len(periods), 0, derived(claim.id, payment.serial), payment.serial, arrears=False, mandate=None,
            state=DueState.BOOKED, taken_on=day, taken_at=at.now, booked_on=day, booked_at=at.now, claim=claim.id,
        )
        for one in periods
    ]  # fmt: skip


async def _note_cash_value(tx: Tx, at: Moment, day: date, claim: Claim, now: int) -> None:
    """Of a policy that had lapsed when the loss was claimed: between its holder and the insurer, so that people must ask. Whose insured had
    died had none to be given back; of another it is `now` fen with the premium that is paid."""
    turns = await premium_store.turns_of(tx, [(claim.book, claim.policy)])
    refund = next(one.refund for one in turns if one.turn is Turn.LAPSED)
    owed = 0 if claim.kind is LossKind.DEATH else now
    if owed == refund:
        return
    text = (
        f"the policy of claim {claim.id} had lapsed: its cash value is {format_minor(owed)} yuan by the claim, and {format_minor(refund)}"
    )
    row = BreakRow(CLAIMS, "cash_value_differs", f"{claim.id}", refund - owed, f"{text} were agreed; ask the insurer", accounted=True)
    await bank.add_breaks(tx, day, [row], at.now)


async def _never_suspended(tx: Tx, row: PolicyRow) -> PolicyRow:
    """The policy as it stands if the premium was paid in time."""
    state = next_state(row.state, PolicyEvent.REINSTATE)
    if row.state is not PolicyState.SUSPENDED or isinstance(state, Refusal):
        return row
    turns = await premium_store.turns_of(tx, [(row.book, row.id)])
    over = [replace(one, until_day=one.from_day) for one in turns if one.turn is Turn.SUSPENDED and one.until_day is None]
    await premium_store.save_turns(tx, over)
    after = replace(row, state=state)
    await store.save(tx, [after])
    return after
