"""The phone as a card in a PC/SC reader: the client of vsmartcard's virtual reader (vpcd), which pcscd loads as a driver.

Protocol (vsmartcard, "Virtual Smart Card", section on the protocol): the card is the TCP client. A frame is a length (2 bytes, big-endian)
and its bytes. A frame of one byte is control: 00 power off, 01 power on, 02 reset, 04 "send the ATR", the only one with an answer. A longer
one is a command APDU and is answered with the response APDU. pcscd asks for the ATR all the time.
"""

import socket
from collections.abc import Callable
from threading import Event

from tapwealth.card import Interface
from tapwealth.kernel.clock import seconds
from tapwealth.kernel.ids import secret_bytes
from tapwealth.phone.relay import Card

DEFAULT_PORT = 35963
_OFF, _ON, _RESET, _SEND_ATR = 0x00, 0x01, 0x02, 0x04
_AGAIN_MS = 300
_GET_UID = bytes.fromhex("FFCA000000")
_NO_SUCH_FUNCTION, _DONE = bytes.fromhex("6A81"), bytes.fromhex("9000")
_QUICK = getattr(socket, "TCP_QUICKACK", None)
"""Linux: acknowledge at once. Without it each round trip takes 44 ms instead of 0.03 (the driver writes length and bytes apart)."""


ATRS = {
    Interface.CONTACTLESS: bytes.fromhex("3B8F8001804F0CA000000306030001000000006A"),
    Interface.CONTACT: bytes.fromhex("3B6500002063CB6800"),
}
"""Contactless: as PC/SC part 3, 3.1.3.2.3.1 makes one up for a storage card. Contact: ISO/IEC 7816-3, protocol T=0."""


class Gone(Exception):
    """The reader's end of the connection is closed."""


class VirtualCard:
    """The card side. It connects, answers, and connects again when the daemon comes back, until `stop`."""

    def __init__(self, card: Card, interface: Interface, host: str, port: int, say: Callable[[str], None]) -> None:
        self._card, self._interface, self._host, self._port, self._say = card, interface, host, port, say
        self._stopped = Event()
        self._uid = b""

    def stop(self) -> None:
        """Let `run` end within a third of a second or with the frame that it waits for."""
        self._stopped.set()

    def run(self) -> None:
        """Serve until `stop`. Raises OSError only if the card's state cannot be stored."""
        told_waiting = False
        while not self._stopped.is_set():
            try:
                line = socket.create_connection((self._host, self._port), timeout=seconds(_AGAIN_MS))
            except OSError as error:
                if not told_waiting:
                    self._say(f"waiting for a virtual reader at {self._host}:{self._port} ({error.strerror or error})")
                told_waiting = True
                self._stopped.wait(seconds(_AGAIN_MS))
                continue
            told_waiting = False
            self._say(f"in the {self._interface.value} reader at {self._host}:{self._port}")
            with line:
                self._answer_until_gone(line)
            self._card.leave_field()

    def _answer_until_gone(self, line: socket.socket) -> None:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            while not self._stopped.is_set():
                answer = self._answer(self._receive(line))
                if answer is not None:
                    _send(line, answer)
        except Gone:
            self._say("the reader is gone")

    def _answer(self, frame: bytes) -> bytes | None:
        """None: nothing is answered."""
        if len(frame) == 1:
            return self._control(frame[0])
        if frame == _GET_UID:
            return _NO_SUCH_FUNCTION if self._interface is Interface.CONTACT else self._uid + _DONE
        return self._card.transmit(frame)

    def _control(self, what: int) -> bytes | None:
        if what == _SEND_ATR:
            return ATRS[self._interface]
        if what in (_OFF, _ON, _RESET):
            self._card.leave_field()
            self._uid = b"\x08" + secret_bytes(3)  # a phone shows another number each time (ISO/IEC 14443-3, 6.5.4)
        return None

    def _receive(self, line: socket.socket) -> bytes:
        size = int.from_bytes(self._exactly(line, 2), "big")
        return self._exactly(line, size)

    def _exactly(self, line: socket.socket, size: int) -> bytes:
        received = b""
        while len(received) < size:
            _acknowledge_at_once(line)
            try:
                piece = line.recv(size - len(received))
            except TimeoutError:
                if self._stopped.is_set():
                    raise Gone from None
                continue
            except OSError:
                raise Gone from None
            _acknowledge_at_once(line)
            if not piece:
                raise Gone
            received += piece
        return received


def _acknowledge_at_once(line: socket.socket) -> None:
    if _QUICK is not None:
        line.setsockopt(socket.IPPROTO_TCP, _QUICK, 1)


def _send(line: socket.socket, answer: bytes) -> None:
    try:
        line.sendall(len(answer).to_bytes(2, "big") + answer)
    except OSError:
        raise Gone from None
