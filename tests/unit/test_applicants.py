"""Whom somebody may insure, what a minor's cap leaves, and who receives what: by table and over random families."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapwealth.compliance.rules import rule_set
from tapwealth.insurance.applicant import (
    CONSENT,
    Applicant,
    ApplicantRefusal,
    Buyer,
    Relation,
    above_cap,
    may_not_insure,
    minors_cap,
)
from tapwealth.insurance.beneficiary import MOST, WHOLE_SHARE, Beneficiary, check_beneficiaries, portions
from tapwealth.insurance.product import Accident, AccountLoss, Cover, PhoneScreen, TermLife
from tapwealth.kernel.refusal import BadInput

BUYER = Buyer(date(1984, 1, 15), 30)
CHILD = Applicant(Relation.CHILD, date(2008, 5, 1), 5)
GROWN_CHILD = Applicant(Relation.CHILD, date(1996, 1, 1), 18)
SPOUSE = Applicant(Relation.SPOUSE, date(1985, 3, 3), 28)
PARENT = Applicant(Relation.PARENT, date(1950, 1, 1), 64)
REFUSED = ApplicantRefusal
TABLE: list[tuple[Cover, Applicant, tuple[str, ...], ApplicantRefusal | None]] = [
    (Accident(), Applicant(Relation.SELF, BUYER.birthday, 30), (), None),
    (AccountLoss(look_back_days=7), Applicant(Relation.SELF, BUYER.birthday, 30), (), None),
    (Accident(), CHILD, (), None),
    (Accident(), GROWN_CHILD, (), REFUSED.CONSENT_MISSING),
    (Accident(), GROWN_CHILD, (CONSENT,), None),
    (TermLife(years=20), SPOUSE, (), REFUSED.CONSENT_MISSING),
    (TermLife(years=20), SPOUSE, (CONSENT,), None),
    (TermLife(years=20), PARENT, (CONSENT,), None),
    (Accident(), Applicant(Relation.CHILD, date(1980, 1, 1), 34), (CONSENT,), REFUSED.NO_INTEREST),
    (Accident(), Applicant(Relation.CHILD, BUYER.birthday, 30), (CONSENT,), REFUSED.NO_INTEREST),
    (Accident(), Applicant(Relation.PARENT, date(1990, 1, 1), 24), (CONSENT,), REFUSED.NO_INTEREST),
    (Accident(), Applicant(Relation.SPOUSE, date(1996, 6, 1), 17), (CONSENT,), REFUSED.NO_INTEREST),
    (PhoneScreen(), CHILD, (), REFUSED.INSURES_NO_PERSON),
    (AccountLoss(look_back_days=7), SPOUSE, (CONSENT,), REFUSED.INSURES_NO_PERSON),
]


@pytest.mark.parametrize(("cover", "one", "confirmed", "refused"), TABLE)
def test_whom_somebody_may_insure(cover: Cover, one: Applicant, confirmed: tuple[str, ...], refused: ApplicantRefusal | None) -> None:
    answer = may_not_insure(cover, BUYER, one, confirmed)
    assert (answer.code if answer else None) is refused


def test_a_minor_insures_nobody_else() -> None:
    answer = may_not_insure(Accident(), Buyer(date(1997, 1, 1), 17), PARENT, (CONSENT,))
    assert answer is not None
    assert answer.code is REFUSED.YOU_ARE_A_MINOR


@pytest.mark.parametrize(("age", "cap"), [(0, 20_000_000), (9, 20_000_000), (10, 50_000_000), (17, 50_000_000), (18, None), (40, None)])
def test_the_cap_of_an_age(age: int, cap: int | None) -> None:
    assert minors_cap(age, rule_set("current").figures("insurance")) == cap
    assert minors_cap(age, {}) is None, "a set of rules that says nothing of it"


@given(st.integers(0, 10**9), st.integers(0, 10**9), st.integers(1, 10**9))
def test_all_policies_together_never_exceed_a_cap(insured: int, elsewhere: int, wanted: int) -> None:
    cap = 20_000_000
    assert (above_cap(cap, insured, elsewhere, wanted) is None) == (insured + elsewhere + wanted <= cap)


WRONG = [
    ([Beneficiary(1, 5_000), Beneficiary(1, 4_900)], "add up to 99.00 percent"),
    ([Beneficiary(1, 5_000), Beneficiary(1, 5_001)], "add up to 100.01 percent"),
    ([Beneficiary(1, 10_000), Beneficiary(1, 0)], "add up to 100.00 percent"),
    ([Beneficiary(1, 10_000), Beneficiary(2, 9_900)], "rank 2 add up to 99.00 percent"),
    ([Beneficiary(1, 10_000), Beneficiary(1)], "some have a share and some have none"),
    ([Beneficiary(2)], "there are ranks 2"),
    ([Beneficiary(1), Beneficiary(3)], "there are ranks 1, 3"),
    ([Beneficiary(1)] * (MOST + 1), "11 are named"),
]


@pytest.mark.parametrize(("named", "words"), WRONG)
def test_beneficiaries_that_cannot_be(named: list[Beneficiary], words: str) -> None:
    with pytest.raises(BadInput, match=words):
        check_beneficiaries(named)


@pytest.mark.parametrize(
    ("named", "alive", "receive"),
    [
        ([], set(), {}),
        ([Beneficiary(1)] * 3, {0, 1, 2}, {0: 34, 1: 33, 2: 33}),
        ([Beneficiary(1, 6_000), Beneficiary(1, 4_000)], {0, 1}, {0: 60, 1: 40}),
        ([Beneficiary(1, 6_000), Beneficiary(1, 4_000)], {1}, {1: 100}),
        ([Beneficiary(1, 5_000), Beneficiary(1, 3_000), Beneficiary(1, 2_000)], {1, 2}, {1: 60, 2: 40}),
        ([Beneficiary(2), Beneficiary(1)], {0, 1}, {1: 100}),
        ([Beneficiary(2), Beneficiary(1)], {0}, {0: 100}),
        ([Beneficiary(1), Beneficiary(2)], set(), {}),
    ],
    ids=["nobody", "equal", "stated", "one died", "one of three died", "first rank", "second rank", "nobody left"],
)
def test_who_receives_what(named: list[Beneficiary], alive: set[int], receive: dict[int, int]) -> None:
    check_beneficiaries(named)
    assert portions(named, alive, 100) == receive


@st.composite
def families(draw: st.DrawFn) -> tuple[list[Beneficiary], set[int]]:
    named: list[Beneficiary] = []
    for rank in range(1, draw(st.integers(1, 3)) + 1):
        number = draw(st.integers(1, 3))
        if draw(st.booleans()):
            named += [Beneficiary(rank)] * number
        else:
            cuts = sorted(draw(st.lists(st.integers(1, WHOLE_SHARE - 1), min_size=number - 1, max_size=number - 1, unique=True)))
            named += [Beneficiary(rank, after - before) for before, after in zip([0, *cuts], [*cuts, WHOLE_SHARE], strict=True)]
    return draw(st.permutations(named)), draw(st.sets(st.integers(0, len(named) - 1)))


@given(families(), st.integers(0, 10**10))
def test_all_of_it_goes_to_the_first_rank_in_which_somebody_lives(family: tuple[list[Beneficiary], set[int]], amount: int) -> None:
    named, alive = family
    check_beneficiaries(named)
    found = portions(named, alive, amount)
    assert sum(found.values()) == (amount if alive else 0)
    first = min((named[place].rank for place in alive), default=None)
    assert set(found) == {place for place in alive if named[place].rank == first}
