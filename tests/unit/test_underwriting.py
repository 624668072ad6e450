"""What becomes of answers: every combination of a product's table, what is no answer, and the premium they come to."""

from collections.abc import Mapping
from fractions import Fraction
from itertools import product as every
from typing import Any

import pytest
from policy_files import ASKING_FILE, offered
from product_files import untold

from tapwealth.insurance.mortality import Sex, death_rates
from tapwealth.insurance.premium import Insured, net_rate, premium_of
from tapwealth.insurance.product import OccupationClass
from tapwealth.insurance.questions import Then, check_answers
from tapwealth.insurance.underwriting import UnderwritingRefusal, Verdict, judge
from tapwealth.kernel.money import half_up
from tapwealth.kernel.refusal import BadInput, Refusal

ASKING = offered(ASKING_FILE)
QUESTIONS = ASKING.terms.questions
DECLINED, REFERRED = "declined", "referred"
TABLE: list[tuple[str, str, Any]] = [
    ("never", "none", 0), ("sometimes", "none", 100), ("daily", "none", 250),
    ("never", "mild", 50), ("sometimes", "mild", 150), ("daily", "mild", 300),
    ("never", "treated", REFERRED), ("sometimes", "treated", REFERRED), ("daily", "treated", REFERRED),
    ("never", "severe", DECLINED), ("sometimes", "severe", DECLINED), ("daily", "severe", DECLINED),
]  # fmt: skip


@pytest.mark.parametrize(("smoking", "heart", "comes_to"), TABLE)
def test_every_pair_of_answers(smoking: str, heart: str, comes_to: Any) -> None:
    verdict = judge(QUESTIONS, {"heart": heart, "smoking": smoking})
    if comes_to is DECLINED:
        assert isinstance(verdict, Refusal)
        assert verdict.code is UnderwritingRefusal.DECLINED
    elif comes_to is REFERRED:
        assert isinstance(verdict, Verdict)
        assert verdict.referred == ("heart",)
    else:
        assert verdict == Verdict(comes_to)


def test_a_decline_is_outweighed_by_nothing_and_loads_add_up() -> None:
    """Over all combinations, by what each answer says of itself."""
    for choices in every(*(one.choices for one in QUESTIONS)):
        answers = {one.question: choice.answer for one, choice in zip(QUESTIONS, choices, strict=True)}
        verdict = judge(QUESTIONS, answers)
        if any(choice.then is Then.DECLINE for choice in choices):
            assert isinstance(verdict, Refusal)
        else:
            assert isinstance(verdict, Verdict)
            assert verdict.permille == sum(choice.permille for choice in choices)
            assert bool(verdict.referred) == any(choice.then is Then.REFER for choice in choices)


@pytest.mark.parametrize("answers", [{}, {"smoking": "never"}, {"heart": "severe"}])
def test_what_is_not_answered_is_named_before_anything_is_decided(answers: Mapping[str, str]) -> None:
    refused = judge(QUESTIONS, answers)
    assert isinstance(refused, Refusal)
    assert refused.code is UnderwritingRefusal.NOT_ANSWERED
    assert all(one.question in str(refused) for one in QUESTIONS if one.question not in answers)


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ({"diabetes": "none"}, "'diabetes' is not asked"),
        ({"smoking": "perhaps"}, "'perhaps' is no answer"),
        ({"smoking": ""}, "choose one of never, sometimes, daily"),
    ],
)
def test_what_is_no_answer_cannot_be_read(answers: Mapping[str, str], words: str) -> None:
    with pytest.raises(BadInput, match=words):
        check_answers(QUESTIONS, answers)
    with pytest.raises(BadInput, match="leave the answers out"):
        check_answers([], {"smoking": "never"})


@pytest.mark.parametrize(("permille", "fen"), [(0, 22_500), (50, 23_625), (100, 24_750), (250, 28_125), (300, 29_250)])
def test_the_premium_of_somebody_who_is_loaded(permille: int, fen: int) -> None:
    """168.75 net of 100,000 at 2.5 percent for twenty years, a quarter of the gross for costs: 225.00, and so many permille of it."""
    assert premium_of(ASKING, Insured(Sex.MALE, 30, OccupationClass.ONE, permille)) == fen
    exact = 10_000_000 * net_rate(Sex.MALE, 30, 20, Fraction(1, 40)) / Fraction(3, 4) * Fraction(1000 + permille, 1000)
    assert half_up(exact) == fen, "rounded once, at the end"
    assert len(death_rates()[Sex.MALE]) == 106


def changed(old: str, new: str) -> bytes:
    assert old in ASKING_FILE
    return ASKING_FILE.replace(old, new, 1).encode()


WRONG = [
    (changed("question: heart", "question: smoking"), ("parameters.questions[1].question", "asked twice")),
    (changed("answer: mild", "answer: none"), ("parameters.questions[1].choices", "a name of its own")),
    (changed("then: load, permille: 100", "then: load"), ("questions[0].choices[1].permille", "says by how much")),
    (changed("then: refer", "then: refer, permille: 5"), ("questions[1].choices[2].permille", "no other does")),
    (changed("permille: 100", "permille: 5001"), ("questions[0].choices[1].permille", "0 to 5000")),
    (changed("then: refer", "then: perhaps"), ("questions[1].choices[2].then", "accept, load, refer, decline")),
    (changed("question: heart", "question: Heart!"), ("questions[1].question", "small letters")),
    (changed("says: {zh: 无, en: none}", "says: {zh: 无}"), ("questions[1].choices[0].says", "'en' is missing")),
]


@pytest.mark.parametrize(("content", "said"), WRONG, ids=[" ".join(said) for _, said in WRONG])
def test_questions_that_no_product_may_ask_are_told_with_their_line(content: bytes, said: tuple[str, ...]) -> None:
    assert untold(content, said) == []
