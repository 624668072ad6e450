"""What the insurer says of a claim, and the money that it pays for it by the bank, or that comes back of it.

The worker calls `deliver` outside any transaction. The insurer tells repetitions by the serial, so a request whose answer did not come is
asked about, and sent again where it never arrived. Money that comes before the answer is the answer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any, assert_never
from uuid import UUID

from tapwealth.bank import entries as bank_entries
from tapwealth.bank import store as bank
from tapwealth.bank.entries import NUMBER_OF
from tapwealth.bank.store import BreakRow
from tapwealth.flows.bank.receipts import Claim as Credited
from tapwealth.flows.bank.receipts import Pushed
from tapwealth.flows.customers.people import wallet_of
from tapwealth.flows.frame import HOUSE_BOOK, House, Moment, moment
from tapwealth.flows.insurance import claim_arrears, claim_notices, claim_receivers, claim_untold
from tapwealth.flows.insurance.claim_notices import Telling, Told
from tapwealth.flows.insurance.claim_recoveries import left_to_recover, tell_recovered
from tapwealth.flows.insurance.claims import CLAIMS, PAY, RECOVERED, moved, policy_of, refuse, spent
from tapwealth.flows.insurance.insured import cover_ended
from tapwealth.insurance import claim_entries, claim_store, policy_event_store, store
from tapwealth.insurance.bordereau import BordereauEvent
from tapwealth.insurance.claim import Claim, ClaimEvent, ClaimState, LossKind, first_paid_day, next_state
from tapwealth.insurance.claim_entries import ClaimMoney
from tapwealth.insurance.claim_insurer import ClaimAgreed, ClaimAnswer, ClaimOrder, ClaimRefused
from tapwealth.insurance.claim_store import Part, PaymentRow, RecoveryRow
from tapwealth.insurance.insurer import NotReceived, Unknown
from tapwealth.insurance.policy import PolicyEvent, PolicyState
from tapwealth.insurance.policy import next_state as next_policy_state
from tapwealth.insurance.policy_event_store import PolicyEventRow
from tapwealth.insurance.product import PhoneScreen
from tapwealth.insurance.store import Key, PolicyRow
from tapwealth.kernel.clock import business_date_of
from tapwealth.kernel.money import Asset, format_minor
from tapwealth.kernel.refusal import Outage
from tapwealth.ledger.chart import Kind, house_account
from tapwealth.storage.database import Tx
from tapwealth.storage.outbox import OutboxMessage


async def deliver(house: House, message: OutboxMessage) -> None:
    """Make one request. Raises Outage while the insurer's answer is not known."""
    key, serial = (message.book, UUID(message.payload["claim"])), message.payload["serial"]
    if message.kind == RECOVERED:
        await _deliver_recovered(house, key, serial)
    else:
        assert message.kind == PAY, message.kind
        await _deliver_payment(house, key, serial)


async def _deliver_payment(house: House, key: Key, serial: str) -> None:
    async with house.database.read() as tx:
        claim = (await claim_store.claims(tx, [key]))[key]
        payment = (await claim_store.payments_by_serial(tx, [key[0]], [serial]))[serial]
        order = await _order(house, tx, claim, payment)
    if payment.agreed_on is None and payment.refused_on is None:
        answer = await house.rails.insurer.claim(order)
        if isinstance(answer, Unknown):
            answer = await house.rails.insurer.inquire_claim(serial)
        await hear(house, key[0], serial, answer)


async def _order(house: House, tx: Tx, claim: Claim, payment: PaymentRow) -> ClaimOrder:
    of = await policy_of(tx, claim)
    return ClaimOrder(
        serial=payment.serial,
        policy_number=of.row.policy_number,
        claim=str(claim.id),
        identity=payment.identity,
        loss_day=claim.loss_day,
        amount=payment.amount,
        sum_insured=of.product.terms.sum_insured,
        to_named=claim.kind is LossKind.DEATH,
        receivers=await claim_receivers.told(house, tx, claim, payment),
        deducted=claim_arrears.deducted(payment),
        by_accident=not claim.early and claim.illness is not None and claim.loss_day < first_paid_day(of.row.policy, of.product.terms),
    )


async def _deliver_recovered(house: House, key: Key, serial: str) -> None:
    async with house.database.read() as tx:
        recovery = (await claim_store.recoveries_by_serial(tx, [key[0]], [serial]))[serial]
    answer = await house.rails.insurer.recovered(serial, str(key[1]), recovery.amount)
    if isinstance(answer, Unknown):
        raise Outage(f"the insurer does not answer: {answer.why}")
    if isinstance(answer, NotReceived):
        raise Outage("the insurer does not know the claim of which money came back; ask it")
    async with house.database.transaction() as tx:
        await house.ledger.lock_books(tx, [key[0]])
        at = await moment(tx)
        claim = (await claim_store.claims(tx, [key]))[key]
        await noted(tx, at, at.open_date(business_date_of(at.now)), claim, recovery)


async def noted(tx: Tx, at: Moment, day: date, claim: Claim, recovery: RecoveryRow) -> None:
    """The insurer knows that it came back."""
    await _happened(tx, at, claim, BordereauEvent.RECOVERED, recovery.serial, recovery.amount, day)


async def hear(house: House, book: int, serial: str, answer: ClaimAnswer) -> None:
    """Apply what the insurer said of a payment, now. Raises Outage where it said nothing."""
    match answer:
        case NotReceived():
            raise Outage("the insurer says that the request never came; it is sent again")
        case Unknown(why):
            raise Outage(f"the insurer does not answer: {why}")
        case ClaimAgreed() | ClaimRefused():
            async with house.database.transaction() as tx:
                await house.ledger.lock_books(tx, [book])
                at = await moment(tx)
                payment = (await claim_store.payments_by_serial(tx, [book], [serial]))[serial]
                await apply(tx, at, at.open_date(business_date_of(at.now)), payment, answer)
            return
    assert_never(answer)


async def apply(tx: Tx, at: Moment, day: date, payment: PaymentRow, answer: ClaimAgreed | ClaimRefused) -> PaymentRow:
    """The payment as it is then: the same where it is known already."""
    if payment.agreed_on is not None or payment.refused_on is not None:
        return payment
    key = (payment.book, payment.claim)
    claim = (await claim_store.claims(tx, [key]))[key]
    if isinstance(answer, ClaimRefused):
        after = replace(payment, refused_on=day, reason=answer.reason)
        await claim_store.save_payments(tx, [after])
        if payment.part is not Part.CERTAIN:
            await refuse(tx, at, claim, answer.reason, min(answer.on, day))
        return after
    if answer.amount > payment.amount:
        raise Outage(f"the insurer agrees to {format_minor(answer.amount)} of {format_minor(payment.amount)} for {payment.serial}; ask it")
    after = replace(payment, agreed_on=day, amount=answer.amount)
    await claim_store.save_payments(tx, [after])
    event = BordereauEvent.PREMIUMS_BACK if claim.early else BordereauEvent.CLAIMED
    await _happened(tx, at, claim, event, payment.serial, after.amount, day)
    await claim_arrears.count_as_paid(tx, at, day, claim, after)
    await claim_untold.ask_again(tx, at, [after])
    if payment.part is not Part.CERTAIN:
        state = next_state(claim, ClaimEvent.AGREE)
        assert isinstance(state, ClaimState), state
        claim = await moved(tx, replace(claim, state=state, agreed_on=day))
    of = await policy_of(tx, claim)
    await claim_notices.tell(tx, at, [Telling(claim, of.product, Told.AGREED, after.amount, after.serial)])
    return await _paid_elsewhere(tx, claim, after, day) if claim.kind is LossKind.DEATH else after


async def _paid_elsewhere(tx: Tx, claim: Claim, payment: PaymentRow, day: date) -> PaymentRow:
    """The insurer pays whom the policy names: its word is all that is seen of it here."""
    after = replace(payment, paid_on=day)
    await claim_store.save_payments(tx, [after])
    if payment.part is Part.CERTAIN:
        await moved(tx, claim)
    else:
        await _use_up(tx, await moved(tx, replace(claim, state=ClaimState.PAID, paid_on=day)), day)
    return after


async def _happened(tx: Tx, at: Moment, claim: Claim, event: BordereauEvent, serial: str, amount: int, day: date) -> None:
    row = PolicyEventRow(claim.book, event, serial, claim.policy, amount, day, at.now)
    await policy_event_store.add(tx, [row])


async def recognise(house: House, tx: Any, at: Moment, pushed: Sequence[Pushed], actor: int) -> Mapping[str, Credited]:
    """The insurer's payments by the serial of what was asked; money that comes back by the name that was given out for it. An amount that
    was not agreed waits in suspense, as a break."""
    here = {one.end_to_end_id: one for one in pushed if one.account == NUMBER_OF[Kind.CUSTOMER_RESERVE]}
    books = list(house.all_books)
    made: dict[str, Credited] = {}
    for serial, payment in (await claim_store.payments_by_serial(tx, books, list(here))).items():
        if payment.paid_on is None and payment.refused_on is None:
            made[serial] = await _paid(house, tx, at, here[serial], payment, actor)
    for serial, recovery in (await claim_store.recoveries_by_serial(tx, books, list(here))).items():
        if recovery.received_on is None:
            made[serial] = await _came_back(tx, at, here[serial], recovery, actor)
    return made


async def _paid(house: House, tx: Tx, at: Moment, one: Pushed, payment: PaymentRow, actor: int) -> Credited:
    if one.amount > payment.amount or (one.amount < payment.amount and payment.agreed_on is not None):
        return await _differs(tx, at, one, f"{format_minor(payment.amount)} was to be paid for claim {payment.claim}", actor)
    day = at.booking_date(one.booked_on)
    payment = await apply(tx, at, day, payment, ClaimAgreed(one.amount))
    await claim_store.save_payments(tx, [replace(payment, paid_on=day)])
    key = (payment.book, payment.claim)
    claim = (await claim_store.claims(tx, [key]))[key]
    if payment.part is Part.CERTAIN:
        claim = await moved(tx, claim)
    else:
        claim = await moved(tx, replace(claim, state=ClaimState.PAID, paid_on=day))
        await _use_up(tx, claim, day)
    of = await policy_of(tx, claim)
    await claim_notices.tell(tx, at, [Telling(claim, of.product, Told.PAID, payment.amount, payment.serial)])
    wallet = await wallet_of(house, tx, claim.book, claim.person)
    money = ClaimMoney(claim.book, claim.id, payment.serial, wallet, payment.amount)
    return Credited("claim_payment", (claim_entries.claim_paid(money, day, actor),))


async def _use_up(tx: Tx, claim: Claim, day: date) -> None:
    """The policy is over when it has nothing more to give: the insured dead, every screen replaced, the sum insured paid, or all premiums
    given back."""
    of = await policy_of(tx, claim)
    earlier = await claim_store.claims_of_policy(tx, claim.book, claim.policy)
    if claim.kind is LossKind.DEATH:
        over = True
    elif isinstance(of.product.terms.cover, PhoneScreen):
        over = sum(one.paid_on is not None for one in earlier) >= of.product.terms.cover.replacements
    else:
        over = claim.early or sum((await spent(tx, earlier)).values()) >= of.product.terms.sum_insured
    state = next_policy_state(of.row.state, PolicyEvent.CLAIM)
    if over and isinstance(state, PolicyState):
        await _end(tx, replace(of.row, state=state), day)


async def _end(tx: Tx, row: PolicyRow, day: date) -> None:
    await store.save(tx, [row])
    await cover_ended(tx, {(row.book, row.id): day})


async def _came_back(tx: Tx, at: Moment, one: Pushed, recovery: RecoveryRow, actor: int) -> Credited:
    if one.amount != recovery.amount:
        return await _differs(tx, at, one, f"{format_minor(recovery.amount)} was to come back of claim {recovery.claim}", actor)
    left = await _room(tx, recovery)
    if recovery.amount > left:
        wanted = f"it was awaited no more, and of claim {recovery.claim} {format_minor(left)} can come back"
        return await _differs(tx, at, one, wanted, actor)
    day = at.booking_date(one.booked_on)
    await claim_store.save_recoveries(tx, [replace(recovery, received_on=day)])
    await tell_recovered(tx, recovery)
    money = ClaimMoney(recovery.book, recovery.claim, recovery.serial, 0, recovery.amount)
    return Credited("claim_recovery", (claim_entries.claim_recovered(money, day, actor),))


async def _room(tx: Tx, recovery: RecoveryRow) -> int:
    """Fen of the claim that can still come back, this recovery too; of one that was withdrawn its room may be taken."""
    key = (recovery.book, recovery.claim)
    left = await left_to_recover(tx, (await claim_store.claims(tx, [key]))[key])
    return left + recovery.amount if recovery.counts else left


async def _differs(tx: Tx, at: Moment, one: Pushed, wanted: str, actor: int) -> Credited:
    day = at.booking_date(one.booked_on)
    text = f"{format_minor(one.amount)} came in under {one.end_to_end_id}, but {wanted}; ask the payer"
    await bank.add_breaks(tx, day, [BreakRow(CLAIMS, "payment_differs", one.end_to_end_id, one.amount, text, accounted=True)], at.now)
    kept = house_account(HOUSE_BOOK, Kind.SUSPENSE, Asset.CNY)
    return Credited("suspense", (bank_entries.received(HOUSE_BOOK, one.key, one.account, kept, one.amount, day, actor, known=False),))
