"""What came of an agreement that bills are paid by themselves: each effort to pay, and what its customer was told."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec

from tapwealth.bank import store as bank
from tapwealth.bills import autopay_store as store
from tapwealth.bills.autopay import Autopay
from tapwealth.bills.autopay_store import MadeAttempt
from tapwealth.bills.payment import PaymentState
from tapwealth.flows.bills import autopay
from tapwealth.flows.bills.autopay import AutopayView
from tapwealth.flows.reports.refusals import ReportRefusal
from tapwealth.kernel.refusal import Refusal
from tapwealth.notices import store as notices

SHOWN = 100
"""Of the newest attempts and notices."""
_OF_DEBIT = {"instructed": "processing", "executed": "succeeded", "rejected": "failed"}
_OF_PAYMENT = {
    PaymentState.PREPARED: "processing", PaymentState.SENT: "processing", PaymentState.UNKNOWN: "processing",
    PaymentState.PAID: "succeeded", PaymentState.LATE_SUCCESS: "succeeded",
    PaymentState.REJECTED: "failed", PaymentState.REFUNDED: "failed",
}  # fmt: skip
_WORDS = {"processing": ("处理中", "under way"), "succeeded": ("成功", "done"), "failed": ("未成功", "failed")}


class AttemptShown(msgspec.Struct, frozen=True):
    """An effort to pay a bill: a `payment` of so many fen, of which `from_fund` is the funds' part; or a `card_debit` of what wallet and
    fund lack for it. `state` is `processing`, `succeeded`, or `failed` for a `reason`: then its money is back, or was never taken."""

    attempt: str
    kind: str
    bill_number: str
    period: str
    amount: int
    from_fund: int
    state: str
    state_zh: str
    state_en: str
    reason: str
    day: date
    at: datetime


class NoticeShown(msgspec.Struct, frozen=True):
    """What the customer was told."""

    notice: str
    at: datetime
    text_zh: str
    text_en: str


class AutopayHistory(msgspec.Struct, frozen=True):
    """An agreement with the newest of its attempts and notices."""

    agreement: AutopayView
    attempts: list[AttemptShown]
    notices: list[NoticeShown]


async def own(tx: Any, book: int, person: UUID, identifier: UUID) -> Autopay | None:
    """The agreement of that id, if it is that person's."""
    found = await store.page_of(tx, book, person, identifier, None, 1)
    return found[0] if found else None


async def history(tx: Any, book: int, person: UUID, identifier: UUID) -> AutopayHistory | Refusal:
    """For its customer."""
    one = await own(tx, book, person, identifier)
    if one is None:
        return Refusal(ReportRefusal.UNKNOWN, "there is no such agreement of yours; /view/autopays lists them")
    (agreement,) = await autopay.shown(tx, book, person, [one])
    told = await told_of(tx, one, None, SHOWN)
    return AutopayHistory(agreement, await attempts(tx, one, None, SHOWN), [notice for _, notice in told])


async def attempts(tx: Any, one: Autopay, before: UUID | None, limit: int) -> list[AttemptShown]:
    """Under an agreement, newest first, from before the one last seen."""
    found = await store.attempts_of(tx, (one.book, one.id), before, limit)
    debits = await bank.by_end_to_end(tx, [of.attempt.debit for of in found if of.attempt.debit])
    return [_attempt(of, *_became(of, debits)) for of in found]


def _became(one: MadeAttempt, debits: dict[str, bank.Instruction]) -> tuple[str, str]:
    if one.attempt.debit:
        debit = debits[one.attempt.debit]
        return _OF_DEBIT[debit.state], debit.reason
    return (_OF_PAYMENT[PaymentState(one.state)] if one.attempt.payment else "failed"), one.attempt.reason


def _attempt(one: MadeAttempt, state: str, reason: str) -> AttemptShown:
    at = one.attempt
    kind = "card_debit" if at.debit else "payment"
    return AttemptShown(
        str(at.id), kind, one.bill_number, one.period, at.amount, one.by_funds, state, *_WORDS[state], reason, at.day, at.at
    )


async def told_of(tx: Any, one: Autopay, before: UUID | None, limit: int) -> Sequence[tuple[UUID, NoticeShown]]:
    """Of an agreement and its bills, newest first, each with the id by which the next ones are asked for."""
    found = await store.notices_under(tx, (one.book, one.id), before, limit)
    texts = await notices.by_id(tx, one.book, [notice for _, notice in found])
    return [(turn, NoticeShown(str(of), texts[of].at, texts[of].text_zh, texts[of].text_en)) for turn, of in found]
