"""Whom somebody may insure, and up to which sum a minor's death is: Insurance Law articles 31 to 34, and the rule on death cover of minors.
Pure; ages in full years on the first day of cover.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import Enum, StrEnum, auto

from tapwealth.insurance.product import Accident, AccountLoss, Cover, PhoneScreen, TermLife
from tapwealth.kernel.money import format_minor
from tapwealth.kernel.refusal import Refusal

ADULT = 18
"""Civil Code article 17."""
CONSENT = "consent"
"""What a buyer confirms who insures another grown-up's death: that person agrees to it, to the sum and to who receives it (articles 34
and 39). Parents need nobody's consent for a minor child."""
_TEN = 10


class Relation(StrEnum):
    """Of the insured person to the policyholder: those in whom article 31 sees an insurable interest."""

    SELF = "self"
    SPOUSE = "spouse"
    CHILD = "child"
    PARENT = "parent"


class ApplicantRefusal(Enum):
    """In the order in which they are checked."""

    INSURES_NO_PERSON = auto()
    YOU_ARE_A_MINOR = auto()
    NO_INTEREST = auto()
    CONSENT_MISSING = auto()
    NOT_PAID_AT_DEATH = auto()
    ABOVE_MINORS_CAP = auto()


@dataclass(frozen=True, slots=True)
class Applicant:
    """Whom a policy is to insure; `elsewhere`: fen of death cover that other insurers give a minor, as declared."""

    relation: Relation
    birthday: date
    age: int
    elsewhere: int = 0


@dataclass(frozen=True, slots=True)
class Buyer:
    """Who pays for it."""

    birthday: date
    age: int


def insures_a_person(cover: Cover) -> bool:
    """Whether it is somebody's life or health that is insured, and not a thing or an account."""
    return not isinstance(cover, AccountLoss | PhoneScreen)


def pays_at_death(cover: Cover) -> bool:
    """Whether the sum is paid when the insured person dies."""
    return isinstance(cover, Accident | TermLife)


def may_not_insure(cover: Cover, buyer: Buyer, one: Applicant, confirmed: tuple[str, ...]) -> Refusal | None:
    """Why the buyer has no such policy on that person."""
    if one.relation is Relation.SELF:
        return None
    if not insures_a_person(cover):
        return Refusal(ApplicantRefusal.INSURES_NO_PERSON, "this policy insures what is your own; leave the insured person out")
    if buyer.age < ADULT:
        return Refusal(ApplicantRefusal.YOU_ARE_A_MINOR, f"who insures somebody else is {ADULT} or older; ask your parents")
    if not _can_be(one, buyer):
        text = f"nobody of that age is your {one.relation}; you may insure yourself, your spouse, your children and your parents"
        return Refusal(ApplicantRefusal.NO_INTEREST, text)
    if pays_at_death(cover) and one.age >= ADULT and CONSENT not in confirmed:
        text = f"the insured person has to agree to be insured for that sum; have it in writing and confirm it ({CONSENT})"
        return Refusal(ApplicantRefusal.CONSENT_MISSING, text)
    return None


def _can_be(one: Applicant, buyer: Buyer) -> bool:
    match one.relation:
        case Relation.CHILD:
            return one.birthday > buyer.birthday
        case Relation.PARENT:
            return one.birthday < buyer.birthday
        case _:
            return one.age >= ADULT


def minors_cap(age: int, figures: Mapping[str, int]) -> int | None:
    """Fen for which somebody of that age may be insured at death, by all policies of all insurers; None: no cap. `figures`: of the rule
    `insurance`; a set that lacks them has no cap."""
    if age >= ADULT:
        return None
    return figures.get("minor_cover_below_10" if age < _TEN else "minor_cover_10_to_17")


def above_cap(cap: int, insured: int, elsewhere: int, wanted: int) -> Refusal | None:
    """Why a minor is not insured for so many fen more: `insured` of them are by policies that were bought here, whoever pays for them."""
    left = max(cap - insured - elsewhere, 0)
    if wanted <= left:
        return None
    text = f"a minor of this age is insured for {format_minor(cap)} yuan at most by all policies; {format_minor(left)} are left"
    return Refusal(ApplicantRefusal.ABOVE_MINORS_CAP, text)
