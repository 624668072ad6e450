"""Whose the house's revenue is, the issuer's and the acquirer's part of card fees and the commission on premiums: the contract of the bank
and the phone maker who run the house, as dated data.

`data/share_contracts.csv` has one row for a party's part of a revenue, in millionths, from a date on; the rows of a date replace those of
the date before. The bank's part is rounded half-up to the fen, and the phone maker's is the rest, so that nothing is left over; a loss is
shared as a gain is.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from fractions import Fraction
from functools import cache
from importlib.resources import files

from tapwealth.kernel.money import half_up
from tapwealth.kernel.refusal import BadInput

COLUMNS = ["effective_from", "revenue", "party", "per_million", "settled", "account", "name", "contract"]
_WHOLE = 1_000_000


class Revenue(StrEnum):
    """What is shared; the text is stored."""

    ISSUER = "issuer"
    ACQUIRER = "acquirer"
    COMMISSION = "commission"
    """On insurance premiums."""


class Party(StrEnum):
    """Who runs the house; the text is stored."""

    BANK = "bank"
    PHONE_MAKER = "phone_maker"


class Settled(StrEnum):
    """When a party is paid what has come together."""

    DAILY = "daily"
    MONTHLY = "monthly"

    def is_due(self, day: date) -> bool:
        """Whether that date's end is one."""
        return self is Settled.DAILY or (day + timedelta(days=1)).month != day.month


@dataclass(frozen=True, slots=True)
class Terms:
    """How a party is paid: `account` at the bank, `name` of its owner."""

    settled: Settled
    account: str
    name: str


@dataclass(frozen=True)
class Contract:
    """What holds from a date on."""

    effective_from: date
    per_million: Mapping[tuple[Revenue, Party], int]
    terms: Mapping[Party, Terms]

    def split(self, revenue: Revenue, amount: int) -> dict[Party, int]:
        """Fen of each party; together they are `amount`."""
        bank = half_up(Fraction(amount * self.per_million[revenue, Party.BANK], _WHOLE))
        return {Party.BANK: bank, Party.PHONE_MAKER: amount - bank}


def contract_on(day: date) -> Contract | None:
    """The one that holds on that date; None before the first."""
    return next((one for one in reversed(_shipped()) if one.effective_from <= day), None)


@cache
def _shipped() -> Sequence[Contract]:
    return read_contracts(files("tapwealth.acquiring").joinpath("data/share_contracts.csv").read_text("utf-8"), "share_contracts.csv")


def read_contracts(text: str, where: str) -> list[Contract]:
    """Oldest first. Raises BadInput for the first thing that is wrong."""
    rows = list(csv.reader(io.StringIO(text, newline="")))
    if not rows or rows[0] != COLUMNS:
        raise BadInput("wrong header", where=f"{where} line 1", hint=f"it must be {','.join(COLUMNS)}")
    dated: dict[date, list[_Row]] = {}
    for number, cells in enumerate(rows[1:], 2):
        row = _row(cells, f"{where} line {number}")
        dated.setdefault(row.effective_from, []).append(row)
    return [_contract(day, dated[day], f"{where} {day}") for day in sorted(dated)]


@dataclass(frozen=True, slots=True)
class _Row:
    effective_from: date
    revenue: Revenue
    party: Party
    per_million: int
    terms: Terms


def _row(cells: list[str], where: str) -> _Row:
    if len(cells) != len(COLUMNS) or not all(cells):
        raise BadInput("not every field is filled", where=where, hint=f"there are {len(COLUMNS)}")
    day, revenue, party, per_million, settled, account, name, _contract_name = cells
    try:
        terms = Terms(Settled(settled), account, name)
        return _Row(date.fromisoformat(day), Revenue(revenue), Party(party), int(per_million), terms)
    except ValueError as error:
        raise BadInput(str(error), where=where, hint="look at the other rows") from None


def _contract(day: date, rows: Sequence[_Row], where: str) -> Contract:
    parts = {(row.revenue, row.party): row.per_million for row in rows}
    wanted = {(revenue, party) for revenue in Revenue for party in Party}
    if len(rows) != len(wanted) or parts.keys() != wanted:
        raise BadInput("each revenue is shared once by each party", where=where, hint=f"state {len(wanted)} rows")
    for revenue in Revenue:
        if sum(parts[revenue, party] for party in Party) != _WHOLE or min(parts.values()) < 0:
            raise BadInput(f"the parts of the {revenue}'s revenue are not the whole", where=where, hint=f"their sum is {_WHOLE}")
    terms = {row.party: row.terms for row in rows}
    if any(row.terms != terms[row.party] for row in rows):
        raise BadInput("a party is paid in one way, to one account", where=where, hint="make its rows agree")
    return Contract(day, parts, terms)
