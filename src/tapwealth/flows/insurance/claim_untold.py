"""Premiums that were taken off what is paid for a claim before the insurer was told which ones it keeps (`claim_arrears`).

The insurer paid so much less and booked no premium for it, so that by its books and ours the premium is still owed. What was taken off is
asked of the insurer for the claim, as a further part of it, so that nobody pays a premium twice; the premium is due as it stands. Where the
policy is over and the premium was not paid since, nobody asks for it any more: then it was kept, once, and stays so.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

from tapwealth.bank import store as bank
from tapwealth.bank.store import BreakRow
from tapwealth.flows.bank.payments import end_to_end
from tapwealth.flows.frame import House, Moment, moment
from tapwealth.flows.insurance.claims import CLAIMS, ask_insurer
from tapwealth.insurance import claim_store, premium_store, store
from tapwealth.insurance.claim import Claim
from tapwealth.insurance.claim_store import Part, PaymentRow
from tapwealth.insurance.policy import PolicyState
from tapwealth.insurance.schedule import Schedule, dues
from tapwealth.insurance.store import Key, PolicyRow
from tapwealth.kernel.ids import derived, without_book
from tapwealth.kernel.money import format_minor
from tapwealth.storage.database import Tx

_LIVE = (PolicyState.ISSUED, PolicyState.IN_FORCE, PolicyState.SUSPENDED)


async def ask_for_those_of_before(house: House) -> None:
    """When the platform starts: of all payments that the insurer has agreed to."""
    async with house.database.transaction() as tx:
        await house.ledger.lock_books(tx, house.all_books)
        await ask_again(tx, await moment(tx), await claim_store.untold(tx, list(house.all_books)))


async def ask_again(tx: Tx, at: Moment, agreed: Sequence[PaymentRow]) -> None:
    """For what was taken off these, once; under the locks of their books."""
    untold = [one for one in agreed if one.arrears and one.arrears_until is None]
    if not untold:
        return
    claims = await claim_store.claims(tx, [(one.book, one.claim) for one in untold])
    policies = await store.policies(tx, [(one.book, one.policy) for one in claims.values()])
    schedules, earlier = await premium_store.schedules(tx, policies), await claim_store.payments_of(tx, list(claims))
    back = {one.serial: _back(one, claims[one.book, one.claim], policies, schedules) for one in untold}
    again = [one for one in untold if back[one.serial]]
    day = at.date_of(at.now)
    asked = [_part(one, len(earlier[one.book, one.claim]) + 1, back[one.serial], day) for one in again]
    await claim_store.save_payments(tx, [replace(one, arrears=one.arrears - back[one.serial]) for one in again])
    await claim_store.add_payments(tx, asked)
    await ask_insurer(tx, asked)
    await bank.add_breaks(tx, day, [_note(one) for one in asked], at.now)


def _back(payment: PaymentRow, claim: Claim, policies: Mapping[Key, PolicyRow], schedules: Mapping[Key, Schedule]) -> int:
    """Fen of what was taken off that are still owed as premium, or were paid as such since."""
    key = (claim.book, claim.policy)
    if policies[key].state in _LIVE:
        return payment.arrears
    return max(payment.arrears - sum(one.amount for one in dues(schedules[key], claim.loss_day)), 0)


def _part(payment: PaymentRow, number: int, amount: int, day: date) -> PaymentRow:
    """What is certain: of the same loss, and beside whatever else is decided of it."""
    serial = end_to_end("CLM", derived(without_book(payment.claim), f"pay:{number}"))
    return PaymentRow(
        book=payment.book, claim=payment.claim, number=number, serial=serial, identity=payment.identity, part=Part.CERTAIN, amount=amount,
        arrears=0, asked_on=day,
    )  # fmt: skip


def _note(asked: PaymentRow) -> BreakRow:
    text = f"{format_minor(asked.amount)} yuan of premium were taken off claim {asked.claim} and not booked; the insurer is asked for them"
    return BreakRow(CLAIMS, "deduction_untold", asked.serial, asked.amount, text, accounted=True)
