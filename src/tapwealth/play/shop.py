"""A merchant's counter: the terminal's kernel reads the card, the till asks the host, a receipt is printed.

Paper and goods are the merchant's; what happened is noted in the diary under the act's name, with the receipt's text.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tapwealth.acquiring.till import Till
from tapwealth.acquiring.till_result import SettleOutcome, SettleResult, VoucherResult
from tapwealth.counter.checkout import conclude
from tapwealth.counter.till_folder import SETTINGS, read_till
from tapwealth.kernel.clock import SHANGHAI, business_date_of, sleep_ms
from tapwealth.kernel.refusal import Refusal
from tapwealth.play.stage import WentOtherwise
from tapwealth.terminal.config import UNIONPAY, Tap
from tapwealth.terminal.kernel import dialogue, run
from tapwealth.terminal.outcome import Outcome

Transmit = Callable[[bytes], bytes]
_SHORT_MS, _LONG_MS = 1_200, 8_000
_KERNEL = "kernel.toml"


@dataclass(frozen=True, slots=True)
class Counter:
    """A shop with one terminal, into which its maker put the keys."""

    name: str
    merchant_number: str
    terminal_number: str
    mac_key: bytes
    master_key: bytes
    folder: Path
    port: int

    def furnish(self, at: datetime | None) -> None:
        """Write the till's folder as `tapwealth terminal --till` takes it; `at` is where the play's clock stands, None: where it stood."""
        self.folder.mkdir(exist_ok=True)
        before = self.folder.with_name(f"{self.folder.name}.json")
        if before.exists() and not (self.folder / "state.json").exists():
            os.replace(before, self.folder / "state.json")  # a week that was begun when a till was one file
        for name, key in (("till.key", self.mac_key), ("master.key", self.master_key)):
            _write(self.folder / name, key.hex())
        stood = read_till(self.folder).clock if at is None and (self.folder / SETTINGS).exists() else at
        _write(self.folder / SETTINGS, self._settings(stood))

    def take_offline(self, floor_limit: int, authority: Mapping[str, str], at: datetime | None) -> None:
        """From now on cards may approve up to `floor_limit` fen by themselves, proved by the authority's key (`view/authority`)."""
        key = "".join(f'{name} = "{authority[name]}"\n' for name in ("rid", "index", "modulus", "exponent", "check_value"))
        application = f'[[application]]\naid = "{UNIONPAY.hex()}"\nfloor_limit = {floor_limit}\n'
        _write(self.folder / _KERNEL, f'serial = "{self.terminal_number}"\nqualifiers = "33000080"\n{application}[[ca_key]]\n{key}')
        self.furnish(at)

    def ask_always(self, at: datetime | None) -> None:
        """From now on every card asks its issuer."""
        (self.folder / _KERNEL).unlink(missing_ok=True)
        self.furnish(at)

    def _settings(self, at: datetime | None) -> str:
        lines = [
            f'host = "127.0.0.1:{self.port}"',
            f'merchant = "{self.merchant_number}"',
            f'terminal = "{self.terminal_number}"',
            f'name = "{self.name}"',
            'key_file = "till.key"',
            'master_key_file = "master.key"',
        ]
        lines += [f'kernel_file = "{_KERNEL}"'] if (self.folder / _KERNEL).exists() else []
        lines += [] if at is None else [f"clock = {at.astimezone(SHANGHAI).isoformat(timespec='seconds')}"]
        return "".join(f"{line}\n" for line in lines)

    @asynccontextmanager
    async def till(self, *, port: int | None = None, timeout_ms: int = _LONG_MS) -> AsyncIterator[Till]:
        """The till, switched on; a new one begins with its first batch."""
        first = None if (self.folder / "state.json").exists() else 1
        till = read_till(self.folder).till(port=port, timeout_ms=timeout_ms, start_batch=first)
        try:
            yield till
        finally:
            till.close()

    def read_card(self, transmit: Transmit, amount: int, at: datetime, unpredictable: bytes, sequence: int) -> Outcome:
        """The dialogue between terminal and card, up to what the till has to do."""
        tap = Tap(amount, business_date_of(at), unpredictable, sequence)
        return run(dialogue(read_till(self.folder).kernel, tap), transmit)

    async def sell(self, till: Till, outcome: Outcome, amount: int, at: datetime) -> VoucherResult:
        """Ask the host, or keep what the card has approved by itself."""
        result = await conclude(till, outcome, amount, at)
        if isinstance(result, Refusal):
            raise WentOtherwise(f"{self.name}: {result.text}")
        return result

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

    async def sell_over_a_bad_line(self, asked: Outcome, amount: int, at: datetime) -> VoucherResult | None:
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


def _write(path: Path, text: str) -> None:
    """Readable to its owner alone; nothing is written that stands there already."""
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return
    beside = path.with_name(f"{path.name}.new")
    beside.unlink(missing_ok=True)
    beside.touch(mode=0o600)
    beside.write_text(text, encoding="utf-8")
    os.replace(beside, path)
