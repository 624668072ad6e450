"""The rule table and what follows from it."""

from datetime import date

import pytest

from tapwealth.compliance import limits
from tapwealth.compliance.rules import read_rules, rule_set
from tapwealth.compliance.suitability import above_risk
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
    today = date(2014, 2, 24)
    assert [limits.counted_from(level, today) for level in (1, 2, 3)] == [date.min, date(2014, 1, 1), date(2014, 1, 1)]


def test_who_is_not_verified_pays_nothing() -> None:
    assert "finish the verification" in str(limits.above_limit("current", 0, 0, 1))
    assert "finish the verification" in str(limits.above_limit("2014", 0, 0, 1))


@pytest.mark.parametrize(("level", "current", "of_2014"), [(0, False, False), (1, False, True), (2, False, True), (3, True, True)])
def test_wealth_from_the_balance(level: int, current: bool, of_2014: bool) -> None:
    assert (limits.barred_from_wealth("current", level) is None) is current
    assert (limits.barred_from_wealth("2014", level) is None) is of_2014


def test_who_was_not_asked_about_losses_buys_the_lowest_risk_only() -> None:
    assert [risk for risk in range(1, 6) if above_risk(risk) is None] == [1]
    assert "R3 may not be sold" in str(above_risk(3))
