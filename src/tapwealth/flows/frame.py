"""What every flow is handed, and how a command is decided exactly once.

A command comes in an `Envelope`: its idempotency key, who gives it, and the instant (platform clock) at which its request was read. It is
decided inside one transaction under the locks of its books; the answer, a refusal included, is written in that same transaction, so that a
repetition gets the first answer, and the same key with other content a refusal of its own.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import date, datetime, time, timedelta
from enum import Enum, IntEnum
from typing import Any, TypeVar
from uuid import UUID

import msgspec

from tapwealth.catalogue.sale import OfferCache
from tapwealth.customers import consents
from tapwealth.customers import store as customers
from tapwealth.customers.consents import Permission
from tapwealth.flows.bills.errand import Sender
from tapwealth.flows.rails import Rails
from tapwealth.funds.fund import Pocket
from tapwealth.kernel.bell import Bell
from tapwealth.kernel.calendar import Calendar
from tapwealth.kernel.clock import business_date_of, shanghai
from tapwealth.kernel.ids import Random64, named, uuid7
from tapwealth.kernel.in_flight import InFlight
from tapwealth.kernel.masked import Masked
from tapwealth.kernel.refusal import Refusal
from tapwealth.kernel.tries import Tries
from tapwealth.ledger.port import Answer, JournalEntry, Ledger
from tapwealth.storage import idempotency
from tapwealth.storage.actors import Actor, ActorKind, intern
from tapwealth.storage.database import Database, Tx, savepoint
from tapwealth.storage.keystore import KeyStore

T = TypeVar("T")
HOUSE_BOOK = 0
"""The book of what belongs to the whole house: files, instructions, statements, merchants, quotas."""


class FrameRefusal(IntEnum):
    """Refusals that any command can meet."""

    KEY_REUSED = 1
    SESSION_ENDED = 2
    UNKNOWN_ACCOUNT = 3


KEY_REUSED = Refusal(FrameRefusal.KEY_REUSED, "this idempotency key was used for another command; take a new key")
SESSION_ENDED = Refusal(FrameRefusal.SESSION_ENDED, "this phone no longer acts for its customer; sign in with it again, or ask the bank")
CLIENT_ENDED = Refusal(FrameRefusal.SESSION_ENDED, "this client was suspended or revoked; ask the bank")
UNKNOWN_ACCOUNT = Refusal(
    FrameRefusal.UNKNOWN_ACCOUNT,
    "no account of that id lets this client do that; check the id, or ask its customer to consent",
)
"""Whether it is not there or does not consent is not told."""


async def together(*work: Awaitable[Any]) -> list[Any]:
    """All of these at once. The first that fails ends the others, and its exception is raised as it is."""
    tasks = [asyncio.ensure_future(one) for one in work]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _nothing() -> None:
    """For who need not be told."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who gives a command, and how they were authenticated. `person` and `book` are set for a customer; `device` is the keyed hash of the
    phone's secret, empty for who has no phone. `client` is the program of others that acts for the person, under that `scope`."""

    kind: ActorKind
    who: str
    authenticated_by: str
    person: UUID | None = None
    book: int = HOUSE_BOOK
    device: bytes = b""
    client: UUID | None = None
    scope: str = ""


PLATFORM = Caller(ActorKind.PLATFORM, "platform", "own process")
"""The house itself: the day's end and the worker."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """`received_at` is the platform clock's instant at which the request was read: it decides business and dealing date.

    `on_repetition` is called if what is answered was decided before, under the same key. `language`: `zh` or `en`, what the caller sees."""

    key: UUID
    caller: Caller
    received_at: datetime
    on_repetition: Callable[[], None] = _nothing
    language: str = "zh"


@dataclass(frozen=True, slots=True)
class Moment:
    """The platform clock inside this transaction, and the last business dates that are cut and closed (None before the first)."""

    now: datetime
    cut: date | None
    closed: date | None = None

    def date_of(self, received_at: datetime) -> date:
        """The business date of a customer's request read at that instant; the day after the last cut one if its own is cut already."""
        return self.open_date(business_date_of(received_at))

    def open_date(self, wanted: date) -> date:
        """`wanted`, unless it is cut: then the first date that is not."""
        return wanted if self.cut is None or wanted > self.cut else self.cut + timedelta(days=1)

    def booking_date(self, wanted: date) -> date:
        """The business date of what a partner booked on `wanted`: that date until it is closed, then the first one that is not.

        A cut keeps customers out of a date, not the word of those who prove it.
        """
        return wanted if self.closed is None or wanted > self.closed else self.closed + timedelta(days=1)


@dataclass(frozen=True)
class House:
    """Everything that a flow may reach."""

    database: Database
    ledger: Ledger
    keys: KeyStore
    books: int
    rule_set: str
    calendar: Calendar
    rails: Rails
    random64: Random64
    flight: InFlight
    pockets: list[Pocket] = field(default_factory=list)
    """The funds that `pocket` has looked up."""
    bills_placed: Bell = field(default_factory=Bell)
    """Rung for the billers to which payments are to be sent."""
    bill_senders: list[Sender] = field(default_factory=list)
    """Who sends payments of bills from this process."""
    sign_ins: Tries = field(default_factory=Tries)
    """Of operators' passwords, by whichever way they come."""
    offers: OfferCache = field(default_factory=OfferCache)
    """What buyers are shown, as `catalogue.sales` has kept it."""

    def new_id(self, now: datetime, book: int) -> UUID:
        """A fresh time-ordered id that routes to the book."""
        return uuid7(now, book, self.random64)

    @property
    def all_books(self) -> range:
        """The people's books, 1 to N."""
        return range(1, self.books + 1)


Act = Callable[[Tx, Moment, int], Awaitable[T | Refusal]]
"""Decides one command: (transaction, moment, actor number) to its answer."""


async def moment(tx: Tx) -> Moment:
    """The platform clock, the last cut and the last closed date, in one query."""
    row = await tx.fetchrow(
        "select (select instant from platform_clock) as now, (select max(business_date) from business_day where state <> 'open') as cut,"
        " (select max(business_date) from business_day where state = 'closed') as closed"
    )
    return Moment(row["now"], row["cut"], row["closed"])


async def once(
    house: House,
    books: Sequence[int],
    envelope: Envelope,
    command: Any,
    act: Act[T],
    into: type[T],
    *,
    whoever: bool = False,
    first: Callable[[Tx], Awaitable[None]] | None = None,
) -> T | Refusal:
    """Decide `command` exactly once. `books` are those it writes to; the first one remembers the answer.

    A refusal leaves nothing behind but the memory of it, and what `first` writes before the decision (a try that counts though it fails).
    The same key of somebody else is another command, unless `whoever` (for the opening of an account: who asks again is known by then).
    """
    digest = content_hash(house.keys, command, "" if whoever else envelope.caller.who)
    async with house.database.transaction() as tx:
        await house.ledger.lock_books(tx, sorted(set(books)))
        if (refusal := await barred(tx, envelope.caller)) is not None:
            return refusal
        known = (await idempotency.recall(tx, [(books[0], envelope.key, digest)]))[0]
        if known is not None:
            return _recalled(envelope, known, into)
        at = await moment(tx)
        actor = await actor_number(tx, books[0], envelope.caller)
        if first is not None:
            await first(tx)
        answer: T | Refusal
        try:
            async with savepoint(tx):
                answer = await act(tx, at, actor)
                if isinstance(answer, Refusal):
                    raise _Undo
        except _Undo:
            pass
        await idempotency.remember(tx, [(books[0], envelope.key, type(command).__name__, digest, encode_answer(answer), at.now)])
        return answer


async def is_fresh(house: House, tx: Tx, book: int, envelope: Envelope, command: Any) -> bool:
    """Whether `once` would decide this command now: its caller may act, and its key has no answer yet. No more than a look, for what is
    made ready beforehand: nothing may be moved for somebody who may not ask, nor for a repetition."""
    if await barred(tx, envelope.caller) is not None:
        return False
    digest = content_hash(house.keys, command, envelope.caller.who)
    return (await idempotency.recall(tx, [(book, envelope.key, digest)]))[0] is None


async def each_once(
    house: House,
    tx: Tx,
    commands: Sequence[Any],
    into: type[T],
    decide: Callable[[Moment, Sequence[Any]], Awaitable[Sequence[T | Refusal]]],
) -> list[T | Refusal]:
    """`once` for a list of commands with `.envelope` and `.command`, in the writer's transaction: `decide` gets the fresh ones at once.

    A key that stands twice in the list is decided once; the second gets the first answer, or a refusal if its content differs.
    """
    refusals = await _barred(tx, [one.envelope.caller for one in commands])
    heard = [one for one, refusal in zip(commands, refusals, strict=True) if refusal is None]
    decided = iter(await _each_once(house, tx, heard, into, decide))
    return [next(decided) if refusal is None else refusal for refusal in refusals]


async def barred(tx: Tx, caller: Caller) -> Refusal | None:
    """Why nobody may be asked anything on this caller's behalf: a look before the decision, which looks again."""
    return (await _barred(tx, [caller]))[0]


async def _barred(tx: Tx, callers: Sequence[Caller]) -> list[Refusal | None]:
    """Those whose phone or client was stopped after their requests were read, or who are not let act for that person: asked under the lock
    of the person's book, under which that changes. Nothing is remembered for them."""
    silent = await customers.silent_devices(tx, sorted({one.device for one in callers if one.person and one.device}))
    refusals = [SESSION_ENDED if one.device in silent else None for one in callers]
    acting = [(place, wanted) for place, one in enumerate(callers) if (wanted := _permission(one)) is not None]
    for number, standing in (await consents.lacking(tx, [wanted for _, wanted in acting])).items():
        refusals[acting[number][0]] = refusal_of(standing)
    return refusals


def _permission(caller: Caller) -> Permission | None:
    if caller.client is None or caller.person is None:
        return None
    return Permission(caller.book, caller.person, caller.client, caller.scope)


def refusal_of(lacking: consents.Standing) -> Refusal:
    """Why a client may not act for a person."""
    return UNKNOWN_ACCOUNT if lacking.active else CLIENT_ENDED


async def _each_once(
    house: House,
    tx: Tx,
    commands: Sequence[Any],
    into: type[T],
    decide: Callable[[Moment, Sequence[Any]], Awaitable[Sequence[T | Refusal]]],
) -> list[T | Refusal]:
    digests = [content_hash(house.keys, one.command, one.envelope.caller.who) for one in commands]
    asked = [(one.envelope.caller.book, one.envelope.key, digest) for one, digest in zip(commands, digests, strict=True)]
    known = await idempotency.recall(tx, asked)
    first: dict[tuple[int, UUID], int] = {}
    for index, (book, key, _) in enumerate(asked):
        if known[index] is None:
            first.setdefault((book, key), index)
    at = await moment(tx)
    fresh = list(first.values())
    answers = dict(zip(fresh, await decide(at, [commands[index] for index in fresh]) if fresh else [], strict=True))
    kinds = {index: type(commands[index].command).__name__ for index in fresh}
    await idempotency.remember(
        tx, [(*asked[index][:2], kinds[index], digests[index], encode_answer(answers[index]), at.now) for index in fresh]
    )
    results: list[T | Refusal] = []
    for index, (book, key, digest) in enumerate(asked):
        before = known[index]
        if before is not None:
            results.append(_recalled(commands[index].envelope, before, into))
            continue
        origin = first[book, key]
        results.append(answers[origin] if digests[origin] == digest else KEY_REUSED)
        if origin != index and digests[origin] == digest:
            commands[index].envelope.on_repetition()
    return results


class _Undo(Exception):
    """Takes back what a refused command had written."""


async def actor_number(tx: Tx, book: int, caller: Caller) -> int:
    """The number under which entries name this caller."""
    return (await actor_numbers(tx, [(book, caller)]))[0]


async def actor_numbers(tx: Tx, callers: Sequence[tuple[int, Caller]]) -> list[int]:
    """The same for a list of (book, caller), in one go."""
    named = [(book, int(caller.kind), caller.who, caller.authenticated_by) for book, caller in callers]
    distinct = {one: Actor(one[0], ActorKind(one[1]), *one[2:]) for one in dict.fromkeys(named)}
    numbers = dict(zip(distinct, await intern(tx, list(distinct.values())), strict=True))
    return [numbers[one] for one in named]


async def post(house: House, tx: Tx, at: Moment, entries: Sequence[JournalEntry]) -> list[Answer]:
    """Post a list of entries of any number of books."""
    return await house.ledger.post(tx, at.now, entries) if entries else []


async def must_post(house: House, tx: Tx, at: Moment, entries: Sequence[JournalEntry]) -> None:
    """Post entries that nothing may refuse: they follow from what has happened already. A refusal is a bug and undoes the transaction."""
    for entry, answer in zip(entries, await post(house, tx, at, entries), strict=True):
        assert answer.refusal is None, f"{entry.kind} of {entry.business_date} in book {entry.book} refused: {answer.refusal}"


def content_hash(keys: KeyStore, command: Any, who: str) -> bytes:
    """A keyed hash over a canonical form of the command and who gives it. Keyed, since it may name people: a plain one could be guessed."""
    return keys.lookup_hash("command", msgspec.json.encode([who, type(command).__name__, _plain(command)], order="sorted"))


_PLAIN = frozenset((str, int, bool, type(None)))


def _plain(value: Any) -> Any:
    if type(value) in _PLAIN:
        return value
    if isinstance(value, msgspec.Struct):
        return {name: _plain(getattr(value, name)) for name in value.__struct_fields__}
    match value:
        case Masked():
            return value.reveal()
        case bytes():
            return value.hex()
        case Enum():
            return value.name
        case UUID() | date() | datetime() | time():
            return str(value)
        case dict():
            return {str(key): _plain(item) for key, item in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    return value


def encode_answer(answer: Any) -> bytes:
    """The remembered form of an answer or a refusal (JSON)."""
    if isinstance(answer, Refusal):
        return msgspec.json.encode({"refused": answer.code.name, "code": answer.code.value, "text": answer.text})
    return msgspec.json.encode({"answer": answer})


def _recalled(envelope: Envelope, known: "idempotency.Recalled", into: type[T]) -> T | Refusal:
    if known.reused:
        return KEY_REUSED
    envelope.on_repetition()
    content = msgspec.json.decode(known.answer)
    if "refused" in content:
        return Refusal(remembered_code(content["refused"], content["code"]), content["text"])
    return msgspec.convert(content["answer"], into, strict=False)


def remembered_code(name: str, value: int) -> Enum:
    """A refusal's code as it was remembered, by name."""
    make: Any = Enum
    codes = make("RememberedRefusal", {name: value})
    code: Enum = codes[name]
    return code


def step_key(business_date: date, step: str, book: int, item: str = "") -> UUID:
    """The idempotency key of an entry that a step of a day's end makes: the same on every rerun."""
    return named(shanghai(business_date, 23, 59, 59), book, f"{step}:{business_date}:{book}:{item}")
