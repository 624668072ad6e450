"""Income of a day: what the registrar gives each holder (06) is posted, our own computation by its rate (07) stands beside it.

Income follows who holds: the holder until the capture date, the advancer from then, units still on their way to it included.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from tapwealth.bank.store import BreakRow
from tapwealth.flows.exchange_in import SOURCE, check_day, check_once
from tapwealth.flows.exchange_out import ADVANCER
from tapwealth.flows.frame import HOUSE_BOOK, PLATFORM, House, Moment, actor_number, must_post
from tapwealth.funds import entries, income_store, quotation_store, store
from tapwealth.funds.conditions import FundKind
from tapwealth.funds.exchange_in import DIVIDENDS
from tapwealth.funds.exchange_values import DividendRecord
from tapwealth.funds.income import Account, distribute
from tapwealth.funds.income_store import IncomeRow
from tapwealth.funds.store import Fund, FundAccount
from tapwealth.kernel.clock import shanghai
from tapwealth.kernel.ids import named
from tapwealth.kernel.money import apportion, format_minor
from tapwealth.kernel.refusal import BadInput
from tapwealth.ledger.chart import Kind, house_account
from tapwealth.ledger.port import JournalEntry, Limit, NewAccount
from tapwealth.storage.database import Tx
from tapwealth.wire.ofd import DataFileName


@dataclass(frozen=True, slots=True)
class Register:
    """Our view of a fund's register on a date: units by holder, and where each holder's units lie in the ledger."""

    fund: Fund
    units: dict[Account, int]
    holders: dict[Account, FundAccount]
    ledger_account: dict[UUID, int]
    advance: dict[int, int]
    """Units by book that the advancer holds or has coming."""

    @property
    def total(self) -> int:
        return sum(self.units.values())


async def registers_on(house: House, tx: Tx, day: date, *, coming: bool) -> dict[str, Register]:
    """Of every fund on the shelf, by code: units dated at or before `day`. `coming`: captured units on their way to the advancer count as
    its own already."""
    holders = await store.open_accounts_of_fund(tx)
    people = [one for one in holders if one.id != ADVANCER]
    funds = (await store.funds(tx)).values()
    wanted = [NewAccount(one.book, Kind.HOLDING, one.id, fund.asset, Limit.DEBITS_WITHIN_CREDITS) for fund in funds for one in people]
    found = iter(await house.ledger.find_accounts(tx, wanted))
    accounts = {fund.code: {one.id: number for one in people if (number := next(found)) is not None} for fund in funds}
    kinds = (Kind.ADVANCER, Kind.TRANSIT_098) if coming else (Kind.ADVANCER,)
    of_house = {fund.code: {house_account(book, kind, fund.asset): book for book in house.all_books for kind in kinds} for fund in funds}
    numbers = [number for of in (*(one.values() for one in accounts.values()), *of_house.values()) for number in of]
    totals = await house.ledger.totals_dated(tx, numbers, day)
    owed = {number: totals[number].owed for number in numbers}
    return {fund.code: _register(house, fund, holders, accounts[fund.code], of_house[fund.code], owed) for fund in funds}


def _register(
    house: House, fund: Fund, holders: Sequence[FundAccount], account: dict[UUID, int], of_house: dict[int, int], owed: dict[int, int]
) -> Register:
    advance = dict.fromkeys(house.all_books, 0)
    for number, book in of_house.items():
        advance[book] += owed[number]
    units = {_key(one): owed[account[one.id]] for one in holders if one.id in account}
    units |= {_key(one): sum(advance.values()) for one in holders if one.id == ADVANCER}
    return Register(fund, units, {_key(one): one for one in holders}, account, advance)


def _key(one: FundAccount) -> Account:
    return one.ta_account, one.trading_account


async def take_income(house: House, tx: Tx, at: Moment, file: DataFileName, content: bytes) -> tuple[int, list[BreakRow]]:
    """06: each holder's income of a money fund becomes units; the registrar's figure is posted, ours is the check."""
    every = await registers_on(house, tx, file.day - timedelta(days=1), coming=True)
    registers = {code: one for code, one in every.items() if one.fund.kind is FundKind.MONEY}
    said = [one for one in DIVIDENDS.values(content, str(file)) if one.fund_code in registers]
    income_date = file.day - timedelta(days=1)
    names = ["/".join(_holder_of(one)) for one in said]
    check_day(file, zip(names, (one.record_date for one in said), strict=True), income_date)
    check_day(file, zip(names, (one.paid_on for one in said), strict=True), file.day)
    check_once(file, [f"{name} of {one.fund_code}" for name, one in zip(names, said, strict=True)])
    rates = await quotation_store.quotations_of_day(tx, income_date)
    if any(one.fund_code not in rates for one in said):
        raise BadInput(f"the fund's rate (07) of {income_date} is not in", where=str(file), hint="ask the registrar for it")
    day = at.booking_date(file.day)
    actor = await actor_number(tx, HOUSE_BOOK, PLATFORM)
    given = await income_store.income_given(tx, income_date)
    made: list[JournalEntry] = []
    rows: list[IncomeRow] = []
    breaks: list[BreakRow] = []
    for fund, register in registers.items():
        told = [one for one in said if one.fund_code == fund]
        computed = distribute(rates[fund].income_per_10k, register.units) if fund in rates else {}
        for one in told:
            if _payable(register, one) and (fund, register.holders[_holder_of(one)].id) not in given:
                holder = register.holders[_holder_of(one)]
                made += _entries(house, register, holder, one, day, actor)
                rows.append(IncomeRow(holder.book, holder.id, fund, income_date, one.volume, computed.get(_holder_of(one), 0), day))
        missing = [key for key, one in register.holders.items() if one.channel == file.receiver and computed.get(key, 0)]
        breaks += _differences(file, register, told, computed, missing)
    await must_post(house, tx, at, made)
    await income_store.add_income(tx, rows)
    return len(said), breaks


def _holder_of(one: DividendRecord) -> Account:
    return one.ta_account, one.trading_account


def _payable(register: Register, one: DividendRecord) -> bool:
    """Whether it is a holder of ours that can have earned something: one without an account has never held a unit."""
    holder = register.holders.get(_holder_of(one))
    return holder is not None and one.accepted and (holder.id == ADVANCER or holder.id in register.ledger_account)


def _entries(house: House, register: Register, holder: FundAccount, one: DividendRecord, day: date, actor: int) -> list[JournalEntry]:
    """One entry for a holder; for the advancer one per book, by its units there."""
    if one.volume == 0:
        return []
    units = register.fund.asset
    if holder.id != ADVANCER:
        key = _income_key(one, holder.book, holder.id)
        return [entries.income(holder.book, key, register.ledger_account[holder.id], one.volume, day, actor, units)]
    held = {book: units for book, units in register.advance.items() if units} or {min(house.all_books): 1}
    return [
        entries.income(book, _income_key(one, book, ADVANCER), house_account(book, Kind.ADVANCER, units), share, day, actor, units)
        for book, share in apportion(one.volume, held).items()
        if share
    ]


def _income_key(one: DividendRecord, book: int, holder: UUID) -> UUID:
    return named(shanghai(one.record_date), book, f"income:{one.fund_code}:{holder}")


def _differences(
    file: DataFileName,
    register: Register,
    said: Sequence[DividendRecord],
    computed: Mapping[Account, int],
    expected: Sequence[Account],
) -> list[BreakRow]:
    """Holders whose income we compute otherwise, such as we do not know, and such as the file leaves out."""
    left_out = sorted(set(expected) - {_holder_of(one) for one in said})
    breaks = [
        BreakRow(
            SOURCE, "income_missing", f"{register.fund.code} {'/'.join(key)}", -computed[key],
            f"{file} pays nothing to {'/'.join(key)}, we compute {format_minor(computed[key])}; ask the registrar", False,
        )
        for key in left_out
    ]  # fmt: skip
    for one in said:
        key = (one.ta_account, one.trading_account)
        if key not in register.holders:
            text = f"{file} pays {format_minor(one.volume)} to {'/'.join(key)}, a holder we do not know"
            breaks.append(BreakRow(SOURCE, "unknown_holder", f"{register.fund.code} {'/'.join(key)}", one.volume, text, False))
        elif not one.accepted:
            text = f"{file} refuses the income of {'/'.join(key)} ({one.return_code}); ask the registrar"
            breaks.append(BreakRow(SOURCE, "income_refused", f"{register.fund.code} {'/'.join(key)}", -computed.get(key, 0), text, False))
        elif one.volume != computed.get(key, 0):
            ours = computed.get(key, 0)
            text = f"{file}: income of {'/'.join(key)} is {format_minor(one.volume)}, we compute {format_minor(ours)}"
            breaks.append(BreakRow(SOURCE, "income_differs", f"{register.fund.code} {'/'.join(key)}", one.volume - ours, text, False))
    return breaks
