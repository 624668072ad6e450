"""Payments through the partner bank: instruct, hear what became of it, receive what was pushed.

The end-to-end id names a payment on both sides. The intention stands in the outbox before the bank hears of it; what the bank answers comes
back as another command; an answer that does not come is an open instruction, which the day's proof names.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from tapwealth.bank import entries, mandate_store, store
from tapwealth.bank.entries import Part
from tapwealth.bank.reservation import Reservation
from tapwealth.flows.end_of_day import StepReport, reported
from tapwealth.flows.frame import HOUSE_BOOK, PLATFORM, House, Moment, actor_number, moment, must_post
from tapwealth.kernel.clock import business_date_of
from tapwealth.kernel.ids import derived
from tapwealth.kernel.money import Asset, format_minor
from tapwealth.kernel.words import counted
from tapwealth.ledger.chart import house_account
from tapwealth.notices import store as notices
from tapwealth.notices.notice import Notice, NoticeKind
from tapwealth.storage import outbox
from tapwealth.storage.outbox import OutboxMessage

BANK = "bank"
"""The outbox destination."""
CARD_DEBIT = "card_debit"
"""Source of the breaks that name debits which the bank rejected."""


class Purpose(StrEnum):
    """Why money moves; shown to operations and in statements."""

    MOVE_IN = "move_in"
    MOVE_OUT = "move_out"
    PURCHASE_SWEEP = "purchase_sweep"
    FUND_CUSTODY = "fund_custody"
    PURCHASE_REFUND = "purchase_refund"
    REDEMPTION_PAYOUT = "redemption_payout"
    ADVANCE_DRAW = "advance_draw"
    MERCHANT_PAYOUT = "merchant_payout"
    FEES = "fees"
    FEE_SHARE = "fee_share"
    NETWORK_SETTLEMENT = "network_settlement"
    BILLER_PAYOUT = "biller_payout"
    PREMIUM_SWEEP = "premium_sweep"
    PREMIUM_PAYOUT = "premium_payout"
    COMMISSION = "commission"
    COMMISSION_BACK = "commission_back"
    CARD_DEBIT = "card_debit"
    CARD_REFUND = "card_refund"
    SWEEP_IN = "sweep_in"
    BILL_DEBIT = "bill_debit"
    SAFE_CARD_PAYOUT = "safe_card_payout"
    CAMPAIGN_SUBSIDY = "campaign_subsidy"
    CAMPAIGN_RETURN = "campaign_return"
    RAISE_REFUND = "raise_refund"
    CLAIM_RECOVERY = "claim_recovery"
    DEPOSITS_IN = "deposits_in"
    DEPOSITS_OUT = "deposits_out"


@dataclass(frozen=True, slots=True)
class Payment:
    """What to instruct. `parts` name the books' shares; the amount is their sum. Bank account numbers; a card's id for a customer's.

    `counterparty` is what may be stored: of a customer the masked name (the message to the bank is given the whole one when it is sent).
    `after`: the payment whose money this one pays on; the bank is not told of it before that one is executed."""

    id: UUID
    end_to_end_id: str
    purpose: Purpose
    from_account: str
    to_account: str
    counterparty: str
    requested_date: date
    parts: tuple[Part, ...]
    direct_debit: bool = False
    after: UUID | None = None

    @property
    def amount(self) -> int:
        return sum(part.amount for part in self.parts)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The bank's word on a payment: executed on its booking date, or rejected with a reason."""

    end_to_end_id: str
    executed: bool
    booked_on: date
    reason: str = ""


def end_to_end(prefix: str, key: UUID) -> str:
    """An end-to-end id that does not depend on the book (its bits are left out): at most 35 characters."""
    return f"{prefix}-{(key.int >> 80):012x}{key.int & (1 << 46) - 1:012x}"


async def instruct(
    house: House, tx: Any, at: Moment, day: date, actor: int, payments: Sequence[Payment], *, set_aside: bool = True
) -> None:
    """Set the money aside, record the instructions, and leave their messages in the outbox.

    Nothing is set aside for a direct debit, nor where `set_aside` is false: the money stands on the `…_out` account already.

    Idempotent by instruction id: a rerun of a step instructs nothing twice.
    """
    known = await store.by_end_to_end(tx, [payment.end_to_end_id for payment in payments])
    fresh = [payment for payment in payments if payment.end_to_end_id not in known and payment.parts]
    await must_post(
        house,
        tx,
        at,
        [
            entries.instructed(part, line, payment.from_account, day, actor, payment.id)
            for payment in fresh
            if set_aside and not payment.direct_debit
            for line, part in enumerate(payment.parts)
        ],
    )
    await store.add_instructions(tx, [_row(payment, day) for payment in fresh], [payment.parts for payment in fresh], at.now)
    await store.let_wait(tx, [(payment.id, payment.after) for payment in fresh if payment.after])
    await _tell_bank(tx, [payment.id for payment in fresh if payment.after is None])


async def _tell_bank(tx: Any, instructions: Sequence[UUID]) -> None:
    await outbox.put(
        tx, [OutboxMessage(HOUSE_BOOK, derived(one, BANK), BANK, "payment", {"instruction": str(one)}) for one in instructions]
    )


async def instruct_again(house: House, day: date) -> StepReport:
    """The step of the day's end: what the bank has rejected of the last days is instructed once more, under a name of its own, from where
    its money returned to. Nobody else would: what is swept by its balance (fees, what merchants are owed), or given back to a customer, is
    left out."""
    async with house.database.transaction() as tx:
        await house.ledger.lock_books(tx, range(house.books + 1))
        at = await moment(tx)
        actor = await actor_number(tx, HOUSE_BOOK, PLATFORM)
        rejected = await store.rejected(tx, AGAIN, day - AGAIN_WITHIN)
        parts = await store.parts_of(tx, [one.id for one in rejected])
        anew = [_anew(house, one, [part for _, part in parts[one.id]], day) for one in rejected]
        known = await store.by_end_to_end(tx, [one.end_to_end_id for one in anew])
        fresh = [one for one in anew if one.end_to_end_id not in known]
        standing = [one for one in fresh if _stands_outside(one)]
        await instruct(house, tx, at, day, actor, [one for one in fresh if one not in standing])
        await instruct(house, tx, at, day, actor, standing, set_aside=False)
        instead = [(one.id, again.id, again.requested_date) for one, again in zip(rejected, anew, strict=True) if again in fresh]
        await store.wait_for_again(tx, instead)
        text = f"{counted(len(fresh), 'rejected payment')} instructed again, {format_minor(sum(one.amount for one in fresh))} yuan"
        return await reported(tx, StepReport(text, {"payments": [one.end_to_end_id for one in fresh]}))


def _anew(house: House, one: store.Instruction, parts: Sequence[Part], day: date) -> Payment:
    on_a_working_day = one.purpose == Purpose.NETWORK_SETTLEMENT
    return Payment(
        derived(one.id, "again"),
        _next_name(one.end_to_end_id),
        Purpose(one.purpose),
        one.from_account,
        one.to_account,
        one.counterparty,
        house.calendar.next_working_day(day) if on_a_working_day else day + timedelta(days=1),
        tuple(parts),
    )


def _stands_outside(one: Payment) -> bool:
    """Whether its money stands on the `…_out` account already."""
    out = entries.ACCOUNTS[one.from_account][1]
    return all(part.source == house_account(part.book, out, Asset.CNY) for part in one.parts)


def _next_name(name: str) -> str:
    """SWP-20140224, SWP-20140224R2, SWP-20140224R3, …"""
    match = _TIMES.fullmatch(name)
    assert match is not None, "a payment has a name"
    base, times = match.groups(default="1")
    return f"{base}R{int(times) + 1}"


_TIMES = re.compile(r"(.+?)(?:R([0-9]+))?")
AGAIN = (
    Purpose.PURCHASE_SWEEP, Purpose.FUND_CUSTODY, Purpose.PURCHASE_REFUND, Purpose.REDEMPTION_PAYOUT, Purpose.SAFE_CARD_PAYOUT,
    Purpose.ADVANCE_DRAW, Purpose.PREMIUM_PAYOUT,
    Purpose.NETWORK_SETTLEMENT, Purpose.CAMPAIGN_SUBSIDY, Purpose.RAISE_REFUND,
)  # fmt: skip
AGAIN_WITHIN = timedelta(days=14)
"""How far back a rejected payment is looked for."""


def _row(payment: Payment, day: date) -> store.Instruction:
    return store.Instruction(
        payment.id,
        payment.end_to_end_id,
        payment.purpose,
        payment.direct_debit,
        payment.from_account,
        payment.to_account,
        payment.counterparty,
        payment.amount,
        payment.requested_date,
        "instructed",
        "",
        day,
        None,
    )


async def hear(house: House, outcomes: Sequence[Outcome]) -> list[str]:
    """What the bank says became of payments (pain.002). Unknown ids come back; of several words on a payment the first one stands."""
    async with house.database.transaction() as tx:
        found = await store.by_end_to_end(tx, [outcome.end_to_end_id for outcome in outcomes])
        parts = await store.parts_of(tx, [one.id for one in found.values()])
        await house.ledger.lock_books(tx, sorted({part.book for of in parts.values() for _, part in of}))
        found = await store.by_end_to_end(tx, list(found))  # read again under the locks
        at = await moment(tx)
        fresh = {outcome.end_to_end_id: outcome for outcome in reversed(outcomes) if _is_open(found.get(outcome.end_to_end_id))}
        actor = await actor_number(tx, 0, PLATFORM)
        made = []
        for name, outcome in fresh.items():
            made += _settling(found[name], outcome, parts[found[name].id], at.booking_date(outcome.booked_on), actor)
        await must_post(house, tx, at, made)
        await _tell_unpaid(tx, at, [(found[name], said) for name, said in fresh.items() if not said.executed], parts)
        await store.settle(
            tx,
            [
                (found[name].id, "executed" if said.executed else "rejected", said.reason, at.booking_date(said.booked_on))
                for name, said in fresh.items()
            ],
            at.now,
        )
        executed = [found[name].id for name, said in fresh.items() if said.executed]
        await _tell_bank(tx, await store.let_go(tx, executed, business_date_of(at.now)))
    return [outcome.end_to_end_id for outcome in outcomes if outcome.end_to_end_id not in found]


async def _tell_unpaid(
    tx: Any, at: Moment, rejected: Sequence[tuple[store.Instruction, Outcome]], parts: Mapping[UUID, Sequence[tuple[int, Part]]]
) -> None:
    """The bank did not pay what its customer had tapped for: operations and the customer are told who owes it now."""
    unpaid = {(parts[one.id][0][1].book, one.end_to_end_id): (one, said) for one, said in rejected if one.purpose == Purpose.CARD_DEBIT}
    if not unpaid:
        return
    day = at.booking_date(max(said.booked_on for _, said in unpaid.values()))
    await store.add_breaks(tx, day, [_unpaid(one, said) for one, said in unpaid.values()], at.now)
    held = await mandate_store.reservations_named(tx, list(unpaid))
    await notices.tell(tx, [_owed(at, one, unpaid[one.book, one.name][0]) for one in held])


def _unpaid(debit: store.Instruction, said: Outcome) -> store.BreakRow:
    why = said.reason or "no reason given"
    text = f"{debit.end_to_end_id}: the bank rejected {format_minor(debit.amount)} yuan of a tap ({why}); the customer owes it"
    return store.BreakRow(CARD_DEBIT, "debit_rejected", debit.end_to_end_id, debit.amount, text, accounted=True)


def _owed(at: Moment, one: Reservation, debit: store.Instruction) -> Notice:
    amount = format_minor(debit.amount)
    zh = f"银行没有支付您碰一碰的 {amount} 元，这笔钱由您欠付：请保证银行卡余额，或联系我们。"
    en = f"Your bank did not pay {amount} yuan of your tap, so that you owe it: see to your bank account, or ask us."
    return Notice(one.book, derived(one.id, "not collected"), one.person, at.now, zh, en, NoticeKind.CARD, "statement/me")


def _is_open(one: store.Instruction | None) -> bool:
    return one is not None and one.state == "instructed"


def _settling(one: store.Instruction, said: Outcome, parts: Sequence[tuple[int, Part]], day: date, actor: int) -> list[Any]:
    if one.direct_debit and said.executed:
        return [entries.money_in(part, line, one.to_account, day, actor, one.id) for line, part in parts]
    if one.direct_debit:
        return [entries.not_collected(part, line, day, actor, one.id) for line, part in parts if part.source]
    if said.executed:
        return [entries.executed(part, line, one.from_account, one.to_account, day, actor, one.id) for line, part in parts]
    made = [entries.rejected(part, line, one.from_account, day, actor, one.id) for line, part in parts]
    return [entry for entry in made if entry.lines[0].debit != entry.lines[0].credit]  # not set aside by us: it stays where it is
