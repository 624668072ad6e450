"""What a policy costs, in exact fractions, rounded half-up to the fen once, at the end.

Net level yearly premium of a term life insurance with the death benefit at the end of the year of death, by the equivalence principle:

    net = S × Σ v^(k+1) · kp · q(x+k) ÷ Σ v^k · kp,   k = 0 … n−1,   v = 1 / (1 + i)

Gross premium = net / (1 − loading). Every other premium is read from the product's tables: an accident's by occupation class, a health
cover's by sex and age.
What answers add is a share of the gross premium, and an instalment is one of what that comes to.
"""

from dataclasses import dataclass
from enum import Enum, auto
from fractions import Fraction
from functools import cache

from tapwealth.insurance.mortality import LAST_AGE, Sex, death_rates
from tapwealth.insurance.product import Accident, Cover, Health, OccupationClass, Product, TermLife, table_by_age
from tapwealth.kernel.money import half_up
from tapwealth.kernel.refusal import Refusal
from tapwealth.kernel.units import WHOLE

_PERMILLE = 1_000


class QuoteRefusal(Enum):
    """Why no policy is offered."""

    OCCUPATION_NOT_COVERED = auto()
    NO_PRICE = auto()


@dataclass(frozen=True, slots=True)
class Insured:
    """What a premium depends on; `age` in full years on the first day of cover, `permille`: what answers add to it."""

    sex: Sex
    age: int
    occupation: OccupationClass
    permille: int = 0


@cache
def net_rate(sex: Sex, age: int, years: int, interest: Fraction) -> Fraction:
    """Net level yearly premium per 1 of sum insured."""
    assert age in range(LAST_AGE + 1), age
    assert years in range(1, LAST_AGE - age + 2), (age, years)
    alive, discount, benefits, payments = Fraction(1), Fraction(1), Fraction(0), Fraction(0)
    for q in death_rates()[sex][age : age + years]:
        payments += discount * alive
        discount = discount / (1 + interest)
        benefits += discount * alive * q
        alive *= 1 - q
    return benefits / payments


def gross(net: Fraction, loading: Fraction) -> Fraction:
    """The premium that leaves `net` after the loading, a share of the gross."""
    assert 0 <= loading < 1, loading
    return net / (1 - loading)


def _table(cover: Cover, insured: Insured) -> str:
    match cover:
        case Accident():
            return insured.occupation.table
        case TermLife():
            return "interest"
        case Health():
            return table_by_age(insured.sex, insured.age)
        case _:
            return "premium"


def premium_of(product: Product, insured: Insured) -> int | Refusal:
    """Fen for one year of cover, for an instalment of it, or for the days of a shorter one, at the prices of the product's day; or why
    there is none to be had."""
    cover, prices = product.terms.cover, product.prices
    table = _table(cover, insured)
    if isinstance(cover, Accident) and table not in prices:
        return Refusal(QuoteRefusal.OCCUPATION_NOT_COVERED, f"{product.name} does not cover occupation class {insured.occupation}")
    price = prices.get(table)
    if price is None:
        return Refusal(QuoteRefusal.NO_PRICE, f"no price of {product.name} holds today; look at it again when one does")
    loaded = Fraction(_PERMILLE + insured.permille, _PERMILLE)
    if not isinstance(cover, TermLife):
        return half_up(price * loaded * product.terms.part)
    net = product.terms.sum_insured * net_rate(insured.sex, insured.age, cover.years, Fraction(price, WHOLE))
    return half_up(gross(net, Fraction(product.terms.loading, WHOLE)) * loaded * product.terms.part)
