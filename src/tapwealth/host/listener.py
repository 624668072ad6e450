"""The TCP listener for terminals: many connections at once, none of which can harm another or the listener."""

import asyncio
from typing import cast

import structlog

from tapwealth.host.connection import Connection, Limits
from tapwealth.host.exchange import Exchange
from tapwealth.host.handlers import FindMacKeys, HostHandlers, ReadPlatformClock
from tapwealth.kernel.clock import seconds
from tapwealth.kernel.in_flight import InFlight

BACKLOG = 1_024

log = structlog.get_logger(__name__)


class Listener:
    """Made by `app`, which hands in everything it needs; started once."""

    def __init__(
        self,
        *,
        handlers: HostHandlers,
        find_mac_keys: FindMacKeys,
        read_platform_clock: ReadPlatformClock,
        in_flight: InFlight,
        limits: Limits | None = None,
    ) -> None:
        self._exchange = Exchange(handlers, find_mac_keys)
        self._read_platform_clock, self._in_flight, self._limits = read_platform_clock, in_flight, limits or Limits()
        self._connections: set[Connection] = set()
        self._server: asyncio.Server | None = None

    @property
    def connections(self) -> int:
        """How many there are now."""
        return len(self._connections)

    async def start(self, host: str, port: int) -> int:
        """Listen; port 0 takes a free one. Returns the port. An address that cannot be had is an OSError."""
        self._server = await asyncio.get_running_loop().create_server(self._accept, host, port, backlog=BACKLOG)
        bound: int = self._server.sockets[0].getsockname()[1]
        return bound

    def _accept(self) -> asyncio.Protocol:
        if len(self._connections) >= self._limits.connections:
            return _TurnedAway()
        connection = Connection(self._exchange, self._read_platform_clock, self._in_flight, self._limits)
        self._connections.add(connection)
        connection.ended.add_done_callback(lambda _: self._connections.discard(connection))
        return connection

    async def stop(self, grace_ms: int = 5_000) -> None:
        """Take no more, answer what is in hand within the grace, then drop what is left."""
        if self._server is not None:
            self._server.close()
        await asyncio.sleep(0)  # who was accepted just now has its socket by then
        for connection in list(self._connections):
            connection.stop()
        if self._connections:
            await asyncio.wait([connection.ended for connection in self._connections], timeout=seconds(grace_ms))
        for connection in self._connections:
            connection.abort()
        if self._server is not None:
            await self._server.wait_closed()


class _TurnedAway(asyncio.Protocol):
    """One connection more than may be."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        log.warning("refused: too many connections", peer=str(transport.get_extra_info("peername")))
        cast(asyncio.Transport, transport).abort()
