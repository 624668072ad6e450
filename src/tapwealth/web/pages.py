"""The read-only page of the played week: a customer's phone, the merchants' receipts, the day board. Chinese at /, English at /en.

Made on the server from `reports.seen`, the same data that /view/week gives; it needs no script, and nothing from elsewhere.
"""

import re
from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any, NamedTuple

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from tapwealth.flows import reports
from tapwealth.flows.day import STEPS
from tapwealth.flows.frame import House
from tapwealth.flows.funds.fund_pockets import POCKET
from tapwealth.flows.notices.inbox import NoticeView
from tapwealth.flows.reports import BillerDay, CustomerView, DayView, ProofView, Seen
from tapwealth.flows.reports.phone import Phone
from tapwealth.kernel.clock import SHANGHAI
from tapwealth.kernel.refusal import Outage
from tapwealth.web import page, wording
from tapwealth.web.chart import Chart, chart

WHILE_PLAYED, WHEN_OVER = 4, 30
"""Seconds after which the page looks again: while a date is not closed, and when all are."""
MOVEMENTS_SHOWN, RECEIPTS_SHOWN, NOTICES_SHOWN, BILLS_SHOWN, CURVE_DAYS = 7, 4, 4, 5, 10
_NUMBER = re.compile(r"[1-9][0-9]{0,8}", re.ASCII)


def pages(house: House) -> list[BaseRoute]:
    """Routes of the pages and of what they need."""

    def endpoint_of(language: str) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            try:
                seen = await reports.seen(house, _wanted(request))
            except Outage as outage:
                return page.away(language, outage)
            return page.html("week.html", language, _shown(request, language, seen))

        return endpoint

    return [Route("/", endpoint_of("zh")), Route("/en", endpoint_of("en")), Route("/static/{name}", page.static)]


def _shown(request: Request, language: str, seen: Seen) -> dict[str, Any]:
    customer = _chosen(request, seen.week.customers)
    still = "still" in request.query_params
    return {
        "week": seen.week,
        "now": seen.now.astimezone(SHANGHAI),
        "customer": customer,
        "phone": seen.phone,
        "told": _told(seen.phone, customer),
        "notices_shown": NOTICES_SHOWN,
        "bills_shown": BILLS_SHOWN,
        "movements": list(reversed(customer.statement))[:MOVEMENTS_SHOWN] if customer else [],
        "receipts_shown": RECEIPTS_SHOWN,
        "billers": _billers(seen.week.days),
        "names": {code: words.zh if language == "zh" else words.en for code, words in [*seen.names.items(), (POCKET, wording.POCKET)]},
        "raises": [one for one in seen.raises if one.state not in ("formed", "failed")],
        "newest": seen.week.fund.rates[-1] if seen.week.fund and seen.week.fund.rates else None,
        "yields": _yields(seen),
        "incomes": _incomes(customer),
        "growths": _growths(customer),
        "ending": next((day for day in seen.week.days if day.state == "cut"), None),
        "steps": len(STEPS),
        "agreement": {day.business_date: _agreement(seen, day) for day in seen.week.days},
        "still": still,
        "again": None if still else _seconds(seen.week.days),
        "path": f"{'/' if language == 'zh' else '/en'}?",
    }


def _wanted(request: Request) -> int:
    """The number of the customer whose phone is asked for; 0 for what is none."""
    text = request.query_params.get("customer", "")
    return int(text) if _NUMBER.fullmatch(text) else 0


def _chosen(request: Request, customers: list[CustomerView]) -> CustomerView | None:
    wanted = _wanted(request)
    return next((one for one in customers if one.person == wanted), customers[0] if customers else None)


class BillerRoll(NamedTuple):
    """What came of a biller's files, and what it was paid, date by date."""

    code: str
    name: str
    name_en: str
    days: list[tuple[date, BillerDay]]

    def sum(self, what: str) -> int:
        """Of a figure of all dates."""
        return sum(getattr(one, what) for _, one in self.days)


def _billers(days: list[DayView]) -> list[BillerRoll]:
    rolls: dict[str, BillerRoll] = {}
    for day in days:
        for one in day.billers:
            rolls.setdefault(one.code, BillerRoll(one.code, one.name, one.name_en, [])).days.append((day.business_date, one))
    return [rolls[code] for code in sorted(rolls)]


class Told(NamedTuple):
    """A notice, and the part of the phone that shows what it is about; empty where none does."""

    notice: NoticeView
    about: str


def _told(phone: Phone | None, customer: CustomerView | None) -> list[Told]:
    if phone is None or customer is None:
        return []
    bills = {f"bill/{one.payment}": f"bill-{number}" for number, one in enumerate(phone.bills, 1)}
    there = {
        "statement": True,
        "policy": customer.policies,
        "plans": customer.plans,
        "sweeps": customer.sweeps,
        "autopays": customer.autopays,
    }
    parts = {name for name, shown in there.items() if shown}

    def about(link: str) -> str:
        part = link.partition("/")[0]
        return bills.get(link) or (part if part in parts else "")

    return [Told(one, about(one.link)) for one in phone.notices]


def _seconds(days: list[DayView]) -> int:
    return WHEN_OVER if days and all(day.proved for day in days) else WHILE_PLAYED


def _yields(seen: Seen) -> Chart | None:
    rates = seen.week.fund.rates[-CURVE_DAYS:] if seen.week.fund else []
    return chart([(wording.short_day(one.date), one.seven_day_yield) for one in rates], wording.percent, from_zero=False)


def _incomes(customer: CustomerView | None) -> Chart | None:
    points = customer.income_curve[-CURVE_DAYS:] if customer else []
    return chart([(wording.short_day(one.date), one.amount) for one in points], wording.plain, from_zero=True)


class Growth(NamedTuple):
    """A fund's gain over time."""

    name: str
    name_en: str
    chart: Chart


def _growths(customer: CustomerView | None) -> list[Growth]:
    """Of each fund with a price of its own that has had one since it is held."""
    drawn = []
    for fund, brought in zip(customer.funds, customer.returns, strict=True) if customer else ():
        points = [(wording.short_day(one.date), one.gain) for one in brought.curve[-CURVE_DAYS:]]
        picture = chart(points, wording.plain, from_zero=True)
        drawn += [Growth(fund.name, fund.name_en, picture)] if picture else []
    return drawn


def _agreement(seen: Seen, day: DayView) -> dict[str, Any]:
    """How many of the bank's statements agree, what is under way, and what the proofs of both partners say."""
    said = {one.proof: one for one in seen.week.proofs if one.date == day.business_date}
    return {
        "agree": sum(one.statement == one.ours for one in day.mirrors),
        "of": len(day.mirrors),
        "transit": sum(len(one.transit) for one in day.mirrors),
        "equal": day.units and day.units.ours + sum(one.units for one in day.units.transit_098) == day.units.registrar,
        "bank": _tone(said.get("mirrors")),
        "units": _tone(said.get("units")),
    }


def _tone(proof: ProofView | None) -> str:
    """How a proof is shown: good, bad, or nothing to say yet."""
    if proof is None or not proof.reached:
        return "wait"
    return "good" if proof.holds else "bad"
