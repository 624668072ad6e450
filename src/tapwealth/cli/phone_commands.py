"""What `tapwealth phone` and `tapwealth terminal readers` do, and how a reader is opened by its name."""

import asyncio
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from tapwealth.acquiring.readers.in_process import InProcessReader
from tapwealth.acquiring.readers.reader import Reader, ReaderKind, ReaderName
from tapwealth.card import Interface
from tapwealth.kernel.money import format_minor
from tapwealth.kernel.refusal import BadInput
from tapwealth.phone.consent import Consent, Mode
from tapwealth.phone.relay import listen
from tapwealth.phone.store import CardStore
from tapwealth.phone.trace import Trace
from tapwealth.phone.vpcd import VirtualCard
from tapwealth.phone.wallet import Phone

USUAL_LIMIT = 1_000_00
"""Fen up to which a phone pays without asking, unless it was told otherwise (UnionPay's limit for payments without PIN)."""

Say = Callable[[str], None]


class PhoneFileReader:
    """A phone's file as a card in this process. The phone is held from `connect` to `close`, so that others can have it in between."""

    def __init__(self, path: Path) -> None:
        self._store = CardStore(path)
        self._reader: InProcessReader | None = None

    def connect(self) -> None:
        """Raises BadInput if there is no phone in the file, or another process has it."""
        if self._reader is None:
            self._store.lock()
            try:
                phone = Phone(self._store)
            except BadInput:
                self._store.close()
                raise
            self._reader = InProcessReader(phone.transmit, phone.leave_field)
        self._reader.connect()

    def transmit(self, c_apdu: bytes) -> bytes:
        """The card's answer; nothing when it is not there."""
        return b"" if self._reader is None else self._reader.transmit(c_apdu)

    def close(self) -> None:
        """The card leaves, and the phone is free."""
        if self._reader is not None:
            self._reader.close()
            self._reader = None
            self._store.close()


def open_reader(name: ReaderName) -> Reader:
    """The reader of that name; `connect` is still to be called. Raises Outage or BadInput in one line."""
    if name.kind is ReaderKind.TCP:
        from tapwealth.acquiring.readers.relay import RelayReader

        return RelayReader(name.where, name.port)
    if name.kind is ReaderKind.PCSC:
        from tapwealth.acquiring.readers.pcsc import PcscReader

        return PcscReader(name.where)
    return PhoneFileReader(Path(name.where))


def asked_on_the_terminal(amount: int) -> bool:
    """Put an amount before whoever sits at this console."""
    print(f"? pay {format_minor(amount)} yuan? then tap again [y/N] ", end="", flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def make_phone(store: CardStore, interface: Interface, mode: Mode, limit: int | None, say: Say | None, *, clear: bool) -> Phone:
    """The phone in `store`; with `say` each exchange is told in words. `limit` None: what the card has, or `USUAL_LIMIT`."""
    card = store.load()
    if limit is None:
        limit = USUAL_LIMIT if card.consent_limit is None else card.consent_limit
    heard = None if say is None else Trace(say, card.track2.pan.reveal(), clear=clear).heard
    return Phone(store, interface, Consent(mode, asked_on_the_terminal), limit, heard)


def serve_over_tcp(phone: Phone, interface: Interface, host: str, port: int, say: Say) -> None:
    """Listen until Ctrl-C or SIGTERM."""
    asyncio.run(_listen(phone, interface, host, port, say))


async def _listen(phone: Phone, interface: Interface, host: str, port: int, say: Say) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    server = await listen(phone, interface, host, port)
    say(f"listening at {host}:{server.sockets[0].getsockname()[1]}, Ctrl-C ends")
    try:
        await stopped.wait()
    finally:
        server.close()


def serve_in_a_virtual_reader(phone: Phone, interface: Interface, host: str, port: int, say: Say) -> None:
    """Be the card in a virtual PC/SC reader until Ctrl-C or SIGTERM."""
    card = VirtualCard(phone, interface, host, port, say)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: card.stop())
    card.run()
