"""Whom and what policies insure: kept with the purchase, and let go when cover ends."""

from collections.abc import Mapping
from datetime import date

from tapwealth.customers.store import PersonRow
from tapwealth.flows.frame import House
from tapwealth.insurance import insured_store
from tapwealth.insurance.buy import Quote, Wish
from tapwealth.insurance.insured_store import InsuredRow, Relation
from tapwealth.insurance.phone import PhoneRefusal
from tapwealth.insurance.store import Key, PolicyRow
from tapwealth.kernel.refusal import Refusal
from tapwealth.storage.database import Tx


def imei_lookup(house: House, imei: str) -> bytes:
    """The keyed hash by which a phone is known."""
    return house.keys.lookup_hash("imei", imei)


def insured_row(house: House, row: PolicyRow, buyer: PersonRow, wish: Wish, made: Quote) -> InsuredRow:
    """What that policy insures."""
    phone = wish.phone
    return InsuredRow(
        book=row.book,
        policy=row.id,
        relation=Relation.SELF,
        lookup=buyer.identity_lookup,
        occupation=wish.occupation,
        sum_insured=row.sum_insured,
        loading_permille=made.permille,
        imei_lookup=None if phone is None else imei_lookup(house, phone.imei.reveal()),
        imei_last4="" if phone is None else phone.last4,
    )


async def keep(tx: Tx, row: PolicyRow, insured: InsuredRow) -> Refusal | None:
    """With the policy; or why its phone cannot be bound."""
    await insured_store.add_insured(tx, [insured])
    if insured.imei_lookup is None or await insured_store.claim_phone(tx, insured, row.from_day, row.to_day):
        return None
    return Refusal(PhoneRefusal.PHONE_INSURED, "a contract insures this phone already; wait until it ends, or cancel it first")


async def cover_ended(tx: Tx, first_day_without: Mapping[Key, date]) -> None:
    """What these policies bound is free again from those days on. Called by whatever ends a policy before its time."""
    found = await insured_store.insured(tx, list(first_day_without))
    await insured_store.release_phones(tx, [(row, first_day_without[key]) for key, row in sorted(found.items())])
