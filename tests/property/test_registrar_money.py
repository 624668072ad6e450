"""The registrar's payments and what is due, in whatever order they come: all or nothing of a name, and never a fen of another's."""

from collections import defaultdict

from hypothesis import given
from hypothesis import strategies as st

from tapwealth.funds.registrar_money import Came, decide, due_under

NAMES = ("RED-T01-20140226", "RED-T01-20140227-0100000002")
PAYMENT = st.tuples(st.just("paid"), st.sampled_from(NAMES), st.integers(1, 30))
FALLS_DUE = st.tuples(st.just("due"), st.sampled_from(NAMES), st.integers(1, 30))


@given(st.lists(st.one_of(PAYMENT, FALLS_DUE), max_size=20))
def test_each_name_pays_all_that_is_due_as_soon_as_its_own_money_reaches_and_keeps_every_fen(events: list[tuple[str, str, int]]) -> None:
    apart: dict[str, int] = {}
    due: dict[str, list[int]] = defaultdict(list)
    came, paid = defaultdict[str, int](int), defaultdict[str, int](int)
    for number, (what, name, amount) in enumerate(events):
        if what == "due":
            due[name].append(amount)
        one = Came(f"{name}-{number + 1}" if number % 2 else name, amount if what == "paid" else 0)
        came[name] += one.amount
        (decided,) = decide([one], apart, due, lambda fen: fen)
        apart[name] = decided.left
        if decided.dues:
            assert list(decided.dues) == due.pop(name)
            paid[name] += sum(decided.dues)
        assert apart[name] == came[name] - paid[name] >= 0
        assert not due[name] or sum(due[name]) > apart[name], "nothing waits for money that is there"


@given(st.lists(PAYMENT, max_size=12), st.dictionaries(st.sampled_from(NAMES), st.lists(st.integers(1, 40), min_size=1)))
def test_payments_told_together_do_what_they_do_one_by_one(events: list[tuple[str, str, int]], due: dict[str, list[int]]) -> None:
    told = [Came(name, amount) for _, name, amount in events]
    together = decide(told, {}, due, lambda fen: fen)
    apart, left = dict[str, int](), dict(due)
    for one, expected in zip(told, together, strict=True):
        (alone,) = decide([one], apart, left, lambda fen: fen)
        assert alone == expected
        apart[one.name] = alone.left
        if alone.dues:
            del left[one.name]


def test_a_date_and_an_account_are_no_counter() -> None:
    for name in NAMES:
        assert due_under(name) == due_under(f"{name}-2") == due_under(f"{name}-13") == name
