"""A claim of a policy, and what its claimant does with it once it is notified: withdraw it, or appeal.

What is claimed (`claim_notification`) waits for its papers (`claim_papers`), is looked at by operations (`claim_assessment`) and paid by
the insurer (`claim_outcomes`); some of the money may come back (`claim_recoveries`). The clocks of the law are watched in `claims_days`.
A claim of a payment that was not made by its owner begins with the payment, once it is disputed (`flows.issuing.disputes`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

import msgspec

from tapwealth.bank import store as bank
from tapwealth.bank.store import BreakRow
from tapwealth.flows.customers.people import who
from tapwealth.flows.frame import Envelope, House, Moment, once
from tapwealth.flows.insurance import claim_grace, claim_notices
from tapwealth.flows.insurance.claim_notices import Telling, Told
from tapwealth.flows.insurance.policy_product import products_of
from tapwealth.insurance import claim_store, insured_store, store
from tapwealth.insurance.claim import (
    TELL_WITHIN,
    Claim,
    ClaimEvent,
    ClaimRefusal,
    ClaimState,
    appeal_over,
    dues,
    erase_day,
    next_state,
)
from tapwealth.insurance.claim_store import PaymentRow
from tapwealth.insurance.product import Health, Product
from tapwealth.insurance.store import PolicyRow
from tapwealth.issuing import store as issuing
from tapwealth.issuing.store import Authorisation
from tapwealth.kernel.ids import derived
from tapwealth.kernel.refusal import BadInput, Refusal
from tapwealth.storage import outbox
from tapwealth.storage.database import Tx
from tapwealth.storage.outbox import OutboxMessage

CLAIMS = "claims"
"""The outbox destination of requests to the insurer about claims, and the source of the breaks found here."""
PAY, RECOVERED = "pay", "recovered"
_LONGEST = 1_000


class WithdrawClaim(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Let it be, before it is decided."""

    claim: UUID


class AppealClaim(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Have a decision looked at once more."""

    claim: UUID
    reason: str


class ClaimStands(msgspec.Struct, frozen=True):
    """Where a claim stands; `papers` are still needed."""

    claim: str
    state: str
    papers: list[str]


def check_said(text: str, where: str) -> None:
    """Raises BadInput for a text that says nothing, or too much."""
    if not text.strip():
        raise BadInput("it is empty", where=where, hint="say in a sentence what happened")
    if len(text) > _LONGEST:
        raise BadInput(f"it is longer than {_LONGEST:,} characters", where=where, hint="say it shorter")


@dataclass(frozen=True, slots=True)
class Of:
    """A policy with its product."""

    row: PolicyRow
    product: Product


async def own_policy(tx: Tx, book: int, person: UUID, policy: UUID) -> Of | Refusal:
    """A policy of this person."""
    row = (await store.policies(tx, [(book, policy)])).get((book, policy))
    if row is None or row.person != person:
        return Refusal(ClaimRefusal.UNKNOWN_POLICY, "this is no policy of yours; look at your list")
    return await of_row(tx, row)


async def of_row(tx: Tx, row: PolicyRow) -> Of:
    """With the sum insured as it stands."""
    key = (row.book, row.id)
    product = (await products_of(tx, [row]))[row.product, row.version]
    sum_insured = (await insured_store.insured(tx, [key]))[key].sum_insured
    return Of(row, replace(product, terms=msgspec.structs.replace(product.terms, sum_insured=sum_insured)))


async def policy_of(tx: Tx, claim: Claim) -> Of:
    """The policy that is claimed of."""
    return await of_row(tx, (await store.policies(tx, [(claim.book, claim.policy)]))[claim.book, claim.policy])


def being_cancelled(row: PolicyRow) -> Refusal | None:
    """What comes back of its premium was agreed as if nothing had been paid; the answer says which day is its last one."""
    if not row.being_cancelled:
        return None
    text = "the insurer has been asked to cancel this policy; wait for its answer, its days until then can be claimed of after it"
    return Refusal(ClaimRefusal.NOT_POSSIBLE_NOW, text)


def stands(claim: Claim, papers: Sequence[str]) -> ClaimStands:
    return ClaimStands(str(claim.id), claim.state.value, list(papers))


def illness_lookup(house: House, policy: UUID, group: str) -> bytes:
    """The group of a claim is sensitive, and lies as the keyed hash of the policy and its name."""
    return house.keys.lookup_hash("illness", policy.bytes + group.encode())


def illness_of(house: House, claim: Claim, product: Product) -> str:
    """The group that was claimed; nothing for another loss."""
    cover = product.terms.cover
    groups = [one.group for one in cover.illnesses] if isinstance(cover, Health) else []
    return next((one for one in groups if illness_lookup(house, claim.policy, one) == claim.illness), "")


async def gone_of(tx: Tx, tap: Authorisation) -> int:
    """Of a payment: as it was captured, less what the merchant has given back."""
    return tap.captured_amount - (await issuing.given_back(tx, [(tap.book, tap.id)])).get(tap.id, 0)


async def lost_of(tx: Tx, claims: Sequence[Claim]) -> dict[UUID, int]:
    """By claim of a payment, the same of each."""
    keys = [(one.book, one.tap) for one in claims if one.tap is not None]
    taps, back = await issuing.by_id(tx, keys), await issuing.given_back(tx, keys)
    return {one.id: taps[one.tap].captured_amount - back.get(one.tap, 0) for one in claims if one.tap is not None}


async def still_lost(tx: Tx, claim: Claim) -> int:
    """Fen: what was claimed, of a payment no more than what is gone of it by now."""
    if claim.tap is None:
        return claim.loss
    return min(claim.loss, await gone_of(tx, (await issuing.by_id(tx, [(claim.book, claim.tap)]))[claim.tap]))


async def spent(tx: Tx, claims: Sequence[Claim]) -> dict[UUID, int]:
    """Fen that each of these claims takes of the limits: asked of the insurer, agreed or paid, with the arrears that were deducted."""
    payments = await claim_store.payments_of(tx, [(one.book, one.id) for one in claims])
    return {key[1]: sum(one.spent for one in rows) for key, rows in payments.items()}


def sealed_text(house: House, claim: UUID, text: str) -> bytes:
    """What people write about a claim may name them."""
    return house.keys.seal("claims", text.encode(), b"claim" + claim.bytes)


def opened_text(house: House, claim: UUID, content: bytes) -> str:
    return house.keys.open_sealed("claims", content, b"claim" + claim.bytes).decode()


async def moved(tx: Tx, claim: Claim) -> Claim:
    """Store a claim as it is now, with what is due next by law."""
    key = (claim.book, claim.id)
    part_paid = any(one.paid_on is not None for one in (await claim_store.payments_of(tx, [key]))[key])
    due = dues(claim, part_paid=part_paid)
    after = replace(claim, due_on=due[0].day if due else None)
    after = after if after.due_on == claim.due_on else replace(after, warned_on=None)
    await claim_store.save_claims(tx, [after])
    return after


async def refuse(tx: Tx, at: Moment, claim: Claim, reason: str, on: date) -> Claim:
    """Decided on that day, and told now with the reason (article 24); told too late, operations see it."""
    told = at.date_of(at.now)
    refused = replace(claim, state=ClaimState.REFUSED, refused_on=on, reason=reason, told_on=told)
    after = await moved(tx, refused)
    of = await policy_of(tx, after)
    key = (claim.book, claim.id)
    paid = sum(one.amount for one in (await claim_store.payments_of(tx, [key]))[key] if one.paid_on is not None)
    about = f"{on}" if claim.appealed_on is None else f"{on} appealed"
    await claim_notices.tell(tx, at, [Telling(after, of.product, Told.REFUSED, paid, about)])
    await claim_grace.goes_on(tx, after, told)
    if told > on + TELL_WITHIN:
        text = f"claim {claim.id}: refused on {on}, and the claimant was told on {told}, later than the law allows"
        await bank.add_breaks(tx, told, [BreakRow(CLAIMS, "told_late", str(claim.id), 0, text, accounted=True)], at.now)
    return after


async def own_claim(tx: Tx, book: int, person: UUID, identifier: UUID) -> Claim | Refusal:
    """A claim of this person."""
    claim = (await claim_store.claims(tx, [(book, identifier)])).get((book, identifier))
    if claim is None or claim.person != person:
        return Refusal(ClaimRefusal.UNKNOWN_CLAIM, "this is no claim of yours; look at your list")
    return claim


async def withdraw(house: House, envelope: Envelope, command: WithdrawClaim) -> ClaimStands | Refusal:
    """Close it, undecided."""
    book, person = who(envelope)

    async def act(tx: Tx, at: Moment, _actor: int) -> ClaimStands | Refusal:
        claim = await own_claim(tx, book, person, command.claim)
        if isinstance(claim, Refusal):
            return claim
        state = next_state(claim, ClaimEvent.WITHDRAW)
        if isinstance(state, Refusal):
            return state
        if (await spent(tx, [claim]))[claim.id]:
            text = "a part of it is paid or promised already, so it is decided to the end; wait for it"
            return Refusal(ClaimRefusal.NOT_POSSIBLE_NOW, text)
        day = at.date_of(envelope.received_at)
        (over,) = await close(tx, [claim], day)
        await claim_grace.goes_on(tx, over, day)
        return stands(over, [])

    return await once(house, [book], envelope, command, act, ClaimStands)


async def close(tx: Tx, claims: Sequence[Claim], day: date) -> list[Claim]:
    """They are over; what shows them is kept for as long as the law says."""
    rows = await store.policies(tx, [(one.book, one.policy) for one in claims])
    products = await products_of(tx, list(rows.values()))
    over = []
    for one in claims:
        row = rows[one.book, one.policy]
        until = erase_day(row.policy, products[row.product, row.version].terms, day)
        over.append(replace(one, state=ClaimState.CLOSED, closed_on=day, erase_on=until, due_on=None, warned_on=None))
    await claim_store.save_claims(tx, over)
    return over


async def appeal(house: House, envelope: Envelope, command: AppealClaim) -> ClaimStands | Refusal:
    """Look at it once more: once, and within its time."""
    check_said(command.reason, "reason")
    book, person = who(envelope)

    async def act(tx: Tx, at: Moment, _actor: int) -> ClaimStands | Refusal:
        claim = await own_claim(tx, book, person, command.claim)
        if isinstance(claim, Refusal):
            return claim
        state, day = next_state(claim, ClaimEvent.APPEAL), at.date_of(envelope.received_at)
        if isinstance(state, Refusal):
            return state
        over = appeal_over(claim, day) or being_cancelled((await policy_of(tx, claim)).row)
        if over is not None:
            return over
        said = f"{opened_text(house, claim.id, claim.said)}\n{command.reason}"
        after = replace(claim, state=state, appealed_on=day, heard_at=at.now, said=sealed_text(house, claim.id, said))
        return stands(await moved(tx, after), [])

    return await once(house, [book], envelope, command, act, ClaimStands)


async def ask_insurer(tx: Tx, payments: Sequence[PaymentRow]) -> None:
    """Leave the requests to pay for the insurer."""
    await outbox.put(tx, [_to_pay(one) for one in payments])


def _to_pay(payment: PaymentRow) -> OutboxMessage:
    payload = {"claim": str(payment.claim), "serial": payment.serial}
    return OutboxMessage(payment.book, derived(payment.claim, payment.serial), CLAIMS, PAY, payload)
