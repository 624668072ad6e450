"""Seven-day annualised yield of a money fund, both ways it is published, and the check of a published history.

Income per 10,000 units is an int of 1/10,000 yuan, a yield an int of 1/1,000 percent. The seven days are calendar days, holidays
included. A fund that carries its income forward every day compounds; one that does so every month does not.
"""

import csv
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from math import prod
from pathlib import Path

from tapwealth.kernel.money import half_up
from tapwealth.kernel.refusal import BadInput

DAYS, YEAR = 7, 365
_SCALE = 10**8
"""One yuan of principal, in the unit of `income_per_10k` over 10,000 units."""
_PRECISION = 10**30
GROWTH_SCALE = 10**20
"""A yuan in the unit of `growth`."""
_INCOME = re.compile(r"(-?)([0-9]{1,4})(?:\.([0-9]{1,4}))?", re.ASCII)
_YIELD = re.compile(r"(-?)([0-9]{1,6})(?:\.([0-9]{1,3}))?", re.ASCII)
_COLUMNS = ("mfd_date", "mfd_daily_yield", "mfd_7daily_yield")

WayOfCounting = Callable[[Sequence[int]], int]


def compound_yield(incomes: Sequence[int]) -> int:
    """((∏(1 + R/10,000))^(365/7) − 1) × 100 of seven days' incomes, half-up to 3 decimals."""
    growth = prod((Fraction(_SCALE + income, _SCALE) for income in _seven(incomes)), start=Fraction(1))
    return half_up((_power(growth, YEAR, DAYS) - 1) * 100_000)


def simple_yield(incomes: Sequence[int]) -> int:
    """ΣR / 7 × 365 / 10,000 × 100 of seven days' incomes, half-up to 3 decimals."""
    return half_up(Fraction(sum(_seven(incomes)) * YEAR * 100_000, DAYS * _SCALE))


def growth(incomes: Iterable[int], worth: int = GROWTH_SCALE) -> list[int]:
    """What one yuan has become by the end of each of the days, every day's income left in; in 1/10^20 yuan, cut off. `worth`: what it had
    become before them."""
    grown = list[int]()
    for income in incomes:
        worth = worth * (_SCALE + income) // _SCALE
        grown.append(worth)
    return grown


def growth_of_months(days: Iterable[tuple[date, int]], worth: int = GROWTH_SCALE) -> dict[date, int]:
    """What one yuan had become when each month of these days began, by its first day; the days rise. `worth`: before them."""
    months = dict[date, int]()
    for day, income in days:
        months.setdefault(day.replace(day=1), worth)
        (worth,) = growth([income], worth)
    return months


def _seven(incomes: Sequence[int]) -> Sequence[int]:
    assert len(incomes) == DAYS, "a seven-day yield takes seven days"
    return incomes


def _power(base: Fraction, exponent: int, root: int) -> Fraction:
    """base^(exponent/root), cut off after 30 decimals: far below what half-up at 3 decimals of a percent could notice."""
    scaled = base**exponent * _PRECISION**root
    return Fraction(_root(scaled.numerator // scaled.denominator, root), _PRECISION)


def _root(number: int, degree: int) -> int:
    """The greatest integer whose power of `degree` does not exceed `number`, by Newton's steps from above."""
    if number == 0:
        return 0
    guess = 1 << -(-number.bit_length() // degree)
    while True:
        better = ((degree - 1) * guess + number // guess ** (degree - 1)) // degree
        if better >= guess:
            return guess
        guess = better


@dataclass(frozen=True, slots=True)
class PublishedDay:
    """One line of a history."""

    day: date
    income_per_10k: int
    seven_day_yield: int


@dataclass(frozen=True, slots=True)
class Difference:
    """A day whose published yield is not what its seven days give."""

    day: date
    published: int
    recomputed: int


@dataclass(frozen=True, slots=True)
class YieldCheck:
    """What a history came to. A day can be recomputed when the six before it are there too."""

    days: int
    recomputable: int
    differences: tuple[Difference, ...]

    @property
    def matching(self) -> int:
        return self.recomputable - len(self.differences)

    def as_json(self) -> dict[str, object]:
        """For `fund yield --json`: yields as decimal strings in percent."""
        return {
            "days": self.days,
            "recomputable": self.recomputable,
            "matching": self.matching,
            "differences": [
                {"day": str(found.day), "published": percent(found.published), "recomputed": percent(found.recomputed)}
                for found in self.differences
            ],
        }


def check_history(history: Sequence[PublishedDay], way: WayOfCounting = compound_yield) -> YieldCheck:
    """Recompute every day that has its seven days."""
    incomes = {published.day: published.income_per_10k for published in history}
    recomputable, differences = 0, []
    for published in history:
        if published.day.toordinal() < DAYS:
            continue
        week = [published.day - timedelta(days=back) for back in range(DAYS)]
        if not all(day in incomes for day in week):
            continue
        recomputable += 1
        recomputed = way([incomes[day] for day in week])
        if recomputed != published.seven_day_yield:
            differences.append(Difference(published.day, published.seven_day_yield, recomputed))
    return YieldCheck(len(history), recomputable, tuple(differences))


def check_file(path: Path, way: WayOfCounting = compound_yield) -> YieldCheck:
    """`fund yield FILE`: read the history at `path` and check it. Raises BadInput if it cannot be read."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            return check_history(read_history(lines, path.name), way)
    except OSError as error:
        raise BadInput(f"the file cannot be opened ({error.strerror})", where=str(path), hint="look at its path and its rights") from None


def read_history(lines: Iterable[str], name: str) -> list[PublishedDay]:
    """Read the CSV of `mfd_date`, `mfd_daily_yield` and `mfd_7daily_yield` (yyyymmdd, yuan, percent), in the order that its first line
    gives; blank lines mean nothing. Raises BadInput with the line."""
    rows = csv.reader(lines, strict=True)
    history: dict[date, PublishedDay] = {}
    places: list[int] = []
    for row in _rows(rows, name):
        where = f"{name} line {rows.line_num}"
        if not row:
            continue
        if not places:
            places = _places(row, where)
            continue
        published = _published(row, places, where)
        if published.day in history:
            raise BadInput(f"{published.day} stands twice", where=where, hint="keep one line a day")
        history[published.day] = published
    if not history:
        raise BadInput("there is no day in it", where=name, hint="one line a day, after the line of column names")
    return [history[day] for day in sorted(history)]


def _rows(rows: Iterable[list[str]], name: str) -> Iterable[list[str]]:
    try:
        yield from rows
    except (csv.Error, UnicodeDecodeError) as error:
        raise BadInput(f"it is no CSV text ({error})", where=name, hint="save it as UTF-8 with commas") from None


def _places(row: list[str], where: str) -> list[int]:
    """Where each of the three columns stands."""
    if sorted(row) != sorted(_COLUMNS):
        raise BadInput(f"the columns are {','.join(row)[:80]}", where=where, hint=f"name them {','.join(_COLUMNS)}")
    return [row.index(name) for name in _COLUMNS]


def _published(row: list[str], places: Sequence[int], where: str) -> PublishedDay:
    if len(row) != len(_COLUMNS):
        raise BadInput(f"{len(row)} columns, expected {len(_COLUMNS)}", where=where, hint="one line is a day, an income and a yield")
    day, income, seven_day_yield = (row[place] for place in places)
    return PublishedDay(_day(day, where), _decimal(_INCOME, income, 4, where), _decimal(_YIELD, seven_day_yield, 3, where))


def _day(text: str, where: str) -> date:
    try:
        if len(text) == 8 and text.isascii() and text.isdigit():
            return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        pass
    raise BadInput(f"{text[:20]!r} is not a day", where=where, hint="write it like 20140224")


def _decimal(shape: re.Pattern[str], text: str, decimals: int, where: str) -> int:
    match = shape.fullmatch(text)
    if match is None:
        raise BadInput(f"{text[:20]!r} is not a figure with at most {decimals} decimals", where=where, hint="write it like 1.4223")
    sign, whole, fraction = match.groups()
    value = int(whole + (fraction or "").ljust(decimals, "0"))
    return -value if sign else value


def percent(seven_day_yield: int) -> str:
    """As it is published: `6.307`."""
    sign, magnitude = ("-", -seven_day_yield) if seven_day_yield < 0 else ("", seven_day_yield)
    return f"{sign}{magnitude // 1000}.{magnitude % 1000:03d}"
