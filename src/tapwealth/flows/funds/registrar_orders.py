"""What the registrar starts by itself (04 with its own serial): forced redemption (142), forced increase (144) and decrease (145).

There is no order of ours before it; with the registrar's word one is written down and posted at once. A holder who is not known, units that
are not there or not free, figures that do not fit each other: a break, and nothing is posted. What a redemption at a NAV brings is computed
by us too, as an order's is: where we say otherwise the registrar's word is posted, and a break names both.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from tapwealth.bank.store import BreakRow
from tapwealth.flows.frame import House, Moment, must_post
from tapwealth.flows.funds import nav_outcomes, redemption_outcomes
from tapwealth.flows.funds.exchange_out import ADVANCER
from tapwealth.flows.funds.purchase import order_of
from tapwealth.funds import conditions_store, entries, lots, lots_store, nav_orders, orders_store, store
from tapwealth.funds import dues as registrar_dues
from tapwealth.funds.conditions import Conditions, FundKind
from tapwealth.funds.dues import RegistrarDue
from tapwealth.funds.exchange_values import PAR, SUCCESS, BusinessCode, ConfirmationRecord
from tapwealth.funds.lots import Lot, Taken
from tapwealth.funds.lots_store import LeftLot, LotRow, LotUse
from tapwealth.funds.nav import Rounding, worth
from tapwealth.funds.order_state import OrderState
from tapwealth.funds.orders_store import OrderRow
from tapwealth.funds.store import Fund, FundAccount
from tapwealth.kernel.clock import shanghai
from tapwealth.kernel.ids import derived, named
from tapwealth.kernel.money import Asset, format_minor
from tapwealth.ledger.chart import Kind
from tapwealth.ledger.port import JournalEntry, Limit, NewAccount
from tapwealth.notices import store as notices
from tapwealth.notices.notice import Notice, NoticeKind
from tapwealth.wire.ofd import DataFileName

SOURCE = redemption_outcomes.SOURCE
FROM_TA = "1"
STARTED = (BusinessCode.FORCED_REDEMPTION, BusinessCode.FORCED_INCREASE, BusinessCode.FORCED_DECREASE)

Holder = tuple[str, str]
"""(TA account, trading account)."""
Done = tuple[OrderRow, ConfirmationRecord]
"""What the registrar has started, and its word."""


def is_started(one: ConfirmationRecord) -> bool:
    """Whether a record of a 04 answers no order, and may stand all the same."""
    return one.from_ta == FROM_TA and one.business_code in STARTED


@dataclass(slots=True)
class _Known:
    funds: Mapping[str, Fund]
    rounding: Mapping[str, Rounding]
    holders: Mapping[Holder, FundAccount]
    holdings: Mapping[tuple[UUID, str], int]
    wallets: Mapping[UUID, int]
    free: dict[tuple[UUID, str], int]


async def take(
    house: House, tx: Any, at: Moment, file: DataFileName, said: Sequence[ConfirmationRecord], day: date, actor: int, *, own: bool
) -> list[BreakRow]:
    """Write down and post what a file's records of that kind say. What was said before changes nothing."""
    if not said:
        return []
    before = await orders_store.orders_by_serial(tx, range(house.books + 1), file.receiver, [one.serial for one in said])
    known = await _load(house, tx, at, file, said)
    breaks, done = [], dict[str, tuple[OrderRow, ConfirmationRecord]]()
    for one in said:
        order = before.get(one.serial) or (done[one.serial][0] if one.serial in done else None)
        if order is not None:
            breaks += [] if _alike(order, one) else [_break(file, "answered_twice", one, "came before and said otherwise")]
            continue
        wrong = _wrong(known, one, own=own)
        if wrong is not None:
            breaks.append(_break(file, "forced_differs", one, wrong))
            continue
        done[one.serial] = _row(known, file, one, day), one
    prices = await _prices(house, tx, file, list(done.values()), known.funds)
    breaks += await _post(house, tx, at, file, list(done.values()), known.funds, prices, day, actor)
    await notices.tell(tx, [_told(at, order) for order, _ in done.values()] if own else [])
    return breaks


def _alike(order: OrderRow, one: ConfirmationRecord) -> bool:
    return (order.business_code, order.confirmed_units, order.confirmed_amount) == (one.business_code, one.volume, one.amount)


def _break(file: DataFileName, kind: str, one: ConfirmationRecord, text: str) -> BreakRow:
    said = f"{file}: {one.business_code} of {format_minor(one.volume)} units of {one.fund_code} for {one.ta_account}/{one.trading_account}"
    return BreakRow(SOURCE, kind, one.serial, one.volume, f"{said} {text}; ask the registrar", False)


async def _load(house: House, tx: Any, at: Moment, file: DataFileName, said: Sequence[ConfirmationRecord]) -> _Known:
    funds, conditions = await store.funds(tx), await conditions_store.conditions(tx)
    found = await store.accounts_by_trading(tx, file.receiver, [one.trading_account for one in said])
    holders = {(one.ta_account, one.trading_account): one for one in found if one.id != ADVANCER}
    pairs = sorted(
        {
            (holder.book, holder.id, one.fund_code)
            for one in said
            if one.fund_code in funds and (holder := holders.get((one.ta_account, one.trading_account)))
        }
    )
    owners = sorted({(book, owner) for book, owner, _ in pairs})
    wanted = [NewAccount(book, Kind.HOLDING, owner, funds[fund].asset, Limit.DEBITS_WITHIN_CREDITS) for book, owner, fund in pairs]
    wanted += [NewAccount(book, Kind.WALLET, owner, Asset.CNY, Limit.DEBITS_WITHIN_CREDITS) for book, owner in owners]
    accounts = await house.ledger.open_accounts(tx, wanted)
    holdings = {(owner, fund): account for (_, owner, fund), account in zip(pairs, accounts, strict=False)}
    free = await house.ledger.free(tx, at.now, list(holdings.values()))
    return _Known(
        funds,
        {fund: terms.rounding for fund, (_, terms) in conditions.items()},
        holders,
        holdings,
        {owner: account for (_, owner), account in zip(owners, accounts[len(pairs) :], strict=True)},
        {key: free[account] for key, account in holdings.items()},
    )


def _wrong(known: _Known, one: ConfirmationRecord, *, own: bool) -> str | None:
    """Why a record cannot be posted; of one that can, the units are taken from what is free."""
    holder, fund = known.holders.get((one.ta_account, one.trading_account)), known.funds.get(one.fund_code)
    if holder is None or fund is None:
        return "is of a holder or fund that we do not know"
    if not one.accepted:
        return f"has the return code {one.return_code}, so nothing has happened"
    if one.volume <= 0:
        return "moves nothing"
    if one.business_code == BusinessCode.FORCED_REDEMPTION:
        at_nav, fee = (one.nav, one.charge) if fund.kind is FundKind.NAV else (PAR, 0)
        ours = worth(one.volume, at_nav, known.rounding.get(fund.code, Conditions().rounding))
        if one.amount + fee != ours:
            return f"brings {format_minor(one.amount + fee)} yuan, we compute {format_minor(ours)}"
        if not own:
            return "is of another channel, which redeems nothing here"
    key = holder.id, fund.code
    if one.business_code == BusinessCode.FORCED_INCREASE:
        known.free[key] += one.volume
        return None
    if one.volume > known.free[key]:
        return f"is more than the {format_minor(known.free[key])} units that are free here"
    known.free[key] -= one.volume
    return None


def _row(known: _Known, file: DataFileName, one: ConfirmationRecord, day: date) -> OrderRow:
    holder = known.holders[one.ta_account, one.trading_account]
    accounts = known.wallets[holder.id], known.holdings[holder.id, one.fund_code]
    what = Started(one.serial, one.business_code, one.fund_code, one.amount, one.volume)
    order = started_order(holder, accounts, file, what, day)
    return replace(order, nav=one.nav, charge=one.charge) if _at_a_nav(order, known.funds) else order


def _at_a_nav(order: OrderRow, funds: Mapping[str, Fund]) -> bool:
    """Whether money comes for it at a price that we check."""
    return order.business_code == BusinessCode.FORCED_REDEMPTION and funds[order.fund].kind is FundKind.NAV


async def _prices(
    house: House, tx: Any, file: DataFileName, done: Sequence[Done], funds: Mapping[str, Fund]
) -> dict[UUID, nav_orders.Price]:
    """By order, of redemptions at a NAV. Raises NavNotIn."""
    priced = [(order, one) for order, one in done if _at_a_nav(order, funds)]
    if not priced:
        return {}
    versions = await conditions_store.versions(tx, sorted({order.fund for order, _ in priced}))
    days = {
        order.id: nav_orders.dealt_before(house.calendar, one.confirmed_on, versions[order.fund][-1][1].confirmation_days)
        for order, one in priced
    }
    found = await nav_outcomes.prices_of(tx, file, {(order.fund, days[order.id]) for order, _ in priced}, versions, funds)
    return {order.id: found[order.fund, days[order.id]] for order, _ in priced}


class Started(NamedTuple):
    """What the registrar has started, in fen and units."""

    serial: str
    business_code: str
    fund: str
    amount: int
    units: int


def started_order(holder: FundAccount, accounts: tuple[int, int], file: DataFileName, what: Started, day: date) -> OrderRow:
    """An order that is answered with its beginning. `accounts`: the holder's wallet and holding in the ledger."""
    return OrderRow(
        book=holder.book,
        id=named(shanghai(file.day), holder.book, f"started:{file.receiver}:{what.serial}"),
        serial=what.serial,
        channel=file.receiver,
        fund=what.fund,
        fund_account=holder.id,
        funding=accounts[0],
        holding=accounts[1],
        business_code=what.business_code,
        amount=what.amount,
        units=what.units,
        received_at=shanghai(file.day),
        dealing_date=file.day,
        business_date=day,
        state=OrderState.CONFIRMED,
        confirmed_on=day,
        confirmed_amount=what.amount,
        confirmed_units=what.units,
        return_code=SUCCESS,
    )


async def _post(
    house: House,
    tx: Any,
    at: Moment,
    file: DataFileName,
    done: Sequence[Done],
    funds: Mapping[str, Fund],
    prices: Mapping[UUID, nav_orders.Price],
    day: date,
    actor: int,
) -> list[BreakRow]:
    await orders_store.add_orders(tx, [order for order, _ in done])
    differences = await _keep_lots(tx, [(order, one) for order, one in done if funds[order.fund].kind is FundKind.NAV], prices, day)
    await must_post(house, tx, at, [_entry(order, one, funds[order.fund], day, actor) for order, one in done])
    redeemed = [(order, one) for order, one in done if order.business_code == BusinessCode.FORCED_REDEMPTION and one.amount]
    await registrar_dues.add_dues(
        tx, [due_of(order, redemption_outcomes.payment_name(one.confirmed_on), one.amount, day) for order, one in redeemed]
    )
    return [BreakRow(SOURCE, "price_differs", serial, of.amount, f"{file}: {of.text}", False) for serial, of in differences.items()]


async def _keep_lots(tx: Any, done: Sequence[Done], prices: Mapping[UUID, nav_orders.Price], day: date) -> dict[str, nav_orders.Difference]:
    """Of funds with a NAV: what came is a lot of its own, what went is taken from the oldest. Returns where the registrar pays (by serial)
    what we compute otherwise."""
    left = await lots_store.lots_left(tx, sorted({(order.book, order.fund_account, order.fund) for order, _ in done}))
    came, went, differences = list[LotRow](), list[LotUse](), dict[str, nav_orders.Difference]()
    for number, (order, one) in enumerate(done):
        mine = left[order.fund_account, order.fund]
        if order.business_code == BusinessCode.FORCED_INCREASE:
            row = lot_of(order, number, day)
            came.append(row)
            mine.append(LeftLot(row.id, Lot(row.confirmed_on, len(mine), row.units)))
            continue
        taken, difference = _taken([of.lot for of in mine], order, one, prices.get(order.id))
        if difference is not None:
            differences[order.serial] = difference
        ids, gone = {of.lot: of.id for of in mine}, {part.lot: part.units for part in taken}
        key = order.fund_account, order.fund
        went += [LotUse(order.book, ids[part.lot], order.id, *key, part.units, part.fee, day) for part in taken]
        left[key] = [LeftLot(of.id, of.lot.less(gone.get(of.lot, 0))) for of in mine]
    await lots_store.add_lots(tx, came)
    await lots_store.use_lots(tx, went)
    return differences


def _taken(
    mine: Sequence[Lot], order: OrderRow, one: ConfirmationRecord, price: nav_orders.Price | None
) -> tuple[Sequence[Taken], nav_orders.Difference | None]:
    """The units that go by an order, and what is wrong with their price. A decrease has none, and pays no fee."""
    if price is None:
        return [Taken(lot, units, 0) for lot, units in lots.take(mine, order.units)], None
    ours = nav_orders.expected_redemption(mine, order.units, price)
    return ours.taken, nav_orders.redemption_differs(one, price, ours)


def lot_of(order: OrderRow, number: int, day: date) -> LotRow:
    """The units that an order of the registrar's has brought, from its date on."""
    identifier = derived(order.id, "lot")
    return LotRow(order.book, identifier, order.fund_account, order.fund, order.dealing_date, number, order.units, order.id, day)


def due_of(order: OrderRow, name: str, amount: int, day: date) -> RegistrarDue:
    """What the registrar pays under that name for an order that it has started."""
    return RegistrarDue(order.book, derived(order.id, "due"), order.id, name, order.funding, amount, day, None)


def _entry(order: OrderRow, one: ConfirmationRecord, fund: Fund, day: date, actor: int) -> JournalEntry:
    view = order_of(order, fund, own=True)
    if order.business_code == BusinessCode.FORCED_INCREASE:
        return entries.forced_increase(view, one.volume, day, actor)
    if order.business_code == BusinessCode.FORCED_DECREASE:
        return entries.forced_decrease(view, one.volume, day, actor)
    return entries.forced_redemption(view, one.volume, one.amount, day, actor)


_WORDS: Mapping[str, tuple[str, str]] = {
    BusinessCode.FORCED_REDEMPTION: (
        "登记机构强制赎回您的 {} 份基金份额，款项到账后转入余额。",
        "The registrar has redeemed {} units of yours; their money follows.",
    ),
    BusinessCode.FORCED_INCREASE: ("登记机构为您增加 {} 份基金份额。", "The registrar has added {} units to yours."),
    BusinessCode.FORCED_DECREASE: ("登记机构扣减您的 {} 份基金份额。", "The registrar has taken {} units off yours."),
}


def _told(at: Moment, order: OrderRow) -> Notice:
    units = format_minor(order.units)
    zh, en = _WORDS[order.business_code]
    return Notice(
        order.book,
        derived(order.id, "told"),
        order.fund_account,
        at.now,
        zh.format(units),
        en.format(units),
        NoticeKind.FUND,
        "statement/me",
        obligatory=True,
    )
