"""Another distributor's channel: its account applications (01), its receipt, and its order file (03).

A file is taken whole or not at all: it is read to its end first, then everything of it is posted in one transaction. Its name and content
are its key: the same file again changes nothing, other content under the same name is refused.
"""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum, auto
from uuid import UUID

from tapwealth.bank import entries as bank
from tapwealth.bank.entries import NUMBER_OF
from tapwealth.customers.customer import book_of_person
from tapwealth.flows.exchange_out import seal_holder
from tapwealth.flows.frame import HOUSE_BOOK, Caller, House, Moment, actor_numbers, moment, must_post
from tapwealth.flows.purchase import order_of
from tapwealth.funds import entries, exchange_store, orders_store, quotation_store, store
from tapwealth.funds.conditions import FundKind
from tapwealth.funds.exchange_in import ACCOUNT_APPLICATIONS, ORDERS
from tapwealth.funds.exchange_values import AccountApplication, BusinessCode, OrderRecord
from tapwealth.funds.orders_store import OrderRow
from tapwealth.funds.purchase import PurchaseFacts, dealing_date, decide
from tapwealth.funds.store import Fund, FundAccount, SalesChannel
from tapwealth.kernel.clock import business_date_of, shanghai
from tapwealth.kernel.ids import derived, named
from tapwealth.kernel.money import Asset, format_minor
from tapwealth.kernel.refusal import BadInput, Refusal
from tapwealth.ledger.chart import Kind, house_account
from tapwealth.ledger.port import Limit, NewAccount
from tapwealth.storage.actors import ActorKind
from tapwealth.storage.database import Tx
from tapwealth.wire.ofd import DataFileName, parse_data_file_name


class ChannelRefusal(Enum):
    """In the order in which they are checked."""

    UNKNOWN_CHANNEL = auto()
    OTHER_CONTENT = auto()
    WRONG_DAY = auto()
    KNOWN_ALREADY = auto()
    UNKNOWN_HOLDER = auto()
    ORDER_REFUSED = auto()
    NOT_PAID_IN = auto()


@dataclass(frozen=True, slots=True)
class TakenFile:
    """A file of a channel's, as it was read."""

    name: DataFileName
    content: bytes

    @property
    def channel(self) -> str:
        return self.name.creator

    @property
    def digest(self) -> bytes:
        return hashlib.sha256(self.content).digest()

    def record(self, number: int, serial: str) -> str:
        """How a refusal names one of its records, counted from 1."""
        return f"{self.name}, record {number} ({serial})"


async def take(house: House, channel: str, name: str, content: bytes, received_at: datetime) -> Refusal | None:
    """01 or 03 of a channel. Raises BadInput with line and field for what is not whole."""
    parsed = parse_data_file_name(name)
    if parsed.creator != channel:
        raise BadInput(f"this file was made by {parsed.creator}, not by {channel}", where=name, hint="send it under its maker's name")
    file = TakenFile(parsed, content)
    if parsed.file_type == "01":
        return await _take_accounts(house, file, ACCOUNT_APPLICATIONS.values(content, name), received_at)
    if parsed.file_type == "03":
        return await _take_orders(house, file, ORDERS.values(content, name), received_at)
    raise BadInput(f"a file of type {parsed.file_type} is not taken from a channel", where=name, hint="send 01 or 03")


def _caller(channel: str) -> Caller:
    return Caller(ActorKind.PARTNER, f"channel:{channel}", "bearer token")


def paid_in(channel: str) -> NewAccount:
    """The account of the money that a channel has paid in and not ordered for yet: nobody else's money covers its orders."""
    owner = named(_EVER, HOUSE_BOOK, f"channel:{channel}")
    return NewAccount(HOUSE_BOOK, Kind.CHANNEL_FUNDS, owner, Asset.CNY, Limit.DEBITS_WITHIN_CREDITS)


_EVER = shanghai(date(2010, 1, 1))
"""An instant that is the same on every repetition."""


async def _judge(tx: Tx, file: TakenFile, at: Moment, received_at: datetime) -> Refusal | bool:
    """Whether a file was taken before; or why it cannot be, whatever stands in it. Raises BadInput if it is for somebody else."""
    channels = [one for (code, _), one in (await store.channels(tx)).items() if code == file.channel and not one.own]
    if not channels:
        return Refusal(
            ChannelRefusal.UNKNOWN_CHANNEL, f"{file.channel} is no channel that sells our funds; agree on it with the bank first"
        )
    funds = await store.funds(tx)
    registrars = {funds[one.fund].registrar for one in channels}
    if file.name.receiver not in registrars:
        raise BadInput(f"it is for {file.name.receiver}", where=str(file.name), hint=f"address it to {', '.join(sorted(registrars))}")
    digest = (await exchange_store.file_known(tx, [str(file.name)])).get(str(file.name))
    if digest is not None:
        return digest == file.digest or Refusal(
            ChannelRefusal.OTHER_CONTENT, f"{file.name} was taken before with other content, which stands; send the rest under another date"
        )
    today = business_date_of(received_at)
    if file.name.day != today or today != at.date_of(received_at):
        text = f"{file.name} is of {file.name.day}, it can be taken for {at.date_of(received_at)} now; send it under that date"
        return Refusal(ChannelRefusal.WRONG_DAY, text)
    return False


async def _take_accounts(
    house: House, file: TakenFile, applications: Sequence[AccountApplication], received_at: datetime
) -> Refusal | None:
    async with house.database.transaction() as tx:
        await house.ledger.lock_books(tx, range(house.books + 1))
        at = await moment(tx)
        known = await _judge(tx, file, at, received_at)
        if known:
            return None if known is True else known
        refusal = await _check_applications(tx, file, applications)
        if refusal is not None:
            return refusal
        day = file.name.day
        await store.add_accounts(tx, [_holder(house, file.channel, one, day, received_at) for one in applications])
        await exchange_store.add_file(tx, str(file.name), file.digest, len(applications), day, at.now, outgoing=False)
    return None


async def _check_applications(tx: Tx, file: TakenFile, applications: Sequence[AccountApplication]) -> Refusal | None:
    """One application that cannot stand refuses the file."""
    known = {_key(one) for one in await store.accounts_by_trading(tx, file.channel, [one.trading_account for one in applications])}
    serials = await store.accounts_by_application(tx, file.channel, [one.serial for one in applications])
    for number, one in enumerate(applications, 1):
        where = file.record(number, one.serial)
        _check_application(file, one, where)
        if _key(one) in known or one.serial in serials:
            text = f"{where}: the holder {'/'.join(_key(one))} or this serial was in an application before; leave it out"
            return Refusal(ChannelRefusal.KNOWN_ALREADY, text)
        known.add(_key(one))
    return None


def _check_application(file: TakenFile, one: AccountApplication, where: str) -> None:
    if one.distributor != file.channel:
        raise BadInput(f"it names the distributor {one.distributor}", where=where, hint=f"a file of {file.channel} holds its own holders")
    if one.business_code not in (BusinessCode.OPEN_ACCOUNT, BusinessCode.ADD_TRADING_ACCOUNT):
        raise BadInput(f"business code {one.business_code} is not taken from a channel", where=where, hint="only 001 and 008 are")
    if one.business_code == BusinessCode.ADD_TRADING_ACCOUNT and not one.ta_account:
        raise BadInput("TAAccountID is blank", where=where, hint="an 008 names the TA account that exists")


def _key(one: AccountApplication | FundAccount | OrderRecord) -> tuple[str, str]:
    return one.ta_account, one.trading_account


def _holder(house: House, channel: str, one: AccountApplication, day: date, received_at: datetime) -> FundAccount:
    """The book follows from the trading account, so that all accounts of one holder lie together."""
    book = book_of_person(house.keys.lookup_hash("trading_account", f"{channel}/{one.trading_account}"), house.books)
    identifier = named(shanghai(day), book, f"holder:{channel}:{one.trading_account}:{one.ta_account}")
    return FundAccount(
        book=book,
        id=identifier,
        channel=channel,
        trading_account=one.trading_account,
        ta_account=one.ta_account,
        application_serial=one.serial,
        business_code=one.business_code,
        sealed=seal_holder(house, identifier, one.name.reveal(), one.identity_number.reveal(), one.payout_account),
        shown_name=str(one.name),
        state="applied",
        reason="",
        business_date=day,
        sent_on=None,
        applied_at=received_at,
    )


async def _take_orders(house: House, file: TakenFile, orders: Sequence[OrderRecord], received_at: datetime) -> Refusal | None:
    async with house.database.transaction() as tx:
        await house.ledger.lock_books(tx, range(house.books + 1))
        at = await moment(tx)
        known = await _judge(tx, file, at, received_at)
        if known:
            return None if known is True else known
        facts = await _load(house, tx, file, orders)
        refusal = _check(house, facts, at, file, orders, received_at)
        if refusal is not None:
            return refusal
        rows = [_row(house, facts, at, file, one) for one in orders]
        await _post(house, tx, at, file, facts, rows)
        await exchange_store.add_file(tx, str(file.name), file.digest, len(orders), file.name.day, at.now, outgoing=False)
    return None


@dataclass(frozen=True, slots=True)
class _Loaded:
    funds: dict[str, Fund]
    channels: dict[tuple[str, str], SalesChannel]
    holders: dict[tuple[str, str], FundAccount]
    holdings: dict[tuple[UUID, str], int]
    held: Counter[tuple[UUID, str]]
    ordered: Counter[tuple[UUID, str, date]]
    serials: set[str]
    account: int
    paid_in: int


async def _load(house: House, tx: Tx, file: TakenFile, orders: Sequence[OrderRecord]) -> _Loaded:
    found = await store.accounts_by_trading(tx, file.channel, [one.trading_account for one in orders])
    funds = await store.funds(tx)
    of = {_key(one): one for one in found}
    bought = sorted({(_key(one), one.fund_code) for one in orders if _key(one) in of and one.fund_code in funds})
    wanted = [NewAccount(of[key].book, Kind.HOLDING, of[key].id, funds[fund].asset, Limit.DEBITS_WITHIN_CREDITS) for key, fund in bought]
    account, *accounts = await house.ledger.open_accounts(tx, [paid_in(file.channel), *wanted])
    holdings = {(of[key].id, fund): number for (key, fund), number in zip(bought, accounts, strict=True)}
    balances = await house.ledger.balances(tx, [*accounts, account])
    ordered = await orders_store.purchases_of(tx, [(one.book, one.id) for one in found], file.name.day)
    navs = await quotation_store.last_navs(tx) if any(funds[fund].kind is FundKind.NAV for _, fund in bought) else {}
    serials = await orders_store.orders_by_serial(tx, house.all_books, file.channel, [one.serial for one in orders])
    return _Loaded(
        funds,
        await store.channels(tx),
        of,
        holdings,
        Counter(
            {one: funds[one[1]].value(balances[number].totals.owed, navs) + ordered[one].under_way for one, number in holdings.items()}
        ),
        Counter({(*one, day): amount for one, orders_of in ordered.items() for day, amount in orders_of.by_day.items()}),
        set(serials),
        account,
        balances[account].available,
    )


def _check(
    house: House, facts: _Loaded, at: Moment, file: TakenFile, orders: Sequence[OrderRecord], received_at: datetime
) -> Refusal | None:
    """One order that cannot stand refuses the file: the channel mends it and sends it again."""
    for number, one in enumerate(orders, 1):
        refusal = _check_one(house, facts, at, file, one, file.record(number, one.serial), received_at)
        if refusal is not None:
            return refusal
    total = sum(one.amount for one in orders)
    if total > facts.paid_in:
        text = f"{file.name} orders {format_minor(total)} yuan, the channel has paid in {format_minor(facts.paid_in)}; pay the rest first"
        return Refusal(ChannelRefusal.NOT_PAID_IN, text)
    return None


def _check_one(
    house: House, facts: _Loaded, at: Moment, file: TakenFile, one: OrderRecord, where: str, received_at: datetime
) -> Refusal | None:
    if one.distributor != file.channel:
        raise BadInput(f"it names the distributor {one.distributor}", where=where, hint=f"a file of {file.channel} holds its own orders")
    if one.business_code != BusinessCode.PURCHASE:
        raise BadInput(f"business code {one.business_code} is not taken from a channel", where=where, hint="only purchases (022) are")
    if one.ordered > received_at or one.ordered_on != file.name.day:
        text = f"{where}: it is dated {one.ordered_on} {one.ordered_at}, and the file came at another time; date it as it was taken"
        return Refusal(ChannelRefusal.WRONG_DAY, text)
    if one.serial in facts.serials:
        return Refusal(ChannelRefusal.KNOWN_ALREADY, f"{where}: an order with this serial was taken before; give each order its own")
    holder = facts.holders.get(_key(one))
    if holder is None:
        text = f"{where}: there is no holder {'/'.join(_key(one))}; open it with an 01 file first"
        return Refusal(ChannelRefusal.UNKNOWN_HOLDER, text)
    return _decide(house, facts, at, file, one, holder, where)


def _decide(house: House, facts: _Loaded, at: Moment, file: TakenFile, one: OrderRecord, holder: FundAccount, where: str) -> Refusal | None:
    """By the channel's parameters. Whom it lets buy is its own affair, and it pays for all of them at once."""
    fund = facts.funds.get(one.fund_code)
    day = dealing_date(house.calendar, fund, one.ordered, at.cut) if fund else one.ordered_on
    bought, held = (holder.id, one.fund_code, day), (holder.id, one.fund_code)
    channel = facts.channels.get((file.channel, one.fund_code))
    known = PurchaseFacts(fund, channel, None, None, holder, facts.ordered[bought], facts.held[held], one.amount)
    refused = decide(known, one.amount)
    if refused is not None:
        return Refusal(ChannelRefusal.ORDER_REFUSED, f"{where}: {refused.text}")
    facts.held[held] += one.amount
    facts.ordered[bought] += one.amount
    return None


def _row(house: House, facts: _Loaded, at: Moment, file: TakenFile, one: OrderRecord) -> OrderRow:
    holder = facts.holders[_key(one)]
    return OrderRow(
        book=holder.book,
        id=named(one.ordered, holder.book, f"order:{file.channel}:{one.serial}"),
        serial=one.serial,
        channel=file.channel,
        fund=one.fund_code,
        fund_account=holder.id,
        funding=house_account(holder.book, Kind.CHANNEL_FUNDS, Asset.CNY),
        holding=facts.holdings[holder.id, one.fund_code],
        business_code=one.business_code,
        amount=one.amount,
        units=0,
        received_at=one.ordered,
        dealing_date=dealing_date(house.calendar, facts.funds[one.fund_code], one.ordered, at.cut),
        business_date=file.name.day,
    )


async def _post(house: House, tx: Tx, at: Moment, file: TakenFile, facts: _Loaded, rows: Sequence[OrderRow]) -> None:
    """The channel's money goes to the books of its orders, then each order takes its own: one list, however many orders."""
    sums: Counter[int] = Counter()
    for row in rows:
        sums[row.funding] += row.amount
    day = file.name.day
    key = derived(named(shanghai(day), HOUSE_BOOK, f"channel file:{file.name}"), "allot")
    actors = await actor_numbers(tx, [(book, _caller(file.channel)) for book in (HOUSE_BOOK, *(row.book for row in rows))])
    made = [
        entry
        for funding, amount in sorted(sums.items())
        for entry in bank.allotted(facts.account, funding, NUMBER_OF[Kind.FUND_COLLECTION], amount, key, day, actors[0])
    ]
    made += [
        entries.purchase_placed(order_of(row, facts.funds[row.fund], own=False), day, actor)
        for row, actor in zip(rows, actors[1:], strict=True)
    ]
    await must_post(house, tx, at, made)
    await orders_store.add_orders(tx, rows)
