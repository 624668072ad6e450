"""What the insurer is told of a policy that it is to issue: whom it insures, by name, for how long and for what."""

from tapwealth.customers import store as customers
from tapwealth.flows.customers.people import open_person
from tapwealth.flows.frame import House
from tapwealth.flows.insurance.applicants import OpenedName, open_name
from tapwealth.insurance import beneficiary_store, insured_store
from tapwealth.insurance.beneficiary_store import BeneficiaryRow
from tapwealth.insurance.insured_store import InsuredRow
from tapwealth.insurance.insurer import BeneficiaryOrder, PhoneOrder, PolicyOrder
from tapwealth.insurance.store import PolicyRow
from tapwealth.storage.database import Tx


async def order_of(house: House, tx: Tx, row: PolicyRow) -> PolicyOrder:
    """As it stands."""
    key = (row.book, row.id)
    insured = (await insured_store.insured(tx, [key]))[key]
    named = (await beneficiary_store.beneficiaries(tx, [key]))[key]
    one = await name_of(house, tx, row, insured)
    return PolicyOrder(
        row.serial,
        row.product,
        one.name,
        one.identity_number,
        row.premium,
        row.from_day,
        row.to_day,
        None if insured.imei_lookup is None else PhoneOrder(insured.imei_lookup.hex(), insured.imei_last4),
        insured.occupation,
        tuple(told(house, each) for each in named),
        row.paid_until,
    )


async def name_of(house: House, tx: Tx, row: PolicyRow, insured: InsuredRow) -> OpenedName:
    """Of the insured person."""
    if insured.sealed is not None:
        return open_name(house, insured.sealed, row.id)
    opened = open_person(house, (await customers.persons(tx, [(row.book, row.person)]))[row.person])
    return OpenedName(opened.name, opened.identity_number)


def told(house: House, one: BeneficiaryRow) -> BeneficiaryOrder:
    """A beneficiary, by name."""
    opened = open_name(house, one.sealed, one.policy)
    return BeneficiaryOrder(opened.name, opened.identity_number, one.rank, one.share)
