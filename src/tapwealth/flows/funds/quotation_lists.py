"""Quotations that operators decide: a list that one of them hands in, and a price that the gate has held.

Both take two of them. What was said before stays with the instant at which it was recorded; what they decide is the next version of its
day, and what was posted by the former one stays posted. A shadow price that lies too far off is named on the day board.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum, auto
from typing import Any

import msgspec

from tapwealth.bank import store as bank_store
from tapwealth.bank.store import BreakRow
from tapwealth.flows.frame import HOUSE_BOOK, House, Moment
from tapwealth.flows.funds.exchange_in import SOURCE
from tapwealth.flows.funds.quotations import HELD, beyond_gate, item_of, rows_of, sums_again
from tapwealth.funds import quotation_store, store
from tapwealth.funds.conditions import FundKind
from tapwealth.funds.exchange_values import Quotation
from tapwealth.funds.nav import NAV_SCALE, format_nav
from tapwealth.funds.quotation_list import Listed, read_list, read_nav
from tapwealth.funds.quotation_store import QuotationRow, QuotationState, Version
from tapwealth.funds.seven_day_yield import percent
from tapwealth.funds.shadow_price import Alarm, alarm_of
from tapwealth.funds.store import Fund
from tapwealth.kernel.clock import business_date_of
from tapwealth.kernel.refusal import Refusal
from tapwealth.storage import operators
from tapwealth.storage.approvals import Approval
from tapwealth.storage.database import Tx

_OF_MONEY = ("income_per_10k", "seven_day_yield", "day_income", "total_units")
_ALARM = {Alarm.WARN: ("shadow_price", "0.25 %: its manager has to act"), Alarm.REPORT: ("shadow_price_report", "0.5 %: report it")}


class QuotationRefusal(Enum):
    """In the order in which they are checked."""

    UNKNOWN_FUND = auto()
    NOT_OVER = auto()
    NOT_QUOTED_THEN = auto()
    INCOMPLETE = auto()
    NOTHING_NEW = auto()
    NOT_HELD = auto()
    HELD_OTHERWISE = auto()


class ProposeQuotations(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A list of quotations: the lines of a CSV text (`quotation_list`)."""

    lines: list[str]


class ProposeHeldQuotation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Let the price that the gate holds stand, or discard it. `nav`: that price as it is written (1.0432), so that both pairs of eyes
    decide on the same one, whatever the registrar says meanwhile."""

    fund: str
    day: date
    nav: str
    stands: bool


def check(command: ProposeQuotations | ProposeHeldQuotation) -> None:
    """Raises BadInput."""
    if isinstance(command, ProposeQuotations):
        read_list(command.lines)
    else:
        read_nav(command.nav, "nav")


async def wrong(house: House, tx: Tx, at: Moment, command: ProposeQuotations | ProposeHeldQuotation) -> Refusal | None:
    """Why it cannot be brought about as things stand."""
    if isinstance(command, ProposeHeldQuotation):
        held = await _held(tx, command)
        return held if isinstance(held, Refusal) else None
    merged = await _merged(house, tx, at, command)
    return merged if isinstance(merged, Refusal) else None


async def notes(house: House, tx: Tx, at: Moment, command: ProposeQuotations) -> tuple[str, ...]:
    """What whoever approves the list should look at: prices beyond their gates."""
    merged = await _merged(house, tx, at, command)
    assert not isinstance(merged, Refusal), "it was looked at just now"
    funds = await store.funds(tx)
    rows = await rows_of(house, tx, "", [one.said for one in merged], funds)
    return tuple((await beyond_gate(tx, rows, funds)).values())


async def bring_about(
    house: House, tx: Tx, at: Moment, made: Approval, command: ProposeQuotations | ProposeHeldQuotation
) -> Refusal | None:
    await house.ledger.lock_books(tx, [HOUSE_BOOK])
    if isinstance(command, ProposeHeldQuotation):
        return await _decide(tx, at, made, command)
    merged = await _merged(house, tx, at, command)
    if isinstance(merged, Refusal):
        return merged
    said = await rows_of(house, tx, f"list {made.id}", [one.said for one in merged], await store.funds(tx), made.proposer)
    rows = [row._replace(deviation=one.deviation) for row, one in zip(said, merged, strict=True)]
    await quotation_store.add_quotations(tx, rows, at.now)
    await bank_store.withdraw(tx, SOURCE, HELD, [item_of(row) for row in rows])
    await sums_again(house, tx)
    await bank_store.add_breaks(tx, at.open_date(business_date_of(at.now)), [one for row in rows for one in _alarmed(row)], at.now)
    return None


async def _decide(tx: Tx, at: Moment, made: Approval, command: ProposeHeldQuotation) -> Refusal | None:
    held = await _held(tx, command)
    if isinstance(held, Refusal):
        return held
    state = QuotationState.STANDS if command.stands else QuotationState.DISCARDED
    decided = held._replace(state=state, source=f"decision {made.id}", actor=made.proposer)
    await quotation_store.add_quotations(tx, [decided], at.now)
    await bank_store.withdraw(tx, SOURCE, HELD, [item_of(decided)])
    return None


async def _held(tx: Tx, command: ProposeHeldQuotation) -> QuotationRow | Refusal:
    """What is decided on, while it is what was said last of its day."""
    key = command.fund, command.day
    said = (await quotation_store.newest(tx, [key])).get(key)
    if said is None or said.state != QuotationState.HELD:
        text = f"no price of {command.fund[:20]} of {command.day} is held; /view/quotations/FUND shows what was said of each day"
        return Refusal(QuotationRefusal.NOT_HELD, text)
    if said.nav != read_nav(command.nav, "nav"):
        what = f"the price of {said.fund} of {said.day} that is held now is {format_nav(said.nav)}, not {command.nav}"
        return Refusal(QuotationRefusal.HELD_OTHERWISE, f"{what}; look at it and propose it")
    return said


@dataclass(frozen=True, slots=True)
class _Merged:
    """A line of a list, with what was said before where it is blank."""

    said: Quotation
    deviation: int | None


async def _merged(house: House, tx: Tx, at: Moment, command: ProposeQuotations) -> list[_Merged] | Refusal:
    listed, funds, today = read_list(command.lines), await store.funds(tx), business_date_of(at.now)
    known = await quotation_store.newest(tx, [(one.fund, one.day) for one in listed])
    standing = {
        key: row for key, row in known.items() if row.state == QuotationState.STANDS
    }  # no blank is filled with what counts for nothing
    merged = []
    for one in listed:
        refusal = _out_of_place(house, one, funds, today)
        if refusal is not None:
            return refusal
        line = _line(one, funds[one.fund], standing.get((one.fund, one.day)))
        if isinstance(line, Refusal):
            return line
        merged.append(line)
    return merged


def _out_of_place(house: House, one: Listed, funds: Mapping[str, Fund], today: date) -> Refusal | None:
    if one.fund not in funds:
        return Refusal(QuotationRefusal.UNKNOWN_FUND, f"{one.where}: there is no fund {one.fund} on the shelf; /view/funds lists them")
    if one.day >= today:
        return Refusal(QuotationRefusal.NOT_OVER, f"{one.where}: {one.day} is not over; a day is quoted when it is")
    if funds[one.fund].kind is FundKind.NAV and not house.calendar.is_dealing_day(one.day):
        text = f"{one.where}: {one.day} is no dealing day, on which {one.fund} has a price; look at the day"
        return Refusal(QuotationRefusal.NOT_QUOTED_THEN, text)
    return None


def _line(one: Listed, fund: Fund, before: QuotationRow | None) -> _Merged | Refusal:
    needed = _OF_MONEY if fund.kind is FundKind.MONEY else ("nav",)
    figures = {} if before is None else before._asdict()
    figures = {"nav": NAV_SCALE if fund.kind is FundKind.MONEY else None, "shadow_deviation": figures.get("deviation"), **figures}
    lacking = [name for name in needed if figures.get(name) is None and name not in one.figures]
    if lacking:
        text = f"{one.where}: {', '.join(lacking)} of {one.fund} of {one.day} was never said; give it"
        return Refusal(QuotationRefusal.INCOMPLETE, text)
    if one.figures.get("nav", NAV_SCALE) != NAV_SCALE and fund.kind is FundKind.MONEY:
        return Refusal(QuotationRefusal.INCOMPLETE, f"{one.where}: {one.fund} is a money fund, at 1.0000; leave its nav blank")
    figures |= one.figures
    said = Quotation(
        one.fund, one.day, figures.get("income_per_10k") or 0, figures.get("seven_day_yield") or 0, figures.get("day_income") or 0,
        figures.get("total_units") or 0, figures["nav"], "",
    )  # fmt: skip
    deviation = figures["shadow_deviation"]
    same = before is not None and (_values(said), deviation) == (before.said, before.deviation)
    if same:
        return Refusal(QuotationRefusal.NOTHING_NEW, f"{one.where}: {one.fund} of {one.day} stands like that already; leave it out")
    return _Merged(said, deviation)


def _values(one: Quotation) -> tuple[int, ...]:
    return one.income_per_10k, one.seven_day_yield, one.day_income, one.total_units, one.nav


def _alarmed(row: QuotationRow) -> list[BreakRow]:
    """No money of ours hangs on it: the day may close."""
    alarm = None if row.deviation is None else alarm_of(row.deviation)
    if alarm is None or row.deviation is None:
        return []
    kind, said = _ALARM[alarm]
    text = f"{row.fund} of {row.day} lies {_percent(row.deviation)} % off its amortised cost at market prices, beyond {said}"
    return [BreakRow(SOURCE, kind, item_of(row), row.deviation, text, accounted=True)]


def _percent(deviation: int) -> str:
    sign, magnitude = ("-", -deviation) if deviation < 0 else ("", deviation)
    return f"{sign}{magnitude // 10_000}.{magnitude % 10_000:04d}"


class QuotationShown(msgspec.Struct, frozen=True):
    """What was said of a day, once. `state`: `stands`, `held`, `discarded`; `counts`: it is what stands (at the instant asked for)."""

    day: date
    version: int
    recorded_at: datetime
    state: str
    counts: bool
    nav: str
    income_per_10k: str
    seven_day_yield: str
    day_income: int
    total_units: int
    shadow_deviation: str
    source: str
    by: str


async def shown(tx: Any, fund: str, first: date, last: date, known_at: datetime | None) -> list[QuotationShown] | Refusal:
    """Every version of these days, both clocks beside each other."""
    if fund not in await store.funds(tx):
        return Refusal(QuotationRefusal.UNKNOWN_FUND, f"there is no fund {fund[:20]} on the shelf; /view/funds lists them")
    found = await quotation_store.versions(tx, fund, first, last, known_at)
    names = await operators.logins(tx, sorted({one.row.actor for one in found if one.row.actor}))
    counting = {one.row.day: one.version for one in found if one.row.state == QuotationState.STANDS}
    return [_shown(one, counts=counting.get(one.row.day) == one.version, by=names.get(one.row.actor, "")) for one in found]


def _shown(one: Version, *, counts: bool, by: str) -> QuotationShown:
    row = one.row
    deviation = "" if row.deviation is None else _percent(row.deviation)
    figures = format_nav(row.nav), format_nav(row.income_per_10k), percent(row.seven_day_yield), row.day_income, row.total_units, deviation
    return QuotationShown(row.day, one.version, one.recorded_at, row.state, counts, *figures, row.source, by)
