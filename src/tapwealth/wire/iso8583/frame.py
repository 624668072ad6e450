"""Frames on the TCP connection of a terminal, and the envelope inside each.

A frame is a length of two bytes (big-endian, not counting itself) and that many bytes: a TPDU of five (`60`, destination, origin), a
header of six (application type `60` to `69`, version, terminal state and the like, all BCD) and the ISO 8583 message. An answer swaps
destination and origin. Nothing here knows a socket: bytes go in, whole frames come out.
"""

from msgspec import Struct

from tapwealth.kernel.refusal import BadInput

LENGTH_BYTES, TPDU_BYTES, HEADER_BYTES = 2, 5, 6
ENVELOPE_BYTES = TPDU_BYTES + HEADER_BYTES
MIN_FRAME = ENVELOPE_BYTES + 2 + 8
"""Envelope, message type and bitmap: nothing shorter says anything."""
MAX_FRAME = 4_096
"""More than every field at its longest; a greater length means that the stream is out of step."""
TPDU_ID, APPLICATION_TYPES = 0x60, range(0x60, 0x6A)


class Envelope(Struct, frozen=True):
    """What stands before a message: addresses and the terminal's header. The values are UnionPay's usual ones."""

    tpdu: bytes = bytes.fromhex("6000030000")
    header: bytes = bytes.fromhex("603100310000")

    def answered(self) -> "Envelope":
        """The envelope of the answer: origin and destination change places."""
        return Envelope(self.tpdu[:1] + self.tpdu[3:5] + self.tpdu[1:3], self.header)


def framed(envelope: Envelope, message: bytes) -> bytes:
    """The bytes to send. A message that is too long for a frame is BadInput."""
    body = envelope.tpdu + envelope.header + message
    if len(body) > MAX_FRAME:
        raise BadInput(f"the message makes a frame of {len(body)} bytes", where="frame", hint=f"at most {MAX_FRAME} are possible")
    return len(body).to_bytes(LENGTH_BYTES, "big") + body


def unframed(frame: bytes) -> tuple[Envelope, bytes]:
    """Envelope and message of a frame that came without its length. BadInput if this is no envelope of a terminal."""
    if len(frame) < MIN_FRAME:
        raise BadInput(f"{len(frame)} bytes are too few for a message", where="frame", hint=f"at least {MIN_FRAME} are needed")
    if frame[0] != TPDU_ID:
        raise BadInput(f"the TPDU begins with {frame[0]:02X}", where="frame byte 1", hint="it begins with 60")
    if frame[TPDU_BYTES] not in APPLICATION_TYPES:
        raise BadInput(f"the header begins with {frame[TPDU_BYTES]:02X}", where="frame byte 6", hint="it begins with 60 to 69")
    return Envelope(frame[:TPDU_BYTES], frame[TPDU_BYTES:ENVELOPE_BYTES]), frame[ENVELOPE_BYTES:]


class FrameSplitter:
    """Cuts a byte stream into frames, however the network cut it: one in ten pieces, or ten in one."""

    def __init__(self) -> None:
        self._held = bytearray()

    @property
    def incomplete(self) -> int:
        """How many bytes of an unfinished frame are held."""
        return len(self._held)

    def feed(self, received: bytes) -> list[bytes]:
        """Take what came and return the frames that it completes, without their lengths.

        Raises BadInput on an absurd length, but only once the good frames before it were returned: the stream cannot be read on from there.
        """
        self._held += received
        frames: list[bytes] = []
        while len(self._held) >= LENGTH_BYTES:
            length = int.from_bytes(self._held[:LENGTH_BYTES], "big")
            if not MIN_FRAME <= length <= MAX_FRAME:
                if frames:
                    break
                raise BadInput(f"a frame announces {length} bytes", where="frame length", hint=f"{MIN_FRAME} to {MAX_FRAME} are possible")
            if len(self._held) < LENGTH_BYTES + length:
                break
            frames.append(bytes(self._held[LENGTH_BYTES : LENGTH_BYTES + length]))
            del self._held[: LENGTH_BYTES + length]
        return frames
