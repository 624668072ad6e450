"""The rule table and what follows from it."""

from datetime import date, timedelta

import pytest

from tapwealth.compliance import limits
from tapwealth.compliance.questionnaire import Judged, current, judge
from tapwealth.compliance.rules import read_rules, rule_set
from tapwealth.compliance.suitability import Standing, above_risk, special_warning
from tapwealth.kernel.refusal import BadInput

CURRENT, OF_2014 = rule_set("current"), rule_set("2014")
HEADER = "rule_set,rule,key,value,unit,effective_from,mark,regulation\n"
ROW = "current,no_pin,limit,100000,fen,2018-06-01,S,a rule"


def test_current_is_the_default() -> None:
    assert rule_set() is CURRENT


@pytest.mark.parametrize(
    ("rule", "key", "current", "of_2014"),
    [
        ("payment_limit", "class_1_lifetime", 100_000, None),
        ("payment_limit", "class_2_year", 10_000_000, None),
        ("payment_limit", "class_3_year", 20_000_000, None),
        ("no_pin", "limit", 100_000, 30_000),
        ("instant_redemption", "day_cap", 1_000_000, None),
        ("insurance", "free_look", 15, 10),
        ("insurance", "grace_after_due", 60, 60),
        ("fund_purchase", "minimum", 100, 100),
        ("customer_reserve", "share", 100, 100),
        ("card_fee_issuer", "debit", 3_500, None),
        ("card_fee_network_of_acquirer_cap", "debit", 3_25, None),
        ("large_value_report", "person_domestic_cny", 50_000_000, None),
    ],
)
def test_figures_of_both_sets(rule: str, key: str, current: int, of_2014: int | None) -> None:
    assert CURRENT.value(rule, key) == current
    row = OF_2014.find(rule, key)
    assert (None if row is None else row.value) == of_2014


def test_every_row_names_its_regulation() -> None:
    for row in [*CURRENT.rows.values(), *OF_2014.rows.values()]:
        assert len(row.regulation) > 10
        assert date(2000, 1, 1) < row.effective_from < date(2030, 1, 1)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", "rules line 1: wrong header"),
        ("a,b\n", "rules line 1: wrong header"),
        (HEADER + "current,no_pin\n", "rules line 2: 2 of 8 fields are filled"),
        (HEADER + ROW.replace("100000", "1000.5"), "rules line 2 value: '1000.5' is not a whole number"),
        (HEADER + ROW.replace("100000", "-1"), "rules line 2 value: '-1' is not a whole number"),
        (HEADER + ROW.replace("100000", "١"), "is not a whole number"),
        (HEADER + ROW.replace("fen", "pound"), "rules line 2 unit: there is no unit 'pound'"),
        (HEADER + ROW.replace("fen", "yes_no"), "rules line 2 value: 100000 is neither 0 nor 1"),
        (HEADER + ROW.replace("2018-06-01", "2018-06-31"), "rules line 2 effective_from: '2018-06-31' is not a date"),
        (HEADER + ROW.replace(",S,", ",Q,"), "rules line 2 mark: the mark is 'Q'"),
        (HEADER + ROW.replace("a rule", ""), "rules line 2: 7 of 8 fields are filled"),
        (HEADER + ROW + "\n" + ROW, "rules line 3: no_pin limit is stated twice in set current"),
        (HEADER + '"torn', "rules: not a CSV file"),
    ],
)
def test_a_wrong_table_is_refused_with_its_line(text: str, line: str) -> None:
    with pytest.raises(BadInput) as refused:
        read_rules(text, "rules")
    assert line in str(refused.value)
    assert "\n" not in str(refused.value)


def test_an_unknown_set_is_refused() -> None:
    with pytest.raises(BadInput, match="there is no rule set '1999'; choose one of 2014, current"):
        rule_set("1999")


@pytest.mark.parametrize(("level", "limit"), [(1, 100_000), (2, 10_000_000), (3, 20_000_000)])
def test_a_limit_is_inclusive(level: int, limit: int) -> None:
    assert limits.above_limit("current", level, limit - 100, 100) is None
    assert "1.01 is above the 1.00" in str(limits.above_limit("current", level, limit - 100, 101))
    assert limits.above_limit("2014", level, limit - 100, 10**12) is None


def test_class_1_counts_since_opening_the_others_this_year() -> None:
    year = date(2014, 1, 1), date(2014, 12, 31)
    for day in (date(2014, 1, 1), date(2014, 2, 24), date(2014, 12, 31)):
        assert [limits.counted_between(level, day) for level in (1, 2, 3)] == [(date.min, date.max), year, year]


def test_who_is_not_verified_pays_nothing() -> None:
    assert "finish the verification" in str(limits.above_limit("current", 0, 0, 1))
    assert "finish the verification" in str(limits.above_limit("2014", 0, 0, 1))


@pytest.mark.parametrize(("level", "current", "of_2014"), [(0, False, False), (1, False, True), (2, False, True), (3, True, True)])
def test_wealth_from_the_balance(level: int, current: bool, of_2014: bool) -> None:
    assert (limits.barred_from_wealth("current", level) is None) is current
    assert (limits.barred_from_wealth("2014", level) is None) is of_2014


TODAY = date(2014, 2, 24)


def sold(standing: Standing | None, today: date = TODAY) -> list[int]:
    """The risks that may be sold to such a person."""
    return [risk for risk in range(1, 6) if above_risk(risk, standing, today, "000001") is None]


def test_who_was_not_asked_about_losses_buys_the_lowest_risk_only() -> None:
    assert sold(None) == [1]
    assert "R3 may not be sold to you: nobody has asked you yet" in str(above_risk(3, None, TODAY, "000001"))


@pytest.mark.parametrize("level", range(1, 6))
def test_each_class_buys_up_to_its_own_risk(level: int) -> None:
    assert sold(Standing(level, False, TODAY)) == list(range(1, level + 1))


def test_answers_count_until_their_last_day() -> None:
    standing = Standing(5, False, TODAY)
    assert (sold(standing, TODAY), sold(standing, TODAY + timedelta(days=1))) == ([1, 2, 3, 4, 5], [1])
    assert "good until 2014-02-24" in str(above_risk(2, standing, TODAY + timedelta(days=1), "000001"))


def test_a_confirmed_warning_lets_one_fund_at_its_risk_be_sold_and_never_to_the_lowest() -> None:
    confirmed = frozenset({("000001", 4)})
    assert sold(Standing(2, False, TODAY, confirmed)) == [1, 2, 4]
    assert above_risk(4, Standing(2, False, TODAY, confirmed), TODAY, "000002") is not None
    assert sold(Standing(1, True, TODAY, confirmed)) == [1]
    assert "no confirmation helps" in str(above_risk(4, Standing(1, True, TODAY, confirmed), TODAY, "000001"))


@pytest.mark.parametrize(
    ("answers", "wanted"),
    [
        ("AABBABAA", Judged(18, 1, False)),
        ("BBBBBBBB", Judged(39, 2, False)),
        ("CBBBBBBB", Judged(42, 3, False)),
        ("CCCCCCCC", Judged(74, 4, False)),
        ("DDDDDDDD", Judged(100, 5, False)),
        ("DDDDDADD", Judged(84, 1, True)),  # bears no loss: the lowest, whatever the rest says
    ],
)
def test_answers_give_a_class(answers: str, wanted: Judged) -> None:
    assert judge(current(), answers) == wanted


@pytest.mark.parametrize(("answers", "said"), [("AAAAAAA", "there are 8 questions"), ("AAAAAAAE", "is no answer to question 8")])
def test_what_answers_no_question_is_bad_input(answers: str, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        judge(current(), answers)


def test_the_questionnaire_and_its_warnings_promise_nothing() -> None:
    asked = current()
    texts = [text for one in asked.questions for part in (one, *one.options) for text in (part.zh, part.en)]
    texts += special_warning("a fund", 5, 2)
    assert all(text.strip() for text in texts)
    assert not [text for text in texts if any(word in text for word in ("保证收益", "稳赚", "预期收益", "guarantee", "promise", "expect"))]
