"""What a deposit earns by our arithmetic, by the bank's, and counted day by day: over any history the same fen."""

from datetime import date, timedelta
from fractions import Fraction
from math import floor

from hypothesis import given
from hypothesis import strategies as st

from tapwealth.deposits.interest import Running, Termed, earned, next_settlement
from tapwealth.deposits.notice import Layer, Rates, take
from tapwealth.deposits.product import Method, Notice, Term
from tapwealth.sandbox.bank.deposit_interest import Line, Standing, work
from tapwealth.sandbox.bank.deposit_terms import Form, PostedBody, RateBody, TermsBody

FIRST = date(2014, 1, 31)
DEMAND_RATE, NOTICE_RATE = 3_500, 13_500
POSTED = [PostedBody(date(2000, 1, 1), [RateBody("0.35")])]
SHELF = {
    "DEM": TermsBody("DEM", Form.DEMAND, POSTED),
    "NOT7": TermsBody("NOT7", Form.NOTICE, [PostedBody(date(2000, 1, 1), [RateBody("1.35")])], "DEM", days=7, least_withdrawal=50_000_00),
}
amounts = st.builds(lambda steps, rest: steps * 5_000_00 + rest, st.integers(0, 39), st.integers(1, 5_000_00))
"""Fen: as often much as little."""


def at_the_bank(standing: Standing | None, product: str, event: str, amount: int, day: date, term: str = "") -> tuple[Standing, int]:
    worked = work(SHELF, standing, Line("s", "D", event, product, SHELF[product].form.value, term, amount, 0, day))
    return worked.standing, worked.interest


@given(opened=amounts, moves=st.lists(st.tuples(st.integers(0, 60), st.integers(-90_000_00, 90_000_00)), max_size=12))
def test_demand_deposits_earn_what_each_day_earns(opened: int, moves: list[tuple[int, int]]) -> None:
    """Settled as its quarters end, whatever moved when; fen-days, the bank's register, and every single day agree."""
    running, day = Running(opened, 0, FIRST), FIRST
    standing, _ = at_the_bank(None, "DEM", "opened", opened, FIRST)
    balances, settles = {FIRST: opened}, next_settlement(FIRST - timedelta(days=1), 20)

    def settled_until(until: date) -> None:
        nonlocal running, standing, settles
        while settles < until:
            value = settles + timedelta(days=1)
            start = max((one for one in balances if one in paid_from), default=FIRST)
            by_day = sum(whole(balances, start + timedelta(days=number)) for number in range((value - start).days))
            interest, running = running.settled(value, DEMAND_RATE)
            standing, theirs = at_the_bank(standing, "DEM", "settled", 0, value)
            assert interest == theirs == floor(Fraction(by_day * DEMAND_RATE, 360_000_000) + Fraction(1, 2))
            running = running.moved(interest, value)
            balances[value] = running.balance
            paid_from.add(value)
            settles = next_settlement(settles, 20)

    paid_from: set[date] = set()
    for pause, amount in moves:
        day += timedelta(days=pause)
        settled_until(day)
        moved = max(amount, 1 - running.balance)
        if moved:
            event = "paid_in" if moved > 0 else "withdrawn"
            running = running.moved(moved, day)
            standing, _ = at_the_bank(standing, "DEM", event, abs(moved), day)
            balances[day] = running.balance
        assert standing.balance == running.balance
    settled_until(day + timedelta(days=100))


def whole(balances: dict[date, int], day: date) -> int:
    """The whole yuan of a day, in fen."""
    amount = balances[max(one for one in balances if one <= day)]
    return amount - amount % 100


@given(
    opened=st.integers(50_000_00, 900_000_00),
    acts=st.lists(st.tuples(st.sampled_from((0, 0, 0, 1, 20)), amounts, st.one_of(amounts, st.none())), min_size=1, max_size=8),
)
def test_deposits_at_notice_earn_the_same_at_the_bank(opened: int, acts: list[tuple[int, int, int | None]]) -> None:
    layers, day = (Layer(opened, FIRST),), FIRST
    standing, _ = at_the_bank(None, "NOT7", "opened", opened, FIRST)
    form = Notice(7, 50_000_00, 50_000_00)
    for pause, asked, notified in acts:
        balance = sum(layer.amount for layer in layers)
        amount, told = min(asked, balance), min(notified or 0, balance)
        if told:
            standing, _ = at_the_bank(standing, "NOT7", "notified", told, day)
        on_the_day = told if pause == 0 else 0
        day += timedelta(days=7 if pause == 0 else 7 + pause)
        taken = take(form, layers, amount, day, on_the_day, Rates(NOTICE_RATE, DEMAND_RATE))
        standing, theirs = at_the_bank(standing, "NOT7", "withdrawn", amount, day)
        assert taken.interest == theirs
        assert [(one.amount, one.first) for one in standing.layers] == list(taken.layers)
        layers = taken.layers
        if not layers:
            return


@given(
    principal=amounts,
    first=st.dates(date(2010, 1, 1), date(2030, 1, 1)),
    term=st.sampled_from(Term),
    method=st.sampled_from(Method),
    held=st.integers(0, 2500),
    part=amounts,
    rate=st.integers(1, 6_0000),
)
def test_deposits_for_a_term_earn_the_same_at_the_bank(
    principal: int, first: date, term: Term, method: Method, held: int, part: int, rate: int
) -> None:
    posted = [PostedBody(date(2000, 1, 1), [RateBody(f"{rate // 10_000}.{rate % 10_000:04d}", term.value)])]
    terms = TermsBody("FIX", Form.FIXED_TERM, posted, "DEM", matched_dates=method is Method.MATCHED_DATES)
    shelf, day, taken = {**SHELF, "FIX": terms}, first + timedelta(days=held), min(part, principal)
    opened = work(shelf, None, Line("o", "D", "opened", "FIX", "fixed_term", term.value, principal, 0, first))
    theirs = work(shelf, opened.standing, Line("w", "D", "withdrawn", "FIX", "fixed_term", term.value, taken, 0, day))
    ours = Termed(principal, first, term, rate, method)
    assert earned(ours.segments(taken, day, DEMAND_RATE)) == theirs.interest
    renewed = work(shelf, opened.standing, Line("r", "D", "renewed", "FIX", "fixed_term", term.value, principal, 0, ours.matures))
    assert ours.renewed(rate).principal == renewed.standing.balance
