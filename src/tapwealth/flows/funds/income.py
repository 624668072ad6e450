"""Income of a day: what the registrar gives each holder (06) is posted, our own computation by its rate (07) stands beside it.

Income follows who holds: the holder until the capture date, the advancer from then, units still on their way to it included.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import BinaryIO
from uuid import UUID

from tapwealth.bank.store import BreakRow
from tapwealth.flows.frame import HOUSE_BOOK, PLATFORM, House, Moment, actor_number, together
from tapwealth.flows.funds import income_register
from tapwealth.flows.funds.exchange_in import SOURCE
from tapwealth.flows.funds.exchange_out import ADVANCER
from tapwealth.flows.funds.file_checks import check_day, check_once
from tapwealth.flows.funds.income_posting import DaysIncome, give
from tapwealth.flows.funds.income_register import Holders, Row, Side, side_by_side
from tapwealth.funds import quotation_store, store
from tapwealth.funds.conditions import FundKind
from tapwealth.funds.exchange_in import DIVIDENDS
from tapwealth.funds.exchange_values import DividendRecord
from tapwealth.funds.income import Account
from tapwealth.funds.income_file import SaidIncome, read_income
from tapwealth.funds.store import Fund, FundAccount
from tapwealth.kernel.money import format_minor
from tapwealth.kernel.refusal import BadInput
from tapwealth.ledger.archives import archived_through
from tapwealth.ledger.chart import Kind, house_account
from tapwealth.storage.database import Tx
from tapwealth.wire.ofd import DataFileName


@dataclass(frozen=True, slots=True)
class Register:
    """Our view of a fund's register on a date: units by holder."""

    fund: Fund
    units: dict[Account, int]
    holders: dict[Account, FundAccount]
    advance: dict[int, int]
    """Units by book that the advancer holds or has coming."""

    @property
    def total(self) -> int:
        return sum(self.units.values())


async def registers_on(house: House, tx: Tx, day: date, *, coming: bool) -> dict[str, Register]:
    """Of every fund on the shelf, by code: units dated at or before `day`. `coming`: captured units on their way to the advancer count as
    its own already."""
    holders = await store.open_accounts_of_fund(tx)
    funds = (await store.funds(tx)).values()
    holdings = await house.ledger.accounts_of_kind(tx, Kind.HOLDING)
    accounts = {fund.code: holdings.get(fund.asset, {}) for fund in funds}
    kinds = (Kind.ADVANCER, Kind.TRANSIT_098) if coming else (Kind.ADVANCER,)
    of_house = {fund.code: {house_account(book, kind, fund.asset): book for book in house.all_books for kind in kinds} for fund in funds}
    numbers = [number for of in (*(one.values() for one in accounts.values()), *of_house.values()) for number in of]
    totals = await house.ledger.totals_dated(tx, numbers, day)
    owed = {number: totals[number].owed for number in numbers}
    return {fund.code: _register(house, fund, holders, accounts[fund.code], of_house[fund.code], owed) for fund in funds}


def _register(
    house: House, fund: Fund, holders: Sequence[FundAccount], account: Mapping[UUID, int], of_house: dict[int, int], owed: dict[int, int]
) -> Register:
    advance = dict.fromkeys(house.all_books, 0)
    for number, book in of_house.items():
        advance[book] += owed[number]
    units = {_key(one): owed[account[one.id]] for one in holders if one.id in account}
    units |= {_key(one): sum(advance.values()) for one in holders if one.id == ADVANCER}
    return Register(fund, units, {_key(one): one for one in holders}, advance)


def _key(one: FundAccount) -> Account:
    return one.ta_account, one.trading_account


async def take_income(house: House, tx: Tx, at: Moment, file: DataFileName, content: BinaryIO) -> tuple[int, list[BreakRow]]:
    """06: each holder's income of a money fund becomes units; the registrar's figure is posted, ours is the check."""
    funds = {code: one for code, one in (await store.funds(tx)).items() if one.kind is FundKind.MONEY}
    income_date = file.day - timedelta(days=1)
    rates = await quotation_store.quotations_of_day(tx, income_date)
    earned = {code: one.income_per_10k for code, one in sorted(rates.items()) if code in funds}
    incoming = DIVIDENDS.open(content, str(file))
    reading = asyncio.to_thread(read_income, incoming, file.day, income_date)
    said, *registers = await together(reading, *(_register_of(house, tx, funds[code], file, income_date) for code in list(earned)[:1]))
    if not said.sound:
        content.seek(0)
        _check(file, income_date, [one for one in DIVIDENDS.values(content, str(file)) if one.fund_code in funds])
    await _check_online(tx, file, income_date, [one for code, one in funds.items() if code in said.funds])
    if (said.funds.keys() & funds.keys()) - rates.keys():
        raise BadInput(f"the fund's rate (07) of {income_date} is not in", where=str(file), hint="ask the registrar for it")
    actor = await actor_number(tx, HOUSE_BOOK, PLATFORM)
    breaks: list[BreakRow] = []
    for code, rate in earned.items():
        fund = funds[code]
        advance, holders = registers.pop() if registers else await _register_of(house, tx, fund, file, income_date)
        given = await income_register.given_before(tx, fund, income_date)
        side = side_by_side(said.funds.get(code) or SaidIncome.of_nobody(), holders, rate, given)
        if rate < 0:
            _refuse_gains(side, file, fund, income_date)
            breaks += _lost(file, fund, income_date, side.missing())
        else:
            breaks += _left_out(file, fund, side.missing())
        await give(house, tx, at, actor, DaysIncome(str(file), fund, income_date, at.booking_date(file.day), advance), side)
        breaks += [_differs(file, fund, row) for row in side.differing()]
    return sum(len(one) for code, one in said.funds.items() if code in funds), breaks


async def _register_of(house: House, tx: Tx, fund: Fund, file: DataFileName, income_date: date) -> tuple[dict[int, int], Holders]:
    """What earns for the advancer, by book, and everybody's units."""
    advance = await income_register.earning(house, tx, fund, income_date)
    return advance, await income_register.holders_on(house, fund, income_date, file.receiver, sum(advance.values()))


async def _check_online(tx: Tx, file: DataFileName, income_date: date, funds: Sequence[Fund]) -> None:
    """Who held how much within an archived year, and who has been given a day's income, is not looked up again. Raises BadInput."""
    for fund in funds:
        through = await archived_through(tx, fund.asset)
        if through is not None and income_date < through:
            hint = "ask the registrar to put it right by orders of its own (144, 145)"
            raise BadInput(f"income of {income_date} for {fund.code} comes after its year was archived", where=str(file), hint=hint)


def _check(file: DataFileName, income_date: date, said: Sequence[DividendRecord]) -> None:
    """Raises BadInput for the first record that carries another date, or stands there before."""
    names = [f"{one.ta_account}/{one.trading_account}" for one in said]
    check_day(file, zip(names, (one.record_date for one in said), strict=True), income_date)
    check_day(file, zip(names, (one.paid_on for one in said), strict=True), file.day)
    check_once(file, [f"{name} of {one.fund_code}" for name, one in zip(names, said, strict=True)])


def _refuse_gains(side: Side, file: DataFileName, fund: Fund, income_date: date) -> None:
    """Raises BadInput where a day that lost pays somebody: the numbers of a 06 have no sign, and ours must not be taken for one."""
    if side.pays_somebody:
        what = f"{fund.code} lost on {income_date} by its 07, and this file pays income of it"
        raise BadInput(what, where=str(file), hint="ask the registrar, who takes a loss by 145 in a 04")


def _lost(file: DataFileName, fund: Fund, income_date: date, missing: Sequence[tuple[str, str, int]]) -> list[BreakRow]:
    """What the registrar is to take from our holders of a day that lost, in one line; nothing stands or falls with it today."""
    if not missing:
        return []
    lost = sum(computed for _, _, computed in missing)
    text = (
        f"{file}: {fund.code} lost on {income_date}; by our computation {format_minor(-lost)} units of {len(missing)} holders are to go,"
        " which the registrar takes by 145 (04)"
    )
    return [BreakRow(SOURCE, "negative_day", f"{fund.code} {income_date}", lost, text, accounted=True)]


def _left_out(file: DataFileName, fund: Fund, missing: Sequence[tuple[str, str, int]]) -> list[BreakRow]:
    return [
        BreakRow(
            SOURCE, "income_missing", f"{fund.code} {ta}/{trading}", -computed,
            f"{file} pays nothing to {ta}/{trading}, we compute {format_minor(computed)}; ask the registrar", False,
        )
        for ta, trading, computed in missing
    ]  # fmt: skip


def _differs(file: DataFileName, fund: Fund, row: Row) -> BreakRow:
    """A holder whose income we compute otherwise, or whom the file refuses, or one that we do not know."""
    name = f"{row.ta_account}/{row.trading_account}"
    said, ours = format_minor(row.volume), format_minor(row.computed)
    if not row.known:
        text = f"{file} pays {said} to {name}, a holder we do not know"
        return BreakRow(SOURCE, "unknown_holder", f"{fund.code} {name}", row.volume, text, False)
    if not row.accepted:
        text = f"{file} refuses the income of {name} ({row.return_code}); ask the registrar"
        return BreakRow(SOURCE, "income_refused", f"{fund.code} {name}", -row.computed, text, False)
    text = f"{file}: income of {name} is {said}, we compute {ours}"
    return BreakRow(SOURCE, "income_differs", f"{fund.code} {name}", row.volume - row.computed, text, False)
