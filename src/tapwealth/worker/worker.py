"""The worker: small loops that look, act, and look again. Each may die at any instant and is simply started anew.

Nothing here decides anything: an outbox message is handed to its flow, which sends it outside any transaction and brings the answer back as
a command. What fails is tried again later; the failure is one line in the log and on the message itself.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from uuid import UUID

import structlog

from tapwealth.flows.frame import House
from tapwealth.kernel.clock import machine_now, seconds, sleep_ms
from tapwealth.kernel.ids import system_random, uuid7
from tapwealth.kernel.refusal import Outage
from tapwealth.storage import outbox
from tapwealth.storage.outbox import OutboxMessage

_IDLE_MS = 50
_ERROR_MS = 300
_AT_ONCE = 64
_RENEW_MS = 1_000

Deliver = Callable[[House, OutboxMessage], Awaitable[None]]
Tick = Callable[[], Awaitable[object]]

log = structlog.get_logger(__name__)


@dataclass
class Worker:
    """`destinations` says which flow delivers to whom; `ticks` are further jobs, each with its pause in milliseconds; `jobs` run until
    they are cancelled."""

    house: House
    destinations: Mapping[str, Deliver]
    ticks: Sequence[tuple[str, int, Tick]] = ()
    jobs: Sequence[Callable[[], Coroutine[object, object, None]]] = ()
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)
    _awake: Mapping[str, asyncio.Event] = field(init=False)

    def __post_init__(self) -> None:
        self._awake = {name: asyncio.Event() for name in self.destinations}

    def start(self) -> None:
        """Begin; needs a running loop."""
        self._tasks = [asyncio.create_task(self._send(name, deliver)) for name, deliver in self.destinations.items()]
        self._tasks += [asyncio.create_task(self._tick("outbox", _IDLE_MS, self._wake))] if self.destinations else []
        self._tasks += [asyncio.create_task(self._tick(*tick)) for tick in self.ticks]
        self._tasks += [asyncio.create_task(self._begun_again(job)) for job in self.jobs]

    async def stop(self) -> None:
        """Leave off. What is half sent is sent again by the next worker."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _wake(self) -> None:
        """One question for all who rest: most of the time nobody has anything to send."""
        resting = [name for name, awake in self._awake.items() if not awake.is_set()]
        async with self.house.database.read() as tx:
            for name in await outbox.due(tx, range(self.house.books + 1), resting, machine_now()):
                self._awake[name].set()

    async def _send(self, destination: str, deliver: Deliver) -> None:
        worker, awake = uuid7(machine_now(), 0, system_random()), self._awake[destination]
        while True:
            await awake.wait()
            try:
                if not await self._send_due(destination, deliver, worker):
                    awake.clear()
                await sleep_ms(0)
            except Outage as error:
                log.warning("outbox waits", destination=destination, why=str(error))
                await sleep_ms(_ERROR_MS)
            except Exception:
                log.exception("outbox fault", destination=destination)
                await sleep_ms(_ERROR_MS)

    async def _send_due(self, destination: str, deliver: Deliver, worker: UUID) -> int:
        async with self.house.database.transaction() as tx:
            due = await outbox.take(tx, range(self.house.books + 1), destination, worker, machine_now(), _AT_ONCE)
        if not due:
            return 0
        outcomes = await self._delivered(deliver, due, worker)
        sent = [(message, None) for message, failure in zip(due, outcomes, strict=True) if failure is None]
        failed = [(message, failure) for message, failure in zip(due, outcomes, strict=True) if failure is not None]
        async with self.house.database.transaction() as tx:
            await outbox.mark_sent(tx, sent, machine_now())
            await outbox.mark_failed(tx, failed, worker, machine_now())
        return len(sent)

    async def _delivered(self, deliver: Deliver, due: Sequence[OutboxMessage], worker: UUID) -> list[str | None]:
        """What became of each; their leases are renewed as long as it takes."""
        delivering = asyncio.gather(*(self._deliver(deliver, message) for message in due))
        try:
            while not (await asyncio.wait([delivering], timeout=seconds(_RENEW_MS)))[0]:
                with suppress(Outage):  # then they run out, and are sent again: harmless
                    async with self.house.database.transaction() as tx:
                        await outbox.renew(tx, range(self.house.books + 1), worker, machine_now())
        finally:
            delivering.cancel()
            await asyncio.gather(delivering, return_exceptions=True)
        return delivering.result()

    async def _deliver(self, deliver: Deliver, message: OutboxMessage) -> str | None:
        """None once it is done, else why not."""
        try:
            await deliver(self.house, message)
        except Outage as error:
            log.warning("not delivered", destination=message.destination, attempts=message.attempts, why=str(error))
            return str(error)
        except Exception as error:
            log.exception("delivery fault", destination=message.destination, message=str(message.id))
            return f"fault: {type(error).__name__}"
        return None

    async def _begun_again(self, job: Callable[[], Coroutine[object, object, None]]) -> None:
        """Run a job; one that ends by a fault begins again."""
        while True:
            try:
                await job()
            except Exception:
                log.exception("job fault")
            await sleep_ms(_ERROR_MS)

    async def _tick(self, name: str, pause_ms: int, tick: Tick) -> None:
        while True:
            try:
                await tick()
                await sleep_ms(pause_ms)
            except Outage as error:
                log.warning("tick waits", job=name, why=str(error))
                await sleep_ms(_ERROR_MS)
            except Exception:
                log.exception("tick fault", job=name)
                await sleep_ms(_ERROR_MS)
