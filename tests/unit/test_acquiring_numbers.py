"""The numbers of a merchant's papers: published ones hold, and one changed character is seen."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapwealth.acquiring.credit_code import read_credit_code
from tapwealth.bank.member_number import read_member_number
from tapwealth.kernel.refusal import BadInput

LICENCES = ["91110000600037341L", "91330100799655058B", "9144030071526726XG", "914403001922038216", "91110000802100433B"]
"""Of companies that publish theirs."""
BANKS = ["102100099996", "103100000026", "104100000004", "105100000017", "308584000013", "301290000007", "403100000004", "313100000013"]
"""Head offices in the payment system."""
ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"


@pytest.mark.parametrize("code", LICENCES)
def test_published_credit_codes_hold(code: str) -> None:
    assert read_credit_code(f" {code.lower()} ") == code


@given(st.sampled_from(LICENCES), st.integers(0, 17), st.sampled_from(ALPHABET))
def test_one_changed_character_of_a_credit_code_is_seen(code: str, place: int, other: str) -> None:
    changed = code[:place] + other + code[place + 1 :]
    if changed != code:
        with pytest.raises(BadInput, match="credit_code: "):
            read_credit_code(changed)


@pytest.mark.parametrize(
    ("code", "words"),
    [("9111000060003734", "16 characters"), ("91110000600O37341L", "letters but I, O"), ("91A10000600037341L", "digits of the place"),
     ("91110000600037341M", "business licence"), ("９1110000600037341L", "cannot stand there"), ("", "0 characters")],
)  # fmt: skip
def test_a_credit_code_that_does_not_hold_says_why(code: str, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        read_credit_code(code)


@given(st.sampled_from(BANKS), st.integers(0, 11), st.sampled_from("0123456789"))
def test_a_banks_number_holds_and_one_changed_digit_is_seen(number: str, place: int, other: str) -> None:
    assert read_member_number(number, where="bank") == number
    changed = number[:place] + other + number[place + 1 :]
    if changed != number:
        with pytest.raises(BadInput, match="last digit does not fit"):
            read_member_number(changed, where="bank")


def test_what_is_no_banks_number_is_named() -> None:
    for text in ("", "3131000000", "31310000001x", "３13100000013"):
        with pytest.raises(BadInput, match="12 digits"):
            read_member_number(text, where="bank")
