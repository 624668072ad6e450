"""The rules of law and trade as data: `data/rules.csv`, one row per figure, with its unit, the regulation's name and its effective date.

Which set applies (`2014` or `current`) is chosen apart from the date that is played: an effective date after that day disables nothing. A
figure that a set does not have is not regulated in it. No other module may state such a figure.
"""

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from importlib.resources import files

from tapwealth.kernel.refusal import BadInput

COLUMNS = ["rule_set", "rule", "key", "value", "unit", "effective_from", "mark", "regulation"]
DEFAULT_SET = "current"


class Unit(StrEnum):
    """What a figure counts."""

    FEN = "fen"
    CENT = "cent"
    CLASS = "class"
    CHANNELS = "channels"
    PERCENT = "percent"
    BASIS_POINTS = "basis_points"
    PER_MILLION = "per_million"
    HOURS = "hours"
    DAYS = "days"
    WORKING_DAYS = "working_days"
    MONTHS = "months"
    YES_NO = "yes_no"
    TAPS = "taps"


class Mark(StrEnum):
    """Whether a published source states the figure, or the trade knows it."""

    SOURCE = "S"
    TRADE = "K"


@dataclass(frozen=True, slots=True)
class Rule:
    """One figure."""

    rule_set: str
    rule: str
    key: str
    value: int
    unit: Unit
    effective_from: date
    mark: Mark
    regulation: str


@dataclass(frozen=True)
class RuleSet:
    """All figures of one set."""

    name: str
    rows: Mapping[tuple[str, str], Rule]

    def find(self, rule: str, key: str) -> Rule | None:
        """The row, or None if this set does not regulate it."""
        return self.rows.get((rule, key))

    def figures(self, rule: str) -> dict[str, int]:
        """Every figure of a rule, by key."""
        return {key: row.value for (name, key), row in self.rows.items() if name == rule}

    def value(self, rule: str, key: str) -> int:
        """The figure of a row that every set has."""
        return self.rows[rule, key].value


def rule_set(name: str = DEFAULT_SET) -> RuleSet:
    """The set of that name as shipped. Raises BadInput if there is none."""
    sets = _shipped()
    if name not in sets:
        raise BadInput(f"there is no rule set {name!r}", where="rule set", hint=f"choose one of {', '.join(sorted(sets))}")
    return sets[name]


@cache
def _shipped() -> dict[str, RuleSet]:
    return read_rules(files("tapwealth.compliance").joinpath("data/rules.csv").read_text("utf-8"), "rules.csv")


def read_rules(text: str, where: str) -> dict[str, RuleSet]:
    """Rule sets by name from CSV text. Raises BadInput with the line that is wrong."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        lines = [(reader.line_num, cells) for cells in reader]
    except csv.Error as error:
        raise BadInput(f"not a CSV file ({error})", where=where) from None
    if not lines or lines[0][1] != COLUMNS:
        raise BadInput("wrong header", where=f"{where} line 1", hint=f"it must be {','.join(COLUMNS)}")
    return _grouped((_row(cells, f"{where} line {number}"), f"{where} line {number}") for number, cells in lines[1:])


def _grouped(rows: Iterable[tuple[Rule, str]]) -> dict[str, RuleSet]:
    sets: dict[str, dict[tuple[str, str], Rule]] = {}
    for rule, where in rows:
        of_set = sets.setdefault(rule.rule_set, {})
        if (rule.rule, rule.key) in of_set:
            raise BadInput(f"{rule.rule} {rule.key} is stated twice in set {rule.rule_set}", where=where, hint="remove one")
        of_set[rule.rule, rule.key] = rule
    return {name: RuleSet(name, of_set) for name, of_set in sets.items()}


def _row(cells: list[str], where: str) -> Rule:
    if len(cells) != len(COLUMNS) or not all(cells):
        raise BadInput(f"{len([cell for cell in cells if cell])} of {len(COLUMNS)} fields are filled", where=where, hint="fill every field")
    name, rule, key, value, unit, effective_from, mark, regulation = cells
    if not (value.isascii() and value.isdigit() and len(value) <= 15):
        raise BadInput(f"{value[:20]!r} is not a whole number from 0 up", where=f"{where} value")
    row = Rule(name, rule, key, int(value), _unit(unit, where), _day(effective_from, where), _mark(mark, where), regulation)
    if row.unit is Unit.YES_NO and row.value > 1:
        raise BadInput(f"{value} is neither 0 nor 1", where=f"{where} value")
    return row


def _unit(text: str, where: str) -> Unit:
    if text not in list(Unit):
        raise BadInput(f"there is no unit {text[:20]!r}", where=f"{where} unit", hint=f"one of {', '.join(Unit)}")
    return Unit(text)


def _mark(text: str, where: str) -> Mark:
    if text not in list(Mark):
        raise BadInput(f"the mark is {text[:20]!r}", where=f"{where} mark", hint="S (published source) or K (trade knowledge)")
    return Mark(text)


def _day(text: str, where: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadInput(f"{text[:20]!r} is not a date", where=f"{where} effective_from", hint="write it like 2016-07-01") from None
