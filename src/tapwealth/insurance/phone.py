"""A phone as a policy names it: by its IMEI (3GPP TS 23.003), 14 digits and a check digit by Luhn. Pure.

A phone is insured on the day on which it was bought; later, for as long as the product says, after somebody has looked at it.
"""

import re
from dataclasses import dataclass
from datetime import date
from enum import Enum, auto

from stdnum import luhn

from tapwealth.insurance.product import Cover, PhoneScreen
from tapwealth.kernel.masked import Imei
from tapwealth.kernel.refusal import BadInput, Refusal

DIGITS, SHOWN = 15, 4
INSPECTION = "inspection"
"""What a buyer confirms whose phone was bought before today: it was looked at, and its screen is whole."""
_BETWEEN = re.compile(r"[ -]")
_SHAPE = re.compile(r"[0-9]+")


class PhoneRefusal(Enum):
    """In the order in which they are checked."""

    NO_PHONE_WANTED = auto()
    PHONE_MISSING = auto()
    PHONE_TOO_OLD = auto()
    NOT_INSPECTED = auto()
    PHONE_INSURED = auto()


@dataclass(frozen=True, slots=True)
class Phone:
    """One phone, and the day on which it was bought."""

    imei: Imei
    bought_on: date

    @property
    def last4(self) -> str:
        """What may be shown of its number."""
        return self.imei.reveal()[-SHOWN:]


def read_imei(text: str) -> Imei:
    """15 digits, as the phone shows them (`*#06#`); blanks and hyphens between them are let pass. Raises BadInput, which never repeats
    the number."""
    digits = _BETWEEN.sub("", text.strip())
    if not _SHAPE.fullmatch(digits):
        raise _bad("is empty, or contains something else than digits", "dial *#06# on the phone and copy the 15 digits")
    if len(digits) != DIGITS:
        raise _bad(f"has {len(digits)} digits", f"it must have {DIGITS}; dial *#06# on the phone")
    if not luhn.is_valid(digits):
        raise _bad("does not fit its check digit", "type it again")
    if len(set(digits)) == 1:
        raise _bad("is no phone's", "dial *#06# on the phone and copy the 15 digits")
    return Imei(digits)


def _bad(what: str, hint: str) -> BadInput:
    return BadInput(f"the number {what}", where="phone.imei", hint=hint)


def read_phone(imei: str, bought_on: date, today: date) -> Phone:
    """Raises BadInput for a number that is no IMEI, and for a day that is still to come."""
    phone = Phone(read_imei(imei), bought_on)
    if bought_on > today:
        raise BadInput(f"{bought_on} is still to come", where="phone.bought_on", hint="copy the day from the invoice")
    return phone


def cannot_be_insured(cover: Cover, phone: Phone | None, today: date, confirmed: tuple[str, ...]) -> Refusal | None:
    """Why such a cover is not to be had for that phone, by the product's rule of late purchases."""
    if not isinstance(cover, PhoneScreen):
        text = "this policy insures no phone; leave it out, or choose one that does"
        return None if phone is None else Refusal(PhoneRefusal.NO_PHONE_WANTED, text)
    if phone is None:
        return Refusal(PhoneRefusal.PHONE_MISSING, "this policy is bound to a phone; give its IMEI and the day on which it was bought")
    age = (today - phone.bought_on).days
    if age > cover.late_days:
        text = f"the phone was bought {age} days ago, and is insured within {cover.late_days}; look for another cover"
        return Refusal(PhoneRefusal.PHONE_TOO_OLD, text)
    if age and INSPECTION not in confirmed:
        text = f"a phone that was bought before today is looked at first; have it inspected and confirm it ({INSPECTION})"
        return Refusal(PhoneRefusal.NOT_INSPECTED, text)
    return None
