"""A day's income: the fund's sum, each holder's share, and the yield that is published, against the real history."""

import csv
from collections.abc import Callable
from datetime import date
from fractions import Fraction
from functools import cache
from itertools import permutations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from real_files import HISTORY_FILE

from tapwealth.funds.income import INCOME_SCALE, Account, day_income, distribute
from tapwealth.funds.seven_day_yield import YieldCheck, check_file, compound_yield, simple_yield
from tapwealth.kernel.money import half_up
from tapwealth.kernel.refusal import BadInput
from tapwealth.sandbox.registrar.income import fund_income, shares
from tapwealth.sandbox.registrar.rates import rates
from tapwealth.sandbox.registrar.register import Holder, Holding

ACCOUNTS = st.tuples(st.text("0123", min_size=1, max_size=2), st.text("01", min_size=1, max_size=2))
REGISTERS = st.dictionaries(ACCOUNTS, st.integers(0, 10**12), max_size=12)
INCOMES = st.integers(-99_999_999, 99_999_999)


def test_by_hand() -> None:
    """1.5787 yuan per 10,000 units: 54 yuan earn 0.852498 fen, 60 earn 0.94722 fen, together 1.799718, which is 2 fen."""
    holdings = {("2", "a"): 5400, ("1", "b"): 6000}
    assert day_income(15787, 11400) == 2
    assert distribute(15787, holdings) == {("2", "a"): 1, ("1", "b"): 1}
    assert distribute(15787, {("2", "a"): 5400, ("1", "b"): 6000, ("1", "a"): 100}) == {("2", "a"): 1, ("1", "b"): 1, ("1", "a"): 0}


def test_equal_remainders_go_by_account() -> None:
    """Three with 0.5 fen each: the sum is 1.5, half-up 2, so the first two accounts get one."""
    for order in permutations([("1", "b"), ("2", "a"), ("1", "a")]):
        assert distribute(10_000, dict.fromkeys(order, 5000)) == {("1", "a"): 1, ("1", "b"): 1, ("2", "a"): 0}


def test_a_negative_day() -> None:
    assert day_income(-15787, 11400) == -2
    assert distribute(-15787, {("2", "a"): 5400, ("1", "b"): 6000}) == {("2", "a"): -1, ("1", "b"): -1}


def test_nobody_and_nothing() -> None:
    assert distribute(15787, {}) == {}
    assert distribute(0, {("1", "1"): 100}) == {("1", "1"): 0}


@given(REGISTERS, INCOMES)
def test_the_shares_are_the_sum_and_fair(holdings: dict[Account, int], income: int) -> None:
    given_out = distribute(income, holdings)
    exact = {account: Fraction(income * units, INCOME_SCALE) for account, units in holdings.items()}
    assert sum(given_out.values()) == day_income(income, sum(holdings.values())) == half_up(sum(exact.values(), start=Fraction(0)))
    assert all(abs(share - exact[account]) < 1 for account, share in given_out.items())
    order = sorted(holdings, key=lambda account: (-(abs(exact[account]) % 1), account))
    got_more = [abs(given_out[account]) > abs(exact[account]) for account in order]
    assert got_more == sorted(got_more, reverse=True)


@given(REGISTERS, INCOMES, st.randoms(use_true_random=False))
def test_the_order_of_holders_does_not_matter(holdings: dict[Account, int], income: int, chance: object) -> None:
    shuffled = list(holdings.items())
    chance.shuffle(shuffled)
    assert distribute(income, dict(shuffled)) == distribute(income, holdings)


@given(REGISTERS, st.integers(0, 99_999_999))
def test_the_registrar_reckons_the_same_in_its_own_way(holdings: dict[Account, int], income: int) -> None:
    register = [Holding(Holder(*account, "T01"), units, "") for account, units in holdings.items()]
    assert fund_income(income, sum(holdings.values())) == day_income(income, sum(holdings.values()))
    assert {holder.ta_account + "/" + holder.trading_account: share for holder, share in shares(income, register)} == {
        "/".join(account): share for account, share in distribute(income, holdings).items()
    }


def test_the_real_history_by_truncation_alone() -> None:
    """What a holder comes to over all 427 days if no remainder is handed out: figures recomputed from the published history."""
    ends = {5400: 5400, 6000: 6046, 10_000: 10_427, 100_000: 105_730, 1_000_000: 1_059_311}
    for begin, end in ends.items():
        units = begin
        for _, rate in sorted(rates().items()):
            units += rate.income_per_10k * units // INCOME_SCALE
        assert units == end


def test_every_day_of_the_real_history_is_recomputed() -> None:
    check = check_file(HISTORY_FILE)
    assert check.as_json() == {"days": 427, "recomputable": 421, "matching": 421, "differences": []}


@pytest.mark.parametrize(
    ("day", "column", "figure", "named"),
    [
        ("20140102", 2, "6.764", ["2014-01-02"]),
        ("20140102", 1, "1.8", [f"2014-01-0{day}" for day in range(2, 9)]),
        ("20140831", 1, "0", ["2014-08-31"]),
    ],
)
def test_a_changed_figure_names_its_days(tmp_path: Path, day: str, column: int, figure: str, named: list[str]) -> None:
    rows = list(csv.reader(HISTORY_FILE.read_text().splitlines()))
    for row in rows:
        if row[0] == day:
            row[column] = figure
    changed = tmp_path / "changed.csv"
    changed.write_text("".join(",".join(row) + "\n" for row in rows))
    check = check_file(changed)
    assert [str(found.day) for found in check.differences] == named
    assert (check.recomputable, check.matching) == (421, 421 - len(named))


def test_a_missing_day_makes_its_week_unknowable(tmp_path: Path) -> None:
    lines = HISTORY_FILE.read_text().splitlines(keepends=True)
    shorter = tmp_path / "shorter.csv"
    shorter.write_text("".join(line for line in lines if not line.startswith("20140102")))
    check = check_file(shorter)
    assert (check.days, check.recomputable, check.matching) == (426, 414, 414)


@pytest.mark.parametrize(("income", "compound", "simple"), [(13_000, 4859, 4745), (0, 0, 0), (-13_000, -4634, -4745)])
def test_both_ways(income: int, compound: int, simple: int) -> None:
    """1.3 yuan a day for a week: 1.00013^365 − 1 = 4.8589 %, 0.00013 × 365 = 4.745 %."""
    assert compound_yield([income] * 7) == compound
    assert simple_yield([income] * 7) == simple


@given(st.lists(st.integers(-99_999_999, 99_999_999), min_size=7, max_size=7))
def test_a_yield_is_half_up_to_the_third_decimal(incomes: list[int]) -> None:
    """(1 + y)^7 brackets the growth to the 365th: half a thousandth less does not reach it, half a thousandth more exceeds it."""
    growth = Fraction(1)
    for income in incomes:
        growth *= Fraction(INCOME_SCALE + income, INCOME_SCALE)
    twice = 2 * compound_yield(incomes)
    assert Fraction(max(200_000 + twice - 1, 0), 200_000) ** 7 <= growth**365 < Fraction(200_000 + twice + 1, 200_000) ** 7


def quoted(text: str) -> str:
    return "\n".join(",".join(f'"{cell}"' for cell in line.split(",")) for line in text.splitlines())


def turned(text: str) -> str:
    return "".join(",".join(reversed(line.split(","))) + "\n" for line in text.splitlines())


SPELLINGS: dict[str, Callable[[str], str]] = {
    "a byte order mark": lambda text: "\ufeff" + text,
    "line ends of Windows": lambda text: text.replace("\n", "\r\n"),
    "every cell in quotes": quoted,
    "the columns in another order": turned,
    "the days in another order": lambda text: "\n".join([text.splitlines()[0], *reversed(text.splitlines()[1:])]),
    "blank lines": lambda text: text.replace("\n", "\n\n") + "\r\n",
    "no line end at the end": str.rstrip,
}


@cache
def as_published() -> YieldCheck:
    return check_file(HISTORY_FILE)


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_the_same_history_spelt_otherwise_is_the_same(tmp_path: Path, spelling: str) -> None:
    file = tmp_path / "history.csv"
    file.write_bytes(SPELLINGS[spelling](HISTORY_FILE.read_text(encoding="utf-8")).encode())
    found = check_file(file)
    assert found == as_published()
    assert (found.recomputable, found.matching) == (421, 421)


def test_a_line_is_counted_as_an_editor_counts_it(tmp_path: Path) -> None:
    file = tmp_path / "history.csv"
    file.write_text(f"{HEAD}\n\n20140102,x,6.763\n")
    with pytest.raises(BadInput, match="line 4: 'x' is not a figure"):
        check_file(file)


HEAD = "mfd_date,mfd_daily_yield,mfd_7daily_yield\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "there is no day in it"),
        ("day,income\n", "line 1: the columns are day,income"),
        (HEAD, "there is no day in it"),
        (HEAD + "20140102,1.8\n", "line 2: 2 columns, expected 3"),
        (HEAD + "20140102,1.84111,6.763\n", "line 2: '1.84111' is not a figure with at most 4 decimals"),
        (HEAD + "20140102,1.8411,6.7633\n", "line 2: '6.7633' is not a figure with at most 3 decimals"),
        (HEAD + "20140132,1.8411,6.763\n", "line 2: '20140132' is not a day"),
        (HEAD + "2014-1-2,1.8411,6.763\n", "line 2: '2014-1-2' is not a day"),
        (HEAD + "20140102,1e4,6.763\n", "line 2: '1e4' is not a figure"),
        (HEAD + "20140102,１,6.763\n", "line 2: '１' is not a figure"),
        (HEAD + "20140102,99999,6.763\n", "line 2: '99999' is not a figure"),
        (HEAD + "20140102,1.8,6.7\n20140102,1.8,6.7\n", "line 3: 2014-01-02 stands twice"),
        (HEAD + '20140102,"1.8,6.7\n', "it is no CSV text"),
        (HEAD + "20140102,1.8\x00,6.7\n", "line"),
    ],
)
def test_a_history_that_cannot_be_read(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "history.csv"
    file.write_text(text)
    with pytest.raises(BadInput) as caught:
        check_file(file)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_history_that_is_no_text(tmp_path: Path) -> None:
    file = tmp_path / "history.csv"
    file.write_bytes(HEAD.encode() + b"\xff\xfe")
    with pytest.raises(BadInput, match="it is no CSV text"):
        check_file(file)
    with pytest.raises(BadInput, match="cannot be opened"):
        check_file(tmp_path)


def test_rates_of_the_sandbox_are_the_published_ones() -> None:
    assert (rates()[date(2013, 7, 1)].income_per_10k, rates()[date(2013, 7, 1)].seven_day_yield) == (15787, 6307)
    assert len(rates()) == 427
