"""All SQL of bills. Every function takes the open transaction first and works on lists."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from tapwealth.bills.biller import Biller, BillerItem
from tapwealth.bills.payment import Payment, PaymentState
from tapwealth.bills.settlement import Cycle, Settlement
from tapwealth.kernel.parts import Parts, unpack

HOUSE = 0


@dataclass(frozen=True, slots=True)
class BillerRow:
    """A biller in the directory; `id` owns its ledger accounts. `version` of the catalogue says all of it; it takes new payments from
    `opens` until `closes` (None: no bound), unless it is `closed`."""

    id: UUID
    biller: Biller
    name_en: str
    region: str
    version: int = 1
    closed: bool = False
    opens: datetime | None = None
    closes: datetime | None = None

    def serves(self, now: datetime) -> bool:
        """Whether new payments are taken."""
        return not self.over(now) and (self.opens is None or now >= self.opens)

    def over(self, now: datetime) -> bool:
        """Whether new payments will be taken no more."""
        return self.closed or (self.closes is not None and now >= self.closes)


@dataclass(frozen=True, slots=True)
class BillRow:
    """A bill as it was presented to a person. `sealed` holds account number, owner and address; amounts in fen. `covers`: the bills of an
    account that this one pays in one sum."""

    book: int
    id: UUID
    person: UUID
    biller: UUID
    bill_number: str
    sealed: bytes
    shown_account: str
    period: str
    amount: int
    penalty: int
    balance: int
    presented_at: datetime
    due_on: date | None = None
    item: str = ""
    covers: list[UUID] = field(default_factory=list)


class PaymentRow(NamedTuple):
    """A payment of a bill. `settled_on`: when its money left suspense; `paid_on`, `paid_at`: when we heard that the biller has it.
    `fund_units` of funds pay as many fen of the amount, the wallet the rest; `fund` is what the payer has named, `fund_parts` says which
    fund pays how much. `asked`: how often it was sent or asked about; `next_at`, by the machine's clock: when that is due again, None once
    the payment is over; `resent`: how often it was sent anew, having never come. `owed`: the bill's balance when it was paid. `faults`:
    how often in a row what was said of it could not be written down. `version`: of the biller's service, as it was sold; by it the biller
    pays us `kept` fen, and the payer `payer_fee` on top. `part`: the bill is not paid up by it."""

    book: int
    id: UUID
    person: UUID
    bill: UUID
    biller: UUID
    serial: str
    amount: int
    state: PaymentState
    reason: str
    biller_reference: str
    business_date: date
    received_at: datetime
    settled_on: date | None = None
    paid_on: date | None = None
    paid_at: datetime | None = None
    matched_on: date | None = None
    fund: str = ""
    fund_units: int = 0
    fund_parts: str = ""
    asked: int = 0
    next_at: datetime | None = None
    resent: int = 0
    owed: int = 0
    faults: int = 0
    version: int = 1
    kept: int = 0
    payer_fee: int = 0
    part: bool = False

    @property
    def total(self) -> int:
        """What the payer pays: amount and fee."""
        return self.amount + self.payer_fee

    @property
    def by_funds(self) -> Parts:
        """In the order of use."""
        return unpack(self.fund_parts)

    @property
    def payment(self) -> Payment:
        """What the rules look at; the household's number stays sealed."""
        return Payment(
            self.id,
            self.book,
            self.person,
            str(self.biller),
            str(self.bill),
            "",
            self.amount,
            self.serial,
            self.state,
            self.received_at,
            self.biller_reference,
        )


Key = tuple[int, UUID]
"""Book and id."""


async def put_biller(tx: Any, row: BillerRow, now: datetime) -> None:
    """The biller as that version has it: a new one, or the one that there is under its code."""
    await tx.execute(
        "insert into biller (book, id, code, name, name_en, region, bank_account, items, added_at, connection, cycle, fee, version, opens,"
        " closes) values (0, $1, $2, $3, $4, $5, $6, $7::text::jsonb, $8, $9, $10, $11, $12, $13, $14) on conflict (book, code) do update"
        " set name = excluded.name, name_en = excluded.name_en, region = excluded.region, bank_account = excluded.bank_account,"
        " items = excluded.items, connection = excluded.connection, cycle = excluded.cycle, fee = excluded.fee,"
        " version = excluded.version, opens = excluded.opens, closes = excluded.closes, closed = false",
        row.id,
        row.biller.code,
        row.biller.name,
        row.name_en,
        row.region,
        row.biller.bank_account,
        msgspec.json.encode(row.biller.items).decode(),
        now,
        row.biller.connection,
        row.biller.cycle.value,
        row.biller.fee,
        row.version,
        row.opens,
        row.closes,
    )


async def close_biller(tx: Any, code: str) -> None:
    """It takes no new payment."""
    await tx.execute("update biller set closed = true where book = 0 and code = $1", code)


async def billers(tx: Any) -> dict[UUID, BillerRow]:
    """All of them, by id, in the order of their codes."""
    rows = await tx.fetch(
        "select id, code, name, name_en, region, bank_account, items::text as items, connection, cycle, fee, version, closed, opens, closes"
        " from biller where book = 0 order by code"
    )
    return {
        row["id"]: BillerRow(
            row["id"], _biller(row), row["name_en"], row["region"], row["version"], row["closed"], row["opens"], row["closes"]
        )
        for row in rows
    }


def _biller(row: Any) -> Biller:
    items = msgspec.json.decode(row["items"], type=tuple[BillerItem, ...])
    return Biller(row["code"], row["name"], row["bank_account"], items, row["connection"], Cycle(row["cycle"]), row["fee"])


async def connections_of(tx: Any, billers: Sequence[UUID]) -> dict[UUID, str]:
    """The names of the connections by which billers are reached."""
    rows = await tx.fetch("select id, connection from biller where book = 0 and id = any($1)", list(billers))
    return {row["id"]: row["connection"] for row in rows}


_BILL = "book, id, person, biller, bill_number, sealed, shown_account, period, amount, penalty, balance, presented_at, due_on, item, covers"


async def present(tx: Any, bills: Sequence[BillRow]) -> None:
    """Bills as an inquiry found them; one that was presented before is replaced."""
    rows = [
        (
            one.book,
            one.id,
            one.person,
            one.biller,
            one.bill_number,
            one.sealed,
            one.shown_account,
            one.period,
            one.amount,
            one.penalty,
            one.balance,
            one.presented_at,
            one.due_on,
            one.item,
            "{" + ",".join(map(str, one.covers)) + "}",
        )
        for one in bills
    ]
    await tx.execute(
        f"insert into bill ({_BILL})"
        " select book, id, person, biller, number, sealed, shown, period, amount, penalty, balance, at, due, item, covers::uuid[] from"
        " unnest($1::int[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::bytea[], $7::text[], $8::text[],"
        " $9::bigint[], $10::bigint[], $11::bigint[], $12::timestamptz[], $13::date[], $14::text[], $15::text[])"
        " x(book, id, person, biller, number, sealed, shown, period, amount, penalty, balance, at, due, item, covers)"
        " on conflict (book, id) do update set item = excluded.item, covers = excluded.covers, sealed = excluded.sealed,"
        " period = excluded.period, amount = excluded.amount,"
        " penalty = excluded.penalty, balance = excluded.balance, presented_at = excluded.presented_at, due_on = excluded.due_on",
        *_columns(rows, 15),
    )


async def bills(tx: Any, keys: Sequence[Key]) -> dict[Key, BillRow]:
    rows = await tx.fetch(f"select {_BILL} from bill join unnest($1::int[], $2::uuid[]) x(book, id) using (book, id)", *_columns(keys, 2))
    return {(row["book"], row["id"]): BillRow(*row) for row in rows}


async def live_payments(tx: Any, bills: Sequence[Key]) -> dict[Key, PaymentState]:
    """By bill: the state of its payment that was not given back, if it has one; before one that was, and went through after all. A payment
    of all arrears is one of each of its bills, and the other way round; one of a part that went through leaves the rest to be paid."""
    rows = await tx.fetch(
        "select b.book, b.id as bill, p.state from unnest($1::int[], $2::uuid[]) x(book, id) join bill b using (book, id)"
        " cross join lateral unnest(array[b.id, b.within] || b.covers || case when b.covers = '{}' then '{}'"
        " else array(select c.within from bill c where c.book = b.book and c.id = any(b.covers)) end) paid(bill)"
        f" cross join lateral ({_first_where(_LIVE)} union all {_first_where(_LATE)}) p order by p.state <> 'late_success'",
        *_columns(bills, 2),
    )
    return {(row["book"], row["bill"]): PaymentState(row["state"]) for row in rows}


_LIVE = "p.state not in ('rejected', 'refunded', 'late_success') and not (p.part and p.state = 'paid')"
_LATE = "p.state = 'late_success' and not p.part"


def _first_where(which: str) -> str:
    """Found one by one in the index of just these, however many payments there are besides."""
    return f"(select p.state from bill_payment p where p.book = b.book and p.bill = paid.bill and {which} limit 1)"


async def note_parts(tx: Any, paid: Sequence[tuple[int, UUID, int]]) -> None:
    """So many fen of these bills are being paid."""
    await tx.execute(
        "update bill b set balance = b.balance - x.amount from unnest($1::int[], $2::uuid[], $3::bigint[]) x(book, id, amount)"
        " where b.book = x.book and b.id = x.id",
        *_columns(paid, 3),
    )


async def note_covered(tx: Any, sums: Sequence[BillRow]) -> None:
    """The bills of these sums are being paid by them."""
    rows = [(one.book, covered, one.id) for one in sums for covered in one.covers]
    await tx.execute(
        "update bill b set within = x.sum from unnest($1::int[], $2::uuid[], $3::uuid[]) x(book, id, sum)"
        " where b.book = x.book and b.id = x.id",
        *_columns(rows, 3),
    )


_PAYMENT = (
    "p.book, p.id, p.person, p.bill, p.biller, p.serial, p.amount, p.state, p.reason, p.biller_reference, p.business_date, p.received_at,"
    " p.settled_on, p.paid_on, p.paid_at, p.matched_on, p.fund, p.fund_units, p.fund_parts, p.asked, p.next_at,"
    " p.resent, p.owed, p.faults, p.version, p.kept, p.payer_fee, p.part"
)


def _payment(row: Any) -> PaymentRow:
    return PaymentRow(*row)._replace(state=PaymentState(row["state"]))


async def add_payments(tx: Any, payments: Sequence[PaymentRow]) -> None:
    """Fresh ones, whose money has just been debited."""
    if payments:
        await tx.copy_records_to_table("bill_payment", records=payments, columns=PaymentRow._fields)


async def spent_from_the_fund(tx: Any, people: Sequence[Key], fund: str, day: date) -> dict[UUID, int]:
    """Fen by person that a fund pays, or has paid, of the bills of that business date."""
    rows = await tx.fetch(
        "select person, sum(split_part(share, ':', 2)::bigint)::bigint as spent from unnest($1::int[], $2::uuid[]) k(book, person)"
        " join bill_payment using (book, person) cross join unnest(string_to_array(fund_parts, ' ')) share"
        " where business_date = $3 and split_part(share, ':', 1) = $4 and fund_units > 0"
        " and state not in ('rejected', 'refunded') group by person",
        *_columns(people, 2),
        day,
        fund,
    )
    return {row["person"]: row["spent"] for row in rows}


async def payments(tx: Any, keys: Sequence[Key]) -> dict[Key, PaymentRow]:
    rows = await tx.fetch(
        f"select {_PAYMENT} from bill_payment p join unnest($1::int[], $2::uuid[]) x(book, id) using (book, id)", *_columns(keys, 2)
    )
    return {(row["book"], row["id"]): _payment(row) for row in rows}


async def hold_payments(tx: Any, keys: Sequence[Key]) -> dict[Key, PaymentRow]:
    """As `payments`, and nobody else changes them before the transaction ends; in one order, so that two of these do not wait for each
    other in a circle."""
    rows = await tx.fetch(
        f"select {_PAYMENT} from bill_payment p join unnest($1::int[], $2::uuid[]) x(book, id) using (book, id)"
        " order by p.book, p.id for update of p",
        *_columns(keys, 2),
    )
    return {(row["book"], row["id"]): _payment(row) for row in rows}


_TO_SEND, _TO_ASK = "p.state in ('prepared', 'sent')", "p.state = 'unknown'"


async def next_due(tx: Any) -> list[tuple[UUID, bool, datetime]]:
    """By biller and list (True: to be asked about): when something of it is due first. Steps from one biller that has something open to
    the next, whatever is behind."""
    rows = await tx.fetch(f"with recursive {_first_of('sends', _TO_SEND)}, {_first_of('asks', _TO_ASK)}"
        " select biller, false as in_doubt, next_at from sends union all select biller, true, next_at from asks")  # fmt: skip
    return [(row["biller"], row["in_doubt"], row["next_at"]) for row in rows]


def _first_of(name: str, which: str) -> str:
    first = "order by p.biller, p.next_at limit 1"
    return (
        f"{name} as ((select p.biller, p.next_at from bill_payment p where {which} {first}) union all select n.* from {name} s cross join"
        f" lateral (select p.biller, p.next_at from bill_payment p where {which} and p.biller > s.biller {first}) n)"
    )


class Wanted(NamedTuple):
    """Of a biller's list up to so many payments, but none that was due before `since`."""

    biller: UUID
    limit: int
    since: datetime


async def take_due(tx: Any, books: Sequence[int], wanted: Sequence[Wanted], *, in_doubt: bool, now: datetime) -> list[PaymentRow]:
    """Billers' payments that are due to be asked about (`in_doubt`) or to be sent, by biller, the longest due first; those that somebody
    else is taking are left out. No book's lock is asked for: who holds one may wait for these rows, never the other way round."""
    rows = await tx.fetch(
        "select due.* from unnest($1::uuid[], $2::int[], $3::timestamptz[]) w(biller, most, since) cross join lateral"
        f" (select {_PAYMENT} from bill_payment p where p.book = any($4) and p.biller = w.biller and {_TO_ASK if in_doubt else _TO_SEND}"
        " and p.next_at between w.since and $5 order by p.next_at limit w.most for update skip locked) due",
        *_columns(wanted, 3),
        list(books),
        now,
    )
    return [_payment(row) for row in rows]


async def note_taken(tx: Any, taken: Sequence[PaymentRow], until: datetime) -> None:
    """State and lease of payments that were just taken, once more."""
    rows = [(one.book, one.id, one.state.value) for one in taken]
    await tx.execute(
        "update bill_payment p set state = x.state, asked = p.asked + 1, next_at = $4"
        " from unnest($1::int[], $2::uuid[], $3::text[]) x(book, id, state) where p.book = x.book and p.id = x.id",
        *_columns(rows, 3),
        until,
    )


async def note_faults(tx: Any, set_aside: Sequence[PaymentRow], why: str) -> None:
    """Payments of which nothing could be written down, once more: they are due again at their `next_at`."""
    rows = [(one.book, one.id, one.faults, one.next_at) for one in set_aside]
    await tx.execute(
        "update bill_payment p set faults = x.faults, fault = $5, next_at = x.next_at"
        " from unnest($1::int[], $2::uuid[], $3::int[], $4::timestamptz[]) x(book, id, faults, next_at)"
        " where p.book = x.book and p.id = x.id",
        *_columns(rows, 4),
        why,
    )


async def renew(tx: Any, keys: Sequence[Key], until: datetime) -> None:
    """Who has taken these still looks after them. Those that are over, or that somebody is changing just now, are left as they are."""
    await tx.execute(
        "update bill_payment p set next_at = $3 from (select q.book, q.id from bill_payment q"
        " join unnest($1::int[], $2::uuid[]) x(book, id) using (book, id) where q.next_at is not null for update of q skip locked) mine"
        " where p.book = mine.book and p.id = mine.id",
        *_columns(keys, 2),
        until,
    )


async def on_the_way(tx: Any, books: Sequence[int], day: date) -> tuple[int, int] | None:
    """Of that business date and before: how many payments are not answered and not in doubt, and how often they were sent in all; None if
    there is none."""
    row = await tx.fetchrow(
        "select count(*) as waiting, coalesce(sum(p.asked), 0) as sent from bill_payment p"
        f" where p.book = any($1) and p.business_date <= $2 and {_TO_SEND}",
        list(books),
        day,
    )
    return (int(row["waiting"]), int(row["sent"])) if row["waiting"] else None


@dataclass(frozen=True, slots=True)
class OpenPayments:
    """A biller's payments that are not over: how many are on their way or to be sent, how many in doubt and of how many fen, the oldest of
    these, how often that was asked about, and why it is not known; of how many what was said cannot be written down, and which is the
    oldest, and why."""

    on_the_way: int
    in_doubt: int
    amount: int
    oldest: datetime | None
    asked: int
    why: str
    set_aside: int
    fault: str


async def open_by_biller(tx: Any, books: Sequence[int]) -> dict[UUID, OpenPayments]:
    """By biller; those with none are left out."""
    rows = await tx.fetch(
        f"select p.biller, count(*) filter (where {_TO_SEND}) as on_the_way, count(*) filter (where {_TO_ASK}) as in_doubt,"
        f" coalesce(sum(p.amount) filter (where {_TO_ASK}), 0)::bigint as amount,"
        f" min(p.received_at) filter (where {_TO_ASK}) as oldest, coalesce(max(p.asked) filter (where {_TO_ASK}), 0) as asked,"
        f" coalesce((array_agg(p.reason order by p.received_at, p.serial) filter (where {_TO_ASK}))[1], '') as why,"
        " count(*) filter (where p.faults > 0) as set_aside,"
        " coalesce((array_agg(p.serial || ': ' || p.fault order by p.received_at, p.serial) filter (where p.faults > 0))[1], '') as fault"
        f" from bill_payment p where p.book = any($1) and ({_TO_SEND} or {_TO_ASK}) group by p.biller",
        list(books),
    )
    return {row["biller"]: OpenPayments(*list(row.values())[1:]) for row in rows}


async def by_serial(tx: Any, books: Sequence[int], serials: Sequence[str]) -> dict[str, PaymentRow]:
    rows = await tx.fetch(f"select {_PAYMENT} from bill_payment p where book = any($1) and serial = any($2)", list(books), list(serials))
    return {row["serial"]: _payment(row) for row in rows}


async def save(tx: Any, changed: Sequence[PaymentRow]) -> None:
    """What an event changes: state, reason, reference, and the dates that go with them. That it is written down ends its faults.

    Most that happens at once is the same, that billers have been paid: what all of those have in common is told once."""
    common, count = Counter(map(_event, changed)).most_common(1)[0] if changed else ((), 0)
    alike = [one for one in changed if _event(one) == common] if count > 1 else []
    if alike:
        rows: list[tuple[Any, ...]] = [(one.book, one.id, one.biller_reference) for one in alike]
        await tx.execute(
            "update bill_payment p set biller_reference = x.biller_reference, state = $4, reason = $5, settled_on = $6, paid_on = $7,"
            " paid_at = $8, next_at = $9, resent = $10, faults = 0, fault = ''"
            " from unnest($1::int[], $2::uuid[], $3::text[]) x(book, id, biller_reference) where p.book = x.book and p.id = x.id",
            *_columns(rows, 3),
            *common,
        )
    rows = [(one.book, one.id, one.biller_reference, *_event(one)) for one in changed if not alike or _event(one) != common]
    if rows:
        await tx.execute(
            "update bill_payment p set state = x.state, reason = x.reason, biller_reference = x.biller_reference,"
            " settled_on = x.settled_on, paid_on = x.paid_on, paid_at = x.paid_at, next_at = x.next_at, resent = x.resent, faults = 0,"
            " fault = '' from unnest($1::int[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::date[], $7::date[], $8::timestamptz[],"
            " $9::timestamptz[], $10::int[])"
            " x(book, id, biller_reference, state, reason, settled_on, paid_on, paid_at, next_at, resent)"
            " where p.book = x.book and p.id = x.id",
            *_columns(rows, 10),
        )


def _event(one: PaymentRow) -> tuple[Any, ...]:
    return (one.state.value, one.reason, one.settled_on, one.paid_on, one.paid_at, one.next_at, one.resent)


async def mark_matched(tx: Any, keys: Sequence[Key], day: date) -> None:
    """The biller's file of that date names these."""
    await tx.execute(
        "update bill_payment p set matched_on = $3 from unnest($1::int[], $2::uuid[]) x(book, id)"
        " where p.book = x.book and p.id = x.id and p.matched_on is null",
        *_columns(keys, 2),
        day,
    )


async def unmatched(tx: Any, books: Sequence[int], day: date, before: datetime) -> list[PaymentRow]:
    """Owed to the biller as of that date and heard of before that instant, but named by none of its files."""
    rows = await tx.fetch(
        f"select {_PAYMENT} from bill_payment p"
        " where book = any($1) and paid_on <= $2 and paid_on is not null and matched_on is null and paid_at < $3 order by serial",
        list(books),
        day,
        before,
    )
    return [_payment(row) for row in rows]


async def pay_out(tx: Any, books: Sequence[int], billers: Sequence[UUID], day: date) -> dict[UUID, list[tuple[int, int, int, int]]]:
    """Every payment that a biller has by that date and no settlement had yet belongs to this one. By biller: (book, payments, fen, fen that
    it pays us for them)."""
    rows = await tx.fetch(
        "with settled as (update bill_payment p set paid_out_on = $3 where p.book = any($1) and p.biller = any($2)"
        " and p.paid_on <= $3 and p.paid_on is not null and p.paid_out_on is null returning p.book, p.biller, p.amount, p.kept)"
        " select biller, book, count(*)::int as payments, sum(amount)::bigint as amount, sum(kept)::bigint as kept from settled"
        " group by 1, 2 order by 2",
        list(books),
        list(billers),
        day,
    )
    found: dict[UUID, list[tuple[int, int, int, int]]] = {}
    for row in rows:
        found.setdefault(row["biller"], []).append((row["book"], row["payments"], row["amount"], row["kept"]))
    return found


async def add_settlements(tx: Any, settlements: Sequence[Settlement]) -> None:
    rows = [(one.biller, one.day, one.first, one.payments, one.gross, one.fee, one.brought_forward, one.payout) for one in settlements]
    await tx.execute(
        "insert into biller_settlement (book, biller, day, first, payments, gross, fee, brought_forward, payout)"
        " select 0, * from unnest($1::uuid[], $2::date[], $3::date[], $4::int[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[])",
        *_columns(rows, 8),
    )


async def settlements(tx: Any, day: date) -> dict[UUID, Settlement]:
    """What was settled at the end of that date, by biller."""
    rows = await tx.fetch(
        "select biller, day, first, payments, gross, fee, brought_forward, payout from biller_settlement where book = 0 and day = $1", day
    )
    return {row["biller"]: Settlement(**row) for row in rows}


async def settled_payments(tx: Any, books: Sequence[int], biller: UUID, day: date) -> list[PaymentRow]:
    """The payments of a settlement, by the date on which they were paid, then by serial."""
    rows = await tx.fetch(
        f"select {_PAYMENT} from bill_payment p where p.book = any($1) and p.biller = $2 and p.paid_out_on = $3"
        " order by p.paid_on, p.serial",
        list(books),
        biller,
        day,
    )
    return [_payment(row) for row in rows]


async def in_suspense(tx: Any, books: Sequence[int], day: date) -> list[PaymentRow]:
    """Whose money lay in suspense at the end of that business date, whatever has become of them since."""
    rows = await tx.fetch(
        f"select {_PAYMENT} from bill_payment p"
        " where book = any($1) and business_date <= $2 and (settled_on is null or settled_on > $2) order by business_date, serial",
        list(books),
        day,
    )
    return [_payment(row) for row in rows]


async def page_of(tx: Any, book: int, person: UUID, only: UUID | None, before: UUID | None, limit: int) -> list[PaymentRow]:
    """A person's payments, newest first, from before the one last seen; `only`: that one alone."""
    rows = await tx.fetch(
        f"select {_PAYMENT} from bill_payment p where book = $1 and person = $2 and ($3::uuid is null or id = $3)"
        " and ($4::uuid is null or id < $4) order by id desc limit $5",
        book,
        person,
        only,
        before,
        limit,
    )
    return [_payment(row) for row in rows]


async def payments_of(tx: Any, book: int, person: UUID, limit: int = 100) -> list[tuple[PaymentRow, BillRow]]:
    """A person's newest payments with their bills, newest first."""
    rows = await tx.fetch(
        f"select {_PAYMENT} from bill_payment p where book = $1 and person = $2 order by received_at desc, id desc limit $3",
        book,
        person,
        limit,
    )
    made = [_payment(row) for row in rows]
    found = await bills(tx, [(one.book, one.bill) for one in made])
    return [(one, found[one.book, one.bill]) for one in made]


def _columns(rows: Sequence[Sequence[Any]], width: int) -> list[list[Any]]:
    """Rows as the columns that unnest takes."""
    return [[row[column] for row in rows] for column in range(width)]
