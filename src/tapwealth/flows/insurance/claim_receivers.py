"""Who receives what is paid at a death: those whom the policy named on that day and who lived on (Insurance Law 39 to 42).

Who was named after it, by a policyholder who knew of it, receives nothing. Nobody named, or nobody left: it is the estate's. A child
receives by its guardian, who is named for the claim (`guardians`).
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple
from uuid import UUID

from tapwealth.customers.identity_number import read_identity_number
from tapwealth.flows.frame import House
from tapwealth.flows.insurance.applicants import OpenedName, open_name
from tapwealth.insurance import beneficiary_store, endorsement_store, guardian_store, insured_store
from tapwealth.insurance.beneficiary import portions
from tapwealth.insurance.beneficiary_store import BeneficiaryRow
from tapwealth.insurance.claim import Claim, ClaimRefusal
from tapwealth.insurance.claim_insurer import Guardian, Receiver
from tapwealth.insurance.claim_store import PaymentRow
from tapwealth.insurance.endorsement import EndorsementKind
from tapwealth.insurance.endorsement_store import EndorsementState
from tapwealth.insurance.guardian import Guardianship, is_child, words_of_payment
from tapwealth.insurance.guardian_store import GuardianRow
from tapwealth.insurance.store import Key
from tapwealth.kernel.masked import IdentityNumber, Masked, PersonName
from tapwealth.kernel.refusal import BadInput, Refusal
from tapwealth.storage.database import Tx

_PURPOSE = "people"


class Receives(NamedTuple):
    """Of a payment so many fen."""

    row: BeneficiaryRow
    amount: int


async def named_on(tx: Tx, key: Key, day: date) -> int:
    """The version of a policy's beneficiaries that stood on a day; 0: nobody was named."""
    made = [
        one
        for one in (await endorsement_store.of_policies(tx, [key]))[key]
        if one.kind is EndorsementKind.BENEFICIARIES and one.state is EndorsementState.ACCEPTED
    ]
    later = [one for one in made if one.effective > day]
    if later:
        return later[0].beneficiaries_from or 0
    return (await insured_store.insured(tx, [key]))[key].beneficiaries


async def check_died(tx: Tx, key: Key, version: int, died: Sequence[int]) -> None:
    """Raises BadInput for somebody whom the policy does not name."""
    count = len(await beneficiary_store.of_version(tx, key, version))
    wrong = [one for one in died if not 1 <= one <= count]
    if wrong:
        text = f"the policy named {count} people on that day, none of them is number {wrong[0]}"
        raise BadInput(text, where="died_before", hint="number them from 1, as they were named")


async def receivers(tx: Tx, claim: Claim, amount: int) -> list[Receives]:
    """Whom so many fen of a death's claim go to, in the order in which they were named; none: to the estate."""
    rows = await beneficiary_store.of_version(tx, (claim.book, claim.policy), claim.named)
    died = {int(one) - 1 for one in claim.died.split()}
    alive = [place for place in range(len(rows)) if place not in died]
    shares = portions([one.beneficiary for one in rows], alive, amount)
    return [Receives(rows[place], shares[place]) for place in sorted(shares)]


@dataclass(frozen=True, slots=True)
class OpenedGuardian:
    """Unsealed for one use."""

    who: OpenedName
    account: Masked


def _place(claim: UUID, place: int) -> bytes:
    return b"guardian" + claim.bytes + place.to_bytes(2, "big")


def sealed_guardian(house: House, claim: UUID, place: int, one: OpenedGuardian) -> bytes:
    """Bound to the claim, and to the child's place."""
    secret = {"name": one.who.name.reveal(), "identity_number": one.who.identity_number.reveal(), "account": one.account.reveal()}
    return house.keys.seal(_PURPOSE, json.dumps(secret).encode(), _place(claim, place))


def open_guardian(house: House, row: GuardianRow) -> OpenedGuardian:
    """What `sealed_guardian` has sealed."""
    secret = json.loads(house.keys.open_sealed(_PURPOSE, row.sealed, _place(row.claim, row.place)))
    return OpenedGuardian(OpenedName(PersonName(secret["name"]), IdentityNumber(secret["identity_number"])), Masked(secret["account"]))


def age_of(house: House, one: BeneficiaryRow, day: date) -> int:
    """Full years."""
    return read_identity_number(open_name(house, one.sealed, one.policy).identity_number.reveal()).age_on(day)


async def no_guardian(house: House, tx: Tx, claim: Claim, day: date) -> Refusal | None:
    """Why what is paid at a death cannot be asked for yet: a child receives of it, and nobody is named who acts for the child."""
    named = await guardian_store.guardians_of(tx, (claim.book, claim.id))
    for one in await receivers(tx, claim, claim.loss):
        place, age = one.row.place, age_of(house, one.row, day)
        if is_child(age) and place not in named:
            text = f"number {place + 1} ({one.row.shown_name}) is {age} years old, and a guardian receives for a child"
            return Refusal(ClaimRefusal.NEEDS_GUARDIAN, f"{text}; name one: propose_guardian")
    return None


async def told(house: House, tx: Tx, claim: Claim, payment: PaymentRow) -> tuple[Receiver, ...]:
    """The same for the insurer, by name; with the guardian of who was a child when it was asked to pay."""
    found, named = [], await guardian_store.guardians_of(tx, (claim.book, claim.id))
    for one in await receivers(tx, claim, payment.amount):
        name, acts = open_name(house, one.row.sealed, one.row.policy), named.get(one.row.place)
        child = acts is not None and is_child(age_of(house, one.row, payment.asked_on))
        guardian = _guardian(house, name.name, acts) if child and acts is not None else None
        found.append(Receiver(name.name, name.identity_number, one.amount, guardian))
    return tuple(found)


def _guardian(house: House, child: PersonName, row: GuardianRow) -> Guardian:
    one = open_guardian(house, row)
    words = words_of_payment(child.reveal(), one.who.name.reveal())
    return Guardian(one.who.name, one.who.identity_number, Guardianship(row.relation), one.account, Masked(words))
