"""Mobile numbers of mainland China, as the national numbering plan has them (ITU-T E.164 country code 86)."""

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberType

from tapwealth.kernel.masked import PhoneNumber
from tapwealth.kernel.refusal import BadInput

MAINLAND, LONGEST_INPUT = 86, 24


def read_phone_number(text: str) -> PhoneNumber:
    """Read a number as people write it (`+86 138 0013 8000`) into its 11 national digits.

    Raises BadInput, which never repeats the number.
    """
    if len(text) > LONGEST_INPUT:
        raise _bad("is too long")
    try:
        number = phonenumbers.parse(text, "CN")
    except NumberParseException:
        raise _bad("cannot be read") from None
    if number.country_code != MAINLAND or number.extension:
        raise _bad("is not of mainland China")
    if phonenumbers.number_type(number) is not PhoneNumberType.MOBILE:
        raise _bad("is not a mobile number in use")
    return PhoneNumber(phonenumbers.national_significant_number(number))


def _bad(what: str) -> BadInput:
    return BadInput(f"the number {what}", where="phone number", hint="write the 11 digits of a mobile number, like 138 0013 8000")
