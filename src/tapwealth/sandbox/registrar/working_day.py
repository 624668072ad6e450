"""The registrar's day by its own clock. Two things happen, each in one `tx` with the note that it happened:

* at 24:00 of D the holdings as they stand (05 of D), before D's orders;
* at 09:00 of D+1, every calendar day: accounts (02), then fast transfers of D (198), then the income of D (07, 06), and on a dealing day
  the orders of all dealing dates before it (04). Units confirmed then earn from that day on; units redeemed have earned their last.
  Orders of a fund with a NAV are confirmed its own number of dealing days after theirs, at the NAV of theirs, and wait for it; each
  dealing day's NAVs are told on the morning after (07). Dividends of such funds (06), the end of a raise and what the registrar starts by
  itself (04) come before the day's orders.
"""

import sqlite3
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta

from tapwealth.kernel.calendar_data import load_calendar
from tapwealth.kernel.clock import business_date_of, shanghai
from tapwealth.sandbox.registrar import raises, register, reports, requests, shelf, started
from tapwealth.sandbox.registrar.decisions import (
    SWITCH,
    Decision,
    Priced,
    ReturnCode,
    decide_account,
    decide_at,
    decide_order,
    decide_subscription,
    decide_switch,
    share_out,
)
from tapwealth.sandbox.registrar.dispatch import write_down
from tapwealth.sandbox.registrar.income import fund_income, shares
from tapwealth.sandbox.registrar.intake import DISTRIBUTORS
from tapwealth.sandbox.registrar.payments import pay_dividends, pay_interest, pay_redemptions
from tapwealth.sandbox.registrar.raises import End
from tapwealth.sandbox.registrar.rates import rates
from tapwealth.sandbox.registrar.register import FUND_CODE, Holder, next_number
from tapwealth.sandbox.registrar.reports import REGISTRAR, Fields
from tapwealth.sandbox.store import Store
from tapwealth.wire.ofd import DataFileName

AGENDA_SCHEMA = """
CREATE TABLE IF NOT EXISTS agenda (one INTEGER PRIMARY KEY CHECK (one = 1), event TEXT NOT NULL, day TEXT NOT NULL);
"""
MORNING, CLOSE = "morning", "close"
_HOURS = {MORNING: 9, CLOSE: 24}
_ONE_DAY = timedelta(days=1)


def work_until(store: Store, now: datetime) -> None:
    """Do all that falls due up to `now`. The day on which the clock is first set is the register's first."""
    while True:
        with store.tx() as tx:
            event, day = _next(tx, business_date_of(now))
            at = shanghai(day, _HOURS[event])
            if at > now:
                return
            _EVENTS[event](tx, day, at)
            following = (CLOSE, day) if event == MORNING else (MORNING, day + _ONE_DAY)
            tx.execute("UPDATE agenda SET event = ?, day = ?", (following[0], following[1].isoformat()))


def _next(tx: sqlite3.Connection, today: date) -> tuple[str, date]:
    tx.execute("INSERT INTO agenda VALUES (1, ?, ?) ON CONFLICT DO NOTHING", (CLOSE, today.isoformat()))
    row = tx.execute("SELECT event, day FROM agenda").fetchone()
    return str(row["event"]), date.fromisoformat(row["day"])


def _close(tx: sqlite3.Connection, day: date, at: datetime) -> None:
    register_now = [held for fund in (FUND_CODE, *(one.code for one in shelf.funds(tx))) for held in register.holdings(tx, fund)]
    started.entitle(tx, day)
    for distributor in DISTRIBUTORS:
        records = [reports.holding(held, day) for held in register_now if held.holder.distributor == distributor]
        write_down(tx, _name(distributor, day, "05"), records, at)


def _morning(tx: sqlite3.Connection, day: date, at: datetime) -> None:
    accounts = _decide(tx, decide_account, requests.waiting(tx, requests.ACCOUNTS, day), day)
    orders = _decide(tx, decide_order, requests.waiting(tx, requests.ORDERS, day, fast=True), day)
    income = _distribute(tx, day)
    given, moved = started.pay(tx, day), started.force(tx, day, load_calendar(), lambda fund: _last_price(tx, fund, day))
    ended = list[End]()
    if load_calendar().is_dealing_day(day):
        ended = raises.end(tx, day, load_calendar())
        orders += _decide_orders(tx, day)
    pay_redemptions(tx, orders, moved, day)
    pay_dividends(tx, given, day)
    pay_interest(tx, ended, day)
    account_records = [_told(tx, reports.account_confirmation, decision, day) for decision in accounts]
    order_records = [_told(tx, reports.order_confirmation, decision, day) for decision in orders]
    order_records += [reports.ended(one, day, _ta_serial(tx, day)) for one in ended]
    order_records += [reports.moved(one, day, _ta_serial(tx, day)) for one in moved]
    dividends = [*(income[1] if income is not None else []), *(reports.given(one, day, _ta_serial(tx, day)) for one in given)]
    quotations = [*([income[0]] if income is not None else []), *_prices(tx, day - _ONE_DAY)]
    for distributor in DISTRIBUTORS:
        _send(tx, _name(distributor, day, "02"), _of(distributor, account_records), at)
        _send(tx, _name(distributor, day, "04"), _of(distributor, order_records), at)
        if income is not None or given:
            write_down(tx, _name(distributor, day, "06"), _of(distributor, dividends), at)
        if quotations:
            write_down(tx, _name(distributor, day, "07"), quotations, at)


def _decide(
    tx: sqlite3.Connection, decide: Callable[[sqlite3.Connection, sqlite3.Row, date], Decision], waiting: Sequence[sqlite3.Row], day: date
) -> list[Decision]:
    decisions = [decide(tx, request, day) for request in waiting]
    requests.decided(tx, [(decision.request["seq"], decision.code.value) for decision in decisions], day)
    return decisions


def _decide_orders(tx: sqlite3.Connection, day: date) -> list[Decision]:
    """What waits for a dealing day; on a large-redemption day a rest may wait on."""
    waiting = requests.waiting(tx, requests.ORDERS, day)
    at_par = {request["seq"] for request in waiting if _at_par(tx, request)}
    shared = share_out(tx, [request for request in waiting if request["seq"] in at_par], day)
    found = [
        shared.get(request["seq"]) or decide_order(tx, request, day) if request["seq"] in at_par else _at_its_price(tx, request, day)
        for request in waiting
    ]
    decisions = [one for one in found if one is not None]
    requests.decided(tx, [(one.request["seq"], one.code.value) for one in decisions if one.finished], day)
    for one in decisions:
        if not one.finished:
            requests.go_on(tx, one.request["seq"], one.units)
    return decisions


def _at_par(tx: sqlite3.Connection, request: sqlite3.Row) -> bool:
    """Whether no NAV is needed for it: it is of the money fund, or of none."""
    return request["business_code"] != SWITCH and shelf.terms_of(tx, request["fund_code"]) is None


def _at_its_price(tx: sqlite3.Connection, request: sqlite3.Row, day: date) -> Decision | None:
    """A subscription has no price to wait for."""
    if request["business_code"] == raises.SUBSCRIBE:
        return decide_subscription(tx, request, day, date.fromisoformat(request["due_after"]))
    return _at_a_nav(tx, request, day)


def _at_a_nav(tx: sqlite3.Connection, request: sqlite3.Row, day: date) -> Decision | None:
    """None: it is not confirmed yet, or a NAV is not known."""
    codes = [request["fund_code"], *([request["target_fund"]] if request["business_code"] == SWITCH else [])]
    kept = [terms for code in codes if (terms := shelf.any_terms(tx, code)) is not None]
    if len(kept) < len(codes):
        return Decision(request, ReturnCode.UNKNOWN_FUND, request["ta_account"])
    dealt_on = date.fromisoformat(request["due_after"])
    if not all(shelf.confirms(load_calendar(), dealt_on, day, terms) for terms in kept):
        return None
    priced = [Priced(terms, nav) for terms in kept if (nav := shelf.nav_on(tx, terms.code, dealt_on)) is not None]
    for terms in kept:
        if terms.code not in {one.terms.code for one in priced}:
            requests.note_problem(tx, f"{dealt_on}: {terms.code} has no NAV, so its orders wait")
    if len(priced) < len(kept):
        return None
    return (decide_switch if request["business_code"] == SWITCH else decide_at)(tx, request, day, dealt_on, *priced)


def _last_price(tx: sqlite3.Connection, fund: str, day: date) -> int:
    """The newest NAV before a day; 1.0000 of the money fund, and of one that has none yet."""
    known = shelf.terms_of(tx, fund) is not None
    return (shelf.last_nav(tx, fund, day) or shelf.PAR) if known else shelf.PAR


def _prices(tx: sqlite3.Connection, day: date) -> list[Fields]:
    """The NAVs of a day."""
    navs = [(one, shelf.nav_on(tx, one.code, day)) for one in shelf.funds(tx)]
    units = {one.code: sum(held.units for held in register.holdings(tx, one.code)) for one, nav in navs if nav is not None}
    return [reports.price(one.code, one.name, nav, units[one.code], day) for one, nav in navs if nav is not None]


def _distribute(tx: sqlite3.Connection, day: date) -> tuple[Fields, list[Fields]] | None:
    """The income of the day before: its quotation and each holder's dividend."""
    earned_on = day - _ONE_DAY
    rate = rates().get(earned_on)
    if rate is None:
        requests.note_problem(tx, f"{earned_on}: the fund published no income for it, so none is paid")
        return None
    earning = register.holdings(tx)
    units = sum(held.units for held in earning)
    dividends = [
        _credited(tx, holder, held.units, income, earned_on)
        for held, (holder, income) in zip(earning, shares(rate.income_per_10k, earning), strict=True)
    ]
    return reports.quotation(rate, fund_income(rate.income_per_10k, units), units, earned_on), dividends


def _credited(tx: sqlite3.Connection, holder: Holder, base: int, income: int, earned_on: date) -> Fields:
    day = earned_on + _ONE_DAY
    serial = _ta_serial(tx, day)
    if income:
        register.move(tx, holder, income, day, "143", serial)
    return reports.dividend(holder, base, income, earned_on, day, serial)


def _told(tx: sqlite3.Connection, report: Callable[[Decision, date, str], Fields], decision: Decision, day: date) -> Fields:
    """The answer; it goes to the distributor whose file asked."""
    return report(decision, day, _ta_serial(tx, day))


def _ta_serial(tx: sqlite3.Connection, day: date) -> str:
    return f"{day:%Y%m%d}{next_number(tx, 'ta_serial'):012d}"


def _of(distributor: str, records: Sequence[Fields]) -> list[Fields]:
    return [record for record in records if record["DistributorCode"] == distributor]


def _send(tx: sqlite3.Connection, name: DataFileName, records: Sequence[Fields], at: datetime) -> None:
    if records:
        write_down(tx, name, records, at)


def _name(distributor: str, day: date, file_type: str) -> DataFileName:
    return DataFileName(REGISTRAR, distributor, day, file_type)


_EVENTS = {MORNING: _morning, CLOSE: _close}
