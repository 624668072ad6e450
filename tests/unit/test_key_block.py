"""Key blocks against published ones, and against every change of a character."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapwealth.kernel.refusal import BadInput
from tapwealth.wire.key_block import BlockKey, key_check_value, padding_of, read_key_block, write_key_block

PUBLISHED = [
    (  # TR-31:2018, A.7.4
        "88E1AB2A2E3DD38C1FA039A536500CC8A87AB9D62DC92C01058FA79F44657DE6",
        "D0112P0AE00E0000B82679114F470F540165EDFBF7E250FCEA43F810D215F8D207E2E417C07156A27E8E31DA05F7425509593D03A457DC34",
        BlockKey("P0", "A", "E", "E", bytes.fromhex("3F419E1CB7079442AA37474C2EFBF8B8")),
        "08793E",
    ),
    (  # made by a payShield 10k; published with the openemv tests
        "41" * 32,
        "D0144D0AN00N0000127862F945C2DED04530FAF7CDBC8B0BA10C7AA79BD5E0C2C5D6AC173BF588E4B19ACF1357178D50EA0AB193228E13958304FC61"
        "49632DFDCADF3A5B3D57E814",
        BlockKey("D0", "A", "N", "N", bytes.fromhex("BE19E6A07A760F10EF8E83A226B63AAD141F463FDDD4F47DB244B4023EC3CACC")),
        "0A00E3",
    ),
    (  # the same maker, a key of triple DES
        "41" * 32,
        "D0112B0TN00N000037DB9B046B7B0048785690759580ABC3B9842AB4BB7717B49E92528E575785D8123559376A2553B27BE94F054F4E971C",
        BlockKey("B0", "T", "N", "N", bytes.fromhex("1FA1F7CEC798D91545DA8AE0C7796BD9")),
        "",
    ),
]


@pytest.mark.parametrize(("protection", "block", "key", "check"), PUBLISHED)
def test_published_blocks_are_read(protection: str, block: str, key: BlockKey, check: str) -> None:
    assert read_key_block(bytes.fromhex(protection), block) == key
    assert not check or key_check_value(key.key).hex().upper() == check


@given(st.sampled_from([16, 24, 32]).flatmap(lambda size: st.binary(min_size=size, max_size=size)), st.data())
def test_what_is_written_is_read_and_no_character_of_it_can_be_altered(protection: bytes, data: st.DataObject) -> None:
    key = BlockKey("K0", "T", "N", "N", data.draw(st.binary(min_size=16, max_size=16)))
    size = padding_of(key)
    block = write_key_block(protection, key, data.draw(st.binary(min_size=size, max_size=size)))
    assert (len(block), read_key_block(protection, block)) == (112, key), "as long as one of triple length"
    place = data.draw(st.integers(0, len(block) - 1))
    other = data.draw(st.sampled_from("0123456789ABCDEFKNTEP").filter(lambda character: character != block[place]))
    with pytest.raises(BadInput, match="key block: "):
        read_key_block(protection, block[:place] + other + block[place + 1 :])
    with pytest.raises(BadInput, match="under another key"):
        read_key_block(bytes([protection[0] ^ 1]) + protection[1:], block)


@given(st.text(max_size=200))
def test_what_is_no_block_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(BadInput, match="hand it on as it was given"):
        read_key_block(bytes(32), text)
