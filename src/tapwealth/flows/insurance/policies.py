"""Insurance: buying a policy and cancelling it.

The premium is taken at once and waits in transit; the insurer is asked from the outbox. What comes of it stands in `policy_outcomes`, the
day's end with the insurer in `insurers`. The buyer is the insured person.
"""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import Enum, auto
from uuid import UUID

import msgspec

from tapwealth.catalogue.definition import Eligibility
from tapwealth.catalogue.eligible import not_eligible
from tapwealth.catalogue.version import Version
from tapwealth.compliance import store as compliance
from tapwealth.customers import store as customers
from tapwealth.customers.store import PersonRow
from tapwealth.flows.bank.payments import end_to_end
from tapwealth.flows.catalogue import sales
from tapwealth.flows.customers.people import own_key, who
from tapwealth.flows.frame import Envelope, House, Moment, once
from tapwealth.flows.insurance.applicants import InsuredPerson, Insures, NamedBeneficiary, check_named, read_beneficiaries, whom
from tapwealth.flows.insurance.applications import answers_of, decision
from tapwealth.flows.insurance.buyer import Buyer, buyer_of, pay_first
from tapwealth.flows.insurance.delivery import deliver
from tapwealth.flows.insurance.insured import above_minors_cap, insured_row, keep, not_for
from tapwealth.flows.insurance.insurers import begin_cover, compare_insurer, sweep_premiums
from tapwealth.flows.insurance.policy_offer import policy_sold
from tapwealth.flows.insurance.policy_outcomes import CANCEL, INSURER, ISSUE
from tapwealth.flows.insurance.policy_product import on_sale, product_of, products_of
from tapwealth.insurance import application_store, claim_store, endorsement_store, premium_store, store
from tapwealth.insurance.application_store import ApplicationRow
from tapwealth.insurance.buy import TERMS, BuyFacts, BuyRefusal, Quote, Wish, decide
from tapwealth.insurance.claim import erase_day
from tapwealth.insurance.endorsement import EndorsementKind, unearned_changes
from tapwealth.insurance.endorsement_store import EndorsementState
from tapwealth.insurance.phone import read_phone
from tapwealth.insurance.policy import Policy, PolicyEvent, PolicyState, Rescission, next_state, refund_of
from tapwealth.insurance.product import OccupationClass, Product
from tapwealth.insurance.questions import check_answers
from tapwealth.insurance.store import PolicyRow
from tapwealth.insurance.underwriting import UnderwritingRefusal
from tapwealth.kernel.clock import business_date_of
from tapwealth.kernel.ids import derived, named
from tapwealth.kernel.money import format_minor
from tapwealth.kernel.refusal import BadInput, Refusal
from tapwealth.storage import outbox
from tapwealth.storage.database import Tx
from tapwealth.storage.outbox import OutboxMessage

__all__ = [
    "TERMS", "BuyPolicy", "CancelPolicy", "PolicyCancelling", "PolicyTaken", "begin_cover", "buy", "cancel",
    "compare_insurer", "deliver", "sweep_premiums",
]  # fmt: skip


class InsuranceRefusal(Enum):
    """Why a policy cannot be cancelled, besides its product's rule."""

    UNKNOWN_POLICY = auto()
    UNDER_WAY = auto()
    REFUND_DIFFERS = auto()


CLAIM_LOOKED_AT = "a claim of this policy is looked at; wait until it is decided, or withdraw it"


class InsuredPhone(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The phone that a policy is bound to: its IMEI, and the day on which it was bought."""

    imei: str
    bought_on: date


class BuyPolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Insure oneself, or somebody else who is `insured`. `confirmed` names what the buyer saw and agreed to, "terms" in any case;
    `premium` in fen is what they were shown.

    Without `from_day` cover begins tomorrow. `phone`: of a policy that is bound to one. `answers`: to what the product asks, by question.
    `beneficiaries`: who receives what is paid at death; nobody: the estate.
    `application`: one that an underwriter has accepted, whose answers stand.
    """

    product: str
    confirmed: list[str]
    occupation: OccupationClass = OccupationClass.ONE
    from_day: date | None = None
    premium: int | None = None
    phone: InsuredPhone | None = None
    answers: dict[str, str] = {}
    insured: InsuredPerson | None = None
    beneficiaries: list[NamedBeneficiary] = []
    application: UUID | None = None


class PolicyTaken(msgspec.Struct, frozen=True):
    """The premium is taken and the insurer asked; its answer comes later."""

    policy: str
    premium: int
    from_day: date
    to_day: date
    state: str


class CancelPolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """End a policy of one's own. `refund` in fen is what comes back as they were shown."""

    policy: UUID
    reason: str = "the policyholder's wish"
    refund: int | None = None


class PolicyCancelling(msgspec.Struct, frozen=True):
    """The insurer is asked; `refund` fen come back by the bank once it has cancelled."""

    policy: str
    refund: int
    free_look: bool


def _wish(product: Product, command: BuyPolicy, today: date) -> Wish:
    from_day = command.from_day or today + timedelta(days=1)
    phone = None if command.phone is None else read_phone(command.phone.imei, command.phone.bought_on, today)
    check_answers(product.terms.questions, command.answers)
    return Wish(product, command.occupation, from_day, command.premium, tuple(command.confirmed), phone, command.answers)


def _facts(row: PersonRow, wish: Wish, insures: Insures, of: Eligibility, today: date, available: int, *, named: bool) -> BuyFacts:
    """Who may buy is asked of the insured person, on the first day of cover. `named`: beneficiaries are."""
    one, yours = insures.applicant, insures.other is None
    ineligible = not_for(wish, insures, names_beneficiaries=named)
    ineligible = ineligible or not_eligible(of, wish.product.name, row.kyc_level, one.age, "you are" if yours else "the insured person is")
    return BuyFacts(insures.sex, one.age, today, available, ineligible)


@dataclass(frozen=True, slots=True)
class Prepared:
    """Everything by which a policy is priced and decided."""

    version: Version
    buyer: Buyer
    wish: Wish
    insures: Insures
    applied: ApplicationRow | None
    facts: BuyFacts


async def prepared(house: House, tx: Tx, at: Moment, envelope: Envelope, command: BuyPolicy, fund: str = "") -> Prepared | Refusal:
    """What is asked for, by whom and about whom; `fund` pays what the wallet lacks. Raises BadInput for what cannot be."""
    today = business_date_of(envelope.received_at)
    version = await on_sale(tx, command.product, envelope.received_at)
    if isinstance(version, Refusal):
        return version
    buyer = await buyer_of(house, tx, at, envelope, fund)
    wish = _wish(product_of(version, today), command, today)
    insures = whom(house, command.insured, buyer.row, wish.from_day)
    applied = None if command.application is None else await _applied(tx, envelope, command, wish, insures)
    if isinstance(applied, Refusal):
        return applied
    if applied is not None:
        wish = replace(wish, answers=answers_of(house, applied), accepted=applied.permille)
    of, named = version.definition.eligibility, bool(command.beneficiaries)
    facts = _facts(buyer.row, wish, insures, of, today, buyer.there, named=named)
    return Prepared(version, buyer, wish, insures, applied, facts)


async def buy(
    house: House, envelope: Envelope, command: BuyPolicy, *, most: int | None = None, renews: UUID | None = None, fund: str = ""
) -> PolicyTaken | Refusal:
    """Decide, take the premium, keep a record of the sale, and leave the request for the insurer. `most`: the greatest premium that was
    agreed to beforehand, `fund`: what was to pay what the wallet lacks of it; `renews`: the policy that it goes on from."""
    book, person = who(envelope)
    check_named(command.beneficiaries)

    async def act(tx: Tx, at: Moment, actor: int) -> PolicyTaken | Refusal:
        wanted = await prepared(house, tx, at, envelope, command, fund)
        if isinstance(wanted, Refusal):
            return wanted
        buyer, wish, insures, applied = wanted.buyer, wanted.wish, wanted.insures, wanted.applied
        made = decide(wish, wanted.facts)
        if isinstance(made, Refusal):
            return made
        if most is not None and made.premium > most:
            text = f"the premium is {format_minor(made.premium)} yuan now, more than the {format_minor(most)} that you agreed to"
            return Refusal(BuyRefusal.PREMIUM_DIFFERS, text)
        capped = await above_minors_cap(house, tx, wish, insures)
        if capped is not None:
            return capped
        above = buyer.used.above(house.rule_set, person, at.date_of(envelope.received_at), made.premium)
        if above is not None:
            return Refusal(BuyRefusal.ABOVE_LIMIT, above)
        row = _row(envelope, at, buyer.row, wish.product, made)
        if not await pay_first(house, tx, at, actor, buyer, row):
            return Refusal(BuyRefusal.NO_MONEY, "the wallet does not hold that much; move money in first")
        refusal = await _keep(house, tx, at, envelope, command, _Sale(row, buyer.row, wish, made, insures, wanted.version))
        if refusal is not None:
            return refusal
        if applied is not None:
            await application_store.save(tx, replace(applied, policy=row.id))
        if renews is not None:
            await premium_store.add_renewals(tx, [(book, row.id, renews)])
        return PolicyTaken(str(row.id), row.premium, row.from_day, row.to_day, row.state.value)

    return await once(house, [book], envelope, command, act, PolicyTaken)


async def _applied(tx: Tx, envelope: Envelope, command: BuyPolicy, wish: Wish, insures: Insures) -> ApplicationRow | Refusal:
    """The accepted application by which the policy is bought: of this version, and about this person."""
    if command.answers:
        raise BadInput("the application has its answers", where="answers", hint="leave them out")
    assert command.application is not None, "it is bought by one"
    book, person = who(envelope)
    found = await decision(tx, book, person, command.application, business_date_of(envelope.received_at))
    if isinstance(found, Refusal):
        return found
    if (found.product, found.version, found.insured_lookup) != (wish.product.code, wish.product.version, insures.lookup):
        text = "the application is about another person, or another version of the product; apply again"
        return Refusal(UnderwritingRefusal.NOT_ACCEPTED, text)
    return found


def _row(envelope: Envelope, at: Moment, person: PersonRow, product: Product, made: Quote) -> PolicyRow:
    return PolicyRow(
        book=person.book,
        id=named(envelope.received_at, person.book, f"buy_policy:{person.id}:{envelope.key}"),
        person=person.id,
        product=product.code,
        version=product.version,
        serial=end_to_end("POL", own_key(envelope, "buy_policy", person)),
        premium=made.premium,
        sum_insured=product.terms.sum_insured,
        from_day=made.from_day,
        to_day=made.to_day,
        paid_until=made.paid_until,
        state=PolicyState.QUOTED,
        business_date=at.date_of(envelope.received_at),
        applied_at=envelope.received_at,
    )


@dataclass(frozen=True, slots=True)
class _Sale:
    row: PolicyRow
    buyer: PersonRow
    wish: Wish
    made: Quote
    insures: Insures
    version: Version


async def _keep(house: House, tx: Tx, at: Moment, envelope: Envelope, command: BuyPolicy, of: _Sale) -> Refusal | None:
    row, insures = of.row, of.insures
    named = read_beneficiaries(house, command.beneficiaries, insures.lookup, row.book, row.id, version=1)
    insured = replace(insured_row(house, row, of.buyer, of.wish, of.made, insures), beneficiaries=1 if named else 0)
    await store.add_policies(tx, [row])
    refusal = await keep(tx, row, insured, insures, named, of.wish)
    if refusal is not None:
        return refusal
    if of.wish.answers:
        await application_store.keep_answers(tx, row.book, row.id, erase_day(row.policy, of.wish.product.terms, row.from_day))
    await sales.keep(house, tx, at, [policy_sold(envelope, row, of.wish, of.made, insures, named, of.version)])
    await compliance.add_usage(tx, [(row.book, row.person, row.business_date, row.premium)])
    await outbox.put(tx, [OutboxMessage(row.book, derived(row.id, ISSUE), INSURER, ISSUE, {"policy": str(row.id)})])
    return None


async def cancel(house: House, envelope: Envelope, command: CancelPolicy) -> PolicyCancelling | Refusal:
    """Agree the refund by the product's rule and the day of the request, and leave the request for the insurer."""
    book, person = who(envelope)
    if not command.reason.strip() or len(command.reason) > 200:
        raise BadInput("the reason is empty or longer than 200 characters", where="reason")

    async def act(tx: Tx, at: Moment, _actor: int) -> PolicyCancelling | Refusal:
        row = await cancellable(tx, (book, command.policy), person)
        if isinstance(row, Refusal):
            return row
        return await end_by_rule(house, tx, at, envelope, row, command.reason, command.refund)

    return await once(house, [book], envelope, command, act, PolicyCancelling)


async def cancellable(tx: Tx, key: store.Key, person: UUID) -> PolicyRow | Refusal:
    """A policy of this person, if it can be cancelled now."""
    row = (await store.policies(tx, [key])).get(key)
    if row is None or row.person != person:
        return Refusal(InsuranceRefusal.UNKNOWN_POLICY, "this is no policy of yours; look at your list")
    if row.being_cancelled:
        return Refusal(InsuranceRefusal.UNDER_WAY, "the insurer has been asked to cancel this policy; wait for its answer")
    if await premium_store.under_way(tx, [key]):
        return Refusal(InsuranceRefusal.UNDER_WAY, "the insurer is booking a premium of this policy; wait for its answer")
    if await endorsement_store.under_way(tx, [key]):
        return Refusal(InsuranceRefusal.UNDER_WAY, "a change of this policy is under way; wait for the insurer's answer")
    state = next_state(row.state, PolicyEvent.CANCEL)
    return state if isinstance(state, Refusal) else row


async def end_by_rule(
    house: House, tx: Tx, at: Moment, envelope: Envelope, row: PolicyRow, reason: str, shown: int | None = None
) -> PolicyCancelling | Refusal:
    """Leave the request to end it because of its policyholder: not while a claim is looked at, and for nothing once a loss was paid; nor
    for another refund than was `shown`."""
    refund = await refund_by_rule(tx, row, business_date_of(envelope.received_at))
    if isinstance(refund, Refusal):
        return refund
    if shown not in (None, refund):
        text = f"{format_minor(refund)} yuan would come back now; look at it again and confirm it"
        return Refusal(InsuranceRefusal.REFUND_DIFFERS, text)
    return await ask_to_cancel(house, tx, at, envelope, row, reason, refund)


async def refund_by_rule(tx: Tx, row: PolicyRow, today: date) -> int | Refusal:
    """Fen that come back when its policyholder ends it on that day."""
    losses = await claim_store.losses_of(tx, row.book, row.id)
    if losses.looked_at:
        return Refusal(InsuranceRefusal.UNDER_WAY, CLAIM_LOOKED_AT)
    return 0 if losses.paid else await _refund(tx, row, today)


async def _refund(tx: Tx, row: PolicyRow, today: date) -> int | Refusal:
    """By the product's rule and what was changed."""
    product = (await products_of(tx, [row]))[row.product, row.version]
    policy = await _at_its_price(tx, row)
    by_rule = refund_of(product, policy, today)
    if isinstance(by_rule, Refusal):
        return by_rule
    return max(by_rule + unearned_changes(product, policy, await _changes(tx, row), today), 0)


async def ask_to_cancel(
    house: House,
    tx: Tx,
    at: Moment,
    envelope: Envelope,
    row: PolicyRow,
    reason: str,
    refund: int | None = None,
    rescission: Rescission | None = None,
) -> PolicyCancelling | Refusal:
    """Leave the request for the insurer: for `refund` fen, or for what the product's rule and the day of the request give back. Nothing
    else may be under way."""
    today = business_date_of(envelope.received_at)
    if refund is None:
        by_rule = await _refund(tx, row, today)
        if isinstance(by_rule, Refusal):
            return by_rule
        refund = by_rule
    known = (await customers.persons(tx, [(row.book, row.person)]))[row.person]
    serial = end_to_end("CAN", own_key(envelope, "cancel_policy", known))
    day = at.date_of(envelope.received_at)
    asked = replace(row, cancel_serial=serial, cancel_reason=reason, cancel_asked_on=day, refund=refund, rescission=rescission)
    await store.save(tx, [asked])
    message = OutboxMessage(row.book, derived(row.id, serial), INSURER, CANCEL, {"policy": str(row.id), "serial": serial})
    await outbox.put(tx, [message])
    return PolicyCancelling(str(row.id), refund, in_free_look(row, today))


def in_free_look(row: PolicyRow, today: date) -> bool:
    """Whether the free look lasts on that day."""
    return row.free_look_until is not None and today <= row.free_look_until


async def _at_its_price(tx: Tx, row: PolicyRow) -> Policy:
    """With the premium of a year as it is by the true age, which every year was paid by in the end."""
    key = (row.book, row.id)
    return replace(row.policy, premium=(await premium_store.schedules(tx, {key: row}))[key].premium)


async def _changes(tx: Tx, row: PolicyRow) -> list[tuple[date, int]]:
    """From when on, and fen, of those that were about what is left of a year."""
    key = (row.book, row.id)
    made = (await endorsement_store.of_policies(tx, [key]))[key]
    return [(one.effective, one.amount) for one in made if one.state is EndorsementState.ACCEPTED and one.kind is not EndorsementKind.AGE]
