"""Periodic plans (定投): a customer agrees to buy a fund every week or month, and the worker does it on the dealing day.

Each period is one purchase, under a key that follows from plan and period, with all that is asked of any purchase: run again, by whatever
worker, it is the same one. What cannot be bought is looked at once more before the cut-off; three periods in a row stop the plan.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from tapwealth.compliance import assessments, limits
from tapwealth.compliance.suitability import LOWEST, above_risk
from tapwealth.customers import store as customers
from tapwealth.customers.store import PersonRow
from tapwealth.flows.catalogue import sales
from tapwealth.flows.catalogue.sales import Sold
from tapwealth.flows.customers.people import own_key, who
from tapwealth.flows.frame import Caller, Envelope, House, Moment, moment, once
from tapwealth.flows.funds import purchase
from tapwealth.flows.funds.agreement_offer import plan_sold
from tapwealth.flows.funds.eligible import identities, ineligible
from tapwealth.flows.funds.purchase import OWN_CHANNEL, Placing, PurchaseFund, PurchasePlaced
from tapwealth.funds import plan_store, quotation_store, store
from tapwealth.funds.conditions import FundKind
from tapwealth.funds.plan import (
    MOST_FAILURES,
    MOST_PLANS,
    Every,
    PeriodicPlan,
    PlanRefusal,
    PlanRun,
    PlanState,
    Rhythm,
    RunState,
    window,
)
from tapwealth.funds.plan_store import Due
from tapwealth.funds.purchase import PurchaseFacts, decide
from tapwealth.kernel.calendar import ONE_DAY, Calendar
from tapwealth.kernel.clock import business_date_of
from tapwealth.kernel.ids import derived, named, prefixed, unprefixed
from tapwealth.kernel.money import checked, format_minor
from tapwealth.kernel.refusal import Refusal
from tapwealth.notices import store as notices
from tapwealth.notices.notice import Notice, NoticeKind
from tapwealth.storage.actors import ActorKind
from tapwealth.storage.database import Tx

ORDER = "ord"
_AT_ONCE = 500
SHOWN = 12
"""Newest periods of a plan that a view shows."""


class AgreePlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Buy `amount` fen of the fund on that `day` of every week (1 is Monday) or month (1 to 31), out of the wallet."""

    fund: str
    amount: int
    every: Every
    day: int


class PausePlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Nothing is bought until it is resumed."""

    plan: UUID


class ResumePlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One that was paused or has stopped goes on with the first planned day after today."""

    plan: UUID


class EndPlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """For good; what is ordered already stays ordered."""

    plan: UUID


class PlanPeriod(msgspec.Struct, frozen=True):
    """A period by its planned day, and the dealing day it was looked at on; `order` is empty where nothing was ordered."""

    period: date
    day: date
    amount: int
    state: str
    state_zh: str
    state_en: str
    reason: str
    order: str


class PlanView(msgspec.Struct, frozen=True):
    """`next_on`: the next planned day, `deals_on` the dealing day it falls to (null while the calendar does not reach that far); both null
    while it is not in force. `failures`: periods in a row that could not be bought. `runs`: newest first."""

    plan: str
    fund: str
    amount: int
    every: str
    day: int
    when_zh: str
    when_en: str
    state: str
    state_zh: str
    state_en: str
    next_on: date | None
    deals_on: date | None
    failures: int
    runs: list[PlanPeriod] = msgspec.field(default_factory=list)


_STATES = {
    PlanState.ACTIVE: ("进行中", "in force"),
    PlanState.PAUSED: ("已暂停", "paused"),
    PlanState.STOPPED: ("连续未成功，已停止", "stopped after failures"),
    PlanState.ENDED: ("已终止", "ended"),
}
_RUNS = {
    RunState.WAITING: ("暂未买入，将再试一次", "not bought yet, tried once more"),
    RunState.PLACED: ("已买入", "bought"),
    RunState.FAILED: ("未买入", "not bought"),
    RunState.PASSED: ("与下期合并，未单独买入", "fell together with the next period"),
}


async def agree(house: House, envelope: Envelope, command: AgreePlan) -> PlanView | Refusal:
    """In force at once; the first planned day after today is the first that is bought."""
    checked(command.amount, where="amount")
    rhythm = Rhythm(command.every, command.day)
    rhythm.check()
    book, person = who(envelope)

    async def act(tx: Tx, at: Moment, _actor: int) -> PlanView | Refusal:
        row = (await customers.persons(tx, [(book, person)]))[person]
        refusal = await _wrong(house, tx, envelope, command, row)
        if refusal is not None:
            return refusal
        identifier = named(envelope.received_at, book, f"plan:{own_key(envelope, 'plan', row)}")
        first = rhythm.after(business_date_of(envelope.received_at))
        made = PeriodicPlan(
            book, identifier, person, command.fund, command.amount, command.every, command.day, PlanState.ACTIVE, first, 0, at.now
        )
        await plan_store.add(tx, made)
        await sales.keep(house, tx, at, [await _sold(house, tx, envelope, made)])
        return _view(house.calendar, made, [])

    return await once(house, [book], envelope, command, act, PlanView)


async def _sold(house: House, tx: Tx, envelope: Envelope, made: PeriodicPlan) -> Sold:
    fund = (await store.funds(tx))[made.fund]
    nav = (await quotation_store.last_navs(tx)).get(fund.code, 0) if fund.kind is FundKind.NAV else 0
    risky = fund.risk_level > LOWEST
    standing = (await assessments.standings(tx, [(made.book, made.person)])).get(made.person) if risky else None
    return await plan_sold(house, tx, envelope, made, fund, nav, standing)


async def _wrong(house: House, tx: Tx, envelope: Envelope, command: AgreePlan, row: PersonRow) -> Refusal | None:
    """What a single purchase of that amount would be refused for, whatever is in the wallet and under way; then how many there are."""
    key, today = (row.book, row.id), business_date_of(envelope.received_at)
    fund = (await store.funds(tx)).get(command.fund)
    risky = fund is not None and fund.risk_level > LOWEST
    standing = (await assessments.standings(tx, [key])).get(row.id) if risky else None
    facts = PurchaseFacts(
        fund,
        (await store.channels(tx)).get((OWN_CHANNEL, command.fund)),
        limits.barred_from_wealth(house.rule_set, row.kyc_level),
        above_risk(fund.risk_level, standing, today, fund.code) if fund else None,
        (await store.accounts_by_id(tx, [key])).get(row.id),
        ordered=0,
        held=0,
        available=command.amount,
        ineligible=ineligible(fund, row.kyc_level, await identities(house, tx, [key], [fund]), row.id, today),
    )
    refusal = decide(facts, command.amount)
    if refusal is None and await plan_store.standing(tx, *key) >= MOST_PLANS:
        return Refusal(PlanRefusal.TOO_MANY_PLANS, f"{MOST_PLANS} plans stand already; end one of them first")
    return refusal


async def pause(house: House, envelope: Envelope, command: PausePlan) -> PlanView | Refusal:
    """One that is in force."""
    return await _change(house, envelope, command, lambda found, _at: _paused(found), "it was paused before it was bought")


def _paused(found: PeriodicPlan) -> PeriodicPlan | Refusal:
    if found.state is not PlanState.ACTIVE:
        return Refusal(PlanRefusal.NOT_IN_FORCE, f"this plan is {_STATES[found.state][1]}; only one that is in force can be paused")
    return replace(found, state=PlanState.PAUSED)


async def resume(house: House, envelope: Envelope, command: ResumePlan) -> PlanView | Refusal:
    """One that was paused or has stopped."""
    return await _change(house, envelope, command, lambda found, _at: _resumed(found, business_date_of(envelope.received_at)))


def _resumed(found: PeriodicPlan, today: date) -> PeriodicPlan | Refusal:
    if found.state is PlanState.ACTIVE:
        return Refusal(PlanRefusal.IN_FORCE, "this plan is in force and goes on by itself")
    return found.resumed(today)


async def end(house: House, envelope: Envelope, command: EndPlan) -> PlanView | Refusal:
    """From now on nothing more is bought by it."""
    return await _change(
        house,
        envelope,
        command,
        lambda found, at: replace(found, state=PlanState.ENDED, ended_at=at.now),
        "it was ended before it was bought",
    )


async def _change(
    house: House,
    envelope: Envelope,
    command: PausePlan | ResumePlan | EndPlan,
    to: Callable[[PeriodicPlan, Moment], PeriodicPlan | Refusal],
    left: str = "",
) -> PlanView | Refusal:
    """`left`: why a period that waits comes to nothing."""
    book, person = who(envelope)

    async def act(tx: Tx, at: Moment, _actor: int) -> PlanView | Refusal:
        found = await plan_store.plan(tx, (book, command.plan))
        if found is None or found.person != person or found.state is PlanState.ENDED:
            return Refusal(PlanRefusal.UNKNOWN_PLAN, "no such plan of yours stands; /view/plans lists them")
        changed = to(found, at)
        if isinstance(changed, Refusal):
            return changed
        await plan_store.keep(tx, [changed])
        await plan_store.leave_waiting(tx, (book, changed.id), left)
        (seen,) = await shown(house, tx, [changed])
        return seen

    return await once(house, [book], envelope, command, act, PlanView)


# ---- each period


class _Look(NamedTuple):
    """At a plan's period. `last`: what cannot be bought now has failed."""

    plan: PeriodicPlan
    period: date
    passed: Sequence[date]
    last: bool

    def placing(self, at: Moment) -> Placing:
        one = self.plan
        caller = Caller(ActorKind.PLATFORM, "periodic plan", "agreement", one.person, one.book)
        return Placing(Envelope(one.key(self.period, again=self.last), caller, at.now), PurchaseFund(one.fund, one.amount), one.id)


async def run_due(house: House) -> list[str]:
    """Buy what has come due, some at once so that no book is locked for long. Returns what became of each, in a word."""
    done = some = await _run_some(house)
    while len(some) == _AT_ONCE:
        some = await _run_some(house)
        done = done + some
    return done


async def _run_some(house: House) -> list[str]:
    async with house.database.read() as tx:
        told = await _due(house, tx, await moment(tx))
    if not told:
        return []
    async with house.database.transaction() as tx:
        await house.ledger.lock_books(tx, sorted({one.plan.book for one in told}))
        at, asked = await moment(tx), {one.plan.id for one in told}
        looks = [_look(one, at) for one in await _due(house, tx, at) if one.plan.id in asked]
        answers = await purchase.purchase(house, tx, [one.placing(at) for one in looks]) if looks else []
        runs = [_run(one, at, answer) for one, answer in zip(looks, answers, strict=True)]
        stand = [one.plan.after_run(run) for one, run in zip(looks, runs, strict=True)]
        await plan_store.keep_runs(tx, [*(_passed(one, at, period) for one in looks for period in one.passed), *runs])
        await plan_store.keep(tx, stand)
        await notices.tell(tx, [_notice(at, one, run) for one, run in zip(stand, runs, strict=True)])
    return [one.state.value for one in runs]


async def _due(house: House, tx: Any, at: Moment) -> list[Due]:
    day = business_date_of(at.now)
    if not house.calendar.is_dealing_day(day):
        return []
    windows = [window(one.code, one.cut_off_hour, day) for one in (await store.funds(tx)).values()]
    return await plan_store.due(tx, day, at.now, windows, _AT_ONCE)


def _look(due: Due, at: Moment) -> _Look:
    *passed, period = due.plan.come(business_date_of(at.now))
    return _Look(due.plan, period, passed, last=due.late or (due.waits and not passed))


def _run(look: _Look, at: Moment, answer: PurchasePlaced | Refusal) -> PlanRun:
    one, day = look.plan, business_date_of(at.now)
    if isinstance(answer, PurchasePlaced):
        order = unprefixed(ORDER, answer.order)
        return PlanRun(one.book, one.id, look.period, day, one.amount, RunState.PLACED, "", order, at.now)
    state = RunState.FAILED if look.last else RunState.WAITING
    return PlanRun(one.book, one.id, look.period, day, one.amount, state, answer.text, None, at.now)


def _passed(look: _Look, at: Moment, period: date) -> PlanRun:
    one = look.plan
    return PlanRun(one.book, one.id, period, business_date_of(at.now), one.amount, RunState.PASSED, "", None, at.now)


def _notice(at: Moment, one: PeriodicPlan, run: PlanRun) -> Notice:
    amount = format_minor(run.amount)
    match run.state:
        case RunState.PLACED:
            zh, en = f"定投已买入 {one.fund} {amount} 元。", f"Your plan has bought {one.fund} for {amount} yuan."
        case RunState.WAITING:
            zh = f"今日定投 {one.fund} {amount} 元暂未买入，截止前一小时再试一次；如余额不足，请先转入资金。"
            en = f"Your plan could not buy {one.fund} for {amount} yuan yet, and tries once more an hour before the cut-off: {run.reason}."
        case _ if one.state is PlanState.STOPPED:
            zh = f"定投 {one.fund} 连续 {MOST_FAILURES} 期未能买入，已停止，资金未动用。您可以随时恢复。"
            en = f"Your plan for {one.fund} has stopped after {MOST_FAILURES} periods without a purchase: {run.reason}. Resume it any time."
        case _:
            zh = f"本期定投 {one.fund} {amount} 元未能买入，资金未动用；连续 {MOST_FAILURES} 期未买入将停止。"
            en = f"This period of your plan for {one.fund} was not bought, and no money moved: {run.reason}."
    key, failed = derived(one.id, f"told {run.period} {run.state}"), run.state not in (RunState.PLACED, RunState.WAITING)
    return Notice(one.book, key, one.person, at.now, zh, en, NoticeKind.FUND, "plans", obligatory=failed)


# ---- what the customer sees


async def held(house: House, tx: Any, book: int, person: UUID) -> list[PlanView]:
    """A person's plans, oldest first, those that are ended as well, each with its newest periods."""
    return await shown(house, tx, await plan_store.plans_of(tx, book, person))


async def shown(house: House, tx: Any, plans: Sequence[PeriodicPlan]) -> list[PlanView]:
    """Each with its newest periods."""
    runs = await plan_store.newest_runs(tx, [(one.book, one.id) for one in plans], SHOWN)
    return [_view(house.calendar, one, runs) for one in plans]


def _view(calendar: Calendar, one: PeriodicPlan, runs: Sequence[PlanRun]) -> PlanView:
    next_on = one.next_on if one.state is PlanState.ACTIVE else None
    return PlanView(
        str(one.id),
        one.fund,
        one.amount,
        one.every.value,
        one.day,
        *_when(one.rhythm),
        one.state.value,
        *_STATES[one.state],
        next_on,
        _deals_on(calendar, next_on) if next_on else None,
        one.failures,
        [_period(run) for run in runs if run.plan == one.id],
    )


_WEEKDAYS = (
    ("一", "Monday"), ("二", "Tuesday"), ("三", "Wednesday"), ("四", "Thursday"), ("五", "Friday"), ("六", "Saturday"), ("日", "Sunday"),
)  # fmt: skip


def _when(rhythm: Rhythm) -> tuple[str, str]:
    if rhythm.every is Every.WEEK:
        zh, en = _WEEKDAYS[rhythm.day - 1]
        return f"每周{zh}", f"every {en}"
    return f"每月{rhythm.day}日", f"every month on day {rhythm.day}"


def _deals_on(calendar: Calendar, planned: date) -> date | None:
    known = calendar.known_until(planned)
    while planned <= known and not calendar.is_dealing_day(planned):
        planned += ONE_DAY
    return planned if planned <= known else None


def _period(run: PlanRun) -> PlanPeriod:
    order = prefixed(ORDER, run.fund_order) if run.fund_order else ""
    return PlanPeriod(run.period, run.day, run.amount, run.state.value, *_RUNS[run.state], run.reason, order)
