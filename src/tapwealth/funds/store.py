"""SQL of the shelf and its holders: funds, channels, fund accounts. Lists in, lists out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from tapwealth.funds.conditions import FundKind, FundStatus
from tapwealth.funds.nav import Rounding, worth
from tapwealth.kernel.money import Asset
from tapwealth.storage.columns import columns, names, slots


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
    registrar_plans: bool = False
    """The same."""
    version: int = 1
    """Of the catalogue: the one that stands."""
    on_sale: bool = True
    """Within its sale window, and not closed by a product manager."""
    kyc_class: int = 1
    """The least class of a buyer's payment account."""
    youngest: int | None = None
    """Of a buyer, in full years; None: no bound."""
    oldest: int | None = None
    """The same."""

    @property
    def pays(self) -> bool:
        """Whether something can be paid from it right now: at 1.0000, and while the registrar takes its units back."""
        return self.kind is FundKind.MONEY and self.status.redeems

    def value(self, units: int, navs: Mapping[str, int]) -> int:
        """Fen of its units: at 1.0000, or at the last NAV by fund, where one is known."""
        return units if self.kind is FundKind.MONEY else worth(units, navs.get(self.code, 0), Rounding.CUT_OFF)


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


class Holder(NamedTuple):
    """What a channel's order asks of a `FundAccount`."""

    book: int
    id: UUID
    ta_account: str
    trading_account: str
    state: str
    reason: str


_ACCOUNT = (
    "book, id, channel, trading_account, ta_account, application_serial, business_code, sealed, shown_name, state, reason,"
    " business_date, sent_on, applied_at"
)


_ACCOUNT_TYPES = "int uuid text text text text text bytea text text text date date timestamptz"


async def put_fund(
    tx: Any, fund: Fund, channels: Sequence[SalesChannel], opens: datetime | None = None, closes: datetime | None = None
) -> None:
    """What a version of the catalogue says of it, in place of what the one before it said; its units and its registrar stay."""
    await tx.execute(
        "insert into fund (book, code, asset, name, name_en, registrar, risk_level, cut_off_hour, custody_account, version, opens, closes,"
        " kyc_class, youngest, oldest) values (0, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)"
        " on conflict (book, code) do update set name = $3, name_en = $4,"
        " risk_level = $6, cut_off_hour = $7, custody_account = $8, version = $9, opens = $10, closes = $11, closed = false,"
        " kyc_class = $12, youngest = $13, oldest = $14",
        fund.code,
        fund.asset,
        fund.name,
        fund.name_en,
        fund.registrar,
        fund.risk_level,
        fund.cut_off_hour,
        fund.custody_account,
        fund.version,
        opens,
        closes,
        fund.kyc_class,
        fund.youngest,
        fund.oldest,
    )
    rows = [(one.code, one.fund, one.own, one.minimum_purchase, one.day_cap, one.holding_cap) for one in channels]
    await tx.execute(
        "insert into sales_channel (book, code, fund, own, minimum_purchase, day_cap, holding_cap, version)"
        " select 0, x.*, $7 from unnest($1::text[], $2::text[], $3::bool[], $4::bigint[], $5::bigint[], $6::bigint[]) x"
        " on conflict (book, code, fund) do update set own = excluded.own, minimum_purchase = excluded.minimum_purchase,"
        " day_cap = excluded.day_cap, holding_cap = excluded.holding_cap, version = excluded.version",
        *columns(rows, 6),
        fund.version,
    )


async def close_fund(tx: Any, fund: str) -> None:
    """It is sold no more."""
    await tx.execute("update fund set closed = true where book = 0 and code = $1", fund)


async def funds(tx: Any) -> dict[str, Fund]:
    """The shelf, by code."""
    rows = await tx.fetch(
        "select code, asset, name, name_en, registrar, risk_level, cut_off_hour, custody_account, coalesce((select status from fund_status"
        " s where s.book = 0 and s.fund = fund.code order by day desc limit 1), '0') as status,"
        " coalesce((select conditions ->> 'kind' from fund_conditions c where c.book = 0 and c.fund = fund.code"
        " order by version desc limit 1), 'money') as kind,"
        " coalesce((select (conditions ->> 'registrar_plans')::boolean from fund_conditions c where c.book = 0 and c.fund = fund.code"
        " order by version desc limit 1), false) as registrar_plans, version, not closed and (opens is null or opens <= (select instant"
        " from platform_clock where id = 1)) and (closes is null or closes > (select instant from platform_clock where id = 1)) as on_sale,"
        " kyc_class, youngest, oldest"
        " from fund where book = 0 order by code"
    )
    return {row[0]: Fund(*(row[0], Asset(row[1]), *row[2:8], FundStatus(row[8]), FundKind(row[9]), *row[10:])) for row in rows}


async def channels(tx: Any) -> dict[tuple[str, str], SalesChannel]:
    """By (channel, fund)."""
    rows = await tx.fetch(
        "select code, fund, own, minimum_purchase, day_cap, holding_cap from sales_channel where book = 0 order by code, fund"
    )
    return {(row["code"], row["fund"]): SalesChannel(*row) for row in rows}


async def add_accounts(tx: Any, accounts: Sequence[FundAccount]) -> None:
    """Holders with their routes."""
    fields = names(_ACCOUNT)
    rows = [tuple(getattr(one, name) for name in fields) for one in accounts]
    await tx.execute(f"insert into fund_account ({_ACCOUNT}) select * from unnest({slots(_ACCOUNT_TYPES)})", *columns(rows, len(fields)))
    await tx.execute(
        "insert into trading_account_directory (channel, trading_account, book)"
        " select * from unnest($1::text[], $2::text[], $3::int[]) on conflict do nothing",
        *columns(sorted({(one.channel, one.trading_account, one.book) for one in accounts}), 3),
    )


async def accounts_by_id(tx: Any, keys: Sequence[tuple[int, UUID]]) -> dict[UUID, FundAccount]:
    rows = await tx.fetch(
        f"select {_ACCOUNT} from fund_account join unnest($1::int[], $2::uuid[]) k(book, id) using (book, id)", *columns(keys, 2)
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


async def holders_by_id(tx: Any, keys: Sequence[tuple[int, UUID]]) -> dict[UUID, Holder]:
    rows = await tx.fetch(
        "select book, id, ta_account, trading_account, state, reason from fund_account"
        " join unnest($1::int[], $2::uuid[]) k(book, id) using (book, id)",
        *columns(keys, 2),
    )
    return {row["id"]: Holder(*row) for row in rows}


async def holders_by_trading(tx: Any, channel: str, trading_accounts: Sequence[str]) -> list[Holder]:
    """As `accounts_by_trading`: what a channel's order asks of its holder."""
    rows = await tx.fetch(
        "select book, id, ta_account, trading_account, state, reason from fund_account a"
        " join trading_account_directory d using (channel, trading_account, book) where channel = $1 and trading_account = any($2)",
        channel,
        list(set(trading_accounts)),
    )
    return [Holder(*row) for row in rows]


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
        *columns(answers, 5),
    )
