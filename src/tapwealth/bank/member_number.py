"""The number of a bank's branch in the payment system (CNAPS): three digits of the bank, four of place, four of the branch, a check digit
(ISO 7064 MOD 11,10, the "double modulus" of GB/T 17710)."""

import re

from stdnum.iso7064 import mod_11_10

from tapwealth.kernel.refusal import BadInput

_SHAPE = re.compile(r"[0-9]{12}", re.ASCII)


def read_member_number(text: str, *, where: str) -> str:
    """12 digits. Raises BadInput.

    >>> read_member_number("313100000013", where="bank")
    '313100000013'
    """
    number = text.strip()
    if not _SHAPE.fullmatch(number):
        raise BadInput("it is no bank's number", where=where, hint="12 digits, like 313100000013")
    if not mod_11_10.is_valid(number):
        raise BadInput("its last digit does not fit the others", where=where, hint="compare each digit")
    return number
