"""A merchant's counter: the terminal's kernel reads the card, the till asks the host, a receipt is printed.

Paper and goods are the merchant's; what happened is noted in the diary under the act's name, with the receipt's text.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tapwealth.acquiring.till import SaleResult, SettleOutcome, SettleResult, Till
from tapwealth.kernel.clock import business_date_of, sleep_ms
from tapwealth.play.stage import WentOtherwise
from tapwealth.terminal.config import Tap, TerminalConfig
from tapwealth.terminal.kernel import dialogue, run
from tapwealth.terminal.outcome import OfflineApproval, OnlineRequest

Transmit = Callable[[bytes], bytes]
_SHORT_MS, _LONG_MS = 1_200, 8_000


@dataclass(frozen=True, slots=True)
class Counter:
    """A shop with one terminal. `mac_key` was put into the terminal by its maker."""

    name: str
    merchant_number: str
    terminal_number: str
    mac_key: bytes
    state: Path
    port: int

    @asynccontextmanager
    async def till(self, *, port: int | None = None, timeout_ms: int = _LONG_MS) -> AsyncIterator[Till]:
        """The till, switched on."""
        till = Till(
            self.state,
            "127.0.0.1",
            port or self.port,
            self.terminal_number,
            self.merchant_number,
            self.mac_key,
            merchant_name=self.name,
            timeout_ms=timeout_ms,
        )
        try:
            yield till
        finally:
            till.close()

    def read_card(self, transmit: Transmit, amount: int, at: datetime, unpredictable: bytes, sequence: int) -> OnlineRequest:
        """The dialogue between terminal and card, up to the request that goes online."""
        config = TerminalConfig(self.terminal_number)
        outcome = run(dialogue(config, Tap(amount, business_date_of(at), unpredictable, sequence)), transmit)
        if isinstance(outcome, OfflineApproval):
            raise WentOtherwise("the card approved offline, which this counter does not store and forward")
        if not isinstance(outcome, OnlineRequest):
            raise WentOtherwise(f"the card ended the tap: {outcome}")
        return outcome

    async def sell(self, till: Till, asked: OnlineRequest, amount: int, at: datetime) -> SaleResult:
        """Ask the host."""
        return await till.sale(
            amount=amount,
            track2=asked.track2.field_35().replace("=", "D"),
            psn=asked.psn or "00",
            icc_data=asked.icc_data,
            at=at,
            aid=asked.aid.hex().upper(),
        )

    async def settle(self, at: datetime) -> SettleResult:
        """Upload the batch and close it; goes on until the host has answered."""
        async with self.till() as till:
            for _ in range(200):
                result = await till.settle(at)
                if result.outcome is not SettleOutcome.UNFINISHED:
                    return result
                await sleep_ms(200)
        raise WentOtherwise(f"{self.name} cannot settle its batch: {result.note}")

    async def catch_up(self) -> None:
        """Reverse what was asked and never answered, before anything else."""
        async with self.till() as till:
            for _ in range(300):
                if await till.reverse_pending():
                    return
                await sleep_ms(200)
        raise WentOtherwise(f"{self.name} cannot reverse its open sale")

    async def sell_over_a_bad_line(self, asked: OnlineRequest, amount: int, at: datetime) -> SaleResult | None:
        """The answer gets lost on its way: the till gives the sale up and reverses it once the line is back. None: no answer came."""
        async with swallowing(self.port) as line, self.till(port=line.port, timeout_ms=_SHORT_MS) as till:
            result = await self.sell(till, asked, amount, at)
        await self.catch_up()
        return result if line.swallowed else None


@dataclass
class BadLine:
    """Where it listens, and how many answers it has swallowed."""

    port: int
    swallowed: int = 0


@asynccontextmanager
async def swallowing(port: int) -> AsyncIterator[BadLine]:
    """A line that carries what is asked and loses what is answered."""

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError), closing(writer):
            there_reader, there = await asyncio.open_connection("127.0.0.1", port)
            with closing(there):
                while piece := await reader.read(4096):
                    there.write(piece)
                    await there.drain()
                    line.swallowed += bool(await there_reader.read(4096))

    server = await asyncio.start_server(carry, "127.0.0.1", 0)
    line = BadLine(server.sockets[0].getsockname()[1])
    try:
        yield line
    finally:
        server.close()
