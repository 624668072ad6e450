"""Premiums against published figures, refunds to the fen, a policy's life, the bordereau."""

from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction
from itertools import product
from uuid import UUID

import pytest
from bill_town import bordereau
from policy_files import ACCIDENT_FILE, TERM_LIFE_FILE, offered

from tapwealth.insurance.bordereau import BordereauEvent, BordereauLine, digest_of, read_bordereau
from tapwealth.insurance.mortality import Sex, death_rates
from tapwealth.insurance.policy import (
    Policy,
    PolicyEvent,
    PolicyRefusal,
    PolicyState,
    cancel_in_free_look,
    cover_of,
    every_of,
    free_look_until,
    next_state,
    period_begins,
    refund_of,
    unearned_premium,
)
from tapwealth.insurance.premium import Insured, QuoteRefusal, gross, net_rate, premium_of
from tapwealth.insurance.product import LEAST_SUM, MOST_INTEREST, OccupationClass, Product
from tapwealth.kernel.money import half_up
from tapwealth.kernel.refusal import BadInput, Refusal
from tapwealth.kernel.units import WHOLE

PER_100_000 = 10_000_000
ACCIDENT_ONE_YEAR, TERM_LIFE_TWENTY = offered(ACCIDENT_FILE), offered(TERM_LIFE_FILE)


@pytest.mark.parametrize(
    ("sex", "age", "interest", "premiums"),
    [
        (Sex.MALE, 30, Fraction(25, 1000), [7776, 10623, 16875]),
        (Sex.MALE, 30, Fraction(35, 1000), [7700, 10460, 16262]),
        (Sex.FEMALE, 30, Fraction(25, 1000), [3317, 4396, 7179]),
        (Sex.FEMALE, 30, Fraction(35, 1000), [3285, 4329, 6911]),
        (Sex.MALE, 40, Fraction(25, 1000), [16107, 25009, 39612]),
    ],
)
def test_net_level_premiums_for_1_10_20_years(sex: Sex, age: int, interest: Fraction, premiums: list[int]) -> None:
    assert [half_up(PER_100_000 * net_rate(sex, age, years, interest)) for years in (1, 10, 20)] == premiums


def test_the_life_table_is_whole() -> None:
    for rates in death_rates().values():
        assert len(rates) == 106
        assert rates[-1] == 1
        assert all(0 < rate <= 1 for rate in rates)
        assert list(rates[30:]) == sorted(rates[30:])


def test_the_equivalence_principle_holds_exactly() -> None:
    """Premiums in, benefits out: a fund of 20 years run year by year ends at nothing."""
    rates, interest = death_rates()[Sex.MALE], Fraction(25, 1000)
    premium, fund, alive = net_rate(Sex.MALE, 30, 20, interest), Fraction(0), Fraction(1)
    for q in rates[30:50]:
        fund = (fund + premium * alive) * (1 + interest) - alive * q
        alive *= 1 - q
    assert fund == 0


def test_gross_is_net_and_loading() -> None:
    premium = gross(Fraction(7500), Fraction(25, 100))
    assert premium == 10_000
    assert premium * Fraction(75, 100) == 7500


def insured(age: int, sex: Sex = Sex.MALE, occupation: OccupationClass = OccupationClass.ONE) -> Insured:
    return Insured(sex, age, occupation)


def test_accident_premiums_by_occupation() -> None:
    assert [premium_of(ACCIDENT_ONE_YEAR, insured(30, occupation=one)) for one in (OccupationClass.ONE, OccupationClass.TWO)] == [
        76_000,
        96_000,
    ]


def test_term_life_premiums() -> None:
    assert premium_of(TERM_LIFE_TWENTY, insured(30)) == half_up(Fraction(PER_100_000) * net_rate(Sex.MALE, 30, 20, Fraction(1, 40)) * 4 / 3)
    assert premium_of(TERM_LIFE_TWENTY, insured(30)) == 22_500
    assert premium_of(TERM_LIFE_TWENTY, insured(30, Sex.FEMALE)) == 9_572


def test_an_occupation_without_a_premium_is_not_covered() -> None:
    refused = premium_of(ACCIDENT_ONE_YEAR, insured(30, occupation=OccupationClass.THREE))
    assert isinstance(refused, Refusal)
    assert refused.code is QuoteRefusal.OCCUPATION_NOT_COVERED


@pytest.mark.parametrize(("day", "fen"), [(date(2013, 12, 31), None), (date(2014, 6, 30), 76_000), (date(2014, 7, 1), 80_000)])
def test_the_price_is_that_of_its_day(day: date, fen: int | None) -> None:
    text = ACCIDENT_FILE.replace(
        "2014-01-01, value: 760.00}", "2014-01-01, until: 2014-06-30, value: 760.00}\n  - {from: 2014-07-01, value: 800.00}"
    )
    premium = premium_of(offered(text, day), insured(30))
    if fen is None:
        assert isinstance(premium, Refusal)
        assert premium.code is QuoteRefusal.NO_PRICE
    else:
        assert premium == fen


@pytest.mark.parametrize("sex", Sex)
def test_within_what_a_definition_may_say_no_term_life_is_for_nothing(sex: Sex) -> None:
    interest = Fraction(MOST_INTEREST, WHOLE)
    assert min(half_up(LEAST_SUM * net_rate(sex, age, years, interest)) for age in range(50) for years in (1, 20, 50)) > 0


FROM = date(2014, 2, 27)


ISSUED = date(2014, 2, 26)


def policy(of: Product, premium: int, state: PolicyState = PolicyState.IN_FORCE) -> Policy:
    to_day, paid_until = cover_of(of, FROM)
    return Policy(UUID(int=1), 1, UUID(int=2), of.code, of.version, premium, FROM, to_day, paid_until, ISSUED, state, "PL1", ISSUED)


ACCIDENT, LIFE = policy(ACCIDENT_ONE_YEAR, 76_000), policy(TERM_LIFE_TWENTY, 22_500)


def test_cover_runs_to_the_same_day_of_a_later_year() -> None:
    assert (ACCIDENT.to_day, ACCIDENT.paid_until) == (date(2015, 2, 27), date(2015, 2, 27))
    assert (LIFE.to_day, LIFE.paid_until) == (date(2034, 2, 27), date(2015, 2, 27))
    assert cover_of(TERM_LIFE_TWENTY, date(2016, 2, 29)) == (date(2036, 2, 29), date(2017, 3, 1))


@pytest.mark.parametrize(
    ("on", "fen"),
    [
        (date(2014, 2, 26), 76_000),
        (date(2014, 2, 27), 75_792),
        (date(2014, 3, 1), 75_375),
        (date(2014, 8, 28), 37_896),
        (date(2015, 2, 25), 208),
        (date(2015, 2, 26), 0),
        (date(2016, 1, 1), 0),
    ],
)
def test_the_unearned_part_by_days_left(on: date, fen: int) -> None:
    assert unearned_premium(ACCIDENT_ONE_YEAR, ACCIDENT, on) == fen
    left = max((date(2015, 2, 26) - max(on, date(2014, 2, 26))).days, 0)
    assert fen == half_up(Fraction(76_000 * left, 365)), "premium × days left / 365"


def test_the_unearned_part_never_rises_with_time() -> None:
    refunds = [unearned_premium(ACCIDENT_ONE_YEAR, ACCIDENT, FROM + timedelta(days=n)) for n in range(-3, 370)]
    assert refunds == sorted(refunds, reverse=True)


def test_the_cancellation_rule_is_the_product_s() -> None:
    other = offered(ACCIDENT_FILE.replace("cancellation: unearned", "cancellation: unearned_less_loading"))
    assert unearned_premium(other, ACCIDENT, date(2014, 2, 27)) == half_up(Fraction(76_000 * 364 * 65, 365 * 100))
    leap = replace(ACCIDENT, from_day=date(2015, 3, 1), to_day=date(2016, 3, 1), paid_until=date(2016, 3, 1))
    assert unearned_premium(other, leap, date(2015, 3, 1)) == half_up(Fraction(76_000 * 365 * 65, 366 * 100)), "its own number of days"


def test_a_trip_is_paid_for_as_a_whole() -> None:
    trip = offered(ACCIDENT_FILE.replace("{of: accident}", "{of: accident, days: 10}"))
    assert cover_of(trip, FROM) == (date(2014, 3, 9), date(2014, 3, 9))
    of_it = policy(trip, 5_000)
    refunds = [unearned_premium(trip, of_it, FROM + timedelta(days=n)) for n in range(-1, 11)]
    assert refunds == [5_000, *range(4_500, -1, -500), 0]


def test_free_look_of_a_long_policy() -> None:
    until = free_look_until(TERM_LIFE_TWENTY, date(2014, 2, 26))
    assert until == date(2014, 3, 13)
    assert cancel_in_free_look(TERM_LIFE_TWENTY, LIFE, until) == 21_500
    late = cancel_in_free_look(TERM_LIFE_TWENTY, LIFE, until + timedelta(days=1))
    assert isinstance(late, Refusal)
    assert late.code is PolicyRefusal.FREE_LOOK_OVER
    assert refund_of(TERM_LIFE_TWENTY, LIFE, until) == 21_500
    told_late = replace(LIFE, received_on=date(2014, 3, 1))
    assert refund_of(TERM_LIFE_TWENTY, told_late, until + timedelta(days=3)) == 21_500, "it counts from when its policyholder had it"
    assert refund_of(TERM_LIFE_TWENTY, LIFE, until + timedelta(days=1)) == half_up(Fraction(22_500 * 349, 365))


@pytest.mark.parametrize(
    ("said", "paid_until", "premium"),
    [
        ("every: month", date(2014, 3, 27), 1_875),
        ("every: month\n  instalment: 8.8", date(2014, 3, 27), 1_980),
        ("every: quarter", date(2014, 5, 27), 5_625),
        ("every: quarter\n  instalment: 26.2", date(2014, 5, 27), 5_895),
    ],
)
def test_a_premium_may_be_an_instalment_of_a_year_s(said: str, paid_until: date, premium: int) -> None:
    """Of 225.00 a year for a man of 30."""
    life = offered(TERM_LIFE_FILE.replace("  loading: 25", f"  loading: 25\n  {said}"))
    assert premium_of(life, Insured(Sex.MALE, 30, OccupationClass.ONE)) == premium
    assert cover_of(life, FROM) == (LIFE.to_day, paid_until)
    assert every_of(FROM, LIFE.to_day, paid_until) is life.terms.every
    one = policy(life, premium)
    half = FROM + (paid_until - FROM) // 2 - timedelta(days=1)
    left = Fraction((paid_until - half).days - 1, (paid_until - FROM).days)
    assert unearned_premium(life, one, half) == half_up(premium * left)
    two = replace(one, paid_until=period_begins(life.terms.every, FROM, 2))
    assert unearned_premium(life, two, half) == half_up(premium * (1 + left))
    assert cancel_in_free_look(life, two, date(2014, 3, 13)) == 2 * premium - 1_000


def test_a_year_s_policy_has_no_free_look() -> None:
    refused = cancel_in_free_look(ACCIDENT_ONE_YEAR, ACCIDENT, date(2014, 2, 26))
    assert isinstance(refused, Refusal)
    assert refused.code is PolicyRefusal.NO_FREE_LOOK
    assert refund_of(ACCIDENT_ONE_YEAR, ACCIDENT, date(2014, 3, 1)) == 75_375


def test_the_small_cost_never_makes_a_refund_negative() -> None:
    assert cancel_in_free_look(TERM_LIFE_TWENTY, replace(LIFE, premium=999), date(2014, 2, 27)) == 0


def test_what_is_over_brings_nothing_back() -> None:
    for state, code in ((PolicyState.CANCELLED, PolicyRefusal.OVER), (PolicyState.QUOTED, PolicyRefusal.NOT_ISSUED)):
        refused = refund_of(ACCIDENT_ONE_YEAR, replace(ACCIDENT, state=state), FROM)
        assert isinstance(refused, Refusal)
        assert refused.code is code


S, E = PolicyState, PolicyEvent
OVER = {S.LAPSED, S.CANCELLED, S.EXPIRED, S.CLAIMED}


@pytest.mark.parametrize(("state", "event"), list(product(PolicyState, PolicyEvent)))
def test_every_pair_of_state_and_event_is_decided(state: PolicyState, event: PolicyEvent) -> None:
    after = next_state(state, event)
    assert isinstance(after, PolicyState | Refusal)
    if state in OVER:
        assert isinstance(after, Refusal)
        assert after.code is PolicyRefusal.OVER
    if state is S.QUOTED and event not in (E.ISSUE, E.REFUSE):
        assert isinstance(after, Refusal)


@pytest.mark.parametrize(
    ("events", "end"),
    [
        ([E.ISSUE, E.BEGIN, E.CANCEL], S.CANCELLED),
        ([E.ISSUE, E.ISSUE, E.CANCEL], S.CANCELLED),
        ([E.REFUSE], S.CANCELLED),
        ([E.ISSUE, E.BEGIN, E.SUSPEND, E.REINSTATE, E.EXPIRE], S.EXPIRED),
        ([E.ISSUE, E.BEGIN, E.SUSPEND, E.LAPSE], S.LAPSED),
        ([E.ISSUE, E.BEGIN, E.CLAIM], S.CLAIMED),
        ([E.ISSUE, E.BEGIN, E.SUSPEND, E.CLAIM], S.CLAIMED),
    ],
)
def test_ways_through(events: list[PolicyEvent], end: PolicyState) -> None:
    state = S.QUOTED
    for event in events:
        after = next_state(state, event)
        assert isinstance(after, PolicyState)
        state = after
    assert state is end


CSV = bordereau([("c1", "PL1", "cancelled", 75_000), ("p1", "PL1", "issued", 76_000)]).decode()
HASH = CSV.rsplit(",", 2)[1]


def test_a_bordereau_is_read() -> None:
    assert read_bordereau(CSV.encode()) == (
        BordereauLine("c1", "PL1", BordereauEvent.CANCELLED, 75_000),
        BordereauLine("p1", "PL1", BordereauEvent.ISSUED, 76_000),
    )
    for text in (CSV.replace("\r\n", "\n").encode(), CSV.encode("utf-8-sig")):
        again = text.replace(HASH.encode(), digest_of(text).encode())
        assert read_bordereau(again) == read_bordereau(CSV.encode())


def test_only_an_endorsement_gives_back() -> None:
    told = [("e1", "PL1", "endorsed", -2_500), ("p2", "PL1", "premium", 76_000), ("x1", "PL2", "lapsed", 0)]
    assert [line.amount for line in read_bordereau(bordereau(told))] == [-2_500, 76_000, 0]
    with pytest.raises(BadInput, match="bordereau line 2 amount: '-1' is not a whole number from 0"):
        read_bordereau(bordereau([("p1", "PL1", "premium", -1)]))


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", "the header or the end line is missing"),
        (CSV[:50], "the header or the end line is missing"),
        (CSV[: CSV.index("END")], "the header or the end line is missing"),
        (CSV.replace("amount", "sum"), "the header or the end line is missing"),
        (CSV.replace("END,2", "END,3"), "it counts 3 events, but there are 2"),
        (CSV.replace("151000", "151001"), "it says 151001 fen, but the events sum to 151000"),
        (CSV.replace(f",{HASH},151000", ""), "2 fields instead of 4"),
        (CSV.replace("75000", "750.00"), "bordereau line 2 amount: '750.00' is not a whole number"),
        (CSV.replace("75000", "-1"), "bordereau line 2 amount"),
        (CSV.replace("cancelled", "sold"), "bordereau line 2 event: 'sold' is no event"),
        (CSV.replace("c1,", ""), "bordereau line 2: 3 fields"),
        (CSV.replace("c1,", '"c1,'), "not a CSV file"),
        (CSV.replace("PL1", "PL2", 1), "its hash is not that of its content"),
        (CSV.replace(HASH, HASH.upper()), "its hash is not that of its content"),
    ],
)
def test_a_wrong_bordereau_is_refused_with_its_line(text: str, line: str) -> None:
    with pytest.raises(BadInput) as refused:
        read_bordereau(text.encode())
    assert line in str(refused.value)
    assert "\n" not in str(refused.value)


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(BadInput, match="bordereau byte 0: not UTF-8"):
        read_bordereau(b"\xff")
