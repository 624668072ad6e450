"""Cards composed from the standards alone (EMV Books 1 to 3, PBOC 3.0 part 12), to be read by a terminal that has never seen them.

They share with the product what both sides share, bytes to values, and none of `card`. Cryptograms are fixed bytes: no terminal can check
them. Everything else, certificates and dynamic signatures included, is right, until a test alters it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from card_authority import CARD, INDEX, card_certificate, issuer_certificate

from tapwealth.kernel.masked import Pan
from tapwealth.wire import dol, tlv
from tapwealth.wire.emv_certificates import Certified
from tapwealth.wire.emv_signatures import Dynamic, fast_terminal_data, sign_dynamic, static_data_to_authenticate

PAN = Pan("6222000000000009")
DEBIT = bytes.fromhex("A000000333010101")
USUAL_PDOL = bytes.fromhex("9F66049F02069F03069F1A0295055F2A029A039C019F3704")
CRYPTOGRAM = bytes.fromhex("A1B2C3D4E5F60718")
AAC, TC, ARQC = 0x80, 0x90, 0xA0
PLACES = ((2, 1), (2, 2), (3, 1), (3, 2))
"""Where the four records of a usual card lie: file and number. The first is the one that takes part in authentication."""

h = bytes.fromhex


def usual_holder() -> dict[int, bytes]:
    """The signed record: PAN, dates, issuer's country, usage, version, and that the AIP is signed with them."""
    return {
        0x5A: h("6222000000000009"),
        0x5F24: h("291231"),
        0x5F25: h("140101"),
        0x5F28: h("0156"),
        0x9F07: h("FF00"),
        0x9F08: h("0020"),
        0x9F4A: h("82"),
    }


@dataclass(frozen=True)
class StandardCard:
    """`changes` are elements of the answer to GPO put in or, with None, left out; `extra` are elements of the last record likewise."""

    decision: int = TC
    version: int = 0x01
    qualifiers: bytes = bytes(2)
    atc: int = 0x0021
    pdol: bytes = USUAL_PDOL
    aip: bytes = h("7C00")
    holder: dict[int, bytes] = field(default_factory=usual_holder)
    issuer: Certified = field(default_factory=issuer_certificate)
    own: Callable[[bytes], Certified] = field(default=lambda static_data: card_certificate(PAN, static_data))
    places: tuple[tuple[int, int], ...] = PLACES
    locator: bytes | None = None
    changes: dict[int, bytes | None] = field(default_factory=dict)
    extra: dict[int, bytes | None] = field(default_factory=dict)
    signature: Callable[[bytes], bytes] = field(default=lambda data: sign_dynamic(CARD, Dynamic(h("0021C0FFEE")), data))

    def transmit(self) -> Callable[[bytes], bytes]:
        """A reader with this card on it."""

        def answer(command: bytes) -> bytes:
            body = command[5 : 5 + command[4]] if len(command) > 5 else b""
            match command[1]:
                case 0xA4 if body == b"2PAY.SYS.DDF01":
                    return self.directory() + h("9000")
                case 0xA4 if body == DEBIT:
                    return self.application() + h("9000")
                case 0xA8:
                    wanted, start = dol.decode(self.pdol), 2 if body[1] < 0x80 else 3
                    fits = len(body) - start == dol.length(wanted)
                    return self.options(dol.split(wanted, body[start:])) + h("9000") if fits else h("6700")
                case 0xB2:
                    found = self.records().get((command[3] >> 3, command[2]))
                    return h("6A83") if found is None else found + h("9000")
                case _:
                    return h("6A82")

        return answer

    def directory(self) -> bytes:
        entry = tlv.encode(0x61, tlv.encode_all([(0x4F, DEBIT), (0x50, b"PBOC DEBIT"), (0x87, h("01"))]))
        return tlv.encode(0x6F, tlv.encode(0x84, b"2PAY.SYS.DDF01") + tlv.encode(0xA5, tlv.encode(0xBF0C, entry)))

    def application(self) -> bytes:
        proprietary = tlv.encode_all([(0x50, b"PBOC DEBIT"), (0x87, h("01")), (0x9F38, self.pdol)])
        return tlv.encode(0x6F, tlv.encode(0x84, DEBIT) + tlv.encode(0xA5, proprietary))

    def options(self, given: dict[int, bytes]) -> bytes:
        """Template 77 with a cryptogram and, unless the card declines, a locator and a signature over what the terminal gave."""
        usual: dict[int, bytes | None] = {
            0x82: self.aip,
            0x94: self.locator if self.locator is not None else self.usual_locator(),
            0x9F36: self.atc.to_bytes(2, "big"),
            0x57: h("6222000000000009D29122200000000000"),
            0x9F10: h("070101") + bytes((3, self.decision)) + h("000001"),
            0x9F26: CRYPTOGRAM,
            0x9F6C: self.qualifiers,
            0x9F5D: h("000000004321"),
            0x9F4B: None,
        }
        if self.decision != AAC:
            usual[0x9F4B] = self.signature(self.signed_data(given))
        values = {**usual, **self.changes}
        return tlv.encode(0x77, tlv.encode_all((tag, value) for tag, value in values.items() if value is not None))

    def signed_data(self, given: dict[int, bytes]) -> bytes:
        number = given.get(0x9F37, b"")
        return fast_terminal_data(self.version, number, given.get(0x9F02, b""), given.get(0x5F2A, b""), self.card_data())

    def card_data(self) -> bytes:
        """9F69: version, the card's own unpredictable number, its qualifiers."""
        return bytes((self.version,)) + h("0BADCAFE") + self.qualifiers

    def usual_locator(self) -> bytes:
        return b"".join(bytes((sfi << 3, number, number, at == 0)) for at, (sfi, number) in enumerate(self.places))

    def records(self) -> dict[tuple[int, int], bytes]:
        holder = tlv.encode(0x70, tlv.encode_all(self.holder.items()))
        named = self.holder.get(0x9F4A)
        static_data = static_data_to_authenticate([(self.places[0][0], holder)], named if named == b"\x82" else None, self.aip)
        own = self.own(static_data)
        last: dict[int, bytes | None] = {
            0x5F34: h("01"),
            0x8F: bytes((INDEX,)),
            0x9F32: self.issuer.exponent,
            0x9F69: self.card_data() if self.version else None,
            0x9F74: b"ECC001",
        }
        last |= {0x92: self.issuer.remainder} if self.issuer.remainder else {}
        contents = [
            tlv.encode(0x90, self.issuer.certificate),
            tlv.encode_all([(0x9F46, own.certificate), (0x9F47, own.exponent), (0x9F48, own.remainder)]),
            tlv.encode_all((tag, value) for tag, value in {**last, **self.extra}.items() if value is not None),
        ]
        records = [holder, *(tlv.encode(0x70, content) for content in contents)]
        return dict(zip(self.places, records, strict=True))


def leaving(transmit: Callable[[bytes], bytes], after: int) -> Callable[[bytes], bytes]:
    """The same card, but it leaves the field after so many answers."""
    answered = 0

    def answer(command: bytes) -> bytes:
        nonlocal answered
        answered += 1
        return transmit(command) if answered <= after else b""

    return answer


def altered(card: StandardCard, **parts: object) -> StandardCard:
    """The card with other parts."""
    return replace(card, **parts)  # type: ignore[arg-type]  # named parts of any kind
