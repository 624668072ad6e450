"""Random days of notices with kills at every point, faults, two workers and reports in any order: none is lost, none comes twice.

The messenger of this test brings whatever it is handed, also a second time under one serial: what keeps it from that is that it is asked
first. For each planted defect the same histories end otherwise.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from bill_town import MONDAY, Person, Town
from notice_town import MemoryMessenger, NoticeTown, Stopped, notice, with_messenger

from tapwealth.flows.notices import outgoing
from tapwealth.kernel.clock import shanghai
from tapwealth.notices import delivery, delivery_store
from tapwealth.notices.delivery import LEASE
from tapwealth.notices.messenger import Channel, Fate, Outgoing, Said
from tapwealth.notices.notice import NoticeKind

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
HISTORIES, STEPS, PEOPLE = 8, 50, 4
BEFALLS = ("", "", "", "error", "error_after", "forget", "stop", "stop_after")


class Simple(MemoryMessenger):
    """Brings each submission, whatever came under its serial before."""

    async def submit(self, message: Outgoing) -> Said:
        had = self.taken.pop(message.serial, None)
        said = await super().submit(message)
        if message.serial not in self.taken and had is not None:
            self.taken[message.serial] = had
        return said


@dataclass
class History:
    """One person's day after another, at random."""

    at: NoticeTown
    draw: Random
    people: list[Person]
    told: int = 0

    async def step(self) -> None:
        """Something happens; a kill ends it where it strikes."""
        deeds: list[Callable[[], Awaitable[Any]]] = [
            *[self.tell] * 2, *[self.route] * 2, *[self.turn] * 5, self.two_workers, self.die_after_taking, self.die_before_hearing,
            self.die_while_routing, self.reports, self.time_passes,
        ]  # fmt: skip
        if self.draw.randrange(2):
            self.at.messenger.script.append(self.draw.choice(BEFALLS))
        try:
            await self.draw.choice(deeds)()
        except Stopped:
            self.at.later(timedelta(milliseconds=self.draw.randrange(2_000)))

    async def tell(self) -> None:
        for _ in range(self.draw.randrange(1, 4)):
            self.told += 1
            kind = self.draw.choice([NoticeKind.BILL, NoticeKind.CARD, NoticeKind.SECURITY])
            person = self.draw.choice(self.people)
            await self.at.tell(notice(person, f"e{self.told}", kind, at=await self.at.now()))

    async def route(self) -> None:
        await outgoing.route(self.at.house)

    async def turn(self) -> None:
        await self.at.turn(self.draw.choice(list(Channel)), self.draw.randrange(1, 5))

    async def two_workers(self) -> None:
        """The one takes, the other looks while the first still waits."""
        channel = self.draw.choice(list(Channel))
        first = await outgoing.take(self.at.house, channel, 2)
        await self.at.turn(channel, 3)
        await outgoing.hear(self.at.house, [(one.row.key, await outgoing.deliver(self.at.house, one)) for one in first])

    async def die_after_taking(self) -> None:
        await outgoing.take(self.at.house, self.draw.choice(list(Channel)), 3)

    async def die_before_hearing(self) -> None:
        for one in await outgoing.take(self.at.house, self.draw.choice(list(Channel)), 3):
            await outgoing.deliver(self.at.house, one)

    async def die_while_routing(self) -> None:
        async with self.at.house.database.transaction() as tx:
            books = await delivery_store.lock_routers(tx, self.at.house.all_books)
            notices = await delivery_store.to_route(tx, books, 100)
            now = await self.at.now()
            known = await delivery_store.known_of(tx, {(one.book, one.person) for one in notices}, now)
            await delivery_store.write(tx, outgoing.plan(notices, known, now))
            raise Stopped

    async def reports(self) -> None:
        """Some of those owed, in any order, some twice."""
        owed = list(self.at.messenger.taken)
        await self.at.report(*self.draw.choices(owed, k=min(len(owed), 5)) if owed else [])

    async def time_passes(self) -> None:
        """Mostly a while, now and then a night."""
        self.at.later(LEASE + timedelta(seconds=self.draw.randrange(60)))
        minutes = self.draw.randrange(1, 20) if self.draw.randrange(8) else 600
        await self.at.clock(await self.at.now() + timedelta(minutes=minutes))

    async def comes_to_rest(self) -> None:
        """No more kills and faults, and time enough."""
        self.at.messenger.script.clear()
        for _ in range(8):
            await self.at.work()
            await self.at.report(*self.at.messenger.taken)
            self.at.later(timedelta(hours=1))
            await self.at.clock(await self.at.now() + timedelta(hours=5))


async def play(at: NoticeTown, seed: int) -> History:
    draw = Random(seed)
    people = [await at.customer(f"P{seed} {number}", phones=number % 3) for number in range(PEOPLE)]
    history = History(at, draw, people)
    for _ in range(STEPS):
        await history.step()
    await history.comes_to_rest()
    return history


async def wrong(at: NoticeTown, history: History) -> list[str]:
    """What came twice, and what never came, of these people's notices."""
    found = []
    arrivals: dict[tuple[str, str], int] = {}
    for address, message in at.messenger.came:
        arrivals[message.serial, address] = arrivals.get((message.serial, address), 0) + 1
    found += [f"{serial} came {count} times to one phone" for (serial, _), count in arrivals.items() if count > 1]
    arrived = {serial for serial, _ in arrivals}
    async with at.house.database.read() as tx:
        rows = await tx.fetch(
            "select n.text_en, n.kind, m.id as message, array_agg(d.id::text) as serials from notice n"
            " left join notice_message m on m.book = n.book and m.id = n.message"
            " left join notice_delivery d on d.book = m.book and d.message = m.id"
            " where n.person = any ($1::uuid[]) group by n.book, n.id, n.text_en, n.kind, m.id",
            [one.id for one in history.people],
        )
    assert len(rows) == history.told
    for text, kind, message, serials in rows:
        came = len(arrived & set(serials)) if message else 0
        if came == 0:
            found.append(f"{text} never came")
        elif came > 1 and kind != "security":
            found.append(f"{text} came over {came} channels")
    return found


@pytest.fixture
def at(place: Town, monkeypatch: pytest.MonkeyPatch) -> NoticeTown:
    return with_messenger(place, monkeypatch.setattr, BEGAN, Simple())


async def test_no_notice_is_lost_and_none_comes_twice(at: NoticeTown) -> None:
    await at.clock(shanghai(MONDAY, 9))
    told = 0
    for seed in range(HISTORIES):
        history = await play(at, seed)
        assert await wrong(at, history) == [], f"seed {seed}"
        told += history.told
    assert told > 100
    assert len(at.messenger.inquiries) > 20, "kills and faults have struck"


async def sent_again_unasked(house: Any, errand: Any, *, deliver: Callable[[Any, Any], Awaitable[Said]] = outgoing.deliver) -> Said:
    return await deliver(house, replace(errand, first=True))


def silence_taken_for_a_bounce(row: Any, said: Said, now: Any, machine: Any, *, heard: Any = delivery.heard) -> Any:
    return heard(row, Said(Fate.BOUNCED, "?") if said.fate is Fate.UNKNOWN else said, now, machine)


async def nobody_asks(*_: Any) -> list[Any]:
    return []


def accepted_taken_for_granted(row: Any, said: Said, now: Any, machine: Any, *, heard: Any = delivery.heard) -> Any:
    return heard(row, Said(Fate.DELIVERED) if said.fate is Fate.ACCEPTED else said, now, machine)


@pytest.mark.parametrize(
    ("where", "name", "defect", "shows"),
    [
        (outgoing, "deliver", sent_again_unasked, "times to one phone"),
        (outgoing, "heard", silence_taken_for_a_bounce, "never came"),
        (outgoing, "heard", accepted_taken_for_granted, "never came"),
        (delivery_store, "take_due", nobody_asks, "never came"),
    ],
)
async def test_a_planted_defect_shows(
    at: NoticeTown, monkeypatch: pytest.MonkeyPatch, where: Any, name: str, defect: Any, shows: str
) -> None:
    monkeypatch.setattr(where, name, defect)
    await at.clock(shanghai(MONDAY, 9))
    for seed in range(HISTORIES):
        if any(shows in one for one in await wrong(at, await play(at, seed))):
            return
    raise AssertionError("nothing shows")
