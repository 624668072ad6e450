"""A claim's states, its clocks by law, what of a loss is paid, and which losses are turned down at once."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import product
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tapwealth.insurance.claim import (
    Claim,
    ClaimEvent,
    ClaimRefusal,
    ClaimState,
    Clock,
    Due,
    Loss,
    LossKind,
    Paper,
    Standing,
    appeal_over,
    complete,
    dues,
    erase_day,
    next_state,
    payable,
    wrong_loss,
)
from tapwealth.insurance.policy import Policy, PolicyState
from tapwealth.insurance.product import Accident, AccountLoss, Cover, PhoneScreen, PolicyParameters, TermLife
from tapwealth.kernel.refusal import Refusal

D = date(2014, 3, 3)
NONE = UUID(int=0)
S, E = ClaimState, ClaimEvent


def claim(state: ClaimState = S.NOTIFIED, **more: Any) -> Claim:
    plain = {"book": 1, "id": NONE, "policy": NONE, "person": NONE, "kind": LossKind.SCREEN, "loss_day": D, "loss": 80_000, "said": b""}
    return Claim(**plain | {"notified_at": datetime(2014, 3, 3, 2, tzinfo=UTC), "notified_on": D, "state": state} | more)


MOVES = {
    S.NOTIFIED: {E.ASK_PAPERS: S.PAPERS_ASKED, E.COMPLETE: S.ASSESSING, E.REFUSE: S.REFUSED, E.WITHDRAW: S.CLOSED},
    S.PAPERS_ASKED: {E.COMPLETE: S.ASSESSING, E.REFUSE: S.REFUSED, E.WITHDRAW: S.CLOSED, E.ASK_PAPERS: None},
    S.ASSESSING: {E.ASK_PAPERS: S.PAPERS_ASKED, E.FIND: S.WITH_INSURER, E.REFUSE: S.REFUSED, E.WITHDRAW: S.CLOSED},
    S.WITH_INSURER: {E.AGREE: S.AGREED, E.REFUSE: S.REFUSED},
    S.AGREED: {E.PAY: S.PAID},
    S.REFUSED: {E.APPEAL: S.APPEALED, E.CLOSE: S.CLOSED},
    S.PAID: {E.APPEAL: S.APPEALED, E.CLOSE: S.CLOSED},
    S.APPEALED: {E.FIND: S.WITH_INSURER, E.REFUSE: S.REFUSED},
    S.CLOSED: {},
}


def test_the_states_of_a_claim_by_table() -> None:
    for state, event in product(S, E):
        led = next_state(claim(state), event)
        wanted = MOVES[state].get(event)
        assert isinstance(led, Refusal) if wanted is None else led is wanted, (state, event)
    assert next_state(claim(S.CLOSED), E.PAY) == Refusal(ClaimRefusal.OVER, "the claim was closed on None")


@given(st.lists(st.sampled_from(E), max_size=25))
def test_in_whatever_order_things_happen_papers_are_asked_for_once_and_money_needs_the_insurer(events: list[ClaimEvent]) -> None:
    now, asked, appealed, happened = claim(), 0, 0, []
    for event in events:
        led = next_state(now, event)
        if isinstance(led, Refusal):
            continue
        asked, appealed = asked + (event is E.ASK_PAPERS), appealed + (event is E.APPEAL)
        happened.append(event)
        now = replace(now, state=led, asked_on=D if asked else None, appealed_on=D if appealed else None)
    assert asked <= 1
    assert appealed <= 1
    assert happened.count(E.PAY) <= happened.count(E.AGREE) <= happened.count(E.FIND) <= 2
    if E.FIND in happened:
        assert E.COMPLETE in happened[: happened.index(E.FIND)] or E.APPEAL in happened[: happened.index(E.FIND)]


@pytest.mark.parametrize(
    ("state", "facts", "wanted"),
    [
        (S.NOTIFIED, {}, []),
        (S.PAPERS_ASKED, {"asked_on": D}, []),
        (S.ASSESSING, {"complete_on": D}, [Due(Clock.DECIDE, date(2014, 4, 2)), Due(Clock.CERTAIN_PART, date(2014, 5, 2))]),
        (S.WITH_INSURER, {"complete_on": D}, [Due(Clock.DECIDE, date(2014, 4, 2)), Due(Clock.CERTAIN_PART, date(2014, 5, 2))]),
        (S.AGREED, {"complete_on": D, "agreed_on": date(2014, 3, 5)}, [Due(Clock.PAY, date(2014, 3, 15))]),
        (S.REFUSED, {"complete_on": D, "refused_on": date(2014, 3, 5)}, [Due(Clock.TELL, date(2014, 3, 8))]),
        (S.REFUSED, {"refused_on": D, "told_on": D}, []),
        (S.APPEALED, {"complete_on": D, "refused_on": D, "told_on": D, "appealed_on": D}, [Due(Clock.DECIDE, date(2014, 4, 2))]),
        (S.PAID, {"complete_on": D, "agreed_on": D, "paid_on": D}, []),
        (S.CLOSED, {"complete_on": D, "closed_on": D}, []),
    ],
)  # fmt: skip
def test_every_clock_of_the_law(state: ClaimState, facts: dict[str, Any], wanted: list[Due]) -> None:
    assert dues(claim(state, **facts), part_paid=False) == wanted
    assert dues(claim(state, **facts), part_paid=True) == [one for one in wanted if one.clock is not Clock.CERTAIN_PART]


def test_papers_are_complete_when_nothing_that_is_needed_or_was_asked_for_is_missing() -> None:
    asked = claim(asked="police photo")
    assert complete(asked, []) == (Paper.PHOTO, Paper.INVOICE, Paper.POLICE)
    assert complete(asked, [Paper.PHOTO, Paper.INVOICE, Paper.PHOTO]) == (Paper.POLICE,)
    assert complete(claim(), [Paper.PHOTO, Paper.INVOICE, Paper.OTHER]) == ()


def test_an_appeal_comes_within_sixty_days() -> None:
    refused = claim(S.REFUSED, refused_on=D)
    assert appeal_over(refused, D + timedelta(60)) is None
    assert code(appeal_over(refused, D + timedelta(61))) == "APPEAL_OVER"


def code(answer: object) -> str:
    assert isinstance(answer, Refusal), answer
    return answer.code.name


def terms(cover: Cover, **more: Any) -> PolicyParameters:
    return PolicyParameters(insurer="TPINS", cover=cover, sum_insured=100_000, loading=350_000, **more)


def policy(state: PolicyState = PolicyState.IN_FORCE, to_day: date = date(2015, 2, 25)) -> Policy:
    issued = None if state is PolicyState.QUOTED else date(2014, 2, 24)
    return Policy(NONE, 1, NONE, "X", 1, 5_000, date(2014, 2, 25), to_day, to_day, issued, state)


SCREEN = Standing(policy=policy(), terms=terms(PhoneScreen(), waiting_days=7), device=b"one")
CRACK = Loss(kind=LossKind.SCREEN, day=D, today=D, device=b"one")
ACCOUNT = Standing(policy=policy(), terms=terms(AccountLoss(look_back_days=7)))
THEFT = Loss(kind=LossKind.PAYMENT, day=D, today=D + timedelta(20), told_on=D + timedelta(7))
LIFE = Standing(policy=policy(to_day=date(2034, 2, 25)), terms=terms(TermLife(years=20)))
HARM = Standing(policy=policy(), terms=terms(Accident(), waiting_days=30))
DEATH = Loss(kind=LossKind.DEATH, day=date(2016, 2, 25), today=date(2016, 3, 1), own_hand=True)


@pytest.mark.parametrize(
    ("standing", "loss", "wanted"),
    [
        (SCREEN, CRACK, None),
        (replace(SCREEN, policy=policy(PolicyState.QUOTED)), CRACK, "NEVER_ISSUED"),
        (replace(SCREEN, rescinded=True), CRACK, "RESCINDED"),
        (ACCOUNT, CRACK, "OTHER_LOSS"),
        (SCREEN, replace(CRACK, day=D + timedelta(1)), "LOSS_AHEAD"),
        (SCREEN, replace(CRACK, day=date(2014, 2, 24)), "BEFORE_COVER"),
        (SCREEN, replace(CRACK, day=date(2014, 2, 25)), "WITHIN_WAITING"),
        (SCREEN, replace(CRACK, day=date(2014, 3, 2)), "WITHIN_WAITING"),
        (SCREEN, replace(CRACK, day=date(2015, 2, 24), today=date(2015, 2, 25)), None),
        (SCREEN, replace(CRACK, day=date(2015, 2, 25), today=date(2015, 2, 25)), "AFTER_COVER"),
        (replace(SCREEN, last_day=date(2014, 3, 2)), CRACK, "AFTER_COVER"),
        (replace(SCREEN, last_day=D), CRACK, None),
        (replace(SCREEN, covered=False, policy=policy(PolicyState.LAPSED)), CRACK, "NOT_COVERED_THEN"),
        (SCREEN, replace(CRACK, today=date(2016, 3, 3)), None),
        (SCREEN, replace(CRACK, today=date(2016, 3, 4)), "TOO_LATE"),
        (SCREEN, replace(CRACK, device=b"two"), "OTHER_DEVICE"),
        (replace(SCREEN, device=b""), replace(CRACK, device=b""), "OTHER_DEVICE"),
        (replace(SCREEN, replaced=1), CRACK, "ALL_REPLACED"),
        (ACCOUNT, THEFT, None),
        (ACCOUNT, replace(THEFT, told_on=D + timedelta(8)), "BEFORE_LOOK_BACK"),
        (ACCOUNT, replace(THEFT, tap_claimed=True), "TAP_CLAIMED"),
        (replace(ACCOUNT, paid=99_999), THEFT, None),
        (replace(ACCOUNT, paid=100_000), THEFT, "LIMIT_USED"),
        (LIFE, DEATH, None),
        (replace(LIFE, death=True), DEATH, "DEATH_CLAIMED"),
        (replace(HARM, death=True), Loss(kind=LossKind.DEATH, day=D, today=D), "DEATH_CLAIMED"),
        (replace(HARM, death=True), Loss(kind=LossKind.ACCIDENT, day=D, today=D), None),
        (LIFE, replace(DEATH, day=date(2016, 2, 24)), "BY_OWN_HAND"),
        (LIFE, replace(DEATH, day=date(2016, 2, 24), own_hand=False), None),
        (replace(LIFE, since=date(2014, 6, 1)), DEATH, "BY_OWN_HAND"),
        (LIFE, replace(DEATH, today=date(2021, 2, 25)), None),
        (LIFE, replace(DEATH, today=date(2021, 2, 26)), "TOO_LATE"),
        (HARM, Loss(kind=LossKind.ACCIDENT, day=D, today=D), None),
        (HARM, Loss(kind=LossKind.DEATH, day=D, today=D), None),
        (HARM, Loss(kind=LossKind.DEATH, day=D, today=D, own_hand=True), "BY_OWN_HAND"),
        (HARM, Loss(kind=LossKind.DEATH, day=D, today=date(2016, 3, 3)), None),
        (HARM, Loss(kind=LossKind.DEATH, day=D, today=date(2016, 3, 4)), "TOO_LATE"),
    ],
)
def test_what_is_turned_down_at_once(standing: Standing, loss: Loss, wanted: str | None) -> None:
    answer = wrong_loss(standing, loss)
    assert answer is None if wanted is None else code(answer) == wanted


def test_a_screen_waits_from_the_day_of_issue_and_other_covers_from_the_beginning_of_cover() -> None:
    screen = replace(SCREEN, terms=terms(PhoneScreen(), waiting_days=1))
    assert wrong_loss(screen, replace(CRACK, day=date(2014, 2, 25), today=D)) is None
    account = replace(ACCOUNT, terms=terms(AccountLoss(look_back_days=7), waiting_days=1))
    theft = replace(THEFT, told_on=D)
    assert code(wrong_loss(account, replace(theft, day=date(2014, 2, 25)))) == "WITHIN_WAITING"
    assert wrong_loss(account, replace(theft, day=date(2014, 2, 26))) is None


@pytest.mark.parametrize(
    ("found", "of_claim", "of_policy", "arrears", "wanted"),
    [
        (30_000, 0, 0, 0, 25_000),
        (5_000, 0, 0, 0, 0),
        (90_000, 0, 0, 0, 40_000),
        (90_000, 0, 70_000, 0, 30_000),
        (30_000, 10_000, 10_000, 0, 15_000),
        (30_000, 0, 0, 6_000, 19_000),
        (30_000, 10_000, 10_000, 6_000, 15_000),
        (30_000, 0, 0, 26_000, 0),
    ],
)
def test_what_of_a_loss_is_paid(found: int, of_claim: int, of_policy: int, arrears: int, wanted: int) -> None:
    """Of 1,000.00 insured; 50.00 are the insured's own, and no loss is paid above 400.00."""
    limited = terms(AccountLoss(look_back_days=7), excess=5_000, limit_per_loss=40_000)
    assert payable(limited, found, of_claim=of_claim, of_policy=of_policy, arrears=arrears) == wanted


Found = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 200_000), st.integers(0, 9_000)), max_size=12)


@settings(max_examples=150)
@given(st.integers(0, 20_000), st.integers(20_001, 100_000), Found)
def test_whatever_is_found_no_more_is_paid_than_the_limits_in_sum(excess: int, limit: int, found: list[tuple[int, int, int]]) -> None:
    limited, paid = terms(AccountLoss(look_back_days=7), excess=excess, limit_per_loss=limit), dict.fromkeys(range(4), 0)
    greatest = dict.fromkeys(range(4), 0)
    for one, loss, arrears in found:
        paid[one] += payable(limited, loss, of_claim=paid[one], of_policy=sum(paid.values()), arrears=arrears)
        greatest[one] = max(greatest[one], loss)
    assert sum(paid.values()) <= limited.sum_insured
    assert all(paid[one] <= min(limit, max(greatest[one] - excess, 0)) for one in paid)


def test_evidence_is_kept_for_five_years_and_of_a_long_policy_for_ten() -> None:
    assert erase_day(policy(), SCREEN.terms, date(2014, 4, 1)) == date(2020, 2, 25)
    assert erase_day(policy(), SCREEN.terms, date(2016, 2, 29)) == date(2021, 3, 1)
    assert erase_day(policy(to_day=date(2034, 2, 25)), LIFE.terms, date(2016, 4, 1)) == date(2044, 2, 25)
