"""A card behind the APDU relay (docs/reference/apdu-relay.md): a phone on the network, as the reader's side sees it.

Whatever the phone's side does (wrong frames, half frames, silence), the reader ends the connection and the card counts as gone.
"""

import socket
from contextlib import suppress

from tapwealth.acquiring.readers.reader import NoCard
from tapwealth.kernel.clock import monotonic_ns, seconds
from tapwealth.kernel.refusal import BadInput, Outage
from tapwealth.wire.apdu_relay import ANSWER_MS, LENGTH_BYTES, VERSION, Frame, Kind, error_text, read_frame, read_length

_NS_PER_MS = 1_000_000
_SILENT = "it does not answer in time"


class _Gone(Exception):
    """The other side closed, went silent or broke a rule; says which."""


class RelayReader:
    """The phone that listens at `host` and `port`. `answer_ms` is how long any answer may take."""

    def __init__(self, host: str, port: int, *, answer_ms: int = ANSWER_MS) -> None:
        self._host, self._port, self._answer_ms = host, port, answer_ms
        self._line: socket.socket | None = None

    def connect(self) -> None:
        """Greet and switch the field on. Raises Outage."""
        self.close()
        try:
            self._line = socket.create_connection((self._host, self._port), timeout=seconds(self._answer_ms))
            self._line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            greeting = self._ask(Frame(Kind.HELLO, bytes((VERSION,))), Kind.HELLO_ANSWER)
            if greeting.body[0] != VERSION:
                raise _Gone(f"it speaks version {greeting.body[0]}")
            self._ask(Frame(Kind.FIELD_ON), Kind.FIELD_ON_ANSWER)
        except (OSError, _Gone) as wrong:
            self._hang_up()
            reason = (wrong.strerror if isinstance(wrong, OSError) else None) or str(wrong)
            kind = NoCard if isinstance(wrong, ConnectionRefusedError) else Outage
            raise kind(
                f"tcp:{self._host}:{self._port}: {reason}; start the phone ('tapwealth phone --tcp'), or look at its address"
            ) from None

    def transmit(self, c_apdu: bytes) -> bytes:
        """The card's answer; nothing when the phone has gone or breaks the protocol."""
        if self._line is None:
            return b""
        try:
            return self._ask(Frame(Kind.COMMAND, c_apdu), Kind.RESPONSE).body
        except (OSError, _Gone):
            self._hang_up()
            return b""

    def close(self) -> None:
        """Switch the field off and hang up."""
        if self._line is not None:
            with suppress(OSError, _Gone):
                self._ask(Frame(Kind.FIELD_OFF), Kind.FIELD_OFF_ANSWER)
            self._hang_up()

    def _hang_up(self) -> None:
        if self._line is not None:
            self._line.close()
            self._line = None

    def _ask(self, request: Frame, wanted: Kind) -> Frame:
        line = self._line
        assert line is not None
        deadline = monotonic_ns() + self._answer_ms * _NS_PER_MS
        line.settimeout(seconds(self._answer_ms))
        line.sendall(request.encode())
        try:
            frame = read_frame(_exactly(line, read_length(_exactly(line, LENGTH_BYTES, deadline)), deadline))
        except BadInput as wrong:
            raise _Gone(str(wrong)) from None
        if frame.kind is Kind.ERROR:
            raise _Gone(error_text(frame.body))
        if frame.kind is not wanted:
            raise _Gone(f"{frame.kind.name} came instead of {wanted.name}")
        return frame


def _exactly(line: socket.socket, size: int, deadline: int) -> bytes:
    """`size` bytes before `deadline`, however many pieces they come in."""
    received = b""
    while len(received) < size:
        left_ms = (deadline - monotonic_ns()) // _NS_PER_MS
        if left_ms <= 0:
            raise _Gone(_SILENT)
        line.settimeout(seconds(left_ms))
        try:
            piece = line.recv(size - len(received))
        except TimeoutError:
            raise _Gone(_SILENT) from None
        if not piece:
            raise _Gone("it hung up")
        received += piece
    return received
