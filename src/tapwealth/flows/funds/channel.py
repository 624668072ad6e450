"""Another distributor's channel: its account applications (01), its receipt, and its order file (03).

A file is taken whole or not at all, in one transaction: a defect anywhere in it takes everything back. Its name and content are its key:
the same file again changes nothing, other content under the same name is refused.
"""

import asyncio
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum, auto
from itertools import islice
from typing import BinaryIO
from uuid import UUID

from tapwealth.bank import entries as bank
from tapwealth.bank.entries import NUMBER_OF
from tapwealth.customers.customer import book_of_person
from tapwealth.flows.frame import HOUSE_BOOK, Caller, House, Moment, actor_numbers, moment, must_post
from tapwealth.flows.funds import file_tables, plain_orders
from tapwealth.flows.funds.exchange_out import seal_holder
from tapwealth.flows.funds.plain_orders import Alike
from tapwealth.funds import entries, exchange_store, orders_store, quotation_store, store
from tapwealth.funds.conditions import FundKind
from tapwealth.funds.entries import Order
from tapwealth.funds.exchange_folder import digest_of
from tapwealth.funds.exchange_in import ACCOUNT_APPLICATIONS, ORDERS, Incoming
from tapwealth.funds.exchange_values import AccountApplication, BusinessCode, OrderRecord
from tapwealth.funds.order_state import OrderState
from tapwealth.funds.orders_store import Placed
from tapwealth.funds.purchase import PurchaseFacts, dealing_date, decide
from tapwealth.funds.store import Fund, FundAccount, Holder, SalesChannel
from tapwealth.kernel.clock import business_date_of, shanghai
from tapwealth.kernel.ids import derived, named
from tapwealth.kernel.money import Asset, format_minor
from tapwealth.kernel.refusal import BadInput, Refusal
from tapwealth.ledger.chart import Kind, house_account
from tapwealth.ledger.port import JournalEntry, Limit, NewAccount
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
    """A file of a channel's; its content is read from where it stands, its beginning."""

    name: DataFileName
    content: BinaryIO
    digest: bytes

    @property
    def channel(self) -> str:
        return self.name.creator

    def record(self, number: int, serial: str) -> str:
        """How a refusal names one of its records, counted from 1."""
        return f"{self.name}, record {number} ({serial})"


async def take(house: House, channel: str, name: str, content: BinaryIO, received_at: datetime) -> Refusal | None:
    """01 or 03 of a channel. Raises BadInput with line and field for what is not whole."""
    parsed = parse_data_file_name(name)
    if parsed.creator != channel:
        raise BadInput(f"this file was made by {parsed.creator}, not by {channel}", where=name, hint="send it under its maker's name")
    file = TakenFile(parsed, content, await asyncio.to_thread(digest_of, content))
    if parsed.file_type == "01":
        return await _take_accounts(house, file, ACCOUNT_APPLICATIONS.values(content, name), received_at)
    if parsed.file_type == "03":
        return await _take_orders(house, file, received_at)
    raise BadInput(f"a file of type {parsed.file_type} is not taken from a channel", where=name, hint="send 01 or 03")


def _caller(channel: str) -> Caller:
    return Caller(ActorKind.PARTNER, f"channel:{channel}", "bearer token")


def paid_in(channel: str) -> NewAccount:
    """The account of the money that a channel has paid in and not ordered for yet: nobody else's money covers its orders."""
    owner = named(_EVER, HOUSE_BOOK, f"channel:{channel}")
    return NewAccount(HOUSE_BOOK, Kind.CHANNEL_FUNDS, owner, Asset.CNY, Limit.DEBITS_WITHIN_CREDITS)


async def paid_in_accounts(house: House, tx: Tx) -> dict[str, int]:
    """Of each other channel, by its code."""
    codes = sorted({code for (code, _fund), channel in (await store.channels(tx)).items() if not channel.own})
    return dict(zip(codes, await house.ledger.open_accounts(tx, [paid_in(code) for code in codes]), strict=True))


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


def _key(one: AccountApplication | FundAccount | Holder | OrderRecord) -> tuple[str, str]:
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


class _Undone(Exception):
    """Takes back what was posted of a file that is refused."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.text)
        self.refusal = refusal


async def _take_orders(house: House, file: TakenFile, received_at: datetime) -> Refusal | None:
    """Slice by slice, in one transaction, which a defect at the file's end takes back as a whole: what it takes of the memory
    does not grow with the orders but for a hash of each serial. What is wrong with the file itself is said before what is wrong with
    its orders."""
    first = _opened(file)
    try:
        async with house.database.transaction() as tx:
            await house.ledger.lock_books(tx, range(house.books + 1))
            at = await moment(tx)
            known = await _judge(tx, file, at, received_at)
            if known:
                _read_to_the_end(iter(first))
                return None if known is True else known
            terms = await _terms(house, tx, file, received_at)
            by_sets = first.header.records >= file_tables.LEAST and not terms.capped(file.channel)
            if not by_sets or not await _take_in_sets(house, tx, at, file, terms, first):
                await _take_in_slices(house, tx, at, file, terms)
            await exchange_store.add_file(tx, str(file.name), file.digest, terms.taken, file.name.day, at.now, outgoing=False)
    except _Undone as undone:
        return undone.refusal
    return None


def _opened(file: TakenFile) -> Incoming[OrderRecord]:
    file.content.seek(0)
    return ORDERS.open(file.content, str(file.name))


async def _take_in_sets(house: House, tx: Tx, at: Moment, file: TakenFile, terms: "_Terms", incoming: Incoming[OrderRecord]) -> bool:
    """Whether all orders of the file stand for certain, and are taken."""
    nothing = _Loaded({}, {}, Counter(), Counter(), set())
    funds, day = terms.funds, file.name.day

    def stands(alike: Alike) -> bool:
        amounts = alike.least, alike.most
        return all(_decide(terms, nothing, file, alike.fund, amount, alike.holder, day) is None for amount in amounts)

    def dealt(fund: str, ordered: datetime) -> date:
        return dealing_date(house.calendar, funds[fund], ordered, at.cut)

    assets = {code: int(fund.asset) for code, fund in funds.items()}
    asked = plain_orders.Asked(file.channel, day, terms.received_at, assets, dealt, stands, terms.paid_in)
    try:
        placed = await plain_orders.place(house, tx, asked, incoming)
    except BadInput:
        _read_to_the_end(iter(_opened(file)))  # it may say what is wrong with an earlier line
        raise
    if placed is None:
        return False
    terms.taken, sums = placed
    terms.slices = 1
    await must_post(house, tx, at, _paid(file, terms, sums))
    return True


async def _take_in_slices(house: House, tx: Tx, at: Moment, file: TakenFile, terms: "_Terms") -> None:
    """Order by order. Raises _Undone, BadInput."""
    coming = iter(_opened(file))
    while some := list(islice(coming, _AT_ONCE)):
        try:
            await _take_some(house, tx, at, file, terms, some)
        except (_Undone, BadInput):
            _read_to_the_end(coming)
            raise
    if terms.ordered > terms.paid_in:
        raise _Undone(_not_paid_in(file, terms))


_AT_ONCE = 8_192
"""Orders of a slice."""


def _read_to_the_end(coming: Iterator[OrderRecord]) -> None:
    """Raises BadInput if the file is not whole."""
    deque(coming, maxlen=0)


@dataclass(slots=True)
class _Terms:
    """What holds for all orders of a file, and how many of them, over how many fen, there are so far. `account` is the channel's money."""

    funds: dict[str, Fund]
    channels: dict[tuple[str, str], SalesChannel]
    received_at: datetime
    account: int
    paid_in: int
    actors: dict[int, int]
    taken: int = 0
    ordered: int = 0
    slices: int = 0
    days: dict[tuple[str, datetime], date] = field(default_factory=dict)
    """The dealing dates of instants of an order, by fund."""

    def capped(self, channel: str) -> bool:
        """Whether what its holders have and have ordered matters."""
        return any(one.day_cap or one.holding_cap for (code, _), one in self.channels.items() if code == channel)


async def _terms(house: House, tx: Tx, file: TakenFile, received_at: datetime) -> _Terms:
    (account,) = await house.ledger.open_accounts(tx, [paid_in(file.channel)])
    available = (await house.ledger.balances(tx, [account]))[account].available
    books = range(house.books + 1)
    actors = await actor_numbers(tx, [(book, _caller(file.channel)) for book in books])
    funds, channels = await store.funds(tx), await store.channels(tx)
    return _Terms(funds, channels, received_at, account, available, dict(zip(books, actors, strict=True)))


def _not_paid_in(file: TakenFile, terms: _Terms) -> Refusal:
    asked, there = format_minor(terms.ordered), format_minor(terms.paid_in)
    text = f"{file.name} orders {asked} yuan, the channel has paid in {there}; pay the rest first"
    return Refusal(ChannelRefusal.NOT_PAID_IN, text)


async def _take_some(house: House, tx: Tx, at: Moment, file: TakenFile, terms: _Terms, orders: Sequence[OrderRecord]) -> None:
    """One order that cannot stand refuses the file: the channel mends it and sends it again. Once there is too little money for them, the
    orders are looked at and nothing is posted."""
    facts = await _load(house, tx, file, terms, orders)
    rows = [_checked(house, at, file, terms, facts, one, number) for number, one in enumerate(orders, terms.taken + 1)]
    terms.taken += len(orders)
    terms.ordered += sum(one.amount for one in orders)
    terms.slices += 1
    if terms.ordered <= terms.paid_in:
        await _post(house, tx, at, file, terms, rows)


@dataclass(frozen=True, slots=True)
class _Loaded:
    """What is known of the holders of a slice's orders. Nothing is held or ordered where no cap asks for it."""

    holders: dict[tuple[str, str], Holder]
    holdings: dict[tuple[UUID, str], int]
    held: Counter[tuple[UUID, str]]
    ordered: Counter[tuple[UUID, str, date]]
    serials: set[str]


async def _load(house: House, tx: Tx, file: TakenFile, terms: _Terms, orders: Sequence[OrderRecord]) -> _Loaded:
    found = await store.holders_by_trading(tx, file.channel, [one.trading_account for one in orders])
    of = {(one.ta_account, one.trading_account): one for one in found}
    bought = list(
        dict.fromkeys((holder, one.fund_code) for one in orders if (holder := of.get(_key(one))) and one.fund_code in terms.funds)
    )
    wanted = [NewAccount(one.book, Kind.HOLDING, one.id, terms.funds[fund].asset, Limit.DEBITS_WITHIN_CREDITS) for one, fund in bought]
    accounts = await house.ledger.open_accounts(tx, wanted)
    holdings = {(one.id, fund): number for (one, fund), number in zip(bought, accounts, strict=True)}
    held, ordered = Counter[tuple[UUID, str]](), Counter[tuple[UUID, str, date]]()
    if terms.capped(file.channel):
        balances = await house.ledger.balances(tx, accounts)
        before = await orders_store.purchases_of(tx, [(one.book, one.id) for one in found], file.name.day)
        navs = await quotation_store.last_navs(tx) if any(terms.funds[fund].kind is FundKind.NAV for _, fund in bought) else {}
        for has, number in holdings.items():
            held[has] = terms.funds[has[1]].value(balances[number].totals.owed, navs) + before[has].under_way
        ordered.update({(*one, day): amount for one, orders_of in before.items() for day, amount in orders_of.by_day.items()})
    serials = await orders_store.serials_known(tx, house.all_books, file.channel, [one.serial for one in orders])
    return _Loaded(of, holdings, held, ordered, serials)


def _checked(house: House, at: Moment, file: TakenFile, terms: _Terms, facts: _Loaded, one: OrderRecord, number: int) -> Placed:
    """The order as it is placed. Raises _Undone, BadInput."""
    ordered = one.ordered
    if one.distributor != file.channel:
        what, hint = f"it names the distributor {one.distributor}", f"a file of {file.channel} holds its own orders"
        raise BadInput(what, where=file.record(number, one.serial), hint=hint)
    if one.business_code != BusinessCode.PURCHASE:
        what = f"business code {one.business_code} is not taken from a channel"
        raise BadInput(what, where=file.record(number, one.serial), hint="only purchases (022) are")
    if ordered > terms.received_at or one.ordered_on != file.name.day:
        text = f"it is dated {one.ordered_on} {one.ordered_at}, and the file came at another time; date it as it was taken"
        raise _refused(file, one, number, ChannelRefusal.WRONG_DAY, text)
    if one.serial in facts.serials:
        text = "an order with this serial was taken before; give each order its own"
        raise _refused(file, one, number, ChannelRefusal.KNOWN_ALREADY, text)
    holder = facts.holders.get(_key(one))
    if holder is None:
        text = f"there is no holder {'/'.join(_key(one))}; open it with an 01 file first"
        raise _refused(file, one, number, ChannelRefusal.UNKNOWN_HOLDER, text)
    day = terms.days.get((one.fund_code, ordered)) or _dealing_date(house, at, terms, one, ordered)
    refused = _decide(terms, facts, file, one.fund_code, one.amount, holder, day)
    if refused is not None:
        raise _refused(file, one, number, ChannelRefusal.ORDER_REFUSED, refused.text)
    return Placed(
        book=holder.book,
        id=named(ordered, holder.book, f"order:{file.channel}:{one.serial}"),
        serial=one.serial,
        channel=file.channel,
        fund=one.fund_code,
        fund_account=holder.id,
        funding=house_account(holder.book, Kind.CHANNEL_FUNDS, Asset.CNY),
        holding=facts.holdings[holder.id, one.fund_code],
        business_code=one.business_code,
        amount=one.amount,
        received_at=ordered,
        dealing_date=day,
        business_date=file.name.day,
        state=OrderState.PLACED,
    )


def _refused(file: TakenFile, one: OrderRecord, number: int, code: ChannelRefusal, text: str) -> _Undone:
    return _Undone(Refusal(code, f"{file.record(number, one.serial)}: {text}"))


def _dealing_date(house: House, at: Moment, terms: _Terms, one: OrderRecord, ordered: datetime) -> date:
    fund = terms.funds.get(one.fund_code)
    day = dealing_date(house.calendar, fund, ordered, at.cut) if fund else one.ordered_on
    terms.days[one.fund_code, ordered] = day
    return day


def _decide(terms: _Terms, facts: _Loaded, file: TakenFile, code: str, amount: int, holder: Holder, day: date) -> Refusal | None:
    """By the channel's parameters. Whom it lets buy is its own affair, and it pays for all of them at once."""
    bought, held = (holder.id, code, day), (holder.id, code)
    fund, channel = terms.funds.get(code), terms.channels.get((file.channel, code))
    known = PurchaseFacts(fund, channel, None, None, holder, facts.ordered[bought], facts.held[held], amount)
    refused = decide(known, amount)
    if refused is None:
        facts.held[held] += amount
        facts.ordered[bought] += amount
    return refused


async def _post(house: House, tx: Tx, at: Moment, file: TakenFile, terms: _Terms, rows: Sequence[Placed]) -> None:
    sums: Counter[int] = Counter()
    for row in rows:
        sums[row.book] += row.amount
    await must_post(house, tx, at, _paid(file, terms, sums))
    await orders_store.add_placed(tx, rows)


def _paid(file: TakenFile, terms: _Terms, sums: Mapping[int, int]) -> list[JournalEntry]:
    """The channel's money goes to the books of its orders, and each book's orders take theirs, all of a slice in one entry: the orders say
    whose it is."""
    day, turn = file.name.day, "" if terms.slices == 1 else f":{terms.slices}"
    key = derived(named(shanghai(day), HOUSE_BOOK, f"channel file:{file.name}"), f"allot{turn}")
    made: list[JournalEntry] = []
    for book, amount in sorted(sums.items()):
        funding = house_account(book, Kind.CHANNEL_FUNDS, Asset.CNY)
        made += bank.allotted(terms.account, funding, NUMBER_OF[Kind.FUND_COLLECTION], amount, key, day, terms.actors[HOUSE_BOOK])
        placed = named(shanghai(day), book, f"channel file:{file.name}:placed{turn}")
        orders = Order(book, placed, funding, 0, amount, own=False, units_asset=Asset.CNY)
        made.append(entries.purchase_placed(orders, day, terms.actors[book]))
    return made
