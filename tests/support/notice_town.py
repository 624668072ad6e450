"""A town whose notices go to phones: a messenger in memory that errs as it is told, and the worker's turns taken by hand.

A `Stopped` is a kill: it leaves what was committed, and nothing else.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from bill_town import Person, Town

from tapwealth.customers import store as customers
from tapwealth.flows.notices import outgoing
from tapwealth.flows.notices.outgoing import Errand
from tapwealth.kernel.ids import derived
from tapwealth.notices import store
from tapwealth.notices.messenger import Channel, Fate, Outgoing, Said
from tapwealth.notices.notice import Notice, NoticeKind
from tapwealth.storage import platform_clock


class Stopped(Exception):
    """The process was killed here."""


@dataclass
class MemoryMessenger:
    """Brings each serial once. `script`: what befalls the next submissions, in order: `error`, `error_after`, `forget`, `stop`,
    `stop_after`. `dead` addresses bounce; `silent` channels answer nothing."""

    script: deque[str] = field(default_factory=deque)
    dead: set[str] = field(default_factory=set)
    silent: set[Channel] = field(default_factory=set)
    taken: dict[str, tuple[Outgoing, Fate]] = field(default_factory=dict)
    came: list[tuple[str, Outgoing]] = field(default_factory=list)
    """(address, message), in the order of coming."""
    submissions: list[str] = field(default_factory=list)
    inquiries: list[str] = field(default_factory=list)

    async def submit(self, message: Outgoing) -> Said:
        self.submissions.append(message.serial)
        if message.channel in self.silent:
            return Said(Fate.UNKNOWN, "no answer in time", there=False)
        befalls = self.script.popleft() if self.script else ""
        if befalls == "stop":
            raise Stopped
        if befalls == "error":
            return Said(Fate.UNKNOWN, "HTTP status 500")
        if befalls != "forget" and message.serial not in self.taken:
            self._bring(message)
        if befalls == "stop_after":
            raise Stopped
        return Said(Fate.UNKNOWN, "HTTP status 500") if befalls == "error_after" else Said(Fate.ACCEPTED)

    def _bring(self, message: Outgoing) -> None:
        alive = [one.reveal() for one in message.addresses if one.reveal() not in self.dead]
        self.taken[message.serial] = message, Fate.DELIVERED if alive else Fate.BOUNCED
        self.came += [(address, message) for address in alive]

    async def inquire(self, channel: Channel, serial: str) -> Said:
        self.inquiries.append(serial)
        if channel in self.silent:
            return Said(Fate.UNKNOWN, "no answer in time", there=False)
        return self.said_of(serial) if serial in self.taken else Said(Fate.NEVER_CAME)

    def said_of(self, serial: str) -> Said:
        fate = self.taken[serial][1]
        return Said(fate, "dead_number" if fate is Fate.BOUNCED else "")

    def texts(self, channel: Channel) -> list[str]:
        return [message.text for _, message in self.came if message.channel is channel]


@dataclass
class NoticeTown:
    """A town with a messenger. `machine` stands for the machine's clock, which moves by hand."""

    place: Town
    messenger: MemoryMessenger
    machine: list[datetime]

    @property
    def house(self) -> Any:
        return self.place.house

    async def customer(self, name: str, *, phones: int = 1) -> Person:
        """Somebody with so many phones that act for them."""
        person = await self.place.person(name, 0)
        async with self.house.database.transaction() as tx:
            for number in range(phones):
                assert await customers.enroll_device(tx, device_of(person, number), person.book, person.id, self.place.biller.now)
        return person

    async def tell(self, *notices: Notice) -> None:
        async with self.house.database.transaction() as tx:
            await store.tell(tx, notices)

    async def clock(self, now: datetime) -> None:
        await self.place.clock(now)

    async def now(self) -> datetime:
        async with self.house.database.read() as tx:
            return await platform_clock.read(tx)

    def later(self, by: timedelta) -> None:
        """The machine's clock moves on."""
        self.machine[0] += by

    async def turn(self, channel: Channel, limit: int = 64) -> list[Errand]:
        """One turn of a lane, delivering one after the other."""
        errands = await outgoing.take(self.house, channel, limit)
        said = [(one.row.key, await outgoing.deliver(self.house, one)) for one in errands]
        await outgoing.hear(self.house, said)
        return errands

    async def work(self, rounds: int = 3) -> None:
        """Route, and let both lanes turn until nothing is due."""
        await outgoing.route(self.house)
        for _ in range(rounds):
            if not any([await self.turn(channel) for channel in Channel]):
                return

    async def report(self, *serials: str) -> None:
        """The messenger's reports of these."""
        told = [((UUID(one).int >> 46 & 0xFFFF, UUID(one)), self.messenger.said_of(one)) for one in serials]
        await outgoing.hear(self.house, told)

    async def states(self, person: Person | None = None) -> list[tuple[str, str]]:
        """(channel, state) of all deliveries, or of a person's, the oldest message first."""
        async with self.house.database.read() as tx:
            rows = await tx.fetch(
                "select d.channel, d.state from notice_delivery d join notice_message m on m.book = d.book and m.id = d.message"
                " where $1::uuid is null or d.person = $1 order by m.made_at, m.id, d.channel",
                person.id if person else None,
            )
        return [(row["channel"], row["state"]) for row in rows]


def device_of(person: Person, number: int = 0) -> bytes:
    """The hash by which a customer's phone is known."""
    return derived(person.id, f"phone {number}").bytes * 2


def notice(
    person: Person,
    event: str,
    kind: NoticeKind = NoticeKind.BILL,
    link: str = "",
    at: datetime | None = None,
    words: str = "",
    obligatory: bool = False,
) -> Notice:
    """Something that has happened to a person."""
    said, told_at = words or event, at or datetime.fromisoformat("2014-02-24T01:00:00+00:00")
    where = link or f"payment/{event}"
    return Notice(person.book, derived(person.id, event), person.id, told_at, f"{said}。", f"{said}.", kind, where, obligatory)


def with_messenger(place: Town, patch: Callable[..., None], began: datetime, messenger: Any = None) -> NoticeTown:
    """The town's house with a messenger, and a machine's clock that stands still; `patch` is monkeypatch.setattr."""
    made = NoticeTown(place, messenger or MemoryMessenger(), [began])
    place.house = replace(place.house, rails=replace(place.house.rails, messenger=made.messenger))
    patch(outgoing, "machine_now", lambda: made.machine[0])
    return made


def serials(errands: Sequence[Errand]) -> list[str]:
    return [str(one.row.id) for one in errands]
