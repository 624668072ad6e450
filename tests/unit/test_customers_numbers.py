"""Identity number, phone number, name: read strictly, refused in one line that does not repeat what names a person."""

from datetime import date

import pytest

from tapwealth.customers.customer import read_person_name
from tapwealth.customers.identity_number import read_identity_number
from tapwealth.customers.phone_number import read_phone_number
from tapwealth.kernel.refusal import BadInput

PUBLISHED = "11010519491231002X"
"""The example of GB 11643-1999 itself."""


@pytest.mark.parametrize("text", [PUBLISHED, PUBLISHED.lower(), f"  {PUBLISHED} "])
def test_the_standard_s_own_number_is_read(text: str) -> None:
    identity = read_identity_number(text)
    assert identity.number.reveal() == PUBLISHED
    assert identity.birthday == date(1949, 12, 31)
    assert not identity.is_male
    assert PUBLISHED not in repr(identity)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("110105194912310021", "check character"),
        ("11010519491231003X", "check character"),
        ("1101051949123100", "16 characters"),
        ("11010519491231002XX", "19 characters"),
        ("", "0 characters"),
        ("110105-94912310021", "something else than digits"),
        ("1101051949123100X2", "something else than digits"),
        ("１１０１０５１９４９１２３１００２X", "something else than digits"),
        ("110105194902300020", "does not exist"),
        ("990105194912310028", "does not exist"),
    ],
)
def test_a_wrong_identity_number_is_refused(text: str, what: str) -> None:
    with pytest.raises(BadInput, match=what) as refused:
        read_identity_number(with_check_character(text) if what == "does not exist" else text)
    line = str(refused.value)
    assert "\n" not in line
    assert line.startswith("identity number: ")
    assert not text[6:14] or text[6:14] not in line


def with_check_character(number: str) -> str:
    """ISO 7064 MOD 11-2 by weights, as the annex of GB 11643 reckons it (the product's library reckons it otherwise)."""
    weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]
    return number[:17] + "10X98765432"[sum(weight * int(digit) for weight, digit in zip(weights, number, strict=False)) % 11]


def test_the_check_character_by_weights_agrees() -> None:
    assert with_check_character(PUBLISHED) == PUBLISHED


@pytest.mark.parametrize(("day", "age"), [(date(2014, 12, 30), 64), (date(2014, 12, 31), 65), (date(1950, 1, 1), 0)])
def test_age_in_full_years(day: date, age: int) -> None:
    assert read_identity_number(PUBLISHED).age_on(day) == age


def test_who_is_born_on_a_leap_day_is_older_in_march() -> None:
    identity = read_identity_number(with_check_character("11010520000229001X"))
    assert [identity.age_on(day) for day in (date(2001, 2, 28), date(2001, 3, 1), date(2004, 2, 29))] == [0, 1, 4]


@pytest.mark.parametrize("text", ["13800138000", "+86 138 0013 8000", "0086 13800138000", "１３８００１３８０００"])
def test_a_mobile_number_is_read(text: str) -> None:
    number = read_phone_number(text)
    assert number.reveal() == "13800138000"
    assert str(number) == "138****8000"


@pytest.mark.parametrize(
    "text", ["010-12345678", "12345", "+1 2025550123", "138001380001", "11111111111", "", "abc", "1" * 25, "13800138000 ext 5"]
)
def test_a_wrong_phone_number_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match=r"^phone number: the number [^\n]*; write the 11 digits") as refused:
        read_phone_number(text)
    assert not text or text not in str(refused.value)


@pytest.mark.parametrize("text", ["王芳", "  王   芳 ", "阿不都·买买提", "O'Neill-Smith"])
def test_a_name_is_read(text: str) -> None:
    assert read_person_name(text).reveal() == " ".join(text.split())


@pytest.mark.parametrize("text", ["", "王", "王芳1", "王\x00芳", "·王芳", "王" * 51, "<b>王芳</b>"])
def test_a_wrong_name_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match=r"^name: ") as refused:
        read_person_name(text)
    assert "\n" not in str(refused.value)
    assert "\x00" not in str(refused.value)
