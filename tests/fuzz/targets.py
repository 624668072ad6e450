"""What the fuzzer feeds: the readers of what cards, terminals, hosts and the network send, each as a function that may raise nothing, with
honest inputs to begin from.

`BadInput` is an answer; anything else is a finding. Several answers or commands in one input are separated by `BREAK`; `HONEST` alone
stands for what the honest card or terminal would have said.
"""

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime
from io import BytesIO
from typing import NamedTuple

from card_authority import CA_KEY, ISSUER, card_certificate, issuer_certificate
from issued_card import issued
from standard_card import ARQC, PAN, StandardCard, h

from tapwealth.card import Interface, step
from tapwealth.issuing.chip_data import read_chip_data
from tapwealth.kernel.masked import Pan
from tapwealth.kernel.refusal import BadInput
from tapwealth.phone.trace import Trace
from tapwealth.terminal import (
    MOST_COMMANDS,
    Application,
    Ended,
    OfflineApproval,
    OnlineRequest,
    Tap,
    TerminalConfig,
    dialogue,
    read_config,
    run,
)
from tapwealth.wire import dol, tlv
from tapwealth.wire.apdu import decode_command, decode_response
from tapwealth.wire.apdu_relay import Kind, error_text, read_frame
from tapwealth.wire.clearing_file import Direction, NetworkFile, write_network_file
from tapwealth.wire.emv_certificates import Certified, recover_card_key, recover_issuer_key, sealed
from tapwealth.wire.emv_data import read_iad, read_track2
from tapwealth.wire.iso8583 import host_side, terminal_side
from tapwealth.wire.iso8583.fields import UnreadableMessage, pack
from tapwealth.wire.iso8583.frame import FrameSplitter, unframed
from tapwealth.wire.iso8583.mac import terminal_mac
from tapwealth.wire.iso8583.requests import AuthorisationResponse, Management, ManagementResponse, Totals
from tapwealth.wire.key_block import BlockKey, padding_of, read_key_block, write_key_block

BREAK, HONEST = b"\xfa\xce", b"="
PHONE = issued()
NOW, TODAY = datetime(2014, 2, 24, 3, 0, tzinfo=UTC), date(2014, 2, 24)
MAC_KEY = h("0123456789ABCDEFFEDCBA9876543210")
TERMINAL = TerminalConfig("TW000001", applications=(Application(floor_limit=200_00),), ttq=h("37000080"), ca_keys=(CA_KEY,))
TAP = Tap(1234, TODAY, h("01020304"), 42)
TRANSMIT = StandardCard().transmit()
PLACE = terminal_side.Place("M" * 15, "T" * 8, "000001", "000001")
PAYMENT = terminal_side.Payment(track2=Pan("6222000000000009D29122200000000000"), psn="01", amount=1234, entry_mode="07")


class Target(NamedTuple):
    """`feed` takes any bytes; `seeds` are inputs that get far."""

    feed: Callable[[bytes], None]
    seeds: list[bytes]


def reading(*readers: Callable[[bytes], object]) -> Callable[[bytes], None]:
    """Each reader on the same bytes."""

    def feed(data: bytes) -> None:
        for read in readers:
            with suppress(BadInput):
                read(data)

    return feed


def answers(card: StandardCard) -> list[bytes]:
    """What the card says in one honest tap."""
    said: list[bytes] = []
    transmit = card.transmit()

    def noted(command: bytes) -> bytes:
        said.append(transmit(command))
        return said[-1]

    run(dialogue(TERMINAL, TAP), noted)
    return said


def hostile_card(data: bytes) -> None:
    """Our terminal with a card that answers from the input."""
    script = iter(data.split(BREAK))
    commands = 0

    def transmit(command: bytes) -> bytes:
        nonlocal commands
        commands += 1
        decode_command(command)
        said = next(script, b"")
        return TRANSMIT(command) if said == HONEST else said

    outcome = run(dialogue(TERMINAL, TAP), transmit)
    assert commands <= MOST_COMMANDS
    assert isinstance(outcome, Ended | OnlineRequest | OfflineApproval)
    if isinstance(outcome, OfflineApproval):
        assert outcome.track2.pan == PAN, "another card was taken for a genuine one"


def hostile_terminal(data: bytes) -> None:
    """Our card, at either kind of reader, with a terminal that commands from the input."""
    for fresh in (PHONE, PHONE.powered_on(Interface.CONTACT)):
        state = fresh
        for command in data.split(BREAK):
            after, answer = step(state, command)
            assert 2 <= len(answer) <= 258
            assert after.atc - state.atc in (0, 1)
            assert after.cash is not None
            assert 0 <= after.cash.balance <= 500_00
            state = after


def trace(data: bytes) -> None:
    """The phone's own account of a dialogue in which both sides come from the input; it must be told, and hide the PAN."""
    said: list[str] = []
    telling = Trace(said.append, PAN.reveal())
    pieces = data.split(BREAK)
    for command, answer in zip(pieces[::2], pieces[1::2], strict=False):
        telling.heard(command, answer)
    assert all(line.isprintable() and PAN.reveal() not in line for line in said)


def relay(data: bytes) -> None:
    """A frame of the APDU relay: read and written again, it is the same."""
    with suppress(BadInput):
        frame = read_frame(data)
        assert frame.encode()[2:] == data
        assert frame.kind is not Kind.ERROR or error_text(frame.body).isprintable()


def signed_nonsense(data: bytes) -> None:
    """Certificates whose signature and hash are right, and what they say is the input's."""
    content = (b"\x04" + data).ljust(ISSUER.public.size - 22, b"\xbb")[: ISSUER.public.size - 22]
    remainder, exponent = data[160:170], data[170:171] or b"\x03"
    with suppress(BadInput):
        recover_card_key(ISSUER.public, Certified(sealed(ISSUER, content, remainder + exponent), remainder, exponent), PAN, TODAY, b"")


def certificates(data: bytes) -> None:
    """Certificates as the input has them, one issuer's and one card's."""
    parts = [*data.split(BREAK), *[b""] * 6]
    with suppress(BadInput):
        recover_issuer_key(CA_KEY, Certified(*parts[0:3]), PAN, TODAY)
    with suppress(BadInput):
        recover_card_key(ISSUER.public, Certified(*parts[3:6]), PAN, TODAY, b"")


def host(data: bytes) -> None:
    """A request to the host, with its refusal when it cannot be read."""
    with suppress(BadInput):
        try:
            host_side.decode_request(data, NOW)
        except UnreadableMessage as fault:
            host_side.refusal(fault.read, fault.response_code, NOW)


def frames(data: bytes) -> None:
    """A stream of frames, in two pieces."""
    splitter = FrameSplitter()
    with suppress(BadInput):
        for piece in (data[: len(data) // 2], data[len(data) // 2 :]):
            for frame in splitter.feed(piece):
                unframed(frame)


def till(data: bytes) -> None:
    """An answer to a terminal that has the right code, and one to its sign-on."""
    sealed_answer = data + terminal_mac(MAC_KEY, data) if data else data
    for read in (lambda: terminal_side.read_answer(sealed_answer, ASKED, MAC_KEY), lambda: terminal_side.read_answer(data, ASKED, MAC_KEY),
                 lambda: terminal_side.read_management_answer(data, SIGNING_ON, MAC_KEY)):  # fmt: skip
        with suppress(BadInput):
            read()


def network_file(data: bytes) -> None:
    with suppress(BadInput):
        list(NetworkFile(BytesIO(data)))


def key_block(data: bytes) -> None:
    with suppress(BadInput):
        read_key_block(MAC_KEY, data.decode("latin-1"))


def configuration(data: bytes) -> None:
    with suppress(BadInput):
        read_config(data.decode("utf-8", "replace"))


def planted(data: bytes) -> None:
    """A defect on purpose, behind four bytes that no one guesses at once: the fuzzer must find it."""
    if data[:1] == b"T" and data[1:2] == b"A" and data[2:3] == b"P" and data[3:4] == b"!":
        raise IndexError("planted")


OFFLINE, ONLINE = answers(StandardCard()), answers(StandardCard(decision=ARQC))
ISSUERS, CARDS = issuer_certificate(), card_certificate(PAN, b"")
SALE = pack(terminal_side.sale_message(PLACE, PAYMENT, h("9F2608") + bytes(8)), MAC_KEY)
SETTLEMENT = pack(terminal_side.settlement_message(PLACE, Totals(debit_amount=1234, debit_count=1)), MAC_KEY)
ASKED = terminal_side.sale_message(PLACE, PAYMENT, h("9F2608") + bytes(8))
SIGNING_ON = terminal_side.management_message(PLACE, Management.SIGN_ON)
ANSWERS = [
    pack(host_side.answer(ASKED, AuthorisationResponse(response_code="00", authorisation_code="000001", rrn="0" * 12), NOW), MAC_KEY),
    pack(host_side.answer(SIGNING_ON, ManagementResponse(response_code="00", keys=bytes(40)), NOW), None),
]
CLEARED = write_network_file(Direction.CLEARED, "898110053110001"[:8], TODAY, 1, [])
BLOCK = write_key_block(MAC_KEY, BlockKey("K0", "T", "B", "E", MAC_KEY), bytes(padding_of(BlockKey("K0", "T", "B", "E", MAC_KEY)))).encode()
COMMANDS = [
    h("00A404000E325041592E5359532E444446303100"),
    h("00A4040008A00000033301010100"),
    h("80A8000023832136000080000000000001000000000000015600000000000156140224000102030400"),
    *(h(f"00B2{number:02X}{file << 3 | 4:02X}00") for file, number in ((2, 1), (2, 4), (3, 1), (11, 1))),
]
TOUCHING = [
    h("00A404000E315041592E5359532E444446303100"),
    h("00B2010C00"),
    h("00A4040008A00000033301010100"),
    h("80A8000002830000"),
    h("00B2010C00"),
    h("00880000040102030400"),
    h("80AE80001D") + h("000000001234 000000000000 0156 0000000000 0156 140224 00 01020304 00"),
    h("008200000A") + bytes(8) + b"00",
    h("80AE40001F") + b"00" + h("000000001234 000000000000 0156 0000000000 0156 140224 00 01020304 00"),
]

TARGETS = {
    "tlv": Target(reading(tlv.decode, tlv.leaves, dol.decode, decode_response, decode_command), OFFLINE + COMMANDS),
    "values": Target(reading(read_iad, read_track2, read_chip_data), [h("07010103A00000010A010000038787868FD1FC"), *ONLINE]),
    "terminal": Target(hostile_card, [BREAK.join(OFFLINE), BREAK.join(ONLINE), BREAK.join([HONEST] * 3 + OFFLINE[3:])]),
    "card": Target(hostile_terminal, [BREAK.join(COMMANDS), BREAK.join(COMMANDS * 2), BREAK.join(TOUCHING)]),
    "certificates": Target(certificates, [BREAK.join((*ISSUERS, *CARDS))]),
    "signed": Target(signed_nonsense, [ISSUER.public.recover(CARDS.certificate, where="seed")[2:]]),
    "host": Target(host, [SALE, SETTLEMENT]),
    "till": Target(till, ANSWERS),
    "network_file": Target(network_file, [CLEARED]),
    "key_block": Target(key_block, [BLOCK]),
    "frames": Target(frames, [len(SALE).to_bytes(2, "big") + SALE]),
    "configuration": Target(configuration, [b'serial = "TW000001"\n[[application]]\naid = "A00000033301"\nfloor_limit = 0\n']),
    "relay": Target(relay, [b"\x01\x01", b"\x04" + COMMANDS[0], b"\x84" + ONLINE[-1], b"\xff\x02busy"]),
    "trace": Target(trace, [BREAK.join(piece for both in zip(COMMANDS, ONLINE, strict=False) for piece in both)]),
    "planted": Target(planted, [b"T"]),
}
