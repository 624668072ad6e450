"""All SQL of the partner bank's rails. Every function takes the open transaction first and works on lists."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from tapwealth.bank.advance_interest import Day
from tapwealth.bank.entries import Part
from tapwealth.storage.columns import columns

HOUSE = 0


@dataclass(frozen=True, slots=True)
class Instruction:
    """A payment as it was handed to the bank. `from_account` and `to_account` are bank account numbers, a card's is its masked form."""

    id: UUID
    end_to_end_id: str
    purpose: str
    direct_debit: bool
    from_account: str
    to_account: str
    counterparty: str
    amount: int
    requested_date: date
    state: str
    reason: str
    instructed_on: date
    settled_on: date | None


@dataclass(frozen=True, slots=True)
class Receipt:
    """Money that was pushed to one of our accounts."""

    end_to_end_id: str
    account: str
    amount: int
    booked_on: date
    debtor: str
    text: str
    destination: str
    business_date: date


_COLUMNS = (
    "id, end_to_end_id, purpose, direct_debit, from_account, to_account, counterparty, amount, requested_date, state, reason,"
    " instructed_on, settled_on"
)


async def add_instructions(tx: Any, instructions: Sequence[Instruction], parts: Sequence[Sequence[Part]], now: datetime) -> None:
    """Instructions and, beside each, the parts of the books it concerns."""
    await tx.executemany(
        f"insert into payment_instruction (book, {_COLUMNS}, instructed_at)"
        " values (0, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
        [
            (
                one.id,
                one.end_to_end_id,
                one.purpose,
                one.direct_debit,
                one.from_account,
                one.to_account,
                one.counterparty,
                one.amount,
                one.requested_date,
                one.state,
                one.reason,
                one.instructed_on,
                one.settled_on,
                now,
            )
            for one in instructions
        ],
    )
    rows = [
        (part.book, one.id, line, part.amount, part.source, part.target)
        for one, of in zip(instructions, parts, strict=True)
        for line, part in enumerate(of)
    ]
    await tx.execute(
        "insert into instruction_part (book, instruction, line, amount, source, target)"
        " select * from unnest($1::int[], $2::uuid[], $3::int[], $4::bigint[], $5::bigint[], $6::bigint[])",
        *columns(rows, 6),
    )


async def by_end_to_end(tx: Any, ids: Sequence[str]) -> dict[str, Instruction]:
    rows = await tx.fetch(f"select {_COLUMNS} from payment_instruction where book = 0 and end_to_end_id = any($1)", list(ids))
    return {row["end_to_end_id"]: Instruction(*row) for row in rows}


async def parts_of(tx: Any, instructions: Sequence[UUID]) -> dict[UUID, list[tuple[int, Part]]]:
    """(line, part) of each instruction, over all books."""
    rows = await tx.fetch(
        "select instruction, line, book, amount, source, target from instruction_part where instruction = any($1)"
        " order by instruction, line",
        list(instructions),
    )
    found: dict[UUID, list[tuple[int, Part]]] = {one: [] for one in instructions}
    for row in rows:
        found[row["instruction"]].append((row["line"], Part(row["book"], row["amount"], row["source"], row["target"])))
    return found


async def settle(tx: Any, outcomes: Sequence[tuple[UUID, str, str, date]], now: datetime) -> None:
    """(instruction, state, reason, booking date): only what is still open changes."""
    await tx.execute(
        "update payment_instruction i set state = x.state, reason = x.reason, settled_on = x.settled_on, settled_at = $5"
        " from unnest($1::uuid[], $2::text[], $3::text[], $4::date[]) x(id, state, reason, settled_on)"
        " where i.book = 0 and i.id = x.id and i.state = 'instructed'",
        *columns(outcomes, 4),
        now,
    )


async def rejected(tx: Any, purposes: Sequence[str], since: date) -> list[Instruction]:
    """What the bank rejected of the payments instructed from that date on."""
    rows = await tx.fetch(
        f"select {_COLUMNS} from payment_instruction"
        " where book = 0 and state = 'rejected' and purpose = any($1) and instructed_on >= $2 order by end_to_end_id",
        list(purposes),
        since,
    )
    return [Instruction(*row) for row in rows]


async def open_instructions(tx: Any) -> list[Instruction]:
    """Handed to the bank and not answered yet, oldest first."""
    rows = await tx.fetch(
        f"select {_COLUMNS} from payment_instruction where book = 0 and state = 'instructed' order by instructed_on, end_to_end_id"
    )
    return [Instruction(*row) for row in rows]


async def unsettled_on(tx: Any, day: date) -> list[Instruction]:
    """Instructed under that business date or before, and not executed by the bank on it or before."""
    rows = await tx.fetch(
        f"select {_COLUMNS} from payment_instruction where book = 0 and instructed_on <= $1 and state <> 'rejected'"
        " and (settled_on is null or settled_on > $1) order by instructed_on, end_to_end_id",
        day,
    )
    return [Instruction(*row) for row in rows]


async def parts_under_way(tx: Any, day: date, purposes: Sequence[str]) -> list[tuple[int, int]]:
    """(book, fen) of the payments of those purposes that were instructed under that date or before, and answered by the bank after it or
    not yet."""
    rows = await tx.fetch(
        "select p.book, p.amount from payment_instruction i join instruction_part p on p.instruction = i.id where i.book = 0"
        " and i.purpose = any($2) and i.instructed_on <= $1 and (i.state = 'instructed' or i.settled_on > $1)",
        day,
        list(purposes),
    )
    return [(row["book"], row["amount"]) for row in rows]


async def settled_on(tx: Any, day: date) -> list[Instruction]:
    """Executed by the bank with that booking date."""
    rows = await tx.fetch(
        f"select {_COLUMNS} from payment_instruction where book = 0 and settled_on = $1 and state = 'executed' order by end_to_end_id",
        day,
    )
    return [Instruction(*row) for row in rows]


async def instruction(tx: Any, identifier: UUID) -> Instruction | None:
    row = await tx.fetchrow(f"select {_COLUMNS} from payment_instruction where book = 0 and id = $1", identifier)
    return Instruction(*row) if row else None


async def receipts(tx: Any, ids: Sequence[str]) -> dict[str, Receipt]:
    rows = await tx.fetch(f"{_RECEIPT} where book = 0 and end_to_end_id = any($1)", list(ids))
    return {row["end_to_end_id"]: Receipt(*row) for row in rows}


async def receipts_on(tx: Any, day: date) -> list[Receipt]:
    """Posted under that business date."""
    return [Receipt(*row) for row in await tx.fetch(f"{_RECEIPT} where book = 0 and business_date = $1 order by end_to_end_id", day)]


_RECEIPT = "select end_to_end_id, account, amount, booked_on, debtor, text, destination, business_date from bank_receipt"


async def kept_in_suspense(tx: Any, account: str, day: date) -> list[tuple[str, int]]:
    """(name, fen) of what came in on that account up to that date and nobody knew what for."""
    rows = await tx.fetch(
        "select end_to_end_id, amount from bank_receipt"
        " where book = 0 and account = $1 and destination = 'suspense' and business_date <= $2 order by 1",
        account,
        day,
    )
    return [(row[0], row[1]) for row in rows]


async def received_for(tx: Any, destinations: Sequence[str], day: date) -> dict[str, int]:
    """Fen posted up to that business date, by what they were recognised as."""
    rows = await tx.fetch(
        "select destination, sum(amount)::bigint from bank_receipt where book = 0 and destination = any($1) and business_date <= $2"
        " group by destination",
        list(destinations),
        day,
    )
    return {row[0]: row[1] for row in rows}


async def instructed_under(tx: Any, purposes: Sequence[str], day: date) -> dict[str, int]:
    """Fen set aside up to that date for these purposes and not come back, by the second part of the payments' names."""
    rows = await tx.fetch(
        "select split_part(end_to_end_id, '-', 2), sum(amount)::bigint from payment_instruction where book = 0 and purpose = any($1)"
        " and instructed_on <= $2 and (state <> 'rejected' or settled_on > $2) group by 1",
        list(purposes),
        day,
    )
    return {row[0]: row[1] for row in rows}


async def add_receipts(tx: Any, received: Sequence[Receipt], now: datetime) -> None:
    rows = [
        (one.end_to_end_id, one.account, one.amount, one.booked_on, one.debtor, one.text, one.destination, one.business_date)
        for one in received
    ]
    await tx.execute(
        "insert into bank_receipt (book, end_to_end_id, account, amount, booked_on, debtor, text, destination, business_date, recorded_at)"
        " select 0, x.*, $9"
        " from unnest($1::text[], $2::text[], $3::bigint[], $4::date[], $5::text[], $6::text[], $7::text[], $8::date[]) x",
        *columns(rows, 8),
        now,
    )


async def save_statement(tx: Any, account: str, day: date, opening: int, closing: int, lines: str, digest: bytes, now: datetime) -> None:
    """The bank's word on one account and day; a later reading replaces an earlier one."""
    await tx.execute(
        "insert into bank_statement (book, account, business_date, opening, closing, lines, digest, recorded_at)"
        " values (0, $1, $2, $3, $4, $5::jsonb, $6, $7) on conflict (book, account, business_date) do update"
        " set opening = excluded.opening, closing = excluded.closing, lines = excluded.lines, digest = excluded.digest,"
        " recorded_at = excluded.recorded_at",
        account,
        day,
        opening,
        closing,
        lines,
        digest,
        now,
    )


async def statements(tx: Any, day: date) -> dict[str, tuple[int, int, str]]:
    """(opening, closing, lines as JSON) of each account."""
    rows = await tx.fetch("select account, opening, closing, lines::text from bank_statement where book = 0 and business_date = $1", day)
    return {row["account"]: (row["opening"], row["closing"], row["lines"]) for row in rows}


async def carry(tx: Any, day: date, carried: Mapping[str, str]) -> None:
    """By account: what is outstanding at the end of the day, as JSON, beside the statement that shows it."""
    await tx.execute(
        "update bank_statement s set carried = x.carried::jsonb from unnest($2::text[], $3::text[]) x(account, carried)"
        " where s.book = 0 and s.business_date = $1 and s.account = x.account",
        day,
        list(carried),
        list(carried.values()),
    )


async def carried(tx: Any, day: date) -> dict[str, str]:
    """By account: what was outstanding at the end of that day, as JSON."""
    rows = await tx.fetch("select account, carried::text from bank_statement where book = 0 and business_date = $1", day)
    return {row["account"]: row["carried"] for row in rows}


@dataclass(frozen=True, slots=True)
class BreakRow:
    """Something that does not agree. The day may close with it if it is `accounted`: its money stands on an account of ours, or two of the
    bank's people answer for it."""

    source: str
    kind: str
    item: str
    amount: int
    text: str
    accounted: bool


async def replace_breaks(tx: Any, day: date, source: str, breaks: Sequence[BreakRow], now: datetime) -> list[BreakRow]:
    """What this proof of this day finds now; a rerun says only what is still wrong. What was accounted for stays so if it is the same.

    Returns them as they are kept.
    """
    before = await tx.fetch(
        "delete from reconciliation_break where book = 0 and business_date = $1 and source = $2 returning kind, item, amount, accounted",
        day,
        source,
    )
    accepted = {(row["kind"], row["item"], row["amount"]) for row in before if row["accounted"]}
    kept = [replace(one, accounted=one.accounted or (one.kind, one.item, one.amount) in accepted) for one in breaks]
    await add_breaks(tx, day, kept, now)
    return kept


async def accept(tx: Any, day: date, source: str, kind: str, item: str) -> bool:
    """Somebody answers for it: the date may close with it. False if there is no such break, or it is accounted for already."""
    done = await tx.fetchval(
        "update reconciliation_break set accounted = true"
        " where book = 0 and business_date = $1 and source = $2 and kind = $3 and item = $4 and not accounted returning true",
        day,
        source,
        kind,
        item,
    )
    return bool(done)


async def accounted(tx: Any, day: date, source: str, kind: str) -> set[str]:
    """Items of that kind on that date that somebody answers for."""
    rows = await tx.fetch(
        "select item from reconciliation_break where book = 0 and business_date = $1 and source = $2 and kind = $3 and accounted",
        day,
        source,
        kind,
    )
    return {row["item"] for row in rows}


async def add_breaks(tx: Any, day: date, breaks: Sequence[BreakRow], now: datetime) -> None:
    await tx.execute(
        "insert into reconciliation_break (book, business_date, source, kind, item, amount, text, accounted, recorded_at)"
        " select 0, $1, x.*, $8 from unnest($2::text[], $3::text[], $4::text[], $5::bigint[], $6::text[], $7::bool[]) x"
        " on conflict (book, business_date, source, kind, item) do nothing",
        day,
        *columns([(one.source, one.kind, one.item, one.amount, one.text, one.accounted) for one in breaks], 6),
        now,
    )


async def complain(tx: Any, day: date, one: BreakRow, now: datetime) -> None:
    """Something that is found again and again until it is mended: kept once, under the date on which it was found first, with what is wrong
    with it now."""
    known = await tx.fetchrow(
        "select business_date, text, accounted from reconciliation_break"
        " where book = 0 and source = $1 and kind = $2 and item = $3 limit 1",
        one.source,
        one.kind,
        one.item,
    )
    if known is not None and (known["accounted"] or known["text"] == one.text):
        return
    if known is not None:
        await withdraw(tx, one.source, one.kind, [one.item])
    await add_breaks(tx, day if known is None else known["business_date"], [one], now)


async def complaints(tx: Any, source: str, kind: str) -> set[str]:
    """Items of that kind that are not mended."""
    rows = await tx.fetch(
        "select item from reconciliation_break where book = 0 and source = $1 and kind = $2 and not accounted", source, kind
    )
    return {row["item"] for row in rows}


async def withdraw(tx: Any, source: str, kind: str, items: Sequence[str]) -> None:
    """They are mended: what was complained of is there now."""
    await tx.execute(
        "delete from reconciliation_break where book = 0 and source = $1 and kind = $2 and item = any($3) and not accounted",
        source,
        kind,
        list(items),
    )


async def breaks(tx: Any, day: date) -> list[BreakRow]:
    rows = await tx.fetch(
        "select source, kind, item, amount, text, accounted from reconciliation_break where book = 0 and business_date = $1"
        " order by source, kind, item",
        day,
    )
    return [BreakRow(*row) for row in rows]


async def let_wait(tx: Any, waits: Sequence[tuple[UUID, UUID]]) -> None:
    """(payment, the one whose money it pays on): the bank is not told of the first before the second is executed."""
    await tx.execute("insert into payment_after (book, id, after) select 0, * from unnest($1::uuid[], $2::uuid[])", *columns(waits, 2))


async def let_go(tx: Any, executed: Sequence[UUID], day: date) -> list[UUID]:
    """Payments that pay on what these have brought: they are due now, on that date if theirs has passed."""
    rows = await tx.fetch(
        "update payment_instruction i set requested_date = greatest(i.requested_date, $2) from payment_after a"
        " where i.book = 0 and a.book = 0 and a.id = i.id and a.after = any($1) and i.state = 'instructed' returning i.id",
        list(executed),
        day,
    )
    return sorted(row["id"] for row in rows)


async def wait_for_again(tx: Any, again: Sequence[tuple[UUID, UUID, date]]) -> None:
    """(rejected, instructed instead, requested date): what waited for the first waits for the second, and is due with it."""
    await tx.execute(
        "with moved as (update payment_after p set after = x.again from unnest($1::uuid[], $2::uuid[], $3::date[]) x(rejected, again, day)"
        " where p.book = 0 and p.after = x.rejected returning p.id, x.day)"
        " update payment_instruction i set requested_date = greatest(i.requested_date, moved.day) from moved"
        " where i.book = 0 and i.id = moved.id",
        *columns(again, 3),
    )


@dataclass(frozen=True, slots=True)
class BookTransfer:
    """Money between people whose accounts lie in different books. `id` is the key of the sending entry."""

    book: int
    id: UUID
    payer: UUID
    to_book: int
    payee: UUID
    to_account: int
    amount: int
    business_date: date


async def add_book_transfers(tx: Any, transfers: Sequence[BookTransfer]) -> None:
    rows = [(one.book, one.id, one.payer, one.to_book, one.payee, one.to_account, one.amount, one.business_date) for one in transfers]
    await tx.execute(
        "insert into book_transfer (book, id, payer, to_book, payee, to_account, amount, business_date)"
        " select * from unnest($1::int[], $2::uuid[], $3::uuid[], $4::int[], $5::uuid[], $6::bigint[], $7::bigint[], $8::date[])",
        *columns(rows, 8),
    )


async def undelivered(tx: Any, limit: int = 1000) -> list[BookTransfer]:
    """Oldest first, over all books."""
    rows = await tx.fetch(
        "select book, id, payer, to_book, payee, to_account, amount, business_date from book_transfer"
        " where delivered_at is null order by id limit $1",
        limit,
    )
    return [BookTransfer(*row) for row in rows]


async def mark_delivered(tx: Any, transfers: Sequence[BookTransfer], now: datetime) -> None:
    await tx.execute(
        "update book_transfer t set delivered_at = $3 from unnest($1::int[], $2::uuid[]) x(book, id)"
        " where t.book = x.book and t.id = x.id and t.delivered_at is null",
        [one.book for one in transfers],
        [one.id for one in transfers],
        now,
    )


class InterestDay(NamedTuple):
    """A day's interest on the advance line, in fen, and what it was computed from."""

    day: date
    terms: Day
    amount: int


async def add_interest(tx: Any, one: InterestDay) -> bool:
    """Whether the day was not there yet."""
    done = await tx.fetchval(
        "insert into advance_interest (book, day, used, rate, days_a_year, amount) values (0, $1, $2, $3, $4, $5)"
        " on conflict (book, day) do nothing returning true",
        one.day,
        *one.terms,
        one.amount,
    )
    return bool(done)


async def interest_open(tx: Any) -> list[InterestDay]:
    """Days that the bank has not charged yet, oldest first."""
    rows = await tx.fetch("select day, used, rate, days_a_year, amount from advance_interest where book = 0 and charge = '' order by day")
    return [InterestDay(row["day"], Day(row["used"], row["rate"], row["days_a_year"]), row["amount"]) for row in rows]


async def charge_interest(tx: Any, days: Sequence[date], charge: str) -> None:
    """The bank's charge of that name takes these days."""
    await tx.execute("update advance_interest set charge = $2 where book = 0 and day = any($1) and charge = ''", list(days), charge)
