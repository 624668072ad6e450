"""The TCP listener for terminals: many connections at once, none of which can harm another or the listener."""

import asyncio

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
        self._connections: dict[Connection, asyncio.Task[None]] = {}
        self._server: asyncio.Server | None = None

    @property
    def connections(self) -> int:
        """How many there are now."""
        return len(self._connections)

    async def start(self, host: str, port: int) -> int:
        """Listen; port 0 takes a free one. Returns the port. An address that cannot be had is an OSError."""
        self._server = await asyncio.start_server(self._accept, host, port, backlog=BACKLOG)
        bound: int = self._server.sockets[0].getsockname()[1]
        return bound

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._connections) >= self._limits.connections:
            log.warning("refused: too many connections", peer=str(writer.get_extra_info("peername")))
            writer.transport.abort()
            return
        connection = Connection(reader, writer, self._exchange, self._read_platform_clock, self._in_flight, self._limits)
        task = asyncio.create_task(connection.serve())
        self._connections[connection] = task
        task.add_done_callback(lambda done: self._ended(connection, done))

    def _ended(self, connection: Connection, done: asyncio.Task[None]) -> None:
        del self._connections[connection]
        if not done.cancelled() and (fault := done.exception()):
            log.error("a connection ended in a fault", exc_info=fault)
            connection.abort()

    async def stop(self, grace_ms: int = 5_000) -> None:
        """Take no more, answer what is in hand within the grace, then drop what is left."""
        if self._server is not None:
            self._server.close()
        for connection in list(self._connections):
            connection.stop()
        tasks = list(self._connections.values())
        if tasks:
            await asyncio.wait(tasks, timeout=seconds(grace_ms))
        for connection, task in list(self._connections.items()):
            connection.abort()
            task.cancel()
        if self._server is not None:
            await self._server.wait_closed()
