"""A raise is sold by arrival, to the last fen and not one more, however arrivals are cut; each law catches a planted defect."""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from uuid import UUID

import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample
from msgspec.structs import replace

from tapwealth.funds.raising import Asked, Offering, RaiseRefusal, Sale, check, interest, sell
from tapwealth.kernel.clock import shanghai
from tapwealth.kernel.refusal import BadInput, Refusal

DAY = date(2013, 10, 28)
OPENS, CLOSES = shanghai(DAY, 14, 0, 0), shanghai(DAY, 17, 0, 0)
OFFERING = Offering("000199", OPENS, CLOSES, target=1_050, minimum=100, step=50, cap=400, least=500)
NOTHING_SOLD = Sale(0, {})

Seller = Callable[[Offering, Sale, Sequence[Asked]], list[int | Refusal]]
PEOPLE = [UUID(int=number) for number in range(1, 7)]


def asked(person: UUID, amount: int, minute: int, available: int) -> Asked:
    return Asked(person, amount, OPENS + timedelta(minutes=minute), available)


GOOD = st.builds(asked, st.sampled_from(PEOPLE), st.integers(2, 8).map(lambda steps: steps * 50), st.integers(0, 179), st.just(800))
ANY = st.builds(asked, st.sampled_from(PEOPLE), st.integers(1, 500), st.sampled_from((-1, 0, 179, 180)), st.integers(0, 800))
ORDERS = GOOD | GOOD | ANY
"""Most can be served, so that the target is often reached."""
ARRIVALS = st.lists(ORDERS, max_size=20).map(lambda made: sorted(made, key=lambda one: one.received_at))


def given_to(answers: Sequence[int | Refusal]) -> list[int]:
    return [0 if isinstance(one, Refusal) else one for one in answers]


def after(before: Sale, arrivals: Sequence[Asked], answers: Sequence[int | Refusal]) -> Sale:
    """What is sold then, and what the wallets paid for it is gone from them."""
    had = Counter(before.had)
    for one, amount in zip(arrivals, given_to(answers), strict=True):
        had[one.person] += amount
    return Sale(sum(had.values()), dict(had))


def in_batches(seller: Seller, arrivals: Sequence[Asked], cut: int) -> list[int | Refusal]:
    """The same arrivals as two batches, wallets and raise as the first one left them."""
    first, rest = arrivals[:cut], arrivals[cut:]
    answers = seller(OFFERING, NOTHING_SOLD, first)
    then = after(NOTHING_SOLD, first, answers)
    paid = [one._replace(available=one.available - then.had.get(one.person, 0)) for one in rest]
    return [*answers, *seller(OFFERING, then, paid)]


def keeps_its_bounds(seller: Seller, arrivals: Sequence[Asked]) -> bool:
    """Not a fen above the target, nobody above the cap or the wallet, nothing but a refusal in place of nothing."""
    answers = seller(OFFERING, NOTHING_SOLD, arrivals)
    had = after(NOTHING_SOLD, arrivals, answers)
    within = all(amount <= min(one.amount, one.available) for one, amount in zip(arrivals, given_to(answers), strict=True))
    return had.sold <= OFFERING.target and max(had.had.values(), default=0) <= OFFERING.cap and within and 0 not in answers


def sells_out(seller: Seller, arrivals: Sequence[Asked]) -> bool:
    """Nobody hears that it is sold out, and nobody gets a part, unless the whole target is sold."""
    answers = seller(OFFERING, NOTHING_SOLD, arrivals)
    short = [one for one in answers if isinstance(one, Refusal) and one.code is RaiseRefusal.SOLD_OUT]
    parts = [one for one, amount in zip(arrivals, given_to(answers), strict=True) if 0 < amount < one.amount]
    return not (short or parts) or sum(given_to(answers)) == OFFERING.target


def nobody_passes(seller: Seller, arrivals: Sequence[Asked]) -> bool:
    """What somebody gets does not change by who comes after."""
    answers = seller(OFFERING, NOTHING_SOLD, arrivals)
    return all(seller(OFFERING, NOTHING_SOLD, arrivals[:count]) == answers[:count] for count in range(len(arrivals)))


def minds_no_batches(seller: Seller, arrivals: Sequence[Asked]) -> bool:
    whole = given_to(seller(OFFERING, NOTHING_SOLD, arrivals))
    return all(given_to(in_batches(seller, arrivals, cut)) == whole for cut in range(len(arrivals) + 1))


LAWS = {law.__name__: law for law in (keeps_its_bounds, sells_out, nobody_passes, minds_no_batches)}


@given(ARRIVALS)
@pytest.mark.parametrize("law", LAWS.values(), ids=LAWS)
def test_a_raise_is_sold_by_its_laws(law: Callable[[Seller, Sequence[Asked]], bool], arrivals: list[Asked]) -> None:
    assert law(sell, arrivals)


def smallest_first(offering: Offering, before: Sale, arrivals: Sequence[Asked]) -> list[int | Refusal]:
    order = sorted(range(len(arrivals)), key=lambda place: arrivals[place].amount)
    answers = dict(zip(order, sell(offering, before, [arrivals[place] for place in order]), strict=True))
    return [answers[place] for place in range(len(arrivals))]


def one_fen_more(offering: Offering, before: Sale, arrivals: Sequence[Asked]) -> list[int | Refusal]:
    return sell(replace(offering, target=offering.target + 1), before, arrivals)


def whole_or_nothing(offering: Offering, before: Sale, arrivals: Sequence[Asked]) -> list[int | Refusal]:
    """Refuses who asks for more than is left, and sells on to who asks for less."""
    sold, answers = before, list[int | Refusal]()
    for one in arrivals:
        (answer,) = sell(offering, sold, [one])
        if not isinstance(answer, Refusal) and answer < one.amount:
            answer = Refusal(RaiseRefusal.SOLD_OUT, "")
        answers.append(answer)
        sold = after(sold, [one], [answer])
    return answers


def forgets_the_batch_before(offering: Offering, before: Sale, arrivals: Sequence[Asked]) -> list[int | Refusal]:
    return sell(offering, Sale(before.sold, {}), arrivals)


AS_FOUND = settings(max_examples=2_000, phases=(Phase.generate,))
"""As `find` looks by itself, without making what it found small: nobody looks at it."""
DEFECTS = [
    (smallest_first, "nobody_passes"), (one_fen_more, "keeps_its_bounds"), (whole_or_nothing, "sells_out"),
    (forgets_the_batch_before, "minds_no_batches"),
]  # fmt: skip


@pytest.mark.parametrize(("defect", "law"), DEFECTS)
def test_each_law_catches_a_planted_defect(defect: Seller, law: str) -> None:
    try:
        find(ARRIVALS, lambda arrivals: not LAWS[law](defect, arrivals), settings=AS_FOUND)
    except NoSuchExample:
        pytest.fail(f"{law} does not notice {defect.__name__}")


@pytest.mark.parametrize(
    ("amount", "minute", "available", "code"),
    [
        (90, -1, 0, RaiseRefusal.NOT_OPEN_YET), (90, 180, 0, RaiseRefusal.RAISE_OVER), (90, 0, 0, RaiseRefusal.BELOW_MINIMUM),
        (451, 0, 0, RaiseRefusal.NOT_IN_STEPS), (450, 0, 0, RaiseRefusal.ABOVE_CAP), (400, 0, 399, RaiseRefusal.NO_MONEY),
    ],
)  # fmt: skip
def test_what_stands_against_an_order_is_said_in_order(amount: int, minute: int, available: int, code: RaiseRefusal) -> None:
    (answer,) = sell(OFFERING, Sale(OFFERING.target, {}), [asked(PEOPLE[0], amount, minute, available)])
    assert isinstance(answer, Refusal)
    assert answer.code is code


@pytest.mark.parametrize(
    ("amount", "days", "fen"),
    [(10_000_00, 3, 29), (10_000_00, 0, 0), (1_00, 1, 0), (51_43, 10, 1), (51_42, 10, 0)],
)
def test_the_money_of_a_raise_earns_demand_interest_half_up(amount: int, days: int, fen: int) -> None:
    """0.35 % a year: 10,000.00 over three days are 0.2917; 51.43 over ten are 0.005000."""
    assert interest(amount, 3_500, days) == fen


@pytest.mark.parametrize(
    "wrong",
    [
        {"closes_at": OPENS}, {"minimum": 1_051}, {"least": 1_051}, {"cap": 99}, {"cap": -1}, {"step": 0}, {"rate": -1},
        {"rate": 1_000_000}, {"opens_at": OPENS.replace(tzinfo=None)},
    ],
)  # fmt: skip
def test_an_offering_that_could_not_be_sold_is_refused(wrong: dict[str, object]) -> None:
    check(OFFERING)
    with pytest.raises(BadInput):
        check(replace(OFFERING, **wrong))
