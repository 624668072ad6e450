"""Whether somebody may buy a product, by what its definition says of its buyers. Pure. What they are asked besides (a payment account's
limits, the risk they bear) is the business of whoever sells."""

from enum import Enum, auto

from tapwealth.catalogue.definition import Eligibility
from tapwealth.kernel.refusal import Refusal

_CLASSES = ("none", "I", "II", "III")


class EligibilityRefusal(Enum):
    """In the order in which they are checked."""

    ACCOUNT_CLASS = auto()
    TOO_YOUNG = auto()
    TOO_OLD = auto()


def asks_age(one: Eligibility) -> bool:
    """Whether it matters how old a buyer is."""
    return one.youngest is not None or one.oldest is not None


def not_eligible(one: Eligibility, name: str, level: int, age: int | None, whose: str = "you are") -> Refusal | None:
    """Why the product of that name is not for somebody with an account of class `level` (0: not verified), who is `age` full years old;
    None is enough where no age is asked for. `whose` says whose age it is."""
    if 1 < one.kyc_class > level:
        text = f"{name} is for accounts of class {_CLASSES[one.kyc_class]} and above; yours is class {_CLASSES[level]}, be verified further"
        return Refusal(EligibilityRefusal.ACCOUNT_CLASS, text)
    if not asks_age(one):
        return None
    assert age is not None, f"{name} asks for an age"
    if one.youngest is not None and age < one.youngest:
        return Refusal(EligibilityRefusal.TOO_YOUNG, f"{name} is for people from {one.youngest} years of age; {whose} {age}")
    if one.oldest is not None and age > one.oldest:
        return Refusal(EligibilityRefusal.TOO_OLD, f"{name} is for people up to {one.oldest} years of age; {whose} {age}")
    return None
