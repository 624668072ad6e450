"""All SQL of bills that are paid by themselves: agreements, how their bills stand, each day's look. Lists in, lists out."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from tapwealth.bills.autopay import Attempt, Autopay, AutopayRun, AutopayState, BillState, CardState, DueBill, Look, PayWhen
from tapwealth.storage.columns import columns

Key = tuple[int, UUID]

_AUTOPAY = (
    "a.book, a.id, a.person, a.biller, a.sealed, a.lookup, a.shown_account, a.most, a.fund, a.pay_when, a.state, a.agreed_at, a.ended_at,"
    " a.card, a.card_state, a.card_reason, a.notice, a.replaces, a.item"
)
_BILL = "b.book, b.bill, b.autopay, b.state, b.pay_on, b.told, b.tries, b.reason, b.faults"


def _autopay(row: Any) -> Autopay:
    return Autopay(
        **{**row, "state": AutopayState(row["state"]), "pay_when": PayWhen(row["pay_when"]), "card_state": CardState(row["card_state"])}
    )


async def add_autopay(tx: Any, one: Autopay) -> None:
    await tx.execute(
        "insert into autopay (book, id, person, biller, sealed, lookup, shown_account, most, fund, pay_when, state, agreed_at, card,"
        " card_state, notice, replaces, item) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)",
        one.book,
        one.id,
        one.person,
        one.biller,
        one.sealed,
        one.lookup,
        one.shown_account,
        one.most,
        one.fund,
        one.pay_when.value,
        one.state.value,
        one.agreed_at,
        one.card,
        one.card_state.value,
        one.notice,
        one.replaces,
        one.item,
    )


async def autopays_of(tx: Any, book: int, person: UUID) -> list[Autopay]:
    """Oldest first, those that are over as well."""
    rows = await tx.fetch(f"select {_AUTOPAY} from autopay a where book = $1 and person = $2 order by agreed_at, id", book, person)
    return [_autopay(row) for row in rows]


async def page_of(tx: Any, book: int, person: UUID, only: UUID | None, before: UUID | None, limit: int) -> list[Autopay]:
    """Newest first, from before the one last seen; `only`: that one alone."""
    rows = await tx.fetch(
        f"select {_AUTOPAY} from autopay a where a.book = $1 and a.person = $2 and ($3::uuid is null or a.id = $3) and ($4::uuid is null"
        " or (a.agreed_at, a.id) < (select b.agreed_at, b.id from autopay b where b.book = $1 and b.person = $2 and b.id = $4))"
        " order by a.agreed_at desc, a.id desc limit $5",
        book,
        person,
        only,
        before,
        limit,
    )
    return [_autopay(row) for row in rows]


async def end_autopay(tx: Any, key: Key, now: datetime) -> None:
    await tx.execute("update autopay set state = 'ended', ended_at = $3 where book = $1 and id = $2", *key, now)


async def autopays(tx: Any, keys: Sequence[Key]) -> dict[UUID, Autopay]:
    rows = await tx.fetch(
        f"select {_AUTOPAY} from autopay a join unnest($1::int[], $2::uuid[]) k(book, id) using (book, id)", *columns(keys, 2)
    )
    return {row["id"]: _autopay(row) for row in rows}


async def set_card_state(tx: Any, key: Key, state: CardState, reason: str) -> bool:
    """The bank's word on the card's mandate; whether it was still waited for."""
    done = await tx.fetchval(
        "update autopay set card_state = $3, card_reason = $4 where book = $1 and id = $2 and card_state = 'asked' returning true",
        *key,
        state.value,
        reason,
    )
    return bool(done)


class Debit(NamedTuple):
    """What a card was to pay for a bill; `name` is the end-to-end id at the bank."""

    book: int
    name: str
    autopay: UUID
    bill: UUID
    day: date
    amount: int


async def add_debit(tx: Any, one: Debit) -> None:
    await tx.execute("insert into autopay_debit (book, name, autopay, bill, day, amount) values ($1, $2, $3, $4, $5, $6)", *one)


async def debits(tx: Any, key: Key, bills: Sequence[UUID]) -> list[Debit]:
    """Those under an agreement and those for these bills, oldest first."""
    rows = await tx.fetch(
        "select d.book, d.name, d.autopay, d.bill, d.day, d.amount from autopay_debit d"
        " where d.book = $1 and (d.autopay = $2 or d.bill = any($3)) order by d.day, d.name",
        *key,
        list(bills),
    )
    return [Debit(*row) for row in rows]


async def newest_debits(tx: Any, keys: Sequence[Key]) -> dict[UUID, str]:
    """By bill, the name of the newest debit for it."""
    rows = await tx.fetch(
        "select distinct on (d.bill) d.bill, d.name from unnest($1::int[], $2::uuid[]) k(book, bill)"
        " join autopay_debit d using (book, bill) order by d.bill, d.day desc",
        *columns(keys, 2),
    )
    return {row["bill"]: row["name"] for row in rows}


async def agreement_of(tx: Any, book: int, name: str) -> Autopay | None:
    """Under which a debit is collected."""
    row = await tx.fetchrow(
        f"select {_AUTOPAY} from autopay_debit d join autopay a on a.book = d.book and a.id = d.autopay where d.book = $1 and d.name = $2",
        book,
        name,
    )
    return None if row is None else _autopay(row)


async def collecting(tx: Any, since: datetime, now: datetime, limit: int) -> list[DueBill]:
    """Bills that wait for what a bank is to collect and could be paid now: their biller has presented them since then, or their agreement
    is over. Those with a fault come last, and not before their time by the machine's clock, `now`."""
    rows = await tx.fetch(
        f"select {_BILL} from autopay_bill b join bill l on l.book = b.book and l.id = b.bill"
        " join autopay a on a.book = b.book and a.id = b.autopay"
        " where b.state = 'collecting' and (l.presented_at >= $1 or a.state <> 'active')"
        " and (b.again_at is null or b.again_at <= $2) order by b.faults, b.pay_on, b.bill limit $3",
        since,
        now,
        limit,
    )
    return [_bill(row) for row in rows]


async def note_fault(tx: Any, row: DueBill, again_at: datetime) -> None:
    """It could not be gone on with, once more, and is not before that instant of the machine's clock."""
    await tx.execute(
        "update autopay_bill set faults = $3 + 1, again_at = $4 where book = $1 and bill = $2 and state = 'collecting'",
        row.book,
        row.bill,
        row.faults,
        again_at,
    )


_SILENT = "case when a.silent_on = $1 then a.silent else 0 end"


async def autopays_due(tx: Any, day: date, items: Sequence[tuple[UUID, str]], limit: int) -> list[Autopay]:
    """In force for one of these billers' items, and not looked after on that day yet; first those whose biller was silent least that day,
    then those that were asked least, the oldest first."""
    rows = await tx.fetch(
        f"select {_AUTOPAY} from unnest($2::uuid[], $3::text[]) k(biller, item) join autopay a using (biller, item)"
        " where a.state = 'active'"
        " and not exists (select 1 from autopay_run r where r.book = a.book and r.autopay = a.id and r.day = $1)"
        f" order by sum({_SILENT}) over (partition by a.biller), {_SILENT}, a.agreed_at, a.id limit $4",
        day,
        *columns(items, 2),
        limit,
    )
    return [_autopay(row) for row in rows]


async def note_silence(tx: Any, key: Key, day: date) -> None:
    """The biller did not answer on that day, once more."""
    await tx.execute(
        "update autopay set silent = case when silent_on = $3 then silent + 1 else 1 end, silent_on = $3 where book = $1 and id = $2",
        *key,
        day,
    )


async def add_look(tx: Any, one: Look) -> None:
    await tx.execute(
        "insert into autopay_run (book, autopay, day, paid, state, reason, at) values ($1, $2, $3, $4, $5, $6, $7)",
        *one[:4],
        one.state.value,
        *one[5:],
    )


async def looked_after(tx: Any, key: Key, day: date) -> bool:
    """Whether that day's look is done."""
    return bool(await tx.fetchval("select exists (select 1 from autopay_run where book = $1 and autopay = $2 and day = $3)", *key, day))


async def newest_looks(tx: Any, book: int, person: UUID) -> dict[UUID, Look]:
    """By agreement, the newest of each."""
    rows = await tx.fetch(
        "select distinct on (r.autopay) r.* from autopay_run r join autopay a on a.book = r.book and a.id = r.autopay"
        " where r.book = $1 and a.person = $2 order by r.autopay, r.day desc",
        book,
        person,
    )
    return {row["autopay"]: Look(**{**row, "state": AutopayRun(row["state"])}) for row in rows}


def _bill(row: Any) -> DueBill:
    return DueBill(**{**row, "state": BillState(row["state"])})


async def bills_under(tx: Any, key: Key, presented: Sequence[UUID]) -> dict[UUID, DueBill]:
    """By bill: those presented now, under whatever agreement they stand, and those of this one that are not over."""
    rows = await tx.fetch(
        f"select {_BILL} from autopay_bill b where b.book = $1 and (b.bill = any($3) or (b.autopay = $2 and b.state <> 'over'))",
        *key,
        list(presented),
    )
    return {row["bill"]: _bill(row) for row in rows}


async def save_bills(tx: Any, made: Sequence[DueBill]) -> None:
    rows = [(one.book, one.bill, one.autopay, one.state.value, one.pay_on, one.told, one.tries, one.reason) for one in made]
    await tx.execute(
        "insert into autopay_bill (book, bill, autopay, state, pay_on, told, tries, reason)"
        " select * from unnest($1::int[], $2::uuid[], $3::uuid[], $4::text[], $5::date[], $6::bigint[], $7::int[], $8::text[])"
        " on conflict (book, bill) do update set autopay = excluded.autopay, state = excluded.state, pay_on = excluded.pay_on,"
        " told = excluded.told, tries = excluded.tries, reason = excluded.reason, faults = 0, again_at = null",
        *columns(rows, 8),
    )


class ShownBill(NamedTuple):
    """A bill that an agreement looks after, as its customer sees it."""

    autopay: UUID
    period: str
    balance: int
    due_on: date | None
    state: BillState
    pay_on: date
    reason: str


async def open_bills_of(tx: Any, book: int, person: UUID) -> list[ShownBill]:
    """Of a person's agreements in force, the next to be paid first; not those that are over."""
    rows = await tx.fetch(
        "select b.autopay, l.period, l.balance, l.due_on, b.state, b.pay_on, b.reason from autopay a"
        " join autopay_bill b on b.book = a.book and b.autopay = a.id and b.state <> 'over'"
        " join bill l on l.book = b.book and l.id = b.bill"
        " where a.book = $1 and a.person = $2 and a.state = 'active' order by b.pay_on, l.bill_number",
        book,
        person,
    )
    return [ShownBill(**{**row, "state": BillState(row["state"])}) for row in rows]


async def add_attempts(tx: Any, made: Sequence[Attempt]) -> None:
    if not made:
        return
    await tx.execute(
        "insert into autopay_attempt (book, id, autopay, bill, day, at, amount, payment, debit, reason) select * from unnest($1::int[],"
        " $2::uuid[], $3::uuid[], $4::uuid[], $5::date[], $6::timestamptz[], $7::bigint[], $8::uuid[], $9::text[], $10::text[])",
        *columns(made, 10),
    )


class MadeAttempt(NamedTuple):
    """With its bill, and its payment as it stands now (empty where none was placed)."""

    attempt: Attempt
    bill_number: str
    period: str
    state: str
    by_funds: int


async def attempts_of(tx: Any, key: Key, before: UUID | None, limit: int) -> list[MadeAttempt]:
    """Under an agreement, newest first, from before the one last seen."""
    rows = await tx.fetch(
        "select t.book, t.id, t.autopay, t.bill, t.day, t.at, t.amount, t.payment, t.debit, coalesce(nullif(p.reason, ''), t.reason),"
        " l.bill_number, l.period, coalesce(p.state, ''), coalesce(p.fund_units, 0) from autopay_attempt t"
        " join bill l on l.book = t.book and l.id = t.bill left join bill_payment p on p.book = t.book and p.id = t.payment"
        " where t.book = $1 and t.autopay = $2 and ($3::uuid is null or t.id < $3) order by t.id desc limit $4",
        *key,
        before,
        limit,
    )
    return [MadeAttempt(Attempt(*tuple(row)[:10]), *tuple(row)[10:]) for row in rows]


async def add_notices(tx: Any, made: Sequence[tuple[int, UUID, UUID, UUID]]) -> None:
    """(book, id by time, agreement, notice): which agreement a notice tells of. What was kept already stays as it was."""
    if not made:
        return
    await tx.execute(
        "insert into autopay_notice (book, id, autopay, notice) select * from unnest($1::int[], $2::uuid[], $3::uuid[], $4::uuid[])"
        " on conflict (book, notice) do nothing",
        *columns(made, 4),
    )


async def notices_under(tx: Any, key: Key, before: UUID | None, limit: int) -> list[tuple[UUID, UUID]]:
    """(id by time, notice) of an agreement, newest first, from before the one last seen."""
    rows = await tx.fetch(
        "select id, notice from autopay_notice where book = $1 and autopay = $2 and ($3::uuid is null or id < $3)"
        " order by id desc limit $4",
        *key,
        before,
        limit,
    )
    return [(row["id"], row["notice"]) for row in rows]
