"""Answers that an underwriter has to look at: applied for, decided by two people, and bought for what was decided.

No money is taken before the buyer has seen what the policy costs them: the decision is told, and holds for thirty days.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Annotated, Any
from uuid import UUID

import msgspec

from tapwealth.customers import store as customers
from tapwealth.flows.customers.people import who
from tapwealth.flows.frame import Envelope, House, Moment, once
from tapwealth.flows.insurance.applicants import InsuredPerson, whom
from tapwealth.flows.insurance.policy_product import on_sale
from tapwealth.insurance import application_store
from tapwealth.insurance.application_store import ApplicationRow, ApplicationState
from tapwealth.insurance.questions import MOST_PERMILLE, check_answers
from tapwealth.insurance.underwriting import UnderwritingRefusal, judge
from tapwealth.kernel.clock import business_date_of
from tapwealth.kernel.ids import book_of, derived, named
from tapwealth.kernel.refusal import BadInput, Refusal
from tapwealth.notices import store as notices
from tapwealth.notices.notice import Notice, NoticeKind
from tapwealth.storage.approvals import Approval
from tapwealth.storage.database import Tx

GOOD_FOR = timedelta(days=30)
"""After a decision."""
_LONGEST_REASON = 200
_PURPOSE, _PLACE, _AT_ONCE = "answers", b"policy_application", 1_000


class ApplyForPolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Have an underwriter look at these answers, about oneself or who is `insured`."""

    product: str
    answers: dict[str, str] = {}
    insured: InsuredPerson | None = None


class Applied(msgspec.Struct, frozen=True):
    """It is looked at; the decision is told."""

    application: str


class ProposeUnderwriting(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Take the risk on for `permille` of the premium more, or, with None, decline it; the `reason` stays on record."""

    application: UUID
    permille: Annotated[int, msgspec.Meta(ge=0, le=MOST_PERMILLE)] | None
    reason: str


async def apply_for(house: House, envelope: Envelope, command: ApplyForPolicy) -> Applied | Refusal:
    """Keep the answers for an underwriter. Whatever needs none is bought at once."""
    book, person = who(envelope)
    today = business_date_of(envelope.received_at)

    async def act(tx: Tx, at: Moment, _actor: int) -> Applied | Refusal:
        version = await on_sale(tx, command.product, envelope.received_at)
        if isinstance(version, Refusal):
            return version
        questions = version.definition.parameters.questions
        check_answers(questions, command.answers)
        verdict, identifier = (
            judge(questions, command.answers),
            named(envelope.received_at, book, f"apply_for_policy:{person}:{envelope.key}"),
        )
        if isinstance(verdict, Refusal):
            return verdict
        if not verdict.referred:
            return Refusal(UnderwritingRefusal.NOT_REFERRED, "nobody has to look at these answers; buy the policy with them")
        buyer = (await customers.persons(tx, [(book, person)]))[person]
        row = ApplicationRow(
            book=book,
            id=identifier,
            person=person,
            product=version.product,
            version=version.version,
            insured_lookup=whom(house, command.insured, buyer, today + timedelta(days=1)).lookup,
            sealed=_sealed(house, identifier, command.answers, verdict.referred),
            asked_on=at.date_of(envelope.received_at),
            asked_at=envelope.received_at,
        )
        await application_store.add(tx, row)
        return Applied(str(row.id))

    return await once(house, [book], envelope, command, act, Applied)


def _sealed(house: House, application: UUID, answers: Mapping[str, str], referred: Sequence[str], reason: str = "") -> bytes:
    """What was answered, what of it is to be looked at, and why it was decided as it was, bound to the application."""
    secret = json.dumps({"answers": dict(answers), "referred": list(referred), "reason": reason}).encode()
    return house.keys.seal(_PURPOSE, secret, _PLACE + application.bytes)


def _opened(house: House, row: ApplicationRow) -> tuple[dict[str, str], list[str]]:
    if not row.sealed:
        return {}, []
    secret = json.loads(house.keys.open_sealed(_PURPOSE, row.sealed, _PLACE + row.id.bytes))
    return secret["answers"], secret["referred"]


def answers_of(house: House, row: ApplicationRow) -> Mapping[str, str]:
    """Unsealed for one use."""
    return _opened(house, row)[0]


async def seal_open_answers(house: House) -> None:
    """Seal the answers that lie open from before they were sealed, some at a time."""
    left = True
    while left:
        async with house.database.transaction() as tx:
            rows = await application_store.to_seal(tx, _AT_ONCE)
            made = {(one.book, one.id): _sealed(house, one.id, json.loads(one.answers), one.referred, one.reason) for one in rows}
            await application_store.seal(tx, made)
        left = len(rows) == _AT_ONCE


def check(command: ProposeUnderwriting) -> None:
    """Raises BadInput for a decision without a reason."""
    if not command.reason.strip() or len(command.reason) > _LONGEST_REASON:
        raise BadInput(f"the reason is empty or longer than {_LONGEST_REASON} characters", where="reason", hint="say why")


async def may_be(house: House, tx: Tx, proposal: ProposeUnderwriting) -> Refusal | None:
    """Why it could not be decided as things stand."""
    found = await _referred(house, tx, proposal)
    return found if isinstance(found, Refusal) else None


async def _referred(house: House, tx: Tx, proposal: ProposeUnderwriting) -> ApplicationRow | Refusal:
    key = (book_of(proposal.application), proposal.application)
    found = (await application_store.applications(tx, [key])).get(key) if key[0] in house.all_books else None
    if found is None or found.state is not ApplicationState.REFERRED:
        return Refusal(UnderwritingRefusal.UNKNOWN_APPLICATION, "no such application waits; /view/referrals lists those that do")
    return found


async def bring_about(house: House, tx: Tx, at: Moment, made: Approval, proposal: ProposeUnderwriting) -> Refusal | None:
    """Decide it, and tell the buyer."""
    if book_of(proposal.application) in house.all_books:
        await house.ledger.lock_books(tx, [book_of(proposal.application)])
    found = await _referred(house, tx, proposal)
    if isinstance(found, Refusal):
        return found
    today, declined = business_date_of(at.now), proposal.permille is None
    decided = replace(
        found,
        state=ApplicationState.DECLINED if declined else ApplicationState.ACCEPTED,
        permille=proposal.permille or 0,
        sealed=_sealed(house, found.id, *_opened(house, found), proposal.reason),
        decided_on=today,
        good_until=None if declined else today + GOOD_FOR,
    )
    await application_store.save(tx, decided)
    await notices.tell(tx, [_notice(decided, at, made.id)])
    return None


def _notice(row: ApplicationRow, at: Moment, proposal: UUID) -> Notice:
    if row.state is ApplicationState.DECLINED:
        zh = f"您申请的{row.product}未能承保。"
        en = f"The insurer does not take on the risk that you applied for ({row.product})."
    else:
        more = f"{row.permille // 10}.{row.permille % 10}%"
        zh = f"您申请的{row.product}可以承保，保费加收{more}，请于{row.good_until}前购买。"
        en = f"You can buy {row.product} until {row.good_until}, for {more} more than its premium."
    return Notice(row.book, derived(proposal, "notice"), row.person, at.now, zh, en, NoticeKind.INSURANCE, "applications", obligatory=True)


async def decision(tx: Tx, book: int, person: UUID, application: UUID, today: date) -> ApplicationRow | Refusal:
    """What was decided of somebody's application, if a policy can be bought by it."""
    found = (await application_store.applications(tx, [(book, application)])).get((book, application))
    if found is None or found.person != person:
        return Refusal(UnderwritingRefusal.UNKNOWN_APPLICATION, "this is no application of yours; /view/applications lists them")
    if found.state is not ApplicationState.ACCEPTED or found.policy is not None:
        state = "used for a policy" if found.policy else found.state.value
        return Refusal(UnderwritingRefusal.NOT_ACCEPTED, f"the application is {state}; a policy is bought by one that was accepted")
    assert found.good_until is not None, "an accepted application is good until a day"
    if today > found.good_until:
        return Refusal(UnderwritingRefusal.NOT_ACCEPTED, f"it could be bought until {found.good_until}; apply again")
    return found


class ApplicationView(msgspec.Struct, frozen=True):
    """An application; `permille` of the premium more, if it was accepted, until `good_until`."""

    application: UUID
    product: str
    version: int
    answers: Mapping[str, str]
    referred: list[str]
    state: str
    asked_on: date
    permille: int
    good_until: date | None
    policy: UUID | None


def _shown(house: House, row: ApplicationRow) -> ApplicationView:
    answers, referred = _opened(house, row)
    return ApplicationView(
        row.id,
        row.product,
        row.version,
        answers,
        referred,
        row.state.value,
        row.asked_on,
        row.permille,
        row.good_until,
        row.policy,
    )


async def held(house: House, tx: Any, book: int, person: UUID) -> list[ApplicationView]:
    """A customer's, newest first."""
    return [_shown(house, row) for row in await application_store.of_person(tx, book, person)]


async def waiting(house: House, tx: Any) -> list[ApplicationView]:
    """Those that operations have to decide, oldest first."""
    return [_shown(house, row) for row in await application_store.referred(tx, list(house.all_books))]
