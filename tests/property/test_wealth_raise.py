"""A raise of the bank's: by arrival to the last fen, pro rata in whole steps that come to the target; what it pays; planted defects."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import pairwise
from uuid import UUID

import msgspec
import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample

from tapwealth.deposits import raise_rules
from tapwealth.deposits.raise_product import Allotment, WealthParameters, check, least_minimum
from tapwealth.deposits.raise_rules import (
    Asked,
    Ended,
    Ending,
    Raise,
    State,
    WealthRefusal,
    allot,
    cancel,
    close_early,
    credit_day,
    ending,
    fills,
    gain,
    raise_interest,
    subscribe,
    working_days_after,
)
from tapwealth.kernel.calendar import Calendar
from tapwealth.kernel.clock import shanghai
from tapwealth.kernel.money import apportion
from tapwealth.kernel.refusal import BadInput, Refusal

FIRST, LAST = date(2011, 5, 5), date(2011, 5, 12)
OPENS, CLOSES = shanghai(FIRST, 9), shanghai(LAST, 24)
PROSPECTUS = WealthParameters(
    bank="313100000013", target=1_500_000_000_00, least=100_000_000_00, minimum=50_000_00, step=10_000_00, expected=39_600, days=62,
    demand="DEMAND",
)  # fmt: skip
SMALL = msgspec.structs.replace(PROSPECTUS, target=1_050, least=500, minimum=100, step=50, cap=400)
RAISE = Raise("W1", 1, OPENS, CLOSES, SMALL)
DURING = shanghai(FIRST, 10)

Seller = Callable[[Raise, Asked], int | Refusal]
Allotter = Callable[[int, int, Mapping[UUID, int]], dict[UUID, int]]
ORDERS = st.lists(st.tuples(st.integers(0, 3), st.integers(1, 9).map(lambda steps: steps * 50)), max_size=20)
"""Who, and how much."""


def sold(seller: Seller, orders: list[tuple[int, int]]) -> tuple[Raise, list[int]]:
    """The raise after these have come one after the other; what each was given, 0 for a refusal."""
    one, had, given = RAISE, dict[int, int](), list[int]()
    for person, amount in orders:
        answer = seller(one, Asked(amount, DURING, had.get(person, 0), 100_000))
        got = 0 if isinstance(answer, Refusal) else answer
        full = DURING if got and fills(one, got) else one.full_at
        one = replace(one, sold=one.sold + got, arrivals=one.arrivals + bool(got), full_at=full)
        had[person] = had.get(person, 0) + got
        given.append(got)
    return one, given


def keeps_its_bounds(seller: Seller, orders: list[tuple[int, int]]) -> bool:
    one, given = sold(seller, orders)
    of = [sum(got for (who, _), got in zip(orders, given, strict=True) if who == person) for person in range(4)]
    within = all(got <= asked for (_, asked), got in zip(orders, given, strict=True))
    return one.sold <= SMALL.target and max(of) <= SMALL.cap and within


def parts_fill_it(seller: Seller, orders: list[tuple[int, int]]) -> bool:
    """Less than was asked is given to the one with whom the target is reached, and to nobody else; the raise is over then."""
    one, given = sold(seller, orders)
    parts = [place for place, ((_, asked), got) in enumerate(zip(orders, given, strict=True)) if 0 < got < asked]
    full = one.sold == SMALL.target
    return len(parts) <= full and (one.full_at is not None) == full and not any(any(given[place + 1 :]) for place in parts)


def nobody_passes(seller: Seller, orders: list[tuple[int, int]]) -> bool:
    """What somebody gets does not change by who comes after."""
    given = sold(seller, orders)[1]
    return all(sold(seller, orders[:count])[1] == given[:count] for count in range(len(orders)))


def nobody_is_left_out(seller: Seller, orders: list[tuple[int, int]]) -> bool:
    """Who is refused asks for too little, or would have too much, or comes when nothing is left."""
    given = sold(seller, orders)[1]
    for place, ((person, amount), got) in enumerate(zip(orders, given, strict=True)):
        had = sum(before for (who, _), before in zip(orders[:place], given, strict=False) if who == person)
        possible = amount >= SMALL.minimum and had + amount <= SMALL.cap
        if possible and not got and sum(given[:place]) < SMALL.target:
            return False
    return True


LAWS = {law.__name__: law for law in (keeps_its_bounds, parts_fill_it, nobody_passes, nobody_is_left_out)}


@given(ORDERS)
@pytest.mark.parametrize("law", LAWS.values(), ids=LAWS)
def test_by_arrival_a_raise_is_sold_by_its_laws(
    law: Callable[[Seller, list[tuple[int, int]]], bool], orders: list[tuple[int, int]]
) -> None:
    assert law(subscribe, orders)


def one_fen_more(one: Raise, asked: Asked) -> int | Refusal:
    return subscribe(replace(one, terms=msgspec.structs.replace(one.terms, target=one.terms.target + 1)), asked)


def whole_or_nothing(one: Raise, asked: Asked) -> int | Refusal:
    """Refuses who asks for more than is left, and sells on to who asks for less."""
    answer = subscribe(one, asked)
    return Refusal(WealthRefusal.SOLD_OUT, "") if not isinstance(answer, Refusal) and answer < asked.amount else answer


def forgets_what_they_had(one: Raise, asked: Asked) -> int | Refusal:
    return subscribe(one, asked._replace(had=0))


def gives_half_near_the_end(one: Raise, asked: Asked) -> int | Refusal:
    answer = subscribe(one, asked)
    return answer // 2 if not isinstance(answer, Refusal) and answer > 50 and one.left < 600 else answer


AS_FOUND = settings(max_examples=2_000, phases=(Phase.generate,))
DEFECTS = [
    (one_fen_more, "keeps_its_bounds"), (forgets_what_they_had, "keeps_its_bounds"), (gives_half_near_the_end, "parts_fill_it"),
    (whole_or_nothing, "nobody_is_left_out"),
]  # fmt: skip


@pytest.mark.parametrize(("defect", "law"), DEFECTS)
def test_each_law_of_arrival_catches_a_planted_defect(defect: Seller, law: str) -> None:
    try:
        find(ORDERS, lambda orders: not LAWS[law](defect, orders), settings=AS_FOUND)
    except NoSuchExample:
        pytest.fail(f"{law} does not notice {defect.__name__}")


# ---- pro rata


TARGET, STEP = 1_000, 50
PRO_RATA = st.dictionaries(st.uuids(), st.integers(2, 30).map(lambda steps: steps * STEP), min_size=1, max_size=25)


def come_to_the_target(allotter: Allotter, asked: dict[UUID, int]) -> bool:
    return sum(allotter(TARGET, STEP, asked).values()) == min(TARGET, sum(asked.values()))


def nobody_gets_more_than_asked(allotter: Allotter, asked: dict[UUID, int]) -> bool:
    given = allotter(TARGET, STEP, asked)
    return given.keys() == asked.keys() and all(0 <= amount <= asked[one] and amount % STEP == 0 for one, amount in given.items())


def order_does_not_matter(allotter: Allotter, asked: dict[UUID, int]) -> bool:
    backwards = dict(reversed(asked.items()))
    return allotter(TARGET, STEP, asked) == allotter(TARGET, STEP, backwards)


def is_fair(allotter: Allotter, asked: dict[UUID, int]) -> bool:
    """Each is less than a step from the exact share, and who asked for more never gets less."""
    given, whole = allotter(TARGET, STEP, asked), sum(asked.values())
    if whole <= TARGET:
        return given == asked
    near = all(abs(given[one] * whole - TARGET * asked[one]) < STEP * whole for one in asked)
    ranked = sorted(asked, key=lambda one: (asked[one], given[one]))
    return near and all(given[a] <= given[b] for a, b in pairwise(ranked))


FAIR = {law.__name__: law for law in (come_to_the_target, nobody_gets_more_than_asked, order_does_not_matter, is_fair)}


@given(PRO_RATA)
@pytest.mark.parametrize("law", FAIR.values(), ids=FAIR)
def test_pro_rata_a_raise_is_shared_by_its_laws(law: Callable[[Allotter, dict[UUID, int]], bool], asked: dict[UUID, int]) -> None:
    assert law(allot, asked)


def cuts_off(target: int, step: int, asked: Mapping[UUID, int]) -> dict[UUID, int]:
    whole = sum(asked.values())
    return {one: min(amount, target * amount // whole // step * step) for one, amount in asked.items()}


def by_the_fen(target: int, _step: int, asked: Mapping[UUID, int]) -> dict[UUID, int]:
    lots = {one.hex: amount for one, amount in asked.items()}
    return {UUID(hex=one): fen for one, fen in apportion(min(target, sum(asked.values())), lots).items()}


def first_come(target: int, _step: int, asked: Mapping[UUID, int]) -> dict[UUID, int]:
    given, left = {}, target
    for one, amount in asked.items():
        given[one] = min(amount, left)
        left -= given[one]
    return given


def all_to_the_greatest(target: int, step: int, asked: Mapping[UUID, int]) -> dict[UUID, int]:
    """Equal to all, then the rest to who asked for most: whoever that is."""
    given = cuts_off(target, step, asked)
    most = max(asked, key=lambda one: (asked[one], one))
    given[most] += min(target, sum(asked.values())) - sum(given.values())
    return given


UNFAIR = [
    (cuts_off, "come_to_the_target"), (by_the_fen, "nobody_gets_more_than_asked"), (first_come, "order_does_not_matter"),
    (all_to_the_greatest, "is_fair"),
]  # fmt: skip


@pytest.mark.parametrize(("defect", "law"), UNFAIR)
def test_each_law_of_shares_catches_a_planted_defect(defect: Allotter, law: str) -> None:
    try:
        find(PRO_RATA, lambda asked: not FAIR[law](defect, asked), settings=AS_FOUND)
    except NoSuchExample:
        pytest.fail(f"{law} does not notice {defect.__name__}")


def test_equal_remainders_are_decided_by_lot_and_not_by_who_came_first() -> None:
    """Of many raises with two who ask for as much, and one step too few: each of them gets it about as often."""
    first = [allot(150, 50, {UUID(int=2 * one): 100, UUID(int=2 * one + 1): 100})[UUID(int=2 * one)] for one in range(200)]
    assert 60 < first.count(100) < 140


# ---- what stands against it


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        (Asked(90, shanghai(FIRST, 8), 0, 0), WealthRefusal.NOT_OPEN_YET),
        (Asked(90, CLOSES, 0, 0), WealthRefusal.RAISE_OVER),
        (Asked(90, DURING, 0, 0), WealthRefusal.BELOW_MINIMUM),
        (Asked(451, DURING, 0, 0), WealthRefusal.NOT_IN_STEPS),
        (Asked(400, DURING, 50, 0), WealthRefusal.ABOVE_CAP),
        (Asked(400, DURING, 0, 399), WealthRefusal.NO_MONEY),
    ],
)
def test_what_stands_against_an_order_is_said_in_order(asked: Asked, code: WealthRefusal) -> None:
    answer = subscribe(RAISE, asked)
    assert isinstance(answer, Refusal)
    assert answer.code is code
    full = subscribe(replace(RAISE, sold=SMALL.target, full_at=DURING), asked)
    assert isinstance(full, Refusal)
    assert full.code is WealthRefusal.SOLD_OUT


@pytest.mark.parametrize(
    ("one", "at", "state", "code"),
    [
        (RAISE, DURING, State.SUBSCRIBED, None),
        (RAISE, shanghai(LAST) - timedelta(seconds=1), State.SUBSCRIBED, None),
        (RAISE, shanghai(LAST), State.SUBSCRIBED, WealthRefusal.LAST_DAY),
        (RAISE, CLOSES, State.SUBSCRIBED, WealthRefusal.RAISE_OVER),
        (RAISE, DURING, State.CANCELLED, WealthRefusal.ALREADY_CANCELLED),
        (replace(RAISE, full_at=DURING + timedelta(hours=1)), DURING, State.SUBSCRIBED, WealthRefusal.RAISE_OVER),
        (replace(RAISE, closed_at=DURING + timedelta(hours=1)), DURING, State.SUBSCRIBED, WealthRefusal.LAST_DAY),
        (replace(RAISE, ended=Ended.FORMED), DURING, State.ALLOTTED, WealthRefusal.RAISE_OVER),
    ],
)
def test_it_is_cancelled_until_the_last_day_and_never_once_it_is_full(
    one: Raise, at: datetime, state: State, code: WealthRefusal | None
) -> None:
    answer = cancel(one, state, at)
    assert (answer.code if answer else None) is code


def test_the_bank_closes_early_what_is_open() -> None:
    assert close_early(RAISE, DURING) is None
    for one, at in ((RAISE, shanghai(FIRST, 8)), (RAISE, CLOSES), (replace(RAISE, closed_at=DURING), DURING)):
        assert close_early(one, at) is not None
    over = subscribe(replace(RAISE, closed_at=DURING), Asked(400, DURING, 0, 400))
    assert isinstance(over, Refusal)
    assert over.code is WealthRefusal.RAISE_OVER


# ---- how it ends, and what it pays


@pytest.mark.parametrize(
    ("changes", "begins", "matures"),
    [
        ({}, date(2011, 5, 13), date(2011, 7, 14)),
        ({"full_at": shanghai(date(2011, 5, 6), 11)}, date(2011, 5, 7), date(2011, 7, 8)),
        ({"closed_at": shanghai(date(2011, 5, 6))}, date(2011, 5, 7), date(2011, 7, 8)),
    ],
)
def test_it_begins_on_the_day_after_the_raise(changes: dict[str, datetime], begins: date, matures: date) -> None:
    formed = replace(RAISE, sold=500, **changes)  # type: ignore[arg-type]  # names of instants
    assert ending(formed) == Ending(Ended.FORMED, begins, matures)
    assert ending(replace(formed, sold=499)) == Ending(Ended.FAILED, None, None)


def test_the_prospectus_gains_672_66() -> None:
    assert gain(100_000_00, PROSPECTUS.expected, PROSPECTUS.days) == 672_66


@pytest.mark.parametrize(
    ("principal", "rate", "days", "fen"),
    [(100_00, 36_500, 1, 1), (73_00, 25_000, 1, 1), (72_99, 25_000, 1, 0), (100_000_00, 41_000, 62, 696_44), (50_000_00, 0, 62, 0)],
)
def test_a_gain_is_of_actual_days_by_365_half_up(principal: int, rate: int, days: int, fen: int) -> None:
    """73.00 yuan at 2.5 % are 0.005 yuan a day."""
    assert gain(principal, rate, days) == fen


@pytest.mark.parametrize(
    ("amount", "days", "fen"), [(100_000_00, 8, 11_11), (100_000_00, 0, 0), (100_000_99, 8, 11_11), (90, 360, 0), (52_00, 10, 1)]
)
def test_the_raise_earns_the_demand_rate_on_whole_yuan(amount: int, days: int, fen: int) -> None:
    """At 0.50 %: 100,000 yuan over eight days are 11.1111."""
    assert raise_interest(amount, 5_000, days) == fen


def test_credit_comes_within_working_days_without_yield() -> None:
    """A Friday of the autumn holidays: three working days later lies a make-up Sunday."""
    calendar = Calendar({date(2011, 10, 3): True, date(2011, 10, 4): True, date(2011, 10, 8): False}, frozenset({2011}))
    assert [working_days_after(calendar, date(2011, 9, 30), within) for within in range(4)] == [
        date(2011, 9, 30), date(2011, 10, 5), date(2011, 10, 6), date(2011, 10, 7),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("days", "within", "on"),
    [
        (1, 0, date(2011, 10, 5)),  # matures on a Sunday of the holidays: the raise's own money goes back on the Wednesday
        (3, 0, date(2011, 10, 5)),  # on a holiday
        (4, 0, date(2011, 10, 5)),  # on that Wednesday
        (5, 0, date(2011, 10, 6)),
        (8, 0, date(2011, 10, 9)),  # on a Sunday, its raise's money long gone back
        (1, 1, date(2011, 10, 5)),
        (1, 3, date(2011, 10, 7)),
        (6, 2, date(2011, 10, 10)),  # a make-up Saturday is a working day
    ],
)
def test_nothing_is_credited_before_the_money_of_the_raise_is_back(days: int, within: int, on: date) -> None:
    """A raise that ended on a Friday before holidays."""
    calendar = Calendar({date(2011, 10, 3): True, date(2011, 10, 4): True, date(2011, 10, 8): False}, frozenset({2011}))
    back_on = working_days_after(calendar, date(2011, 9, 30), 1)
    assert credit_day(calendar, date(2011, 10, 1) + timedelta(days=days), within, back_on) == on


# ---- what a product may say


@pytest.mark.parametrize(
    ("risk", "day", "least"),
    [(1, FIRST, 50_000_00), (2, FIRST, 50_000_00), (3, FIRST, 100_000_00), (5, FIRST, 200_000_00), (5, date(2018, 9, 26), 10_000_00)],
)
def test_the_least_order_follows_from_risk_and_day(risk: int, day: date, least: int) -> None:
    assert least_minimum(risk, day) == least
    check(msgspec.structs.replace(PROSPECTUS, minimum=least), risk, day)
    with pytest.raises(BadInput, match="too little"):
        check(msgspec.structs.replace(PROSPECTUS, minimum=least - 1), risk, day)


@pytest.mark.parametrize(
    ("wrong", "where"),
    [
        ({"target": 49_999_99}, "minimum"), ({"least": 1_500_000_000_01}, "least"), ({"cap": 49_999_99}, "cap"),
        ({"expected": 0}, "expected"),
        ({"step": 0}, "step"), ({"allotment": Allotment.PRO_RATA, "step": 7_000_00}, "target"),
        ({"allotment": Allotment.PRO_RATA, "minimum": 55_000_00}, "minimum"),
    ],
)  # fmt: skip
def test_terms_by_which_nothing_could_be_sold_are_refused(wrong: dict[str, object], where: str) -> None:
    with pytest.raises(BadInput) as caught:
        check(msgspec.structs.replace(PROSPECTUS, **wrong), 2, FIRST)
    assert caught.value.where == where


def test_what_is_taken_pro_rata_is_what_was_asked_however_much_that_is() -> None:
    one = replace(RAISE, terms=msgspec.structs.replace(SMALL, allotment=Allotment.PRO_RATA), sold=5_000)
    assert subscribe(one, Asked(400, DURING, 0, 400)) == 400
    assert not fills(replace(one, sold=650), 400)
    assert raise_rules.ending(one).ended is Ended.FORMED
