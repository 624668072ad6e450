"""Published vectors of payment cryptography, and an independent library (pyemv) beside our own composition."""

from random import Random

import pytest
from pyemv import ac, kd

from tapwealth.wire.emv_crypto import (
    Padding,
    arpc_method_1,
    arpc_method_2,
    card_key_input,
    csk_session_key,
    odd_parity,
    pad,
    pboc_session_key,
    retail_mac,
    tdes_ecb,
)

PBOC_CARD_KEY = bytes.fromhex("0D2E3CB0BC1F9E03AED58F663A2F9679")
PBOC_SESSION_KEY = bytes.fromhex("C3D3F062E9992B4E923D338D66193526")
PBOC_DATA = bytes.fromhex("0000000012340000000000340156D86004A80001561205160101010101 7C00 000E 03A4B904")
ARQC = bytes.fromhex("F294D7022FA9B058")

IMK = bytes.fromhex("12345678123456781234567812345678")
"""The vectors below come from a hardware module by way of the jPOS project."""

JPOS_DATA = bytes.fromhex("000000010000 000000001000 0840 0000001080 0840 980704 00 11111111 5800 3456 A08003242000")
JPOS_ATC = 0x3456


def jpos_card_key() -> bytes:
    return odd_parity(tdes_ecb(IMK, card_key_input("1234567890123456", "00")))


def test_pboc_session_key_and_cryptogram() -> None:
    assert pboc_session_key(PBOC_CARD_KEY, 0x000E) == PBOC_SESSION_KEY
    assert retail_mac(PBOC_SESSION_KEY, PBOC_DATA, Padding.MARKED) == ARQC


def test_pboc_answer_by_method_1() -> None:
    assert arpc_method_1(PBOC_SESSION_KEY, ARQC, b"00").hex().upper() == "3846EEB4C8D34271"


@pytest.mark.parametrize(
    ("common_session_key", "padding", "cryptogram"),
    [
        (False, Padding.ZEROS, "26C8A1042D1CAF3E"),
        (False, Padding.MARKED, "2263CD868F3E0234"),
        (True, Padding.ZEROS, "36DBEE15F36B1E7F"),
        (True, Padding.MARKED, "55BE45DD2C9E0CBF"),
    ],
)
def test_jpos_cryptograms(common_session_key: bool, padding: Padding, cryptogram: str) -> None:
    key = csk_session_key(jpos_card_key(), JPOS_ATC) if common_session_key else jpos_card_key()
    assert retail_mac(key, JPOS_DATA, padding).hex().upper() == cryptogram


def test_jpos_answers() -> None:
    key = csk_session_key(jpos_card_key(), JPOS_ATC)
    arqc = bytes.fromhex("55BE45DD2C9E0CBF")
    assert arpc_method_1(key, arqc, bytes.fromhex("0012")).hex().upper() == "01BAE8DE6A0DE9E0"
    assert arpc_method_2(key, arqc, bytes.fromhex("00120000")).hex().upper() == "B4C698B6"


@pytest.mark.parametrize("seed", range(20))
def test_an_independent_library_agrees(seed: int) -> None:
    random = Random(seed)
    master, data = random.randbytes(16), random.randbytes(random.randrange(1, 70))
    pan = "".join(random.choices("0123456789", k=random.randrange(12, 20)))
    psn, atc = f"{random.randrange(100):02d}", random.randrange(0x10000)
    card_key = odd_parity(tdes_ecb(master, card_key_input(pan, psn)))
    assert card_key == kd.derive_icc_mk_a(master, pan, psn)
    session = csk_session_key(card_key, atc)
    assert session == kd.derive_common_sk(card_key, atc.to_bytes(2, "big") + bytes(6))
    assert retail_mac(session, data, Padding.MARKED) == ac.generate_ac(session, data, ac.PaddingType.EMV)
    assert retail_mac(session, data, Padding.ZEROS) == ac.generate_ac(session, data, ac.PaddingType.VISA)
    arqc, csu, own = random.randbytes(8), random.randbytes(4), random.randbytes(random.randrange(9))
    assert arpc_method_1(session, arqc, csu[:2]) == ac.generate_arpc_1(session, arqc, csu[:2])
    assert arpc_method_2(session, arqc, csu, own) == ac.generate_arpc_2(session, arqc, csu, own)


@pytest.mark.parametrize(("length", "zeros", "marked"), [(0, 8, 8), (1, 8, 8), (7, 8, 8), (8, 8, 16), (9, 16, 16)])
def test_padding_lengths(length: int, zeros: int, marked: int) -> None:
    assert len(pad(bytes(length), Padding.ZEROS)) == zeros
    assert len(pad(bytes(length), Padding.MARKED)) == marked
