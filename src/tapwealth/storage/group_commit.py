"""Group commit: many callers of different flows share one transaction and one sync to disk; each awaits the answer to its own command.

A batch is whatever arrived while the one before it was being committed: there is no timer and nothing to tune. A caller alone waits for one
commit; the more callers, the larger the batches. There is one writer per connection, and a book belongs to one writer, so that writers
never wait for each other's books. A second process stays correct (the row of the book is the lock) and only waits.

A *flow* is a function over a list of commands: (transaction, commands) -> answers, in order. It may be called again for the same commands
after the transaction was rolled back, so that it keeps nothing outside the transaction.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from functools import partial
from types import TracebackType
from typing import Any, Self

from tapwealth.kernel.clock import sleep_ms
from tapwealth.kernel.refusal import Busy, Outage
from tapwealth.storage.books import lock_books
from tapwealth.storage.database import Connection, Database, outages, transact

Flow = Callable[[Any, list[Any]], Awaitable[list[Any]]]

MOST_IN_BATCH = 8_000
MOST_WAITING = 65_536
"""Commands per writer; above, callers are told that it is busy."""

_MOST_TRIES = 64
"""Transactions spent on finding the commands that make a flow fail (one among 8,000 is found in 27)."""

_PAUSES_MS = (10, 50, 200, 1000)
"""Before a connection is made anew, the longer the longer it fails."""


_Waiting = tuple[str, int, Any, "asyncio.Future[Any]"]
"""Flow, book, command, and the answer to come. A plain tuple: a named one takes five times as long to make."""


class Batcher:
    """`flows` by name. Those named in `statements` are one statement that locks its books itself: alone in a batch they need no BEGIN.
    Those named in `apart` have one writer each of their own, which locks the book that a command names and then, in the flow, others above
    it: so whatever the books, the order in which commands come is the order in which they are decided.

    Used as an asynchronous context manager; leaving it decides what is queued, then stops.
    """

    def __init__(
        self,
        database: Database,
        flows: Mapping[str, Flow],
        *,
        statements: Iterable[str] = (),
        apart: Iterable[str] = (),
        writers: int = 2,
        most_waiting: int = MOST_WAITING,
    ) -> None:
        makes = partial(_Writer, database, flows, frozenset(statements), most_waiting)
        self._writers = [makes() for _ in range(writers)]
        self._apart = {flow: makes() for flow in apart}

    def submit(self, flow: str, book: int, command: Any) -> "asyncio.Future[Any]":
        """The answer to come. `book` says who decides: for a command that touches several, the one that must not wait.

        Raises Busy when too many wait. The future raises Outage when the outcome is not known, or the flow's own exception.
        """
        writer = self._apart.get(flow) or self._writers[book % len(self._writers)]
        return writer.submit(flow, book, command)

    @property
    def waiting(self) -> int:
        """Commands that no transaction has taken yet."""
        return sum(writer.waiting for writer in self._all)

    @property
    def _all(self) -> list["_Writer"]:
        return [*self._writers, *self._apart.values()]

    async def __aenter__(self) -> Self:
        for writer in self._all:
            writer.start()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await asyncio.gather(*(writer.stop() for writer in self._all))


class _Writer:
    """One connection, one transaction at a time."""

    def __init__(self, database: Database, flows: Mapping[str, Flow], statements: frozenset[str], most_waiting: int) -> None:
        self._database, self._flows, self._statements, self._most_waiting = database, flows, statements, most_waiting
        self._queue: deque[_Waiting] = deque()
        self._arrived = asyncio.Event()
        self._stopping = False
        self._connection: Connection | None = None
        self._failures = 0
        self._tries = 0
        self._task: asyncio.Task[None] | None = None
        self._loop = asyncio.get_running_loop()

    @property
    def waiting(self) -> int:
        return len(self._queue)

    def submit(self, flow: str, book: int, command: Any) -> "asyncio.Future[Any]":
        if self._stopping:
            raise Outage("the program is stopping; ask again with the same key")
        if len(self._queue) >= self._most_waiting:
            raise Busy(f"{len(self._queue)} commands are waiting; try again in a moment")
        answer: asyncio.Future[Any] = self._loop.create_future()
        self._queue.append((flow, book, command, answer))
        self._arrived.set()
        return answer

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="writer")

    async def stop(self) -> None:
        """Decide what is queued, then end."""
        self._stopping = True
        self._arrived.set()
        if self._task is not None:
            await self._task
        if self._connection is not None and not self._connection.is_closed():
            await self._connection.close()

    async def _run(self) -> None:
        """Until stopped. Whatever happens to one batch, the next one is taken."""
        batch: list[_Waiting] = []
        try:
            while self._queue or not self._stopping:
                await self._arrived.wait()
                self._arrived.clear()
                while self._queue:
                    batch = self._taken()
                    await self._serve(batch)
                    await self._gathered()
        finally:  # cancelled: nobody is left without an answer
            _fail([*batch, *self._queue], Outage("the program is stopping; ask again with the same key"))
            self._queue.clear()

    async def _gathered(self) -> None:
        """Who was answered just now may ask again first, as long as each turn of the loop brings more: larger batches, fewer of them."""
        before = -1
        while before < len(self._queue) < MOST_IN_BATCH:
            before = len(self._queue)
            await asyncio.sleep(0)

    def _taken(self) -> list[_Waiting]:
        """What waits, at most a full batch of it."""
        if len(self._queue) > MOST_IN_BATCH:
            return [self._queue.popleft() for _ in range(MOST_IN_BATCH)]
        batch = list(self._queue)
        self._queue.clear()
        return batch

    async def _serve(self, batch: list[_Waiting]) -> None:
        try:
            connection = await self._connected()
            self._tries = 0
            await self._decide(connection, batch)
        except Outage as error:
            _fail(batch, error)

    async def _connected(self) -> Connection:
        if self._connection is None or self._connection.is_closed():
            if self._failures:
                await sleep_ms(_PAUSES_MS[min(self._failures, len(_PAUSES_MS)) - 1])
            self._failures += 1
            self._connection = await self._database.connect()
        self._failures = 0
        return self._connection

    async def _decide(self, connection: Connection, batch: Sequence[_Waiting]) -> None:
        """Commit the batch and answer. If a flow raises, nothing stands: its commands are parted from the others', then halved."""
        try:
            answers = await self._commit(connection, batch)
        except Outage:
            raise
        except Exception as error:
            self._tries += 1
            if len(batch) == 1 or self._tries > _MOST_TRIES:
                _fail(batch, error)
                return
            for part in _parted(batch):
                await self._decide(connection, part)
        else:
            for future, answer in answers:
                if not future.done():  # its caller may have gone away; what was decided stands all the same
                    future.set_result(answer)

    async def _commit(self, connection: Connection, batch: Sequence[_Waiting]) -> list[tuple["asyncio.Future[Any]", Any]]:
        by_flow = _by_flow(batch)
        if len(by_flow) == 1 and not self._statements.isdisjoint(by_flow):
            with outages(connection):
                return await self._answers(connection, by_flow)
        async with transact(connection) as tx:
            await lock_books(tx, sorted({book for _, book, _, _ in batch}))
            return await self._answers(tx, by_flow)

    async def _answers(self, tx: Any, by_flow: Mapping[str, Sequence[_Waiting]]) -> list[tuple["asyncio.Future[Any]", Any]]:
        pairs: list[tuple[asyncio.Future[Any], Any]] = []
        for flow, waiting in by_flow.items():
            answers = await self._flows[flow](tx, [command for _, _, command, _ in waiting])
            pairs += zip([future for _, _, _, future in waiting], answers, strict=True)
        return pairs


def _by_flow(batch: Sequence[_Waiting]) -> Mapping[str, Sequence[_Waiting]]:
    first = batch[0][0]
    if all(waiting[0] == first for waiting in batch):
        return {first: batch}
    by_flow: dict[str, list[_Waiting]] = {}
    for waiting in batch:
        by_flow.setdefault(waiting[0], []).append(waiting)
    return by_flow


def _parted(batch: Sequence[_Waiting]) -> list[Sequence[_Waiting]]:
    by_flow = _by_flow(batch)
    if len(by_flow) > 1:
        return list(by_flow.values())
    half = len(batch) // 2
    return [batch[:half], batch[half:]]


def _fail(batch: Iterable[_Waiting], error: Exception) -> None:
    for _, _, _, future in batch:
        if not future.done():
            future.set_exception(Outage(str(error)) if isinstance(error, Outage) else error)
