"""Orders of another channel's file (03) that stand for certain, placed set by set in the database.

The file is copied into a table as it is read, and joined with its holders. What the rules say of an order is asked once for all orders that
are alike (`funds.purchase.decide`, of the least and the greatest of them). If anything about any of them is not for certain right, nothing
is placed, and the file is looked at order by order (`channel`), which knows what is wrong with it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from tapwealth.flows.frame import House
from tapwealth.flows.funds import file_tables
from tapwealth.flows.funds.file_tables import Plan
from tapwealth.funds.exchange_in import Incoming
from tapwealth.funds.exchange_values import BusinessCode
from tapwealth.funds.order_state import OrderState
from tapwealth.funds.store import Holder
from tapwealth.kernel.clock import shanghai
from tapwealth.kernel.ids import milliseconds
from tapwealth.kernel.money import Asset
from tapwealth.ledger.chart import Kind, house_account
from tapwealth.ledger.port import Limit, NewAccount
from tapwealth.storage.database import Tx
from tapwealth.wire.ofd import read_time, write_date

_COLUMNS = {
    "AppSheetSerialNo": "serial",
    "BusinessCode": "business_code",
    "TransactionAccountID": "trading_account",
    "TAAccountID": "ta_account",
    "FundCode": "fund",
    "ApplicationAmount": "amount",
    "TransactionDate": "ordered_on",
    "TransactionTime": "ordered_at",
    "DistributorCode": "distributor",
}
_TIME = "^[0-2][0-9][0-5][0-9][0-5][0-9]$"

_ALIKE = f"""
select rtrim(fund) fund, business_code, rtrim(distributor) distributor, ordered_on, left(ordered_at, 2) as hour, min(ordered_at) as first,
       max(ordered_at) as last, min(amount) as least, max(amount) as most,
       bool_and(ordered_at ~ '{_TIME}' and rtrim(serial) <> '') as readable
  from order_said group by 1, 2, 3, 4, 5
"""  # noqa: S608 - a pattern of ours
_TWICE = "select exists (select from order_said group by serial having count(*) > 1)"
_BETWEEN = """
select exists (select from unnest($1::int[]) b(book),
  lateral (select from fund_order o where o.book = b.book and o.channel = $2 and o.serial between $3 and $4 order by o.serial limit 1) o)
"""
"""Whether any order of the channel has a serial between these."""
_KNOWN = """
select exists (select from order_said s, unnest($1::int[]) b(book),
  lateral (select from fund_order o where o.book = b.book and o.channel = $2 and o.serial = rtrim(s.serial) offset 0) o)
"""
_SIDE = """
create temporary table order_side (serial text, fund text, book int, holder uuid, state text, reason text, account bigint, asset smallint,
  amount bigint, hour text, seconds int) on commit drop
"""
_MATCH = """
insert into order_side
select rtrim(s.serial), f.fund, a.book, a.id, a.state, a.reason, h.id, f.asset, s.amount::bigint, left(s.ordered_at, 2),
       left(s.ordered_at, 2)::int * 3600 + substr(s.ordered_at, 3, 2)::int * 60 + right(s.ordered_at, 2)::int
  from order_said s
  join unnest($2::text[], $3::smallint[]) f(fund, asset) on f.fund = rtrim(s.fund)
 {holders}
"""
_MATCH_LOOKED_UP = _MATCH.format(
    holders="""
 cross join lateral (select d.book, d.trading_account from trading_account_directory d
                      where d.channel = $1 and d.trading_account = rtrim(s.trading_account) offset 0) d
 cross join lateral (select a.book, a.id, a.state, a.reason from fund_account a where a.book = d.book and a.channel = $1
                        and a.trading_account = d.trading_account and a.ta_account = rtrim(s.ta_account) offset 0) a
  left join lateral (select h.id from account h
                      where h.book = a.book and h.kind = $4 and h.owner = a.id and h.asset = f.asset offset 0) h on true
"""
)
_MATCH_WHOLE = _MATCH.format(
    holders="""
  join fund_account a on a.channel = $1 and a.trading_account = rtrim(s.trading_account) and a.ta_account = rtrim(s.ta_account)
  left join account h on h.book = a.book and h.kind = $4 and h.owner = a.id and h.asset = f.asset
"""
)
"""The same for a file that is not small beside the tables: they are read as a whole."""
_HOLDERS = """
select fund, state, reason, min(amount) as least, max(amount) as most, count(*)::int as orders, sum(amount)::bigint as amount
  from order_side group by 1, 2, 3
"""
_WITHOUT_ACCOUNT = "select distinct book, holder, asset from order_side where account is null"
_OPENED = """
update order_side s set account = x.account from unnest($1::uuid[], $2::smallint[], $3::bigint[]) x(holder, asset, account)
 where s.account is null and s.holder = x.holder and s.asset = x.asset
"""
_PLACE = """
insert into fund_order (book, id, serial, channel, fund, fund_account, funding, holding, business_code, amount, received_at, dealing_date,
                        business_date, state, under_way)
select s.book, named_id($6::bigint + s.seconds * 1000, s.book, s.draw), s.serial, $1, s.fund, s.holder, ($7::bigint[])[s.book],
       s.account, $2, s.amount, $3::timestamptz + s.seconds * interval '1 second', t.day, $4, $5, false
  from (select *, name_draw('order:' || $1::text || ':' || serial) draw from order_side offset 0) s
  join unnest($8::text[], $9::text[], $10::date[]) t(fund, hour, day) on t.fund = s.fund and t.hour = s.hour
"""
_SUMS = "select book, sum(amount)::bigint as amount from order_side group by book"


class Alike(NamedTuple):
    """Orders of a fund by holders of the same standing: the least and the greatest of them, in fen, say what the rules say of all."""

    fund: str
    holder: Holder
    least: int
    most: int


@dataclass(frozen=True, slots=True)
class Asked:
    """A channel's file and the rules. `dealt` gives the dealing date of an order for a fund of an instant, later ones no earlier date;
    `stands` says whether such orders may be placed."""

    channel: str
    day: date
    received_at: datetime
    assets: Mapping[str, int]
    dealt: Callable[[str, datetime], date]
    stands: Callable[[Alike], bool]
    most: int
    """Fen that the orders may come to."""


async def place(house: House, tx: Tx, asked: Asked, incoming: Incoming[Any]) -> tuple[int, dict[int, int]] | None:
    """Place a file's orders: how many, and their sum in each book. None, and nothing is placed, if one of them is not for certain right.
    Raises BadInput for a file that is not whole."""
    orders, rising = await file_tables.stage(tx, "order_said", incoming, _COLUMNS)
    days = _days(asked, await tx.fetch(_ALIKE))
    if days is None or await _known(house, tx, asked.channel, rising):
        return None
    await tx.execute(_SIDE)
    whole = await file_tables.whole(tx, orders, "fund_account", "account")
    async with file_tables.planned(tx, Plan.SIDE_BY_SIDE if whole else Plan.LOOK_UP):
        match = _MATCH_WHOLE if whole else _MATCH_LOOKED_UP
        await tx.execute(match, asked.channel, list(asked.assets), list(asked.assets.values()), Kind.HOLDING)
    if not _all_stand(asked, orders, await tx.fetch(_HOLDERS)):
        return None
    await _open_accounts(house, tx)
    await _write(house, tx, asked, days)
    return orders, {row["book"]: row["amount"] for row in await tx.fetch(_SUMS)}


async def _known(house: House, tx: Tx, channel: str, rising: tuple[str, str] | None) -> bool:
    """Whether an order of the channel has one of the serials already, or another of the file. Mostly they rise beyond all that were."""
    books = list(house.all_books)
    async with file_tables.planned(tx, Plan.LOOK_UP):
        if rising and not await tx.fetchval(_BETWEEN, books, channel, *rising):
            return False
        return bool(await tx.fetchval(_TWICE) or await tx.fetchval(_KNOWN, books, channel))


def _days(asked: Asked, alike: Sequence[Any]) -> dict[tuple[str, str], date] | None:
    """The dealing dates by fund and hour; None if it depends on the minute, or if something of the orders is not right."""
    days: dict[tuple[str, str], date] = {}
    for one in alike:
        right = one["business_code"], one["distributor"], one["ordered_on"]
        if right != (BusinessCode.PURCHASE, asked.channel, write_date(asked.day)) or not one["readable"] or not one["least"].isdigit():
            return None
        if one["fund"] not in asked.assets or one["hour"] >= "24":
            return None
        first, last = (_instant(asked.day, one[which]) for which in ("first", "last"))
        day = asked.dealt(one["fund"], first)
        if last > asked.received_at or asked.dealt(one["fund"], last) != day:
            return None
        days[one["fund"], one["hour"]] = day
    return days


def _instant(day: date, text: str) -> datetime:
    at = read_time(text, "")
    return shanghai(day, at.hour, at.minute, at.second)


def _all_stand(asked: Asked, orders: int, alike: Sequence[Any]) -> bool:
    """Whether each order has its holder, the rules let all of them stand, and there is money for them."""
    return (
        sum(one["orders"] for one in alike) == orders
        and sum(one["amount"] for one in alike) <= asked.most
        and all(asked.stands(Alike(one["fund"], _holder(one), one["least"], one["most"])) for one in alike)
    )


def _holder(one: Any) -> Holder:
    """Anybody of that standing."""
    return Holder(0, UUID(int=0), "", "", one["state"], one["reason"])


async def _open_accounts(house: House, tx: Tx) -> None:
    """For the units of those who have none yet."""
    rows = await tx.fetch(_WITHOUT_ACCOUNT)
    wanted = [NewAccount(row["book"], Kind.HOLDING, row["holder"], row["asset"], Limit.DEBITS_WITHIN_CREDITS) for row in rows]
    opened = await house.ledger.open_accounts(tx, wanted)
    if opened:
        await tx.execute(_OPENED, [row["holder"] for row in rows], [row["asset"] for row in rows], opened)


async def _write(house: House, tx: Tx, asked: Asked, days: Mapping[tuple[str, str], date]) -> None:
    midnight = shanghai(asked.day)
    await tx.execute(
        _PLACE,
        *(asked.channel, BusinessCode.PURCHASE, midnight, asked.day, OrderState.PLACED, milliseconds(midnight)),
        [house_account(book, Kind.CHANNEL_FUNDS, Asset.CNY) for book in house.all_books],
        *([fund for fund, _ in days], [hour for _, hour in days], list(days.values())),
    )
