"""Quotations of funds (07): taken, kept with both clocks, and our own computation beside them.

A file of D quotes D-1: a money fund every calendar day, a fund with a price of its own each dealing day, which is said again until the next
one. What is said of an earlier day otherwise is a correction: it counts from now on, what was known before stays to be seen, and what was
posted by it stays posted until the registrar corrects that too.
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import BinaryIO

from tapwealth.bank import store as bank_store
from tapwealth.bank.store import BreakRow
from tapwealth.flows.frame import House, Moment
from tapwealth.flows.funds.exchange_in import SOURCE, Taker
from tapwealth.flows.funds.file_checks import check_day, check_once
from tapwealth.flows.funds.income_register import units_earning
from tapwealth.funds import conditions_store, quotation_store, store
from tapwealth.funds.conditions import CarryForward, Conditions, FundKind, FundStatus
from tapwealth.funds.exchange_in import QUOTATIONS
from tapwealth.funds.exchange_values import Quotation
from tapwealth.funds.income import day_income
from tapwealth.funds.nav import NAV_SCALE, deviates, format_nav, moved
from tapwealth.funds.quotation_store import QuotationRow, QuotationState
from tapwealth.funds.seven_day_yield import DAYS, compound_yield, percent, simple_yield
from tapwealth.funds.store import Fund
from tapwealth.kernel.money import format_minor
from tapwealth.storage.database import Tx
from tapwealth.wire.ofd import DataFileName

Known = Mapping[tuple[str, date], QuotationRow]
HELD = "nav_held"
"""A break for as long as a price waits for two operators."""
_SUM_DIFFERS = "day_income_differs"
"""A break until our sum of a money fund's day is the registrar's: ours may lack what a late file brings, or theirs be corrected."""


async def take_quotations(house: House, tx: Tx, at: Moment, file: DataFileName, content: BinaryIO) -> tuple[int, list[BreakRow]]:
    """07: the rate, the day's sum and the price, and ours beside them. Every channel is told the same."""
    sold = {fund for code, fund in await store.channels(tx) if code == file.receiver}
    said = [one for one in QUOTATIONS.values(content, str(file)) if one.fund_code in sold]
    day, funds = file.day - timedelta(days=1), await store.funds(tx)
    known = await quotation_store.newest(tx, [(one.fund_code, one.day) for one in said])
    check_day(file, ((one.fund_code, one.day) for one in said if not _may_be_earlier(house, one, day, funds, known)), day)
    check_once(file, (one.fund_code if one.day == day else f"{one.fund_code} of {one.day}" for one in said))
    left_out = sorted(code for code in sold - {one.fund_code for one in said} if _is_quoted(house, funds[code], day))
    breaks = [_quotes_nothing(file, left_out)] if left_out else []
    fresh, corrected = _news(said, known, day)
    breaks += [at_odds for one in said for at_odds in _told_otherwise(file, one, day, known)]
    rows, held = await _gated(tx, await rows_of(house, tx, str(file), [*fresh, *corrected], funds), funds)
    await quotation_store.add_quotations(tx, rows, at.now)
    await bank_store.withdraw(tx, SOURCE, HELD, [item_of(row) for row in rows if row.state == QuotationState.STANDS])
    await sums_again(house, tx)
    breaks += held
    breaks += [_corrected(file, one, known[one.fund_code, one.day]) for one in corrected]
    breaks += [at_odds for one, row in zip(fresh, rows, strict=False) for at_odds in _differs(file, one, row, funds[one.fund_code])]
    breaks += await _yields_differ(tx, file, day, [row for row in rows if row.day == day])
    newest = [one for one in said if one.day == max(other.day for other in said if other.fund_code == one.fund_code)]
    known_codes = {one.fund_code: FundStatus(one.status) for one in newest if one.status in {*FundStatus}}
    await conditions_store.add_statuses(tx, day, known_codes, at.now)
    breaks += [_unknown_status(file, one) for one in newest if one.fund_code not in known_codes]
    return len(said), breaks


def _is_quoted(house: House, fund: Fund, day: date) -> bool:
    """Whether a day must have a quotation: none of a fund that is being raised, was formed and not opened yet, or has ended."""
    if fund.status in (FundStatus.ISSUING, FundStatus.CLOSED, FundStatus.ENDED):
        return False
    return fund.kind is FundKind.MONEY or house.calendar.is_dealing_day(day)


def _may_be_earlier(house: House, one: Quotation, day: date, funds: Mapping[str, Fund], known: Known) -> bool:
    """It speaks of a day of which something was said before, or gives the newest price again on a day that has none."""
    if one.day >= day:
        return False
    if (one.fund_code, one.day) in known:
        return True
    return funds[one.fund_code].kind is FundKind.NAV and one.day == house.calendar.last_dealing_day(day)


def _news(said: Sequence[Quotation], known: Known, day: date) -> tuple[list[Quotation], list[Quotation]]:
    """What is said of a day for the first time, and what corrects an earlier day."""
    fresh = [one for one in said if (one.fund_code, one.day) not in known]
    again = [one for one in said if (one.fund_code, one.day) in known and one.day < day]
    return fresh, [one for one in again if _values(one) != known[one.fund_code, one.day].said]


def _values(one: Quotation) -> tuple[int, ...]:
    return one.income_per_10k, one.seven_day_yield, one.day_income, one.total_units, one.nav


async def rows_of(
    house: House, tx: Tx, source: str, said: Sequence[Quotation], funds: Mapping[str, Fund], actor: int = 0
) -> list[QuotationRow]:
    """With our own sum of a money fund's day, from our own register of it."""
    rows = []
    for one in said:
        fund = funds[one.fund_code]
        ours = day_income(one.income_per_10k, await units_earning(house, tx, fund, one.day)) if fund.kind is FundKind.MONEY else 0
        figures = (one.income_per_10k, one.seven_day_yield, one.day_income, one.total_units, ours, one.nav)
        rows.append(QuotationRow(one.fund_code, one.day, *figures, source=source, actor=actor))
    return rows


def bringing_units(take: Taker) -> Taker:
    """A file by which the units of a day that is quoted already may change, when it comes late: the day's sum is looked at again."""

    async def taken(house: House, tx: Tx, at: Moment, file: DataFileName, content: BinaryIO) -> tuple[int, list[BreakRow]]:
        found = await take(house, tx, at, file, content)
        await sums_again(house, tx)
        return found

    return taken


async def sums_again(house: House, tx: Tx) -> None:
    """Withdraw what is complained of sums that agree by now."""
    complaints = [item.split() for item in sorted(await bank_store.complaints(tx, SOURCE, _SUM_DIFFERS))]
    if not complaints:
        return
    funds, agreed = await store.funds(tx), list[str]()
    standing = await quotation_store.newest(tx, [(fund, date.fromisoformat(day)) for fund, day in complaints])
    for row in standing.values():
        ours = day_income(row.income_per_10k, await units_earning(house, tx, funds[row.fund], row.day))
        agreed += [item_of(row)] if row.day_income == ours else []
    await bank_store.withdraw(tx, SOURCE, _SUM_DIFFERS, agreed)


def item_of(row: QuotationRow) -> str:
    """How breaks name a quotation."""
    return f"{row.fund} {row.day}"


async def beyond_gate(tx: Tx, rows: Sequence[QuotationRow], funds: Mapping[str, Fund]) -> dict[tuple[str, date], str]:
    """Prices that lie further from the ones before them than their funds' gates let them, in words."""
    priced = [row for row in rows if funds[row.fund].kind is FundKind.NAV]
    before, standing = await quotation_store.navs_before(tx, [(row.fund, row.day) for row in priced]), await conditions_store.conditions(tx)
    found = {}
    for row in sorted(priced, key=lambda row: row.day):
        key = row.fund, row.day
        _, conditions = standing.get(row.fund, (0, Conditions()))
        if key in before and deviates(row.nav, before[key][1], conditions.deviation_gate):
            day, nav = before[key]
            found[key] = f"{row.fund} of {row.day} at {format_nav(row.nav)} is {moved(row.nav, nav)} on {format_nav(nav)} of {day}"
    return found


async def _gated(tx: Tx, rows: Sequence[QuotationRow], funds: Mapping[str, Fund]) -> tuple[list[QuotationRow], list[BreakRow]]:
    """What lies beyond the gate is held: a misplaced point must move nobody's money."""
    far = await beyond_gate(tx, rows, funds)
    kept = [row._replace(state=QuotationState.HELD) if (row.fund, row.day) in far else row for row in rows]
    todo = "it counts for nothing until two operators have looked at it (propose_held_quotation)"
    breaks = [
        BreakRow(SOURCE, HELD, item_of(row), 0, f"{row.source}: {far[row.fund, row.day]}; {todo}", accounted=False)
        for row in kept
        if row.state == QuotationState.HELD
    ]
    return kept, breaks


def _differs(file: DataFileName, one: Quotation, row: QuotationRow, fund: Fund) -> list[BreakRow]:
    """What of a money fund's day does not follow from what we know."""
    if fund.kind is not FundKind.MONEY:
        return []
    breaks = _sum_differs(file, one, row.computed_income)
    if one.nav != NAV_SCALE:
        text = f"{file} prices {one.fund_code}, a money fund, at {format_nav(one.nav)} on {one.day}, it is 1.0000; ask the registrar"
        breaks.append(BreakRow(SOURCE, "nav_differs", f"{one.fund_code} {one.day}", 0, text, accounted=False))
    return breaks


def _corrected(file: DataFileName, one: Quotation, before: QuotationRow) -> BreakRow:
    """What was posted by the former one is the registrar's to correct, by units or money of its own."""
    names = ("income per 10,000", "yield", "day's income", "units", "NAV")
    changes = [
        f"{name} {was} is {now}" for name, was, now in zip(names, _shown(before.said), _shown(_values(one)), strict=True) if was != now
    ]
    text = f"{file} corrects {one.fund_code} of {one.day}: {'; '.join(changes)}; what was posted before stays as it is"
    return BreakRow(SOURCE, "quotation_corrected", f"{one.fund_code} {one.day}", one.day_income - before.day_income, text, accounted=True)


def _shown(values: Sequence[int]) -> tuple[str, ...]:
    income, seven_days, sum_of_day, units, nav = values
    return format_nav(income), f"{percent(seven_days)} %", format_minor(sum_of_day), format_minor(units), format_nav(nav)


def _told_otherwise(file: DataFileName, one: Quotation, day: date, known: Known) -> list[BreakRow]:
    """What another channel's file said of the file's own day stands."""
    before = known.get((one.fund_code, one.day))
    if before is None or one.day != day or before.said == _values(one):
        return []
    text = f"{file} quotes {one.day} otherwise than the first 07 of that day, which stands; ask the registrar which is right"
    return [BreakRow(SOURCE, "quotation_differs", f"{one.fund_code} {one.day}", one.day_income - before.day_income, text, False)]


async def _yields_differ(tx: Tx, file: DataFileName, day: date, fresh: Sequence[QuotationRow]) -> list[BreakRow]:
    """Yields that do not follow from the seven days quoted last, by the way that the fund counts; where not all seven are known, nothing
    is said. Nothing is paid by a yield."""
    if not fresh:
        return []
    known, standing = await quotation_store.incomes_between(tx, day - timedelta(days=DAYS - 1), day), await conditions_store.conditions(tx)
    breaks = []
    for one in fresh:
        incomes = [income for _, income in sorted(known[one.fund].items())]
        _, conditions = standing.get(one.fund, (0, Conditions()))
        if len(incomes) < DAYS or conditions.kind is not FundKind.MONEY:
            continue
        ours = (compound_yield if conditions.carry_forward is CarryForward.DAILY else simple_yield)(incomes)
        if ours != one.seven_day_yield:
            text = (
                f"{file}: the yield of {day} is {percent(one.seven_day_yield)} %, its seven days give {percent(ours)} %; ask the registrar"
            )
            breaks.append(BreakRow(SOURCE, "yield_differs", f"{one.fund} {day}", 0, text, accounted=True))
    return breaks


def _unknown_status(file: DataFileName, one: Quotation) -> BreakRow:
    """The state it had stays."""
    text = f"{file} gives {one.fund_code} the status {one.status!r}, which is none; ask the registrar"
    return BreakRow(SOURCE, "unknown_status", f"{one.fund_code} {one.day}", 0, text, accounted=False)


def _quotes_nothing(file: DataFileName, funds: Sequence[str]) -> BreakRow:
    """No money hangs on it: without any quotation of a day, its income is not what we compute."""
    text = f"{file} quotes nothing of {', '.join(funds)}; ask the registrar"
    return BreakRow(SOURCE, "no_quotation", str(file), 0, text, accounted=True)


def _sum_differs(file: DataFileName, one: Quotation, computed: int) -> list[BreakRow]:
    if one.day_income == computed:
        return []
    text = f"{file}: the fund's income of {one.day} is {format_minor(one.day_income)}, we compute {format_minor(computed)}"
    return [BreakRow(SOURCE, _SUM_DIFFERS, f"{one.fund_code} {one.day}", one.day_income - computed, text, False)]
