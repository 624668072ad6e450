"""Who acts for a child to whom something is paid at a death: Civil Code, articles 17 to 23, 27, 34 and 35. Pure.

Who is under 18 does not receive alone: the guardian acts, the parents first. The money is the child's all the
same, and the guardian may use it for the child alone; so it is paid with words that say whose it is.
"""

from collections.abc import Mapping
from enum import StrEnum

OF_AGE = 18
"""Years."""


class Guardianship(StrEnum):
    """Of a guardian to the child, in the order of article 27; the text is stored. `other`: with the consent of the residents' or villagers'
    committee, or of the department of civil affairs."""

    PARENT = "parent"
    GRANDPARENT = "grandparent"
    SIBLING = "sibling"
    OTHER = "other"


GUARDIANS: Mapping[Guardianship, tuple[str, str]] = {
    Guardianship.PARENT: ("父母", "parent"),
    Guardianship.GRANDPARENT: ("祖父母、外祖父母", "grandparent"),
    Guardianship.SIBLING: ("兄、姐", "elder brother or sister"),
    Guardianship.OTHER: ("其他监护人", "other guardian"),
}
"""What they are called, Chinese and English."""


def is_child(age: int) -> bool:
    """Of so many full years."""
    return age < OF_AGE


def words_of_payment(child: str, guardian: str) -> str:
    """With which it is paid into the guardian's account."""
    return f"{child}（未成年人）保险金，监护人{guardian}代收，归{child}所有"
