"""What the registrar sends: files and their index, confirmations (04), holdings (05).

Only files that an index names exist. Each is read to its end, then taken in one transaction together with the note that it was taken:
again with the same content it changes nothing, with other content it is a break. What a file says of things unknown to us becomes a break
too; the rest of it stands.
"""

import asyncio
import os
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from enum import Enum, auto
from functools import partial
from itertools import islice
from typing import BinaryIO, NamedTuple
from uuid import UUID

import structlog

from tapwealth.bank import entries as bank_entries
from tapwealth.bank import store as bank_store
from tapwealth.bank.entries import NUMBER_OF, Part
from tapwealth.bank.store import BreakRow
from tapwealth.flows.bank import payments
from tapwealth.flows.bank.payments import Payment, Purpose
from tapwealth.flows.frame import HOUSE_BOOK, PLATFORM, House, Moment, actor_number, moment, must_post, step_key
from tapwealth.flows.funds import (
    advance_outcomes,
    dividend_method,
    file_tables,
    large_days,
    nav_outcomes,
    plain_answers,
    raise_ahead,
    raise_outcomes,
    redemption_outcomes,
    refused_purchases,
    registrar_orders,
    switch,
)
from tapwealth.flows.funds.channel import paid_in
from tapwealth.flows.funds.exchange_out import ADVANCER
from tapwealth.flows.funds.file_checks import check_day, check_once, confirmations_in
from tapwealth.flows.funds.nav_outcomes import NavNotIn
from tapwealth.flows.funds.purchase import order_of
from tapwealth.flows.funds.raise_ahead import Ahead
from tapwealth.flows.funds.raise_outcomes import Raised, doubled
from tapwealth.funds import entries, exchange_store, nav_orders, orders_store, store
from tapwealth.funds.conditions import FundKind
from tapwealth.funds.exchange_folder import digest_of
from tapwealth.funds.exchange_in import HOLDINGS
from tapwealth.funds.exchange_values import BUYS, BusinessCode, ConfirmationRecord
from tapwealth.funds.order_answers import misfit
from tapwealth.funds.order_state import ANSWERED
from tapwealth.funds.orders_store import OrderRow
from tapwealth.funds.store import Fund, Holder
from tapwealth.kernel.clock import business_date_of, shanghai
from tapwealth.kernel.ids import named
from tapwealth.kernel.money import Asset
from tapwealth.kernel.refusal import BadInput, Outage
from tapwealth.ledger.chart import Kind, house_account
from tapwealth.ledger.port import JournalEntry
from tapwealth.storage.database import Tx
from tapwealth.wire.ofd import DataFileName, IndexName, parse_index_name, read_index

log = structlog.get_logger(__name__)

SOURCE = redemption_outcomes.SOURCE
_ORDER = ("02", "07", "04", "06", "05")
"""Accounts before orders, a day's rate and price before what follows from it."""

Answer = tuple[OrderRow, ConfirmationRecord]

Taker = Callable[[House, Tx, Moment, DataFileName, BinaryIO], Awaitable[tuple[int, list[BreakRow]]]]
"""Takes one file, which it reads from where it stands, its beginning: (number of records, what does not agree)."""


async def take_files(house: House, takers: Mapping[str, Taker]) -> list[str]:
    """Take whatever the registrar has left that was not taken yet; what is of a date that has not come waits for it, and behind one that
    waits for a NAV, or confirmations that are not whole, wait those of the same two that follow from it. Returns the names of the files
    taken."""
    exchange = house.rails.exchange
    looks = {index: exchange.look((index,)) for index in exchange.found()}
    indexes = {index: await _named(house, index) for index in looks}
    looks = {index: look + exchange.look([str(file) for file in indexes[index] or ()]) for index, look in looks.items()}
    async with house.database.read() as tx:
        at = await moment(tx)
    files = [file for of in indexes.values() for file in of or () if file.day <= business_date_of(at.now)]
    hidden = _hidden(at, indexes)
    ours = {name: ends for name, ends in _indexes_of_ours(at, files).items() if exchange.has_left(name)}
    async with house.database.read() as tx:
        known = await exchange_store.file_known(tx, [*map(str, files), *map(str, hidden), *ours])
        complaints = await bank_store.complaints(tx, SOURCE, _UNREADABLE)
    await _mended(house, [index for index, of in indexes.items() if of is not None and index in complaints])
    unnoted = {ends for name, ends in ours.items() if name not in known}
    behind = [_Behind(ends, index, file.day) for file, index in hidden.items() if str(file) not in known for ends in [_ends(file)]]
    taken = await _take_in_order(house, [file for file in files if _ends(file) not in unnoted], known, behind, takers)
    for index, of in indexes.items():
        names = [str(file) for file in of or ()]
        if of is not None and all(name in known or name in taken for name in names):
            exchange.settle(index, names, looks[index])
    return taken


async def _take_in_order(
    house: House, files: Sequence[DataFileName], known: Mapping[str, bytes], behind: list["_Behind"], takers: Mapping[str, Taker]
) -> list[str]:
    """`behind`: what other files wait for; the names of those taken."""
    taken = list[str]()
    for file in sorted(files, key=lambda file: (file.day, _ORDER.index(file.file_type), file.receiver)):
        before = known.get(str(file))
        waits = next((one for one in behind if one.keeps(file)), None) if before is None else None
        if waits is not None:
            await _complain(house, str(file), f"{file} waits for {waits.why}: what it means follows from that one")
            continue
        fate = await _take_news(house, file, before, takers[file.file_type])
        if fate is _Fate.TAKEN:
            taken.append(str(file))
        elif fate is _Fate.WAITS or (fate is _Fate.NOT_WHOLE and file.file_type == "04"):
            behind.append(_Behind(_ends(file), str(file), file.day, priceless=fate is _Fate.WAITS))
    return taken


def _ends(file: DataFileName) -> tuple[str, str]:
    return file.creator, file.receiver


def _hidden(at: Moment, indexes: Mapping[str, list[DataFileName] | None]) -> dict[DataFileName, str]:
    """The confirmations that indexes which cannot be read may name, by those indexes."""
    found: dict[DataFileName, str] = {}
    for index in [index for index, of in indexes.items() if of is None]:
        with suppress(BadInput):
            name = parse_index_name(index)
            found[DataFileName(name.creator, name.receiver, name.day, "04")] = index
    return {file: index for file, index in found.items() if file.day <= business_date_of(at.now)}


def _indexes_of_ours(at: Moment, files: Sequence[DataFileName]) -> dict[str, tuple[str, str]]:
    """The indexes that we may have left on dates that are not closed, and between whom. One that has left and is not noted was left by a
    platform that died there: what answers it waits until the day's end has done that step again, which must find all as it was."""
    if at.cut is None:
        return {}
    first = at.closed + timedelta(days=1) if at.closed else at.cut
    days = [first + timedelta(days=number) for number in range((at.cut - first).days + 1)]
    ends = {(file.creator, file.receiver) for file in files}
    return {str(IndexName(receiver, creator, day)): (creator, receiver) for creator, receiver in ends for day in days}


async def pending(house: House) -> list[str]:
    """Files that the registrar has left and that are not taken yet."""
    names = [str(file) for index in house.rails.exchange.found() for file in await _named(house, index) or ()]
    async with house.database.read() as tx:
        known = await exchange_store.file_known(tx, names)
    return [name for name in names if name not in known]


async def _named(house: House, index: str) -> list[DataFileName] | None:
    """The files of an index that are ours to take; an index that cannot be read is a break, and None."""
    try:
        return [file for file in read_index(house.rails.exchange.read(index), parse_index_name(index)).files if file.file_type in _ORDER]
    except BadInput as error:
        await _complain(house, index, str(error))
        return None


class _Behind(NamedTuple):
    """What was not taken, of a day, between whom. `priceless`: it waits for a NAV; else it has to come again."""

    ends: tuple[str, str]
    name: str
    day: date
    priceless: bool = False

    @property
    def why(self) -> str:
        return f"{self.name}, {'whose price is not in' if self.priceless else 'which has not come as it should be'}"

    def keeps(self, file: DataFileName) -> bool:
        """Whether what a file says rests on this: lots on all that came of its day or before, income on what was held the day before.
        Holdings are compared with what came; they tell best what is missing while nobody knows what stands here."""
        rests = ("04", "05") if self.priceless else ("04",)
        of_lots, of_income = file.file_type in rests and file.day >= self.day, file.file_type == "06" and file.day > self.day
        return self.ends == _ends(file) and (of_lots or of_income)


class _Fate(Enum):
    TAKEN = auto()
    LEFT = auto()
    """As it was: it came before."""
    NOT_WHOLE = auto()
    """It has to come again."""
    WAITS = auto()
    """For a NAV: it will be taken as it is."""


async def _take_news(house: House, file: DataFileName, before: bytes | None, taker: Taker) -> _Fate:
    """Take a file that an index names, unless its content was taken `before`. One that is not there is a break."""
    try:
        arriving = house.rails.exchange.arriving(str(file))
    except BadInput as error:
        await _complain(house, str(file), str(error))
        return _Fate.LEFT if before else _Fate.NOT_WHOLE
    with arriving as content:
        found = _state_of(content)
        digest = await asyncio.to_thread(digest_of, content)
        if digest == before:
            return _Fate.LEFT
        return await _take(house, file, content, found, digest, taker, new=before is None)


Found = tuple[int, int]


def _state_of(content: BinaryIO) -> Found:
    """Size and time of the last change: what tells that somebody writes into a file while it is read."""
    seen = os.fstat(content.fileno())
    return seen.st_size, seen.st_mtime_ns


async def _take(house: House, file: DataFileName, content: BinaryIO, found: Found, digest: bytes, taker: Taker, *, new: bool) -> _Fate:
    name = str(file)
    try:
        if new and file.file_type == "04":
            ahead = await raise_ahead.settle(house, file, content, lambda: _check_left(name, content, found))
            taker = taker if ahead is None else partial(take_confirmations, ahead=ahead)
        async with house.database.transaction() as tx:
            await house.ledger.lock_books(tx, range(house.books + 1))
            before = (await exchange_store.file_known(tx, [name])).get(name)
            at = await moment(tx)
            day = at.open_date(business_date_of(at.now))
            if before is not None:
                if before != digest:
                    text = f"{name} came again with other content; the first one stands: ask the registrar which is right"
                    await bank_store.complain(tx, day, BreakRow(SOURCE, "other_content", name, 0, text, False), at.now)
                return _Fate.LEFT
            await _check_ends(tx, file)
            records, breaks = await taker(house, tx, at, file, content)
            _check_left(name, content, found)
            await exchange_store.add_file(tx, name, digest, records, day, at.now, outgoing=False)
            await bank_store.add_breaks(tx, day, breaks, at.now)
            await bank_store.withdraw(tx, SOURCE, _UNREADABLE, [name])
    except BadInput as error:
        await _complain(house, name, str(error))
        return _Fate.WAITS if isinstance(error, NavNotIn) else _Fate.NOT_WHOLE
    except Outage:
        raise
    except Exception as error:  # a fault of ours must not keep the files after it waiting
        log.exception("fault in a file", file=name)
        await _complain(house, name, f"{name} cannot be taken by a fault of ours ({type(error).__name__}, see the log): tell the engineers")
        return _Fate.NOT_WHOLE
    return _Fate.TAKEN


def _check_left(name: str, content: BinaryIO, found: Found) -> None:
    """Raises BadInput for a file that somebody writes into."""
    if _state_of(content) != found:
        raise BadInput("it changed while it was read", where=name, hint="leave it whole; it is looked at again")


_UNREADABLE = "unreadable_file"


async def _check_ends(tx: Tx, file: DataFileName) -> None:
    """Raises BadInput for a file between others than a registrar and a channel of ours."""
    funds, channels = await store.funds(tx), await store.channels(tx)
    if not any((funds[fund].registrar, code) == (file.creator, file.receiver) for code, fund in channels):
        what = f"it is from {file.creator} for {file.receiver}, and no fund of ours has that registrar and channel"
        raise BadInput(what, where=str(file), hint="ask the registrar whose file it is")


async def _mended(house: House, items: Sequence[str]) -> None:
    """These can be read now."""
    if not items:
        return
    async with house.database.transaction() as tx:
        await bank_store.withdraw(tx, SOURCE, _UNREADABLE, items)


async def _complain(house: House, item: str, text: str) -> None:
    """A file that cannot be taken as it is: looked at again each time, and taken when the registrar has sent a right one."""
    async with house.database.transaction() as tx:
        at = await moment(tx)
        day = at.open_date(business_date_of(at.now))
        await bank_store.complain(tx, day, BreakRow(SOURCE, _UNREADABLE, item, 0, text, False), at.now)


def unknown_serial(file: DataFileName, serial: str) -> BreakRow:
    """What a file answers, and nobody has asked."""
    return BreakRow(SOURCE, "unknown_serial", serial, 0, f"{file} answers {serial}, which we never sent; ask the registrar", False)


@dataclass(slots=True)
class _Answers:
    """What is known of a 04 while it is read slice by slice. `rest` are the answers to all but purchases of money funds; they are few, and
    are settled together at its end."""

    funds: Mapping[str, Fund]
    own: bool
    day: date
    actor: int
    read: int = 0
    slices: int = 0
    settled: set[int] = field(default_factory=set)
    """Hashes of the serials of purchases that this file has answered."""
    rest: dict[str, Answer] = field(default_factory=dict)
    started: list[ConfirmationRecord] = field(default_factory=list)
    """What the registrar has done without an order of ours."""
    confirmed: dict[str, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    """By fund and book, fen of purchases."""
    refused: list[Answer] = field(default_factory=list)
    """Purchases."""
    breaks: list[BreakRow] = field(default_factory=list)
    raised: Raised = field(default_factory=Raised)
    """What it says of subscriptions."""

    def is_plain(self, order: OrderRow) -> bool:
        return order.business_code in BUYS and self.funds[order.fund].kind is FundKind.MONEY

    def count(self, fresh: Sequence[Answer]) -> None:
        """What leaves for the custody accounts, and what comes back."""
        for order, one in fresh:
            if order.business_code in BUYS and one.accepted:
                self.confirmed[order.fund][order.book] += order.amount
            elif order.business_code in BUYS:
                self.refused.append((order, one))


_AT_ONCE = 8_192
"""Answers of a slice."""


async def take_confirmations(
    house: House, tx: Tx, at: Moment, file: DataFileName, content: BinaryIO, ahead: Ahead | None = None
) -> tuple[int, list[BreakRow]]:
    """04: cash and units of each order; what a return code refuses goes back. What another channel's file confirms just as it was asked is
    settled in sets, the rest slice by slice: what it takes of the memory does not grow with the purchases but for a hash of each serial;
    the caller's transaction takes everything back if the file is not whole. What was settled `ahead` is not looked at again."""
    own = any(one.own for (code, _), one in (await store.channels(tx)).items() if code == file.receiver)
    actor = await actor_number(tx, HOUSE_BOOK, PLATFORM)
    answers = _Answers(await store.funds(tx), own, at.booking_date(file.day), actor)
    if ahead is not None:
        answers.read, answers.raised = ahead.settled, ahead.raised
        coming = confirmations_in(content, file).some(ahead.left)
    else:
        coming = iter(confirmations_in(content, file)) if own else await _but_plain(house, tx, at, file, content, answers)
    halves: list[ConfirmationRecord] = []
    while some := list(islice(coming, _AT_ONCE)):
        check_day(file, ((one.serial, one.confirmed_on) for one in some), file.day)
        halves += [one for one in some if one.business_code in nav_orders.HALVES]
        answers.started += [one for one in some if registrar_orders.is_started(one)]
        said = [one for one in some if one.business_code not in nav_orders.HALVES and not registrar_orders.is_started(one)]
        await _take_some(house, tx, at, file, answers, said)
    await _take_some(house, tx, at, file, answers, nav_orders.joined(halves))
    await _settle_rest(house, tx, at, file, answers)
    await must_post(house, tx, at, [] if own else await _given_back(house, tx, file, answers))
    await _pay_on(house, tx, at, file, answers)
    await raise_outcomes.end(house, tx, at, file, answers.funds, answers.raised, answers.day, answers.actor)
    changed = [answer for answer in answers.rest.values() if answer[0].business_code == BusinessCode.DIVIDEND_METHOD]
    await dividend_method.tell(tx, at, changed)
    await refused_purchases.tell(tx, at, answers.refused if own else [])
    return answers.read + len(answers.started), answers.breaks


async def _but_plain(
    house: House, tx: Tx, at: Moment, file: DataFileName, content: BinaryIO, answers: _Answers
) -> Iterator[ConfirmationRecord]:
    """What is left of another channel's answers once the plain ones of a long file are settled."""
    incoming = confirmations_in(content, file)
    if incoming.header.records < file_tables.LEAST:
        return iter(incoming)
    of = plain_answers.Confirmed(file, answers.day, answers.actor)
    settled = await plain_answers.settle(house, tx, at, answers.funds, of, incoming)
    answers.read = settled.records - len(settled.left)
    for fund, sums in settled.confirmed.items():
        answers.confirmed[fund].update(sums)
    return confirmations_in(content, file).some(settled.left) if settled.left else iter(())


async def _take_some(house: House, tx: Tx, at: Moment, file: DataFileName, answers: _Answers, said: Sequence[ConfirmationRecord]) -> None:
    if not said:
        return
    answers.read += len(said)
    answers.slices += 1
    orders = await orders_store.orders_by_serial(tx, range(house.books + 1), file.receiver, [one.serial for one in said])
    holders = await store.holders_by_id(tx, sorted({(order.book, order.fund_account) for order in orders.values()}))
    raised = [(order, one) for one in said if (order := orders.get(one.serial)) and order.business_code == BusinessCode.SUBSCRIBE]
    answers.breaks += await raise_outcomes.take(
        house, tx, at, file, raised, holders, answers.funds, answers.raised, answers.day, answers.actor
    )
    of_raises = {order.serial for order, _ in raised}
    others = [one for one in said if one.serial not in of_raises]
    fresh = _sorted_out(file, others, orders, holders, answers)
    plain = [answer for answer in fresh if answers.is_plain(answer[0])]
    answers.rest |= {order.serial: (order, one) for order, one in fresh if not answers.is_plain(order)}
    answers.settled.update(hash(order.serial) for order, _ in plain)
    answers.count(plain)
    made = [] if answers.own else _cash_confirmed(file, plain, answers)
    for order, one in plain:
        made += _settled(order, one, answers)
    await must_post(house, tx, at, made)
    await _note(tx, plain, answers.day)


def _cash_confirmed(file: DataFileName, plain: Sequence[Answer], answers: _Answers) -> list[JournalEntry]:
    """Of another channel's orders, all of a slice: the money of each book."""
    sums: Counter[int] = Counter()
    for order, one in plain:
        if one.accepted:
            sums[order.book] += order.amount
    at = shanghai(file.day)
    keys = {book: named(at, book, f"channel confirmed:{file}:{answers.slices}") for book in sums}
    return [entries.channel_cash_confirmed(book, keys[book], sums[book], answers.day, answers.actor) for book in sorted(sums)]


async def _settle_rest(house: House, tx: Tx, at: Moment, file: DataFileName, answers: _Answers) -> None:
    """Redemptions, fast transfers, freezes, and whatever has a NAV."""
    fresh, funds, day, actor = list(answers.rest.values()), answers.funds, answers.day, answers.actor
    answers.count(fresh)
    answers.breaks += await registrar_orders.take(house, tx, at, file, answers.started, day, actor, own=answers.own)
    answers.breaks += await nav_outcomes.take(house, tx, file, fresh, funds, SOURCE, day)
    redeemed = [(order, one) for order, one in fresh if _of_a_customer(order)]
    await redemption_outcomes.settle(house, tx, at, redeemed, funds, day, actor)
    advanced = [(order, one) for order, one in fresh if _of_the_advancer(order)]
    made = await advance_outcomes.settle(tx, advanced, funds, day, actor)
    for order, one in fresh:
        made += _settled(order, one, answers)
    await switch.tell_refused(tx, at, [(order, one) for order, one in fresh if order.business_code == BusinessCode.SWITCH])
    made += await _set_free(tx, fresh, funds, day, actor)
    await must_post(house, tx, at, made)
    await _note(tx, fresh, day)
    due = redemption_outcomes.names_of([*answers.started, *(one for _, one in redeemed)])
    await redemption_outcomes.join(house, tx, at, due, actor)
    await advance_outcomes.join(house, tx, at, [one for _, one in advanced], actor)
    await large_days.note(house, tx, at, fresh, funds, day)


async def _note(tx: Tx, fresh: Sequence[Answer], day: date) -> None:
    """What became of the orders."""
    await orders_store.settle_orders(
        tx,
        [
            (o.book, o.id, redemption_outcomes.state_after(c), o.confirmed_amount + c.amount, o.confirmed_units + c.volume, c.return_code)
            for o, c in fresh
        ],
        day,
    )


def _of_a_customer(order: OrderRow) -> bool:
    """A redemption of a customer's own, none of the advancer's."""
    return order.business_code == BusinessCode.REDEEM and order.fund_account != ADVANCER


def _of_the_advancer(order: OrderRow) -> bool:
    return order.business_code == BusinessCode.REDEEM and order.fund_account == ADVANCER


_NOTED = (*BUYS, BusinessCode.SWITCH, BusinessCode.DIVIDEND_METHOD)
"""What its customer is told of when the registrar refuses it; nobody else has to look at it."""


def _refused(file: DataFileName, one: ConfirmationRecord) -> BreakRow:
    stay = "in transit" if one.business_code == BusinessCode.FAST_TRANSFER.confirmed else "as they are"
    text = f"{file} refuses {one.serial} ({one.business_code}, {one.return_code} {one.reason}); its units stay {stay}: ask the registrar"
    return BreakRow(SOURCE, "refused_by_registrar", one.serial, one.ordered_volume, text, False)


def _sorted_out(
    file: DataFileName,
    said: Sequence[ConfirmationRecord],
    orders: Mapping[str, OrderRow],
    holders: Mapping[UUID, Holder],
    answers: _Answers,
) -> list[Answer]:
    """What settles an order of ours; what does not agree becomes a break. What was said before changes nothing."""
    fresh: dict[str, Answer] = {}
    breaks = answers.breaks
    for one in said:
        order = orders.get(one.serial)
        if order is None:
            breaks.append(unknown_serial(file, one.serial))
        elif one.serial in fresh or one.serial in answers.rest:
            first = (fresh.get(one.serial) or answers.rest[one.serial])[1]
            breaks.append(doubled(file, one, same=_said_alike(first, one)))
        elif order.state in ANSWERED and hash(one.serial) in answers.settled:
            breaks.append(doubled(file, one, same=_same(order, one)))
        elif order.state in ANSWERED and _same(order, one):
            continue
        elif (wrong := misfit(order, answers.funds[order.fund], holders[order.fund_account], one)) is not None:
            breaks.append(BreakRow(SOURCE, "confirmation_differs", one.serial, one.amount - order.amount, f"{file}: {wrong}", False))
        else:
            fresh[one.serial] = order, one
            stays = one.accepted or order.business_code in _NOTED or _of_a_customer(order)
            breaks += [] if stays else [_refused(file, one)]
    return list(fresh.values())


def _said_alike(first: ConfirmationRecord, second: ConfirmationRecord) -> bool:
    return replace(first, ta_serial="") == replace(second, ta_serial="")


def _same(order: OrderRow, one: ConfirmationRecord) -> bool:
    return (order.return_code, order.confirmed_amount, order.confirmed_units) == (one.return_code, one.amount, one.volume)


def _settled(order: OrderRow, one: ConfirmationRecord, answers: _Answers) -> list[JournalEntry]:
    view, day, actor = order_of(order, answers.funds[order.fund], own=answers.own), answers.day, answers.actor
    match order.business_code, one.accepted:
        case BusinessCode.SWITCH, _:
            return [switch.settled(order, one, answers.funds, day, actor)]
        case BusinessCode.PURCHASE | BusinessCode.PLAN, True if answers.own or not answers.is_plain(order):
            return [entries.purchase_confirmed(view, one.volume, day, actor)]
        case BusinessCode.PURCHASE | BusinessCode.PLAN, True:
            return [entries.channel_units_confirmed(view, one.volume, day, actor)]
        case BusinessCode.PURCHASE | BusinessCode.PLAN, False:
            return [] if answers.own else [entries.channel_purchase_refused(view, day, actor)]
        case BusinessCode.FAST_TRANSFER, True:
            return [entries.fast_transfer_confirmed(view, one.volume, day, actor)]
    return []


async def _set_free(tx: Tx, fresh: Sequence[Answer], funds: Mapping[str, Fund], day: date, actor: int) -> list[JournalEntry]:
    """What authorities had frozen, and the registrar has set free."""
    ended = [order for order, one in fresh if order.business_code == BusinessCode.UNFREEZE and one.accepted]
    freezes = await orders_store.orders_by_id(tx, [(one.book, one.source) for one in ended if one.source])
    return [entries.unfrozen(order_of(one, funds[one.fund], own=True), one.units, day, actor) for one in freezes.values()]


async def _given_back(house: House, tx: Tx, file: DataFileName, answers: _Answers) -> list[JournalEntry]:
    """What a channel's refused orders had taken pays for its next ones."""
    sums: dict[int, int] = defaultdict(int)
    for order, _ in answers.refused:
        sums[order.funding] += order.amount
    (account,) = await house.ledger.open_accounts(tx, [paid_in(file.receiver)])
    return [
        entry
        for funding, amount in sorted(sums.items())
        for entry in bank_entries.allotted(
            funding, account, NUMBER_OF[Kind.FUND_COLLECTION], amount, _given_back_key(file, funding), answers.day, answers.actor
        )
    ]


def _given_back_key(file: DataFileName, funding: int) -> UUID:
    return named(shanghai(file.day), HOUSE_BOOK, f"channel refund:{file}:{funding}")


async def _pay_on(house: House, tx: Tx, at: Moment, file: DataFileName, answers: _Answers) -> None:
    """The confirmed cash of the file leaves for each fund's custody account; refused cash of our own customers goes back to the reserve."""
    funds, day, actor = answers.funds, answers.day, answers.actor
    collected = {book: house_account(book, Kind.FUND_PURCHASE_COLLECTED, Asset.CNY) for book in house.all_books}
    to_custody = [
        Payment(
            step_key(day, "custody", HOUSE_BOOK, f"{file} {code}"),
            f"CUS-{file.receiver}-{code}-{file.day:%Y%m%d}",
            Purpose.FUND_CUSTODY,
            NUMBER_OF[Kind.FUND_COLLECTION],
            funds[code].custody_account,
            funds[code].name,
            day,
            tuple(Part(book, amount, collected[book]) for book, amount in sorted(of.items())),
        )
        for code, of in sorted(answers.confirmed.items())
    ]
    await payments.instruct(house, tx, at, day, actor, to_custody, set_aside=False)
    back = [
        Payment(
            named(shanghai(day), HOUSE_BOOK, f"purchase refund:{order.serial}"),
            f"PRF-{order.serial}",
            Purpose.PURCHASE_REFUND,
            NUMBER_OF[Kind.FUND_COLLECTION],
            NUMBER_OF[Kind.CUSTOMER_RESERVE],
            "Tapwealth customer reserve",
            day,
            (Part(order.book, order.amount, collected[order.book], order.funding),),
        )
        for order, _ in answers.refused
        if answers.own
    ]
    await payments.instruct(house, tx, at, day, actor, back)


async def take_holdings(_house: House, tx: Tx, _at: Moment, file: DataFileName, content: BinaryIO) -> tuple[int, list[BreakRow]]:
    """05: kept as it came; the proof of the date compares it."""
    shelf = await store.funds(tx)
    said = [one for one in HOLDINGS.values(content, str(file)) if one.fund_code in shelf]
    names = [f"{one.ta_account}/{one.trading_account} of {one.fund_code}" for one in said]
    check_day(file, zip(names, (one.as_of for one in said), strict=True), file.day)
    check_once(file, names)
    rows = [(one.fund_code, one.ta_account, one.trading_account, one.total) for one in said]
    await exchange_store.replace_holdings(tx, file.day, file.receiver, rows)
    return len(said), []
