"""The same card at a reader with contacts, driven by a terminal written here from EMV Books 1 to 3: directory, records, DDA, CDA, two
cryptograms, the issuer's answer."""

from dataclasses import replace
from datetime import date
from hashlib import sha1

import pytest
from card_authority import CA_KEY
from issued_card import CARD_KEY, PAN, issued, keys
from pyemv import ac

from tapwealth.card import CardState, Interface, from_json, replenished, step, to_json
from tapwealth.wire import dol, tlv
from tapwealth.wire.emv_certificates import Certified, recover_card_key, recover_issuer_key
from tapwealth.wire.emv_crypto import limited_use_key, pboc_session_key
from tapwealth.wire.emv_rsa import PublicKey
from tapwealth.wire.emv_signatures import static_data_to_authenticate

h = bytes.fromhex
TODAY = date(2014, 2, 24)
DATA = {
    0x8A: b"00", 0x9F02: h("000000012345"), 0x9F03: bytes(6), 0x9F1A: h("0156"), 0x95: h("0000000000"), 0x5F2A: h("0156"),
    0x9A: h("140224"), 0x9C: h("00"), 0x9F37: h("DEADBEEF"),
}  # fmt: skip


class Reader:
    """A contact reader with its card, and what it has read."""

    def __init__(self, card: CardState) -> None:
        self.card = card.powered_on(Interface.CONTACT)
        self.read: dict[int, bytes] = {}
        self.signed: list[tuple[int, bytes]] = []
        self.aip = b""

    def ask(self, command: str, data: bytes = b"", sw: str = "9000") -> bytes:
        head = h(command)
        body = bytes((len(data),)) + data if data else b""
        self.card, answer = step(self.card, head + body + b"\x00")
        assert answer[-2:] == h(sw), answer.hex()
        return answer[:-2]

    def begin(self) -> None:
        """By the directory to the application, then all its records."""
        directory = self.ask("00A40400", b"1PAY.SYS.DDF01")
        (sfi,) = (leaf.value[0] for leaf in tlv.leaves(directory) if leaf.tag == 0x88)
        entry = self.ask(f"00B201{sfi << 3 | 4:02X}")
        (name,) = (leaf.value for leaf in tlv.leaves(entry) if leaf.tag == 0x4F)
        self.ask(f"00B202{sfi << 3 | 4:02X}", sw="6A83")
        application = self.ask("00A40400", name)
        assert 0x9F38 not in [leaf.tag for leaf in tlv.leaves(application)]
        told = tlv.unique(tlv.template(self.ask("80A80000", h("8300")), 0x77, where="GPO"))
        self.aip, locator = told[0x82], told[0x94]
        for at in range(0, len(locator), 4):
            sfi, first, last, signed = locator[at] >> 3, *locator[at + 1 : at + 4]
            for number in range(first, last + 1):
                record = self.ask(f"00B2{number:02X}{sfi << 3 | 4:02X}")
                for leaf in tlv.leaves(record):
                    assert leaf.tag not in self.read, f"{leaf.tag:X} comes twice"
                    self.read[leaf.tag] = leaf.value
                if number < first + signed:
                    self.signed.append((sfi, record))

    def card_key(self) -> PublicKey:
        """By the chain of certificates."""
        read = self.read
        issuer = recover_issuer_key(CA_KEY, Certified(read[0x90], read.get(0x92, b""), read[0x9F32]), PAN, TODAY)
        static = static_data_to_authenticate(self.signed, read[0x9F4A], self.aip)
        return recover_card_key(issuer.key, Certified(read[0x9F46], read.get(0x9F48, b""), read[0x9F47]), PAN, TODAY, static).key

    def filled(self, tag: int, **changes: bytes) -> bytes:
        values = {**DATA, **{int(name[1:], 16): value for name, value in changes.items()}}
        return dol.fill(dol.decode(self.read[tag]), values)


def at_a_reader() -> Reader:
    reader = Reader(issued())
    reader.begin()
    return reader


def session_key(atc: int) -> bytes:
    return pboc_session_key(limited_use_key(CARD_KEY, 1), atc)


def made(given: dict[int, bytes]) -> bytes:
    """The cryptogram as an independent library makes it."""
    names = (0x9F02, 0x9F03, 0x9F1A, 0x95, 0x5F2A, 0x9A, 0x9C, 0x9F37)
    data = b"".join(DATA[tag] for tag in names) + h("3D00") + given[0x9F36] + given[0x9F10][3:7]
    return ac.generate_ac(session_key(int.from_bytes(given[0x9F36], "big")), data, ac.PaddingType.EMV)


def test_the_records_say_what_a_contact_terminal_needs() -> None:
    reader = at_a_reader()
    needed = {0x57, 0x5A, 0x5F24, 0x5F25, 0x5F28, 0x5F34, 0x8C, 0x8D, 0x8E, 0x9F07, 0x9F08, 0x9F0D, 0x9F0E, 0x9F0F, 0x9F42, 0x9F49, 0x9F4A}
    assert needed <= reader.read.keys()
    assert reader.read[0x5A].hex() == PAN.reveal()
    assert reader.read[0x5F24] == h("271231")
    assert reader.card.atc == 1


def test_the_card_signs_what_the_reader_drew() -> None:
    reader = at_a_reader()
    answer = tlv.unique(tlv.template(reader.ask("00880000", DATA[0x9F37]), 0x77, where="DDA"))
    block = pow(int.from_bytes(answer[0x9F4B], "big"), 3, reader.card_key().modulus).to_bytes(128, "big")
    assert (block[0], block[-1]) == (0x6A, 0xBC)
    assert block[1:6] == h("0501 03 02 00")
    assert block[-21:-1] == sha1(block[1:-21] + DATA[0x9F37], usedforsecurity=False).digest()


def test_first_cryptogram_issuers_answer_second_cryptogram() -> None:
    reader = at_a_reader()
    first = tlv.unique(tlv.template(reader.ask("80AE8000", reader.filled(0x8C)), 0x77, where="AC 1"))
    assert (first[0x9F27], first[0x9F10][3:7]) == (h("80"), h("03A00000"))
    assert first[0x9F26] == made(first)
    arpc = ac.generate_arpc_1(session_key(1), first[0x9F26], b"00")
    reader.ask("00820000", arpc + b"00")
    second = tlv.unique(tlv.template(reader.ask("80AE4000", reader.filled(0x8D)), 0x77, where="AC 2"))
    assert (second[0x9F27], second[0x9F10][3:7]) == (h("40"), h("03600000"))
    assert second[0x9F26] == made(second)
    assert second[0x9F36] == first[0x9F36] == h("0001")
    reader.ask("80AE4000", reader.filled(0x8D), sw="6985")


@pytest.mark.parametrize(
    ("arpc", "code", "asked", "cid", "cvr"),
    [
        (None, b"00", "40", "40", "03600400"),  # the issuer's word did not come with authentication: it counts as it is
        ("wrong", b"00", "40", "00", "03280000"),
        ("right", b"05", "00", "00", "03200000"),
        ("right", b"05", "40", "00", "03280000"),  # the reader tells another answer than the one that was authenticated
        (None, b"Z3", "40", "00", "03200400"),  # no line to the issuer
    ],
)
def test_the_second_cryptogram_follows_the_issuers_word(arpc: str | None, code: bytes, asked: str, cid: str, cvr: str) -> None:
    reader = at_a_reader()
    first = tlv.unique(tlv.template(reader.ask("80AE8000", reader.filled(0x8C)), 0x77, where="AC 1"))
    right = ac.generate_arpc_1(session_key(1), first[0x9F26], b"00" if code == b"05" and asked == "40" else code)
    if arpc is not None:
        said = b"00" if code == b"05" and asked == "40" else code
        reader.ask("00820000", (right if arpc == "right" else bytes(8)) + said, sw="9000" if arpc == "right" else "6300")
        reader.ask("00820000", right + said, sw="6985")
    second = tlv.unique(tlv.template(reader.ask(f"80AE{asked}00", reader.filled(0x8D, t8A=code)), 0x77, where="AC 2"))
    assert (second[0x9F27].hex(), second[0x9F10][3:7].hex()) == (cid, cvr)


def test_a_request_to_decline_is_a_decline() -> None:
    reader = at_a_reader()
    first = tlv.unique(tlv.template(reader.ask("80AE1000", reader.filled(0x8C)), 0x77, where="AC 1"))
    assert (first[0x9F27], first[0x9F10][3:7]) == (h("00"), h("03800000"))
    assert 0x9F26 in first, "an AAC is not signed"
    reader.ask("80AE4000", reader.filled(0x8D), sw="6985")


def test_combined_signatures_cover_both_cryptograms_and_their_data() -> None:
    """Book 2, 6.6.2, with the hash computed here."""
    reader = at_a_reader()
    key, under = reader.card_key(), b""
    for command, list_tag in (("80AE9000", 0x8C), ("80AE5000", 0x8D)):
        given = reader.filled(list_tag)
        under += given
        elements = tlv.template(reader.ask(command, given), 0x77, where="CDA")
        answer = tlv.unique(elements)
        assert 0x9F26 not in answer
        block = pow(int.from_bytes(answer[0x9F4B], "big"), 3, key.modulus).to_bytes(128, "big")
        assert block[-21:-1] == sha1(block[1:-21] + DATA[0x9F37], usedforsecurity=False).digest()
        size, number = block[3], block[4]
        signed = block[4 : 4 + size][1 + number :]
        rest = tlv.encode_all((one.tag, one.value) for one in elements if one.tag != 0x9F4B)
        assert signed[0:1] == answer[0x9F27]
        assert signed[1:9] == made(answer)
        assert signed[9:29] == sha1(under + rest, usedforsecurity=False).digest()


def test_fresh_keys_that_come_in_the_middle_leave_the_transaction_its_own() -> None:
    """The counter stands at the last of its key's range when the phone fetches more."""
    reader = Reader(replace(issued(), keys=keys((1, 1), (2, 9))))
    reader.begin()
    reader.card = replenished(reader.card, keys((1, 1), (2, 9), (10, 19))[2:])
    first = tlv.unique(tlv.template(reader.ask("80AE8000", reader.filled(0x8C)), 0x77, where="AC 1"))
    second = tlv.unique(tlv.template(reader.ask("80AE4000", reader.filled(0x8D)), 0x77, where="AC 2"))
    assert (first[0x9F26], second[0x9F26]) == (made(first), made(second))
    assert [one.number for one in replenished(reader.card, ()).keys] == [2, 3], "and no longer than that"


@pytest.mark.parametrize("cut", range(6))
def test_power_lost_between_any_two_commands_spends_a_counter_and_nothing_else(cut: int) -> None:
    """Profile, data authentication, first cryptogram, issuer's answer, second cryptogram: whichever was the last, the next transaction is
    whole, under a counter of its own, and the cash is untouched."""
    reader = Reader(issued())

    def issuers_answer() -> None:
        cryptogram = tlv.unique(tlv.template(reader.ask("80AE8000", reader.filled(0x8C)), 0x77, where="AC 1"))[0x9F26]
        reader.ask("00820000", ac.generate_arpc_1(session_key(1), cryptogram, b"00") + b"00")

    commands = [
        [],
        [reader.begin],
        [reader.begin, lambda: reader.ask("00880000", DATA[0x9F37])],
        [reader.begin, lambda: reader.ask("80AE8000", reader.filled(0x8C))],
        [reader.begin, issuers_answer],
        [reader.begin, issuers_answer, lambda: reader.ask("80AE4000", reader.filled(0x8D))],
    ]
    for command in commands[cut]:
        command()
    spent = reader.card.atc
    assert spent == (1 if cut else 0)
    again = Reader(from_json(to_json(reader.card)).powered_on(Interface.CONTACT))
    again.begin()
    first = tlv.unique(tlv.template(again.ask("80AE8000", again.filled(0x8C)), 0x77, where="AC 1"))
    assert (first[0x9F36], first[0x9F26]) == ((spent + 1).to_bytes(2, "big"), made(first))
    assert again.card.cash is not None
    assert (again.card.cash.balance, again.card.cash.log) == (500_00, ())


def test_each_way_of_reading_has_its_own_directory_and_a_plain_card_no_contacts() -> None:
    reader = Reader(issued())
    reader.ask("00A40400", b"2PAY.SYS.DDF01", sw="6A82")
    plain = Reader(replace(issued(), files=None))
    plain.ask("00A40400", h("A000000333010101"))
    plain.ask("80A80000", h("8300"), sw="6985")
    plain.ask("FFCA0000", sw="6D00")


@pytest.mark.parametrize(
    ("command", "data", "sw"),
    [
        ("80AEC000", bytes(29), "6A86"),
        ("80AE8100", bytes(29), "6A86"),
        ("80AE8001", bytes(29), "6A86"),
        ("80AE8000", bytes(28), "6700"),
        ("80AE8000", bytes(30), "6700"),
        ("80AE8000", b"", "6700"),
        ("00AE8000", bytes(29), "6E00"),
        ("00880000", bytes(3), "6700"),
        ("00880100", bytes(4), "6A86"),
        ("00820000", bytes(10), "6985"),
        ("80A80000", h("8300"), "6985"),
    ],
)
def test_wrong_commands_get_their_status_word_and_change_nothing(command: str, data: bytes, sw: str) -> None:
    reader = at_a_reader()
    before = reader.card
    reader.ask(command, data, sw=sw)
    assert reader.card == before
