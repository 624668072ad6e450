"""What goes to the registrar when a date ends: account applications (01) before orders (03), then the index that makes them count.

The date is cut, so that what belongs into its files cannot change any more: made once more after a kill, they are the same bytes.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import date, timedelta
from typing import NamedTuple
from uuid import UUID

import numpy as np
import structlog

from tapwealth.bank.entries import NUMBER_OF, Part
from tapwealth.customers import store as customers
from tapwealth.flows.bank import payments
from tapwealth.flows.bank.payments import Payment, Purpose
from tapwealth.flows.customers.people import open_person
from tapwealth.flows.end_of_day import StepReport, reported
from tapwealth.flows.frame import HOUSE_BOOK, PLATFORM, House, actor_number, moment, step_key
from tapwealth.flows.funds.pocket import holding_of, units_of
from tapwealth.flows.funds.purchase import OWN_CHANNEL, serial_of
from tapwealth.funds import advance_store, exchange_store, orders_store, raise_store, store
from tapwealth.funds.advance_store import Redemption
from tapwealth.funds.conditions import DividendMethod
from tapwealth.funds.dividend import WRITTEN
from tapwealth.funds.exchange_out import OrderWriter, OutgoingFile, Purchases, Route, account_file, index_of, order_file_name
from tapwealth.funds.exchange_values import AccountApplication, BusinessCode, OrderRecord
from tapwealth.funds.orders_store import OrderRow, Outgoing
from tapwealth.funds.store import FundAccount
from tapwealth.issuing import store as issuing
from tapwealth.issuing.store import Authorisation
from tapwealth.kernel import parts
from tapwealth.kernel.clock import SHANGHAI, shanghai
from tapwealth.kernel.ids import derived
from tapwealth.kernel.masked import IdentityNumber, PersonName
from tapwealth.kernel.money import Asset, format_minor
from tapwealth.kernel.words import counted
from tapwealth.ledger.chart import Kind, house_account
from tapwealth.storage.database import Tx
from tapwealth.storage.fixed_rows import Rows, UnequalRows, letters

log = structlog.get_logger(__name__)

ADVANCER = UUID(int=1)
"""The fund account (book 0) under which the bank's advance facility holds units."""


async def cover_captures(house: House, day: date) -> StepReport:
    """Each capture that the bank advanced money for becomes a fast transfer (098) of the holder's units to the advancer, one of each fund
    that paid."""
    async with house.database.transaction() as tx:
        captured = [_Covered(row, place, part) for row in await issuing.captured_on(tx, day) for place, part in enumerate(row.by_funds)]
        await house.ledger.lock_books(tx, sorted({one.row.book for one in captured}))
        known = set(await orders_store.orders_by_serial(tx, house.all_books, OWN_CHANNEL, [one.serial(day) for one in captured]))
        fresh = [one for one in captured if one.serial(day) not in known]
        await orders_store.add_orders(tx, await _fast_transfers(house, tx, day, fresh) if fresh else [])
    units = sum(one.part.amount for one in captured)
    return StepReport(
        f"{counted(len(captured), 'fast transfer')} of {format_minor(units)} units", {"transfers": len(captured), "units": units}
    )


class _Covered(NamedTuple):
    """What one fund paid of a capture."""

    row: Authorisation
    place: int
    part: parts.Part

    @property
    def id(self) -> UUID:
        return derived(self.row.id, f"fast_transfer:{self.place}" if self.place else "fast_transfer")

    def serial(self, day: date) -> str:
        return serial_of(day, self.id)


async def _fast_transfers(house: House, tx: Tx, day: date, fresh: Sequence[_Covered]) -> list[OrderRow]:
    units = await units_of(house, tx, [one.part.source for one in fresh])
    wanted = [holding_of(one.row.book, one.row.person, units[one.part.source]) for one in fresh]
    return [
        OrderRow(
            book=one.row.book,
            id=one.id,
            serial=one.serial(day),
            channel=OWN_CHANNEL,
            fund=one.part.source,
            fund_account=one.row.person,
            funding=house_account(one.row.book, Kind.TRANSIT_098, units[one.part.source]),
            holding=holding,
            business_code=BusinessCode.FAST_TRANSFER,
            amount=0,
            units=one.part.amount,
            received_at=one.row.received_at,
            dealing_date=day,
            business_date=day,
            source=one.row.id,
        )
        for one, holding in zip(fresh, await house.ledger.open_accounts(tx, wanted), strict=True)
    ]


async def redeem_advance(house: House, day: date) -> StepReport:
    """On a dealing day the advancer asks for the money of the units it holds: one redemption (024) a fund, over all books."""
    if not house.calendar.is_dealing_day(day):
        return StepReport("not a dealing day", {"units": 0})
    async with house.database.transaction() as tx:
        await house.ledger.lock_books(tx, house.all_books)
        known = [one for one in await advance_store.redemptions(tx) if one.dealing_date <= day]
        asked = {one.fund for one in known if one.dealing_date == day}
        under_way = [one for one in known if one.dealing_date < day and (one.confirmed_on is None or one.confirmed_on > day)]
        held = await _held(house, tx, day, under_way)
        fresh = {fund: parts for fund, parts in held.items() if fund not in asked}
        rows = [_redemption(day, fund, sum(parts.values())) for fund, parts in fresh.items()]
        await advance_store.add_redemptions(tx, [Redemption(one.serial, one.fund, day, one.units, "sent", None, None) for one in rows])
        await advance_store.add_redemption_parts(tx, {one.serial: fresh[one.fund] for one in rows})
        await orders_store.add_orders(tx, rows)
    units = sum(sum(parts.values()) for parts in held.values())
    return StepReport(f"the advancer redeems {format_minor(units)} units", {"units": units})


async def _held(house: House, tx: Tx, day: date, under_way: Sequence[Redemption]) -> dict[str, dict[int, int]]:
    """The advancer's units by fund and book as of the date, without those it has asked for before and that were not confirmed by then."""
    parts = await advance_store.open_units(tx, [one.serial for one in under_way], day)
    asked: Counter[tuple[str, int]] = Counter()
    for one in under_way:
        asked.update({(one.fund, book): units for book, units in parts[one.serial].items()})
    accounts = {
        (fund.code, book): house_account(book, Kind.ADVANCER, fund.asset)
        for fund in (await store.funds(tx)).values()
        for book in house.all_books
    }
    totals = await house.ledger.totals_dated(tx, list(accounts.values()), day)
    held: dict[str, dict[int, int]] = defaultdict(dict)
    for (fund, book), account in accounts.items():
        units = totals[account].owed - asked[fund, book]
        if units > 0:
            held[fund][book] = units
    return held


def _redemption(day: date, fund: str, units: int) -> OrderRow:
    identifier = step_key(day, "advance redemption", HOUSE_BOOK, fund)
    return OrderRow(
        book=HOUSE_BOOK,
        id=identifier,
        serial=serial_of(day, identifier),
        channel=OWN_CHANNEL,
        fund=fund,
        fund_account=ADVANCER,
        funding=0,
        holding=0,
        business_code=BusinessCode.REDEEM,
        amount=0,
        units=units,
        received_at=shanghai(day, 14, 59, 59),
        dealing_date=day,
        business_date=day,
    )


class _Left(NamedTuple):
    """A file that the registrar has, and its SHA-256."""

    name: str
    digest: bytes


async def send_files(house: House, day: date) -> StepReport:
    """Make the files and leave them for the registrar, then note that they are gone and sweep the cash they stand for."""
    return await _note(house, day, await _leave(house, day))


async def _leave(house: House, day: date) -> list[_Left]:
    deals = house.calendar.is_dealing_day(day)
    files: list[_Left] = []
    async with house.database.read() as tx:
        applications = await store.applications_for(tx, day)
        orders = await orders_store.outgoing_counts(tx, day, deals=deals)
        people = await customers.persons(tx, [(one.book, one.id) for one in applications if not one.sealed])
        for channel in sorted({one.channel for one in applications} | orders.keys()):
            route = Route(channel)
            named = [_application(house, one, people) for one in applications if one.channel == channel]
            made = [_left(house, account_file(route, day, named))] if named else []
            if channel in orders:
                count, purchases = orders[channel]
                made.append(await _leave_orders(house, tx, route, day, count, purchases=purchases and deals))
            files += [*made, _left(house, index_of(route, day, made))]
    return files


def _left(house: House, file: OutgoingFile) -> _Left:
    house.rails.exchange.leave(file.name, file.content)
    return _Left(file.name, hashlib.sha256(file.content).digest())


async def _leave_orders(house: House, tx: Tx, route: Route, day: date, count: int, *, purchases: bool) -> _Left:
    """As a stream: what it takes of the memory does not grow with the orders. Purchases alone go by column, unless one of them is such that
    it has to be looked at by itself."""
    if purchases:
        try:
            return await _leave_purchases(house, tx, route, day, count)
        except UnequalRows:
            log.info("a file of purchases is made record by record", channel=route.creator)
    name, deals = order_file_name(route, day), house.calendar.is_dealing_day(day)
    with house.rails.exchange.leaving(name) as stream:
        writer = OrderWriter(stream, route, day, count)
        async for some in orders_store.outgoing(tx, day, route.creator, deals=deals):
            writer.add(map(_order, some))
        return _Left(name, writer.end())


async def _leave_purchases(house: House, tx: Tx, route: Route, day: date, count: int) -> _Left:
    """Raises UnequalRows where they cannot be written by column."""
    name = order_file_name(route, day)
    with house.rails.exchange.leaving(name) as stream:
        writer = OrderWriter(stream, route, day, count)

        def add(rows: Rows) -> bool:
            serials, trading, ta, funds = (letters(rows, one) for one in ("serial", "trading_account", "ta_account", "fund"))
            amounts, received = (rows[one].astype(np.int64) for one in ("amount", "received"))
            return writer.add_purchases(Purchases(serials, trading, ta, funds, amounts, received))

        await orders_store.outgoing_purchases(tx, day, route.creator, add)
        return _Left(name, writer.end())


_PLACE = b"fund_account"


def seal_holder(house: House, identifier: UUID, name: str, identity_number: str, payout_account: str) -> bytes:
    """What names a holder who is no customer of ours, as it lies in the row of that id."""
    return house.keys.seal("people", f"{name}\n{identity_number}\n{payout_account}".encode(), _PLACE + identifier.bytes)


def _application(house: House, one: FundAccount, people: dict[UUID, customers.PersonRow]) -> AccountApplication:
    if one.sealed:
        name, identity, payout_account = house.keys.open_sealed("people", one.sealed, _PLACE + one.id.bytes).decode().split("\n")
    else:
        person = open_person(house, people[one.id])
        name, identity, payout_account = person.name.reveal(), person.identity_number.reveal(), ""
    at = one.applied_at.astimezone(SHANGHAI)
    return AccountApplication(
        serial=one.application_serial,
        business_code=one.business_code,
        trading_account=one.trading_account,
        name=PersonName(name),
        identity_number=IdentityNumber(identity),
        applied_on=at.date(),
        applied_at=at.time().replace(microsecond=0),
        distributor=one.channel,
        ta_account=one.ta_account,
        payout_account=payout_account,
    )


def _order(one: Outgoing) -> OrderRecord:
    at = one.received_at.astimezone(SHANGHAI)
    fast = one.business_code == BusinessCode.FAST_TRANSFER
    return OrderRecord(
        serial=one.serial,
        business_code=one.business_code,
        trading_account=one.trading_account,
        ta_account=one.ta_account,
        fund_code=one.fund,
        amount=one.amount,
        volume=one.units,
        ordered_on=at.date(),
        ordered_at=at.time().replace(microsecond=0),
        distributor=one.channel,
        target_trading_account=ADVANCER_TRADING_ACCOUNT if fast else "",
        target_distributor=OWN_CHANNEL if fast else "",
        large_flag=one.large_flag,
        target_fund=one.target_fund,
        dividend_method=WRITTEN[DividendMethod(one.dividend_method)] if one.dividend_method else "",
        plan=plan_number(one.source) if one.business_code == BusinessCode.PLAN and one.source else "",
    )


def plan_number(plan: UUID) -> str:
    """What the registrar knows a customer's periodic plan by: 20 digits of its id's hash part, the book left out."""
    return f"{plan.int & (1 << 46) - 1:020d}"


ADVANCER_TRADING_ACCOUNT = "00000000000000001"


async def _note(house: House, day: date, made: Sequence[_Left]) -> StepReport:
    """Own customers' cash goes from the reserve to the collection account, the next day."""
    async with house.database.transaction() as tx:
        await house.ledger.lock_books(tx, range(house.books + 1))
        at = await moment(tx)
        await store.mark_applications_sent(tx, await store.applications_for(tx, day), day)
        await orders_store.mark_orders_sent(tx, day, deals=house.calendar.is_dealing_day(day))
        for file in made:
            await exchange_store.add_file(tx, file.name, file.digest, 0, day, at.now, outgoing=True)
        actor = await actor_number(tx, HOUSE_BOOK, PLATFORM)
        parts = _sweep(await orders_store.purchases_sent(tx, OWN_CHANNEL, day), Kind.FUND_PURCHASE_IN_TRANSIT, Kind.FUND_PURCHASE_COLLECTED)
        parts += _sweep(await raise_store.sent(tx, OWN_CHANNEL, day), Kind.RAISE_IN_TRANSIT, Kind.RAISE_COLLECTED)
        payment = Payment(
            step_key(day, "purchase sweep", HOUSE_BOOK),
            f"SWP-{day:%Y%m%d}",
            Purpose.PURCHASE_SWEEP,
            NUMBER_OF[Kind.CUSTOMER_RESERVE],
            NUMBER_OF[Kind.FUND_COLLECTION],
            "Tapwealth fund collection",
            day + timedelta(days=1),
            parts,
        )
        await payments.instruct(house, tx, at, day, actor, [payment] if parts else [])
        names, swept = [file.name for file in made], payment.amount
        text = f"{counted(len(names), 'file')} left for the registrar, {format_minor(swept)} yuan swept"
        return await reported(tx, StepReport(text, {"files": names, "swept": swept}))


def _sweep(sums: Sequence[tuple[int, int]], waits: Kind, arrives: Kind) -> tuple[Part, ...]:
    """The parts of books, from the one house account to the other."""
    return tuple(
        Part(book, amount, house_account(book, waits, Asset.CNY), house_account(book, arrives, Asset.CNY)) for book, amount in sums
    )
