"""A phone in a policy: its IMEI by length and check digit, and until when it may be insured."""

from datetime import date, timedelta

import pytest

from tapwealth.insurance.phone import INSPECTION, Phone, PhoneRefusal, cannot_be_insured, read_imei, read_phone
from tapwealth.insurance.product import AccountLoss, PhoneScreen
from tapwealth.kernel.masked import Imei
from tapwealth.kernel.refusal import BadInput

TODAY = date(2014, 2, 24)
PUBLISHED = "490154203237518"
"""The example of 3GPP's check digit that is found everywhere."""
SCREEN = PhoneScreen(replacements=1, late_days=60)


@pytest.mark.parametrize("text", [PUBLISHED, " 49-015420-323751-8 ", "35 209900 176148 1"])
def test_an_imei_is_read_and_shows_its_last_four(text: str) -> None:
    imei = read_imei(text)
    assert (len(imei.reveal()), str(imei)) == (15, f"{'*' * 11}{imei.reveal()[-4:]}")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"),
        ("49015420323751", "has 14 digits"),
        ("4901542032375180", "has 16 digits"),
        ("490154203237517", "does not fit its check digit"),
        ("49015420323751X", "something else than digits"),
        ("４９０１５４２０３２３７５１８", "something else than digits"),
        ("0" * 15, "is no phone's"),
        ("0" * 100_000, "has 100000 digits"),
    ],
)
def test_what_is_no_imei_is_named_and_never_repeated(text: str, words: str) -> None:
    with pytest.raises(BadInput, match=words) as caught:
        read_imei(text)
    assert caught.value.where == "phone.imei"
    assert len(text) < 5 or text not in str(caught.value)


def test_any_one_wrong_digit_is_found() -> None:
    for place, digit in enumerate(PUBLISHED):
        with pytest.raises(BadInput, match="check digit"):
            read_imei(PUBLISHED[:place] + str((int(digit) + 1) % 10) + PUBLISHED[place + 1 :])


@pytest.mark.parametrize(
    ("days_ago", "confirmed", "refused"),
    [
        (0, (), None),
        (1, (), PhoneRefusal.NOT_INSPECTED),
        (1, (INSPECTION,), None),
        (60, (INSPECTION,), None),
        (60, (), PhoneRefusal.NOT_INSPECTED),
        (61, (INSPECTION,), PhoneRefusal.PHONE_TOO_OLD),
    ],
)
def test_a_late_purchase_is_inspected_and_ends(days_ago: int, confirmed: tuple[str, ...], refused: PhoneRefusal | None) -> None:
    phone = read_phone(PUBLISHED, TODAY - timedelta(days=days_ago), TODAY)
    answer = cannot_be_insured(SCREEN, phone, TODAY, confirmed)
    assert (answer.code if answer else None) is refused


def test_a_phone_belongs_to_its_cover_alone() -> None:
    phone = Phone(Imei(PUBLISHED), TODAY)
    for cover, given, refused in (
        (SCREEN, None, PhoneRefusal.PHONE_MISSING),
        (AccountLoss(look_back_days=7), phone, PhoneRefusal.NO_PHONE_WANTED),
    ):
        answer = cannot_be_insured(cover, given, TODAY, ())
        assert answer is not None
        assert answer.code is refused
    with pytest.raises(BadInput, match="still to come"):
        read_phone(PUBLISHED, TODAY + timedelta(days=1), TODAY)
