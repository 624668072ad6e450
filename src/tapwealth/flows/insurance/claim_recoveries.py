"""Money of a claim that is to come back from who caused the loss: expected by operations, come in, or awaited no more.

Nothing is posted, and the insurer is told nothing, before the money is there: so to withdraw what was expected only leaves room to expect
it from somebody else. What comes in all the same is the insurer's, as long as no more comes back than was paid.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import NamedTuple
from uuid import UUID

import msgspec

from tapwealth.customers import store as customers
from tapwealth.flows.bank.payments import end_to_end
from tapwealth.flows.customers.people import no_money, own_key, wallet_of, who
from tapwealth.flows.frame import HOUSE_BOOK, Envelope, House, Moment, once, post
from tapwealth.flows.insurance.claim_papers import any_claim
from tapwealth.flows.insurance.claims import CLAIMS, RECOVERED, check_said, own_claim, policy_of, sealed_text, still_lost
from tapwealth.insurance import claim_entries, claim_store
from tapwealth.insurance.claim import (
    Claim,
    ClaimRefusal,
    LossKind,
    payable,
)
from tapwealth.insurance.claim_entries import ClaimMoney
from tapwealth.insurance.claim_store import RecoveryRow
from tapwealth.kernel.ids import book_of, derived, without_book
from tapwealth.kernel.money import checked, format_minor
from tapwealth.kernel.refusal import Refusal
from tapwealth.storage import outbox
from tapwealth.storage.database import Tx
from tapwealth.storage.outbox import OutboxMessage


class ExpectRecovery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`expected` fen of a claim's money will be paid in by `source`, who caused the loss, under the name that is answered."""

    claim: UUID
    expected: int
    source: str


class WithdrawRecovery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was to be paid in under that name is awaited no more, for that `reason`."""

    claim: UUID
    pay_under: str
    reason: str


class GiveClaimBack(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Give `amount` fen of what was paid back to the insurer, since it was got elsewhere."""

    claim: UUID
    amount: int


class RecoveryExpected(msgspec.Struct, frozen=True):
    """`pay_under` is what the payer is to name."""

    claim: str
    pay_under: str
    amount: int


class RecoveryWithdrawn(msgspec.Struct, frozen=True):
    """`left` fen of the claim can be expected anew."""

    claim: str
    pay_under: str
    amount: int
    left: int


class ClaimGivenBack(msgspec.Struct, frozen=True):
    claim: str
    amount: int


class ToGiveBack(NamedTuple):
    """Fen of a claim's money that its claimant can give back at `most`; `owed` is to be given back, since the merchant has returned
    `returned` of the payment, for which the insurer has paid too."""

    most: int
    owed: int = 0
    returned: int = 0


async def to_give_back(tx: Tx, claim: Claim) -> ToGiveBack:
    """As it stands now. What is paid at a death never came to the policyholder."""
    if claim.kind is LossKind.DEATH:
        return ToGiveBack(0)
    most = await left_to_recover(tx, claim)
    lost = await still_lost(tx, claim)
    if most <= 0 or lost >= claim.loss:
        return ToGiveBack(max(most, 0))
    key = (claim.book, claim.id)
    had = sum(one.spent for one in (await claim_store.payments_of(tx, [key]))[key] if one.paid_on is not None)
    covered = payable((await policy_of(tx, claim)).product.terms, lost, of_claim=0, of_policy=0, arrears=0)
    back = sum(one.amount for one in await _of(tx, claim) if one.counts)
    return ToGiveBack(most, min(max(had - covered - back, 0), most), claim.loss - lost)


async def give_back(house: House, envelope: Envelope, command: GiveClaimBack) -> ClaimGivenBack | Refusal:
    """From the wallet, for the insurer: no more than was paid."""
    checked(command.amount, where="amount")
    book, person = who(envelope)

    async def act(tx: Tx, at: Moment, actor: int) -> ClaimGivenBack | Refusal:
        claim = await own_claim(tx, book, person, command.claim)
        if isinstance(claim, Refusal):
            return claim
        known = (await customers.persons(tx, [(book, person)]))[person]
        serial = end_to_end("RCV", own_key(envelope, "give_claim_back", known))
        day = at.date_of(envelope.received_at)
        recovery = await _recoverable(house, tx, claim, command.amount, serial, "the insured", day)
        if isinstance(recovery, Refusal):
            return recovery
        wallet = await wallet_of(house, tx, book, person)
        money = ClaimMoney(book, claim.id, serial, wallet, command.amount)
        (answer,) = await post(house, tx, at, [claim_entries.claim_given_back(money, day, actor)])
        if not answer.posted:
            return no_money(command.amount, (await house.ledger.free(tx, at.now, [wallet]))[wallet])
        await claim_store.add_recoveries(tx, [replace(recovery, received_on=day)])
        await tell_recovered(tx, recovery)
        return ClaimGivenBack(str(claim.id), command.amount)

    return await once(house, [book], envelope, command, act, ClaimGivenBack)


def books_of(house: House, claim: UUID) -> list[int]:
    """Those that are locked for what operations do with a claim."""
    book = book_of(claim)
    return [HOUSE_BOOK, book] if book in house.all_books else [HOUSE_BOOK]


async def expect(house: House, envelope: Envelope, command: ExpectRecovery) -> RecoveryExpected | Refusal:
    """By operations: money of a claim is to come in from who caused the loss."""
    checked(command.expected, where="expected")
    check_said(command.source, "source")

    async def act(tx: Tx, at: Moment, _actor: int) -> RecoveryExpected | Refusal:
        claim = await any_claim(tx, command.claim)
        if isinstance(claim, Refusal):
            return claim
        if claim.kind.of_a_person:
            text = "of somebody's life or body the insurer takes nothing from who caused the loss: that is the insured's own (46)"
            return Refusal(ClaimRefusal.NO_RECOURSE, text)
        serial = end_to_end("RCV", derived(without_book(claim.id), f"recovery:{envelope.key}"))
        recovery = await _recoverable(house, tx, claim, command.expected, serial, command.source, at.date_of(at.now))
        if isinstance(recovery, Refusal):
            return recovery
        await claim_store.add_recoveries(tx, [recovery])
        return RecoveryExpected(str(claim.id), serial, command.expected)

    return await once(house, books_of(house, command.claim), envelope, command, act, RecoveryExpected)


async def withdraw(house: House, envelope: Envelope, command: WithdrawRecovery) -> RecoveryWithdrawn | Refusal:
    """By operations: it is awaited no more, as long as it has not come in."""
    check_said(command.reason, "reason")

    async def act(tx: Tx, at: Moment, _actor: int) -> RecoveryWithdrawn | Refusal:
        claim = await any_claim(tx, command.claim)
        if isinstance(claim, Refusal):
            return claim
        recovery = awaited(await _of(tx, claim), command.pay_under)
        if isinstance(recovery, Refusal):
            return recovery
        why = b"" if claim.erased_on is not None else sealed_text(house, claim.id, command.reason)
        after = replace(recovery, withdrawn_on=at.date_of(at.now), withdrawn_why=why)
        await claim_store.save_recoveries(tx, [after])
        return RecoveryWithdrawn(str(claim.id), after.serial, after.amount, await left_to_recover(tx, claim))

    return await once(house, books_of(house, command.claim), envelope, command, act, RecoveryWithdrawn)


async def _of(tx: Tx, claim: Claim) -> list[RecoveryRow]:
    return (await claim_store.recoveries_of(tx, [(claim.book, claim.id)]))[claim.book, claim.id]


def awaited(rows: Sequence[RecoveryRow], serial: str) -> RecoveryRow | Refusal:
    """The one of that name, if it is still to come."""
    row = next((one for one in rows if one.serial == serial), None)
    if row is None:
        return Refusal(ClaimRefusal.UNKNOWN_RECOVERY, "nothing of this claim is expected under that name; its view lists what is")
    if row.received_on is not None:
        return Refusal(ClaimRefusal.OVER, f"it came in on {row.received_on}, and goes to the insurer")
    if row.withdrawn_on is not None:
        return Refusal(ClaimRefusal.OVER, f"it is awaited no more since {row.withdrawn_on}")
    return row


async def left_to_recover(tx: Tx, claim: Claim) -> int:
    """Fen that can come back: what was paid, less what has come back or is awaited."""
    key = (claim.book, claim.id)
    paid = sum(one.amount for one in (await claim_store.payments_of(tx, [key]))[key] if one.paid_on is not None)
    return paid - sum(one.amount for one in (await claim_store.recoveries_of(tx, [key]))[key] if one.counts)


async def _recoverable(house: House, tx: Tx, claim: Claim, amount: int, serial: str, source: str, day: date) -> RecoveryRow | Refusal:
    """So much can come back. Of a claim that is erased it is not kept from whom."""
    left = await left_to_recover(tx, claim)
    if amount > left:
        text = f"{format_minor(left)} yuan of this claim can come back; give that much or less"
        return Refusal(ClaimRefusal.MORE_THAN_PAID, text)
    return RecoveryRow(
        book=claim.book,
        claim=claim.id,
        number=len((await claim_store.recoveries_of(tx, [(claim.book, claim.id)]))[claim.book, claim.id]) + 1,
        serial=serial,
        amount=amount,
        source=b"" if claim.erased_on is not None else sealed_text(house, claim.id, source),
        expected_on=day,
    )


async def tell_recovered(tx: Tx, recovery: RecoveryRow) -> None:
    """Leave it for the insurer."""
    payload = {"claim": str(recovery.claim), "serial": recovery.serial}
    identifier = derived(recovery.claim, recovery.serial)
    await outbox.put(tx, [OutboxMessage(recovery.book, identifier, CLAIMS, RECOVERED, payload)])
