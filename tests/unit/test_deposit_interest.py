"""What deposits earn, by worked examples: matched dates, the posted rates of 2010 to 2015, and every case of the demand rate."""

from collections.abc import Mapping
from datetime import date, timedelta
from fractions import Fraction
from uuid import UUID

import pytest

from tapwealth.deposits.deposit import posted
from tapwealth.deposits.interest import (
    Running,
    Segment,
    Termed,
    days_between,
    earned,
    matures_on,
    next_settlement,
)
from tapwealth.deposits.notice import DepositNoticeRefusal, GivenNotice, Layer, Rates, give, take
from tapwealth.deposits.product import ChartPart, ChartRate, Method, Notice, Term, rate_for
from tapwealth.kernel.refusal import Refusal
from tapwealth.sandbox.bank.deposit_terms import Form, PostedBody, RateBody, TermsBody

MATCHED, ACTUAL = Method.MATCHED_DATES, Method.ACTUAL_DAYS
DEMAND: Mapping[date, int] = {
    date(2010, 12, 26): 3_600,
    date(2011, 2, 9): 4_000,
    date(2011, 4, 6): 5_000,
    date(2011, 7, 7): 5_000,
    date(2012, 6, 8): 4_000,
    date(2012, 7, 6): 3_500,
    date(2014, 11, 22): 3_500,
    date(2015, 10, 24): 3_500,
}
"""The demand rates that the People's Bank published, millionths, by their first day."""
FIVE_YEARS = {date(2010, 12, 26): 45_500, date(2011, 2, 9): 50_000}
"""And those for five years."""


def demand_on(day: date) -> int:
    return DEMAND[max(first for first in DEMAND if first <= day)]


@pytest.mark.parametrize(
    ("first", "term", "last"),
    [
        (date(2014, 3, 31), Term.MONTHS_3, date(2014, 6, 30)),
        (date(2014, 11, 30), Term.MONTHS_3, date(2015, 2, 28)),
        (date(2015, 11, 30), Term.MONTHS_3, date(2016, 2, 29)),
        (date(2016, 2, 29), Term.YEAR, date(2017, 2, 28)),
        (date(2016, 2, 29), Term.YEARS_5, date(2021, 2, 28)),
        (date(2014, 12, 15), Term.MONTH, date(2015, 1, 15)),
        (date(2014, 8, 31), Term.MONTHS_18, date(2016, 2, 29)),
    ],
)
def test_a_term_ends_on_the_same_day_or_the_months_last(first: date, term: Term, last: date) -> None:
    assert matures_on(first, term) == last


@pytest.mark.parametrize(
    ("first", "last", "matched", "actual"),
    [
        (date(2014, 1, 31), date(2014, 2, 28), 30, 28),  # a whole month: the 31st's in February is its last
        (date(2014, 1, 31), date(2014, 3, 1), 31, 29),
        (date(2014, 3, 31), date(2014, 6, 30), 90, 91),
        (date(2015, 11, 30), date(2016, 2, 29), 90, 91),
        (date(2016, 2, 29), date(2017, 2, 28), 360, 365),
        (date(2016, 2, 29), date(2017, 3, 1), 361, 366),
        (date(2014, 3, 5), date(2014, 3, 5), 0, 0),
        (date(2014, 3, 5), date(2014, 3, 29), 24, 24),
    ],
)
def test_days_by_matched_dates_and_by_the_calendar(first: date, last: date, matched: int, actual: int) -> None:
    assert (days_between(MATCHED, first, last), days_between(ACTUAL, first, last)) == (matched, actual)


def test_money_earns_from_a_whole_yuan_and_halves_are_rounded_up() -> None:
    assert earned([Segment(99, 1_000_000, 360)]) == 0
    assert earned([Segment(1_99, 1_000_000, 360)]) == 1_00, "the 99 fen earn nothing"
    assert earned([Segment(100_00, 50, 360)]) == 1, "half a fen"
    assert earned([Segment(100_00, 49, 360)]) == 0


def test_of_several_rates_each_part_is_kept_to_the_li_and_their_sum_is_rounded() -> None:
    """0.96 and 0.55 fen: 0.9 and 0.5 are kept, which make 1, where 1.51 would make 2."""
    assert earned([Segment(100_00, 96, 360), Segment(100_00, 55, 360)]) == 1
    assert earned([Segment(100_00, 96, 360), Segment(100_00, 65, 360)]) == 2, "0.9 and 0.6 are half up"


# ---- five years from the day on which the rate was 4.55 %

DEPOSIT = Termed(100_000_00, date(2010, 12, 26), Term.YEARS_5, FIVE_YEARS[date(2010, 12, 26)], MATCHED)


def paid(amount: int, day: date) -> int:
    return earned(DEPOSIT.segments(amount, day, demand_on(day)))


def test_a_rate_that_changes_within_the_term_changes_nothing() -> None:
    assert paid(100_000_00, date(2015, 12, 26)) == 22_750_00


@pytest.mark.parametrize(
    ("day", "interest"),
    [
        (date(2011, 2, 8), 44_00),  # 44 days at 0.36 %
        (date(2011, 2, 9), 50_00),  # 45 days, all of them at the 0.40 % of that day
        (date(2011, 12, 26), 506_94),  # 365 days at 0.50 %: 506.944…
        (date(2012, 7, 6), 542_50),  # 558 days at 0.35 %
        (date(2015, 12, 25), 1_774_31),  # 1,825 days at 0.35 %: 1774.305…, the day before maturity
    ],
)
def test_what_is_taken_out_early_earns_the_demand_rate_of_that_day(day: date, interest: int) -> None:
    assert paid(100_000_00, day) == interest


def test_what_stays_keeps_its_rate() -> None:
    assert paid(40_000_00, date(2012, 7, 6)) == 217_00
    left = DEPOSIT._replace(principal=60_000_00)
    assert earned(left.segments(60_000_00, left.matures, demand_on(left.matures))) == 13_650_00


def test_overdue_days_earn_the_demand_rate_of_the_day_on_which_it_is_taken_out() -> None:
    """36 days at 0.35 % on the principal alone: 35.00."""
    assert paid(100_000_00, date(2016, 1, 31)) == 22_785_00


def test_a_renewed_deposit_begins_anew_with_what_it_earned_at_the_rate_of_that_day() -> None:
    year = Termed(10_000_00, date(2012, 7, 6), Term.YEAR, 30_000, MATCHED)
    assert year.renewed(27_500) == Termed(10_300_00, date(2013, 7, 6), Term.YEAR, 27_500, MATCHED)


def test_a_term_by_the_calendars_days() -> None:
    """2014-03-31 to 06-30 has 91 days, by matched dates 90."""
    quarter = Termed(10_000_00, date(2014, 3, 31), Term.MONTHS_3, 26_000, ACTUAL)
    assert earned(quarter.segments(10_000_00, quarter.matures, 3_500)) == 65_72
    matched = quarter._replace(method=MATCHED)
    assert earned(matched.segments(10_000_00, matched.matures, 3_500)) == 65_00


# ---- demand


def test_a_demand_deposit_earns_its_daily_balances_at_the_rate_of_the_day_of_settlement() -> None:
    """1,000.50 yuan for 10 days, 3,000.50 for 20, 500.50 for 62: (10,000 + 60,000 + 31,000) yuan-days x 0.35 % / 360 = 0.98."""
    account = Running(1_000_50, 0, date(2012, 12, 21))
    account = account.moved(2_000_00, date(2012, 12, 31)).moved(-2_500_00, date(2013, 1, 20))
    interest, after = account.settled(date(2013, 3, 23), 3_500)
    assert (interest, after) == (98, Running(500_50, 0, date(2013, 3, 23)))


def test_days_of_settlement_come_four_times_a_year() -> None:
    days = [date(2013, 12, 20)]
    while len(days) < 6:
        days.append(next_settlement(days[-1], 20))
    assert [f"{day:%y-%m-%d}" for day in days] == ["13-12-20", "14-03-20", "14-06-20", "14-09-20", "14-12-20", "15-03-20"]


# ---- at notice of seven days

SEVEN = Notice(7, 50_000_00, 50_000_00)
HELD = (Layer(200_000_00, date(2014, 3, 3)),)
POSTED = Rates(13_500, 3_500)
DAY = date(2014, 4, 2)
"""After 30 days: 100,000 yuan have earned 112.50 at the rate of the notice, and 29.17 at the demand rate."""


@pytest.mark.parametrize(
    ("amount", "notified", "interest"),
    [
        (100_000_00, 100_000_00, 112_50),
        (100_000_00, 0, 29_17),  # not notified, or for another day
        (150_000_00, 100_000_00, 112_50 + 14_58),  # 50,000 beyond it
        (100_000_00, 150_000_00, 112_50 + 14_58),  # 50,000 short of it
        (40_000_00, 40_000_00, 11_67),  # less than can be taken out at notice
    ],
)
def test_the_rate_of_the_notice_holds_only_for_what_was_notified_for_that_day(amount: int, notified: int, interest: int) -> None:
    assert take(SEVEN, HELD, amount, DAY, notified, POSTED).interest == interest


def test_money_that_lay_for_less_than_the_notice_earns_the_demand_rate() -> None:
    day = date(2014, 3, 9)
    assert take(SEVEN, HELD, 100_000_00, day, 100_000_00, POSTED).interest == 5_83


def test_what_falls_short_of_a_notice_stays_and_begins_anew() -> None:
    after = take(SEVEN, HELD, 100_000_00, DAY, 150_000_00, POSTED).layers
    assert after == (Layer(50_000_00, HELD[0].first), Layer(50_000_00, DAY))
    later = DAY + timedelta(days=7)
    assert take(SEVEN, after, 100_000_00, later, 100_000_00, POSTED).interest == 82_50
    """50,000 x 1.35 % x 37 / 360 = 69.375, and 50,000 x 1.35 % x 7 / 360 = 13.125: to the li, and then 82.50."""


def test_which_notices_may_be_given() -> None:
    first = give(SEVEN, 200_000_00, [], 100_000_00, DAY)
    assert first == DAY + timedelta(days=7)
    standing = [GivenNotice(1, UUID(int=1), UUID(int=2), 100_000_00, DAY, DAY + timedelta(days=7))]
    tomorrow = DAY + timedelta(days=1)
    refused = {
        DepositNoticeRefusal.DAY_TAKEN: give(SEVEN, 200_000_00, standing, 50_000_00, DAY),
        DepositNoticeRefusal.TOO_LITTLE: give(SEVEN, 200_000_00, standing, 49_999_99, tomorrow),
        DepositNoticeRefusal.MORE_THAN_FREE: give(SEVEN, 200_000_00, standing, 100_000_01, tomorrow),
        DepositNoticeRefusal.LEAVES_TOO_LITTLE: give(SEVEN, 200_000_00, standing, 50_000_01, tomorrow),
    }
    for code, said in refused.items():
        assert isinstance(said, Refusal), code
        assert said.code is code
    drawn_below = give(SEVEN, 90_000_00, standing, 50_000_00, tomorrow)
    assert isinstance(drawn_below, Refusal)
    assert drawn_below.text.startswith("0.00 yuan are not under notice")
    assert give(SEVEN, 200_000_00, standing, 100_000_00, tomorrow) == tomorrow + timedelta(days=7)


def test_the_rate_is_that_of_the_amount_from_the_fen_on_which_it_begins() -> None:
    rates = [ChartRate(28_500, Term.YEAR), ChartRate(30_000, Term.YEAR, 100_000_00), ChartRate(32_500, Term.YEARS_2)]
    chart = [ChartPart(first=DAY, rates=rates)]
    found = [rate_for(chart, DAY, Term.YEAR, amount) for amount in (1_00, 99_999_99, 100_000_00, 500_000_00)]
    assert found == [28_500, 28_500, 30_000, 30_000]
    assert rate_for(chart, DAY, Term.MONTHS_3, 1_00) is None
    assert rate_for(chart, DAY - timedelta(days=1), Term.YEAR, 1_00) is None


def test_money_that_lay_too_short_for_its_notice_is_not_begun_anew_by_it() -> None:
    young = (Layer(200_000_00, DAY - timedelta(days=3)),)
    assert take(SEVEN, young, 100_000_00, DAY, 150_000_00, POSTED).layers == (Layer(100_000_00, DAY - timedelta(days=3)),)


@pytest.mark.parametrize(("amount", "rate"), [(1, 3_500), (49_99, 3_500), (50_00, 3_500), (99_999_99, 3_500), (100_000_00, 4_000)])
def test_less_than_the_least_amount_of_a_demand_chart_earns_as_that(amount: int, rate: int) -> None:
    """A part that is taken out early may be less than a demand deposit's least: here and at the bank."""
    rows = [ChartRate(3_500, from_amount=50_00), ChartRate(4_000, from_amount=100_000_00)]
    assert posted([ChartPart(date(2014, 1, 1), rows)], date(2014, 3, 1), amount) == rate
    terms = TermsBody("DEM", Form.DEMAND, [PostedBody(date(2014, 1, 1), [RateBody("0.35", "", 50_00), RateBody("0.40", "", 100_000_00)])])
    assert terms.rate(date(2014, 3, 1), amount) == Fraction(rate, 1_000_000)
    assert (
        TermsBody("FIX", Form.FIXED_TERM, [PostedBody(date(2014, 1, 1), [RateBody("2.60", "3m", 50_00)])]).rate(
            date(2014, 3, 1), 49_99, "3m"
        )
        is None
    )
