"""The phone as the listening side of the APDU relay (docs/reference/apdu-relay.md): one reader at a time, whatever its peers send.

A connection that breaks a rule is told which and closed; the card then loses its field, as it does when a connection just ends. Requests
of one reader are answered in turn; a second reader is told that the phone is busy.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Protocol

from tapwealth.card import Interface
from tapwealth.kernel.clock import seconds
from tapwealth.kernel.refusal import BadInput
from tapwealth.wire.apdu_relay import (
    FRAME_MS,
    HELLO_MS,
    IDLE_MS,
    LENGTH_BYTES,
    LONGEST,
    VERSION,
    Fault,
    Frame,
    Kind,
    error,
    read_frame,
    read_length,
)

_CODES = {Interface.CONTACTLESS: 0x01, Interface.CONTACT: 0x02}
"""How the greeting tells the kind of reader that the card answers as in."""


class Card(Protocol):
    """What is relayed."""

    def transmit(self, c_apdu: bytes) -> bytes: ...

    def leave_field(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a peer may take, in milliseconds: to greet, to finish a frame, between frames."""

    hello_ms: int = HELLO_MS
    frame_ms: int = FRAME_MS
    idle_ms: int = IDLE_MS


UNHURRIED = Patience()


class Broken(Exception):
    """The peer broke a rule."""

    def __init__(self, fault: Fault, text: str) -> None:
        self.frame = error(fault, text)


class Relay:
    """One card, offered to whoever connects."""

    def __init__(self, card: Card, interface: Interface, patience: Patience) -> None:
        self._card, self._interface, self._patience = card, interface, patience
        self._taken = False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection to its end."""
        try:
            with suppress(OSError, asyncio.IncompleteReadError):
                await self._answer_all(reader, writer)
        finally:
            writer.close()

    async def _answer_all(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with self._reserved():
                await self._dialogue(reader, writer)
        except Broken as broken:
            writer.write(broken.frame.encode())
            await self._drain(writer)

    @asynccontextmanager
    async def _reserved(self) -> AsyncIterator[None]:
        if self._taken:
            raise Broken(Fault.BUSY, "another reader has the phone")
        self._taken = True
        try:
            yield
        finally:
            self._taken = False
            self._card.leave_field()

    async def _dialogue(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        greeting = await self._read(reader, self._patience.hello_ms)
        if greeting.kind is not Kind.HELLO:
            raise Broken(Fault.OUT_OF_TURN, "HELLO comes first")
        if greeting.body[0] != VERSION:
            raise Broken(Fault.VERSION, f"this phone speaks version {VERSION}")
        answer, powered = Frame(Kind.HELLO_ANSWER, bytes((VERSION, _CODES[self._interface]))), False
        while True:
            writer.write(answer.encode())
            await self._drain(writer)
            request = await self._read(reader, self._patience.idle_ms)
            answer, powered = self._answer(request, powered)

    def _answer(self, request: Frame, powered: bool) -> tuple[Frame, bool]:
        """The answer, and whether the card has its field after it."""
        if request.kind is Kind.FIELD_ON:
            self._card.leave_field()
            return Frame(Kind.FIELD_ON_ANSWER), True
        if request.kind is Kind.FIELD_OFF:
            self._card.leave_field()
            return Frame(Kind.FIELD_OFF_ANSWER), False
        if request.kind is Kind.COMMAND and powered:
            try:
                return Frame(Kind.RESPONSE, self._card.transmit(request.body)), True
            except OSError:
                raise Broken(Fault.CARD, "the phone cannot keep its card's state") from None
        raise Broken(Fault.OUT_OF_TURN, "FIELD_ON comes before COMMAND" if request.kind is Kind.COMMAND else f"{request.kind.name} now")

    async def _drain(self, writer: asyncio.StreamWriter) -> None:
        """A peer that does not read its answers is hung up on."""
        try:
            async with asyncio.timeout(seconds(self._patience.frame_ms)):
                await writer.drain()
        except TimeoutError:
            raise ConnectionAbortedError from None

    async def _read(self, reader: asyncio.StreamReader, first_ms: int) -> Frame:
        """The next frame: it begins within `first_ms` and is whole within `frame_ms` after that."""
        try:
            async with asyncio.timeout(seconds(first_ms)):
                begun = await reader.readexactly(1)
            async with asyncio.timeout(seconds(self._patience.frame_ms)):
                head = begun + await reader.readexactly(LENGTH_BYTES - 1)
                frame = read_frame(await reader.readexactly(read_length(head)))
        except TimeoutError:
            raise Broken(Fault.TOO_SLOW, "no whole frame in time") from None
        except BadInput as wrong:
            raise Broken(Fault.MALFORMED, str(wrong)) from None
        return frame


async def listen(card: Card, interface: Interface, host: str, port: int, patience: Patience = UNHURRIED) -> asyncio.Server:
    """Begin to serve; port 0 takes a free one."""
    return await asyncio.start_server(Relay(card, interface, patience).serve, host, port, limit=LENGTH_BYTES + LONGEST)
