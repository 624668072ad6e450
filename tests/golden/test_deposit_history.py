"""A deposit of five years under the rates that the People's Bank published, with every way of taking it out, by table.

100,000.00 yuan from 2010-12-26 at 4.55 % to 2015-12-26. Each figure was worked out by hand from the regulation: days x rate / 360 of whole
yuan, half up; two rates each to the li, then their sum.
"""

import csv
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from tapwealth.deposits.deposit import (
    AtMaturity,
    Buyer,
    Deposit,
    DepositRefusal,
    DepositState,
    FormKind,
    Opening,
    Renewal,
    WhenDue,
    Wish,
    Withdrawal,
    fall_due,
    open_deposit,
    posted,
    renewed_at,
    withdraw,
)
from tapwealth.deposits.product import ChartPart, ChartRate, Demand, DepositParameters, EarlyWithdrawal, FixedTerm, Method, Term, check
from tapwealth.kernel.refusal import Refusal
from tapwealth.kernel.units import Unit, read_in

TERMS = [Term.MONTHS_3, Term.MONTHS_6, Term.YEAR, Term.YEARS_2, Term.YEARS_3, Term.YEARS_5]
FIRST, DUE = date(2010, 12, 26), date(2015, 12, 26)
RICH = Buyer(10**12, None)


def history() -> list[dict[str, str]]:
    path = Path(__file__).parent / "deposits" / "benchmark_rates.csv"
    return list(csv.DictReader(line for line in path.read_text("utf-8").splitlines() if not line.startswith("#")))


def chart(columns: list[tuple[str, Term | None]]) -> list[ChartPart]:
    """A part for each notice, up to the day before the next; where no rate is published the last one goes on."""
    rows, parts, last = history(), [], dict[str, str]()
    for row, after in zip(rows, [*rows[1:], None], strict=True):
        last = {name: row[name] or last[name] for name, _ in columns}
        rates = [ChartRate(read_in(Unit.PERCENT, last[name], where=name), term) for name, term in columns]
        until = date.fromisoformat(after["effective"]) - timedelta(days=1) if after else None
        parts.append(ChartPart(date.fromisoformat(row["effective"]), rates, until))
    return parts


DEMAND = chart([("demand", None)])


def product(early: EarlyWithdrawal = EarlyWithdrawal.IN_PART, method: Method = Method.MATCHED_DATES) -> DepositParameters:
    form = FixedTerm(TERMS, method, early, renews=True)
    said = DepositParameters(
        bank="313100000013", form=form, minimum=50_00, demand="DEMAND", chart=chart([(term.value, term) for term in TERMS])
    )
    check(said)
    return said


def opened(day: date = FIRST, term: Term = Term.YEARS_5, wish: AtMaturity = AtMaturity.KEEP, amount: int = 100_000_00) -> Deposit:
    made = open_deposit(Wish(amount, term, wish, None, ["terms"]), product(), RICH, day)
    assert isinstance(made, Opening), made
    at = datetime(day.year, day.month, day.day, tzinfo=UTC)
    named = (1, UUID(int=1), UUID(int=2), "DEP-1", "FIXED", 1, FormKind.FIXED_TERM, 3)
    return Deposit(*named, amount, made.rate, day, day, at, term=term, due=made.due, at_maturity=wish)


def taken(one: Deposit, amount: int | None, day: date, said: DepositParameters | None = None) -> Withdrawal:
    made = withdraw(one, said or product(), amount, day, posted(DEMAND, day, one.balance))
    assert isinstance(made, Withdrawal), made
    return made


def test_the_rates_of_each_day_are_those_that_were_posted() -> None:
    """On the day of a notice the new ones, on the day before it the former ones."""
    check(DepositParameters(bank="313100000013", form=Demand(), minimum=1_00, chart=DEMAND))
    found = {
        str(day): (opened(day).rate, posted(DEMAND, day, 1_00))
        for part in DEMAND
        for day in (part.first - timedelta(days=1), part.first)
        if day >= DEMAND[0].first
    }
    assert found == {
        "2010-10-20": (42_000, 3_600), "2010-12-25": (42_000, 3_600), "2010-12-26": (45_500, 3_600), "2011-02-08": (45_500, 3_600),
        "2011-02-09": (50_000, 4_000), "2011-04-05": (50_000, 4_000), "2011-04-06": (52_500, 5_000), "2011-07-06": (52_500, 5_000),
        "2011-07-07": (55_000, 5_000), "2012-06-07": (55_000, 5_000), "2012-06-08": (51_000, 4_000), "2012-07-05": (51_000, 4_000),
        "2012-07-06": (47_500, 3_500), "2014-11-21": (47_500, 3_500), "2014-11-22": (47_500, 3_500), "2015-02-28": (47_500, 3_500),
        "2015-03-01": (47_500, 3_500), "2015-05-10": (47_500, 3_500), "2015-05-11": (47_500, 3_500), "2015-06-27": (47_500, 3_500),
        "2015-06-28": (47_500, 3_500), "2015-08-25": (47_500, 3_500), "2015-08-26": (47_500, 3_500), "2015-10-23": (47_500, 3_500),
        "2015-10-24": (47_500, 3_500),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("day", "interest", "worked"),
    [
        (FIRST, 0, "taken out on the first day"),
        (date(2010, 12, 27), 1_00, "100,000 x 0.36 % x 1 / 360"),
        (date(2011, 2, 8), 44_00, "x 0.36 % x 44 / 360"),
        (date(2011, 2, 9), 50_00, "x 0.40 % x 45 / 360: all days at the rate of the day"),
        (date(2011, 7, 7), 268_06, "x 0.50 % x 193 / 360 = 268.055…"),
        (date(2012, 6, 7), 734_72, "x 0.50 % x 529 / 360 = 734.722…"),
        (date(2012, 7, 6), 542_50, "x 0.35 % x 558 / 360"),
        (date(2015, 12, 25), 1_774_31, "x 0.35 % x 1,825 / 360 = 1,774.305…"),
        (DUE, 22_750_00, "100,000 x 4.55 % x 1,800 / 360"),
        (date(2015, 12, 27), 22_750_97, "and 100,000 x 0.35 % x 1 / 360 = 0.972"),
        (date(2016, 2, 29), 22_813_19, "and x 65 / 360 = 63.194, whatever the leap year"),
    ],
)
def test_all_of_it_is_taken_out_on_a_day(day: date, interest: int, worked: str) -> None:
    made = taken(opened(), None, day)
    assert (made.principal, made.interest, made.early) == (100_000_00, interest, day < DUE), worked
    assert (made.after.balance, made.after.state, made.after.closed_on) == (0, DepositState.CLOSED, day)


def test_parts_of_it_are_taken_out_under_three_demand_rates_and_the_rest_keeps_its_own() -> None:
    """20,000 x 0.36 % x 44; 30,000.60 x 0.50 % x 193 (of 30,000); 10,000 x 0.35 % x 1,099; 39,999.40 at 4.55 % for all five years."""
    one, paid = opened(), []
    for amount, day in ((20_000_00, date(2011, 2, 8)), (30_000_60, date(2011, 7, 7)), (10_000_00, date(2013, 12, 29))):
        made = taken(one, amount, day)
        one = made.after
        paid.append((made.interest, one.balance, one.rate, one.due))
    assert paid == [(8_80, 80_000_00, 45_500, DUE), (80_42, 49_999_40, 45_500, DUE), (106_85, 39_999_40, 45_500, DUE)]
    last = taken(one, None, DUE)
    assert (last.principal, last.interest) == (39_999_40, 9_099_77)


def test_what_may_not_be_taken_out_is_not_and_leaves_it_as_it_was() -> None:
    one, early = opened(), date(2012, 1, 1)
    cases = [
        (EarlyWithdrawal.NOTHING, 1_00, early, DepositRefusal.NOT_BEFORE_MATURITY),
        (EarlyWithdrawal.NOTHING, None, early, DepositRefusal.NOT_BEFORE_MATURITY),
        (EarlyWithdrawal.WHOLE, 99_999_99, early, DepositRefusal.ONLY_WHOLE),
        (EarlyWithdrawal.IN_PART, 100_000_01, early, DepositRefusal.MORE_THAN_THERE_IS),
        (EarlyWithdrawal.IN_PART, 99_950_01, early, DepositRefusal.LEAVES_TOO_LITTLE),
        (EarlyWithdrawal.NOTHING, 99_950_01, DUE, DepositRefusal.LEAVES_TOO_LITTLE),
    ]
    for early_rule, amount, day, refused in cases:
        made = withdraw(one, product(early_rule), amount, day, 3_500)
        assert isinstance(made, Refusal)
        assert made.code is refused
    assert taken(one, 99_950_00, early).after.balance == 50_00
    assert taken(one, 40_000_00, DUE, product(EarlyWithdrawal.NOTHING)).interest == 9_100_00


def test_it_is_renewed_year_by_year_at_the_rate_of_each_due_day() -> None:
    """10,000.00 for a year from 2010-12-26: 2.75, 3.50, 3.00, 3.00, 2.75 and 1.50 percent, each on whole yuan with the interest before."""
    one, went = opened(term=Term.YEAR, wish=AtMaturity.RENEW, amount=10_000_00), []
    for _ in range(5):
        rate = renewed_at(one, product().form, product())
        assert rate is not None
        fallen = fall_due(one, product().form, Renewal(1, rate))
        assert fallen.kind is WhenDue.RENEWED
        went.append((str(one.due), fallen.interest, fallen.after.balance, fallen.after.rate))
        one = fallen.after
    assert went == [
        ("2011-12-26", 275_00, 10_275_00, 35_000),
        ("2012-12-26", 359_63, 10_634_63, 30_000),  # 10,275 x 3.5 % = 359.625
        ("2013-12-26", 319_02, 10_953_65, 30_000),  # 10,634 x 3 %
        ("2014-12-26", 328_59, 11_282_24, 27_500),  # 10,953 x 3 %
        ("2015-12-26", 310_26, 11_592_50, 15_000),  # 11,282 x 2.75 % = 310.255
    ]


@pytest.mark.parametrize(
    ("first", "term", "due", "interest"),
    [
        (date(2011, 11, 30), Term.MONTHS_3, date(2012, 2, 29), 77_50),
        (date(2012, 11, 30), Term.MONTHS_3, date(2013, 2, 28), 65_00),
        (date(2012, 2, 29), Term.YEAR, date(2013, 2, 28), 350_00),
        (date(2011, 8, 31), Term.MONTHS_6, date(2012, 2, 29), 165_00),
        (date(2012, 3, 31), Term.MONTHS_3, date(2012, 6, 30), 77_50),
    ],
)
def test_months_end_where_they_end_and_count_thirty_days(first: date, term: Term, due: date, interest: int) -> None:
    one = opened(first, term, AtMaturity.PAY, 10_000_00)
    fallen = fall_due(one, product().form, None)
    assert (one.due, fallen.kind, fallen.interest) == (due, WhenDue.MATURED, interest)


def test_actual_days_count_each_day_and_a_leap_day_too() -> None:
    """10,000 x 3.10 % x 91 / 360 from 2011-11-30 to 2012-02-29, where matched dates give 77.50."""
    one = opened(date(2011, 11, 30), Term.MONTHS_3, AtMaturity.PAY, 10_000_00)
    assert fall_due(one, product(method=Method.ACTUAL_DAYS).form, None).interest == 78_36
