"""The unified social credit code by which a business is known (GB 32100-2015).

One character of the registering authority, one of the kind of organisation, six digits of place, nine of the organisation, and a check
character: 31 less the sum of the characters' values, each times its power of 3 modulo 31. Digits and letters but I, O, S, V, Z.
"""

import re

from stdnum.cn import uscc

from tapwealth.kernel.refusal import BadInput

LENGTH = 18
_SHAPE = re.compile(r"[0-9A-HJ-NPQRTUWXY]{2}[0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}", re.ASCII)


def read_credit_code(text: str) -> str:
    """18 characters, capital or small. Raises BadInput that says which rule does not hold.

    >>> read_credit_code("9144030071526726xg")
    '9144030071526726XG'
    """
    code = text.strip().upper()
    if len(code) != LENGTH:
        raise _bad(f"has {len(code)} characters", f"it must have {LENGTH}")
    if not _SHAPE.fullmatch(code):
        raise _bad("has a character that cannot stand there", "digits and letters but I, O, S, V, Z; 3 to 8 are digits of the place")
    if uscc.calc_check_digit(code[:-1]) != code[-1]:
        raise _bad("does not fit its check character", "compare it with the business licence")
    return code


def _bad(what: str, hint: str) -> BadInput:
    return BadInput(f"the unified social credit code {what}", where="credit_code", hint=hint)
