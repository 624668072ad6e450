"""The way of notices to phones, as rows: which are not routed yet, what waits for whom, what is due over a channel, what became of it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from tapwealth.notices.choice import HOUR, Preferences
from tapwealth.notices.delivery import Delivery, Message, State
from tapwealth.notices.messenger import Channel
from tapwealth.notices.notice import Notice, NoticeKind
from tapwealth.notices.routing import SAME_WORDS, Key, Known, Plan, Waiting, subject_of

_NOTICE = "n.book, n.id, n.person, n.at, n.text_zh, n.text_en, n.kind, n.link, n.obligatory"
_MESSAGE = "m.book, m.id, m.person, m.urgent, m.channels, m.subjects, m.newest, m.made_at"
_DELIVERY = (
    "d.book, d.id, d.message, d.person, d.channel, d.urgent, d.state, d.reason, d.not_before, d.next_at, d.tries, d.asked, d.ended_at"
)
_OF_THESE = "join unnest($1::int[], $2::uuid[]) k(book, person) using (book, person)"

# ---- routing


async def unrouted(tx: Any, books: Sequence[int]) -> bool:
    """Whether any notice waits to be routed."""
    found: bool = await tx.fetchval("select exists (select from notice where book = any ($1::int[]) and not routed)", list(books))
    return found


async def lock_routers(tx: Any, books: Sequence[int]) -> list[int]:
    """Those of the books whose notices nobody else routes just now: they are the caller's until the transaction ends."""
    await tx.execute("insert into notice_router (book) select unnest($1::int[]) on conflict do nothing", list(books))
    rows = await tx.fetch("select book from notice_router where book = any ($1::int[]) order by book for update skip locked", list(books))
    return [row["book"] for row in rows]


async def to_route(tx: Any, books: Sequence[int], limit: int) -> list[Notice]:
    """Notices that are not routed, each person's oldest first."""
    rows = await tx.fetch(
        f"select {_NOTICE} from notice n where n.book = any ($1::int[]) and not n.routed order by n.book, n.person, n.turn limit $2",
        list(books),
        limit,
    )
    return [_notice(row) for row in rows]


async def known_of(tx: Any, people: Collection[Key], now: datetime) -> Known:
    """What routing asks about these people; what waits for them is the caller's until the transaction ends."""
    keys = [book for book, _ in people], [person for _, person in people]
    return Known(await preferences(tx, people), await _waiting(tx, *keys), await _words(tx, *keys, now), await _slots(tx, *keys, now))


async def preferences(tx: Any, people: Collection[Key]) -> dict[Key, Preferences]:
    """Of those who chose anything."""
    rows = await tx.fetch(
        f"select p.book, p.person, p.language, p.off from notice_preference p {_OF_THESE}",
        [book for book, _ in people],
        [person for _, person in people],
    )
    return {(book, person): Preferences(language, frozenset(map(_silenced, off))) for book, person, language, off in rows}


def _silenced(text: str) -> tuple[NoticeKind, Channel]:
    kind, channel = text.split()
    return NoticeKind(kind), Channel(channel)


async def keep_preferences(tx: Any, book: int, person: UUID, chosen: Preferences) -> None:
    """In the place of what was chosen before."""
    await tx.execute(
        "insert into notice_preference (book, person, language, off) values ($1, $2, $3, $4)"
        " on conflict (book, person) do update set language = excluded.language, off = excluded.off",
        book,
        person,
        chosen.language,
        sorted(f"{kind.value} {channel.value}" for kind, channel in chosen.off),
    )


_WAITING = f"""
select {_MESSAGE}, d.not_before, (select count(*) from notice_delivery x where x.book = d.book and x.message = d.message) as parts
from notice_delivery d join unnest($1::int[], $2::uuid[]) k(book, person) using (book, person)
join notice_message m on m.book = d.book and m.id = d.message
where d.state = 'waiting' and d.tries = 0 order by m.made_at, m.id for no key update of d skip locked
"""


async def _waiting(tx: Any, books: list[int], people: list[UUID]) -> dict[Key, list[Waiting]]:
    """Messages all of whose deliveries wait, and are held now."""
    found: dict[UUID, list[tuple[Message, datetime, int]]] = {}
    for row in await tx.fetch(_WAITING, books, people):
        *message, not_before, parts = row
        one = _message(message)
        found.setdefault(one.id, []).append((one, not_before, parts))
    waiting: dict[Key, list[Waiting]] = {}
    for rows in found.values():
        message, _, parts = rows[0]
        if len(rows) == parts:
            waiting.setdefault((message.book, message.person), []).append(Waiting(message, min(held for _, held, _ in rows)))
    return waiting


async def _words(tx: Any, books: list[int], people: list[UUID], now: datetime) -> dict[Key, dict[tuple[str, str], UUID]]:
    rows = await tx.fetch(
        f"select {_NOTICE}, m.id as message from notice_message m {_OF_THESE} join notice n on n.book = m.book and n.id = m.newest"
        " where m.made_at > $3",
        books,
        people,
        now - SAME_WORDS,
    )
    words: dict[Key, dict[tuple[str, str], UUID]] = {}
    for *told, message in rows:
        one = _notice(told)
        words.setdefault((one.book, one.person), {})[subject_of(one), one.text_zh] = message
    return words


async def _slots(tx: Any, books: list[int], people: list[UUID], now: datetime) -> dict[tuple[Key, Channel, bool], list[datetime]]:
    rows = await tx.fetch(
        f"select book, person, d.channel, d.urgent, d.not_before from notice_delivery d {_OF_THESE}"
        " where d.not_before > $3 and d.state <> 'withdrawn'",
        books,
        people,
        now - HOUR,
    )
    slots: dict[tuple[Key, Channel, bool], list[datetime]] = {}
    for book, person, channel, urgent, not_before in rows:
        slots.setdefault(((book, person), Channel(channel), urgent), []).append(not_before)
    return slots


async def slots_of(tx: Any, people: Collection[Key], now: datetime) -> dict[tuple[Key, Channel, bool], list[datetime]]:
    """The slots of their last deliveries, by channel and urgency."""
    return await _slots(tx, [book for book, _ in people], [person for _, person in people], now)


async def write(tx: Any, plan: Plan) -> None:
    """The whole plan, each table by one statement."""
    await _add_messages(tx, list(plan.messages.values()))
    await add_deliveries(tx, plan.deliveries)
    if plan.grown:
        await tx.execute(
            "update notice_message m set subjects = string_to_array(x.subjects, E'\\n'), newest = x.newest"
            " from unnest($1::int[], $2::uuid[], $3::text[], $4::uuid[]) x(book, id, subjects, newest)"
            " where m.book = x.book and m.id = x.id",
            [one.book for one in plan.grown.values()],
            [one.id for one in plan.grown.values()],
            ["\n".join(one.subjects) for one in plan.grown.values()],
            [one.newest for one in plan.grown.values()],
        )
    await tx.execute(
        "update notice n set routed = true, message = x.message from unnest($1::int[], $2::uuid[], $3::uuid[]) x(book, id, message)"
        " where n.book = x.book and n.id = x.id",
        [one.book for one, _ in plan.told_by],
        [one.id for one, _ in plan.told_by],
        [message for _, message in plan.told_by],
    )


async def _add_messages(tx: Any, messages: Sequence[Message]) -> None:
    if not messages:
        return
    await tx.execute(
        "insert into notice_message (book, id, person, urgent, channels, subjects, newest, made_at)"
        " select x.book, x.id, x.person, x.urgent, string_to_array(x.channels, ' '), string_to_array(x.subjects, E'\\n'),"
        " x.newest, x.made_at"
        " from unnest($1::int[], $2::uuid[], $3::uuid[], $4::boolean[], $5::text[], $6::text[], $7::uuid[], $8::timestamptz[])"
        " x(book, id, person, urgent, channels, subjects, newest, made_at)",
        [one.book for one in messages],
        [one.id for one in messages],
        [one.person for one in messages],
        [one.urgent for one in messages],
        [" ".join(one.channels) for one in messages],
        ["\n".join(one.subjects) for one in messages],
        [one.newest for one in messages],
        [one.made_at for one in messages],
    )


async def add_deliveries(tx: Any, deliveries: Sequence[Delivery]) -> None:
    """That wait; one that is there already stays as it is."""
    if not deliveries:
        return
    await tx.execute(
        "insert into notice_delivery (book, id, message, person, channel, urgent, state, not_before)"
        " select * from unnest($1::int[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::boolean[], $7::text[],"
        " $8::timestamptz[]) on conflict (book, id) do nothing",
        [one.book for one in deliveries],
        [one.id for one in deliveries],
        [one.message for one in deliveries],
        [one.person for one in deliveries],
        [one.channel.value for one in deliveries],
        [one.urgent for one in deliveries],
        [one.state.value for one in deliveries],
        [one.not_before for one in deliveries],
    )


# ---- sending

_TAKE_DUE = f"""
with due as materialized (
  select book, id from notice_delivery where channel = $2 and next_at <= $3 and book = any ($1::int[])
  order by next_at limit $5 for no key update skip locked)
update notice_delivery d set next_at = $4, tries = d.tries + (d.state = 'sent')::int, asked = d.asked + (d.state = 'accepted')::int
from due where d.book = due.book and d.id = due.id
returning {_DELIVERY}
"""
_TAKE_WAITING = f"""
with due as materialized (
  select book, id from notice_delivery where channel = $2 and state = 'waiting' and not_before <= $3 and (urgent or not $6)
  and book = any ($1::int[]) order by not_before, id limit $5 for no key update skip locked)
update notice_delivery d set state = 'sent', next_at = $4, tries = d.tries + 1
from due where d.book = due.book and d.id = due.id
returning {_DELIVERY}
"""


async def take_due(tx: Any, books: Sequence[int], channel: Channel, machine: datetime, lease: datetime, limit: int) -> list[Delivery]:
    """Deliveries that were sent or accepted and are to be asked about, longest due first: the caller's for the lease."""
    return [_delivery(row) for row in await tx.fetch(_TAKE_DUE, list(books), channel.value, machine, lease, limit)]


async def take_waiting(
    tx: Any, books: Sequence[int], channel: Channel, now: datetime, lease: datetime, limit: int, *, quiet: bool
) -> list[Delivery]:
    """Deliveries that wait and may go at `now`, the longest waiting first, none but urgent ones in `quiet` hours: sent from now on."""
    return [_delivery(row) for row in await tx.fetch(_TAKE_WAITING, list(books), channel.value, now, lease, limit, quiet)]


@dataclass(frozen=True, slots=True)
class Words:
    """What a message tells: of how many subjects, the newest notice in both languages, the language of its customer."""

    subjects: int
    text_zh: str
    text_en: str
    language: str


async def words_of(tx: Any, messages: Collection[Key]) -> dict[Key, Words]:
    """By (book, id) of the message."""
    rows = await tx.fetch(
        "select m.book, m.id, cardinality(m.subjects), n.text_zh, n.text_en, coalesce(p.language, 'zh')"
        " from notice_message m join unnest($1::int[], $2::uuid[]) k(book, id) using (book, id)"
        " join notice n on n.book = m.book and n.id = m.newest"
        " left join notice_preference p on p.book = m.book and p.person = m.person",
        [book for book, _ in messages],
        [identifier for _, identifier in messages],
    )
    return {(row[0], row[1]): Words(*row[2:]) for row in rows}


async def hasten(tx: Any, books: Sequence[int], channel: Channel, machine: datetime, later_than: datetime) -> None:
    """The messenger is there again: what is to be asked about later than that is asked about now."""
    await tx.execute(
        "update notice_delivery set next_at = $3 where book = any ($1::int[]) and channel = $2 and state = 'sent' and next_at > $4",
        list(books),
        channel.value,
        machine,
        later_than,
    )


# ---- what became of it


async def lock(tx: Any, keys: Collection[Key]) -> dict[Key, Delivery]:
    """Those of the deliveries that there are, held until the transaction ends."""
    rows = await tx.fetch(
        f"select {_DELIVERY} from notice_delivery d join unnest($1::int[], $2::uuid[]) k(book, id) using (book, id)"
        " order by d.book, d.id for no key update of d",
        [book for book, _ in keys],
        [identifier for _, identifier in keys],
    )
    return {one.key: one for one in map(_delivery, rows)}


async def messages(tx: Any, keys: Collection[Key]) -> dict[Key, Message]:
    rows = await tx.fetch(
        f"select {_MESSAGE} from notice_message m join unnest($1::int[], $2::uuid[]) k(book, id) using (book, id)",
        [book for book, _ in keys],
        [identifier for _, identifier in keys],
    )
    return {(one.book, one.id): one for one in map(_message, rows)}


async def update(tx: Any, deliveries: Sequence[Delivery]) -> None:
    """Their new states."""
    if not deliveries:
        return
    await tx.execute(
        "update notice_delivery d set state = x.state, reason = x.reason, next_at = x.next_at, ended_at = x.ended_at"
        " from unnest($1::int[], $2::uuid[], $3::text[], $4::text[], $5::timestamptz[], $6::timestamptz[])"
        " x(book, id, state, reason, next_at, ended_at) where d.book = x.book and d.id = x.id",
        [one.book for one in deliveries],
        [one.id for one in deliveries],
        [one.state.value for one in deliveries],
        [one.reason for one in deliveries],
        [one.next_at for one in deliveries],
        [one.ended_at for one in deliveries],
    )


async def withdraw(tx: Any, delivered: Collection[Key], now: datetime) -> None:
    """Deliveries of these messages that still wait are no longer needed, unless the message goes over all channels anyway."""
    if not delivered:
        return
    await tx.execute(
        "update notice_delivery d set state = 'withdrawn', ended_at = $3 from unnest($1::int[], $2::uuid[]) k(book, message)"
        " where d.book = k.book and d.message = k.message and d.state = 'waiting' and not d.urgent",
        [book for book, _ in delivered],
        [message for _, message in delivered],
        now,
    )


# ---- the operators' view


@dataclass(frozen=True, slots=True)
class Undelivered:
    """How many deliveries of a channel stand so, when the oldest of their messages was made, and why it stands there. `state`: that of a
    delivery, or `held`: waits for a later hour, or `unconfirmed`: accepted, and its report has not come for so long that nobody asks."""

    channel: Channel
    state: str
    count: int
    oldest: datetime
    why: str


_UNDELIVERED = """
select d.channel, d.stands, count(*), min(m.made_at), (array_agg(d.reason order by m.made_at, d.id))[1]
from (select *, case when state = 'waiting' and not_before > $1 then 'held'
                     when state = 'accepted' and next_at is null then 'unconfirmed' else state end as stands
      from notice_delivery where state not in ('delivered', 'withdrawn') and (ended_at is null or ended_at > $2)) d
join notice_message m on m.book = d.book and m.id = d.message
group by 1, 2 order by 1, 2
"""


async def undelivered(tx: Any, now: datetime, within: timedelta) -> list[Undelivered]:
    """What has not arrived: all that is open, and what failed within that time."""
    rows = await tx.fetch(_UNDELIVERED, now, now - within)
    return [Undelivered(Channel(row[0]), *row[1:]) for row in rows]


async def waiting_to_be_routed(tx: Any) -> int:
    """Notices of which nothing was decided yet."""
    count: int = await tx.fetchval("select count(*) from notice where not routed")
    return count


def _notice(row: Sequence[Any]) -> Notice:
    book, identifier, person, at, text_zh, text_en, kind, link, obligatory = row
    return Notice(book, identifier, person, at, text_zh, text_en, NoticeKind(kind), link, obligatory)


def _message(row: Sequence[Any]) -> Message:
    book, identifier, person, urgent, channels, subjects, newest, made_at = row
    return Message(book, identifier, person, urgent, tuple(map(Channel, channels)), tuple(subjects), newest, made_at)


def _delivery(row: Any) -> Delivery:
    return Delivery(**{**row, "channel": Channel(row["channel"]), "state": State(row["state"])})
