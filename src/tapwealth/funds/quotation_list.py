"""A list of quotations as an operator hands it in: CSV with a line of column names, then a line for each fund and day.

`fund` and `day` (2014-02-24) stand there always; of the others what the list has. A blank leaves the figure as it was said last. `nav` and
`income_per_10k` have at most 4 decimals (yuan), `seven_day_yield` 3 (percent), `day_income` 2 (yuan), `total_units` 2, and
`shadow_deviation` 4 (percent): how far a money fund's value at market prices lies from that at amortised cost.
"""

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date

from tapwealth.kernel.refusal import BadInput

DECIMALS = {"nav": 4, "income_per_10k": 4, "seven_day_yield": 3, "day_income": 2, "total_units": 2, "shadow_deviation": 4}
"""Columns of figures; a figure is the integer of its last decimal."""
_NEEDED, _UNSIGNED = ("fund", "day"), ("nav", "total_units")
_FIGURE = re.compile(r"(-?)([0-9]{1,16})(?:\.([0-9]+))?", re.ASCII)
_FUND = re.compile(r"[0-9]{6}", re.ASCII)
MOST_LINES = 2_000


@dataclass(frozen=True, slots=True)
class Listed:
    """What a line says of a fund's day."""

    fund: str
    day: date
    where: str
    figures: dict[str, int] = field(default_factory=dict)


def read_list(lines: Iterable[str], name: str = "lines") -> list[Listed]:
    """All of them, in their order. Raises BadInput with the line."""
    rows = csv.reader(lines, strict=True)
    columns: list[str] = []
    found: dict[tuple[str, date], Listed] = {}
    for where, row in _rows(rows, name):
        if not columns:
            columns = _columns(row, where)
            continue
        one = _listed(columns, row, where)
        if (one.fund, one.day) in found:
            raise BadInput(f"{one.fund} of {one.day} stands twice", where=where, hint="keep one line for a fund and day")
        if len(found) == MOST_LINES:
            raise BadInput(f"there are more than {MOST_LINES:,} lines", where=where, hint="hand them in in parts")
        found[one.fund, one.day] = one
    if not found:
        raise BadInput("there is no quotation in it", where=name, hint="one line for a fund and day, after the line of column names")
    return list(found.values())


def _rows(rows: Iterable[list[str]], name: str) -> Iterator[tuple[str, list[str]]]:
    """Lines with something in them, and where they stand."""
    number = 0
    try:
        for number, row in enumerate(rows, 1):
            if row:
                yield f"{name}, {number}", [cell.strip() for cell in row]
    except csv.Error as error:
        raise BadInput(f"it is no CSV text ({error})", where=f"{name}, {number + 1}", hint="save it with commas") from None


def _columns(row: list[str], where: str) -> list[str]:
    names = [name.removeprefix("\ufeff") for name in row]
    wrong = sorted({*names} - {*_NEEDED, *DECIMALS}) or sorted({*_NEEDED} - {*names})
    if wrong or len({*names}) < len(names):
        hint = f"name them fund, day, and any of {', '.join(DECIMALS)}, each once"
        raise BadInput(f"the columns are {','.join(names)[:80]}", where=where, hint=hint)
    return names


def _listed(columns: list[str], row: list[str], where: str) -> Listed:
    if len(row) != len(columns):
        raise BadInput(f"{len(row)} columns, expected {len(columns)}", where=where, hint="one cell for each column name")
    cells = dict(zip(columns, row, strict=True))
    fund, day = cells.pop("fund"), _day(cells.pop("day"), where)
    if not _FUND.fullmatch(fund):
        raise BadInput(f"{fund[:20]!r} is no fund's code", where=where, hint="six digits")
    return Listed(fund, day, where, {name: _figure(name, text, where) for name, text in cells.items() if text})


def _day(text: str, where: str) -> date:
    try:
        if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text, re.ASCII):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise BadInput(f"{text[:20]!r} is not a day", where=where, hint="write it like 2014-02-24")


def read_nav(text: str, where: str) -> int:
    """1/10,000 yuan of a price like 1.0432. Raises BadInput."""
    return _figure("nav", text, where)


def _figure(name: str, text: str, where: str) -> int:
    match, decimals = _FIGURE.fullmatch(text), DECIMALS[name]
    if match is None or len(match[3] or "") > decimals or (match[1] and name in _UNSIGNED):
        raise BadInput(f"{name} is {text[:20]!r}", where=where, hint=f"a figure with at most {decimals} decimals, without signs and spaces")
    value = int(match[2] + (match[3] or "").ljust(decimals, "0"))
    if name == "nav" and not value:
        raise BadInput("a unit is worth nothing", where=where, hint="leave it blank where it is not known")
    return -value if match[1] else value
