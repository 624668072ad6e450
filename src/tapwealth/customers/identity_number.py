"""The citizen identity number (GB 11643-1999): six digits of place, birthday, three of order, check character (ISO 7064 MOD 11-2)."""

import re
from dataclasses import dataclass
from datetime import date

from stdnum import numdb
from stdnum.cn import ric
from stdnum.exceptions import ValidationError

from tapwealth.kernel.masked import IdentityNumber
from tapwealth.kernel.refusal import BadInput

LENGTH = 18
_SHAPE = re.compile(r"[0-9]{17}[0-9X]")


@dataclass(frozen=True, slots=True)
class Identity:
    """A number whose check character, birthday and place hold. `birthday` and `is_male` are read from it."""

    number: IdentityNumber
    birthday: date
    is_male: bool

    def age_on(self, day: date) -> int:
        """Full years of life; who is born on 29 February is a year older on 1 March."""
        had_birthday = (day.month, day.day) >= (self.birthday.month, self.birthday.day)
        return day.year - self.birthday.year - (0 if had_birthday else 1)


def read_identity_number(text: str) -> Identity:
    """Read 18 characters, the last may be `X` or `x`. Raises BadInput, which never repeats the number."""
    number = text.strip().upper()
    if len(number) != LENGTH:
        raise _bad(f"has {len(number)} characters", f"it must have {LENGTH}")
    if not _SHAPE.fullmatch(number):
        raise _bad("contains something else than digits", "17 digits, then a digit or X")
    if ric.calc_check_digit(number) != number[-1]:
        raise _bad("does not fit its check character", "type it again")
    try:
        birthday = ric.get_birth_date(number)
    except ValidationError:
        raise _bad("names a birthday that does not exist", "type it again") from None
    if not _is_place(number[:6]):
        raise _bad("names a place that does not exist", "type it again")
    return Identity(IdentityNumber(number), birthday, int(number[16]) % 2 == 1)


def _is_place(code: str) -> bool:
    """Whether the place exists or once did. It is where the number was given out, since 1984 to people of any age, so that it says
    nothing about the year of birth: `ric.validate`, which wants the place to be as old as the person, would refuse real people."""
    return any("county" in found for _, found in numdb.get("cn/loc").info(code))


def _bad(what: str, hint: str) -> BadInput:
    return BadInput(f"the number {what}", where="identity number", hint=hint)
