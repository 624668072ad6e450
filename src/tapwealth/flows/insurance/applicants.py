"""The people of a policy beside its policyholder, as a buyer names them: read, kept sealed, and found again by a keyed hash."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated
from uuid import UUID

import msgspec

from tapwealth.customers.customer import read_person_name
from tapwealth.customers.identity_number import Identity, read_identity_number
from tapwealth.customers.store import PersonRow
from tapwealth.flows.customers.people import open_person
from tapwealth.flows.frame import House
from tapwealth.insurance.applicant import Applicant, Buyer, Relation
from tapwealth.insurance.beneficiary import Beneficiary, Kin, check_beneficiaries
from tapwealth.insurance.beneficiary_store import BeneficiaryRow
from tapwealth.insurance.insured_store import InsuredRow
from tapwealth.insurance.mortality import Sex
from tapwealth.kernel.masked import IdentityNumber, PersonName
from tapwealth.kernel.money import MAX_AMOUNT
from tapwealth.kernel.refusal import BadInput

_PURPOSE = "people"


class InsuredPerson(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody else whom a policy insures. `insured_elsewhere`: fen of death cover that other insurers give, asked of minors."""

    relation: Relation
    name: str
    identity_number: str
    birthday: date
    insured_elsewhere: Annotated[int, msgspec.Meta(ge=0, le=MAX_AMOUNT)] = 0


class NamedBeneficiary(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody who is to receive what is paid at death. `share` in hundredths of a percent of what the `rank` receives; without it all of
    the rank receive the same."""

    name: str
    identity_number: str
    relation: Kin
    rank: Annotated[int, msgspec.Meta(ge=1, le=10)] = 1
    share: Annotated[int, msgspec.Meta(ge=1, le=10_000)] | None = None


@dataclass(frozen=True, slots=True)
class OpenedName:
    """A name and a number, unsealed for one use."""

    name: PersonName
    identity_number: IdentityNumber


@dataclass(frozen=True, slots=True)
class Insures:
    """Whom a policy is to insure, beside what the rules look at: `other` is None for the policyholder."""

    applicant: Applicant
    buyer: Buyer
    sex: Sex
    lookup: bytes
    other: OpenedName | None = None


def whom(house: House, named: InsuredPerson | None, buyer: PersonRow, from_day: date) -> Insures:
    """Ages are those of the first day of cover. Raises BadInput for a number that is none, and for a birthday that is not the number's."""
    own = read_identity_number(open_person(house, buyer).identity_number.reveal())
    paying = Buyer(own.birthday, own.age_on(from_day))
    if named is None:
        return Insures(Applicant(Relation.SELF, own.birthday, paying.age), paying, _sex(own), buyer.identity_lookup)
    if named.relation is Relation.SELF:
        raise BadInput("this is somebody else", where="insured.relation", hint="leave `insured` out to insure yourself")
    name, identity = _read(named.name, named.identity_number, "insured")
    if identity.birthday != named.birthday:
        text = f"{named.birthday} is not the birthday that the identity number names"
        raise BadInput(text, where="insured.birthday", hint="copy both from the identity card")
    if identity.birthday >= from_day:
        raise BadInput("the number names a birthday that is still to come", where="insured.identity_number", hint="type it again")
    if identity.number.reveal() == own.number.reveal():
        raise BadInput("this is your own number", where="insured.identity_number", hint="leave `insured` out to insure yourself")
    applicant = Applicant(named.relation, identity.birthday, identity.age_on(from_day), named.insured_elsewhere)
    return Insures(applicant, paying, _sex(identity), lookup_of(house, identity.number), OpenedName(name, identity.number))


def _sex(identity: Identity) -> Sex:
    return Sex.MALE if identity.is_male else Sex.FEMALE


def _read(name: str, number: str, where: str) -> tuple[PersonName, Identity]:
    try:
        return read_person_name(name), read_identity_number(number)
    except BadInput as error:
        field = "name" if error.where == "name" else "identity_number"
        raise BadInput(error.what, where=f"{where}.{field}", hint=error.hint) from None


def lookup_of(house: House, number: IdentityNumber) -> bytes:
    """The keyed hash by which a person is known, whether or not they are a customer."""
    return house.keys.lookup_hash("identity_number", number.reveal())


def sealed_name(house: House, one: OpenedName, policy: UUID) -> bytes:
    """Bound to its policy."""
    secret = json.dumps({"name": one.name.reveal(), "identity_number": one.identity_number.reveal()})
    return house.keys.seal(_PURPOSE, secret.encode(), b"policy" + policy.bytes)


def open_name(house: House, sealed: bytes, policy: UUID) -> OpenedName:
    """What `sealed_name` has sealed."""
    secret = json.loads(house.keys.open_sealed(_PURPOSE, sealed, b"policy" + policy.bytes))
    return OpenedName(PersonName(secret["name"]), IdentityNumber(secret["identity_number"]))


def insured_again(house: House, row: InsuredRow) -> InsuredPerson | None:
    """The insured person as they would be named for the same policy once more; None for the policyholder. What other insurers cover was
    declared for the policy before."""
    if row.sealed is None:
        return None
    one = open_name(house, row.sealed, row.policy)
    number = one.identity_number.reveal()
    return InsuredPerson(row.relation, one.name.reveal(), number, read_identity_number(number).birthday)


def beneficiary_again(house: House, row: BeneficiaryRow) -> NamedBeneficiary:
    """A beneficiary, likewise."""
    one = open_name(house, row.sealed, row.policy)
    return NamedBeneficiary(one.name.reveal(), one.identity_number.reveal(), Kin(row.relation), row.rank, row.share)


def check_named(named: Sequence[NamedBeneficiary]) -> None:
    """Raises BadInput for shares that do not add up, and for a name or a number that is none."""
    check_beneficiaries([Beneficiary(one.rank, one.share) for one in named])
    for place, one in enumerate(named):
        _read(one.name, one.identity_number, f"beneficiaries[{place}]")


def read_beneficiaries(
    house: House, named: Sequence[NamedBeneficiary], insured: bytes, book: int, policy: UUID, version: int
) -> list[BeneficiaryRow]:
    """As they are kept, in the order in which they were named; they must have been checked. Raises BadInput for somebody who is named
    twice, and for the insured person, whose death it is."""
    rows: list[BeneficiaryRow] = []
    for place, one in enumerate(named):
        where = f"beneficiaries[{place}]"
        name, identity = _read(one.name, one.identity_number, where)
        lookup = lookup_of(house, identity.number)
        if lookup == insured:
            raise BadInput("this is the insured person, at whose death it is paid", where=where, hint="name who is to receive it")
        if lookup in [row.lookup for row in rows]:
            raise BadInput("this person is named already", where=where, hint="name each of them once")
        rows.append(
            BeneficiaryRow(
                book=book,
                policy=policy,
                version=version,
                place=place,
                rank=one.rank,
                share=one.share,
                relation=one.relation.value,
                lookup=lookup,
                sealed=sealed_name(house, OpenedName(name, identity.number), policy),
                shown_name=str(name),
            )
        )
    return rows
