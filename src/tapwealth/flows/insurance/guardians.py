"""Who acts for a child that receives at a death: named by one operator with what shows it, agreed to by another one.

Nothing is asked of the insurer before each child that receives has a guardian; what it was asked once names the same one again.
"""

from datetime import date
from typing import Annotated
from uuid import UUID

import msgspec

from tapwealth.bank.bank_number import check_account_number
from tapwealth.customers.customer import read_person_name
from tapwealth.customers.identity_number import Identity, read_identity_number
from tapwealth.flows.frame import House, Moment
from tapwealth.flows.insurance.applicants import OpenedName, lookup_of
from tapwealth.flows.insurance.claim_papers import any_claim
from tapwealth.flows.insurance.claim_receivers import OpenedGuardian, Receives, age_of, receivers, sealed_guardian
from tapwealth.flows.insurance.claim_recoveries import books_of
from tapwealth.insurance import claim_store, guardian_store, insured_store
from tapwealth.insurance.claim import Claim, ClaimRefusal, ClaimState, LossKind, Paper
from tapwealth.insurance.evidence import MOST_FILES
from tapwealth.insurance.guardian import OF_AGE, Guardianship, is_child
from tapwealth.insurance.guardian_store import GuardianRow
from tapwealth.kernel.masked import Masked, PersonName
from tapwealth.kernel.refusal import BadInput, Refusal
from tapwealth.storage.approvals import Approval
from tapwealth.storage.database import Tx

_OPEN = (ClaimState.NOTIFIED, ClaimState.PAPERS_ASKED, ClaimState.ASSESSING, ClaimState.APPEALED)


class ProposeGuardian(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The guardian of the child whom the policy names as that `number` (from 1), for one claim: with the account at a bank to which it is
    paid for the child, and the files of the claim that show it."""

    claim: UUID
    number: Annotated[int, msgspec.Meta(ge=1, le=10)]
    name: str
    identity_number: str
    relation: Guardianship
    account: str
    papers: list[UUID]


def check(command: ProposeGuardian) -> None:
    """Raises BadInput for a name, a number or an account that is none, and where no file is named."""
    _read(command)
    check_account_number(command.account, "account")
    if not command.papers or len(command.papers) > MOST_FILES:
        hint = f"name the files of the claim that show who the guardian is, at most {MOST_FILES}"
        raise BadInput(f"{len(command.papers)} files are named", where="papers", hint=hint)


def _read(command: ProposeGuardian) -> tuple[PersonName, Identity]:
    return read_person_name(command.name), read_identity_number(command.identity_number)


async def may_be(house: House, tx: Tx, at: Moment, command: ProposeGuardian) -> Refusal | None:
    """Why it could not be brought about as things stand."""
    claim = await any_claim(tx, command.claim)
    if isinstance(claim, Refusal):
        return claim
    if claim.kind is not LossKind.DEATH:
        return Refusal(ClaimRefusal.OTHER_LOSS, "this is no death: what is paid of it comes to the policyholder; no guardian is named")
    if claim.state not in _OPEN:
        return Refusal(ClaimRefusal.NOT_POSSIBLE_NOW, f"the claim is {claim.state}: whom it is paid to is settled")
    return await _unfit(house, tx, at.date_of(at.now), claim, command)


async def _unfit(house: House, tx: Tx, day: date, claim: Claim, command: ProposeGuardian) -> Refusal | None:
    child = next((one for one in await receivers(tx, claim, claim.loss) if one.row.place == command.number - 1), None)
    if child is None:
        return Refusal(ClaimRefusal.UNKNOWN_RECEIVER, f"number {command.number} receives nothing of this claim; its view lists who does")
    age = age_of(house, child.row, day)
    if not is_child(age):
        return Refusal(ClaimRefusal.NO_CHILD, f"number {command.number} is {age} years old and receives alone; no guardian is named")
    named = (await guardian_store.guardians_of(tx, (claim.book, claim.id))).get(child.row.place)
    if named is not None and (await claim_store.payments_of(tx, [(claim.book, claim.id)]))[claim.book, claim.id]:
        return Refusal(ClaimRefusal.NOT_POSSIBLE_NOW, f"the insurer was asked to pay {named.shown_name} for the child already")
    return await _no_guardian(house, tx, day, claim, child, command) or await _not_shown(tx, claim, command)


async def _no_guardian(house: House, tx: Tx, day: date, claim: Claim, child: Receives, command: ProposeGuardian) -> Refusal | None:
    identity = _read(command)[1]
    lookup = lookup_of(house, identity.number)
    if lookup == child.row.lookup:
        return Refusal(ClaimRefusal.NOT_A_GUARDIAN, "this is the child; name who acts for it")
    if is_child(identity.age_on(day)):
        return Refusal(ClaimRefusal.NOT_A_GUARDIAN, f"a guardian is {OF_AGE} years old or more; name somebody else")
    policy = (claim.book, claim.policy)
    if lookup == (await insured_store.insured(tx, [policy]))[policy].lookup:
        return Refusal(ClaimRefusal.NOT_A_GUARDIAN, "this is who died; name who is the child's guardian now")
    return None


async def _not_shown(tx: Tx, claim: Claim, command: ProposeGuardian) -> Refusal | None:
    key = (claim.book, claim.id)
    there = {one.id: one.paper for one in (await claim_store.papers_of(tx, [key]))[key]}
    if any(one not in there for one in command.papers):
        return Refusal(ClaimRefusal.NOT_SHOWN, "a file that is named is none of this claim; its view lists what was given")
    if Paper.GUARDIAN not in [there[one] for one in command.papers]:
        return Refusal(ClaimRefusal.NOT_SHOWN, "no proof of guardianship is among the files; give one as `guardian`, and name it")
    return None


async def bring_about(house: House, tx: Tx, at: Moment, made: Approval, proposal: ProposeGuardian) -> Refusal | None:
    """The second one's yes to what the first one saw."""
    await house.ledger.lock_books(tx, books_of(house, proposal.claim)[1:])
    refusal = await may_be(house, tx, at, proposal)
    if refusal is not None:
        return refusal
    claim = await any_claim(tx, proposal.claim)
    assert isinstance(claim, Claim), "it may be"
    assert made.approver is not None, "it is approved"
    name, identity = _read(proposal)
    opened = OpenedGuardian(OpenedName(name, identity.number), Masked(proposal.account))
    row = GuardianRow(
        book=claim.book,
        claim=claim.id,
        place=proposal.number - 1,
        relation=proposal.relation.value,
        lookup=lookup_of(house, identity.number),
        sealed=sealed_guardian(house, claim.id, proposal.number - 1, opened),
        shown_name=str(name),
        papers=proposal.papers,
        named_on=at.date_of(at.now),
        proposed_by=made.proposer,
        approved_by=made.approver,
    )
    await guardian_store.name_guardian(tx, row)
    return None
