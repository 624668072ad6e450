"""A customer's claim of a policy of their own: notified, withdrawn, appealed against, its money given back.

What the contract rules out on the face of it is refused at once, with the reason. What is not waits for its papers (`claim_papers`), is
looked at by operations (`claim_assessment`) and paid by the insurer (`claim_outcomes`); the clocks of the law are watched in `claims_days`.
A claim of a payment that was not made by its owner begins with the payment, once it is disputed (`flows.issuing.disputes`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

import msgspec

from tapwealth.bank import store as bank
from tapwealth.bank.store import BreakRow
from tapwealth.customers import store as customers
from tapwealth.flows.bank.payments import end_to_end
from tapwealth.flows.customers.people import no_money, own_key, wallet_of, who
from tapwealth.flows.frame import HOUSE_BOOK, Envelope, House, Moment, once, post
from tapwealth.flows.insurance import claim_notices, claim_receivers
from tapwealth.flows.insurance.claim_notices import Telling, Told
from tapwealth.flows.insurance.insured import imei_lookup
from tapwealth.flows.insurance.policy_product import products_of
from tapwealth.flows.issuing.disputes import own_tap
from tapwealth.insurance import claim_entries, claim_store, insured_store, policy_event_store, premium_store, store
from tapwealth.insurance.claim import (
    NEEDED,
    TELL_WITHIN,
    Claim,
    ClaimEvent,
    ClaimRefusal,
    ClaimState,
    Loss,
    LossKind,
    Standing,
    appeal_over,
    benefit,
    dues,
    erase_day,
    next_state,
    premiums_back,
    wrong_loss,
)
from tapwealth.insurance.claim_entries import ClaimMoney
from tapwealth.insurance.claim_store import PaymentRow, RecoveryRow
from tapwealth.insurance.phone import read_imei
from tapwealth.insurance.policy import PolicyState
from tapwealth.insurance.product import Health, Product
from tapwealth.insurance.schedule import Covered, Schedule, covered_on
from tapwealth.insurance.store import PolicyRow
from tapwealth.issuing import dispute_store
from tapwealth.issuing import store as issuing
from tapwealth.issuing.store import Authorisation
from tapwealth.kernel.clock import business_date_of
from tapwealth.kernel.ids import book_of, derived, named
from tapwealth.kernel.money import checked, format_minor
from tapwealth.kernel.refusal import BadInput, Refusal
from tapwealth.storage import outbox
from tapwealth.storage.database import Tx
from tapwealth.storage.outbox import OutboxMessage

CLAIMS = "claims"
"""The outbox destination of requests to the insurer about claims, and the source of the breaks found here."""
PAY, RECOVERED = "pay", "recovered"
_LONGEST = 1_000


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


class WithdrawClaim(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Let it be, before it is decided."""

    claim: UUID


class AppealClaim(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Have a decision looked at once more."""

    claim: UUID
    reason: str


class GiveClaimBack(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Give `amount` fen of what was paid back to the insurer, since it was got elsewhere."""

    claim: UUID
    amount: int


class ClaimStands(msgspec.Struct, frozen=True):
    """Where a claim stands; `papers` are still needed."""

    claim: str
    state: str
    papers: list[str]


class ClaimGivenBack(msgspec.Struct, frozen=True):
    claim: str
    amount: int


def check_said(text: str, where: str) -> None:
    """Raises BadInput for a text that says nothing, or too much."""
    if not text.strip():
        raise BadInput("it is empty", where=where, hint="say in a sentence what happened")
    if len(text) > _LONGEST:
        raise BadInput(f"it is longer than {_LONGEST:,} characters", where=where, hint="say it shorter")


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
    return await _of(tx, row)


async def _of(tx: Tx, row: PolicyRow) -> Of:
    """With the sum insured as it stands."""
    key = (row.book, row.id)
    product = (await products_of(tx, [row]))[row.product, row.version]
    sum_insured = (await insured_store.insured(tx, [key]))[key].sum_insured
    return Of(row, replace(product, terms=msgspec.structs.replace(product.terms, sum_insured=sum_insured)))


async def policy_of(tx: Tx, claim: Claim) -> Of:
    """The policy that is claimed of."""
    return await _of(tx, (await store.policies(tx, [(claim.book, claim.policy)]))[claim.book, claim.policy])


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
        found, today = await _of(tx, row), business_date_of(envelope.received_at)
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


async def _taken_on(house: House, tx: Tx, at: Moment, found: Of, lost: "_Lost", words: _Words) -> ClaimStands | Refusal:
    """The claim, if the policy can pay for that loss."""
    key = (found.row.book, found.row.id)
    schedule = (await premium_store.schedules(tx, {key: found.row}))[key]
    covered = covered_on(found.row.policy, schedule, lost.loss.day)
    refusal = wrong_loss(await _standing(tx, found, lost.loss.day, covered, schedule), lost.loss)
    refusal = refusal or _being_cancelled(found.row)
    if refusal is not None:
        return refusal
    claim = _claim(house, at, found.row, lost, words, covered.arrears if isinstance(covered, Covered) and not lost.early else 0)
    await claim_store.add_claims(tx, [claim])
    await claim_notices.tell(tx, at, [Telling(claim, found.product, Told.NOTIFIED)])
    return stands(claim, [one.value for one in NEEDED[claim.kind]])


def _being_cancelled(row: PolicyRow) -> Refusal | None:
    """What comes back of its premium was agreed as if nothing had been paid; the answer says which day is its last one."""
    if not row.being_cancelled:
        return None
    text = "the insurer has been asked to cancel this policy; wait for its answer, its days until then can be claimed of after it"
    return Refusal(ClaimRefusal.NOT_POSSIBLE_NOW, text)


def stands(claim: Claim, papers: Sequence[str]) -> ClaimStands:
    return ClaimStands(str(claim.id), claim.state.value, list(papers))


@dataclass(frozen=True, slots=True)
class _Lost:
    """With the version of the beneficiaries of a death, and which of them had died before."""

    loss: Loss
    amount: int
    named: int = 0
    died: str = ""
    early: bool = False


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


def illness_lookup(house: House, policy: UUID, group: str) -> bytes:
    """The group of a claim is sensitive, and lies as the keyed hash of the policy and its name."""
    return house.keys.lookup_hash("illness", policy.bytes + group.encode())


def illness_of(house: House, claim: Claim, product: Product) -> str:
    """The group that was claimed; nothing for another loss."""
    cover = product.terms.cover
    groups = [one.group for one in cover.illnesses] if isinstance(cover, Health) else []
    return next((one for one in groups if illness_lookup(house, claim.policy, one) == claim.illness), "")


async def _lost_payment(tx: Tx, envelope: Envelope, identifier: UUID, today: date) -> _Lost | Refusal:
    book, person = who(envelope)
    tap = await own_tap(tx, book, person, identifier)
    if isinstance(tap, Refusal):
        return tap
    said = await dispute_store.dispute(tx, book, tap.id)
    if said is None:
        return Refusal(ClaimRefusal.NOT_DISPUTED, "this payment is not disputed; say first that it was not yours")
    amount = await _gone(tx, tap)
    if tap.captured_on is None or amount <= 0:
        text = "it has not been cleared yet, or was given back; look at it again when your statement shows it"
        return Refusal(ClaimRefusal.NOT_CLEARED, text)
    claimed = await claim_store.tap_claimed(tx, book, tap.id)
    day = business_date_of(tap.received_at)
    return _Lost(Loss(kind=LossKind.PAYMENT, day=day, today=today, told_on=said.reported_on, tap_claimed=claimed), amount)


async def _gone(tx: Tx, tap: Authorisation) -> int:
    """Of a payment: as it was captured, less what the merchant has given back."""
    return tap.captured_amount - (await issuing.given_back(tx, [(tap.book, tap.id)])).get(tap.id, 0)


async def still_lost(tx: Tx, claim: Claim) -> int:
    """Fen: what was claimed, of a payment no more than what is gone of it by now."""
    if claim.tap is None:
        return claim.loss
    return min(claim.loss, await _gone(tx, (await issuing.by_id(tx, [(claim.book, claim.tap)]))[claim.tap]))


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


async def spent(tx: Tx, claims: Sequence[Claim]) -> dict[UUID, int]:
    """Fen that each of these claims takes of the limits: asked of the insurer, agreed or paid, with the arrears that were deducted."""
    payments = await claim_store.payments_of(tx, [(one.book, one.id) for one in claims])
    return {key[1]: sum(one.spent for one in rows) for key, rows in payments.items()}


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
        (over,) = await close(tx, [claim], at.date_of(envelope.received_at))
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
        over = appeal_over(claim, day) or _being_cancelled((await policy_of(tx, claim)).row)
        if over is not None:
            return over
        said = f"{opened_text(house, claim.id, claim.said)}\n{command.reason}"
        after = replace(claim, state=state, appealed_on=day, heard_at=at.now, said=sealed_text(house, claim.id, said))
        return stands(await moved(tx, after), [])

    return await once(house, [book], envelope, command, act, ClaimStands)


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
        recovery = await recoverable(house, tx, claim, command.amount, serial, "the insured", day)
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


async def left_to_recover(tx: Tx, claim: Claim) -> int:
    """Fen that can come back: what was paid, less what has come back or is awaited."""
    key = (claim.book, claim.id)
    paid = sum(one.amount for one in (await claim_store.payments_of(tx, [key]))[key] if one.paid_on is not None)
    return paid - sum(one.amount for one in (await claim_store.recoveries_of(tx, [key]))[key] if one.counts)


async def recoverable(house: House, tx: Tx, claim: Claim, amount: int, serial: str, source: str, day: date) -> RecoveryRow | Refusal:
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


async def ask_insurer(tx: Tx, payments: Sequence[PaymentRow]) -> None:
    """Leave the requests to pay for the insurer."""
    await outbox.put(tx, [_to_pay(one) for one in payments])


def _to_pay(payment: PaymentRow) -> OutboxMessage:
    payload = {"claim": str(payment.claim), "serial": payment.serial}
    return OutboxMessage(payment.book, derived(payment.claim, payment.serial), CLAIMS, PAY, payload)
