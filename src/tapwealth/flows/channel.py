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
from tapwealth.flows.frame import HOUSE_BOOK, Caller, House, Moment, actor_number, actor_numbers, moment, must_post
from tapwealth.flows.purchase import order_of
from tapwealth.funds import entries, store
from tapwealth.funds.exchange_in import ACCOUNT_APPLICATIONS, ORDERS
from tapwealth.funds.exchange_values import AccountApplication, BusinessCode, OrderRecord
from tapwealth.funds.purchase import PurchaseFacts, dealing_date, decide
from tapwealth.funds.store import Fund, FundAccount, OrderRow, SalesChannel
from tapwealth.kernel.clock import business_date_of, shanghai
from tapwealth.kernel.ids import derived, named
from tapwealth.kernel.money import Asset, format_minor
from tapwealth.kernel.refusal import BadInput, Refusal
from tapwealth.ledger.chart import Kind, house_account
from tapwealth.ledger.port import Limit, NewAccount
from tapwealth.storage.actors import ActorKind
from tapwealth.storage.database import Tx
from tapwealth.wire.ofd import parse_data_file_name


class ChannelRefusal(Enum):
    """In the order in which they are checked."""

    OTHER_CONTENT = auto()
    WRONG_DAY = auto()
    UNKNOWN_HOLDER = auto()
    NOT_PAID_IN = auto()
    ORDER_REFUSED = auto()


@dataclass(frozen=True, slots=True)
class TakenFile:
    """A file of a channel's, as it was read."""

    channel: str
    name: str
    content: bytes

    @property
    def digest(self) -> bytes:
        return hashlib.sha256(self.content).digest()


async def take(house: House, channel: str, name: str, content: bytes, received_at: datetime) -> Refusal | None:
    """01 or 03 of a channel. Raises BadInput with line and field for what is not whole."""
    parsed = parse_data_file_name(name)
    if parsed.creator != channel:
        raise BadInput(f"this file was made by {parsed.creator}, not by {channel}", where=name)
    file = TakenFile(channel, name, content)
    if parsed.file_type == "01":
        return await _take_accounts(house, file, ACCOUNT_APPLICATIONS.values(content, name), received_at)
    if parsed.file_type == "03":
        return await _take_orders(house, file, ORDERS.values(content, name), received_at)
    raise BadInput(f"a file of type {parsed.file_type} is not taken from a channel", where=name, hint="send 01 or 03")


def _caller(channel: str) -> Caller:
    return Caller(ActorKind.PARTNER, f"channel:{channel}", "bearer token")


async def _known(tx: Tx, file: TakenFile) -> Refusal | bool:
    digest = (await store.file_known(tx, [file.name])).get(file.name)
    if digest is None or digest == file.digest:
        return digest is not None
    return Refusal(ChannelRefusal.OTHER_CONTENT, f"{file.name} was taken before with other content; send it under another date")


async def _take_accounts(
    house: House, file: TakenFile, applications: Sequence[AccountApplication], received_at: datetime
) -> Refusal | None:
    async with house.database.transaction() as tx:
        await house.ledger.lock_books(tx, [HOUSE_BOOK])
        known = await _known(tx, file)
        if known:
            return None if known is True else known
        at = await moment(tx)
        day = at.date_of(received_at)
        await store.add_accounts(tx, [_holder(house, file.channel, one, day, received_at) for one in applications])
        await store.add_file(tx, file.name, file.digest, len(applications), day, at.now, outgoing=False)
    return None


def _holder(house: House, channel: str, one: AccountApplication, day: date, received_at: datetime) -> FundAccount:
    """The book follows from the trading account, so that all accounts of one holder lie together."""
    book = book_of_person(house.keys.lookup_hash("trading_account", f"{channel}/{one.trading_account}"), house.books)
    identifier = named(shanghai(day), book, f"holder:{channel}:{one.trading_account}:{one.ta_account}")
    secret = f"{one.name.reveal()}\n{one.identity_number.reveal()}".encode()
    return FundAccount(
        book=book,
        id=identifier,
        channel=channel,
        trading_account=one.trading_account,
        ta_account=one.ta_account,
        application_serial=one.serial,
        business_code=one.business_code,
        sealed=house.keys.seal("people", secret, b"fund_account" + identifier.bytes),
        shown_name=str(one.name),
        payout_account=one.payout_account,
        state="applied",
        reason="",
        business_date=day,
        sent_on=None,
        applied_at=received_at,
    )


async def _take_orders(house: House, file: TakenFile, orders: Sequence[OrderRecord], received_at: datetime) -> Refusal | None:
    async with house.database.transaction() as tx:
        await house.ledger.lock_books(tx, range(house.books + 1))
        known = await _known(tx, file)
        if known:
            return None if known is True else known
        at = await moment(tx)
        facts = await _load(house, tx, file.channel, orders)
        refusal = _check(house, facts, file, orders, received_at)
        if refusal is not None:
            return refusal
        rows = [_row(house, facts, at, file.channel, one, received_at) for one in orders]
        await _post(house, tx, at, file, rows)
        await store.add_file(tx, file.name, file.digest, len(orders), at.date_of(received_at), at.now, outgoing=False)
    return None


@dataclass(frozen=True, slots=True)
class _Loaded:
    funds: dict[str, Fund]
    channels: dict[tuple[str, str], SalesChannel]
    holders: dict[tuple[str, str], FundAccount]
    holdings: dict[UUID, int]
    held: dict[UUID, int]
    paid_in: int


async def _load(house: House, tx: Tx, channel: str, orders: Sequence[OrderRecord]) -> _Loaded:
    found = await store.accounts_by_trading(tx, channel, [one.trading_account for one in orders])
    wanted = [NewAccount(one.book, Kind.HOLDING, one.id, Asset.FUND_000198, Limit.DEBITS_WITHIN_CREDITS) for one in found]
    accounts = await house.ledger.open_accounts(tx, wanted)
    paid = house_account(HOUSE_BOOK, Kind.CHANNEL_FUNDS, Asset.CNY)
    balances = await house.ledger.balances(tx, [*accounts, paid])
    return _Loaded(
        await store.funds(tx),
        await store.channels(tx),
        {(one.ta_account, one.trading_account): one for one in found},
        {one.id: account for one, account in zip(found, accounts, strict=True)},
        {one.id: balances[account].totals.owed for one, account in zip(found, accounts, strict=True)},
        balances[paid].available,
    )


def _check(house: House, facts: _Loaded, file: TakenFile, orders: Sequence[OrderRecord], received_at: datetime) -> Refusal | None:
    """One order that cannot stand refuses the file: the channel mends it and sends it again."""
    total = sum(one.amount for one in orders)
    for number, one in enumerate(orders, 1):
        where = f"{file.name}, order {number} ({one.serial})"
        refusal = _check_one(house, facts, file.channel, one, where, received_at)
        if refusal is not None:
            return refusal
    if total > facts.paid_in:
        text = f"{file.name} orders {format_minor(total)} yuan, the channel has paid in {format_minor(facts.paid_in)}; pay the rest first"
        return Refusal(ChannelRefusal.NOT_PAID_IN, text)
    return None


def _check_one(house: House, facts: _Loaded, channel: str, one: OrderRecord, where: str, received_at: datetime) -> Refusal | None:
    if one.business_code != BusinessCode.PURCHASE:
        raise BadInput(f"business code {one.business_code} is not taken from a channel", where=where, hint="only purchases (022) are")
    fund = facts.funds.get(one.fund_code)
    if fund is not None and (one.ordered > received_at or business_date_of(one.ordered) != business_date_of(received_at)):
        text = f"{where}: it is dated {one.ordered_on} {one.ordered_at}, and the file came at another time; date it as it was taken"
        return Refusal(ChannelRefusal.WRONG_DAY, text)
    holder = facts.holders.get((one.ta_account, one.trading_account))
    if holder is None:
        text = f"{where}: there is no holder {one.ta_account}/{one.trading_account}; open it with an 01 file first"
        return Refusal(ChannelRefusal.UNKNOWN_HOLDER, text)
    known = PurchaseFacts(fund, facts.channels.get((channel, one.fund_code)), 0, None, facts.held[holder.id], one.amount)
    refused = decide(known, one.amount)
    facts.held[holder.id] += one.amount
    return None if refused is None else Refusal(ChannelRefusal.ORDER_REFUSED, f"{where}: {refused.text}")


def _row(house: House, facts: _Loaded, at: Moment, channel: str, one: OrderRecord, received_at: datetime) -> OrderRow:
    holder = facts.holders[one.ta_account, one.trading_account]
    return OrderRow(
        book=holder.book,
        id=named(one.ordered, holder.book, f"order:{channel}:{one.serial}"),
        serial=one.serial,
        channel=channel,
        fund=one.fund_code,
        fund_account=holder.id,
        funding=house_account(holder.book, Kind.CHANNEL_FUNDS, Asset.CNY),
        holding=facts.holdings[holder.id],
        business_code=one.business_code,
        amount=one.amount,
        units=0,
        received_at=one.ordered,
        dealing_date=dealing_date(house.calendar, facts.funds[one.fund_code], one.ordered),
        business_date=at.date_of(received_at),
    )


async def _post(house: House, tx: Tx, at: Moment, file: TakenFile, rows: Sequence[OrderRow]) -> None:
    """The channel's money goes to the books of its orders, then each order takes its own: one list, however many orders."""
    sums: Counter[int] = Counter()
    for row in rows:
        sums[row.book] += row.amount
    day = rows[0].business_date if rows else business_date_of(at.now)
    key = named(shanghai(day), HOUSE_BOOK, f"channel file:{file.name}")
    house_actor = await actor_number(tx, HOUSE_BOOK, _caller(file.channel))
    actors = await actor_numbers(tx, [(row.book, _caller(file.channel)) for row in rows])
    account = NUMBER_OF[Kind.FUND_COLLECTION]
    made = [
        entry
        for book, amount in sorted(sums.items())
        for entry in bank.allotted(HOUSE_BOOK, book, Kind.CHANNEL_FUNDS, account, amount, derived(key, "allot"), day, house_actor)
    ]
    made += [entries.purchase_placed(order_of(row, own=False), day, actor) for row, actor in zip(rows, actors, strict=True)]
    await must_post(house, tx, at, made)
    await store.add_orders(tx, rows)
