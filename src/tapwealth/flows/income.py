"""Income of a day: the registrar's files (07 the rate and the sum, 06 each holder's) are posted, our own computation stands beside them.

Income follows who holds: the holder until the capture date, the advancer from then, units still on their way to it included.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from tapwealth.bank.store import BreakRow
from tapwealth.flows.exchange_in import SOURCE, check_day, check_once
from tapwealth.flows.exchange_out import ADVANCER, FUND
from tapwealth.flows.frame import HOUSE_BOOK, PLATFORM, House, Moment, actor_number, must_post
from tapwealth.funds import entries, store
from tapwealth.funds.exchange_in import DIVIDENDS, QUOTATIONS
from tapwealth.funds.exchange_values import DividendRecord, Quotation
from tapwealth.funds.income import Account, day_income, distribute
from tapwealth.funds.store import FundAccount, IncomeRow, QuotationRow
from tapwealth.kernel.clock import shanghai
from tapwealth.kernel.ids import named
from tapwealth.kernel.money import Asset, apportion, format_minor
from tapwealth.kernel.refusal import BadInput
from tapwealth.ledger.chart import Kind, house_account
from tapwealth.ledger.port import JournalEntry, Limit, NewAccount
from tapwealth.storage.database import Tx
from tapwealth.wire.ofd import DataFileName

_UNITS = Asset.FUND_000198


@dataclass(frozen=True, slots=True)
class Register:
    """Our view of the register on a date: units by holder, and where each holder's units lie in the ledger."""

    units: dict[Account, int]
    holders: dict[Account, FundAccount]
    ledger_account: dict[UUID, int]
    advance: dict[int, int]
    """Units by book that the advancer holds or has coming."""

    @property
    def total(self) -> int:
        return sum(self.units.values())


async def register_on(house: House, tx: Tx, day: date, *, coming: bool) -> Register:
    """Units dated at or before `day`. `coming`: captured units on their way to the advancer count as its own already."""
    holders = await store.open_accounts_of_fund(tx)
    people = [one for one in holders if one.id != ADVANCER]
    found = await house.ledger.find_accounts(
        tx, [NewAccount(one.book, Kind.HOLDING, one.id, _UNITS, Limit.DEBITS_WITHIN_CREDITS) for one in people]
    )
    account = {one.id: number for one, number in zip(people, found, strict=True) if number is not None}
    kinds = (Kind.ADVANCER, Kind.TRANSIT_098) if coming else (Kind.ADVANCER,)
    house_accounts = {house_account(book, kind, _UNITS): book for book in house.all_books for kind in kinds}
    totals = await house.ledger.totals_dated(tx, [*account.values(), *house_accounts], day)
    advance = dict.fromkeys(house.all_books, 0)
    for number, book in house_accounts.items():
        advance[book] += totals[number].owed
    units = {_key(one): totals[account[one.id]].owed for one in people if one.id in account}
    units |= {_key(one): sum(advance.values()) for one in holders if one.id == ADVANCER}
    return Register(units, {_key(one): one for one in holders}, account, advance)


def _key(one: FundAccount) -> Account:
    return one.ta_account, one.trading_account


async def take_quotation(house: House, tx: Tx, at: Moment, file: DataFileName, content: bytes) -> tuple[int, list[BreakRow]]:
    """07: the rate, the day's sum, and ours beside it. It is of the day before the file's, and every channel is told the same."""
    said = [one for one in QUOTATIONS.values(content, str(file)) if one.fund_code == FUND]
    check_day(file, ((one.fund_code, one.day) for one in said), file.day - timedelta(days=1))
    check_once(file, (one.fund_code for one in said))
    breaks = [] if said else [_quotes_nothing(file)]
    for one in said:
        before = await store.quotations(tx, FUND, one.day, one.day)
        if before:
            breaks += _told_otherwise(file, one, before[0])
            continue
        computed = day_income(one.income_per_10k, (await register_on(house, tx, one.day, coming=True)).total)
        await store.add_quotation(
            tx,
            QuotationRow(FUND, one.day, one.income_per_10k, one.seven_day_yield, one.day_income, one.total_units, computed),
            at.now,
        )
        breaks += _sum_differs(file, one, computed)
    return len(said), breaks


def _quotes_nothing(file: DataFileName) -> BreakRow:
    """No money hangs on it: without any quotation of a day, its income is not what we compute."""
    return BreakRow(SOURCE, "no_quotation", str(file), 0, f"{file} quotes nothing of {FUND}; ask the registrar", accounted=True)


def _told_otherwise(file: DataFileName, one: Quotation, before: QuotationRow) -> list[BreakRow]:
    """What another channel's file said of the same day stands."""
    now = (one.income_per_10k, one.seven_day_yield, one.day_income, one.total_units)
    if now == before[2:6]:
        return []
    text = f"{file} quotes {one.day} otherwise than the first 07 of that day, which stands; ask the registrar which is right"
    return [BreakRow(SOURCE, "quotation_differs", f"{FUND} {one.day}", one.day_income - before.day_income, text, False)]


def _sum_differs(file: DataFileName, one: Quotation, computed: int) -> list[BreakRow]:
    if one.day_income == computed:
        return []
    text = f"{file}: the fund's income of {one.day} is {format_minor(one.day_income)}, we compute {format_minor(computed)}"
    return [BreakRow(SOURCE, "day_income_differs", f"{FUND} {one.day}", one.day_income - computed, text, False)]


async def take_income(house: House, tx: Tx, at: Moment, file: DataFileName, content: bytes) -> tuple[int, list[BreakRow]]:
    """06: each holder's income becomes units; the registrar's figure is posted, ours is the check."""
    said = [one for one in DIVIDENDS.values(content, str(file)) if one.fund_code == FUND]
    income_date = file.day - timedelta(days=1)
    names = ["/".join(_holder_of(one)) for one in said]
    check_day(file, zip(names, (one.record_date for one in said), strict=True), income_date)
    check_day(file, zip(names, (one.paid_on for one in said), strict=True), file.day)
    check_once(file, names)
    rate = await store.quotations(tx, FUND, income_date, income_date)
    if not rate and said:
        raise BadInput(f"the fund's rate (07) of {income_date} is not in", where=str(file), hint="ask the registrar for it")
    register = await register_on(house, tx, income_date, coming=True)
    computed = distribute(rate[0].income_per_10k, register.units) if rate else {}
    day = at.booking_date(file.day)
    actor = await actor_number(tx, HOUSE_BOOK, PLATFORM)
    given = await store.income_given(tx, FUND, income_date)
    fresh = [one for one in said if _payable(register, one) and register.holders[_holder_of(one)].id not in given]
    made: list[JournalEntry] = []
    rows: list[IncomeRow] = []
    for one in fresh:
        holder = register.holders[_holder_of(one)]
        made += _entries(house, register, holder, one, day, actor)
        rows.append(IncomeRow(holder.book, holder.id, FUND, income_date, one.volume, computed.get(_holder_of(one), 0), day))
    await must_post(house, tx, at, made)
    await store.add_income(tx, rows)
    missing = [key for key, one in register.holders.items() if one.channel == file.receiver and computed.get(key, 0)]
    return len(said), _differences(file, register, said, computed, missing)


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
    if holder.id != ADVANCER:
        key = _income_key(one, holder.book, holder.id)
        return [entries.income(holder.book, key, register.ledger_account[holder.id], one.volume, day, actor)]
    held = {book: units for book, units in register.advance.items() if units} or {min(house.all_books): 1}
    return [
        entries.income(book, _income_key(one, book, ADVANCER), house_account(book, Kind.ADVANCER, _UNITS), share, day, actor)
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
            SOURCE, "income_missing", "/".join(key), -computed[key],
            f"{file} pays nothing to {'/'.join(key)}, we compute {format_minor(computed[key])}; ask the registrar", False,
        )
        for key in left_out
    ]  # fmt: skip
    for one in said:
        key = (one.ta_account, one.trading_account)
        if key not in register.holders:
            text = f"{file} pays {format_minor(one.volume)} to {'/'.join(key)}, a holder we do not know"
            breaks.append(BreakRow(SOURCE, "unknown_holder", "/".join(key), one.volume, text, False))
        elif not one.accepted:
            text = f"{file} refuses the income of {'/'.join(key)} ({one.return_code}); ask the registrar"
            breaks.append(BreakRow(SOURCE, "income_refused", "/".join(key), -computed.get(key, 0), text, False))
        elif one.volume != computed.get(key, 0):
            ours = computed.get(key, 0)
            text = f"{file}: income of {'/'.join(key)} is {format_minor(one.volume)}, we compute {format_minor(ours)}"
            breaks.append(BreakRow(SOURCE, "income_differs", "/".join(key), one.volume - ours, text, False))
    return breaks
