"""What a policy costs, in exact fractions, rounded half-up to the fen once, at the end.

Net level yearly premium of a term life insurance with the death benefit at the end of the year of death, by the equivalence principle:

    net = S × Σ v^(k+1) · kp · q(x+k) ÷ Σ v^k · kp,   k = 0 … n−1,   v = 1 / (1 + i)

Gross premium = net / (1 − loading). An accident premium is read from the product, by occupation class.
"""

from dataclasses import dataclass
from enum import Enum, auto
from fractions import Fraction
from functools import cache

from tapwealth.insurance.mortality import LAST_AGE, Sex, death_rates
from tapwealth.insurance.product import AccidentProduct, OccupationClass, Product, TermLifeProduct
from tapwealth.kernel.money import half_up
from tapwealth.kernel.refusal import Refusal


class QuoteRefusal(Enum):
    """Why no policy is offered."""

    TOO_YOUNG = auto()
    TOO_OLD = auto()
    OCCUPATION_NOT_COVERED = auto()


@dataclass(frozen=True, slots=True)
class Insured:
    """What a premium depends on; `age` in full years on the first day of cover."""

    sex: Sex
    age: int
    occupation: OccupationClass


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


def yearly_premium(product: Product, insured: Insured) -> int | Refusal:
    """Fen for one year of cover, or why there is none to be had."""
    if insured.age < product.youngest:
        return Refusal(QuoteRefusal.TOO_YOUNG, f"{product.name} is for people from {product.youngest} years of age; you are {insured.age}")
    if insured.age > product.oldest:
        return Refusal(QuoteRefusal.TOO_OLD, f"{product.name} is for people up to {product.oldest} years of age; you are {insured.age}")
    match product:
        case AccidentProduct():
            return _accident_premium(product, insured.occupation)
        case TermLifeProduct():
            net = product.sum_insured * net_rate(insured.sex, insured.age, product.term_years, product.interest)
            return half_up(gross(net, product.loading))


def _accident_premium(product: AccidentProduct, occupation: OccupationClass) -> int | Refusal:
    if occupation not in product.premiums:
        return Refusal(QuoteRefusal.OCCUPATION_NOT_COVERED, f"{product.name} does not cover occupation class {occupation}")
    return product.premiums[occupation]
