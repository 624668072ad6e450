"""Everything that a customer owned at the end of a business date, by product and asset.

What lies on accounts is read from the ledger as of that date, whichever product opened them; what is on no account of the customer's is
listed as under way. So over all customers each kind of account comes to what the books of that date say. Of a date that is over and closed
nothing here changes any more but for prices that are corrected.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple

import msgspec

from tapwealth.catalogue.definition import Names
from tapwealth.customers.store import PersonRow
from tapwealth.deposits import raise_store
from tapwealth.deposits import store as deposits
from tapwealth.deposits.deposit import Deposit
from tapwealth.deposits.raise_store import SubscriptionRow
from tapwealth.flows.deposits import raise_catalogue
from tapwealth.flows.deposits.deposit_terms import terms_of
from tapwealth.flows.frame import House, moment
from tapwealth.flows.funds.pocket import holding_of
from tapwealth.flows.issuing.tap import cash_account
from tapwealth.flows.reports import store
from tapwealth.flows.reports.words import Words
from tapwealth.funds import quotation_store
from tapwealth.funds import store as funds
from tapwealth.funds.conditions import FundKind
from tapwealth.funds.nav import NAV_SCALE
from tapwealth.funds.store import Fund
from tapwealth.issuing import store as issuing
from tapwealth.kernel.money import Asset
from tapwealth.kernel.refusal import BadInput
from tapwealth.ledger.chart import Kind
from tapwealth.ledger.port import Limit, NewAccount

MONEY, UNDER_WAY = "CNY", "under_way"
AS_IT_STANDS = date(9999, 12, 30)
"""A date behind which no line is."""


class AssetLine(msgspec.Struct, frozen=True):
    """One thing owned. `asset`: CNY, or a fund's code; `amount` in fen, of a fund in 1/100 unit. `nav` in 1/10,000 yuan of `nav_date`
    (None: money, or always 1.0000, or not known yet, then `nav` is 0); `worth` in fen. `product`: its code in the catalogue, or ""."""

    what: str
    product: str
    text_zh: str
    text_en: str
    asset: str
    amount: int
    nav: int
    nav_date: date | None
    worth: int


class AssetsView(msgspec.Struct, frozen=True):
    """At the end of `date`; while that is not `closed`, as far as it has come. `worth` is the sum in fen."""

    date: date
    closed: bool
    shown_name: str
    worth: int
    assets: list[AssetLine]


class _Account(NamedTuple):
    """An account that may be there, and what its balance is called. `fund`: whose units it holds."""

    what: str
    name: NewAccount
    words: Words
    product: str = ""
    fund: Fund | None = None


async def owned_on(house: House, tx: Any, person: PersonRow, wanted: date | None) -> AssetsView:
    """At the end of that date; None: now. Raises BadInput for one that has not come."""
    at = await moment(tx)
    open_date = at.date_of(at.now)
    if wanted is not None and wanted > open_date:
        raise BadInput(f"{wanted} has not come yet", where="date", hint=f"give {open_date} or earlier")
    return await assets_of(house, tx, person, wanted or open_date)


async def assets_of(house: House, tx: Any, person: PersonRow, day: date) -> AssetsView:
    """Read in one snapshot: a number of questions that hangs neither on the date nor on how much was done."""
    wanted = [
        *_money(person),
        *await _cards(tx, person),
        *await _funds(tx, person),
        *await _wealth(tx, person),
        *await _deposits(tx, person),
    ]
    found = await house.ledger.find_accounts(tx, [one.name for one in wanted])
    held = {number: one for number, one in zip(found, wanted, strict=True) if number is not None}
    totals = await house.ledger.totals_dated(tx, list(held), day)
    owned = [(held[number], total.owed) for number, total in totals.items() if total.owed]
    prices = await _prices(tx, [one.fund for one, _ in owned if one.fund], day)
    order = {id(one): place for place, one in enumerate(wanted)}
    lines = [_line(one, amount, prices) for one, amount in sorted(owned, key=lambda pair: order[id(pair[0])])]
    lines += _under_way(await store.money_under_way(tx, person.book, person.id, day))
    closed = await tx.fetchval("select state = 'closed' from business_day where business_date = $1", day)
    return AssetsView(day, bool(closed), person.shown_name, sum(one.worth for one in lines), lines)


def _money(person: PersonRow) -> list[_Account]:
    name = NewAccount(person.book, Kind.WALLET, person.id, Asset.CNY, Limit.DEBITS_WITHIN_CREDITS)
    return [_Account("wallet", name, Words("钱包余额", "Wallet"))]


async def _cards(tx: Any, person: PersonRow) -> list[_Account]:
    tokens = await issuing.device_tokens(tx, person.book, person.id)
    return [
        _Account("cash", cash_account(one.book, one.id), Words(f"电子现金 · {one.masked_token}", f"Electronic cash · {one.masked_token}"))
        for one in tokens
    ]


async def _funds(tx: Any, person: PersonRow) -> list[_Account]:
    shelf = (await funds.funds(tx)).values()
    return [_Account("fund", holding_of(person.book, person.id, one.asset), Words(one.name, one.name_en), one.code, one) for one in shelf]


async def _wealth(tx: Any, person: PersonRow) -> list[_Account]:
    """Each subscription to a product of the bank, while it is raised and once it is formed."""
    rows = await raise_store.of_person(tx, person.book, person.id)
    known = await raise_catalogue.found(tx, await raise_store.raises(tx, sorted({row.product for row in rows}))) if rows else {}
    return [
        _Account(kind.name.lower(), _own(row, kind), _raised(known[row.product].version.definition.name, kind), row.product)
        for row in rows
        for kind in (Kind.WEALTH_SUBSCRIBED, Kind.WEALTH)
    ]


async def _deposits(tx: Any, person: PersonRow) -> list[_Account]:
    """Each deposit, the oldest first; one that is paid out has nothing left on its account."""
    rows = await deposits.deposits_of(tx, person.book, person.id)
    terms = await terms_of(tx, rows)
    return [_Account("deposit", _deposit(row), Words(*terms.names(row)), row.product) for row in rows]


def _deposit(row: Deposit) -> NewAccount:
    return NewAccount(row.book, Kind.DEPOSIT, row.id, Asset.CNY, Limit.DEBITS_WITHIN_CREDITS)


def _own(row: SubscriptionRow, kind: Kind) -> NewAccount:
    return NewAccount(row.book, kind, row.id, Asset.CNY, Limit.DEBITS_WITHIN_CREDITS)


def _raised(name: Names, kind: Kind) -> Words:
    return Words(name.zh, name.en) if kind is Kind.WEALTH else Words(f"{name.zh} · 认购款", f"{name.en} · still raised")


_Prices = dict[str, tuple[date, int]]


async def _prices(tx: Any, held: Sequence[Fund], day: date) -> _Prices:
    """Of the funds that have one, the newest up to that day; of one that was formed and has none yet, that at which it was raised."""
    after = day + timedelta(days=1)
    priced = [(one.code, after) for one in held if one.kind is FundKind.NAV]
    found = await quotation_store.navs_before(tx, priced) if priced else {}
    prices = {fund: price for (fund, _), price in found.items()}
    unpriced = [fund for fund, _ in priced if fund not in prices]
    return prices | (await quotation_store.issued(tx, unpriced, day) if unpriced else {})


def _line(account: _Account, amount: int, prices: _Prices) -> AssetLine:
    if account.fund is None:
        return AssetLine(account.what, account.product, *account.words, MONEY, amount, 0, None, amount)
    day, nav = prices.get(account.product, (None, 0)) if account.fund.kind is FundKind.NAV else (None, NAV_SCALE)
    worth = account.fund.value(amount, {account.product: nav})
    return AssetLine(account.what, account.product, *account.words, account.product, amount, nav, day, worth)


_COMING = {
    "purchases": Words("申购确认中", "Purchases, not confirmed yet"),
    "redemptions": Words("赎回款待到账", "Redemptions, to be paid"),
    "to_wallet": Words("转入钱包途中", "On the way to the wallet"),
    "to_card": Words("转出至银行卡途中", "On the way to a bank card"),
}


def _under_way(coming: store.UnderWay) -> list[AssetLine]:
    return [AssetLine(UNDER_WAY, "", *_COMING[name], MONEY, amount, 0, None, amount) for name, amount in coming._asdict().items() if amount]
