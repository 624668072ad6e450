"""Small charts as whole numbers: what a template needs to draw them as SVG, with their axes' labels. No fractions of anything."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple
from unicodedata import east_asian_width

WIDTH, HEIGHT = 3200, 1300
RIGHT, TOP, BOTTOM = 90, 110, 230
"""Margins around the drawing, for the labels; the one to the left follows what stands there."""
_LEAST_LEFT, _BESIDE_LABEL = 520, 110
"""The left margin at least; what of it is no label."""
_LETTER, _WIDE_LETTER = 70, 118
"""The widest a letter of a label comes to on average, and a Chinese one (the style sheet's 118 units a line)."""
_MOST_LINES, _MOST_NAMES = 4, 6


class Tick(NamedTuple):
    """A label of an axis and where it stands."""

    place: int
    label: str


class Point(NamedTuple):
    """A value's place; `label` is the value, `name` its date, for those who do not see the drawing."""

    x: int
    y: int
    name: str
    label: str


@dataclass(frozen=True, slots=True)
class Chart:
    """`points` from left to right; `floor` is the place of the lowest line, `zero` where bars and areas begin, `bar` their width."""

    points: Sequence[Point]
    rows: Sequence[Tick]
    columns: Sequence[Tick]
    floor: int
    zero: int
    bar: int
    width: int = WIDTH
    height: int = HEIGHT
    left: int = _LEAST_LEFT
    right: int = WIDTH - RIGHT

    @property
    def line(self) -> str:
        return " ".join(f"{one.x},{one.y}" for one in self.points)

    @property
    def area(self) -> str:
        """The line closed along zero, or along the floor where zero lies below it."""
        return f"{self.points[0].x},{self.zero} {self.line} {self.points[-1].x},{self.zero}"


def chart(values: Sequence[tuple[str, int]], label: Callable[[int], str], *, from_zero: bool) -> Chart | None:
    """Named values, at least one; `from_zero` for amounts (bars), else the scale begins near the least value (lines)."""
    if not values:
        return None
    figures = [value for _, value in values]
    enclosed = [0, *figures] if from_zero else figures
    rows = _rows(min(enclosed), max(enclosed))
    span = rows[-1] - rows[0]
    floor, depth = HEIGHT - BOTTOM, HEIGHT - BOTTOM - TOP
    left = _left_of([label(row) for row in rows])
    slot = (WIDTH - left - RIGHT) // len(values)

    def height_of(value: int) -> int:
        return floor - (value - rows[0]) * depth // span

    points = [Point(left + slot * place + slot // 2, height_of(value), name, label(value)) for place, (name, value) in enumerate(values)]
    return Chart(
        points,
        [Tick(height_of(row), label(row)) for row in rows],
        [Tick(one.x, one.name) for one in reversed(points[::-1][:: -(-len(points) // _MOST_NAMES)])],
        floor,
        height_of(min(max(0, rows[0]), rows[-1])),
        min(slot * 3 // 5, 260),
        left=left,
    )


_BELOW_TODAY = 240
"""The margin at the top of a drawing over which "today" is written."""


class Step(NamedTuple):
    """What holds from one day to another, both included; `last` None: without an end."""

    first: date
    value: int
    last: date | None


@dataclass(frozen=True, slots=True)
class StepChart:
    """Values that hold for a time each. `points`: where each begins; `line`: the drawing; `today`: where it stands, None outside of it;
    `open`: the last one has no end."""

    points: Sequence[Point]
    line: str
    rows: Sequence[Tick]
    columns: Sequence[Tick]
    today: int | None
    open: bool
    floor: int = HEIGHT - BOTTOM
    width: int = WIDTH
    height: int = HEIGHT
    left: int = _LEAST_LEFT
    right: int = WIDTH - RIGHT
    top: int = _BELOW_TODAY


_LEAST_DAYS = 30
"""How long what has no end is drawn beyond today, at least; else a quarter of the time before."""


def steps_chart(steps: Sequence[Step], label: Callable[[int], str], today: date) -> StepChart:
    """At least one step; they follow one another. The scale begins at zero: half the rate is half as high."""
    begin, newest = steps[0].first, steps[-1]
    known = max(newest.first, today)
    end = newest.last + timedelta(days=1) if newest.last else known + max(timedelta(days=_LEAST_DAYS), (known - begin) // 4)
    rows = _rows(0, max(step.value for step in steps))
    floor, depth = HEIGHT - BOTTOM, HEIGHT - BOTTOM - _BELOW_TODAY

    left = _left_of([label(row) for row in rows])

    def across(day: date) -> int:
        return left + (WIDTH - left - RIGHT) * (day - begin).days // max((end - begin).days, 1)

    def up(value: int) -> int:
        return floor - (value - rows[0]) * depth // (rows[-1] - rows[0])

    points = [Point(across(step.first), up(step.value), step.first.isoformat(), label(step.value)) for step in steps]
    ends = [*(point.x for point in points[1:]), across(end)]
    line = " ".join(f"{point.x},{point.y} {until},{point.y}" for point, until in zip(points, ends, strict=True))
    return StepChart(
        points,
        line,
        [Tick(up(row), label(row)) for row in rows],
        _apart([Tick(min(point.x, WIDTH - _NAME_WIDTH // 2), point.name) for point in points]),
        across(today) if begin <= today < end else None,
        newest.last is None,
        left=left,
    )


_NAME_WIDTH = 640
"""What a date takes below the drawing."""


def _apart(names: Sequence[Tick]) -> list[Tick]:
    """Those that do not lie upon the one before them."""
    kept: list[Tick] = []
    for one in names:
        if not kept or one.place - kept[-1].place >= _NAME_WIDTH:
            kept.append(one)
    return kept


def _left_of(labels: Sequence[str]) -> int:
    """The margin in which the longest of the labels finds room."""
    return max(_LEAST_LEFT, _BESIDE_LABEL + max(map(width_of, labels)))


def width_of(label: str) -> int:
    """What a label takes at most."""
    return sum(_WIDE_LETTER if east_asian_width(letter) in "WF" else _LETTER for letter in label)


def _rows(low: int, high: int) -> list[int]:
    """Round values that enclose all others, a few of them."""
    step = _round_step(max(high - low, 1))
    first, last = low // step * step, -(-high // step) * step
    if first == last:
        last += step
    return list(range(first, last + 1, step))


def _round_step(span: int) -> int:
    """1, 2 or 5 times a power of ten, so that few lines suffice."""
    power = 1
    while True:
        for digit in (1, 2, 5):
            if digit * power * _MOST_LINES >= span:
                return digit * power
        power *= 10
