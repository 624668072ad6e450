"""Who a customer is, and in which book all that is theirs lies."""

import unicodedata

from tapwealth.kernel.masked import PersonName
from tapwealth.kernel.refusal import BadInput

LONGEST_NAME = 50
NAME_MARKS = "··. '-"
"""What may stand between the letters of a name; the middle dot divides names of the minorities."""


def book_of_person(lookup_hash: bytes, books: int) -> int:
    """The book of a person, 1 to `books`, from the keyed hash of the identity number: whoever opens twice lands in the same place."""
    assert books >= 1, books
    return int.from_bytes(lookup_hash, "big") % books + 1


def read_person_name(text: str) -> PersonName:
    """A name of 2 to 50 letters (Unicode NFC). Raises BadInput, which does not repeat it."""
    name = unicodedata.normalize("NFC", " ".join(text.split()))
    if not 2 <= len(name) <= LONGEST_NAME:
        raise BadInput(f"the name has {len(name)} letters", where="name", hint=f"2 to {LONGEST_NAME}, as on the identity card")
    if not all(letter.isalpha() or letter in NAME_MARKS for letter in name) or not name[0].isalpha():
        raise BadInput("the name contains something else than letters", where="name", hint="write it as on the identity card")
    return PersonName(name)
