"""Remembered answers of commands that are not journal entries themselves (those remember their own).

A command is decided and its answer written in one transaction under the lock of its book, so that a repetition gets the first answer,
refusals included. What could not be read is not remembered.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tapwealth.storage.columns import shortened
from tapwealth.storage.database import Tx

_REMEMBER = """
insert into command_log (book, key, kind, content_hash, answer, recorded_at)
  select book, key, coalesce(kind, ($3::text[])[1]), content_hash, answer, coalesce(recorded_at, ($6::timestamptz[])[1])
    from unnest($1::int[], $2::uuid[], $3::text[], $4::bytea[], $5::jsonb[], $6::timestamptz[])
      x(book, key, kind, content_hash, answer, recorded_at)
"""
"""One element stands for all where they are the same."""

Asked = tuple[int, UUID, bytes]
"""Book, idempotency key, hash of the command's content."""

Decided = tuple[int, UUID, str, bytes, bytes, datetime]
"""Book, key, kind, hash of the content, answer as JSON, instant of the platform clock."""


@dataclass(frozen=True, slots=True)
class Recalled:
    """`answer` is the first answer as JSON; `reused` means that the key was given with other content then."""

    reused: bool
    answer: str


async def recall(tx: Tx, asked: Sequence[Asked]) -> list[Recalled | None]:
    """What was answered to each, in their order; None for a key not met before. One statement.

    A key that stands twice in the list is new twice: who takes lists of commands decides the second one by the answer of the first.
    """
    rows = await tx.fetch(
        "select l.book, l.key, l.content_hash, l.answer"
        " from unnest($1::int[], $2::uuid[]) as asked (book, key) join command_log l on l.book = asked.book and l.key = asked.key",
        [book for book, _, _ in asked],
        [key for _, key, _ in asked],
    )
    known = {(row["book"], row["key"]): row for row in rows}
    answers: list[Recalled | None] = []
    for book, key, content_hash in asked:
        row = known.get((book, key))
        answers.append(None if row is None else Recalled(row["content_hash"] != content_hash, row["answer"]))
    return answers


async def remember(tx: Tx, decided: Sequence[Decided]) -> None:
    """Keep these answers. One statement. A key that is there already is a bug of the caller and raises."""
    if not decided:
        return
    books, keys, kinds, hashes, answers, instants = zip(*decided, strict=True)
    await tx.execute(_REMEMBER, books, keys, shortened(kinds), hashes, [one.decode() for one in answers], shortened(instants))
