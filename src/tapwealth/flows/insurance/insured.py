"""Whom and what policies insure: kept with the purchase, and let go when cover ends."""

from collections.abc import Mapping, Sequence
from datetime import date

from tapwealth.compliance.rules import rule_set
from tapwealth.customers.store import PersonRow
from tapwealth.flows.frame import House
from tapwealth.flows.insurance.applicants import Insures, sealed_name
from tapwealth.insurance import application_store, beneficiary_store, insured_store
from tapwealth.insurance.applicant import ADULT, ApplicantRefusal, above_cap, may_not_insure, minors_cap, pays_at_death
from tapwealth.insurance.beneficiary_store import BeneficiaryRow
from tapwealth.insurance.buy import Quote, Wish
from tapwealth.insurance.insured_store import InsuredRow
from tapwealth.insurance.phone import PhoneRefusal
from tapwealth.insurance.store import Key, PolicyRow
from tapwealth.kernel.refusal import Refusal
from tapwealth.storage.database import Tx


def imei_lookup(house: House, imei: str) -> bytes:
    """The keyed hash by which a phone is known."""
    return house.keys.lookup_hash("imei", imei)


def not_for(wish: Wish, insures: Insures, *, names_beneficiaries: bool) -> Refusal | None:
    """Why the buyer has no such policy on that person, or names nobody who receives what it pays."""
    cover = wish.product.terms.cover
    if names_beneficiaries and not pays_at_death(cover):
        text = "this policy pays nothing at death; leave the beneficiaries out"
        return Refusal(ApplicantRefusal.NOT_PAID_AT_DEATH, text)
    return may_not_insure(cover, insures.buyer, insures.applicant, wish.confirmed)


async def above_minors_cap(house: House, tx: Tx, wish: Wish, insures: Insures) -> Refusal | None:
    """Why a minor is not insured for that sum more, by all that was bought here and what was declared. Keeps others from changing it."""
    cap = minors_cap(insures.applicant.age, rule_set(house.rule_set).figures("insurance"))
    if cap is None or not pays_at_death(wish.product.terms.cover):
        return None
    have = await insured_store.minor_insured_for(tx, insures.lookup, wish.from_day)
    return above_cap(cap, have, insures.applicant.elsewhere, wish.product.terms.sum_insured)


def insured_row(house: House, row: PolicyRow, buyer: PersonRow, wish: Wish, made: Quote, insures: Insures) -> InsuredRow:
    """What that policy insures."""
    phone, other = wish.phone, insures.other
    return InsuredRow(
        book=row.book,
        policy=row.id,
        relation=insures.applicant.relation,
        lookup=insures.lookup,
        sealed=None if other is None else sealed_name(house, other, row.id),
        shown_name=buyer.shown_name if other is None else str(other.name),
        occupation=wish.occupation,
        sum_insured=row.sum_insured,
        loading_permille=made.permille,
        imei_lookup=None if phone is None else imei_lookup(house, phone.imei.reveal()),
        imei_last4="" if phone is None else phone.last4,
    )


async def keep(
    tx: Tx, row: PolicyRow, insured: InsuredRow, insures: Insures, named: Sequence[BeneficiaryRow], wish: Wish
) -> Refusal | None:
    """With the policy; or why its phone cannot be bound."""
    await insured_store.add_insured(tx, [insured])
    await beneficiary_store.add_beneficiaries(tx, named)
    if insures.applicant.age < ADULT and pays_at_death(wish.product.terms.cover):
        await insured_store.add_minor_cover(tx, insured, row.to_day)
    if insured.imei_lookup is None or await insured_store.claim_phone(tx, insured, row.from_day, row.to_day):
        return None
    return Refusal(PhoneRefusal.PHONE_INSURED, "a contract insures this phone already; wait until it ends, or cancel it first")


async def cover_ended(tx: Tx, first_day_without: Mapping[Key, date]) -> None:
    """What these policies bound is free again from those days on, and how long their answers are kept counts from them. Called by whatever
    ends a policy before its time."""
    found = await insured_store.insured(tx, list(first_day_without))
    ended = [(row, first_day_without[key]) for key, row in sorted(found.items())]
    await insured_store.release_phones(tx, ended)
    await insured_store.release_minors(tx, ended)
    if first_day_without:
        await application_store.policies_ended(tx, first_day_without)
