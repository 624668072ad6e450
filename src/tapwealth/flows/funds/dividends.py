"""Dividends of funds with a NAV (143, by 06): to each holder of the record date, in money or reinvested at the NAV of the ex date.

The registrar's word is posted, our own computation stands beside it and a difference is a break. Money is owed by the registrar until it
has come to the collection account, then it goes to the wallet as a redemption's does; units come at once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, BinaryIO

from tapwealth.bank.entries import NUMBER_OF
from tapwealth.bank.store import BreakRow
from tapwealth.flows.frame import HOUSE_BOOK, PLATFORM, House, Moment, actor_number, must_post
from tapwealth.flows.funds import income, redemption_outcomes
from tapwealth.flows.funds.channel import paid_in_accounts
from tapwealth.flows.funds.exchange_in import SOURCE
from tapwealth.flows.funds.exchange_out import ADVANCER
from tapwealth.flows.funds.file_checks import check_day, check_once
from tapwealth.flows.funds.income import Register, registers_on
from tapwealth.flows.funds.nav_outcomes import NavNotIn
from tapwealth.flows.funds.pocket import holding_of
from tapwealth.flows.funds.purchase import OWN_CHANNEL, order_of
from tapwealth.flows.funds.registrar_orders import Started, due_of, lot_of, started_order
from tapwealth.funds import conditions_store, dividend_store, entries, lots_store, orders_store, quotation_store, store
from tapwealth.funds import dues as registrar_dues
from tapwealth.funds.conditions import Conditions, DividendMethod, FundKind
from tapwealth.funds.dividend import differs, part_of
from tapwealth.funds.dividend_store import GivenRow
from tapwealth.funds.exchange_in import DIVIDENDS
from tapwealth.funds.exchange_values import IN_CASH, REINVESTED, BusinessCode, DividendRecord
from tapwealth.funds.income import Account
from tapwealth.funds.orders_store import OrderRow
from tapwealth.funds.store import Fund, FundAccount
from tapwealth.kernel.ids import derived
from tapwealth.kernel.money import Asset, format_minor
from tapwealth.ledger.chart import Kind
from tapwealth.ledger.port import JournalEntry, Limit, NewAccount
from tapwealth.notices import store as notices
from tapwealth.notices.notice import Notice, NoticeKind
from tapwealth.wire.ofd import DataFileName, read_date


def payment_name(channel: str, paid_on: date) -> str:
    """How the registrar calls its payment of dividends in cash of that day to a channel's holders."""
    return f"DIV-{channel}-{paid_on:%Y%m%d}-{NUMBER_OF[Kind.FUND_COLLECTION]}"


async def take(house: House, tx: Any, at: Moment, file: DataFileName, content: BinaryIO) -> tuple[int, list[BreakRow]]:
    """06: the dividends of funds with a NAV, and the income of money funds."""
    funds = await store.funds(tx)
    priced = {code for code, fund in funds.items() if fund.kind is FundKind.NAV}
    said = [one for one in DIVIDENDS.values(content, str(file)) if one.fund_code in priced] if priced else []
    check_day(file, (("/".join(_holder(one)), one.paid_on) for one in said), file.day)
    check_once(file, (f"{'/'.join(_holder(one))} of {one.fund_code} on {one.record_date}" for one in said))
    breaks = await _pay(house, tx, at, file, said, funds) if said else []
    content.seek(0)
    records, more = await income.take_income(house, tx, at, file, content)
    return records + len(said), breaks + more


def _holder(one: DividendRecord) -> Account:
    return one.ta_account, one.trading_account


Declared = tuple[str, date]
"""(fund, record date)."""


@dataclass(frozen=True, slots=True)
class _Known:
    """Of each dividend: who of a channel's held how much, and how holders want it."""

    channel: str
    registers: Mapping[Declared, Register]
    methods: Mapping[Declared, Mapping[Any, DividendMethod]]
    conditions: Mapping[str, Conditions]
    before: Mapping[tuple[str, date, Any], GivenRow]
    navs: Mapping[Declared, int]
    """By fund and ex date."""

    def holder(self, one: DividendRecord) -> FundAccount | None:
        found = self.registers[one.fund_code, one.record_date].holders.get(_holder(one))
        return found if found is not None and found.id != ADVANCER and found.channel == self.channel else None

    def base(self, declared: Declared, key: Account) -> int:
        return self.registers[declared].units.get(key, 0)

    def method(self, declared: Declared, holder: FundAccount) -> DividendMethod:
        """Of another channel's holders we know what the fund does by itself alone."""
        return self.methods[declared].get(holder.id, self.conditions[declared[0]].dividend_method)


async def _load(house: House, tx: Any, channel: str, said: Sequence[DividendRecord]) -> _Known:
    declared = sorted({(one.fund_code, one.record_date) for one in said})
    days = sorted({day for _, day in declared})
    registers = {day: await registers_on(house, tx, day, coming=False) for day in days}
    chosen = {day: await dividend_store.methods(tx, sorted({fund for fund, _ in declared}), day) for day in days}
    standing = await conditions_store.conditions(tx)
    return _Known(
        channel,
        {(fund, day): registers[day][fund] for fund, day in declared},
        {(fund, day): {holder: method for (of, holder), method in chosen[day].items() if of == fund} for fund, day in declared},
        {fund: standing.get(fund, (0, Conditions()))[1] for fund, _ in declared},
        await dividend_store.given(tx, declared),
        await quotation_store.navs_of(tx, _ex_dates(said)),
    )


def _ex_dates(said: Sequence[DividendRecord]) -> list[Declared]:
    """Whose NAV is needed."""
    return sorted({(one.fund_code, read_date(one.ex_date, one.ta_serial)) for one in said if one.ex_date and one.method == REINVESTED})


def _check_navs(file: DataFileName, known: _Known, said: Sequence[DividendRecord]) -> None:
    """Raises NavNotIn."""
    for fund, day in _ex_dates(said):
        if (fund, day) not in known.navs:
            raise NavNotIn(file, fund, day, ", the ex date,")


async def _pay(
    house: House, tx: Any, at: Moment, file: DataFileName, said: Sequence[DividendRecord], funds: Mapping[str, Fund]
) -> list[BreakRow]:
    known = await _load(house, tx, file.receiver, said)
    _check_navs(file, known, said)
    breaks, fresh = list[BreakRow](), list[tuple[FundAccount, DividendRecord, str | None]]()
    for one in said:
        holder = known.holder(one)
        before = known.before.get((one.fund_code, one.record_date, holder.id)) if holder else None
        if holder is None or not one.accepted:
            why = "is of a holder whom we do not know" if holder is None else f"is refused ({one.return_code})"
            breaks.append(_break(file, one, why))
        elif before is not None:
            breaks += [] if (before.amount, before.units) == (one.amount, one.volume) else [_break(file, one, "was paid before, otherwise")]
        else:
            declared = one.fund_code, one.record_date
            rounding = known.conditions[one.fund_code].rounding
            nav = known.navs.get((one.fund_code, read_date(one.ex_date, str(file)))) if one.ex_date else None
            why_not = differs(one, known.base(declared, _holder(one)), known.method(declared, holder), rounding, nav)
            breaks += [_break(file, one, why_not)] if why_not else []
            if _can_be_posted(one):
                fresh.append((holder, one, why_not))
    await _post(house, tx, at, file, fresh, funds)
    return breaks + _left_out(file, known, said)


def _can_be_posted(one: DividendRecord) -> bool:
    """Money or units, by the method it names; of anything else nothing is believed, and a right record may follow."""
    if one.method == IN_CASH:
        return not one.volume
    return one.method == REINVESTED and (one.volume > 0 or not one.amount)


def _break(file: DataFileName, one: DividendRecord, text: str) -> BreakRow:
    item = f"{one.fund_code} {one.record_date} {'/'.join(_holder(one))}"
    return BreakRow(SOURCE, "dividend_differs", item, one.amount, f"{file}: the dividend {item} {text}; ask the registrar", False)


def _left_out(file: DataFileName, known: _Known, said: Sequence[DividendRecord]) -> list[BreakRow]:
    """Holders of the channel who have units and stand in no record."""
    told = {(one.fund_code, one.record_date, _holder(one)) for one in said}
    terms = {(one.fund_code, one.record_date): one for one in said}
    found = []
    for (fund, day), one in sorted(terms.items()):
        for key, holder in known.registers[fund, day].holders.items():
            if holder.channel != file.receiver or holder.id == ADVANCER or (fund, day, key) in told:
                continue
            ours = part_of(known.base((fund, day), key), one.fen, one.per or 1, DividendMethod.CASH, 1, known.conditions[fund].rounding)
            if ours.amount:
                item = f"{fund} {day} {'/'.join(key)}"
                text = f"{file} pays no dividend to {item}, we compute {format_minor(ours.amount)}; ask the registrar"
                found.append(BreakRow(SOURCE, "dividend_missing", item, -ours.amount, text, False))
    return found


async def _post(
    house: House,
    tx: Any,
    at: Moment,
    file: DataFileName,
    fresh: Sequence[tuple[FundAccount, DividendRecord, str | None]],
    funds: Mapping[str, Fund],
) -> None:
    day, actor = at.booking_date(file.day), await actor_number(tx, HOUSE_BOOK, PLATFORM)
    own = file.receiver == OWN_CHANNEL
    paid_to = await _paid_to(house, tx, file.receiver, [holder for holder, _, _ in fresh])
    holdings = await house.ledger.open_accounts(tx, [holding_of(one.book, one.id, funds[said.fund_code].asset) for one, said, _ in fresh])
    pairs = zip(paid_to, holdings, strict=True)
    orders = [_order(holder, pair, file, said, day) for (holder, said, _), pair in zip(fresh, pairs, strict=True)]
    done = list(zip(orders, fresh, strict=True))
    await orders_store.add_orders(tx, orders)
    await lots_store.add_lots(tx, [lot_of(order, number, day) for number, order in enumerate(orders) if order.units])
    await dividend_store.add_given(tx, [_given(order, said, why, day) for order, (_, said, why) in done])
    await must_post(house, tx, at, [one for order, (_, said, _) in done for one in _entry(order, said, funds, day, actor)])
    owed, name = [order for order, (_, said, _) in done if said.method == IN_CASH and order.amount], payment_name(file.receiver, file.day)
    await registrar_dues.add_dues(tx, [due_of(order, name, order.amount, day) for order in owed])
    await redemption_outcomes.join(house, tx, at, [name] if owed else [], actor)
    await notices.tell(tx, [_told(at, order, said, funds) for order, (_, said, _) in done] if own else [])


async def _paid_to(house: House, tx: Any, channel: str, holders: Sequence[FundAccount]) -> list[int]:
    """Where each one's money goes: a customer's to the wallet; that of another channel's holders is left to their channel."""
    if channel == OWN_CHANNEL:
        wanted = [NewAccount(one.book, Kind.WALLET, one.id, Asset.CNY, Limit.DEBITS_WITHIN_CREDITS) for one in holders]
        return list(await house.ledger.open_accounts(tx, wanted))
    return [(await paid_in_accounts(house, tx))[channel]] * len(holders)


def _order(holder: FundAccount, accounts: tuple[int, int], file: DataFileName, said: DividendRecord, day: date) -> OrderRow:
    """Called after what it pays: the registrar's own serial is one of its file, and what else it has started may bear the same."""
    serial = "/".join((BusinessCode.DIVIDEND, said.fund_code, f"{said.record_date:%Y%m%d}", *_holder(said)))
    what = Started(serial, BusinessCode.DIVIDEND, said.fund_code, said.amount, said.volume)
    return started_order(holder, accounts, file, what, day)


def _given(order: OrderRow, said: DividendRecord, why: str | None, day: date) -> GivenRow:
    ex_date = read_date(said.ex_date, order.serial) if said.ex_date else None
    return GivenRow(
        order.book, order.fund_account, order.fund, said.record_date, ex_date, said.paid_on, said.base, said.fen, said.per or 1,
        said.method, said.amount, said.volume, said.nav, order.id, why, day,
    )  # fmt: skip


def _entry(order: OrderRow, said: DividendRecord, funds: Mapping[str, Fund], day: date, actor: int) -> list[JournalEntry]:
    view = order_of(order, funds[order.fund], own=True)
    if said.volume:
        return [entries.dividend_reinvested(view, said.volume, day, actor)]
    return [entries.dividend_due(view, said.amount, day, actor)] if said.method == IN_CASH and said.amount else []


def _told(at: Moment, order: OrderRow, said: DividendRecord, funds: Mapping[str, Fund]) -> Notice:
    fund, yuan, units = funds[order.fund], format_minor(said.amount), format_minor(said.volume)
    zh, en = f"{fund.name}分红 {yuan} 元，", f"{fund.name_en} pays you a dividend of {yuan} yuan, "
    if said.method == IN_CASH:
        zh, en = zh + "款项到账后转入余额。", en + "which goes to your wallet when it has come."
    else:
        zh, en = zh + f"已再投资为 {units} 份。", en + f"reinvested as {units} units."
    return Notice(order.book, derived(order.id, "told"), order.fund_account, at.now, zh, en, NoticeKind.FUND, "statement/me")
