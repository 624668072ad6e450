"""TLV, DOL, APDU and the values inside: what is right is read, what is wrong is one clear line."""

from datetime import date

import pytest

from tapwealth.kernel.masked import Pan
from tapwealth.kernel.refusal import BadInput
from tapwealth.wire import dol, tlv
from tapwealth.wire.apdu import CommandApdu, ResponseApdu, decode_command, decode_response, explain_sw
from tapwealth.wire.dol import Wanted
from tapwealth.wire.emv_data import CryptogramType, Track2, numeric, read_date, read_iad, read_numeric, read_track2
from tapwealth.wire.emv_tags import TABLE, Format, Tag, describe_tag


def line_of(error: pytest.ExceptionInfo[BadInput]) -> str:
    line = str(error.value)
    assert "\n" not in line
    return line


@pytest.mark.parametrize("encoded", ["9F3602000E", "9F368102000E", "9F36820002000E", "009F3602000E00", "0000009F368102000E"])
def test_every_length_form_and_padding_means_the_same(encoded: str) -> None:
    assert tlv.decode(bytes.fromhex(encoded)) == [(0x9F36, b"\x00\x0e")]


@pytest.mark.parametrize(
    ("encoded", "line"),
    [
        ("82027C", "chip: tag 82 at byte 0 wants 2 bytes, 1 are left; it was cut short or its length is wrong: read it again"),
        (
            "82027C009F3608000E",
            "chip: tag 9F36 at byte 4 wants 8 bytes, 2 are left; it was cut short or its length is wrong: read it again",
        ),
        ("9F", "chip: the tag at byte 0 has no end; it was cut short or its length is wrong: read it again"),
        ("9F36", "chip: tag 9F36 has no length at byte 2; it was cut short or its length is wrong: read it again"),
        ("9F3681", "chip: the length of tag 9F36 at byte 2 is torn; it was cut short or its length is wrong: read it again"),
        ("7780820000", "chip: the length of tag 77 at byte 1 has the form 80; cards use 81 and 82"),
        ("7783000001AA", "chip: the length of tag 77 at byte 1 has the form 83; cards use 81 and 82"),
        ("9FFFFFFF0100", "chip: the tag at byte 0 is 5 bytes long; four is the most"),
    ],
)
def test_broken_tlv_says_what_and_where(encoded: str, line: str) -> None:
    with pytest.raises(BadInput) as error:
        tlv.decode(bytes.fromhex(encoded), where="chip")
    assert line_of(error) == line


@pytest.mark.parametrize("size", [0, 1, 127, 128, 255, 256, 65_535])
def test_lengths_use_the_shortest_form(size: int) -> None:
    encoded = tlv.encode(0xDF8101, bytes(size))
    assert len(encoded) == 3 + size + (1 if size < 128 else 2 if size < 256 else 3)
    assert tlv.decode(encoded) == [(0xDF8101, bytes(size))]


def test_a_tag_that_comes_twice_is_refused() -> None:
    with pytest.raises(BadInput, match=r"^GPO: tag 57 comes twice; send each tag once$"):
        tlv.unique(tlv.decode(bytes.fromhex("5701AA82027C005701BB")), where="GPO")


def test_nesting_has_an_end() -> None:
    encoded = b""
    for _ in range(20):
        encoded = tlv.encode(0x77, encoded)
    with pytest.raises(BadInput, match="nested more than 8 deep"):
        tlv.leaves(encoded)


def test_one_template_is_demanded() -> None:
    assert tlv.template(bytes.fromhex("77048202 7C00"), 0x77, where="GPO") == [(0x82, b"\x7c\x00")]
    for other in ("80047C000801", "770082027C00", ""):
        with pytest.raises(BadInput, match="expected one template 77"):
            tlv.template(bytes.fromhex(other), 0x77, where="GPO")


def test_dol_pads_and_cuts_as_the_format_says() -> None:
    values = {Tag.AMOUNT_9F02: bytes.fromhex("000000001234"), 0x5A: bytes.fromhex("6222"), Tag.IFD_SERIAL_9F1E: b"TW", 0x61: b"x"}
    entries = dol.decode(bytes.fromhex("9F0208 9F0202 5A04 5A01 9F1E03 9F1E01 6102 9F7F03"))
    assert dol.fill(entries, values).hex() == "".join(
        ["0000000000001234", "1234", "6222ffff", "62", "545700", "54", "0000", "000000"],
    )


def test_dol_with_a_long_form_length() -> None:
    entries = dol.decode(bytes.fromhex("9F4E8180 9F3704"))
    assert entries == (Wanted(0x9F4E, 128), Wanted(0x9F37, 4))
    assert len(dol.fill(entries, {0x9F4E: b"shop"})) == dol.length(entries) == 132


@pytest.mark.parametrize("torn", ["9F", "9F37", "9F3704 9F", "9F4E81", "9F3780", "00", "9F370400"])
def test_a_torn_dol_is_one_line(torn: str) -> None:
    with pytest.raises(BadInput) as error:
        dol.decode(bytes.fromhex(torn), where="PDOL")
    assert line_of(error).startswith("PDOL: ")


def test_dol_data_of_another_length_are_refused() -> None:
    entries = (Wanted(0x9F37, 4), Wanted(0x9A, 3))
    assert dol.split(entries, bytes.fromhex("01020304140224")) == {0x9F37: b"\1\2\3\4", 0x9A: b"\x14\x02\x24"}
    with pytest.raises(BadInput, match="6 bytes instead of 7"):
        dol.split(entries, bytes(6))


@pytest.mark.parametrize(
    ("raw", "command"),
    [
        ("00A40400", CommandApdu(0, 0xA4, 4, 0)),
        ("00A4040000", CommandApdu(0, 0xA4, 4, 0, le=256)),
        ("00A4040010", CommandApdu(0, 0xA4, 4, 0, le=16)),
        ("80A80000028300", CommandApdu(0x80, 0xA8, 0, 0, b"\x83\x00")),
        ("80A8000002830000", CommandApdu(0x80, 0xA8, 0, 0, b"\x83\x00", 256)),
    ],
)
def test_the_four_cases_of_a_command(raw: str, command: CommandApdu) -> None:
    assert decode_command(bytes.fromhex(raw)) == command
    assert command.encode().hex().upper() == raw


@pytest.mark.parametrize(
    ("raw", "line"),
    [
        ("", "command APDU: 0 bytes; a command has at least CLA INS P1 P2"),
        ("00A404", "command APDU: 3 bytes; a command has at least CLA INS P1 P2"),
        ("80A80000058300", "command APDU: Lc says 5 data bytes, 2 follow; send Lc, its data, and at most one Le byte"),
        ("80A8000001830000", "command APDU: Lc says 1 data bytes, 3 follow; send Lc, its data, and at most one Le byte"),
        ("80A80000000002", "command APDU: Lc is 00 but 2 bytes follow; extended lengths are not used by payment cards"),
    ],
)
def test_a_command_of_wrong_length_is_one_line(raw: str, line: str) -> None:
    with pytest.raises(BadInput) as error:
        decode_command(bytes.fromhex(raw))
    assert line_of(error) == line


def test_responses() -> None:
    assert decode_response(bytes.fromhex("77009000")) == ResponseApdu(b"\x77\x00", 0x9000)
    for size in (0, 1, 259):
        with pytest.raises(BadInput, match=f"response APDU: {size} bytes"):
            decode_response(bytes(size))
    assert explain_sw(0x6985) == "6985 conditions of use not satisfied"
    assert explain_sw(0x6F42) == "6F42"


def test_track_2_is_read_and_written() -> None:
    track2 = read_track2(bytes.fromhex("6222000000000000000D25062204329991635F"))
    assert track2 == Track2(Pan("6222000000000000000"), "2506", "220", "4329991635")
    assert track2.field_35() == "6222000000000000000=25062204329991635"
    assert track2.encode().hex().upper() == "6222000000000000000D25062204329991635F"


@pytest.mark.parametrize(
    "wrong", ["", "62220000000D2506220", "6222000000000000D2513220F0", "6222000000000000250622000000", "6222" * 12, "AB" * 12]
)
def test_wrong_track_2_shows_no_digit(wrong: str) -> None:
    data = bytes.fromhex(wrong + "F" * (len(wrong) % 2))
    with pytest.raises(BadInput) as error:
        read_track2(data)
    assert "6222" not in line_of(error)


def test_issuer_application_data() -> None:
    iad = read_iad(bytes.fromhex("07010103A00000010A010000038787868FD1FC"))
    assert (iad.key_index, iad.cvn, iad.algorithm, iad.decision) == (1, 1, 1, CryptogramType.ARQC)
    assert iad.encode().hex().upper() == "07010103A00000010A010000038787868FD1FC"
    assert read_iad(bytes.fromhex("0702010390000001")).decision is CryptogramType.TC
    assert read_iad(bytes.fromhex("0702010380000001")).decision is CryptogramType.AAC
    for wrong in ("07010103A00000", "06010A03A0A00000", "07010103B0000001", "07010104A0000001", "00" * 33):
        with pytest.raises(BadInput):
            read_iad(bytes.fromhex(wrong))


def test_numbers_and_days() -> None:
    assert numeric(1234, 6).hex() == "000000001234"
    assert read_numeric(bytes.fromhex("000000001234"), where="9F02") == 1234
    assert read_date(bytes.fromhex("140224"), where="9A") == date(2014, 2, 24)
    for wrong in ("140230", "14022A", "1402", "", "14022400"):
        with pytest.raises(BadInput):
            read_date(bytes.fromhex(wrong), where="9A")


def test_the_table_names_every_tag_that_code_uses() -> None:
    assert {int(tag) for tag in Tag} <= TABLE.keys()
    for tag, info in TABLE.items():
        assert 0 <= info.shortest <= info.longest <= 252, describe_tag(tag)
        assert (info.format is Format.TEMPLATE) == tlv.Element(tag, b"").is_template, describe_tag(tag)
    assert all(tag.name.endswith(f"_{tag:02X}") for tag in Tag)
    assert describe_tag(0x9F36) == "9F36 Application transaction counter"
    assert describe_tag(0xDF60) == "DF60"
