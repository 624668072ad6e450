"""What is due at billers, sent and asked about: two lanes for each biller, one for payments, one for questions about those in doubt.

A lane has so many errands open as its pace allows, each an awaited answer and nothing else: no connection to the database waits for a
biller, and a biller that is silent fills its own lanes only. Answers of all lanes are applied together, as many as came in while the ones
before them were being written; those about payments in doubt a few at a time, in turn with the others.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import structlog

from tapwealth.bills.biller import Unknown
from tapwealth.bills.payment import PaymentState
from tapwealth.bills.schedule import LEASE
from tapwealth.flows.bills import bill_lanes
from tapwealth.flows.bills.bill_outcomes import Told, hear, told
from tapwealth.flows.bills.errand import Errand
from tapwealth.flows.frame import House
from tapwealth.kernel.clock import machine_now, sleep_ms
from tapwealth.kernel.pace import Pace
from tapwealth.kernel.refusal import Outage

PAYMENTS_AT_ONCE, QUESTIONS_AT_ONCE = 1_024, 128
"""Open at one biller. Payments are sent as they come, also to one that is silent, so that each customer soon knows how it stands."""
_LOOK_MS, _GATHER_MS, _ERROR_MS, _RENEW_MS = 25, 25, 300, 1_000
"""Between looks at what is due; for which answers are gathered to be written down together; after an error; between renewals."""
_QUESTIONS_TOGETHER = 32
"""Answers about payments in doubt that are written down together."""
_ALL_MS, _FAULT_MS = 500, 5_000
"""Between looks at all that is open, for what others have placed or left behind; for which a lane rests that cannot be filled."""

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Lane:
    """One biller's payments, or its questions, by the machine's clock: `due_at` is when one is due next, as far as is known. While there is
    `more` than could be taken at once, it is taken on from `since`; what was passed over meanwhile is found when there is no more."""

    biller: UUID
    in_doubt: bool
    pace: Pace
    open: dict[tuple[int, UUID], datetime] = field(default_factory=dict)
    due_at: datetime | None = None
    resting_until: datetime = bill_lanes.EVER
    since: datetime = bill_lanes.EVER

    def learn(self, due_at: datetime) -> None:
        """Something is due then."""
        self.due_at = min(due_at, self.due_at or due_at)

    def room(self) -> int:
        """How many more may be opened: none before a quarter is free, so that they are taken many at a time."""
        free = self.pace.width - len(self.open)
        return free if 4 * free >= self.pace.width else 0

    def ready_at(self) -> datetime | None:
        """When it is to be filled; None while nothing is known to be due, or there is no room."""
        return max(self.due_at, self.resting_until) if self.due_at and self.room() else None

    def wants(self) -> bill_lanes.Wanted:
        """What it is to be filled with: from now on no more is known to be due."""
        self.due_at = None
        return bill_lanes.Wanted(self.biller, self.in_doubt, self.room(), self.since)

    def took(self, errands: Sequence[Errand], limit: int, now: datetime) -> None:
        """These are open from now on."""
        self.open.update((errand.key, now) for errand in errands)
        more = len(errands) == limit
        self.since = errands[0].due_at if more else bill_lanes.EVER
        if more:
            self.learn(now)

    def heard(self, said: Told) -> None:
        """The pace follows what a biller in doubt does; payments are sent at the pace of those who pay."""
        if not self.in_doubt:
            return
        if said.silent:
            self.pace.silent()
            self.rest(self.pace.rest_ms())
        else:
            self.pace.answered()

    def rest(self, milliseconds: int) -> None:
        """Leave it alone for so long."""
        self.resting_until = machine_now() + timedelta(milliseconds=milliseconds)


class Answer(NamedTuple):
    """What came of an errand of a lane."""

    lane: Lane
    errand: Errand
    said: Told


class Turn(NamedTuple):
    """A kind of answers, and how many of them are written down together."""

    most: int
    has: Callable[[Answer], bool]


_TURNS = (
    Turn(PAYMENTS_AT_ONCE, lambda one: not one.errand.in_doubt and not one.errand.row.faults),
    Turn(_QUESTIONS_TOGETHER, lambda one: one.errand.in_doubt and not one.errand.row.faults),
    Turn(1, lambda one: one.errand.row.faults > 0),
)
"""In turn: payments that were sent, a few of those in doubt, of which there may be very many and for whose books nobody should wait long,
and one of those of which nothing could be written down before."""


@dataclass
class BillerLanes:
    """Runs until it is cancelled; what is open then is taken up again by whoever runs next, once its lease is over.

    What this process places is handed over where there is room for it. Else a lane is filled when something of it is due: it is told of
    what waits for room and of what an answer leaves open, and looks from time to time for all the rest."""

    house: House
    _lanes: dict[tuple[UUID, bool], Lane] = field(default_factory=dict)
    _told: list[Answer] = field(default_factory=list)
    _arrived: asyncio.Event = field(default_factory=asyncio.Event)
    _all_at: datetime = bill_lanes.EVER
    _handed: list[Errand] = field(default_factory=list)
    _came: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Look, send, hear, renew. Begins with nothing open: what was, before a fault, is due when its lease is over."""
        self._lanes.clear()
        self._told.clear()
        self._handed.clear()
        self._all_at = bill_lanes.EVER
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._hearing())
            tasks.create_task(self._renewing())
            tasks.create_task(self._sending(tasks))
            self.house.bill_senders.append(self)
            try:
                await self._looking(tasks)
            finally:
                self.house.bill_senders.remove(self)

    async def _looking(self, tasks: asyncio.TaskGroup) -> None:
        while True:
            try:
                await self._look(tasks)
                await sleep_ms(_LOOK_MS)
                await self.house.bills_placed.wait(self._idle_ms())
            except Outage as error:
                log.warning("bills wait", why=str(error))
                await sleep_ms(_ERROR_MS)
            except Exception:
                log.exception("bills fault")
                await sleep_ms(_ERROR_MS)

    def room(self, biller: UUID) -> int:
        """How many payments may be handed over for a biller: none that would overtake those which are due and wait."""
        lane = self._lane(biller, False)
        return 0 if lane.due_at and lane.due_at <= machine_now() else max(lane.pace.width - len(lane.open), 0)

    def hand(self, errands: Sequence[Errand]) -> None:
        """Send these, which were just placed."""
        now = machine_now()
        for errand in errands:
            self._lane(errand.row.biller, False).open[errand.key] = now
        self._handed += errands
        self._came.set()

    async def _sending(self, tasks: asyncio.TaskGroup) -> None:
        while True:
            await self._came.wait()
            self._came.clear()
            handed, self._handed = self._handed, []
            for errand in handed:
                tasks.create_task(self._run(self._lane(errand.row.biller, False), errand))

    async def _look(self, tasks: asyncio.TaskGroup) -> None:
        """Fill each lane that has something due and room for it."""
        now = machine_now()
        if now >= self._all_at:
            for biller, in_doubt, due_at in await bill_lanes.next_due(self.house):
                self._lane(biller, in_doubt).learn(due_at)
            self._all_at = now + timedelta(milliseconds=_ALL_MS)
        for biller in self.house.bills_placed.heard():
            self._lane(biller, False).learn(now)
        lanes = [lane for lane in self._lanes.values() if (at := lane.ready_at()) and at <= now]
        if lanes:
            await self._fill(lanes, tasks, now)

    async def _fill(self, lanes: Sequence[Lane], tasks: asyncio.TaskGroup, now: datetime) -> None:
        """Take what is due, of many lanes at once. If one of them is to blame for a fault, the others are filled without it."""
        wanted = [lane.wants() for lane in lanes]
        try:
            errands = await bill_lanes.take(self.house, wanted, now)
        except Exception as error:
            for lane in lanes:
                lane.learn(now)
            if isinstance(error, Outage):
                raise
            if len(lanes) == 1:
                lanes[0].rest(_FAULT_MS)
                log.exception("bills fault", biller=str(lanes[0].biller))
                return
            for lane in lanes:
                await self._fill([lane], tasks, now)
            return
        for lane, one, mine in zip(lanes, wanted, _by_list(errands, wanted), strict=True):
            lane.took(mine, one.limit, now)
            for errand in mine:
                tasks.create_task(self._run(lane, errand))

    def _idle_ms(self) -> int:
        """Until something is due, as far as is known."""
        known = [at for lane in self._lanes.values() if (at := lane.ready_at())]
        return max((min([*known, self._all_at]) - machine_now()) // timedelta(milliseconds=1), 0)

    def _lane(self, biller: UUID, in_doubt: bool) -> Lane:
        pace = Pace(QUESTIONS_AT_ONCE) if in_doubt else Pace(PAYMENTS_AT_ONCE)
        return self._lanes.setdefault((biller, in_doubt), Lane(biller, in_doubt, pace))

    async def _run(self, lane: Lane, errand: Errand) -> None:
        try:
            said = await bill_lanes.deliver(self.house, errand)
        except Exception as error:
            log.exception("bill delivery fault", payment=str(errand.row.id))
            said = told(errand.key, Unknown(f"fault: {type(error).__name__}"))
        lane.heard(said)
        self._told.append(Answer(lane, errand, said))
        self._arrived.set()

    async def _hearing(self) -> None:
        while True:
            await self._arrived.wait()
            await sleep_ms(_GATHER_MS)
            self._arrived.clear()
            while self._told:
                for turn in _TURNS:
                    if part := self._next(turn):
                        await self._hear(part)
                        for one in part:
                            one.lane.open.pop(one.said.key, None)
                        self.house.bills_placed.ring()  # there is room

    def _next(self, turn: Turn) -> list[Answer]:
        """What of a kind is written down together, each payment once: one that was taken again, its lease being over, may be answered
        twice."""
        part = dict[tuple[int, UUID], Answer]()
        for one in self._told:
            if len(part) < turn.most and turn.has(one):
                part.setdefault(one.said.key, one)
        self._told = [one for one in self._told if part.get(one.said.key) is not one]
        return [*part.values()]

    async def _hear(self, batch: Sequence[Answer]) -> None:
        """Write down what was said; what cannot be written now is asked again when its lease is over. If one of many is to blame, halving
        finds it, and the others need not wait for it."""
        try:
            for row in await hear(self.house, [one.said for one in batch]):
                if row.next_at:
                    self._lane(row.biller, row.state is PaymentState.UNKNOWN).learn(row.next_at)
        except Outage as error:
            log.warning("bills' answers wait", why=str(error))
            await sleep_ms(_ERROR_MS)
        except Exception as error:
            if len(batch) == 1:
                await self._set_aside(batch[0].errand, error)
                return
            log.warning("bills' answers are split", answers=len(batch), why=_in_a_line(error))
            half = len(batch) // 2
            await self._hear(batch[:half])
            await self._hear(batch[half:])

    async def _set_aside(self, errand: Errand, fault: Exception) -> None:
        """Nobody's payment but this one waits for what is wrong with it; where that is, the log says the first time."""
        first = not errand.row.faults
        log.error("bill's answer fault", payment=errand.row.serial, why=_in_a_line(fault), exc_info=fault if first else None)
        try:
            await bill_lanes.set_aside(self.house, errand.key, _in_a_line(fault), machine_now())
        except Exception as error:
            log.warning("its lease runs out, and it is taken again", payment=errand.row.serial, why=str(error))

    async def _renewing(self) -> None:
        """Leases of what is open for longer than a moment."""
        while True:
            await sleep_ms(_RENEW_MS)
            now = machine_now()
            long = [key for lane in self._lanes.values() for key, since in lane.open.items() if (now - since) * 3 > LEASE]
            try:
                if long:
                    await bill_lanes.renew(self.house, long, now)
            except Outage as error:
                log.warning("bills' leases run out, and are taken again", why=str(error))
            except Exception:
                log.exception("bills' leases fault")


def _by_list(errands: Sequence[Errand], wanted: Sequence[bill_lanes.Wanted]) -> list[list[Errand]]:
    """Those of each list that was wanted."""
    lists: dict[tuple[UUID, bool], list[Errand]] = {(one.biller, one.in_doubt): [] for one in wanted}
    for errand in errands:
        lists[errand.row.biller, errand.in_doubt].append(errand)
    return [*lists.values()]


def _in_a_line(fault: Exception) -> str:
    return f"{type(fault).__name__}: {fault}".partition("\n")[0][:200]
