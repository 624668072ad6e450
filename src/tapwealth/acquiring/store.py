"""All SQL of merchants, terminals, their standing, batches and settlements."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from tapwealth.acquiring.standing import Change, MerchantState, TerminalState


@dataclass(frozen=True, slots=True)
class Merchant:
    """`merchant_number` is field 42. The fee of a sale: `fee_bp` in 1/100 percent, `fee_cap` and `fee_minimum` in fen (0: none).

    `settlement_bank` is a CNAPS number, `representative` a masked name, `sealed_representative` name and identity number (all three empty
    for merchants of before they were asked for).
    """

    id: UUID
    merchant_number: str
    name: str
    category_code: str
    credit_code: str
    settlement_account: str
    fee_bp: int
    fee_cap: int = 0
    fee_minimum: int = 0
    settlement_bank: str = ""
    representative: str = ""
    sealed_representative: bytes = b""
    state: str = MerchantState.ACTIVE


@dataclass(frozen=True, slots=True)
class Terminal:
    """`terminal_number` is field 41. `first_key` is the number of the first working keys that count; `replaced_by` another's number."""

    terminal_number: str
    merchant: UUID
    sealed_mac_key: bytes
    sealed_master_key: bytes | None = None
    state: str = TerminalState.ACTIVE
    first_key: int = 1
    replaced_by: str = ""


class TransportKey(NamedTuple):
    """What protects the keys that a merchant's terminals are given; while `second_by` is None, the first of its two components."""

    merchant: UUID
    number: int
    sealed: bytes
    check_value: str
    first_by: int
    second_by: int | None


class TerminalKey(NamedTuple):
    """Working keys that a terminal was given; `used`: a message has come under them."""

    terminal_number: str
    number: int
    sealed_keys: bytes
    used: bool


class Presentment(NamedTuple):
    """A sale of a batch upload. `authorisation` is None where nothing on record fits; `business_date` that of its arrival."""

    book: int
    merchant_number: str
    terminal_number: str
    batch: str
    stan: str
    amount: int
    authorisation: UUID | None
    business_date: date
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Settlement:
    """A merchant's day, in fen: receipts (sales less refunds) less fee, and whose the fee is.

    `paid` is what was instructed to the merchant's bank account, `kept` what stood on its accounts here afterwards, `fee_due` the fee that
    its receipts did not cover yet.
    """

    merchant: UUID
    business_date: date
    sales: int
    gross: int
    fee: int
    net: int
    issuer_share: int
    network_share: int
    acquirer_share: int
    refunds: int
    refunded: int
    paid: int
    kept: int
    fee_due: int

    @property
    def brought_forward(self) -> int:
        """What stood there before: kept back, or come back since the bank had rejected it."""
        return self.paid + self.kept - self.net


class RevenueShare(NamedTuple):
    """Fen that a party has of a revenue of a date; below zero where it is a loss."""

    business_date: date
    revenue: str
    party: str
    amount: int


_SETTLEMENT = (
    "merchant, business_date, sales, gross, fee, net, issuer_share, network_share, acquirer_share, refunds, refunded, paid, kept, fee_due"
)
_MERCHANT_COLUMNS = (
    "id, merchant_number, name, category_code, credit_code, settlement_account, fee_bp, fee_cap, fee_minimum, settlement_bank,"
    " representative, sealed_representative, state"
)
_TERMINAL = "terminal_number, merchant, sealed_mac_key, sealed_master_key, state, first_key, replaced_by"
_CHANGE = "merchant, terminal_number, state, reason, changed_by, approved_by, changed_at"
_MERCHANT = f"select {_MERCHANT_COLUMNS} from merchant where book = 0"
_PRESENTMENT = "book, merchant_number, terminal_number, batch, stan, amount, authorisation, business_date, received_at"


async def add_merchant(tx: Any, one: Merchant, now: datetime) -> None:
    await tx.execute(
        f"insert into merchant (book, {_MERCHANT_COLUMNS}, opened_at)"
        " values (0, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
        *(getattr(one, name) for name in _MERCHANT_COLUMNS.split(", ")),
        now,
    )


async def merchants(tx: Any) -> dict[str, Merchant]:
    """Every merchant, by field 42. A few thousand at most: read once and kept by the edge."""
    return {row["merchant_number"]: Merchant(*row) for row in await tx.fetch(f"{_MERCHANT} order by merchant_number")}


async def add_terminal(tx: Any, one: Terminal, now: datetime) -> None:
    await tx.execute(
        f"insert into terminal (book, {_TERMINAL}, enrolled_at) values (0, $1, $2, $3, $4, $5, $6, $7, $8)",
        *(getattr(one, name) for name in _TERMINAL.split(", ")),
        now,
    )


async def terminals(tx: Any) -> dict[str, Terminal]:
    """Every terminal, by field 41."""
    rows = await tx.fetch(f"select {_TERMINAL} from terminal where book = 0 order by terminal_number")
    return {row["terminal_number"]: Terminal(*row) for row in rows}


async def terminal_keys(tx: Any, terminal_number: str | None = None) -> dict[str, list[TerminalKey]]:
    """By terminal (or of one): the key in use, if it was given any, and one that is on its way; in that order. None of those that it had
    before it was given another master key."""
    rows = await tx.fetch(
        "select terminal_number, number, sealed_keys, used_at is not null as used from terminal_key k"
        " join terminal t using (book, terminal_number) where book = 0 and number >= t.first_key"
        " and ($1::text is null or terminal_number = $1) and not exists (select 1 from terminal_key l where l.book = 0"
        " and l.terminal_number = k.terminal_number and l.number > k.number and l.used_at is not null) order by number",
        terminal_number,
    )
    found: dict[str, list[TerminalKey]] = {}
    for row in rows:
        found.setdefault(row["terminal_number"], []).append(TerminalKey(*row))
    return found


async def set_merchant_state(tx: Any, merchant: UUID, state: MerchantState) -> None:
    await tx.execute("update merchant set state = $2 where book = 0 and id = $1", merchant, state)


async def set_terminal_state(tx: Any, terminal_number: str, state: TerminalState, replaced_by: str = "") -> None:
    await tx.execute(
        "update terminal set state = $2, replaced_by = $3 where book = 0 and terminal_number = $1", terminal_number, state, replaced_by
    )


async def rekey_terminal(tx: Any, terminal_number: str, sealed_mac_key: bytes, sealed_master_key: bytes) -> None:
    """Another master key, and a MAC key until it has signed on; working keys that were given under the former one count no longer."""
    await tx.execute(
        "update terminal t set sealed_mac_key = $2, sealed_master_key = $3, first_key = 1 + coalesce((select max(number)"
        " from terminal_key k where k.book = 0 and k.terminal_number = t.terminal_number), 0) where book = 0 and terminal_number = $1",
        terminal_number,
        sealed_mac_key,
        sealed_master_key,
    )


async def add_changes(tx: Any, made: Sequence[Change]) -> None:
    """To the history, in order."""
    await tx.execute(
        f"insert into standing_change (book, number, {_CHANGE}) select 0, x.turn + (select coalesce(max(number), 0) from standing_change s"
        " where s.book = 0 and s.merchant = x.merchant and s.terminal_number = x.terminal_number), x.merchant, x.terminal_number, x.state,"
        " x.reason, x.changed_by, x.approved_by, x.changed_at from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::bigint[],"
        f" $6::bigint[], $7::timestamptz[]) with ordinality x({_CHANGE}, turn)",
        *[list(column) for column in zip(*(astuple(one) for one in made), strict=True)],
    )


async def changes(tx: Any, merchant: UUID) -> list[Change]:
    """A merchant's history and its terminals', oldest first."""
    rows = await tx.fetch(
        f"select {_CHANGE} from standing_change where book = 0 and merchant = $1 order by changed_at, terminal_number, number", merchant
    )
    return [Change(*row) for row in rows]


async def transport_key(tx: Any, merchant: UUID, *, whole: bool) -> TransportKey | None:
    """The newest; `whole`: of those whose two components have come."""
    row = await tx.fetchrow(
        "select merchant, number, sealed, check_value, first_by, second_by from transport_key"
        " where book = 0 and merchant = $1 and (second_by is not null or not $2) order by number desc limit 1",
        merchant,
        whole,
    )
    return None if row is None else TransportKey(*row)


async def put_transport_key(tx: Any, one: TransportKey, now: datetime) -> None:
    """Its first component, or in its place the whole key."""
    await tx.execute(
        "insert into transport_key (book, merchant, number, sealed, check_value, first_by, second_by, made_at)"
        " values (0, $1, $2, $3, $4, $5, $6, $7) on conflict (book, merchant, number) do update set sealed = excluded.sealed,"
        " check_value = excluded.check_value, second_by = excluded.second_by where transport_key.second_by is null",
        *one,
        now,
    )


async def add_terminal_key(tx: Any, one: TerminalKey, now: datetime) -> None:
    """Not in use yet. One of that number that was made at this very moment is left alone."""
    await tx.execute(
        "insert into terminal_key (book, terminal_number, number, sealed_keys, made_at) values (0, $1, $2, $3, $4) on conflict do nothing",
        one.terminal_number,
        one.number,
        one.sealed_keys,
        now,
    )


async def use_terminal_key(tx: Any, terminal_number: str, number: int, now: datetime) -> None:
    await tx.execute(
        "update terminal_key set used_at = $3 where book = 0 and terminal_number = $1 and number = $2 and used_at is null",
        terminal_number,
        number,
        now,
    )


async def add_presentments(tx: Any, presented: Sequence[Presentment]) -> None:
    """At most one for each sale. The first that fits stands, whatever comes after it, in the place of what did not fit."""
    fitting = [one for one in presented if one.authorisation is not None]
    kept = {one[:5]: one for one in (*presented, *reversed(fitting))}
    await tx.execute(
        f"insert into presentment ({_PRESENTMENT}) select * from unnest($1::int[], $2::text[], $3::text[], $4::text[], $5::text[],"
        " $6::bigint[], $7::uuid[], $8::date[], $9::timestamptz[]) on conflict (book, merchant_number, terminal_number, batch, stan)"
        " do update set amount = excluded.amount, authorisation = excluded.authorisation, business_date = excluded.business_date,"
        " received_at = excluded.received_at where presentment.authorisation is null and excluded.authorisation is not null",
        *[[one[column] for one in kept.values()] for column in range(9)],
    )


async def presented(tx: Any, keys: Sequence[tuple[int, str, str, str, str]]) -> dict[tuple[int, str, str, str, str], Presentment]:
    """What stands of these sales: (book, merchant, terminal, batch, STAN)."""
    rows = await tx.fetch(
        f"select {_PRESENTMENT} from presentment join unnest($1::int[], $2::text[], $3::text[], $4::text[], $5::text[])"
        " k(book, merchant_number, terminal_number, batch, stan) using (book, merchant_number, terminal_number, batch, stan)",
        *[[key[column] for key in keys] for column in range(5)],
    )
    return {(one := Presentment(*row))[:5]: one for row in rows}


async def due(tx: Any, day: date, limit: int) -> list[Presentment]:
    """Claimed under that date or before, and neither presented to the network nor cleared yet."""
    rows = await tx.fetch(
        f"select {_PRESENTMENT} from presentment where business_date <= $1 and cleared_on is null and presented_on is null"
        " and authorisation is not null order by received_at, stan limit $2",
        day,
        limit,
    )
    return [Presentment(*row) for row in rows]


async def mark_presented(tx: Any, presented: Sequence[Presentment], day: date) -> None:
    """To the network, with that date's file."""
    await tx.execute(
        "update presentment p set presented_on = $6"
        " from unnest($1::int[], $2::text[], $3::text[], $4::text[], $5::text[]) x(book, merchant_number, terminal_number, batch, stan)"
        " where p.book = x.book and p.merchant_number = x.merchant_number and p.terminal_number = x.terminal_number"
        " and p.batch = x.batch and p.stan = x.stan",
        *[[one[column] for one in presented] for column in range(5)],
        day,
    )


async def claim_again(tx: Any, keys: Sequence[tuple[int, str, str, str, str]]) -> None:
    """What a day's end had set aside unpresented, its sale being undone then, is due with the next. Keys as of a presentment."""
    await tx.execute(
        "update presentment p set cleared_on = null, note = ''"
        " from unnest($1::int[], $2::text[], $3::text[], $4::text[], $5::text[]) x(book, merchant_number, terminal_number, batch, stan)"
        " where p.book = x.book and p.merchant_number = x.merchant_number and p.terminal_number = x.terminal_number"
        " and p.batch = x.batch and p.stan = x.stan and p.presented_on is null and p.cleared_on is not null",
        *[[key[column] for key in keys] for column in range(5)],
    )


async def mark_cleared(tx: Any, cleared: Sequence[tuple[Presentment, str]], day: date) -> None:
    """(presentment, note)."""
    await tx.execute(
        "update presentment p set cleared_on = $7, note = x.note"
        " from unnest($1::int[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[])"
        " x(book, merchant_number, terminal_number, batch, stan, note)"
        " where p.book = x.book and p.merchant_number = x.merchant_number and p.terminal_number = x.terminal_number"
        " and p.batch = x.batch and p.stan = x.stan",
        *[[one[column] for one, _ in cleared] for column in range(5)],
        [note for _, note in cleared],
        day,
    )


async def add_settlements(tx: Any, made: Sequence[Settlement]) -> None:
    await tx.execute(
        f"insert into merchant_settlement (book, {_SETTLEMENT}) select 0, x.* from unnest($1::uuid[], $2::date[], $3::int[], $4::bigint[],"
        " $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[], $10::int[], $11::bigint[], $12::bigint[], $13::bigint[],"
        " $14::bigint[]) x on conflict do nothing",
        *[[getattr(one, name) for one in made] for name in _SETTLEMENT.split(", ")],
    )


async def settlements(tx: Any, day: date | None = None) -> list[Settlement]:
    """Of one date, or all."""
    rows = await tx.fetch(
        f"select {_SETTLEMENT} from merchant_settlement"
        " where book = 0 and ($1::date is null or business_date = $1) order by business_date, merchant",
        day,
    )
    return [Settlement(*row) for row in rows]


async def settlements_between(tx: Any, first: date, last: date) -> list[Settlement]:
    """Of these dates, both included, in their order."""
    rows = await tx.fetch(
        f"select {_SETTLEMENT} from merchant_settlement where book = 0 and business_date between $1 and $2"
        " order by business_date, merchant",
        first,
        last,
    )
    return [Settlement(*row) for row in rows]


async def left_standing(tx: Any, day: date) -> dict[UUID, Settlement]:
    """By merchant the newest settlement before that date, where it left something: money kept, or a fee that was not covered."""
    rows = await tx.fetch(
        f"select s.* from merchant m cross join lateral (select {_SETTLEMENT} from merchant_settlement t where t.book = 0 and"
        " t.merchant = m.id and t.business_date < $1 order by t.business_date desc limit 1) s"
        " where m.book = 0 and (s.kept <> 0 or s.fee_due <> 0)",
        day,
    )
    return {row["merchant"]: Settlement(*row) for row in rows}


async def add_revenue_shares(tx: Any, made: Sequence[RevenueShare]) -> None:
    await tx.execute(
        "insert into revenue_share (book, business_date, revenue, party, amount)"
        " select 0, x.* from unnest($1::date[], $2::text[], $3::text[], $4::bigint[]) x on conflict do nothing",
        *[list(column) for column in zip(*made, strict=True)],
    )


async def revenue_shares(tx: Any, first: date, last: date) -> list[RevenueShare]:
    """Of these dates, both included, in their order."""
    rows = await tx.fetch(
        "select business_date, revenue, party, amount from revenue_share where book = 0 and business_date between $1 and $2"
        " order by business_date, revenue, party",
        first,
        last,
    )
    return [RevenueShare(*row) for row in rows]
