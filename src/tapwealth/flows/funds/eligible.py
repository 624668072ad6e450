"""Whether a fund is for somebody, by the class of their account and their age. Birthdays are unsealed only where a fund asks for an age."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from tapwealth.catalogue.definition import Eligibility
from tapwealth.catalogue.eligible import asks_age, not_eligible
from tapwealth.customers import store as customers
from tapwealth.customers.identity_number import Identity, read_identity_number
from tapwealth.flows.customers.people import open_person
from tapwealth.flows.frame import House
from tapwealth.funds.store import Fund
from tapwealth.kernel.refusal import Refusal

Identities = Mapping[UUID, Identity]
"""By person; empty where no fund asks for an age."""


def _buyers(fund: Fund) -> Eligibility:
    return Eligibility(kyc_class=fund.kyc_class, youngest=fund.youngest, oldest=fund.oldest)


async def identities(house: House, tx: Any, people: Sequence[tuple[int, UUID]], funds: Iterable[Fund | None]) -> Identities:
    """Of these people, if one of these funds asks how old they are."""
    if not any(fund is not None and asks_age(_buyers(fund)) for fund in funds):
        return {}
    rows = await customers.persons(tx, people)
    return {person: read_identity_number(open_person(house, row).identity_number.reveal()) for person, row in rows.items()}


def ineligible(fund: Fund | None, level: int, known: Identities, person: UUID, today: date) -> Refusal | None:
    """Why the fund is not for somebody with an account of that class."""
    if fund is None:
        return None
    said = _buyers(fund)
    return not_eligible(said, fund.code, level, known[person].age_on(today) if asks_age(said) else None)
