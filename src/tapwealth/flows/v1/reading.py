"""What /v1 answers to questions. Each is asked in one snapshot, in which client and consent are asked for first."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from tapwealth.customers import consents
from tapwealth.customers import store as customers
from tapwealth.customers.consents import Permission
from tapwealth.flows.customers.clients import Bearer
from tapwealth.flows.customers.consents import ACCOUNT
from tapwealth.flows.frame import CLIENT_ENDED, Caller, House, refusal_of
from tapwealth.flows.funds import campaigns, dividend_method, plans, pocket, raises
from tapwealth.flows.funds.campaigns import SubsidyShown
from tapwealth.flows.funds.plans import PlanPeriod, PlanView
from tapwealth.flows.funds.pocket import PocketsView
from tapwealth.flows.funds.purchase import OWN_CHANNEL
from tapwealth.flows.funds.raises import RaiseShown
from tapwealth.flows.reports.refusals import ReportRefusal
from tapwealth.flows.reports.returns import ReturnShown, days_of, returns_of
from tapwealth.flows.v1 import store
from tapwealth.flows.v1.shapes import (
    Account,
    AccountLine,
    BankCard,
    Fund,
    Holding,
    HoldingDay,
    Order,
    Payment,
    Period,
    Plan,
    Pocket,
    PocketFund,
    Quotation,
    Raise,
    SignedMoney,
    Subsidy,
    Wallet,
    Yield,
    decimals,
    yuan,
)
from tapwealth.funds import plan_store, quotation_store
from tapwealth.funds import store as funds
from tapwealth.funds.conditions import DividendMethod, FundKind
from tapwealth.funds.order_state import OrderState
from tapwealth.funds.seven_day_yield import GROWTH_SCALE
from tapwealth.kernel.clock import business_date_of
from tapwealth.kernel.ids import prefixed
from tapwealth.kernel.money import Asset
from tapwealth.kernel.refusal import Refusal
from tapwealth.ledger.chart import Kind
from tapwealth.ledger.port import Balance, Limit, NewAccount
from tapwealth.storage import clients, platform_clock
from tapwealth.storage.clients import ClientState
from tapwealth.storage.database import Tx

T = TypeVar("T")
CARD, PAYMENT, ORDER, PLAN = "bac", "pay", "ord", "pln"
"""How bound bank cards, payments, orders and periodic plans are shown."""
PAYMENT_STATES = {"instructed": "processing", "executed": "succeeded", "rejected": "failed"}
_GROWTH_PLACES = 6
_GROWN = GROWTH_SCALE // 10**_GROWTH_PLACES
_UNDER_WAY = {OrderState.PLACED, OrderState.SENT}
ORDER_TYPES = {
    "020": "subscription", "022": "purchase", "024": "redemption", "029": "dividend_method", "036": "switch", "039": "plan",
    "098": "instant_redemption", "142": "forced_redemption", "143": "dividend", "144": "forced_increase", "145": "forced_decrease",
}  # fmt: skip
"""By the registrar's business code."""


class Wanted(NamedTuple):
    """A part of a list: at most so many, from behind the one last seen. `only`: that one alone; `filters`: by name what it must be of."""

    limit: int
    after: str = ""
    only: UUID | None = None
    filters: Mapping[str, str] = MappingProxyType({})


class Part(NamedTuple):
    """What was found, and by what the next part is asked for; empty at the end."""

    found: list[Any]
    last: str


async def accounts(house: House, bearer: Bearer, wanted: Wanted) -> Part | Refusal:
    """Who lets the client act, by their ids."""
    async with house.database.read() as tx:
        if (gone := await ended(tx, bearer)) is not None:
            return gone
        given = await consents.given_to(tx, bearer.client, UUID(wanted.after) if wanted.after else None, wanted.limit + 1)
    lines = [AccountLine(prefixed(ACCOUNT, one.person), list(one.scopes), one.since) for one in given]
    return part(lines, [one.person.hex for one in given], wanted)


async def account(house: House, caller: Caller) -> Account | Refusal:
    """Balances as they stand, by the ledger."""

    async def read(tx: Tx, book: int, person: UUID) -> Account:
        shelf = await funds.funds(tx)
        kinds = [(Kind.WALLET, Asset.CNY), *((Kind.HOLDING, Asset(one.asset)) for one in shelf.values())]
        named = [NewAccount(book, kind, person, asset, Limit.DEBITS_WITHIN_CREDITS) for kind, asset in kinds]
        found = await house.ledger.find_accounts(tx, named)
        balances = await house.ledger.balances(tx, [one for one in found if one is not None])
        wallet, *holdings = (_standing(balances.get(one) if one is not None else None) for one in found)
        row = (await customers.persons(tx, [(book, person)]))[person]
        now = await platform_clock.read(tx)
        have = {code: of for code, of in zip(shelf, holdings, strict=True) if any(of)}
        navs = await quotation_store.last_navs(tx) if have else {}
        brought = await returns_of(house, tx, book, person, {code: shelf[code].value(sum(of), navs) for code, of in have.items()})
        methods = await dividend_method.standing(tx, book, person, [shelf[code] for code in have])
        return Account(
            prefixed(ACCOUNT, person),
            row.shown_name,
            row.kyc_level,
            Wallet(yuan(wallet[0]), yuan(wallet[1])),
            [_holding(one, *have[one.fund], methods.get(one.fund)) for one in brought],
            [BankCard(prefixed(CARD, one.id), one.bank_name, one.masked_pan) for one in await customers.bank_cards_of(tx, book, person)],
            [_subsidy(one) for one in await campaigns.granted_to(tx, book, person)],
            now,
            business_date_of(now),
        )

    return await allowed(house, caller, read)


def _holding(one: ReturnShown, free: int, held: int, method: DividendMethod | None) -> Holding:
    worth = yuan(one.cost + one.gain)
    return Holding(one.fund, decimals(free, 2), decimals(held, 2), worth, _signed(one.cost), _signed(one.gain), method)


def _signed(fen: int) -> SignedMoney:
    return SignedMoney(fen, "CNY")


def _subsidy(one: SubsidyShown) -> Subsidy:
    return Subsidy(one.campaign, one.name, one.name_en, one.fund, one.sponsor, one.last_day, yuan(one.granted))


def _standing(balance: Balance | None) -> tuple[int, int]:
    """(free, held)."""
    return (balance.available, balance.debits_pending) if balance else (0, 0)


async def payments(house: House, caller: Caller, wanted: Wanted) -> Part | Refusal:
    """Newest first."""

    async def read(tx: Tx, book: int, person: UUID) -> Part:
        named = [NewAccount(book, Kind.WALLET, person, Asset.CNY, Limit.DEBITS_WITHIN_CREDITS)]
        (wallet,) = await house.ledger.find_accounts(tx, named)
        rows = await store.payments(tx, book, wallet or 0, wanted.only, before(wanted), wanted.limit + 1) if wallet else []
        return part([_payment(person, one) for one in rows], [one.id.hex for one in rows], wanted)

    return await allowed(house, caller, read)


def _payment(person: UUID, row: store.PaymentRow) -> Payment:
    return Payment(
        prefixed(PAYMENT, row.id),
        prefixed(ACCOUNT, person),
        "in" if row.direct_debit else "out",
        prefixed(CARD, UUID(row.card)),
        yuan(row.amount),
        PAYMENT_STATES[row.state],  # type: ignore[arg-type]  # the three of the shape
        row.reason,
        row.instructed_at,
        row.instructed_on,
        row.settled_on,
    )


async def orders(house: House, caller: Caller, wanted: Wanted) -> Part | Refusal:
    """Newest first."""

    async def read(tx: Tx, book: int, person: UUID) -> Part:
        rows = await store.orders(tx, book, person, wanted.only, before(wanted), wanted.limit + 1)
        return part([_order(person, one) for one in rows], [one.id.hex for one in rows], wanted)

    return await allowed(house, caller, read)


def _order(person: UUID, row: store.OrderLine) -> Order:
    known = row.confirmed_on is not None and row.state != OrderState.CANCELLED
    return Order(
        prefixed(ORDER, row.id),
        prefixed(ACCOUNT, person),
        "till_payment" if row.covers else ORDER_TYPES.get(row.business_code, row.business_code),
        row.fund,
        yuan(row.amount) if row.amount else None,
        decimals(row.units, 2) if row.units else None,
        "processing" if row.state in _UNDER_WAY else row.state,
        row.received_at,
        row.business_date,
        row.dealing_date,
        row.confirmed_on if known else None,
        yuan(row.confirmed_amount) if known else None,
        decimals(row.confirmed_units, 2) if known else None,
        row.return_code,
        decimals(row.nav, 4) if row.nav else None,
        yuan(row.charge) if row.nav else None,
        row.target_fund or None,
        decimals(row.target_units, 2) if row.target_units else None,
        DividendMethod(row.method) if row.method else None,
    )


async def plans_of(house: House, caller: Caller, wanted: Wanted) -> Part | Refusal:
    """Newest first."""

    async def read(tx: Tx, book: int, person: UUID) -> Part:
        found = await plan_store.page_of(tx, book, person, wanted.only, before(wanted), wanted.limit + 1)
        views = await plans.shown(house, tx, found)
        return part([plan(person, one) for one in views], [one.id.hex for one in found], wanted)

    return await allowed(house, caller, read)


def plan(person: UUID, one: PlanView) -> Plan:
    return Plan(
        prefixed(PLAN, UUID(one.plan)),
        prefixed(ACCOUNT, person),
        one.fund,
        yuan(one.amount),
        one.every,  # type: ignore[arg-type]  # the two of the shape
        one.day,
        one.state,  # type: ignore[arg-type]  # the four of the shape
        one.next_on,
        one.deals_on,
        one.failures,
        [_period(run) for run in one.runs],
    )


def _period(run: PlanPeriod) -> Period:
    state: Any = run.state
    return Period(run.period, run.day, yuan(run.amount), state, run.reason, run.order or None)


async def shelf(house: House, bearer: Bearer) -> list[Fund] | Refusal:
    """The funds that our own customers may buy, by code."""
    async with house.database.read() as tx:
        if (gone := await ended(tx, bearer)) is not None:
            return gone
        known, sold, latest = await funds.funds(tx), await funds.channels(tx), await store.latest(tx)
    return [_fund(one, sold[OWN_CHANNEL, code], latest.get(code)) for code, one in known.items() if (OWN_CHANNEL, code) in sold]


def _fund(one: funds.Fund, terms: funds.SalesChannel, latest: store.Quoted | None) -> Fund:
    return Fund(
        one.code,
        one.name,
        one.name_en,
        f"R{one.risk_level}",
        f"{one.cut_off_hour:02d}:00",
        yuan(terms.minimum_purchase),
        yuan(terms.day_cap) if terms.day_cap else None,
        yuan(terms.holding_cap) if terms.holding_cap else None,
        _quotation(latest, one.kind) if latest else None,
        one.kind.value,
    )


async def raises_of(house: House, bearer: Bearer, wanted: Wanted) -> Part | Refusal:
    """By fund."""
    async with house.database.read() as tx:
        if (gone := await ended(tx, bearer)) is not None:
            return gone
        behind = [one for one in await raises.shown(tx) if one.fund > wanted.after]
    shown = behind[: wanted.limit]
    return Part([_raise(one) for one in shown], shown[-1].fund if len(behind) > wanted.limit else "")


def _raise(one: RaiseShown) -> Raise:
    return Raise(
        one.fund, one.name, one.name_en, f"R{one.risk_level}", one.opens_at, one.closes_at, yuan(one.target), yuan(one.minimum),
        yuan(one.step), yuan(one.cap) if one.cap else None, yuan(one.sold), yuan(one.left), one.state,
    )  # fmt: skip


def _quotation(one: store.Quoted, kind: FundKind) -> Quotation:
    if kind is FundKind.NAV:
        return Quotation(one.day, None, None, decimals(one.nav, 4))
    return Quotation(one.day, decimals(one.income_per_10k, 4), decimals(one.seven_day_yield, 3), None)


async def quotations(house: House, bearer: Bearer, fund: str, wanted: Wanted) -> Part | Refusal:
    """Newest first."""
    async with house.database.read() as tx:
        if (gone := await ended(tx, bearer)) is not None:
            return gone
        known = (await funds.funds(tx)).get(fund)
        if known is None:
            return unknown("fund")
        rows = await store.quotations(tx, fund, _day(wanted), wanted.limit + 1)
    return part([_quotation(one, known.kind) for one in rows], [one.day.isoformat() for one in rows], wanted)


async def yields(house: House, bearer: Bearer, fund: str, wanted: Wanted) -> Part | Refusal:
    """Of a money fund, newest first."""
    async with house.database.read() as tx:
        if (gone := await ended(tx, bearer)) is not None:
            return gone
        known = (await funds.funds(tx)).get(fund)
        if known is None or known.kind is not FundKind.MONEY:
            return unknown("money fund")
        rows = await quotation_store.grown(tx, fund, _day(wanted), wanted.limit + 1)
    days = [
        Yield(one.day, decimals(one.income_per_10k, 4), decimals(one.seven_day_yield, 3), decimals(worth // _GROWN, _GROWTH_PLACES))
        for one, worth in rows
    ]
    return part(days, [one.date.isoformat() for one in days], wanted)


async def holding_days(house: House, caller: Caller, fund: str, wanted: Wanted) -> Part | Refusal:
    """What each day brought the holder of a fund, newest first."""

    async def read(tx: Tx, book: int, person: UUID) -> Part | Refusal:
        known = (await funds.funds(tx)).get(fund)
        if known is None:
            return unknown("fund")
        days = [
            HoldingDay(one.date, _signed(one.gain), _signed(one.total_gain), None if one.worth is None else yuan(one.worth))
            for one in reversed(await days_of(house, tx, book, person, known))
        ]
        return _of_days(days, wanted)

    return await allowed(house, caller, read)


async def pocket_of(house: House, caller: Caller) -> Pocket | Refusal:
    """The customer's order of use."""

    async def read(tx: Tx, book: int, person: UUID) -> Pocket:
        return as_pocket(await pocket.shown(house, tx, book, person))

    return await allowed(house, caller, read)


def as_pocket(view: PocketsView) -> Pocket:
    return Pocket(view.chosen, [PocketFund(one.place, one.fund, decimals(one.units, 2), one.pays) for one in view.funds])


def unknown(what: str) -> Refusal:
    return Refusal(ReportRefusal.UNKNOWN, f"there is no such {what}; check its id")


def _of_days(days: Sequence[HoldingDay], wanted: Wanted) -> Part:
    """What is asked for of all days, newest first."""
    before = _day(wanted)
    behind = [one for one in days if before is None or one.date < before][: wanted.limit + 1]
    return part(behind, [one.date.isoformat() for one in behind], wanted)


def _day(wanted: Wanted) -> date | None:
    return date.fromisoformat(wanted.after) if wanted.after else None


def before(wanted: Wanted) -> UUID | None:
    """The id that was last seen of a list, newest first."""
    return UUID(wanted.after) if wanted.after else None


def part(found: list[Any], names: list[str], wanted: Wanted) -> Part:
    """What was asked for out of one more than that, by the `names` under which it is seen."""
    more = len(found) > wanted.limit
    return Part(found[: wanted.limit], names[wanted.limit - 1] if more else "")


async def ended(tx: Tx, bearer: Bearer) -> Refusal | None:
    """Why this client asks nothing any more."""
    found = await clients.client(tx, bearer.client)
    return None if found is not None and found.state == ClientState.ACTIVE else CLIENT_ENDED


async def allowed(house: House, caller: Caller, read: Callable[[Tx, int, UUID], Awaitable[T]]) -> T | Refusal:
    """What `read` finds, if the account lets the client ask."""
    assert caller.person is not None, "an account is asked about"
    assert caller.client is not None, "a client asks"
    wanted = Permission(caller.book, caller.person, caller.client, caller.scope)
    async with house.database.read() as tx:
        for standing in (await consents.lacking(tx, [wanted])).values():
            return refusal_of(standing)
        return await read(tx, caller.book, caller.person)
