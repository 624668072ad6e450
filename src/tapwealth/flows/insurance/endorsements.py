"""Changes of a policy that runs: the insured person's work, who receives what it pays, the address.

What a change costs more is taken at once and waits in transit; the insurer is asked from the outbox, and what comes of it stands in
`endorsement_outcomes`. Nothing of the policy changes before the insurer has accepted it, and one change is under way at a time.
"""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from uuid import UUID

import msgspec

from tapwealth.catalogue import store as catalogue
from tapwealth.compliance import store as compliance
from tapwealth.customers import store as customers
from tapwealth.customers.identity_number import read_identity_number
from tapwealth.customers.store import PersonRow
from tapwealth.flows.bank.payments import end_to_end
from tapwealth.flows.catalogue.kinds import shape_of
from tapwealth.flows.customers.people import own_key, wallet_of, who
from tapwealth.flows.frame import Envelope, House, Moment, once, post
from tapwealth.flows.insurance.applicants import NamedBeneficiary, check_named, read_beneficiaries
from tapwealth.flows.insurance.changed_address import ENDORSE, seal_address
from tapwealth.flows.insurance.policies import CLAIM_LOOKED_AT, InsuranceRefusal, end_by_rule, refund_by_rule
from tapwealth.flows.insurance.policy_order import name_of
from tapwealth.flows.insurance.policy_outcomes import INSURER
from tapwealth.flows.insurance.policy_product import product_of
from tapwealth.insurance import beneficiary_store, claim_store, endorsement_store, insured_store, premium_store, store
from tapwealth.insurance.applicant import ADULT, CONSENT, ApplicantRefusal, Relation, pays_at_death
from tapwealth.insurance.buy import BuyRefusal
from tapwealth.insurance.endorsement import (
    ClassChange,
    EndorsementKind,
    EndorsementRefusal,
    EndsCover,
    change_of_class,
    not_running,
)
from tapwealth.insurance.endorsement_entries import ChangeMoney, change_taken
from tapwealth.insurance.endorsement_store import EndorsementRow
from tapwealth.insurance.insured_store import InsuredRow
from tapwealth.insurance.mortality import Sex
from tapwealth.insurance.premium import Insured
from tapwealth.insurance.product import OccupationClass, Product
from tapwealth.insurance.store import PolicyRow
from tapwealth.kernel.clock import business_date_of
from tapwealth.kernel.ids import derived, named
from tapwealth.kernel.money import format_minor
from tapwealth.kernel.refusal import BadInput, Refusal
from tapwealth.storage import outbox
from tapwealth.storage.database import Tx
from tapwealth.storage.outbox import OutboxMessage

_LONGEST_ADDRESS = 200


class ChangeOccupation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The insured person has other work. `amount` in fen is what one was shown to pay more, with a minus to get back; None: nothing."""

    policy: UUID
    occupation: OccupationClass
    amount: int | None = None


class ChangeBeneficiaries(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """These receive what is paid at death, and none that were named before; nobody: the estate. `confirmed`: "consent" of an insured
    grown-up who is somebody else."""

    policy: UUID
    beneficiaries: list[NamedBeneficiary]
    confirmed: list[str] = []


class ChangePolicyAddress(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the insurer writes to."""

    policy: UUID
    address: str


class PolicyChanging(msgspec.Struct, frozen=True):
    """The insurer is asked for what counts from `effective` on. `amount` fen were taken, with a minus they come back by the bank.
    `ends`: the product does not cover the new work; cover is cancelled, and the amount is its refund."""

    policy: str
    effective: date
    amount: int
    ends: bool = False


@dataclass(frozen=True, slots=True)
class _Found:
    row: PolicyRow
    insured: InsuredRow
    product: Product
    buyer: PersonRow


async def change_occupation(house: House, envelope: Envelope, command: ChangeOccupation) -> PolicyChanging | Refusal:
    """Work out what the change costs for the months that are left, take it, and leave the request for the insurer."""
    today = business_date_of(envelope.received_at)

    async def act(tx: Tx, at: Moment, actor: int) -> PolicyChanging | Refusal:
        found = await _by_work(tx, envelope, command.policy)
        if isinstance(found, Refusal):
            return found
        row, insured = found.row, found.insured
        old = await _priced_as(house, tx, found)
        change = change_of_class(found.product, row.policy, old, replace(old, occupation=command.occupation), today)
        if isinstance(change, Refusal):
            return change
        if isinstance(change, EndsCover):
            return await _end(house, tx, at, envelope, found, command)
        if command.amount not in (None, change.amount):
            text = f"it is {_in_words(change.amount)} for what is left of the year; look at it again and confirm it"
            return Refusal(EndorsementRefusal.AMOUNT_DIFFERS, text)
        made = replace(
            _change(envelope, at, found, EndorsementKind.OCCUPATION, change.effective),
            amount=change.amount,
            occupation_from=int(insured.occupation),
            occupation_to=int(command.occupation),
        )
        refusal = await _take(house, tx, at, envelope, found, made, change, actor)
        return refusal or await ask_for(tx, made)

    return await once(house, [envelope.caller.book], envelope, command, act, PolicyChanging)


async def price_of_change(house: House, tx: Tx, envelope: Envelope, command: ChangeOccupation) -> PolicyChanging | Refusal:
    """What a change of occupation would cost, or bring back, and from when on it would count: nothing is moved."""
    found = await _by_work(tx, envelope, command.policy)
    if isinstance(found, Refusal):
        return found
    old, today = await _priced_as(house, tx, found), business_date_of(envelope.received_at)
    change = change_of_class(found.product, found.row.policy, old, replace(old, occupation=command.occupation), today)
    if isinstance(change, Refusal):
        return change
    if not isinstance(change, EndsCover):
        return PolicyChanging(str(found.row.id), change.effective, change.amount)
    refund = await refund_by_rule(tx, found.row, today)
    return (
        refund
        if isinstance(refund, Refusal)
        else PolicyChanging(str(found.row.id), _from_tomorrow(envelope, found.row), -refund, ends=True)
    )


async def change_beneficiaries(house: House, envelope: Envelope, command: ChangeBeneficiaries) -> PolicyChanging | Refusal:
    """Keep those who are named, and leave the request for the insurer. They receive once it has accepted."""
    check_named(command.beneficiaries)

    async def act(tx: Tx, at: Moment, _actor: int) -> PolicyChanging | Refusal:
        found = await _found(tx, envelope, command.policy)
        if isinstance(found, Refusal):
            return found
        refusal = await _may_name(house, tx, found, command, business_date_of(envelope.received_at))
        if refusal is not None:
            return refusal
        row, effective = found.row, _from_tomorrow(envelope, found.row)
        version = await beneficiary_store.last_version(tx, (row.book, row.id)) + 1
        rows = read_beneficiaries(house, command.beneficiaries, found.insured.lookup, row.book, row.id, version)
        await beneficiary_store.add_beneficiaries(tx, rows)
        made = replace(
            _change(envelope, at, found, EndorsementKind.BENEFICIARIES, effective),
            beneficiaries_from=found.insured.beneficiaries,
            beneficiaries_to=version if rows else 0,
        )
        return await ask_for(tx, made)

    return await once(house, [envelope.caller.book], envelope, command, act, PolicyChanging)


async def _may_name(house: House, tx: Tx, found: _Found, command: ChangeBeneficiaries, today: date) -> Refusal | None:
    if not pays_at_death(found.product.terms.cover):
        return Refusal(ApplicantRefusal.NOT_PAID_AT_DEATH, "this policy pays nothing at death; it has no beneficiaries")
    if found.insured.relation is Relation.SELF or CONSENT in command.confirmed:
        return None
    one = await name_of(house, tx, found.row, found.insured)
    if read_identity_number(one.identity_number.reveal()).age_on(today) < ADULT:
        return None
    text = f"the insured person has to agree to who receives it; have it in writing and confirm it ({CONSENT})"
    return Refusal(ApplicantRefusal.CONSENT_MISSING, text)


async def change_address(house: House, envelope: Envelope, command: ChangePolicyAddress) -> PolicyChanging | Refusal:
    """Leave the request for the insurer."""
    address = " ".join(command.address.split())
    if not address or len(address) > _LONGEST_ADDRESS:
        raise BadInput(f"the address is empty or longer than {_LONGEST_ADDRESS} characters", where="address")

    async def act(tx: Tx, at: Moment, _actor: int) -> PolicyChanging | Refusal:
        found = await _found(tx, envelope, command.policy)
        if isinstance(found, Refusal):
            return found
        sealed = seal_address(house, address, found.row.id)
        made = _change(envelope, at, found, EndorsementKind.ADDRESS, _from_tomorrow(envelope, found.row))
        return await ask_for(tx, replace(made, sealed=sealed))

    return await once(house, [envelope.caller.book], envelope, command, act, PolicyChanging)


async def _found(tx: Tx, envelope: Envelope, policy: UUID) -> _Found | Refusal:
    """A policy of the caller's that can be changed now."""
    book, person = who(envelope)
    key = (book, policy)
    row = (await store.policies(tx, [key])).get(key)
    if row is None or row.person != person:
        return Refusal(InsuranceRefusal.UNKNOWN_POLICY, "this is no policy of yours; look at your list")
    refusal = await may_change(tx, row)
    if refusal is not None:
        return refusal
    insured = (await insured_store.insured(tx, [key]))[key]
    return _Found(row, insured, await priced_product(tx, row), (await customers.persons(tx, [key_of(row)]))[person])


async def _by_work(tx: Tx, envelope: Envelope, policy: UUID) -> _Found | Refusal:
    """One whose price may change: not while something is claimed with which it would end, since nobody would give back what was paid."""
    found = await _found(tx, envelope, policy)
    if isinstance(found, _Found) and (await claim_store.undecided(tx, [(found.row.book, found.row.id)])).ending:
        return Refusal(InsuranceRefusal.UNDER_WAY, CLAIM_LOOKED_AT)
    return found


def key_of(row: PolicyRow) -> tuple[int, UUID]:
    """Of the policyholder."""
    return row.book, row.person


async def may_change(tx: Tx, row: PolicyRow) -> Refusal | None:
    """Why a policy cannot be changed now."""
    key = (row.book, row.id)
    refusal = not_running(row.policy)
    if refusal is not None:
        return refusal
    if row.being_cancelled or await premium_store.under_way(tx, [key]):
        return Refusal(InsuranceRefusal.UNDER_WAY, "the insurer has been asked about this policy; wait for its answer")
    if await endorsement_store.under_way(tx, [key]):
        return Refusal(EndorsementRefusal.ENDORSEMENT_UNDER_WAY, "a change of this policy is under way; wait for the insurer's answer")
    return None


async def priced_product(tx: Tx, row: PolicyRow) -> Product:
    """The version on which a policy was bought, at the prices of the day on which that was asked for: the date may be a later one."""
    found = await catalogue.versions_at(tx, [(row.product, row.version)], shape_of)
    return product_of(found[row.product, row.version], business_date_of(row.applied_at))


async def _priced_as(house: House, tx: Tx, found: _Found) -> Insured:
    """What the premium depended on."""
    one = await name_of(house, tx, found.row, found.insured)
    identity = read_identity_number(one.identity_number.reveal())
    sex = Sex.MALE if identity.is_male else Sex.FEMALE
    return Insured(sex, identity.age_on(found.row.from_day), found.insured.occupation, found.insured.loading_permille)


def _from_tomorrow(envelope: Envelope, row: PolicyRow) -> date:
    return max(business_date_of(envelope.received_at) + timedelta(days=1), row.from_day)


def _change(envelope: Envelope, at: Moment, found: _Found, kind: EndorsementKind, effective: date) -> EndorsementRow:
    row = found.row
    return EndorsementRow(
        book=row.book,
        id=named(envelope.received_at, row.book, f"endorse_policy:{row.person}:{envelope.key}"),
        policy=row.id,
        kind=kind,
        serial=end_to_end("END", own_key(envelope, "endorse_policy", found.buyer)),
        amount=0,
        effective=effective,
        asked_on=at.date_of(envelope.received_at),
        asked_at=envelope.received_at,
    )


async def _take(
    house: House, tx: Tx, at: Moment, envelope: Envelope, found: _Found, made: EndorsementRow, change: ClassChange, actor: int
) -> Refusal | None:
    """What the change costs more leaves the wallet."""
    if change.amount <= 0:
        return None
    book, person = who(envelope)
    used = await compliance.usage(tx, [(book, person, found.buyer.kyc_level)], [made.asked_on])
    above = used.above(house.rule_set, person, made.asked_on, change.amount)
    if above is not None:
        return Refusal(BuyRefusal.ABOVE_LIMIT, above)
    wallet = await wallet_of(house, tx, book, person)
    (answer,) = await post(
        house, tx, at, [change_taken(ChangeMoney(book, made.id, made.policy, wallet, change.amount), made.asked_on, actor)]
    )
    if not answer.posted:
        text = f"{format_minor(change.amount)} yuan is more than there is; move money in first"
        return Refusal(BuyRefusal.NO_MONEY, text)
    await compliance.add_usage(tx, [(book, person, made.asked_on, change.amount)])
    return None


async def ask_for(tx: Tx, made: EndorsementRow) -> PolicyChanging:
    """Leave the request for the insurer."""
    await endorsement_store.add(tx, [made])
    payload = {"policy": str(made.policy), "serial": made.serial}
    await outbox.put(tx, [OutboxMessage(made.book, derived(made.id, ENDORSE), INSURER, ENDORSE, payload)])
    return PolicyChanging(str(made.policy), made.effective, made.amount)


async def _end(house: House, tx: Tx, at: Moment, envelope: Envelope, found: _Found, command: ChangeOccupation) -> PolicyChanging | Refusal:
    """The product does not cover that work: cover ends, for the refund of a cancellation."""
    reason = f"occupation class {command.occupation} is not covered"
    asked = await end_by_rule(house, tx, at, envelope, found.row, reason)
    if isinstance(asked, Refusal):
        return asked
    if command.amount not in (None, -asked.refund):
        text = f"this work is not covered: cover ends, and {format_minor(asked.refund)} yuan come back; look at it again and confirm it"
        return Refusal(EndorsementRefusal.AMOUNT_DIFFERS, text)
    return PolicyChanging(str(found.row.id), _from_tomorrow(envelope, found.row), -asked.refund, ends=True)


def _in_words(amount: int) -> str:
    return f"{format_minor(amount)} yuan" if amount >= 0 else f"{format_minor(-amount)} yuan back"
