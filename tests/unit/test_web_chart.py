"""Charts in whole numbers: every value lies inside its lines, and labels stand where they belong."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapwealth.web import wording
from tapwealth.web.chart import HEIGHT, LEFT, RIGHT, TOP, WIDTH, chart

NAMED = st.lists(st.integers(-(10**12), 10**12), min_size=1, max_size=40)


@given(NAMED, st.booleans())
def test_every_value_lies_between_the_lines(values: list[int], from_zero: bool) -> None:
    drawn = chart([(str(place), value) for place, value in enumerate(values)], str, from_zero=from_zero)
    assert drawn is not None
    rows = [int(row.label) for row in drawn.rows]
    assert rows[0] <= min(values) <= max(values) <= rows[-1]
    assert 2 <= len(rows) <= 7
    assert all(TOP <= point.y <= drawn.floor < HEIGHT and LEFT <= point.x <= WIDTH - RIGHT for point in drawn.points)
    assert [point.x for point in drawn.points] == sorted(point.x for point in drawn.points)
    assert not from_zero or 0 in rows
    assert TOP <= drawn.zero <= drawn.floor, "bars and areas begin within the drawing"
    by_value = sorted(zip(values, drawn.points, strict=True), key=lambda pair: pair[0])
    heights = [point.y for _, point in by_value]
    assert heights == sorted(heights, reverse=True), "what is more stands higher"


@given(NAMED)
def test_the_last_date_is_always_named(values: list[int]) -> None:
    drawn = chart([(str(place), value) for place, value in enumerate(values)], str, from_zero=False)
    assert drawn is not None
    assert drawn.columns[-1].label == str(len(values) - 1)
    assert len(drawn.columns) <= 6


def test_nothing_to_draw() -> None:
    assert chart([], str, from_zero=True) is None


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        (wording.money(123_456), "¥1,234.56"),
        (wording.money(-5), "−¥0.05"),
        (wording.signed(100), "+1.00"),
        (wording.signed(-123_456), "−1,234.56"),
        (wording.plain(-1), "−0.01"),
        (wording.percent(6_123), "6.123%"),
        (wording.percent(-50), "−0.050%"),
        (wording.rate(15_695), "1.5695"),
        (wording.rate(-4), "−0.0004"),
        (wording.step_name("close", "zh"), "关账"),
        (wording.step_name("close", "en"), "close"),
        (wording.purpose_name("fees", "en"), "fees to own money"),
    ],
)
def test_figures_and_names_as_people_read_them(written: str, wanted: str) -> None:
    assert written == wanted
