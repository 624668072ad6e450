"""What a customer's pages show of claims: a line of dates for each, what is still needed, and by when the insurer must answer."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from tapwealth.flows.frame import House, moment
from tapwealth.flows.insurance import claim_recoveries
from tapwealth.flows.insurance.claim_recoveries import ToGiveBack
from tapwealth.flows.insurance.policy_product import products_of
from tapwealth.flows.issuing.disputes import PAID
from tapwealth.flows.issuing.tap import CLAIMABLE
from tapwealth.flows.reports import claims as claim_reports
from tapwealth.flows.reports import store as reports
from tapwealth.flows.reports.claims import ClaimView
from tapwealth.flows.reports.policy_counter import loss_of
from tapwealth.flows.reports.store import PaidTap
from tapwealth.flows.reports.words import TAP_STATES, Words
from tapwealth.insurance import claim_store, store
from tapwealth.insurance.claim import (
    APPEAL_WITHIN,
    Claim,
    ClaimEvent,
    ClaimState,
    Clock,
    LossKind,
    appeal_over,
    complete,
    dues,
    next_state,
)
from tapwealth.insurance.claim_store import PaperRow, PaymentRow
from tapwealth.insurance.product import Health, Product
from tapwealth.insurance.store import PolicyRow
from tapwealth.kernel.clock import business_date_of
from tapwealth.kernel.ids import book_of
from tapwealth.kernel.refusal import Refusal

MOST_TAPS = 50
"""Payments that are shown, the newest."""
STATES: Mapping[ClaimState, Words] = {
    ClaimState.NOTIFIED: Words("待交材料", "waits for papers"),
    ClaimState.PAPERS_ASKED: Words("待补材料", "waits for more papers"),
    ClaimState.ASSESSING: Words("审核中", "looked at"),
    ClaimState.WITH_INSURER: Words("保险公司审定中", "with the insurer"),
    ClaimState.AGREED: Words("同意赔付", "agreed"),
    ClaimState.REFUSED: Words("不予赔付", "not paid"),
    ClaimState.PAID: Words("已赔付", "paid"),
    ClaimState.APPEALED: Words("申诉审核中", "appealed"),
    ClaimState.CLOSED: Words("已结案", "closed"),
}
_CLOCKS = {
    Clock.DECIDE: Words("最迟作出结论", "to be decided by"),
    Clock.CERTAIN_PART: Words("最迟先付确定部分", "what is certain to be paid by"),
    Clock.PAY: Words("最迟付款", "to be paid by"),
    Clock.TELL: Words("最迟告知结论", "you are to be told by"),
}
REACHED, BAD, WAITS = "reached", "refused", "awaited"


class Stage(NamedTuple):
    """A point of a claim's line: reached on `day`, or what is waited for, at the latest until then."""

    words: Words
    day: date | None
    mark: str


class ClaimShown(NamedTuple):
    """A claim among others; fen. `missing`: papers that are still needed; `appeal_until`: None where no appeal can be made."""

    claim: UUID
    policy: UUID
    names: Words
    kind: str
    loss_day: date
    loss: int
    paid: int
    state: str
    words: Words
    stages: Sequence[Stage]
    missing: Sequence[str]
    may_give: bool
    may_withdraw: bool
    appeal_until: date | None


class Claimable(NamedTuple):
    """A policy by which its holder can claim something; `illnesses`: by group, of one that covers them."""

    policy: UUID
    names: Words
    kind: LossKind
    first: date
    last: date
    illnesses: Mapping[str, Words] = {}


class TapShown(NamedTuple):
    """A payment by phone; `cleared`: it can be claimed."""

    of: PaidTap
    words: Words
    day: date
    cleared: bool


async def held(tx: Any, book: int, person: UUID) -> list[ClaimShown]:
    """All of theirs, the newest first: as many questions, however many."""
    return await _shown(tx, await claim_store.claims_of(tx, book, person))


async def shown(house: House, tx: Any, book: int, person: UUID, identifier: UUID) -> tuple[ClaimShown, ClaimView] | Refusal:
    """One of theirs, with what was said, given and paid."""
    found = (await claim_store.claims(tx, [(book, identifier)])).get((book, identifier))
    whole = await claim_reports.claim_view(house, tx, person, identifier)
    if isinstance(whole, Refusal):
        return whole
    assert found is not None, "it was found"
    (one,) = await _shown(tx, [found])
    return one, whole


async def to_give_back(tx: Any, claim: UUID) -> ToGiveBack:
    """Of a claim that is there."""
    key = (book_of(claim), claim)
    return await claim_recoveries.to_give_back(tx, (await claim_store.claims(tx, [key]))[key])


async def _shown(tx: Any, claims: Sequence[Claim]) -> list[ClaimShown]:
    keys, at = [(one.book, one.id) for one in claims], await moment(tx)
    policies = await store.policies(tx, [(one.book, one.policy) for one in claims])
    products = await products_of(tx, policies.values())
    payments, papers = await claim_store.payments_of(tx, keys), await claim_store.papers_of(tx, keys)
    return [
        _one(one, policies[one.book, one.policy], products, payments[one.book, one.id], papers[one.book, one.id], at.date_of(at.now))
        for one in claims
    ]


def _one(
    claim: Claim,
    policy: PolicyRow,
    products: Mapping[tuple[str, int], Product],
    payments: Sequence[PaymentRow],
    papers: Sequence[PaperRow],
    today: date,
) -> ClaimShown:
    product, paid = products[policy.product, policy.version], [one for one in payments if one.paid_on is not None]
    wanted = claim.state in (ClaimState.NOTIFIED, ClaimState.PAPERS_ASKED)
    promised = bool(payments) and any(one.spent for one in payments)
    return ClaimShown(
        claim=claim.id,
        policy=claim.policy,
        names=Words(product.name, product.name_en),
        kind=claim.kind.value,
        loss_day=claim.loss_day,
        loss=claim.loss,
        paid=sum(one.amount for one in paid),
        state=claim.state.value,
        words=STATES[claim.state],
        stages=stages(claim, part_paid=bool(paid)),
        missing=[one.value for one in complete(claim, [of.paper for of in papers])] if wanted else [],
        may_give=wanted or claim.state in (ClaimState.ASSESSING, ClaimState.APPEALED),
        may_withdraw=isinstance(next_state(claim, ClaimEvent.WITHDRAW), ClaimState) and not promised,
        appeal_until=_appeal_until(claim, policy, today),
    )


def _appeal_until(claim: Claim, policy: PolicyRow, today: date) -> date | None:
    if isinstance(next_state(claim, ClaimEvent.APPEAL), Refusal) or appeal_over(claim, today) is not None or policy.being_cancelled:
        return None
    return max(day for day in (claim.refused_on, claim.paid_on, claim.notified_on) if day is not None) + APPEAL_WITHIN


def stages(claim: Claim, *, part_paid: bool) -> list[Stage]:
    """What happened, by date, and what is waited for."""
    happened = (
        (Words("已报案", "notified"), claim.notified_on, REACHED),
        (Words("要求补充材料", "more papers were asked for"), claim.asked_on, REACHED),
        (Words("材料齐全", "the papers are complete"), claim.complete_on, REACHED),
        (Words("不予赔付", "not paid"), claim.refused_on, BAD),
        (Words("已申诉", "appealed"), claim.appealed_on, REACHED),
        (Words("保险公司同意赔付", "the insurer agreed"), claim.agreed_on, REACHED),
        (Words("已赔付", "paid"), claim.paid_on, REACHED),
        (Words("结案", "closed"), claim.closed_on, REACHED),
    )
    reached = sorted((Stage(*one) for one in happened if one[1] is not None), key=lambda one: one.day or date.max)
    return [*reached, *(Stage(_CLOCKS[one.clock], one.day, WAITS) for one in dues(claim, part_paid=part_paid)), *_waits(claim)]


def _waits(claim: Claim) -> list[Stage]:
    if claim.state in (ClaimState.NOTIFIED, ClaimState.PAPERS_ASKED):
        return [Stage(Words("等待材料；齐全后 30 日内作出结论", "waits for papers; decided within 30 days of the last one"), None, WAITS)]
    return []


async def claimable(tx: Any, book: int, person: UUID) -> list[Claimable]:
    """Policies that the insurer has issued and their holder can claim by, the newest first."""
    rows = [row for row in await store.policies_of(tx, book, person) if row.can_be_claimed]
    products = await products_of(tx, rows)
    found = [(row, products[row.product, row.version]) for row in rows]
    return [
        Claimable(row.id, Words(product.name, product.name_en), kind, row.from_day, row.last_day, _illnesses(product))
        for row, product in found
        if (kind := loss_of(product.terms.cover)) is not None
    ]


def _illnesses(product: Product) -> dict[str, Words]:
    cover = product.terms.cover
    return {one.group: Words(*one.says.in_words) for one in cover.illnesses} if isinstance(cover, Health) else {}


async def one_claimable(tx: Any, book: int, person: UUID, policy: UUID) -> Claimable | None:
    """That policy, if something can be claimed by it."""
    return next((one for one in await claimable(tx, book, person) if one.policy == policy), None)


async def taps(tx: Any, book: int, person: UUID) -> list[TapShown]:
    """Payments by phone that may be said not to be one's own, the newest first."""
    kinds = [one.value for one in CLAIMABLE]
    return [
        TapShown(one, TAP_STATES[one.state], business_date_of(one.at), one.state == "captured")
        for one in await reports.paid_taps(tx, book, person, kinds, PAID, MOST_TAPS)
    ]
