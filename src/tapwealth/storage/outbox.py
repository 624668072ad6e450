"""Messages to partners: written in the transaction that decides them, sent by the worker, answered by another command.

The worker takes a lease (a row's columns, not a lock), ends the transaction, sends, and notes the outcome in another one. The lease is
short and renewed while the message is being sent: a worker that dies lets it run out, and the message is sent again moments later; partners
tell repetitions by the message's own id. Times here are the machine's clock. Every statement filters by book; in a cluster a worker hands
over one book per call.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from tapwealth.storage.columns import shortened, table
from tapwealth.storage.database import Tx

AT_ONCE = datetime(1970, 1, 1, tzinfo=UTC)
FIRST_PAUSE_MS, LONGEST_PAUSE_MS = 200, 60_000
"""Between attempts; doubled each time."""
LEASE = timedelta(seconds=3)
"""What a death costs in time; longer than a renewal may be late."""

_MESSAGE = {"book": "int", "id": "uuid", "destination": "text", "kind": "text", "payload": "jsonb", "not_before": "timestamptz"}
_PUT = f"insert into outbox ({', '.join(_MESSAGE)}) select * from {table(_MESSAGE)} on conflict (book, id) do nothing"  # noqa: S608
_TAKE = """
with due as materialized (
  select book, id from outbox
  where book = any ($1) and destination = $2 and sent_at is null and not_before <= $3 and (leased_until is null or leased_until <= $3)
  order by id limit $6 for update skip locked)
update outbox o set attempts = o.attempts + 1, leased_by = $4, leased_until = $5
from due where o.book = due.book and o.id = due.id and o.book = any ($1)
returning o.book, o.id, o.destination, o.kind, o.payload, o.not_before, o.attempts
"""
_DUE = """
select wanted.destination from unnest($2::text[]) as wanted (destination)
where exists (
  select from outbox o where o.book = any ($1) and o.destination = wanted.destination and o.sent_at is null
  and o.not_before <= $3 and (o.leased_until is null or o.leased_until <= $3))
"""
_RENEW = """
update outbox set leased_until = $3 where book = any ($1) and leased_by = $2 and sent_at is null
"""
_SENT = """
update outbox o set sent_at = $4, answer = done.answer, leased_by = null, leased_until = null, last_error = null
from unnest($1::int[], $2::uuid[], $3::text[]::jsonb[]) as done (book, id, answer)
where o.book = done.book and o.id = done.id and o.sent_at is null
"""
_FAILED = """
update outbox o set not_before = failed.not_before, last_error = failed.reason, leased_by = null, leased_until = null
from unnest($1::int[], $2::uuid[], $3::text[], $4::timestamptz[]) as failed (book, id, reason, not_before)
where o.book = failed.book and o.id = failed.id and o.sent_at is null and o.leased_by = $5
"""


@dataclass(frozen=True, slots=True)
class OutboxMessage:
    """`payload` names what to send (ids) or is it, as JSON; `id` routes to `book`. `attempts` counts this one, once taken."""

    book: int
    id: UUID
    destination: str
    kind: str
    payload: Mapping[str, Any]
    not_before: datetime = AT_ONCE
    attempts: int = 0


async def put(tx: Tx, messages: Sequence[OutboxMessage]) -> None:
    """Leave these to be sent. One statement; an id that is there already is left as it is, so that a rerun sends nothing twice."""
    if not messages:
        return
    rows = [(one.book, one.id, one.destination, one.kind, json.dumps(one.payload, ensure_ascii=False), one.not_before) for one in messages]
    await tx.execute(_PUT, *map(shortened, zip(*rows, strict=True)))


async def take(tx: Tx, books: Sequence[int], destination: str, worker: UUID, now: datetime, limit: int = 100) -> list[OutboxMessage]:
    """Lease what is due for a destination, oldest first. Commit before sending anything."""
    rows = await tx.fetch(_TAKE, list(books), destination, now, worker, now + LEASE, limit)
    taken = [OutboxMessage(**{**row, "payload": json.loads(row["payload"])}) for row in rows]
    return sorted(taken, key=lambda message: message.id)


async def due(tx: Tx, books: Sequence[int], destinations: Sequence[str], now: datetime) -> list[str]:
    """Which of these have something to take."""
    return [row["destination"] for row in await tx.fetch(_DUE, list(books), list(destinations), now)]


async def renew(tx: Tx, books: Sequence[int], worker: UUID, now: datetime) -> None:
    """This worker lives, and still sends what it took."""
    await tx.execute(_RENEW, list(books), worker, now + LEASE)


async def unsent(tx: Tx, books: Sequence[int]) -> tuple[int, int]:
    """How many wait to be sent, and how often they were tried in all."""
    row = await tx.fetchrow(
        "select count(*) as waiting, coalesce(sum(attempts), 0) as tried from outbox where book = any ($1) and sent_at is null", list(books)
    )
    return int(row["waiting"]), int(row["tried"])


async def mark_sent(tx: Tx, sent: Sequence[tuple[OutboxMessage, Any]], now: datetime) -> None:
    """These were accepted by the other side, with these answers (JSON values). True also for one whose lease has run out meanwhile."""
    await tx.execute(
        _SENT,
        [message.book for message, _ in sent],
        [message.id for message, _ in sent],
        [json.dumps(answer, ensure_ascii=False) for _, answer in sent],
        now,
    )


async def mark_failed(tx: Tx, failed: Sequence[tuple[OutboxMessage, str]], worker: UUID, now: datetime) -> None:
    """These were not accepted, or it is not known; each is tried again after a pause that doubles. `str` is one line: why."""
    await tx.execute(
        _FAILED,
        [message.book for message, _ in failed],
        [message.id for message, _ in failed],
        [reason for _, reason in failed],
        [now + pause_after(message.attempts) for message, _ in failed],
        worker,
    )


def pause_after(attempts: int) -> timedelta:
    """How long to wait after that many attempts without success."""
    return timedelta(milliseconds=min(FIRST_PAUSE_MS << min(max(attempts - 1, 0), 16), LONGEST_PAUSE_MS))
