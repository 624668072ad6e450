"""Insurance products as data: what they cover, what they cost, how they end. Nothing here knows a customer."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from fractions import Fraction

from tapwealth.kernel.refusal import BadInput


class OccupationClass(IntEnum):
    """How dangerous somebody's work is; this shelf covers the two safest classes."""

    ONE = 1
    TWO = 2


class CancellationRule(StrEnum):
    """What comes back of a premium when a policy is cancelled outside the free look."""

    UNEARNED = "unearned"
    """premium × days left / 365"""
    UNEARNED_LESS_LOADING = "unearned_less_loading"
    """premium × days left / 365 × (1 − loading)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What all products have. `sum_insured` and `free_look_cost` in fen; `free_look_days` 0: no free look."""

    code: str
    name: str
    name_en: str
    insurer: str
    sum_insured: int
    loading: Fraction
    youngest: int
    oldest: int
    cancellation: CancellationRule
    free_look_days: int = 0
    free_look_cost: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class AccidentProduct(Terms):
    """Personal accident for a year; the yearly premium in fen for the whole sum insured, by occupation class."""

    premiums: Mapping[OccupationClass, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class TermLifeProduct(Terms):
    """A sum at death within `term_years`, for a level premium every year; `interest` is the yearly rate it is reckoned with."""

    term_years: int
    interest: Fraction


Product = AccidentProduct | TermLifeProduct

ACCIDENT_ONE_YEAR = AccidentProduct(
    code="ACC1",
    name="一年期意外险",
    name_en="Accident, one year",
    insurer="TPINS",
    sum_insured=40_000_000,
    loading=Fraction(35, 100),
    youngest=18,
    oldest=65,
    cancellation=CancellationRule.UNEARNED,
    premiums={OccupationClass.ONE: 76_000, OccupationClass.TWO: 96_000},
)

TERM_LIFE_TWENTY = TermLifeProduct(
    code="TL20",
    name="二十年期定期寿险",
    name_en="Term life, twenty years",
    insurer="TPINS",
    sum_insured=10_000_000,
    loading=Fraction(25, 100),
    youngest=18,
    oldest=55,
    cancellation=CancellationRule.UNEARNED,
    free_look_days=15,
    free_look_cost=1_000,
    term_years=20,
    interest=Fraction(25, 1000),
)

SHELF: Mapping[str, Product] = {product.code: product for product in (ACCIDENT_ONE_YEAR, TERM_LIFE_TWENTY)}


def product_of(code: str) -> Product:
    """The product on the shelf with that code. Raises BadInput."""
    if code not in SHELF:
        raise BadInput(f"there is no insurance product {code[:20]!r}", where="product", hint=f"choose one of {', '.join(SHELF)}")
    return SHELF[code]
