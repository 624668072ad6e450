"""What every reader can do, and how readers are named on the command line."""

from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from tapwealth.kernel.refusal import BadInput, Outage


class NoCard(Outage):
    """The reader is there and nothing is in its field yet: waiting may help."""


class Reader(Protocol):
    """One place where a card can be. Used by one caller at a time."""

    def connect(self) -> None:
        """Power the card that is there. Raises `NoCard` if there is none, another `Outage` if there is no reader, in one line."""

    def transmit(self, c_apdu: bytes) -> bytes:
        """The card's response APDU; nothing when the card has left."""

    def close(self) -> None:
        """Take the power away and let the reader go; may be called at any time, also twice."""


class ReaderKind(Enum):
    """The ways to a card."""

    PCSC = "pcsc"
    TCP = "tcp"
    PHONE = "phone"


@dataclass(frozen=True, slots=True)
class ReaderName:
    """Which reader: a PC/SC reader's name or a part of it ("" for the only one), a host and a port, or a phone's file."""

    kind: ReaderKind
    where: str
    port: int = 0

    def __str__(self) -> str:
        return f"{self.kind.value}:{self.where}" + (f":{self.port}" if self.kind is ReaderKind.TCP else "")


_FORMS = "write pcsc:NAME, tcp:HOST:PORT or phone:FILE"


def read_reader_name(text: str) -> ReaderName:
    """What stands behind `--reader`: `pcsc:NAME`, `tcp:HOST:PORT` or `phone:FILE`. Raises BadInput."""
    head, colon, rest = text.partition(":")
    try:
        kind = ReaderKind(head)
    except ValueError:
        raise BadInput(f"{text!r} names no reader", where="--reader", hint=_FORMS) from None
    if kind is ReaderKind.TCP:
        host, port = read_address(rest, where="--reader")
        return ReaderName(kind, host, port)
    if not colon or (kind is ReaderKind.PHONE and not rest):
        raise BadInput(f"{text!r} names no reader", where="--reader", hint=_FORMS)
    return ReaderName(kind, rest)


def read_address(text: str, *, where: str) -> tuple[str, int]:
    """HOST:PORT; an IPv6 address stands in brackets. Raises BadInput."""
    host, _, port = text.rpartition(":")
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    plain = port.isascii() and port.isdecimal() and len(port) <= 5
    if not bare or (":" in bare) is not (bare != host) or not plain or not 0 <= int(port) <= 65535:
        raise BadInput(f"{text!r} is no address", where=where, hint="write HOST:PORT, like 127.0.0.1:9014")
    return bare, int(port)
