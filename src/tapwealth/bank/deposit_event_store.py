"""All SQL of what has happened to deposits, as the bank is told. Every function takes the open transaction first and works on lists."""

from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from tapwealth.bank.deposit_list import Answer, DepositLine, ListEvent, change_of
from tapwealth.storage.columns import shortened, table


@dataclass(frozen=True, slots=True)
class EventRow:
    """An event of a deposit. Its line's `serial` is a UUID, that of the entry that posts it; `happened_on` that entry's business date."""

    book: int
    happened_on: date
    line: DepositLine


@dataclass(frozen=True, slots=True)
class Listed:
    """An event with the bank's word on it, and the name under which it pays its interest."""

    book: int
    happened_on: date
    line: DepositLine
    answered: str | None
    paid_by: str | None


Said = tuple[int, UUID, Answer, str]
"""The bank's word on an event: its book and serial, the word, and the name under which the bank pays its interest ("" for none)."""
_AT_ONCE = 5_000
_ADDED = {
    "book": "int", "serial": "text", "deposit": "text", "ordinal": "int", "event": "text", "product": "text", "form": "text",
    "term": "text", "amount": "bigint", "interest": "bigint", "change": "bigint", "value_date": "date", "happened_on": "date",
}  # fmt: skip
_COLUMNS = ", ".join(_ADDED)
_ADD = f"insert into deposit_event ({_COLUMNS}) select {_COLUMNS.replace('serial', 'serial::uuid')} from {table(_ADDED)}"


async def add(tx: Any, rows: Sequence[EventRow]) -> None:
    """Each once, in the order given. The book is locked: its deposits' events are counted one after the other."""
    known = await _known(tx, rows)
    fresh = [row for row in rows if (row.book, row.line.serial) not in known]
    if not fresh:
        return
    numbers: dict[tuple[int, str], int] = defaultdict(int)
    changes: dict[tuple[int, str], int] = defaultdict(int)
    for row in fresh:
        numbers[row.book, row.line.deposit] += 1
        changes[row.book, row.line.deposit] += change_of(row.line)
    last = await _move(tx, numbers, changes)
    for key, number in numbers.items():
        numbers[key] = last[key] - number
    values = []
    for row in fresh:
        numbers[row.book, row.line.deposit] += 1
        values.append(_values(row, numbers[row.book, row.line.deposit]))
    await tx.execute(_ADD, *map(shortened, zip(*values, strict=True)))


async def _known(tx: Any, rows: Sequence[EventRow]) -> set[tuple[int, str]]:
    found = await tx.fetch(
        "select e.book, e.serial from deposit_event e join unnest($1::int[], $2::text[]::uuid[]) x(book, serial)"
        " on e.book = x.book and e.serial = x.serial",
        [row.book for row in rows],
        [row.line.serial for row in rows],
    )
    return {(row["book"], str(row["serial"])) for row in found}


async def _move(tx: Any, numbers: Mapping[tuple[int, str], int], changes: Mapping[tuple[int, str], int]) -> dict[tuple[int, str], int]:
    """How many events each deposit has, these among them."""
    found = await tx.fetch(
        "insert into deposit_standing as s (book, deposit, events, balance)"
        " select * from unnest($1::int[], $2::text[], $3::int[], $4::bigint[])"
        " on conflict (book, deposit) do update set events = s.events + excluded.events, balance = s.balance + excluded.balance"
        " returning book, deposit, events",
        [book for book, _ in numbers],
        [deposit for _, deposit in numbers],
        list(numbers.values()),
        [changes[key] for key in numbers],
    )
    return {(row["book"], row["deposit"]): row["events"] for row in found}


def _values(row: EventRow, ordinal: int) -> tuple[Any, ...]:
    line = row.line
    named = (row.book, line.serial, line.deposit, ordinal, line.event.value, line.product, line.form, line.term)
    return (*named, line.amount, line.interest, change_of(line), line.value_date, row.happened_on)


_READ = (
    "select book, serial, deposit, event, product, form, term, amount, interest, value_date, happened_on, answered, paid_by"
    " from deposit_event"
)


def _listed(row: Any) -> Listed:
    line = DepositLine(
        str(row["serial"]),
        row["deposit"],
        ListEvent(row["event"]),
        row["product"],
        row["form"],
        row["term"],
        row["amount"],
        row["interest"],
        row["value_date"],
    )
    return Listed(row["book"], row["happened_on"], line, row["answered"], row["paid_by"])


async def of_deposit(tx: Any, book: int, deposit: str) -> list[Listed]:
    """All that ever happened to a deposit, in that order."""
    rows = await tx.fetch(f"{_READ} where book = $1 and deposit = $2 order by ordinal", book, deposit)
    return [_listed(row) for row in rows]


async def last_taken_on(tx: Any, book: int, deposit: str) -> date | None:
    """The last day under which something was taken out of a deposit."""
    found: date | None = await tx.fetchval(
        "select max(happened_on) from deposit_event where book = $1 and deposit = $2 and event = 'withdrawn'", book, deposit
    )
    return found


async def of_day(tx: Any, books: Sequence[int], day: date) -> AsyncIterator[Listed]:
    """A day's list: by book and deposit, as it happened, some thousands read at once."""
    async for row in _lots_of(tx, "book, deposit, ordinal", books, day):
        yield _listed(row)


async def by_serial(tx: Any, books: Sequence[int], day: date) -> AsyncIterator[tuple[str, Listed]]:
    """A day's list by its lines' serials, likewise."""
    async for row in _lots_of(tx, "serial", books, day):
        one = _listed(row)
        yield one.line.serial, one


def _lots_of(tx: Any, order: str, books: Sequence[int], day: date) -> Any:
    return tx.cursor(f"{_READ} where book = any($1) and happened_on = $2 order by {order}", list(books), day, prefetch=_AT_ONCE)


async def counted(tx: Any, books: Sequence[int], day: date) -> dict[ListEvent, tuple[int, int]]:
    """What happened on a business date: by event how often, and the fen with interest."""
    rows = await tx.fetch(
        "select event, count(*) as count, sum(amount + interest)::bigint as moved from deposit_event"
        " where book = any($1) and happened_on = $2 group by event",
        list(books),
        day,
    )
    return {ListEvent(row["event"]): (row["count"], row["moved"]) for row in rows}


async def open_days(tx: Any, books: Sequence[int], until: date) -> list[date]:
    """Days with an event that the bank has not accepted."""
    rows = await tx.fetch(
        "select distinct happened_on from deposit_event"
        " where book = any($1) and happened_on <= $2 and answered is distinct from 'accepted' order by 1",
        list(books),
        until,
    )
    return [row["happened_on"] for row in rows]


async def answer(tx: Any, said: Sequence[Said], day: date) -> None:
    """The bank's word on events, heard at the end of that date."""
    if said:
        await tx.execute(
            "update deposit_event e set answered = x.answered, paid_by = nullif(x.paid_by, ''),"
            " accepted_on = case when x.answered = 'accepted' then coalesce(e.accepted_on, $5) end"
            " from unnest($1::int[], $2::uuid[], $3::text[], $4::text[]) x(book, serial, answered, paid_by)"
            " where e.book = x.book and e.serial = x.serial",
            [one[0] for one in said],
            [one[1] for one in said],
            [one[2].value for one in said],
            [one[3] for one in said],
            day,
        )


async def awaited(tx: Any, books: Sequence[int], before: date) -> dict[str, int]:
    """What the bank agreed to pay at the end of a date before that one, and is not credited, by the name of the payment."""
    rows = await tx.fetch(
        "select paid_by, sum(interest)::bigint as amount from deposit_event"
        " where book = any($1) and interest > 0 and arrived_on is null and accepted_on < $2 and paid_by is not null"
        " group by paid_by order by paid_by",
        list(books),
        before,
    )
    return {row["paid_by"]: row["amount"] for row in rows}


async def due_under(tx: Any, books: Sequence[int], names: Sequence[str], day: date) -> dict[str, dict[int, int]]:
    """By the name of a payment: what each book is due of it, and has not been credited before that date."""
    rows = await tx.fetch(
        "select paid_by, book, sum(interest)::bigint as amount from deposit_event"
        " where book = any($1) and interest > 0 and (arrived_on is null or arrived_on = $3) and paid_by = any($2)"
        " group by paid_by, book order by paid_by, book",
        list(books),
        list(names),
        day,
    )
    found: dict[str, dict[int, int]] = defaultdict(dict)
    for row in rows:
        found[row["paid_by"]][row["book"]] = row["amount"]
    return found


async def credited(tx: Any, books: Sequence[int], name: str, day: date) -> None:
    """What was due under that name is there."""
    await tx.execute(
        "update deposit_event set arrived_on = $3 where book = any($1) and interest > 0 and arrived_on is null and paid_by = $2",
        list(books),
        name,
        day,
    )


async def balances(tx: Any, books: Sequence[int], day: date) -> AsyncIterator[tuple[str, int]]:
    """What each deposit had after the events of that day, by number, some thousands read at once: its balance now, less what has happened
    since."""
    rows = tx.cursor(
        "select s.deposit, (s.balance - coalesce(l.change, 0))::bigint as balance from deposit_standing s left join"
        " (select book, deposit, sum(change) as change from deposit_event"
        " where book = any($1) and happened_on > $2 group by book, deposit) l"
        " on l.book = s.book and l.deposit = s.deposit"
        ' where s.book = any($1) and s.balance <> coalesce(l.change, 0) order by s.deposit collate "C"',
        list(books),
        day,
        prefetch=_AT_ONCE,
    )
    async for row in rows:
        yield row["deposit"], row["balance"]
