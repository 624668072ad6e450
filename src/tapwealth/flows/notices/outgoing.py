"""Notices on their way to phones: routed into messages, taken when they are due, sent or asked about outside any transaction, heard of.

Every notice that no message tells of yet is marked so in its own row, so that none is forgotten; a delivery that was taken is looked after
until it is over. Two workers may do all of this at once: what one has taken the other passes over.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from tapwealth.customers import store as customers
from tapwealth.customers.store import PersonRow
from tapwealth.flows.customers.people import open_person
from tapwealth.flows.frame import House
from tapwealth.kernel.clock import machine_now
from tapwealth.kernel.masked import Masked
from tapwealth.kernel.refusal import Outage
from tapwealth.notices import delivery_store as store
from tapwealth.notices.choice import is_quiet, slot
from tapwealth.notices.delivery import FAILED, LEASE, Delivery, Message, State, heard
from tapwealth.notices.delivery_store import Words
from tapwealth.notices.messenger import Channel, Fate, Outgoing, Said
from tapwealth.notices.routing import Key, plan
from tapwealth.notices.wording import for_channel, in_words
from tapwealth.storage import platform_clock
from tapwealth.storage.database import Tx

AT_ONCE = 2_000
"""Notices routed in one transaction."""
MOST_PHONES = 20
"""Of one person, to which one push message goes: those enrolled last."""


@dataclass(frozen=True, slots=True)
class Errand:
    """A delivery that was taken, as it is since then, with what its message says and to whom. `first`: it was never sent before."""

    row: Delivery
    words: Words
    person: PersonRow
    devices: Sequence[bytes]
    first: bool


async def route(house: House) -> int:
    """Route notices that are not; how many were."""
    async with house.database.read() as tx:
        if not await store.unrouted(tx, house.all_books):
            return 0
    async with house.database.transaction() as tx:
        books = await store.lock_routers(tx, house.all_books)
        notices = await store.to_route(tx, books, AT_ONCE)
        if notices:
            now = await platform_clock.read(tx)
            known = await store.known_of(tx, {(one.book, one.person) for one in notices}, now)
            await store.write(tx, plan(notices, known, now))
    return len(notices)


async def take(house: House, channel: Channel, limit: int) -> list[Errand]:
    """Up to `limit` deliveries of a channel that are due: no more than half of them to be asked about, where others wait to be sent."""
    machine = machine_now()
    async with house.database.transaction() as tx:
        now = await platform_clock.read(tx)
        due = await store.take_due(tx, house.all_books, channel, machine, machine + LEASE, max(limit // 2, 1))
        left, quiet = limit - len(due), is_quiet(now)
        fresh = await store.take_waiting(tx, house.all_books, channel, now, machine + LEASE, left, quiet=quiet) if left else []
        return await _errands(tx, due, fresh) if due or fresh else []


async def _errands(tx: Tx, due: Sequence[Delivery], fresh: Sequence[Delivery]) -> list[Errand]:
    rows = [*due, *fresh]
    words = await store.words_of(tx, {(row.book, row.message) for row in rows})
    people = list({(row.book, row.person) for row in rows})
    persons, devices = await customers.persons(tx, people), await customers.active_devices(tx, people)
    first = {row.key for row in fresh}
    return [
        Errand(row, words[row.book, row.message], persons[row.person], devices.get((row.book, row.person), ()), row.key in first)
        for row in rows
    ]


async def deliver(house: House, errand: Errand) -> Said:
    """Send the message, or ask what became of it. What comes of it is a value, also where the messenger cannot be reached."""
    port = house.rails.messenger
    if port is None:
        return Said(Fate.UNKNOWN, "there is no address of a messenger", there=False)
    if not errand.first:
        return await port.inquire(errand.row.channel, str(errand.row.id))
    try:
        addresses = _addresses(house, errand)
    except Outage as outage:
        return Said(Fate.UNKNOWN, str(outage))
    if not addresses:
        return Said(Fate.BOUNCED, "no phone acts for this customer")
    return await port.submit(outgoing(errand, addresses))


def outgoing(errand: Errand, addresses: Sequence[Masked]) -> Outgoing:
    """The message as it is handed over."""
    words, channel = errand.words, errand.row.channel
    said = in_words(words.text_zh if words.language == "zh" else words.text_en, words.subjects, words.language)
    text, segments = for_channel(said, channel)
    return Outgoing(str(errand.row.id), channel, addresses, text, segments)


def _addresses(house: House, errand: Errand) -> list[Masked]:
    """A person's number is unsealed for this one sending."""
    if errand.row.channel is Channel.SMS:
        return [open_person(house, errand.person).phone]
    return [Masked(phone_address(device)) for device in errand.devices[-MOST_PHONES:]]


def phone_address(device: bytes) -> str:
    """By which the messenger knows a phone: it follows from the keyed hash by which we know it, and does not tell it."""
    return sha256(b"push" + device).hexdigest()[:32]


async def hear(house: House, told: Sequence[tuple[Key, Said]]) -> None:
    """Take down what the messenger said of deliveries, in one transaction; what is not there is passed over. Where a channel has failed,
    the message goes on over the next one."""
    machine = machine_now()
    async with house.database.transaction() as tx:
        now = await platform_clock.read(tx)
        before = await store.lock(tx, {key for key, _ in told})
        after = dict(before)
        for key, said in told:
            if key in after:
                after[key] = heard(after[key], said, now, machine)
        changed = [row for key, row in after.items() if row != before[key]]
        await store.update(tx, changed)
        await _go_on(tx, [row for row in changed if row.state in FAILED], now)
        await store.withdraw(tx, {(row.book, row.message) for row in changed if row.state is State.DELIVERED}, now)


async def _go_on(tx: Tx, failed: Sequence[Delivery], now: datetime) -> None:
    """The next channel of each, when its turn comes."""
    if not failed:
        return
    known = await store.messages(tx, {(row.book, row.message) for row in failed})
    following = [(message, channel) for row in failed if (channel := (message := known[row.book, row.message]).after(row.channel))]
    if following:
        slots = await store.slots_of(tx, {(message.book, message.person) for message, _ in following}, now)
        await store.add_deliveries(tx, _following(following, slots, now))


def _following(
    following: Sequence[tuple[Message, Channel]], slots: Mapping[tuple[Key, Channel, bool], Sequence[datetime]], now: datetime
) -> list[Delivery]:
    taken = {key: list(one) for key, one in slots.items()}
    made = []
    for message, channel in following:
        theirs = taken.setdefault(((message.book, message.person), channel, message.urgent), [])
        theirs.append(slot(now, channel, theirs, urgent=message.urgent))
        made.append(message.delivery(channel, theirs[-1]))
    return made


async def hasten(house: House, channel: Channel) -> None:
    """The messenger answers again over a channel: do not wait for the end of pauses that have grown long."""
    machine = machine_now()
    async with house.database.transaction() as tx:
        await store.hasten(tx, house.all_books, channel, machine, machine + LEASE)
