"""Claims as the claimant and operations see them: where each stands, what is still needed and due, what shows it and what was paid."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec

from tapwealth.flows.frame import House, moment
from tapwealth.flows.insurance import claim_receivers
from tapwealth.flows.insurance.claim_receivers import Receives
from tapwealth.flows.insurance.claims import illness_of, opened_text, policy_of
from tapwealth.flows.reports.refusals import ReportRefusal
from tapwealth.insurance import claim_store, guardian_store
from tapwealth.insurance.claim import Claim, ClaimState, LossKind, complete, dues
from tapwealth.insurance.claim_store import PaperRow, PaymentRow, RecoveryRow
from tapwealth.insurance.guardian import is_child
from tapwealth.insurance.guardian_store import GuardianRow
from tapwealth.issuing import dispute_store
from tapwealth.kernel.ids import book_of
from tapwealth.kernel.refusal import Refusal


class ClaimLine(msgspec.Struct, frozen=True):
    """A claim among others; amounts in fen. `due_on` and `due`: what the law wants next, and by when."""

    claim: UUID
    policy: UUID
    kind: str
    loss_day: date
    loss: int
    state: str
    paid: int
    due_on: date | None
    due: str


class PaperView(msgspec.Struct, frozen=True):
    """A file, to be had at /papers/{paper} until it is erased."""

    paper: UUID
    shows: str
    media_type: str
    size: int
    sha256: str
    erased: bool


class ClaimPaymentView(msgspec.Struct, frozen=True):
    """What the insurer was asked to pay; `arrears` of the premium are deducted already."""

    part: str
    amount: int
    arrears: int
    state: str
    paid_on: date | None


class GuardianView(msgspec.Struct, frozen=True):
    """Who acts for a child: `name` as it is shown, and the files of the claim that show it."""

    name: str
    relation: str
    papers: list[UUID]
    named_on: date


class ReceiverView(msgspec.Struct, frozen=True):
    """Who receives so many fen of what is paid at a death; the name as it is shown. `number`: from 1, as the policy names them. `child`:
    receives by a `guardian`; null while nobody is named."""

    name: str
    relation: str
    amount: int
    number: int
    child: bool
    guardian: GuardianView | None = None


class LookView(msgspec.Struct, frozen=True):
    """An operator had a file."""

    paper: UUID
    at: datetime
    by: str


class RecoveryView(msgspec.Struct, frozen=True):
    """Fen of a claim that come back, or were to: `expected`, `received` (also what came in after all) or `withdrawn`, and `why` it was."""

    claim: UUID
    pay_under: str
    amount: int
    source: str
    state: str
    expected_on: date
    received_on: date | None
    withdrawn_on: date | None
    why: str


class ClaimView(msgspec.Struct, frozen=True):
    """One claim whole; `said`: in the claimant's words. `recovered` fen came back for the insurer. Told to operators alone: `recoveries`,
    and `looks`, which of them had its files, newest first. `illness`: its group; `early`: in the waiting time; the loss is the premiums.
    `receivers`: of a death, whom what is paid or asked for goes to; nobody: the estate.
    """

    line: ClaimLine
    said: str
    missing: list[str]
    reason: str
    papers: list[PaperView]
    payments: list[ClaimPaymentView]
    recovered: int
    recoveries: list[RecoveryView] = []
    looks: list[LookView] = []
    receivers: list[ReceiverView] = []
    illness: str = ""
    early: bool = False


class DisputeView(msgspec.Struct, frozen=True):
    """A payment that was said not to be one's own."""

    tap: UUID
    reported_on: date


async def lines(tx: Any, claims: Sequence[Claim]) -> list[ClaimLine]:
    payments = await claim_store.payments_of(tx, [(one.book, one.id) for one in claims])
    return [_line(one, payments[one.book, one.id]) for one in claims]


def _line(claim: Claim, payments: Sequence[PaymentRow]) -> ClaimLine:
    paid = [one for one in payments if one.paid_on is not None]
    due = next(iter(dues(claim, part_paid=bool(paid))), None)
    return ClaimLine(
        claim.id,
        claim.policy,
        claim.kind.value,
        claim.loss_day,
        claim.loss,
        claim.state.value,
        sum(one.amount for one in paid),
        None if due is None else due.day,
        "" if due is None else due.clock.value,
    )


async def own(tx: Any, book: int, person: UUID) -> list[ClaimLine]:
    """A customer's, newest first."""
    return await lines(tx, await claim_store.claims_of(tx, book, person))


async def waiting(house: House, tx: Any) -> list[ClaimLine]:
    """All that somebody has to do something about, the most urgent first."""
    return await lines(tx, await claim_store.open_claims(tx, list(house.all_books)))


async def awaited(house: House, tx: Any) -> list[RecoveryView]:
    """Of all claims what is expected back and has not come, the oldest first."""
    return [_recovery(house, one) for one in await claim_store.recoveries_awaited(tx, list(house.all_books))]


async def claim_view(house: House, tx: Any, person: UUID | None, identifier: UUID) -> ClaimView | Refusal:
    """A claim of that person; None: of anybody."""
    key = (book_of(identifier), identifier)
    claim = (await claim_store.claims(tx, [key])).get(key)
    if claim is None or (person is not None and claim.person != person):
        return Refusal(ReportRefusal.UNKNOWN, "there is no such claim of yours; check its id")
    papers = (await claim_store.papers_of(tx, [key]))[key]
    payments = (await claim_store.payments_of(tx, [key]))[key]
    recovered = (await claim_store.recoveries_of(tx, [key]))[key]
    wanted = claim.state in (ClaimState.NOTIFIED, ClaimState.PAPERS_ASKED)
    return ClaimView(
        _line(claim, payments),
        opened_text(house, claim.id, claim.said),
        [one.value for one in complete(claim, [of.paper for of in papers])] if wanted else [],
        claim.reason,
        [_paper(one, erased=claim.erased_on is not None) for one in papers],
        [_payment(one) for one in payments],
        sum(one.amount for one in recovered if one.received_on is not None),
        [_recovery(house, one) for one in recovered] if person is None else [],
        [LookView(*one) for one in await claim_store.looks_of(tx, *key)] if person is None else [],
        await _receivers(house, tx, claim, payments),
        "" if claim.illness is None else illness_of(house, claim, (await policy_of(tx, claim)).product),
        claim.early,
    )


async def _receivers(house: House, tx: Any, claim: Claim, payments: Sequence[PaymentRow]) -> list[ReceiverView]:
    if claim.kind is not LossKind.DEATH:
        return []
    at, named = await moment(tx), await guardian_store.guardians_of(tx, (claim.book, claim.id))
    day = payments[0].asked_on if payments else at.date_of(at.now)
    found = await claim_receivers.receivers(tx, claim, sum(one.amount for one in payments if one.spent))
    return [_receiver(house, one, named.get(one.row.place), day) for one in found]


def _receiver(house: House, one: Receives, acts: GuardianRow | None, day: date) -> ReceiverView:
    guardian = None if acts is None else GuardianView(acts.shown_name, acts.relation, list(acts.papers), acts.named_on)
    child = is_child(claim_receivers.age_of(house, one.row, day))
    return ReceiverView(one.row.shown_name, one.row.relation, one.amount, one.row.place + 1, child, guardian if child else None)


def _paper(row: PaperRow, *, erased: bool) -> PaperView:
    return PaperView(row.id, row.paper.value, row.media_type, row.size, row.digest.hex(), erased)


def _payment(row: PaymentRow) -> ClaimPaymentView:
    state = "paid" if row.paid_on else "agreed" if row.agreed_on else "refused" if row.refused_on else "asked"
    return ClaimPaymentView(row.part.value, row.amount, row.arrears, state, row.paid_on)


def _recovery(house: House, row: RecoveryRow) -> RecoveryView:
    state = "received" if row.received_on else "withdrawn" if row.withdrawn_on else "expected"
    source, why = (opened_text(house, row.claim, one) if one else "" for one in (row.source, row.withdrawn_why))
    return RecoveryView(row.claim, row.serial, row.amount, source, state, row.expected_on, row.received_on, row.withdrawn_on, why)


async def disputed(tx: Any, book: int, person: UUID) -> list[DisputeView]:
    """Newest first."""
    return [DisputeView(one.tap, one.reported_on) for one in await dispute_store.disputes_of(tx, book, person)]
