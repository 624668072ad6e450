"""Charts in whole numbers: every value lies inside its lines, and labels stand where they belong."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapwealth.web import wording
from tapwealth.web.chart import HEIGHT, RIGHT, TOP, WIDTH, Step, chart, steps_chart, width_of

NAMED = st.lists(st.integers(-(10**12), 10**12), min_size=1, max_size=40)


@given(NAMED, st.booleans())
def test_every_value_lies_between_the_lines(values: list[int], from_zero: bool) -> None:
    drawn = chart([(str(place), value) for place, value in enumerate(values)], str, from_zero=from_zero)
    assert drawn is not None
    rows = [int(row.label) for row in drawn.rows]
    assert rows[0] <= min(values) <= max(values) <= rows[-1]
    assert 2 <= len(rows) <= 7
    assert all(TOP <= point.y <= drawn.floor < HEIGHT and drawn.left <= point.x <= WIDTH - RIGHT for point in drawn.points)
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


BEGIN = date(2014, 1, 1)


@given(st.lists(st.tuples(st.integers(1, 4_000), st.integers(0, 10**9)), min_size=1, max_size=30), st.booleans(), st.integers(-500, 9_000))
def test_each_rate_is_drawn_level_from_its_first_day_to_the_next_ones(spans: list[tuple[int, int]], ends: bool, today: int) -> None:
    steps, day = [], BEGIN
    for days, value in spans:
        steps.append(Step(day, value, day + timedelta(days=days - 1)))
        day += timedelta(days=days)
    if not ends:
        steps[-1] = steps[-1]._replace(last=None)
    drawn = steps_chart(steps, str, BEGIN + timedelta(days=today))
    corners = [tuple(map(int, corner.split(","))) for corner in drawn.line.split(" ")]
    for number, (step, point) in enumerate(zip(steps, drawn.points, strict=True)):
        assert corners[2 * number] == (point.x, point.y)
        assert corners[2 * number + 1][1] == point.y, "it holds until the next one"
        assert (point.name, point.label) == (step.first.isoformat(), str(step.value))
    assert [x for x, _ in corners] == sorted(x for x, _ in corners)
    assert (corners[0][0], corners[-1][0]) == (drawn.left, WIDTH - RIGHT)
    assert all(TOP <= y <= drawn.floor for _, y in corners)
    assert drawn.rows[0].label == "0"
    assert (drawn.today is not None) == (today >= 0 and (not ends or today < sum(days for days, _ in spans)))
    assert all(later.place - former.place >= 640 for former, later in pairwise(drawn.columns)), "no date is written over another one"


@pytest.mark.parametrize("label", ["{} yuan", "{} 元", "{}%", "¥{}", "一二三四五六七八九十 {}"])
def test_the_longest_label_has_room_beside_the_drawing(label: str) -> None:
    for values in ([1, 2], [10**9]):
        drawn = chart([(str(value), value) for value in values], label.format, from_zero=True)
        steps = steps_chart([Step(BEGIN, values[-1], None)], label.format, BEGIN)
        assert drawn is not None
        assert all(width_of(row.label) + 70 < one.left < one.right for one in (drawn, steps) for row in one.rows), "70 beside it are blank"


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
