"""May this person have that policy, from when, and for how much? A pure decision."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import Enum, auto

from tapwealth.insurance.mortality import Sex
from tapwealth.insurance.phone import Phone, cannot_be_insured
from tapwealth.insurance.policy import cover_of
from tapwealth.insurance.premium import Insured, premium_of
from tapwealth.insurance.product import OccupationClass, Product
from tapwealth.insurance.underwriting import UnderwritingRefusal, judge
from tapwealth.kernel.money import format_minor
from tapwealth.kernel.refusal import Refusal

LATEST_BEGIN = timedelta(days=30)
"""How long after the purchase cover may begin at the latest."""


class BuyRefusal(Enum):
    """In the order in which they are checked; after BEGINS_WHEN come who may buy, those of a phone
    (`phone.PhoneRefusal`), of the answers (`underwriting.UnderwritingRefusal`) and of the product (`premium.QuoteRefusal`)."""

    UNKNOWN_PRODUCT = auto()
    NOT_SOLD_NOW = auto()
    TERMS_NOT_CONFIRMED = auto()
    BEGINS_WHEN = auto()
    PREMIUM_DIFFERS = auto()
    ABOVE_LIMIT = auto()
    NO_MONEY = auto()


TERMS = "terms"
"""What a buyer confirms in any case; whatever else they confirm is recorded with the sale."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What the buyer wants: `premium` in fen is what they were shown (None: they were shown nothing)."""

    product: Product
    occupation: OccupationClass
    from_day: date
    premium: int | None
    confirmed: tuple[str, ...]
    phone: Phone | None = None
    answers: Mapping[str, str] = field(default_factory=dict)
    """By question; checked against what the product asks."""
    accepted: int | None = None
    """Permille for which an underwriter has accepted these answers."""


@dataclass(frozen=True, slots=True)
class BuyFacts:
    """The buyer, who is the insured person: `age` in full years on the first day of cover. `today` is the day of the request.
    `available` fen are in the wallet; `ineligible`: why the product is not for them."""

    sex: Sex
    age: int
    today: date
    available: int
    ineligible: Refusal | None = None


@dataclass(frozen=True, slots=True)
class Quote:
    """A policy as it would be: fen for the first year, cover from `from_day` to before `to_day`, paid for to before `paid_until`;
    `permille`: what answers add to the premium."""

    premium: int
    from_day: date
    to_day: date
    paid_until: date
    permille: int = 0


def decide(wish: Wish, facts: BuyFacts) -> Quote | Refusal:
    """The policy, if it may be bought for the money that is there."""
    if TERMS not in wish.confirmed:
        return Refusal(BuyRefusal.TERMS_NOT_CONFIRMED, "the terms are not confirmed; read and confirm them first")
    made = quote(wish, facts)
    if isinstance(made, Refusal):
        return made
    if wish.premium not in (None, made.premium):
        return Refusal(BuyRefusal.PREMIUM_DIFFERS, f"the premium is {format_minor(made.premium)} yuan; look at it again and confirm it")
    if made.premium > facts.available:
        text = f"{format_minor(made.premium)} yuan is the premium, {format_minor(facts.available)} is there; move money in first"
        return Refusal(BuyRefusal.NO_MONEY, text)
    return made


def quote(wish: Wish, facts: BuyFacts) -> Quote | Refusal:
    """What the policy would cost, or why it is not to be had."""
    if not facts.today < wish.from_day <= facts.today + LATEST_BEGIN:
        text = f"cover begins between tomorrow and {facts.today + LATEST_BEGIN}; choose one of these days"
        return Refusal(BuyRefusal.BEGINS_WHEN, text)
    if facts.ineligible is not None:
        return facts.ineligible
    phone = cannot_be_insured(wish.product.terms.cover, wish.phone, facts.today, wish.confirmed)
    if phone is not None:
        return phone
    verdict = judge(wish.product.terms.questions, wish.answers)
    if isinstance(verdict, Refusal):
        return verdict
    if verdict.referred and wish.accepted is None:
        text = "an underwriter has to look at these answers; apply for the policy with them"
        return Refusal(UnderwritingRefusal.REFERRED, text)
    permille = verdict.permille if wish.accepted is None else wish.accepted
    premium = premium_of(wish.product, Insured(facts.sex, facts.age, wish.occupation, permille))
    if isinstance(premium, Refusal):
        return premium
    return Quote(premium, wish.from_day, *cover_of(wish.product, wish.from_day), permille)
