"""One altered bit anywhere in a card's chain is refused, and whatever bytes come, nothing but BadInput is raised."""

from contextlib import suppress
from datetime import date

import pytest
from card_authority import CA_KEY, CARD, ISSUER, card_certificate, issuer_certificate
from dear import dear
from hypothesis import given, settings
from hypothesis import strategies as st

from tapwealth.kernel.masked import Pan
from tapwealth.kernel.refusal import BadInput
from tapwealth.wire.emv_certificates import Certified, recover_card_key, recover_issuer_key, sealed
from tapwealth.wire.emv_signatures import Dynamic, fast_terminal_data, sign_dynamic, static_data_to_authenticate, verify_dynamic

PAN, TODAY = Pan("6222000000000009"), date(2014, 2, 24)
STATIC = bytes.fromhex("5A0862220000000000095F2403291231")
FIVE = bytes.fromhex("01020304"), bytes.fromhex("000000001234"), bytes.fromhex("0156"), bytes.fromhex("01AABBCCDD0080")
SIGNED = sign_dynamic(CARD, Dynamic(bytes.fromhex("0ADC0001")), fast_terminal_data(1, *FIVE))
CHAIN = (*issuer_certificate(), *card_certificate(PAN, STATIC), STATIC, SIGNED, *FIVE)


def verified(parts: tuple[bytes, ...]) -> Dynamic:
    issuer = recover_issuer_key(CA_KEY, Certified(*parts[0:3]), PAN, TODAY)
    card = recover_card_key(issuer.key, Certified(*parts[3:6]), PAN, TODAY, parts[6])
    return verify_dynamic(card.key, parts[7], fast_terminal_data(1, *parts[8:12]))


def test_the_chain_as_it_is_verifies() -> None:
    assert verified(CHAIN).number == bytes.fromhex("0ADC0001")


@given(st.data())
@settings(max_examples=400)
def test_one_altered_bit_anywhere_is_refused(data: st.DataObject) -> None:
    at = data.draw(st.sampled_from([place for place, part in enumerate(CHAIN) if part]))
    bit = data.draw(st.integers(0, len(CHAIN[at]) * 8 - 1))
    number = int.from_bytes(CHAIN[at], "big") ^ 1 << bit
    altered = (*CHAIN[:at], number.to_bytes(len(CHAIN[at]), "big"), *CHAIN[at + 1 :])
    with pytest.raises(BadInput):
        verified(altered)


@given(st.data())
@settings(max_examples=300)
def test_whatever_bytes_come_only_bad_input_is_raised(data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(CHAIN) - 1))
    strange = st.one_of(st.binary(max_size=300), st.binary(min_size=176, max_size=176), st.just(CHAIN[at][1:]), st.just(CHAIN[at] * 2))
    parts = (*CHAIN[:at], data.draw(strange), *CHAIN[at + 1 :])
    if parts != CHAIN:
        with pytest.raises(BadInput):
            verified(parts)


@given(
    st.integers(3, 255),
    st.one_of(st.just(b""), st.just(b"\x03"), st.binary(max_size=4)),
    st.binary(min_size=142, max_size=142),
    st.binary(max_size=60),
)
@dear(300, some=75)
def test_what_an_issuer_itself_signed_wrongly_raises_only_bad_input(size: int, exponent: bytes, inside: bytes, remainder: bytes) -> None:
    """The hash is right, and what it covers is nonsense: lengths, month, key."""
    content = (b"\x04" + bytes.fromhex("6222000000000009FFFF") + bytes(5) + bytes((1, 1, size, 1)) + inside)[: 176 - 22]
    given = Certified(sealed(ISSUER, content, remainder + exponent), remainder, exponent)
    with pytest.raises(BadInput):
        recover_card_key(ISSUER.public, given, PAN, TODAY, b"")


@given(st.lists(st.tuples(st.integers(1, 30), st.binary(max_size=40)), max_size=4), st.one_of(st.none(), st.binary(max_size=3)))
@settings(max_examples=200)
def test_joining_static_data_raises_only_bad_input(records: list[tuple[int, bytes]], tag_list: bytes | None) -> None:
    with suppress(BadInput):
        assert static_data_to_authenticate(records, tag_list, b"\x7c\x00").endswith(b"\x7c\x00" if tag_list else b"")
