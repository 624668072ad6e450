"""SQL of orders: placed, sent, answered, and what of a holder's is under way. Lists in, lists out."""

from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from operator import attrgetter
from typing import Any, NamedTuple
from uuid import UUID

from tapwealth.funds.order_state import UNANSWERED, OrderState, before
from tapwealth.storage.columns import columns, names, shortened
from tapwealth.storage.fixed_rows import TEXT, Rows, stream_rows


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
    """What it comes of: the tap or bill that a fast transfer covers, the freeze that is ended, the plan of a 039."""
    large_flag: str = ""
    """Of a redemption: what becomes of what a large-redemption day leaves (`exchange_values`)."""
    nav: int = 0
    """Of a fund with a NAV: 1/10,000 yuan, as it was confirmed last."""
    charge: int = 0
    """Of a fund with a NAV: the fee in fen, of all answers so far."""
    target_fund: str = ""
    """Of a switch: the fund it goes into, the ledger account of its units, and how many of them it became."""
    target_holding: int = 0
    target_units: int = 0


class Placed(NamedTuple):
    """A purchase as it is placed: an `OrderRow` of which nothing else is known yet."""

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
    received_at: datetime
    dealing_date: date
    business_date: date
    state: str = "placed"
    source: UUID | None = None


class Outgoing(NamedTuple):
    """What goes to the registrar of an order and its holder."""

    serial: str
    business_code: str
    trading_account: str
    ta_account: str
    fund: str
    amount: int
    units: int
    received_at: datetime
    channel: str
    large_flag: str
    target_fund: str
    dividend_method: str
    source: UUID | None


class Ordered(NamedTuple):
    """A holder's purchases of a fund in fen: those under way (placed or sent), and those of each dealing day asked for."""

    under_way: int
    by_day: dict[date, int]


_ORDER = (
    "book, id, serial, channel, fund, fund_account, funding, holding, business_code, amount, units, received_at, dealing_date,"
    " business_date, state, sent_on, confirmed_on, confirmed_amount, confirmed_units, return_code, source, large_flag, nav, charge,"
    " target_fund, target_holding, target_units"
)


_AT_ONCE = 4_096

_order_values = attrgetter(*_ORDER.replace(" ", "").split(","))


async def add_orders(tx: Any, orders: Sequence[OrderRow]) -> None:
    if orders:
        await tx.copy_records_to_table("fund_order", records=map(_order_values, orders), columns=names(_ORDER))


_ADD_PLACED = """
insert into fund_order (book, id, serial, fund_account, funding, holding, amount, source,
                        channel, fund, business_code, received_at, dealing_date, business_date, state)
  select book, id, serial, fund_account, funding, holding, amount, source,
         coalesce(channel, ($9::text[])[1]), coalesce(fund, ($10::text[])[1]), coalesce(business_code, ($11::text[])[1]),
         coalesce(received_at, ($12::timestamptz[])[1]), coalesce(dealing_date, ($13::date[])[1]),
         coalesce(business_date, ($14::date[])[1]), coalesce(state, ($15::text[])[1])
    from unnest($1::int[], $2::uuid[], $3::text[], $4::uuid[], $5::bigint[], $6::bigint[], $7::bigint[], $8::uuid[],
                $9::text[], $10::text[], $11::text[], $12::timestamptz[], $13::date[], $14::date[], $15::text[])
      x(book, id, serial, fund_account, funding, holding, amount, source,
        channel, fund, business_code, received_at, dealing_date, business_date, state)
"""
"""Of a column from the ninth on, one element stands for all where they are the same."""


async def add_placed(tx: Any, orders: Sequence[Placed]) -> None:
    if not orders:
        return
    book, key, serial, channel, fund, holder, funding, holding, code, amount, received_at, *dated, source = zip(*orders, strict=True)
    same = [shortened(column) for column in (channel, fund, code, received_at, *dated)]
    await tx.execute(_ADD_PLACED, book, key, serial, holder, funding, holding, amount, source if any(source) else (), *same)


async def serials_known(tx: Any, books: Sequence[int], channel: str, serials: Sequence[str]) -> set[str]:
    """Those that orders of a channel have already."""
    rows = await tx.fetch(
        "select serial from fund_order where book = any($1) and channel = $2 and serial = any($3)", list(books), channel, list(serials)
    )
    return {row["serial"] for row in rows}


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


_GOES_OUT = "dealing_date = $1 and (state = 'placed' or sent_on = $1) and ($2 or business_code = '098')"


async def outgoing_counts(tx: Any, day: date, *, deals: bool) -> dict[str, tuple[int, bool]]:
    """How many `orders_for` a date each channel has, and whether all are purchases (022)."""
    rows = await tx.fetch(
        "select channel, count(*)::int as orders, bool_and(business_code = '022') as purchases"
        f" from fund_order where {_GOES_OUT} group by channel",
        day,
        deals,
    )
    return {row["channel"]: (row["orders"], row["purchases"]) for row in rows}


async def outgoing_purchases(tx: Any, day: date, channel: str, take: Callable[[Rows], bool]) -> None:
    """A channel's `orders_for` a dealing date that are all purchases, in their order, handed over slice by slice: columns as `Purchases` of
    its 03 has them. Raises UnequalRows where their texts are not equally wide."""
    await stream_rows(
        tx,
        "select o.serial, a.trading_account, a.ta_account, o.fund, o.amount, o.received_at"
        f" from (select * from fund_order where {_GOES_OUT} and channel = $3) o"
        " join fund_account a on a.book = o.book and a.id = o.fund_account order by o.received_at, o.serial",
        day,
        True,
        channel,
        row=_OUTGOING,
        take=take,
    )


_OUTGOING = {"serial": TEXT, "trading_account": TEXT, "ta_account": TEXT, "fund": TEXT, "amount": ">i8", "received": ">i8"}


async def outgoing(tx: Any, day: date, channel: str, *, deals: bool) -> AsyncIterator[list[Outgoing]]:
    """A channel's `orders_for` a date, in their order, some thousands at a time: what its 03 says of them."""
    cursor = await tx.cursor(
        "select o.serial, o.business_code, a.trading_account, a.ta_account, o.fund, o.amount, o.units, o.received_at, o.channel,"
        " o.large_flag, o.target_fund, coalesce(c.method, ''), o.source"
        f" from (select * from fund_order where {_GOES_OUT} and channel = $3) o"
        " join fund_account a on a.book = o.book and a.id = o.fund_account"
        " left join dividend_choice c on c.book = o.book and c.fund_order = o.id order by o.received_at, o.serial",
        day,
        deals,
        channel,
    )
    while rows := await cursor.fetch(_AT_ONCE):
        yield [Outgoing(*row) for row in rows]


async def mark_orders_sent(tx: Any, day: date, *, deals: bool) -> None:
    """All `orders_for` that date."""
    await tx.execute(f"update fund_order set state = 'sent', sent_on = $1 where {_GOES_OUT} and state = 'placed'", day, deals)


async def purchases_sent(tx: Any, channel: str, day: date) -> list[tuple[int, int]]:
    """(book, fen) of a channel's purchases that left with the 03 of that date."""
    rows = await tx.fetch(
        "select book, sum(amount)::bigint as amount from fund_order where channel = $1 and business_code in ('022', '039')"
        " and dealing_date = $2 and sent_on = $2 group by book order by book",
        channel,
        day,
    )
    return [(row["book"], row["amount"]) for row in rows]


async def settle_orders(tx: Any, settled: Sequence[tuple[int, UUID, str, int, int, str]], day: date) -> None:
    """(book, id, state, amount, units, return code) answered (or cancelled) on that date; states only move forward. The amounts are those
    of all answers so far; an accepted or deferred order has no date of confirmation yet."""
    await tx.execute(
        "update fund_order o set state = x.state, confirmed_amount = x.amount, confirmed_units = x.units, return_code = x.return_code,"
        " confirmed_on = case when x.state in ('accepted', 'deferred') then null else $7::date end,"
        " under_way = x.state in ('accepted', 'deferred')"
        " from unnest($1::int[], $2::uuid[], $3::text[], $4::bigint[], $5::bigint[], $6::text[])"
        " x(book, id, state, amount, units, return_code) where o.book = x.book and o.id = x.id and o.state = any($8)",
        *columns(settled, 6),
        day,
        sorted(UNANSWERED),
    )


async def price_orders(tx: Any, priced: Sequence[tuple[int, UUID, int, int]]) -> None:
    """(book, id, NAV, fee) of an answer to an order of a fund with a NAV; the fees of several answers add up."""
    await tx.execute(
        "update fund_order o set nav = x.nav, charge = o.charge + x.charge"
        " from unnest($1::int[], $2::uuid[], $3::bigint[], $4::bigint[]) x(book, id, nav, charge) where o.book = x.book and o.id = x.id",
        *columns(priced, 4),
    )


async def count_switched(tx: Any, switched: Sequence[tuple[int, UUID, int]]) -> None:
    """(book, id, units of the fund that was entered)."""
    await tx.execute(
        "update fund_order o set target_units = x.units from unnest($1::int[], $2::uuid[], $3::bigint[]) x(book, id, units)"
        " where o.book = x.book and o.id = x.id",
        *columns(switched, 3),
    )


async def move_orders(tx: Any, orders: Sequence[tuple[int, UUID]], state: OrderState) -> None:
    """Orders (book, id) into that state, where it lies before them."""
    await tx.execute(
        "update fund_order o set state = $3 from unnest($1::int[], $2::uuid[]) x(book, id)"
        " where o.book = x.book and o.id = x.id and o.state = any($4)",
        *columns(orders, 2),
        state,
        sorted(before(state)),
    )


async def orders_by_id(tx: Any, keys: Sequence[tuple[int, UUID]]) -> dict[UUID, OrderRow]:
    rows = await tx.fetch(
        f"select {_ORDER} from fund_order join unnest($1::int[], $2::uuid[]) k(book, id) using (book, id)", *columns(keys, 2)
    )
    return {row["id"]: OrderRow(*row) for row in rows}


async def orders_of(tx: Any, book: int, fund_account: UUID) -> list[OrderRow]:
    rows = await tx.fetch(
        f"select {_ORDER} from fund_order where book = $1 and fund_account = $2 order by received_at, id", book, fund_account
    )
    return [OrderRow(*row) for row in rows]


async def purchases_of(tx: Any, holders: Sequence[tuple[int, UUID]], first: date) -> dict[tuple[UUID, str], Ordered]:
    """Of each holder (book, id) and fund: what is under way, and what was ordered for the dealing days from `first` on. What was answered
    for earlier days is not looked at: it costs the same after a day as after years of daily purchases."""
    rows = await tx.fetch(
        "with holder as (select * from unnest($1::int[], $2::uuid[]) k(book, fund_account)), found as ("
        " select fund_account, fund, dealing_date, amount, state in ('placed', 'sent') as under_way from holder"
        " join fund_order using (book, fund_account) where dealing_date >= $3 and business_code in ('022', '039') and state <> 'cancelled'"
        " union all select fund_account, fund, dealing_date, amount, true from holder join fund_order using (book, fund_account)"
        " where dealing_date < $3 and business_code in ('022', '039') and under_way and state in ('placed', 'sent'))"
        " select fund_account, fund, dealing_date, coalesce(sum(amount) filter (where under_way), 0)::bigint as under_way,"
        " coalesce(sum(amount) filter (where dealing_date >= $3), 0)::bigint as ordered from found group by 1, 2, 3",
        *columns(holders, 2),
        first,
    )
    found: dict[tuple[UUID, str], Ordered] = defaultdict(lambda: Ordered(0, {}))
    for row in rows:
        key = row["fund_account"], row["fund"]
        one = found[key]
        found[key] = Ordered(one.under_way + row["under_way"], {**one.by_day, row["dealing_date"]: row["ordered"]})
    return found


async def mark_under_way(tx: Any, books: Sequence[int], channels: Sequence[str], fund: str) -> None:
    """What is under way of the orders of channels that capped nothing so far: until now nobody asked. All that was ever ordered is looked
    at, which is once for a channel that begins to cap."""
    await tx.execute(
        "update fund_order set under_way = true where book = any($1) and channel = any($2) and fund = $3"
        " and business_code in ('022', '039') and state in ('placed', 'sent') and not under_way",
        list(books),
        list(channels),
        fund,
    )


async def redeemed_at_once(tx: Any, holders: Sequence[tuple[int, UUID]], fund: str, channel: str, day: date) -> dict[UUID, int]:
    """Units of a fund that each holder (book, id) had turned into money at once on a date, over a channel; not what taps took."""
    rows = await tx.fetch(
        "select fund_account, sum(units)::bigint as units from fund_order"
        " join unnest($1::int[], $2::uuid[]) k(book, fund_account) using (book, fund_account)"
        " where dealing_date = $5 and fund = $3 and channel = $4 and business_code = '098' and source is null group by fund_account",
        *columns(holders, 2),
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
