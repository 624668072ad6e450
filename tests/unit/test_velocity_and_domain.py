"""How often, how much and where may be tapped: rules as data against one tap more."""

from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapwealth.compliance.rules import rule_set
from tapwealth.flows.issuing.cards import denied_categories
from tapwealth.flows.issuing.tap import velocity_of
from tapwealth.issuing.decline import DeclineReason
from tapwealth.issuing.domain import ENTRY_MODES, Domain, category_objection, entry_objection, read_categories
from tapwealth.issuing.velocity import (
    Measure,
    Scope,
    Span,
    TapFacts,
    Taps,
    Usage,
    Velocity,
    VelocityRule,
    holder_verified,
    objection,
    one_tap,
    read_rule,
    used,
)
from tapwealth.kernel.refusal import BadInput

PERSON, OTHER, CARD, SECOND = (UUID(int=number) for number in range(4))
THREE = Velocity((VelocityRule(Scope.TOKEN, Span.MINUTE, Measure.TAPS, 3),))


def tap(**changes: Any) -> TapFacts:
    given: dict[str, Any] = {"person": PERSON, "token": CARD, "category": "5812", "amount": 10_00, "verified": True}
    return TapFacts(**{**given, **changes})


def tapped(times: int, **changes: Any) -> Usage:
    usage = Usage()
    for _ in range(times):
        one = tap(**changes)
        usage.add(one_tap(one.person, one.token, one.category, one.amount, verified=one.verified))
    return usage


def test_the_tap_after_the_last_allowed_one_is_named_by_its_number() -> None:
    assert objection(THREE, tapped(2), tap()) is None
    assert objection(THREE, tapped(3), tap()) == (DeclineReason.TOO_MANY_TAPS, "4th tap of this card within a minute; at most 3")
    numbers = [objection(THREE, tapped(count), tap()) for count in (10, 20, 21, 22, 110)]
    assert [said[1].split()[0] for said in numbers if said] == ["11th", "21st", "22nd", "23rd", "111th"]


def test_a_sum_may_be_reached_and_not_passed() -> None:
    hundred = Velocity((VelocityRule(Scope.PERSON, Span.DAY, Measure.AMOUNT, 100_00),))
    assert objection(hundred, tapped(9), tap()) is None
    said = objection(hundred, tapped(9), tap(amount=10_01))
    assert said == (DeclineReason.TOO_MUCH, "100.01 yuan of this customer today; at most 100.00")


@pytest.mark.parametrize(
    ("rule", "counts", "not_counted"),
    [
        (VelocityRule(Scope.TOKEN, Span.DAY, Measure.TAPS, 0), {}, {"token": SECOND}),
        (VelocityRule(Scope.PERSON, Span.DAY, Measure.TAPS, 1), {"token": SECOND}, {"person": OTHER, "token": UUID(int=9)}),
        (VelocityRule(Scope.UNVERIFIED, Span.DAY, Measure.TAPS, 1), {"verified": False}, {"verified": True}),
        (VelocityRule(Scope.CATEGORY, Span.DAY, Measure.TAPS, 1, "5944"), {"category": "5944"}, {"category": "5812"}),
    ],
)
def test_a_rule_looks_at_its_own(rule: VelocityRule, counts: dict[str, Any], not_counted: dict[str, Any]) -> None:
    """Against one tap that it counts, and against one that it does not."""
    velocity = Velocity((rule,))
    other = tap(**not_counted)
    concerned = tap(**({} if rule.scope is Scope.TOKEN else counts))
    assert objection(velocity, tapped(rule.most, **counts), concerned) is not None
    before = Usage()
    before.add(one_tap(other.person, other.token, other.category, other.amount, verified=other.verified))
    if rule.most:
        assert objection(velocity, before, concerned) is None
    if rule.scope in (Scope.UNVERIFIED, Scope.CATEGORY):
        assert objection(velocity, tapped(5, **counts), other) is None


def test_each_span_counts_by_itself() -> None:
    row = Taps(PERSON, CARD, "5812", True, (1, 10_00, 4, 40_00, 9, 90_00))
    for span, there in ((Span.MINUTE, 1), (Span.HOUR, 4), (Span.DAY, 9)):
        for measure, unit in ((Measure.TAPS, 1), (Measure.AMOUNT, 10_00)):
            rule = VelocityRule(Scope.TOKEN, span, measure, there * unit)
            assert objection(Velocity((rule,)), used([row]), tap()) is not None, rule
            assert objection(Velocity((rule._replace(most=rule.most + unit),)), used([row]), tap()) is None, rule


@given(st.lists(st.tuples(st.sampled_from([CARD, SECOND]), st.booleans(), st.integers(1, 100_00)), max_size=30))
def test_rows_of_a_statement_and_taps_one_by_one_count_the_same(taps: list[tuple[UUID, bool, int]]) -> None:
    one_by_one = [one_tap(PERSON, token, "5812", amount, verified=verified) for token, verified, amount in taps]
    grouped: dict[tuple[UUID, bool], list[int]] = {}
    for one in one_by_one:
        sums = grouped.setdefault((one.token, one.verified), [0] * 6)
        grouped[one.token, one.verified] = [a + b for a, b in zip(sums, one.counts, strict=True)]
    rows = [Taps(PERSON, token, "5812", verified, tuple(sums)) for (token, verified), sums in grouped.items()]
    by_row, by_tap = (used(of).by_scope(CARD, PERSON, "5812", verified=False) for of in (rows, one_by_one))
    assert by_row.keys() == set(Scope)
    assert {scope: list(counts) for scope, counts in by_row.items()} == {scope: list(counts) for scope, counts in by_tap.items()}


def test_what_is_paid_without_verification_has_a_limit_for_each_tap() -> None:
    velocity = Velocity(unverified_tap=1_000_00)
    assert objection(velocity, Usage(), tap(amount=1_000_00, verified=False)) is None
    assert objection(velocity, Usage(), tap(amount=1_000_01, verified=True)) is None
    said = objection(velocity, Usage(), tap(amount=1_000_01, verified=False))
    assert said == (DeclineReason.NOT_VERIFIED, "1,000.01 yuan without verification of the holder; at most 1,000.00")


@pytest.mark.parametrize(
    ("results", "verified"),
    [
        ("010002", True),
        ("410302", True),
        ("010001", False),
        ("020300", False),
        ("1E0300", False),
        ("3F0000", False),
        ("0100", False),
        (None, False),
    ],
)
def test_who_was_verified_is_told_by_the_method_and_its_result(results: str | None, verified: bool) -> None:
    assert holder_verified(None if results is None else bytes.fromhex(results)) is verified


def test_a_customers_own_limit_comes_on_top() -> None:
    assert objection(THREE, tapped(2), tap(day_limit=30_00)) is None
    said = objection(THREE, tapped(2), tap(amount=10_01, day_limit=30_00))
    assert said == (DeclineReason.ABOVE_OWN_LIMIT, "30.01 yuan by this card today; the customer allows 30.00")
    assert objection(Velocity(), tapped(2, token=SECOND), tap(day_limit=10_00)) is None, "of this card, not of another"


def test_the_shipped_rules_are_read_and_the_set_of_2014_has_fewer() -> None:
    velocity = velocity_of("current")
    assert len(velocity.rules) == len(rule_set("current").figures("velocity")) > 10
    assert VelocityRule(Scope.UNVERIFIED, Span.MINUTE, Measure.TAPS, 3) in velocity.rules
    assert VelocityRule(Scope.CATEGORY, Span.DAY, Measure.AMOUNT, 20_000_00, "5944") in velocity.rules
    assert velocity.unverified_tap == 1_000_00
    assert velocity_of("2014") == Velocity((), 300_00)
    assert denied_categories("current") == denied_categories("2014") == ["6010", "6011", "7995"]


@pytest.mark.parametrize(
    "key", ["", "token", "token_minute", "token_week_taps", "merchant_day_taps", "category_day_taps", "category_594_day_taps"]
)
def test_a_key_that_names_no_rule_is_refused(key: str) -> None:
    with pytest.raises(BadInput, match="no rule of taps"):
        read_rule(key, 1)


def test_a_card_is_read_as_its_domain_says() -> None:
    plain, both = Domain(), Domain(contact=True)
    assert {mode for mode in ENTRY_MODES if entry_objection(plain, mode) is None} == {"07"}
    assert {mode for mode in ENTRY_MODES if entry_objection(both, mode) is None} == {"05", "07"}
    said = entry_objection(plain, "05")
    assert said == (DeclineReason.ENTRY_MODE, "read as 05 (by its contacts); this card is for contactless only")
    assert entry_objection(both, "99") == (
        DeclineReason.ENTRY_MODE, "read as 99 (in another way); this card is for contactless or by its contacts only",
    )  # fmt: skip


def test_categories_are_denied_allowed_and_turned_off() -> None:
    domain = Domain(allowed=("5411", "5812", "7995"), denied=("7995",), off=("5812",))
    assert category_objection(domain, "5411") is None
    assert category_objection(domain, "7995") == (DeclineReason.CATEGORY_DENIED, "category 7995 is denied to this card")
    assert category_objection(domain, "5812") == (DeclineReason.CATEGORY_OFF, "the customer has turned category 5812 off")
    said = category_objection(domain, "5311")
    assert said == (DeclineReason.CATEGORY_DENIED, "category 5311 is not among those this card is for: 5411, 5812, 7995")
    assert category_objection(Domain(), "5311") is None


def test_categories_are_read_strictly() -> None:
    assert read_categories(["5812", "5411", "5812"], "denied") == ("5411", "5812")
    for wrong in ("581", "58121", "581x", "٥٨١٢", ""):
        with pytest.raises(BadInput, match="no merchant category"):
            read_categories([wrong], "denied")


def test_reasons_go_outward_as_the_networks_codes() -> None:
    wanted = {
        "57": "ENTRY_MODE CATEGORY_DENIED",
        "61": "NOT_VERIFIED TOO_MUCH ABOVE_OWN_LIMIT",
        "62": "CATEGORY_OFF",
        "65": "TOO_MANY_TAPS",
    }
    for code, names in wanted.items():
        assert {DeclineReason[name].response_code for name in names.split()} == {code}
