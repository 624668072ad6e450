"""A product as its manager defines it: what every kind has, and a place for what one kind alone has.

Parameters and channels' terms are structs of the capability that sells the kind, handed in as a `Shape`. A whole number says by its type
what it counts (`kernel.units`): in a definition's file people write yuan and percent, here stand fen and millionths.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, Protocol

import msgspec

from tapwealth.kernel.clock import business_date_of
from tapwealth.kernel.refusal import BadInput
from tapwealth.kernel.units import Percent, Unit, Yuan

_A_DAY = timedelta(days=1)
CODE = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{1,31}", re.ASCII)
"""Of a product."""


class ProductKind(StrEnum):
    """What a product is; the text is stored."""

    MONEY_FUND = "money_fund"
    FUND = "fund"
    INSURANCE = "insurance"
    DEPOSIT = "deposit"
    RAISE_PRODUCT = "raise_product"
    WEALTH_PRODUCT = "wealth_product"
    BILLER_SERVICE = "biller_service"

    @property
    def words(self) -> tuple[str, str]:
        """Chinese, English."""
        return _KIND_WORDS[self]


_KIND_WORDS = {
    ProductKind.MONEY_FUND: ("货币基金", "money fund"),
    ProductKind.FUND: ("基金", "fund"),
    ProductKind.INSURANCE: ("保险", "insurance"),
    ProductKind.DEPOSIT: ("存款", "deposit"),
    ProductKind.RAISE_PRODUCT: ("募集期产品", "raise-period product"),
    ProductKind.WEALTH_PRODUCT: ("银行理财产品", "wealth product of the bank"),
    ProductKind.BILLER_SERVICE: ("缴费服务", "biller service"),
}


class Language(StrEnum):
    """Of a document."""

    CHINESE = "zh"
    ENGLISH = "en"


class Names(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A name in both languages."""

    zh: str
    en: str


class Dated(Protocol):
    """What holds from one day to another, both included; `last` None: without an end."""

    @property
    def first(self) -> date: ...

    @property
    def last(self) -> date | None: ...


class DatedRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What holds from one day to another, both included; `last` None: without an end. `value`: fen or millionths, by the table's unit."""

    first: date = msgspec.field(name="from")
    value: int
    last: date | None = msgspec.field(name="until", default=None)


class DatedAmount(DatedRow, frozen=True, forbid_unknown_fields=True):
    """A row of a table of prices."""

    value: Yuan


class DatedRate(DatedRow, frozen=True, forbid_unknown_fields=True):
    """A row of a table of rates."""

    value: Percent


ROW_OF: Mapping[Unit, type[DatedRow]] = {Unit.YUAN: DatedAmount, Unit.PERCENT: DatedRate}
Age = Annotated[int, msgspec.Meta(ge=0, le=120)]


class Eligibility(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who may buy. `kyc_class`: the least class of the payment account (I to III); ages in full years, None for no bound; `risk_level`:
    R1 to R5, against which a person's own assessment stands; `regions`: codes of GB/T 2260 (2, 4 or 6 digits), empty: everywhere."""

    kyc_class: Annotated[int, msgspec.Meta(ge=1, le=3)] = 1
    youngest: Age | None = None
    oldest: Age | None = None
    risk_level: Annotated[int, msgspec.Meta(ge=1, le=5)] | None = None
    regions: list[Annotated[str, msgspec.Meta(pattern=r"^[0-9]{2}([0-9]{2}){0,2}$", description="2, 4 or 6 digits of GB/T 2260")]] = []


class Document(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a customer is shown before buying; the file is kept under the SHA-256 of its bytes (hex)."""

    title: Names
    language: Language
    sha256: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$", description="64 hex digits, the file's SHA-256")]


class SaleWindow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """From and until when it is sold; None: no bound. At `closes` it is sold no more."""

    opens: datetime | None = None
    closes: datetime | None = None

    def covers(self, now: datetime) -> bool:
        return (self.opens is None or now >= self.opens) and (self.closes is None or now < self.closes)


class NoTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of a channel that sells as every other does."""


class Definition(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One product. `parameters` and the values of `channels` are structs of the kind's `Shape`."""

    product: str
    kind: ProductKind
    name: Names
    parameters: Any
    channels: dict[str, Any]
    rates: dict[str, list[DatedRow]] = {}
    eligibility: Eligibility = Eligibility()
    documents: list[Document] = []
    sale: SaleWindow = SaleWindow()


@dataclass(frozen=True, slots=True)
class Shape:
    """What one kind of product has of its own. `rates`: the dated tables it knows, by name; `needed`: those it must have. `words`: how its
    fields, tables and values are called (Chinese, English), for people who compare two versions."""

    parameters: type[msgspec.Struct]
    channel: type[msgspec.Struct] = NoTerms
    rates: Mapping[str, Unit] = field(default_factory=dict)
    needed: frozenset[str] = frozenset()
    words: Mapping[str, tuple[str, str]] = field(default_factory=dict)


def canonical(definition: Definition) -> bytes:
    """The one JSON text of a definition: fields sorted, nothing left out."""
    return msgspec.json.encode(msgspec.to_builtins(definition, str_keys=True), order="sorted")


def digest(definition: Definition) -> bytes:
    """SHA-256 of its canonical form."""
    return hashlib.sha256(canonical(definition)).digest()


def restored(text: str | bytes, shape: Shape) -> Definition:
    """A definition from its canonical form."""
    plain = msgspec.json.decode(text, type=Definition)
    return msgspec.structs.replace(
        plain,
        parameters=msgspec.convert(plain.parameters, shape.parameters),
        channels={code: msgspec.convert(terms, shape.channel) for code, terms in plain.channels.items()},
        rates={name: [_row(row, shape.rates[name]) for row in rows] for name, rows in plain.rates.items()},
    )


def _row(row: DatedRow, unit: Unit) -> DatedRow:
    return ROW_OF[unit](row.first, row.value, row.last)


def kind_in(text: str | bytes) -> ProductKind:
    """The kind of a definition's canonical form."""
    return msgspec.json.decode(text, type=_Kind).kind


class _Kind(msgspec.Struct):
    kind: ProductKind


def rate_on(rows: Sequence[DatedRow], day: date) -> int | None:
    """What holds on a day; None where no row does."""
    return next((one.value for one in rows if one.first <= day and (one.last is None or day <= one.last)), None)


def check(definition: Definition, shape: Shape) -> None:
    """What no product may be. Raises BadInput whose `where` is the path of what is wrong."""
    if not CODE.fullmatch(definition.product):
        raise BadInput(
            f"{definition.product[:40]!r} is no product's code", where="product", hint="2 to 32 letters, digits, points and dashes"
        )
    for language, name in (("zh", definition.name.zh), ("en", definition.name.en)):
        if not name.strip():
            raise BadInput("the name is empty", where=f"name.{language}", hint="give it in both languages")
    if not definition.channels:
        raise BadInput("nobody sells it", where="channels", hint="name each channel once, with its terms")
    _check_eligibility(definition.eligibility)
    sale = definition.sale
    if sale.opens is not None and sale.closes is not None and sale.closes <= sale.opens:
        raise BadInput("it closes before it opens", where="sale.closes", hint="give a later instant, or leave it out")
    hashes = [one.sha256 for one in definition.documents]
    for number, one in enumerate(hashes):
        if one in hashes[:number]:
            raise BadInput("this document stands there twice", where=f"documents[{number}].sha256", hint="name each once")
    for name in shape.needed - set(definition.rates):
        raise BadInput(f"the table {name!r} is missing", where="rates", hint="give it with its first day and its value")
    for name, rows in definition.rates.items():
        check_days(f"rates.{name}", rows)
        check_sold_days(f"rates.{name}", rows, sale)


def _check_eligibility(one: Eligibility) -> None:
    if one.youngest is not None and one.oldest is not None and one.oldest < one.youngest:
        raise BadInput(
            "the oldest is younger than the youngest", where="eligibility.oldest", hint=f"give {one.youngest} or more, or leave it out"
        )
    if len(set(one.regions)) < len(one.regions):
        raise BadInput("a region stands there twice", where="eligibility.regions", hint="name each once")


def check_days(where: str, rows: Sequence[Dated]) -> None:
    """One row after the other, day by day: no day has two values, and none has none."""
    if not rows:
        raise BadInput("the table has no row", where=where, hint="give its first day and its value, or leave the table out")
    for number, row in enumerate(rows):
        at = f"{where}[{number}]"
        if row.last is not None and row.last < row.first:
            raise BadInput(f"it ends on {row.last}, before it begins on {row.first}", where=f"{at}.until", hint="give a later day")
        if number == 0:
            continue
        before = rows[number - 1]
        if before.last is None:
            raise BadInput(f"it overlaps the row before it, which has no end: write `until: {row.first - _A_DAY}` there", where=at)
        if row.first <= before.last:
            text = f"it overlaps the row before it, which holds until {before.last}"
            raise BadInput(text, where=f"{at}.from", hint=f"begin on {before.last + _A_DAY}, or end that one on {row.first - _A_DAY}")
        if row.first > before.last + _A_DAY:
            text = f"nothing holds from {before.last + _A_DAY} to {row.first - _A_DAY}"
            raise BadInput(text, where=f"{at}.from", hint=f"begin on {before.last + _A_DAY}, or let the row before it last longer")


def check_sold_days(where: str, rows: Sequence[Dated], sale: SaleWindow) -> None:
    """A product is not sold on a day that has no price."""
    if sale.opens is not None and business_date_of(sale.opens) < rows[0].first:
        text = f"the sale opens on {business_date_of(sale.opens)}, and nothing holds before {rows[0].first}"
        raise BadInput(text, where=f"{where}[0].from", hint="begin on the first day of the sale")
    last = rows[-1].last
    if last is not None and (sale.closes is None or business_date_of(sale.closes) > last + _A_DAY):
        hint = "leave `until` out there, or let the sale close by then"
        raise BadInput(f"nothing holds after {last}, and the product is sold on", where=f"{where}[{len(rows) - 1}].until", hint=hint)
