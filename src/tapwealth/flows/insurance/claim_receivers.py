"""Who receives what is paid at a death: those whom the policy named on that day and who lived on (Insurance Law 39 to 42).

Who was named after it, by a policyholder who knew of it, receives nothing. Nobody named, or nobody left: it is the estate's.
"""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from tapwealth.flows.frame import House
from tapwealth.flows.insurance.applicants import open_name
from tapwealth.insurance import beneficiary_store, endorsement_store, insured_store
from tapwealth.insurance.beneficiary import portions
from tapwealth.insurance.beneficiary_store import BeneficiaryRow
from tapwealth.insurance.claim import Claim
from tapwealth.insurance.claim_insurer import Receiver
from tapwealth.insurance.endorsement import EndorsementKind
from tapwealth.insurance.endorsement_store import EndorsementState
from tapwealth.insurance.store import Key
from tapwealth.kernel.refusal import BadInput
from tapwealth.storage.database import Tx


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


async def told(house: House, tx: Tx, claim: Claim, amount: int) -> tuple[Receiver, ...]:
    """The same for the insurer, by name."""
    found = []
    for one in await receivers(tx, claim, amount):
        name = open_name(house, one.row.sealed, one.row.policy)
        found.append(Receiver(name.name, name.identity_number, one.amount))
    return tuple(found)
