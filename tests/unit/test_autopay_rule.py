"""What is done with a bill on a day: the rule over random years of one bill, with defects that it must show."""

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from tapwealth.bills.autopay import (
    MOST_NOTICE,
    MOST_TRIES,
    Autopay,
    AutopayState,
    BillState,
    DueBill,
    Owed,
    PayWhen,
    Step,
    next_step,
    refused,
)
from tapwealth.kernel.clock import shanghai

NOBODY, BILL, DAY = UUID(int=0), UUID(int=9), timedelta(days=1)
SEEDS, LATER = 1_500, date(2100, 1, 1)
FIRST = date(2014, 2, 24)
Rule = Callable[[Autopay, DueBill | None, Owed, date], tuple[DueBill, Step]]


def agreement(number: int, most: int, when: PayWhen, notice: int = 1) -> Autopay:
    agreed_at = shanghai(FIRST, 9)
    return Autopay(1, UUID(int=number), NOBODY, NOBODY, b"", b"", "", most, "", when, AutopayState.ACTIVE, agreed_at, notice=notice)


def live(rule: Rule, seed: int) -> list[tuple[Any, ...]]:
    """A bill's fortnight: it grows, its terms change, days are missed, payments fail, are in doubt, or are given back. What was seen."""
    draw = random.Random(seed)
    one = agreement(1, draw.choice((100, 150)), draw.choice(list(PayWhen)), draw.choice((1, 1, 3, MOST_NOTICE)))
    due = draw.choice((None, FIRST + draw.randrange(8) * DAY))
    known: DueBill | None = None
    amount, penalty, live_payment, seen = draw.randrange(80, 130), 0, False, list[tuple[Any, ...]]()
    for number in range(20):
        day = FIRST + number * DAY
        if draw.random() < 0.1:
            continue  # nobody looked
        if draw.random() < 0.1:
            one = agreement(one.id.int + 1, draw.choice((90, 100, 150)), draw.choice(list(PayWhen)), draw.choice((1, 2)))
        if due and day > due:
            penalty += 1
        amount += 5 * (draw.random() < 0.05)
        live_payment = live_payment and draw.random() > 0.2  # or it was given back
        owed = Owed(BILL, amount, amount + penalty, due, live_payment)
        row, step = rule(one, known, owed, day)
        seen.append((day, one, owed, known, row, step))
        if step is Step.PAY:
            if draw.random() < 0.5:
                live_payment = True
            else:
                row = refused(replace(row, state=BillState.TOLD), "no money", day)
        known = row
    return seen


def judged(rule: Rule, seed: int) -> None:
    """Never above the agreement, never twice, never untold, never before its day, never more often than agreed; and never forgotten."""
    told: dict[UUID, tuple[date, int]] = {}
    tries: dict[UUID, int] = {}
    for day, one, owed, _, row, step in live(rule, seed):
        if step is Step.TELL:
            told[one.id] = (day, owed.amount)
            assert row.told == owed.amount
            assert row.pay_on > day, "told a day ahead"
            assert row.pay_on >= min(day + one.notice * DAY, owed.due_on or LATER), "as many days ahead as was agreed, where they are left"
            assert owed.balance <= one.most
        if step is Step.PAY:
            assert owed.balance <= one.most, "above the agreement"
            assert not owed.paying, "a second time"
            before, amount = told.get(one.id, (day, 0))
            assert before < day, "untold"
            assert owed.amount <= amount, "more than was told"
            assert day >= min(before + one.notice * DAY, owed.due_on or LATER), "before the notice was over"
            assert not (one.pay_when is PayWhen.DUE and owed.due_on and day < owed.due_on), "before its day"
            tries[one.id] = tries.get(one.id, 0) + 1
            assert tries[one.id] <= MOST_TRIES + 1
        if step is Step.WAIT and row.state is BillState.TOLD:
            assert day < row.pay_on, "forgotten"


def judge_all(rule: Rule) -> None:
    for seed in range(SEEDS):
        judged(rule, seed)


def test_a_bill_is_paid_once_within_the_agreement_after_its_customer_was_told() -> None:
    judge_all(next_step)
    paid = 0
    for seed in range(SEEDS):
        paid += any(of[-1] is Step.PAY for of in live(next_step, seed))
    assert paid > 500


def _above(one: Autopay, known: DueBill | None, owed: Owed, day: date) -> tuple[DueBill, Step]:
    return next_step(replace(one, most=one.most + 10), known, owed, day)


def _twice(one: Autopay, known: DueBill | None, owed: Owed, day: date) -> tuple[DueBill, Step]:
    row, step = next_step(one, known, owed, day)
    return (row, Step.PAY) if owed.paying and owed.balance <= one.most else (row, step)


def _untold(one: Autopay, known: DueBill | None, owed: Owed, day: date) -> tuple[DueBill, Step]:
    row, step = next_step(one, known, owed, day)
    return (replace(row, state=BillState.PLACED), Step.PAY) if step is Step.TELL else (row, step)


def _early(one: Autopay, known: DueBill | None, owed: Owed, day: date) -> tuple[DueBill, Step]:
    return next_step(replace(one, pay_when=PayWhen.PRESENTED), known, owed, day)


def _under_old_terms(one: Autopay, known: DueBill | None, owed: Owed, day: date) -> tuple[DueBill, Step]:
    return next_step(one, known and replace(known, autopay=one.id), owed, day)


def _in_haste(one: Autopay, known: DueBill | None, owed: Owed, day: date) -> tuple[DueBill, Step]:
    return next_step(replace(one, notice=1), known, owed, day)


def _forgets(one: Autopay, known: DueBill | None, owed: Owed, day: date) -> tuple[DueBill, Step]:
    row, step = next_step(one, known, owed, day)
    return (known, Step.WAIT) if known and step is Step.PAY and day > row.pay_on else (row, step)


@pytest.mark.parametrize("defect", [_above, _twice, _untold, _early, _under_old_terms, _in_haste, _forgets])
def test_a_planted_defect_is_seen(defect: Rule) -> None:
    with pytest.raises(AssertionError):
        judge_all(defect)


def test_a_notice_is_as_long_as_was_agreed_unless_the_due_day_comes_first() -> None:
    due = FIRST + 4 * DAY
    for when, notice, due_on, days in (
        (PayWhen.PRESENTED, 1, None, 1), (PayWhen.PRESENTED, 3, None, 3), (PayWhen.PRESENTED, 7, due, 4), (PayWhen.PRESENTED, 7, FIRST, 1),
        (PayWhen.DUE, 7, due, 4), (PayWhen.DUE, 1, due, 4), (PayWhen.DUE, 2, None, 2), (PayWhen.DUE, 7, FIRST - DAY, 1),
    ):  # fmt: skip
        assert agreement(1, 100, when, notice).pays_on(due_on, FIRST) == FIRST + days * DAY, (when, notice, due_on)
    steps, known = [], None
    for number in range(5):
        known, step = next_step(agreement(1, 100, PayWhen.DUE, 3), known, Owed(BILL, 100, 100, due), FIRST + number * DAY)
        steps.append(step.name)
    assert steps == ["WAIT", "TELL", "WAIT", "WAIT", "PAY"]


def test_who_is_reminded_before_a_bill_is_due() -> None:
    one, due = agreement(1, 50, PayWhen.PRESENTED), FIRST + 5 * DAY
    steps, known = [], None
    for number in range(7):
        known, step = next_step(one, known, Owed(BILL, 100, 100, due), FIRST + number * DAY)
        steps.append(step.name)
    assert steps == ["LEAVE", "WAIT", "REMIND", "WAIT", "REMIND", "REMIND", "WAIT"]
