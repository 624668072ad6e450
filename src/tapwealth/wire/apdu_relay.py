"""The APDU relay: what a terminal's reader and a phone say to each other over TCP. Our own protocol; docs/reference/apdu-relay.md tells it.

A frame is a length (2 bytes, big-endian, of what follows), a type (1 byte) and a body. The reader asks, the phone answers each request with
one frame, and nobody speaks out of turn. Bytes to values and back; sockets and time-outs are the callers'.
"""

from dataclasses import dataclass
from enum import IntEnum

from tapwealth.kernel.refusal import BadInput

VERSION = 1
LENGTH_BYTES = 2
LONGEST = 512
"""Bytes of type and body: more than a short APDU (261) or any text of ours needs. A longer frame is not read."""

LONGEST_TEXT = 200
HELLO_MS, FRAME_MS, IDLE_MS = 5_000, 5_000, 60_000
"""How long a phone waits for the first frame; for the rest of a frame that has begun; for the next frame."""
ANSWER_MS = 5_000
"""How long a reader waits for an answer before it takes the card as gone."""

_WHERE = "APDU relay"


class Kind(IntEnum):
    """Types of frame. An answer has its request's type with the highest bit set."""

    HELLO = 0x01
    FIELD_ON = 0x02
    FIELD_OFF = 0x03
    COMMAND = 0x04
    HELLO_ANSWER = 0x81
    FIELD_ON_ANSWER = 0x82
    FIELD_OFF_ANSWER = 0x83
    RESPONSE = 0x84
    ERROR = 0xFF


class Fault(IntEnum):
    """Why a phone ends a connection: the first byte of an ERROR's body, before a text in UTF-8."""

    VERSION = 0x01
    BUSY = 0x02
    MALFORMED = 0x03
    OUT_OF_TURN = 0x04
    TOO_SLOW = 0x05
    CARD = 0x06


_BODIES = {
    Kind.HELLO: range(1, 2),
    Kind.FIELD_ON: range(1),
    Kind.FIELD_OFF: range(1),
    Kind.COMMAND: range(4, 262),
    Kind.HELLO_ANSWER: range(2, 3),
    Kind.FIELD_ON_ANSWER: range(1),
    Kind.FIELD_OFF_ANSWER: range(1),
    Kind.RESPONSE: range(259),
    Kind.ERROR: range(1, LONGEST),
}


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame; `body` without the type."""

    kind: Kind
    body: bytes = b""

    def encode(self) -> bytes:
        """As it travels."""
        assert len(self.body) in _BODIES[self.kind], f"{self.kind.name} with {len(self.body)} bytes"
        return (1 + len(self.body)).to_bytes(LENGTH_BYTES, "big") + bytes((self.kind,)) + self.body


def error(fault: Fault, text: str) -> Frame:
    """What is sent before the connection ends; the text is cut to `LONGEST_TEXT` bytes."""
    return Frame(Kind.ERROR, bytes((fault,)) + text.encode()[:LONGEST_TEXT])


def read_length(head: bytes) -> int:
    """How many bytes follow the two of `head`. Raises BadInput on none and on more than `LONGEST`."""
    size = int.from_bytes(head, "big")
    if not 1 <= size <= LONGEST:
        raise BadInput(f"a frame of {size} bytes", where=_WHERE, hint=f"1 to {LONGEST} are possible")
    return size


def read_frame(content: bytes) -> Frame:
    """Type and body. Raises BadInput on a type that is none and on a body whose length the type rules out."""
    try:
        kind = Kind(content[0])
    except (IndexError, ValueError):
        raise BadInput(f"a frame of type {content[:1].hex().upper() or 'nothing'}", where=_WHERE, hint="see the protocol's page") from None
    body = content[1:]
    if len(body) not in _BODIES[kind]:
        allowed = _BODIES[kind]
        raise BadInput(f"{kind.name} with {len(body)} bytes", where=_WHERE, hint=f"{allowed.start} to {allowed.stop - 1} are possible")
    return Frame(kind, body)


def error_text(body: bytes) -> str:
    """What the other side says is wrong, for a person."""
    name = Fault(body[0]).name.lower().replace("_", " ") if body[0] in set(Fault) else f"fault {body[0]:02X}"
    said = body[1 : 1 + LONGEST_TEXT].decode(errors="replace")
    plain = "".join(char if char.isprintable() else "·" for char in said)
    return f"{name}: {plain}" if plain else name
