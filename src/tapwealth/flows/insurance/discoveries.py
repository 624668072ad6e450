"""What operations find out later about whom a policy insures: an untrue answer, another age. One proposes, another one approves; what
follows is asked of the insurer like a cancellation or a change."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

import msgspec

from tapwealth.catalogue import store as catalogue
from tapwealth.catalogue.definition import Eligibility
from tapwealth.compliance.rules import rule_set
from tapwealth.customers.identity_number import read_identity_number
from tapwealth.customers.store import persons
from tapwealth.flows.bank.payments import end_to_end
from tapwealth.flows.catalogue import sales
from tapwealth.flows.catalogue.kinds import shape_of
from tapwealth.flows.customers.people import own_key
from tapwealth.flows.frame import PLATFORM, Envelope, House, Moment
from tapwealth.flows.insurance.endorsements import ask_for, may_change, priced_product
from tapwealth.flows.insurance.policies import InsuranceRefusal, ask_to_cancel
from tapwealth.flows.insurance.policy_order import name_of
from tapwealth.insurance import insured_store, policy_event_store, premium_store, store
from tapwealth.insurance.discovery import Clocks, DiscoveryRefusal, by_true_age, cannot_be_rescinded, not_material
from tapwealth.insurance.endorsement import EndorsementKind, EndorsementRefusal
from tapwealth.insurance.endorsement_store import EndorsementRow
from tapwealth.insurance.insured_store import InsuredRow
from tapwealth.insurance.mortality import LAST_AGE, Sex
from tapwealth.insurance.policy import Rescission, anniversary
from tapwealth.insurance.premium import Insured, premium_of
from tapwealth.insurance.product import Product, priced_by_age
from tapwealth.insurance.questions import check_answers
from tapwealth.insurance.store import PolicyRow
from tapwealth.kernel.clock import business_date_of
from tapwealth.kernel.ids import book_of, derived, named
from tapwealth.kernel.refusal import BadInput, Refusal
from tapwealth.storage.approvals import Approval
from tapwealth.storage.database import Tx


class ProposeRescission(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The true `answer` to a `question` is another one than was given, which became known on that day. `on_purpose`: it was untrue on
    purpose, and no premium comes back."""

    policy: UUID
    question: str
    answer: str
    known_on: date
    on_purpose: bool = False


class ProposeTrueAge(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The insured person was born on another `birthday` than their number says, which became known on that day."""

    policy: UUID
    birthday: date
    known_on: date


Proposal = ProposeRescission | ProposeTrueAge


@dataclass(frozen=True, slots=True)
class _Found:
    row: PolicyRow
    insured: InsuredRow
    product: Product
    buyers: Eligibility
    clocks: Clocks


@dataclass(frozen=True, slots=True)
class _Rescind:
    """For `refund` fen; None: for the refund of a cancellation."""

    rescission: Rescission
    reason: str
    refund: int | None


@dataclass(frozen=True, slots=True)
class _Correct:
    amount: int
    sum_insured: int
    premium: int


def check(command: Proposal) -> None:
    """Raises BadInput for a birthday after the day on which it became known."""
    if isinstance(command, ProposeTrueAge) and command.birthday >= command.known_on:
        raise BadInput("nobody was born by then", where="birthday", hint="copy it from the document")


async def may_be(house: House, tx: Tx, at: Moment, proposal: Proposal) -> Refusal | None:
    """Why it could not be brought about as things stand."""
    follows = await _follows(house, tx, at, proposal)
    return follows if isinstance(follows, Refusal) else None


async def bring_about(house: House, tx: Tx, at: Moment, made: Approval, proposal: Proposal) -> Refusal | None:
    """Ask the insurer to cancel the policy, or to change it."""
    if book_of(proposal.policy) in house.all_books:
        await house.ledger.lock_books(tx, [book_of(proposal.policy)])
    follows = await _follows(house, tx, at, proposal)
    if isinstance(follows, Refusal):
        return follows
    found, what = follows
    envelope = Envelope(derived(made.id, "discovery"), PLATFORM, at.now)
    if isinstance(what, _Rescind):
        asked = await ask_to_cancel(house, tx, at, envelope, found.row, what.reason, what.refund, what.rescission)
        return asked if isinstance(asked, Refusal) else None
    await ask_for(tx, await _correction(tx, at, envelope, found, what))
    return None


async def _follows(house: House, tx: Tx, at: Moment, proposal: Proposal) -> tuple[_Found, _Rescind | _Correct] | Refusal:
    found = await _found(house, tx, at, proposal)
    if isinstance(found, Refusal):
        return found
    what: _Rescind | _Correct | Refusal
    if isinstance(proposal, ProposeRescission):
        what = await _by_answer(house, tx, found, proposal)
    else:
        what = await _by_age(house, tx, found, proposal)
    return what if isinstance(what, Refusal) else (found, what)


async def _found(house: House, tx: Tx, at: Moment, proposal: Proposal) -> _Found | Refusal:
    key = (book_of(proposal.policy), proposal.policy)
    row = (await store.policies(tx, [key])).get(key) if key[0] in house.all_books else None
    if row is None:
        return Refusal(InsuranceRefusal.UNKNOWN_POLICY, "there is no such policy; take its id from the customer's page")
    refusal = await may_change(tx, row)
    if refusal is not None:
        return refusal
    today = business_date_of(at.now)
    if proposal.known_on > today:
        raise BadInput(f"{proposal.known_on} is still to come", where="known_on", hint="give the day on which it became known")
    assert row.issued_on is not None, "a policy that runs was issued"
    version = (await catalogue.versions_at(tx, [(row.product, row.version)], shape_of))[row.product, row.version]
    clocks = Clocks(row.issued_on, proposal.known_on, today, rule_set(house.rule_set).figures("insurance"))
    insured = (await insured_store.insured(tx, [key]))[key]
    return _Found(row, insured, await priced_product(tx, row), version.definition.eligibility, clocks)


async def _by_answer(house: House, tx: Tx, found: _Found, proposal: ProposeRescission) -> _Rescind | Refusal:
    questions, told = found.product.terms.questions, await _told(house, tx, found.row)
    if proposal.question not in told:
        text = f"{proposal.question[:32]!r} was not asked when this policy was bought; look at the record of its sale"
        return Refusal(DiscoveryRefusal.NOT_ASKED, text)
    check_answers(questions, {proposal.question: proposal.answer})
    refusal = not_material(questions, told, {**told, proposal.question: proposal.answer}) or cannot_be_rescinded(found.clocks)
    if refusal is not None:
        return refusal
    refund = 0 if proposal.on_purpose else await policy_event_store.paid_for(tx, (found.row.book, found.row.id))
    rescission = Rescission.ON_PURPOSE if proposal.on_purpose else Rescission.NEGLIGENCE
    return _Rescind(rescission, "a question was not answered truthfully", refund)


async def _told(house: House, tx: Tx, row: PolicyRow) -> Mapping[str, str]:
    """What was answered, from the record of the sale."""
    sold = await sales.shown(house, tx, house.all_books, row.id)
    if isinstance(sold, Refusal):
        return {}
    said = {name: answer for name, answer in sold.record["terms"].items() if name.startswith("answer ")}
    return {name.removeprefix("answer "): str(answer) for name, answer in said.items()}


async def _by_age(house: House, tx: Tx, found: _Found, proposal: ProposeTrueAge) -> _Rescind | _Correct | Refusal:
    row, insured = found.row, found.insured
    identity = read_identity_number((await name_of(house, tx, row, insured)).identity_number.reveal())
    if identity.birthday == proposal.birthday:
        return Refusal(EndorsementRefusal.SAME_AS_BEFORE, "this is the birthday that the policy has")
    age = _age(proposal.birthday, row.from_day)
    if age < (found.buyers.youngest or 0) or age > (LAST_AGE if found.buyers.oldest is None else found.buyers.oldest):
        return cannot_be_rescinded(found.clocks) or _Rescind(Rescission.AGE, "the true age is outside the product's range", None)
    if not priced_by_age(found.product.terms.cover):
        return Refusal(DiscoveryRefusal.NOT_BY_AGE, "this policy costs the same at that age; nothing follows from it")
    sex = Sex.MALE if identity.is_male else Sex.FEMALE
    due = premium_of(found.product, Insured(sex, age, insured.occupation, insured.loading_permille))
    if isinstance(due, Refusal):
        return due
    key = (row.book, row.id)
    yearly = (await premium_store.schedules(tx, {key: row}))[key].premium
    true = by_true_age(row.sum_insured, yearly, due, await policy_event_store.paid_for(tx, key))
    if (true.sum_insured, true.premium) == (insured.sum_insured, yearly):
        return Refusal(EndorsementRefusal.SAME_AS_BEFORE, "at that age the policy costs and pays what it does now; nothing follows from it")
    return _Correct(-true.back, true.sum_insured, true.premium)


def _age(birthday: date, day: date) -> int:
    years = day.year - birthday.year
    return years if anniversary(birthday, years) <= day else years - 1


async def _correction(tx: Tx, at: Moment, envelope: Envelope, found: _Found, what: _Correct) -> EndorsementRow:
    row = found.row
    buyer = (await persons(tx, [(row.book, row.person)]))[row.person]
    made = EndorsementRow(
        book=row.book,
        id=named(at.now, row.book, f"true_age:{envelope.key}"),
        policy=row.id,
        kind=EndorsementKind.AGE,
        serial=end_to_end("END", own_key(envelope, "true_age", buyer)),
        amount=what.amount,
        effective=max(business_date_of(at.now), row.from_day),
        asked_on=at.date_of(at.now),
        asked_at=at.now,
    )
    return replace(made, sum_from=found.insured.sum_insured, sum_to=what.sum_insured, premium_to=what.premium)
