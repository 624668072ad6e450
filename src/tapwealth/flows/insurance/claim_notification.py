"""A loss is claimed: by the customer of their own policy, a death by operations for whom the policy names.

What the contract rules out on the face of it is refused at once, with the reason.
"""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

import msgspec

from tapwealth.customers import store as customers
from tapwealth.flows.customers.people import own_key, who
from tapwealth.flows.frame import HOUSE_BOOK, Envelope, House, Moment, once
from tapwealth.flows.insurance import claim_notices, claim_receivers
from tapwealth.flows.insurance.claim_notices import Telling, Told
from tapwealth.flows.insurance.claims import (
    ClaimStands,
    Of,
    being_cancelled,
    check_said,
    gone_of,
    illness_lookup,
    of_row,
    own_policy,
    sealed_text,
    spent,
    stands,
)
from tapwealth.flows.insurance.insured import imei_lookup
from tapwealth.flows.issuing.disputes import own_tap
from tapwealth.insurance import claim_store, insured_store, policy_event_store, premium_store, store
from tapwealth.insurance.claim import (
    NEEDED,
    Claim,
    ClaimRefusal,
    ClaimState,
    Loss,
    LossKind,
    Standing,
    benefit,
    premiums_back,
    wrong_loss,
)
from tapwealth.insurance.phone import read_imei
from tapwealth.insurance.policy import PolicyState
from tapwealth.insurance.product import Health
from tapwealth.insurance.schedule import Covered, Schedule, covered_on
from tapwealth.insurance.store import PolicyRow
from tapwealth.issuing import dispute_store
from tapwealth.kernel.clock import business_date_of
from tapwealth.kernel.ids import book_of, derived, named
from tapwealth.kernel.money import checked
from tapwealth.kernel.refusal import BadInput, Refusal
from tapwealth.storage.database import Tx


class NotifyClaim(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Claim a loss of a policy of one's own. `said`: what happened. A screen is claimed with the phone's `imei`, a payment
    with the `tap` that was disputed (its day and amount are known), an `illness` with its group and the day of the diagnosis (the product
    says what it brings; `by_accident`: an accident brought it about), all else with the day and the amount in fen."""

    policy: UUID
    kind: LossKind
    said: str
    loss_day: date | None = None
    loss: int | None = None
    imei: str = ""
    tap: UUID | None = None
    illness: str = ""
    by_accident: bool = False


class NotifyDeath(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """By operations, for whom the policy names: the insured person died on that day, `own_hand`: by their own. `died_before`: the numbers
    of the beneficiaries who did not live on then, from 1 as they are named."""

    policy: UUID
    loss_day: date
    said: str
    own_hand: bool = False
    died_before: list[int] = []


def _check(command: NotifyClaim) -> None:
    check_said(command.said, "said")
    if command.kind is LossKind.DEATH:
        raise BadInput("a death is claimed at the bank by whom the policy names", where="kind", hint="ask operations: notify_death")
    if (command.kind is LossKind.PAYMENT) != (command.tap is not None):
        raise BadInput("a payment is claimed with its tap, and nothing else is", where="tap", hint="dispute the payment first")
    if (command.kind is LossKind.SCREEN) != bool(command.imei):
        raise BadInput("a screen is claimed with the phone's IMEI, and nothing else is", where="imei", hint="dial *#06# to see it")
    if (command.kind is LossKind.ILLNESS) != bool(command.illness) or (command.by_accident and not command.illness):
        text = "an illness is claimed with its group, and nothing else is"
        raise BadInput(text, where="illness", hint="take the name of the group from the policy")
    if command.kind is LossKind.PAYMENT:
        if command.loss is not None or command.loss_day is not None:
            raise BadInput("day and amount of a payment are known", where="loss", hint="leave loss and loss_day out")
        return
    if command.loss_day is None:
        raise BadInput("the field 'loss_day' is missing", where="loss_day", hint="write it like 2014-03-03")
    if command.kind is LossKind.ILLNESS:
        if command.loss is not None:
            raise BadInput("what an illness brings is known", where="loss", hint="leave loss out")
        return
    if command.loss is None:
        raise BadInput("the field 'loss' is missing", where="loss", hint="give fen, as a whole number")
    checked(command.loss, where="loss")


async def notify(house: House, envelope: Envelope, command: NotifyClaim) -> ClaimStands | Refusal:
    """Take the claim on, or say at once why the policy does not pay. Raises BadInput for what contradicts itself."""
    _check(command)
    if command.imei:
        read_imei(command.imei)
    book, person = who(envelope)

    async def act(tx: Tx, at: Moment, _actor: int) -> ClaimStands | Refusal:
        found = await own_policy(tx, book, person, command.policy)
        if isinstance(found, Refusal):
            return found
        lost = await _lost(house, tx, envelope, found, command)
        if isinstance(lost, Refusal):
            return lost
        known = (await customers.persons(tx, [(book, person)]))[person]
        return await _taken_on(house, tx, at, found, lost, _Words(envelope, own_key(envelope, "claim", known), command.said, command.tap))

    return await once(house, [book], envelope, command, act, ClaimStands)


async def notify_death(house: House, envelope: Envelope, command: NotifyDeath) -> ClaimStands | Refusal:
    """The sum insured is the loss; the insurer pays whom the policy names."""
    check_said(command.said, "said")
    book = book_of(command.policy)
    books = [HOUSE_BOOK, book] if book in house.all_books else [HOUSE_BOOK]

    async def act(tx: Tx, at: Moment, _actor: int) -> ClaimStands | Refusal:
        row = (await store.policies(tx, [(book, command.policy)])).get((book, command.policy))
        if row is None:
            return Refusal(ClaimRefusal.UNKNOWN_POLICY, "there is no such policy; check its id")
        found, today = await of_row(tx, row), business_date_of(envelope.received_at)
        loss = Loss(kind=LossKind.DEATH, day=command.loss_day, today=today, own_hand=command.own_hand)
        version = await claim_receivers.named_on(tx, (book, row.id), command.loss_day)
        await claim_receivers.check_died(tx, (book, row.id), version, command.died_before)
        lost = _Lost(loss, found.product.terms.sum_insured, version, " ".join(map(str, sorted(set(command.died_before)))))
        return await _taken_on(house, tx, at, found, lost, _Words(envelope, derived(envelope.key, "death"), command.said, None))

    return await once(house, books, envelope, command, act, ClaimStands)


@dataclass(frozen=True, slots=True)
class _Words:
    """Who says what, and what its claim is named by."""

    envelope: Envelope
    key: UUID
    said: str
    tap: UUID | None


@dataclass(frozen=True, slots=True)
class _Lost:
    """With the version of the beneficiaries of a death, and which of them had died before."""

    loss: Loss
    amount: int
    named: int = 0
    died: str = ""
    early: bool = False


async def _taken_on(house: House, tx: Tx, at: Moment, found: Of, lost: _Lost, words: _Words) -> ClaimStands | Refusal:
    """The claim, if the policy can pay for that loss."""
    key = (found.row.book, found.row.id)
    schedule = (await premium_store.schedules(tx, {key: found.row}))[key]
    covered = covered_on(found.row.policy, schedule, lost.loss.day)
    refusal = wrong_loss(await _standing(tx, found, lost.loss.day, covered, schedule), lost.loss)
    refusal = refusal or being_cancelled(found.row)
    if refusal is not None:
        return refusal
    claim = _claim(house, at, found.row, lost, words, covered.arrears if isinstance(covered, Covered) and not lost.early else 0)
    await claim_store.add_claims(tx, [claim])
    await claim_notices.tell(tx, at, [Telling(claim, found.product, Told.NOTIFIED)])
    return stands(claim, [one.value for one in NEEDED[claim.kind]])


async def _lost(house: House, tx: Tx, envelope: Envelope, found: Of, command: NotifyClaim) -> _Lost | Refusal:
    today = business_date_of(envelope.received_at)
    if command.kind is LossKind.ILLNESS:
        return await _fallen_ill(house, tx, found, command, today)
    if command.tap is not None:
        return await _lost_payment(tx, envelope, command.tap, today)
    assert command.loss_day is not None, "checked before"
    assert command.loss is not None, "checked before"
    device = imei_lookup(house, command.imei) if command.imei else b""
    return _Lost(Loss(kind=command.kind, day=command.loss_day, today=today, device=device), command.loss)


async def _fallen_ill(house: House, tx: Tx, found: Of, command: NotifyClaim, today: date) -> _Lost:
    """What the product gives for the group; within the waiting time the premiums, if it gives them back. Of a policy for something else
    the loss is refused by its kind."""
    assert command.loss_day is not None, "checked before"
    row, terms, cover = found.row, found.product.terms, found.product.terms.cover
    lookup = illness_lookup(house, row.id, command.illness)
    loss = Loss(kind=LossKind.ILLNESS, day=command.loss_day, today=today, illness=lookup, by_accident=command.by_accident)
    if not isinstance(cover, Health):
        return _Lost(loss, 0)
    groups = {one.group: one for one in cover.illnesses}
    if command.illness not in groups:
        text = f"{command.illness[:32]!r} is no illness of this policy"
        raise BadInput(text, where="illness", hint=f"name one of {', '.join(groups)}")
    if premiums_back(row.policy, terms, loss):
        return _Lost(loss, await policy_event_store.paid_for(tx, (row.book, row.id)), early=True)
    return _Lost(loss, benefit(terms, groups[command.illness]))


async def _lost_payment(tx: Tx, envelope: Envelope, identifier: UUID, today: date) -> _Lost | Refusal:
    book, person = who(envelope)
    tap = await own_tap(tx, book, person, identifier)
    if isinstance(tap, Refusal):
        return tap
    said = await dispute_store.dispute(tx, book, tap.id)
    if said is None:
        return Refusal(ClaimRefusal.NOT_DISPUTED, "this payment is not disputed; say first that it was not yours")
    amount = await gone_of(tx, tap)
    if tap.captured_on is None or amount <= 0:
        text = "it has not been cleared yet, or was given back; look at it again when your statement shows it"
        return Refusal(ClaimRefusal.NOT_CLEARED, text)
    claimed = await claim_store.tap_claimed(tx, book, tap.id)
    day = business_date_of(tap.received_at)
    return _Lost(Loss(kind=LossKind.PAYMENT, day=day, today=today, told_on=said.reported_on, tap_claimed=claimed), amount)


async def _standing(tx: Tx, found: Of, day: date, covered: Covered | Refusal, schedule: Schedule) -> Standing:
    row = found.row
    key = (row.book, row.id)
    earlier = await claim_store.claims_of_policy(tx, row.book, row.id)
    paid = await spent(tx, earlier)
    gone = [one for one in earlier if one.state is not ClaimState.CLOSED or one.paid_on is not None]
    insured = (await insured_store.insured(tx, [key]))[key]
    return Standing(
        policy=row.policy,
        terms=found.product.terms,
        rescinded=row.rescinded_on_purpose,
        covered=isinstance(covered, Covered) or row.state is PolicyState.CLAIMED or not row.from_day <= day < row.to_day,
        since=max((gap.to_day for gap in schedule.gaps), default=None),
        last_day=row.cancel_asked_on if row.cancelled_on else None,
        device=insured.imei_lookup or b"",
        paid=sum(paid.values()),
        replaced=sum(one.kind is LossKind.SCREEN and (one.paid_on is not None or one.state is not ClaimState.REFUSED) for one in gone),
        ill=frozenset(one.illness for one in gone if one.illness is not None),
        early=any(one.early for one in gone),
        death=any(one.kind is LossKind.DEATH for one in gone),
    )


def _claim(house: House, at: Moment, policy: PolicyRow, lost: _Lost, words: _Words, arrears: int) -> Claim:
    received_at = words.envelope.received_at
    identifier = named(received_at, policy.book, f"claim:{words.key}")
    return Claim(
        book=policy.book,
        id=identifier,
        policy=policy.id,
        person=policy.person,
        kind=lost.loss.kind,
        loss_day=lost.loss.day,
        loss=lost.amount,
        said=sealed_text(house, identifier, words.said),
        notified_at=received_at,
        notified_on=at.date_of(received_at),
        arrears=arrears,
        tap=words.tap,
        illness=lost.loss.illness or None,
        early=lost.early,
        named=lost.named,
        died=lost.died,
    )
