"""Class by channels, and book by hash, over all that can come in."""

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from tapwealth.customers.customer import book_of_person
from tapwealth.customers.identity_number import read_identity_number
from tapwealth.customers.kyc import Channel, ChannelAnswer, KycLevel, kyc_level
from tapwealth.customers.phone_number import read_phone_number
from tapwealth.kernel.refusal import BadInput

ANSWERS = st.dictionaries(st.sampled_from(Channel), st.sampled_from(ChannelAnswer))
BY_MATCHES = {0: KycLevel.NONE, 1: KycLevel.I, 2: KycLevel.I, 3: KycLevel.II, 4: KycLevel.II, 5: KycLevel.III}


@given(ANSWERS)
def test_the_class_follows_from_the_number_of_matches(answers: dict[Channel, ChannelAnswer]) -> None:
    assert kyc_level(answers) is BY_MATCHES[list(answers.values()).count(ChannelAnswer.MATCH)]


@given(ANSWERS, st.sampled_from(Channel))
def test_a_match_more_never_lowers_the_class(answers: dict[Channel, ChannelAnswer], channel: Channel) -> None:
    assert kyc_level({**answers, channel: ChannelAnswer.MATCH}) >= kyc_level(answers)


@given(st.binary(min_size=32, max_size=32), st.integers(1, 1024))
def test_a_person_has_one_book_within_range(lookup: bytes, books: int) -> None:
    assert book_of_person(lookup, books) in range(1, books + 1)
    assert book_of_person(lookup, 1) == 1


def test_people_spread_over_all_books() -> None:
    assert {book_of_person(number.to_bytes(32, "big"), 16) for number in range(64)} == set(range(1, 17))


@given(st.text(max_size=30))
def test_any_text_is_read_or_refused_as_bad_input(text: str) -> None:
    for read in (read_identity_number, read_phone_number):
        assert "\n" not in refusal_of(read, text)


def refusal_of(read: Callable[[str], object], text: str) -> str:
    try:
        read(text)
    except BadInput as refused:
        return str(refused)
    return ""
