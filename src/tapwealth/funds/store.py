"""All SQL of funds: shelf, holders, orders, income, exchanged files. Lists in, lists out."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from operator import attrgetter
from typing import Any, NamedTuple
from uuid import UUID

from tapwealth.funds.conditions import FundKind, FundStatus
from tapwealth.funds.order_state import UNANSWERED, OrderState, before
from tapwealth.kernel.money import Asset


@dataclass(frozen=True, slots=True)
class Fund:
    """A fund on the shelf. `asset` is the ledger's number of its units."""

    code: str
    asset: Asset
    name: str
    name_en: str
    registrar: str
    risk_level: int
    cut_off_hour: int
    custody_account: str
    status: FundStatus = FundStatus.OPEN
    """What the registrar said last."""
    kind: FundKind = FundKind.MONEY
    """By the conditions that stand."""

    @property
    def pays(self) -> bool:
        """Whether something can be paid from it right now: at 1.0000, and while the registrar takes its units back."""
        return self.kind is FundKind.MONEY and self.status.redeems


@dataclass(frozen=True, slots=True)
class SalesChannel:
    """A distributor's code and its parameters for a fund; amounts in fen, caps of 0 mean none. `day_cap`: a holder's orders of one dealing
    day."""

    code: str
    fund: str
    own: bool
    minimum_purchase: int
    day_cap: int
    holding_cap: int


@dataclass(frozen=True, slots=True)
class FundAccount:
    """A holder. `sealed` holds name, identity number and payout account; `ta_account` is empty until the registrar has given one."""

    book: int
    id: UUID
    channel: str
    trading_account: str
    ta_account: str
    application_serial: str
    business_code: str
    sealed: bytes
    shown_name: str
    state: str
    reason: str
    business_date: date
    sent_on: date | None
    applied_at: datetime


@dataclass(frozen=True, slots=True)
class OrderRow:
    """An order and what became of it."""

    book: int
    id: UUID
    serial: str
    channel: str
    fund: str
    fund_account: UUID
    funding: int
    holding: int
    business_code: str
    amount: int
    units: int
    received_at: datetime
    dealing_date: date
    business_date: date
    state: str = "placed"
    sent_on: date | None = None
    confirmed_on: date | None = None
    confirmed_amount: int = 0
    confirmed_units: int = 0
    return_code: str = ""
    source: UUID | None = None
    large_flag: str = ""
    """Of a redemption: what becomes of what a large-redemption day leaves (`exchange_values`)."""


class Ordered(NamedTuple):
    """A holder's purchases of a fund in fen: those under way (placed or sent), and those of each dealing day asked for."""

    under_way: int
    by_day: dict[date, int]


class IncomeRow(NamedTuple):
    """A day's income of a holder: the registrar's figure and ours, in fen (units at 1.0000)."""

    book: int
    fund_account: UUID
    fund: str
    income_date: date
    amount: int
    computed: int
    business_date: date


class QuotationRow(NamedTuple):
    """A fund's day: income in 1/10,000 yuan per 10,000 units, yield in 1/1,000 percent, totals in fen and 1/100 unit."""

    fund: str
    day: date
    income_per_10k: int
    seven_day_yield: int
    day_income: int
    total_units: int
    computed_income: int


class Redemption(NamedTuple):
    """The advancer's units on their way back into money."""

    serial: str
    fund: str
    dealing_date: date
    units: int
    state: str
    confirmed_on: date | None
    paid_on: date | None


_ACCOUNT = (
    "book, id, channel, trading_account, ta_account, application_serial, business_code, sealed, shown_name, state, reason,"
    " business_date, sent_on, applied_at"
)
_ACCOUNT_TYPES = "int uuid text text text text text bytea text text text date date timestamptz"
_ORDER = (
    "book, id, serial, channel, fund, fund_account, funding, holding, business_code, amount, units, received_at, dealing_date,"
    " business_date, state, sent_on, confirmed_on, confirmed_amount, confirmed_units, return_code, source, large_flag"
)
_ORDER_TYPES = (
    "int uuid text text text uuid bigint bigint text bigint bigint timestamptz date date text date date bigint bigint text uuid text"
)

_QUOTATION = "fund, day, income_per_10k, seven_day_yield, day_income, total_units, computed_income"


_order_values = attrgetter(*_ORDER.replace(" ", "").split(","))


async def add_fund(tx: Any, fund: Fund, channels: Sequence[SalesChannel]) -> None:
    await tx.execute(
        "insert into fund (book, code, asset, name, name_en, registrar, risk_level, cut_off_hour, custody_account)"
        " values (0, $1, $2, $3, $4, $5, $6, $7, $8)",
        fund.code,
        fund.asset,
        fund.name,
        fund.name_en,
        fund.registrar,
        fund.risk_level,
        fund.cut_off_hour,
        fund.custody_account,
    )
    rows = [(one.code, one.fund, one.own, one.minimum_purchase, one.day_cap, one.holding_cap) for one in channels]
    await tx.execute(
        "insert into sales_channel (book, code, fund, own, minimum_purchase, day_cap, holding_cap)"
        " select 0, x.* from unnest($1::text[], $2::text[], $3::bool[], $4::bigint[], $5::bigint[], $6::bigint[]) x",
        *_columns(rows, 6),
    )


async def funds(tx: Any) -> dict[str, Fund]:
    """The shelf, by code."""
    rows = await tx.fetch(
        "select code, asset, name, name_en, registrar, risk_level, cut_off_hour, custody_account, coalesce((select status from fund_status"
        " s where s.book = 0 and s.fund = fund.code order by day desc limit 1), '0') as status,"
        " coalesce((select conditions ->> 'kind' from fund_conditions c where c.book = 0 and c.fund = fund.code"
        " order by version desc limit 1), 'money') as kind from fund where book = 0 order by code"
    )
    return {row[0]: Fund(*(row[0], Asset(row[1]), *row[2:8], FundStatus(row[8]), FundKind(row[9]))) for row in rows}


async def channels(tx: Any) -> dict[tuple[str, str], SalesChannel]:
    """By (channel, fund)."""
    rows = await tx.fetch(
        "select code, fund, own, minimum_purchase, day_cap, holding_cap from sales_channel where book = 0 order by code, fund"
    )
    return {(row["code"], row["fund"]): SalesChannel(*row) for row in rows}


async def add_accounts(tx: Any, accounts: Sequence[FundAccount]) -> None:
    """Holders with their routes."""
    names = _names(_ACCOUNT)
    rows = [tuple(getattr(one, name) for name in names) for one in accounts]
    await tx.execute(f"insert into fund_account ({_ACCOUNT}) select * from unnest({_slots(_ACCOUNT_TYPES)})", *_columns(rows, len(names)))
    await tx.execute(
        "insert into trading_account_directory (channel, trading_account, book)"
        " select * from unnest($1::text[], $2::text[], $3::int[]) on conflict do nothing",
        *_columns(sorted({(one.channel, one.trading_account, one.book) for one in accounts}), 3),
    )


async def accounts_by_id(tx: Any, keys: Sequence[tuple[int, UUID]]) -> dict[UUID, FundAccount]:
    rows = await tx.fetch(
        f"select {_ACCOUNT} from fund_account join unnest($1::int[], $2::uuid[]) k(book, id) using (book, id)", *_columns(keys, 2)
    )
    return {row["id"]: FundAccount(*row) for row in rows}


async def accounts_by_trading(tx: Any, channel: str, trading_accounts: Sequence[str]) -> list[FundAccount]:
    """Every holder under these trading accounts of a channel: found by the directory, then in their books."""
    rows = await tx.fetch(
        f"select {_ACCOUNT} from fund_account a join trading_account_directory d using (channel, trading_account, book)"
        " where channel = $1 and trading_account = any($2)",
        channel,
        list(set(trading_accounts)),
    )
    return [FundAccount(*row) for row in rows]


async def accounts_of_channel(tx: Any, channel: str) -> list[FundAccount]:
    return [FundAccount(*row) for row in await tx.fetch(f"select {_ACCOUNT} from fund_account where channel = $1", channel)]


async def accounts_by_application(tx: Any, channel: str, serials: Sequence[str]) -> dict[str, FundAccount]:
    rows = await tx.fetch(
        f"select {_ACCOUNT} from fund_account where channel = $1 and application_serial = any($2)", channel, list(serials)
    )
    return {row["application_serial"]: FundAccount(*row) for row in rows}


async def open_accounts_of_fund(tx: Any) -> list[FundAccount]:
    """Every holder that the registrar knows."""
    return [FundAccount(*row) for row in await tx.fetch(f"select {_ACCOUNT} from fund_account where state = 'open'")]


async def applications_for(tx: Any, day: date) -> list[FundAccount]:
    """What belongs into the 01 of that date, also when it is made once more."""
    rows = await tx.fetch(
        f"select {_ACCOUNT} from fund_account where (state = 'applied' and business_date <= $1) or sent_on = $1"
        " order by application_serial",
        day,
    )
    return [FundAccount(*row) for row in rows]


async def mark_applications_sent(tx: Any, accounts: Sequence[FundAccount], day: date) -> None:
    await tx.execute(
        "update fund_account a set state = 'sent', sent_on = $3 from unnest($1::int[], $2::uuid[]) x(book, id)"
        " where a.book = x.book and a.id = x.id and a.state = 'applied'",
        [one.book for one in accounts],
        [one.id for one in accounts],
        day,
    )


async def answer_applications(tx: Any, answers: Sequence[tuple[int, UUID, str, str, str]]) -> None:
    """(book, id, state, ta account, reason): once."""
    await tx.execute(
        "update fund_account a set state = x.state, ta_account = x.ta_account, reason = x.reason"
        " from unnest($1::int[], $2::uuid[], $3::text[], $4::text[], $5::text[]) x(book, id, state, ta_account, reason)"
        " where a.book = x.book and a.id = x.id and a.state in ('applied', 'sent')",
        *_columns(answers, 5),
    )


async def add_orders(tx: Any, orders: Sequence[OrderRow]) -> None:
    if orders:
        await tx.copy_records_to_table("fund_order", records=map(_order_values, orders), columns=_names(_ORDER))


async def orders_by_serial(tx: Any, books: Sequence[int], channel: str, serials: Sequence[str]) -> dict[str, OrderRow]:
    rows = await tx.fetch(
        f"select {_ORDER} from fund_order where book = any($1) and channel = $2 and serial = any($3)", list(books), channel, list(serials)
    )
    return {row["serial"]: OrderRow(*row) for row in rows}


async def orders_for(tx: Any, day: date, *, deals: bool) -> list[OrderRow]:
    """What belongs into the 03 of that date: orders of that dealing date (on a dealing day), and the fast transfers of its captures."""
    rows = await tx.fetch(
        f"select {_ORDER} from fund_order where dealing_date = $1 and (state = 'placed' or sent_on = $1) and ($2 or business_code = '098')"
        " order by received_at, serial",
        day,
        deals,
    )
    return [OrderRow(*row) for row in rows]


async def mark_orders_sent(tx: Any, orders: Sequence[OrderRow], day: date) -> None:
    await tx.execute(
        "update fund_order o set state = 'sent', sent_on = $3 from unnest($1::int[], $2::uuid[]) x(book, id)"
        " where o.book = x.book and o.id = x.id and o.state = 'placed'",
        [one.book for one in orders],
        [one.id for one in orders],
        day,
    )


async def settle_orders(tx: Any, settled: Sequence[tuple[int, UUID, str, int, int, str]], day: date) -> None:
    """(book, id, state, amount, units, return code) answered (or cancelled) on that date; states only move forward. The amounts are those
    of all answers so far; a deferred order has no date of confirmation yet."""
    await tx.execute(
        "update fund_order o set state = x.state, confirmed_amount = x.amount, confirmed_units = x.units, return_code = x.return_code,"
        " confirmed_on = case when x.state = 'deferred' then null else $7::date end"
        " from unnest($1::int[], $2::uuid[], $3::text[], $4::bigint[], $5::bigint[], $6::text[])"
        " x(book, id, state, amount, units, return_code) where o.book = x.book and o.id = x.id and o.state = any($8)",
        *_columns(settled, 6),
        day,
        sorted(UNANSWERED),
    )


async def move_orders(tx: Any, orders: Sequence[tuple[int, UUID]], state: OrderState) -> None:
    """Orders (book, id) into that state, where it lies before them."""
    await tx.execute(
        "update fund_order o set state = $3 from unnest($1::int[], $2::uuid[]) x(book, id)"
        " where o.book = x.book and o.id = x.id and o.state = any($4)",
        *_columns(orders, 2),
        state,
        sorted(before(state)),
    )


async def orders_by_id(tx: Any, keys: Sequence[tuple[int, UUID]]) -> dict[UUID, OrderRow]:
    rows = await tx.fetch(
        f"select {_ORDER} from fund_order join unnest($1::int[], $2::uuid[]) k(book, id) using (book, id)", *_columns(keys, 2)
    )
    return {row["id"]: OrderRow(*row) for row in rows}


async def orders_of(tx: Any, book: int, fund_account: UUID) -> list[OrderRow]:
    rows = await tx.fetch(
        f"select {_ORDER} from fund_order where book = $1 and fund_account = $2 order by received_at, id", book, fund_account
    )
    return [OrderRow(*row) for row in rows]


async def purchases_of(tx: Any, holders: Sequence[tuple[int, UUID]], first: date) -> dict[tuple[UUID, str], Ordered]:
    """Of each holder (book, id) and fund: what is under way, and what was ordered for the dealing days from `first` on."""
    rows = await tx.fetch(
        "select fund_account, fund, dealing_date, coalesce(sum(amount) filter (where state in ('placed', 'sent')), 0)::bigint as under_way,"
        " coalesce(sum(amount) filter (where dealing_date >= $3), 0)::bigint as ordered"
        " from fund_order join unnest($1::int[], $2::uuid[]) k(book, fund_account) using (book, fund_account)"
        " where business_code = '022' and state <> 'cancelled' and (dealing_date >= $3 or state in ('placed', 'sent'))"
        " group by fund_account, fund, dealing_date",
        *_columns(holders, 2),
        first,
    )
    found: dict[tuple[UUID, str], Ordered] = defaultdict(lambda: Ordered(0, {}))
    for row in rows:
        key = row["fund_account"], row["fund"]
        one = found[key]
        found[key] = Ordered(one.under_way + row["under_way"], {**one.by_day, row["dealing_date"]: row["ordered"]})
    return found


async def redeemed_at_once(tx: Any, holders: Sequence[tuple[int, UUID]], fund: str, channel: str, day: date) -> dict[UUID, int]:
    """Units of a fund that each holder (book, id) had turned into money at once on a date, over a channel; not what taps took."""
    rows = await tx.fetch(
        "select fund_account, sum(units)::bigint as units from fund_order"
        " join unnest($1::int[], $2::uuid[]) k(book, fund_account) using (book, fund_account)"
        " where dealing_date = $5 and fund = $3 and channel = $4 and business_code = '098' and source is null group by fund_account",
        *_columns(holders, 2),
        fund,
        channel,
        day,
    )
    return {row["fund_account"]: row["units"] for row in rows}


async def fast_transfers_under_way(tx: Any, day: date) -> list[OrderRow]:
    """Captured at or before that date, and not moved to the advancer by the registrar on it or before."""
    rows = await tx.fetch(
        f"select {_ORDER} from fund_order where business_code = '098' and business_date <= $1"
        " and (confirmed_on is null or confirmed_on > $1) order by serial",
        day,
    )
    return [OrderRow(*row) for row in rows]


async def unconfirmed(tx: Any, day: date) -> list[tuple[str, int, int, int]]:
    """(channel, orders, fen, units) placed under that business date or before and not confirmed by it: what is listed as transit."""
    rows = await tx.fetch(
        "select channel, business_code, count(*)::int as orders, sum(amount)::bigint as amount, sum(units)::bigint as units from fund_order"
        " where business_date <= $1 and (confirmed_on is null or confirmed_on > $1) group by channel, business_code order by 1, 2",
        day,
    )
    return [(f"{row['channel']}/{row['business_code']}", row["orders"], row["amount"], row["units"]) for row in rows]


async def file_known(tx: Any, names: Sequence[str]) -> dict[str, bytes]:
    """Digest by name."""
    rows = await tx.fetch("select name, digest from exchange_file where book = 0 and name = any($1)", list(names))
    return {row["name"]: row["digest"] for row in rows}


async def add_file(tx: Any, name: str, digest: bytes, records: int, day: date, now: datetime, *, outgoing: bool) -> None:
    await tx.execute(
        "insert into exchange_file (book, name, outgoing, digest, records, business_date, recorded_at) values (0, $1, $2, $3, $4, $5, $6)"
        " on conflict (book, name) do nothing",
        name,
        outgoing,
        digest,
        records,
        day,
        now,
    )


async def add_quotations(tx: Any, rows: Sequence[QuotationRow], now: datetime) -> None:
    await tx.execute(
        f"insert into fund_quotation (book, {_QUOTATION}, recorded_at) select 0, x.*, $8 from unnest($1::text[], $2::date[], $3::bigint[],"
        " $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[]) x on conflict (book, fund, day) do nothing",
        *_columns(rows, 7),
        now,
    )


async def quotations_of_day(tx: Any, day: date) -> dict[str, QuotationRow]:
    """By fund."""
    rows = await tx.fetch(f"select {_QUOTATION} from fund_quotation where book = 0 and day = $1", day)
    return {row["fund"]: QuotationRow(*row) for row in rows}


async def incomes_between(tx: Any, first: date, last: date) -> dict[str, dict[date, int]]:
    """Income per 10,000 units by fund and day."""
    rows = await tx.fetch("select fund, day, income_per_10k from fund_quotation where book = 0 and day between $1 and $2", first, last)
    found: dict[str, dict[date, int]] = defaultdict(dict)
    for row in rows:
        found[row["fund"]][row["day"]] = row["income_per_10k"]
    return found


async def quotations(tx: Any, fund: str, first: date, last: date) -> list[QuotationRow]:
    rows = await tx.fetch(
        f"select {_QUOTATION} from fund_quotation where book = 0 and fund = $1 and day between $2 and $3 order by day",
        fund,
        first,
        last,
    )
    return [QuotationRow(*row) for row in rows]


async def add_income(tx: Any, rows: Sequence[IncomeRow]) -> None:
    await tx.execute(
        "insert into fund_income (book, fund_account, fund, income_date, amount, computed, business_date)"
        " select * from unnest($1::int[], $2::uuid[], $3::text[], $4::date[], $5::bigint[], $6::bigint[], $7::date[])",
        *_columns(rows, 7),
    )


async def income_given(tx: Any, income_date: date) -> set[tuple[str, UUID]]:
    """(fund, holder) whose income of that date is posted."""
    rows = await tx.fetch("select fund, fund_account from fund_income where income_date = $1", income_date)
    return {(row["fund"], row["fund_account"]) for row in rows}


async def income_of(tx: Any, book: int, fund_account: UUID) -> list[tuple[date, int]]:
    """(income date, fen of all funds), oldest first."""
    rows = await tx.fetch(
        "select income_date, sum(amount)::bigint as amount from fund_income where book = $1 and fund_account = $2"
        " group by income_date order by income_date",
        book,
        fund_account,
    )
    return [(row["income_date"], row["amount"]) for row in rows]


async def income_totals(tx: Any, fund: str) -> dict[date, tuple[int, int, int]]:
    """By income date: (holders, the registrar's total, ours)."""
    rows = await tx.fetch(
        "select income_date, count(*)::int as holders, sum(amount)::bigint as amount, sum(computed)::bigint as computed"
        " from fund_income where fund = $1 group by income_date",
        fund,
    )
    return {row["income_date"]: (row["holders"], row["amount"], row["computed"]) for row in rows}


async def replace_holdings(tx: Any, day: date, channel: str, rows: Sequence[tuple[str, str, str, int]]) -> None:
    """(fund, ta account, trading account, units) as the registrar's 05 of that date has them."""
    await tx.execute("delete from registrar_holding where book = 0 and business_date = $1 and channel = $2", day, channel)
    await tx.execute(
        "insert into registrar_holding (book, business_date, channel, fund, ta_account, trading_account, units)"
        " select 0, $1, $2, x.* from unnest($3::text[], $4::text[], $5::text[], $6::bigint[]) x",
        day,
        channel,
        *_columns(rows, 4),
    )


async def holdings_on(tx: Any, day: date) -> dict[tuple[str, str, str, str], int]:
    """Units by (fund, channel, ta account, trading account), by the registrar."""
    rows = await tx.fetch(
        "select fund, channel, ta_account, trading_account, units from registrar_holding where book = 0 and business_date = $1", day
    )
    return {(row["fund"], row["channel"], row["ta_account"], row["trading_account"]): row["units"] for row in rows}


async def add_redemptions(tx: Any, fresh: Sequence[Redemption]) -> None:
    """As they are sent."""
    await tx.execute(
        "insert into advance_redemption (book, serial, fund, dealing_date, units, state)"
        " select 0, x.*, 'sent' from unnest($1::text[], $2::text[], $3::date[], $4::bigint[]) x on conflict do nothing",
        *_columns([one[:4] for one in fresh], 4),
    )


async def add_redemption_parts(tx: Any, parts: Mapping[str, Mapping[int, int]]) -> None:
    """Each book's units in redemptions, by serial."""
    await tx.execute(
        "insert into advance_redemption_part (serial, book, units)"
        " select * from unnest($1::text[], $2::int[], $3::bigint[]) on conflict do nothing",
        *_columns([(serial, book, units) for serial, of in parts.items() for book, units in of.items()], 3),
    )


async def redemptions(tx: Any) -> list[Redemption]:
    rows = await tx.fetch(
        "select serial, fund, dealing_date, units, state, confirmed_on, paid_on from advance_redemption where book = 0"
        " order by dealing_date, serial"
    )
    return [Redemption(*row) for row in rows]


async def redemption_parts(tx: Any, serials: Sequence[str]) -> dict[str, dict[int, int]]:
    """Units by book, of each."""
    rows = await tx.fetch("select serial, book, units from advance_redemption_part where serial = any($1) order by book", list(serials))
    parts: dict[str, dict[int, int]] = {serial: {} for serial in serials}
    for row in rows:
        parts[row["serial"]][row["book"]] = row["units"]
    return parts


async def move_redemption(tx: Any, serial: str, state: str, day: date) -> None:
    """sent → confirmed → paid; or sent → refused: then its units may be asked for again."""
    column = {"confirmed": "confirmed_on", "refused": "confirmed_on", "paid": "paid_on"}[state]
    await tx.execute(f"update advance_redemption set state = $2, {column} = $3 where book = 0 and serial = $1", serial, state, day)


def _names(columns: str) -> list[str]:
    return columns.replace(" ", "").split(",")


def _slots(types: str) -> str:
    return ", ".join(f"${number}::{kind}[]" for number, kind in enumerate(types.split(), 1))


def _columns(rows: Sequence[Sequence[Any]], width: int) -> list[list[Any]]:
    return [[row[column] for row in rows] for column in range(width)]
