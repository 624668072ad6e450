"""What the bank itself has set for its deposits: by product its form, how days are counted, and its posted rates."""

import sqlite3
from collections.abc import Mapping, Sequence
from datetime import date
from enum import StrEnum
from fractions import Fraction
from typing import Annotated

import msgspec

from tapwealth.sandbox.messages import Body, FenOrZero, Text, read_json

TERMS_SCHEMA = "CREATE TABLE IF NOT EXISTS deposit_terms (product TEXT PRIMARY KEY, content BLOB NOT NULL);"


class Form(StrEnum):
    """Of a deposit; `raise` is a product of the bank that is raised and then runs."""

    DEMAND = "demand"
    FIXED_TERM = "fixed_term"
    CERTIFICATE = "certificate"
    NOTICE = "notice"
    RAISE = "raise"


class RateBody(Body):
    """Percent a year, written like "3.30", for so much and more. `term` like "3m" or "1y"; "" for what has none."""

    rate: Annotated[str, msgspec.Meta(pattern="^[0-9]{1,2}([.][0-9]{1,4})?$")]
    term: str = ""
    from_amount: FenOrZero = 0

    @property
    def yearly(self) -> Fraction:
        return Fraction(self.rate) / 100


class PostedBody(Body, rename={"first": "from"}):
    """Rates posted on a day, until others are."""

    first: date
    rates: list[RateBody]


class TermsBody(Body):
    """A product. `demand` names the demand deposit whose rate holds for what is taken out early or late; `days` is the notice,
    `least_withdrawal` what must be taken out at once to earn its rate; `runs_from` and `runs_until` are those of a raised product, which
    pays its rate / `basis`."""

    product: Text
    form: Form
    posted: list[PostedBody]
    demand: str = ""
    matched_dates: bool = True
    days: int = 0
    least_withdrawal: FenOrZero = 0
    settles_on: int = 20
    runs_from: date | None = None
    runs_until: date | None = None
    basis: Annotated[int, msgspec.Meta(ge=360, le=366)] = 365

    def rate(self, day: date, amount: int, term: str = "") -> Fraction | None:
        """What it earns a year as posted on `day`; None where nothing is. Without a term less than the least amount earns as that."""
        held = [one for one in self.posted if one.first <= day]
        rows = [row for row in max(held, key=lambda one: one.first).rates if row.term == term] if held else []
        fitting = [row for row in rows if row.from_amount <= amount]
        if rows and not fitting and not term:
            return min(rows, key=lambda row: row.from_amount).yearly
        return max(fitting, key=lambda row: row.from_amount).yearly if fitting else None


Shelf = Mapping[str, TermsBody]


def set_terms(tx: sqlite3.Connection, terms: Sequence[TermsBody]) -> None:
    """What is said of a product last holds, for what was not agreed yet too."""
    for one in terms:
        tx.execute("INSERT OR REPLACE INTO deposit_terms VALUES (?, ?)", (one.product, msgspec.json.encode(one)))


def shelf(tx: sqlite3.Connection) -> Shelf:
    """By product."""
    rows = tx.execute("SELECT product, content FROM deposit_terms")
    return {row["product"]: read_json(row["content"], TermsBody) for row in rows}
