"""Which report stands under which path below /view, and who may read it.

The played week, its days and its merchants are open, since people are masked in them. What belongs to one customer is for that customer's
device and for operators.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from tapwealth.flows.bills import autopay, autopay_history, biller_settlement, billers, directory
from tapwealth.flows.catalogue import sales
from tapwealth.flows.catalogue import shown as catalogue_shown
from tapwealth.flows.catalogue.sales import SaleShown
from tapwealth.flows.customers import clients, consents, devices
from tapwealth.flows.deposits import raise_shown
from tapwealth.flows.deposits import shown as deposits
from tapwealth.flows.deposits.worth import insured
from tapwealth.flows.frame import Caller, House
from tapwealth.flows.funds import campaigns, exchange_in, fund_conditions, plans, pocket, quotation_lists, raises, suitability, sweeps
from tapwealth.flows.funds.raises import RaiseShown
from tapwealth.flows.insurance import applications, policy_quotes, settling
from tapwealth.flows.issuing import cards, electronic_cash, mandates, reservations, token_domain
from tapwealth.flows.notices import inbox, preferences, undelivered
from tapwealth.flows.reports import claims, standing, store
from tapwealth.flows.reports.assets import AssetsView, owned_on
from tapwealth.flows.reports.customers import customer_view, everybody, find_person, read_identifier
from tapwealth.flows.reports.days import count, day_view, states
from tapwealth.flows.reports.declines import declines_of
from tapwealth.flows.reports.enrolment import merchant_file, merchant_lines
from tapwealth.flows.reports.network import network_view
from tapwealth.flows.reports.phone import Phone, phone_of
from tapwealth.flows.reports.premiums import EarnedShown, TrustShown, earned_on, in_trust
from tapwealth.flows.reports.refusals import ReportRefusal
from tapwealth.flows.reports.returns import HeldDay, days_of
from tapwealth.flows.reports.settlements import MerchantStatement, PartyStatement, merchant_statement, party_statement
from tapwealth.flows.reports.shops import fee_statement, merchant_views
from tapwealth.flows.reports.statement import StatementView, statement_of
from tapwealth.flows.reports.week import WeekView, day_views, week_view
from tapwealth.flows.reports.words import Words
from tapwealth.funds import store as funds
from tapwealth.insurance.settlement import StatementLine as SettledLine
from tapwealth.kernel.clock import iso
from tapwealth.kernel.refusal import BadInput, Refusal
from tapwealth.storage import operators, platform_clock
from tapwealth.storage.actors import ActorKind
from tapwealth.storage.operators import OperatorRole

View = Callable[[Caller | None, Mapping[str, str]], Awaitable[Any]]
"""(caller or None, path and query parameters) to what is shown."""

NOT_YOURS = Refusal(ReportRefusal.NOT_YOURS, "this belongs to a customer; sign in with that customer's device, or as an operator")


async def week(house: House) -> WeekView:
    """Everything at one instant."""
    async with house.database.read() as tx:
        return await week_view(house, tx)


class Seen(NamedTuple):
    """The week as a page shows it: the platform clock, and everything at that instant."""

    now: datetime
    week: WeekView
    raises: list[RaiseShown]
    names: dict[str, Words]
    """Of the funds on the shelf, by code."""
    phone: Phone | None
    """Of the customer who was chosen; None where there is nobody."""


async def seen(house: House, customer: int = 1) -> Seen:
    """For a page that is looked at while the week is being played; `customer`: whose phone, else the first one's."""
    async with house.database.read() as tx:
        names = {one.code: Words(one.name, one.name_en) for one in (await funds.funds(tx)).values()}
        week = await week_view(house, tx)
        people = (await everybody(tx))[: len(week.customers)]
        chosen = people[customer - 1 if 0 < customer <= len(people) else 0] if people else None
        phone = await phone_of(tx, chosen) if chosen else None
        return Seen(await store.platform_now(tx), week, await raises.shown(tx), names, phone)


async def statement(house: House, customer: str) -> StatementView | Refusal:
    """The statement of the customer with that phone number, id or number. Raises BadInput for what is none of these."""
    async with house.database.read() as tx:
        found = await find_person(house, tx, customer)
        return found if isinstance(found, Refusal) else await statement_of(house, tx, found[0])


def views(house: House) -> Mapping[str, View]:
    """By path below /view."""
    return {
        "week": lambda _caller, _given: week(house),
        "days": lambda _caller, _given: _days(house),
        "day/{date}": lambda _caller, given: _day(house, read_date(given["date"])),
        "break/{date}": lambda _caller, given: _breaks(house, read_date(given["date"])),
        "merchant/{number}": lambda _caller, given: _merchant(house, given["number"]),
        "customer/{person}": lambda caller, given: _customer(house, caller, given["person"]),
        "funds": lambda _caller, _given: _read(house, fund_conditions.shelf),
        "directory": lambda _caller, given: _read(house, lambda tx: directory.listed(tx, given)),
        "directory/{code}": lambda _caller, given: _read(house, lambda tx: directory.shown(tx, given["code"])),
        "shelf": lambda _caller, _given: _read(house, catalogue_shown.shelf),
        "document/{sha256}": lambda _caller, given: _read(house, lambda tx: catalogue_shown.document(tx, given["sha256"])),
        "products": lambda caller, _given: _for_operators(caller, lambda: _read(house, catalogue_shown.lines)),
        "products/{code}": lambda caller, given: _for_operators(
            caller, lambda: _read(house, lambda tx: catalogue_shown.versions(tx, given["code"]))
        ),
        "raises": lambda _caller, _given: _read(house, raises.shown),
        "wealth": lambda _caller, _given: _read(house, raise_shown.shown),
        "campaigns": lambda caller, _given: _for_operators(caller, lambda: _read(house, lambda tx: campaigns.shown(house, tx))),
        "quotations/{fund}": lambda caller, given: _for_operators(caller, lambda: _read(house, _quotations(given))),
        "authority": lambda _caller, _given: cards.authority_of(house),
        "statement/{person}": lambda caller, given: _statement(house, caller, given["person"]),
        "assets/{person}": lambda caller, given: _assets(house, caller, given["person"], given.get("date")),
        "me": lambda caller, _given: _own(house, caller, lambda tx, book, person: standing.me(house, tx, book, person)),
        "notices": lambda caller, given: _own(house, caller, inbox.reader(given.get("before"))),
        "notice_preferences": lambda caller, _given: _own(house, caller, preferences.shown),
        "notice_deliveries": lambda caller, _given: _for_operators(caller, lambda: _read(house, undelivered.view)),
        "payments/{id}": lambda caller, given: _payment(house, caller, _id(given)),
        "bill/{id}": lambda caller, given: _own(house, caller, lambda tx, book, person: standing.bill(tx, book, person, _id(given))),
        "policy/{id}": lambda caller, given: _own(house, caller, lambda tx, book, person: standing.policy(tx, book, person, _id(given))),
        "refund/{id}": lambda caller, given: _own(
            house, caller, lambda tx, book, person: policy_quotes.refund_on(tx, book, person, _id(given), None)
        ),
        "claims": lambda caller, _given: _claims(house, caller),
        "claim/{id}": lambda caller, given: _claim(house, caller, _id(given)),
        "recoveries": lambda caller, _given: _recoveries(house, caller),
        "disputes": lambda caller, _given: _own(house, caller, claims.disputed),
        "deposits": lambda caller, _given: _own(house, caller, deposits.held),
        "deposit_insurance": lambda caller, _given: _own(house, caller, insured),
        "deposit/{id}": lambda caller, given: _own(house, caller, lambda tx, book, person: deposits.shown(tx, book, person, _id(given))),
        "applications": lambda caller, _given: _own(house, caller, lambda tx, book, person: applications.held(house, tx, book, person)),
        "referrals": lambda caller, _given: _referrals(house, caller),
        "sale/{id}": lambda caller, given: _sale(house, caller, _id(given)),
        "cash/{id}": lambda caller, given: _own(
            house, caller, lambda tx, book, person: electronic_cash.cash_of(house, tx, book, person, _id(given))
        ),
        "tokens": lambda caller, _given: _own(house, caller, token_domain.held),
        "mandates": lambda caller, _given: _own(house, caller, mandates.held),
        "consents": lambda caller, _given: _own(house, caller, consents.held),
        "clients": lambda caller, _given: _for_operators(caller, lambda: _read(house, clients.shown)),
        "autopays": lambda caller, _given: _own(house, caller, autopay.held),
        "autopays/{id}": lambda caller, given: _own(
            house, caller, lambda tx, book, person: autopay_history.history(tx, book, person, _id(given))
        ),
        "pockets": lambda caller, _given: _own(house, caller, lambda tx, book, person: pocket.shown(house, tx, book, person)),
        "subscriptions": lambda caller, _given: _own(house, caller, raises.held),
        "wealth_subscriptions": lambda caller, _given: _own(house, caller, raise_shown.held),
        "suitability": lambda caller, _given: _own(house, caller, suitability.shown),
        "plans": lambda caller, _given: _own(house, caller, lambda tx, book, person: plans.held(house, tx, book, person)),
        "sweeps": lambda caller, _given: _own(house, caller, sweeps.held),
        "devices": lambda caller, _given: _devices(house, caller),
        "files": lambda caller, given: _for_operators(caller, lambda: _read(house, _files(given.get("date")))),
        "files/pending": lambda caller, _given: _for_operators(caller, lambda: _pending(house)),
        "receipts/{id}": lambda caller, given: _for_operators(caller, lambda: _read(house, lambda tx: standing.receipt(tx, given["id"]))),
        "fees/{date}": lambda caller, given: _for_operators(caller, lambda: _read(house, _fees(read_date(given["date"])))),
        "merchants": lambda caller, _given: _for_operators(caller, lambda: _read(house, merchant_lines)),
        "merchants/{number}": lambda caller, given: _for_operators(
            caller, lambda: _read(house, lambda tx: merchant_file(tx, given["number"]))
        ),
        "cards/{person}": lambda caller, given: _cards(house, caller, given["person"]),
        "declines/{date}": lambda caller, given: _for_operators(caller, lambda: _read(house, _declines(read_date(given["date"])))),
        "settlement/{number}/{date}": lambda caller, given: _for_operators(
            caller, lambda: _read(house, lambda tx: merchant_statement(tx, given["number"], read_date(given["date"])))
        ),
        "billers": lambda caller, _given: _for_operators(caller, lambda: _read(house, lambda tx: billers.shown(house, tx))),
        "billers/{code}/{date}": lambda caller, given: _for_operators(
            caller, lambda: _biller(house, given["code"], read_date(given["date"]))
        ),
        "unearned/{date}": lambda caller, given: _for_operators(
            caller, lambda: _read(house, lambda tx: earned_on(house, tx, read_date(given["date"])))
        ),
        "premium_trust/{date}": lambda caller, given: _for_operators(
            caller, lambda: _read(house, lambda tx: in_trust(house, tx, read_date(given["date"])))
        ),
        "shares/{party}": lambda caller, given: _for_operators(caller, lambda: _read(house, _shares(given))),
        "network/{date}": lambda caller, given: _for_operators(caller, lambda: _network(house, read_date(given["date"]))),
        "proposals": lambda caller, _given: _for_operators(caller, lambda: _proposals(house, caller)),
        "reservations": lambda caller, _given: _for_operators(caller, lambda: _read(house, reservations.still_open)),
        "transit": lambda caller, _given: _for_operators(caller, lambda: _read(house, standing.transit)),
        "clock": lambda caller, _given: _for_operators(caller, lambda: _clock(house)),
        "in_flight": lambda caller, _given: _for_operators(caller, lambda: _in_flight(house)),
    }


def read_date(text: str) -> date:
    """Raises BadInput."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadInput(f"{text[:40]!r} is no date", where="date", hint="write it like 2014-02-24") from None


def _id(given: Mapping[str, str]) -> UUID:
    identifier = read_identifier(given["id"])
    assert identifier is not None, "reading is strict"
    return identifier


def _is_operator(caller: Caller | None) -> bool:
    return caller is not None and caller.kind is ActorKind.OPERATOR


async def _days(house: House) -> Any:
    async with house.database.read() as tx:
        return await day_views(house, tx)


async def _day(house: House, day: date) -> Any:
    async with house.database.read() as tx:
        state = (await states(tx)).get(day)
        if state is None:
            return Refusal(ReportRefusal.UNKNOWN, f"nothing was done on {day}; /view/days lists the dates")
        return await day_view(house, tx, day, state, await count(tx))


async def _breaks(house: House, day: date) -> Any:
    shown = await _day(house, day)
    return shown if isinstance(shown, Refusal) else shown.breaks


async def _biller(house: House, code: str, day: date) -> Any:
    async with house.database.read() as tx:
        found = await biller_settlement.statement(house, tx, code, day)
    nothing = f"nothing was settled with {code[:20]!r} on {day}; look at another date, or at the end of its cycle"
    return found or Refusal(ReportRefusal.UNKNOWN, nothing)


async def _merchant(house: House, number: str) -> Any:
    async with house.database.read() as tx:
        found = await merchant_views(tx, number)
    return found[0] if found else Refusal(ReportRefusal.UNKNOWN, f"there is no merchant {number[:20]!r}; check its 15 characters")


async def _customer(house: House, caller: Caller | None, named: str) -> Any:
    async with house.database.read() as tx:
        found = await _allowed(house, tx, caller, named)
        return found if isinstance(found, Refusal) else await customer_view(house, tx, *found)


async def _statement(house: House, caller: Caller | None, named: str) -> Any:
    async with house.database.read() as tx:
        found = await _allowed(house, tx, caller, named)
        return found if isinstance(found, Refusal) else await statement_of(house, tx, found[0])


async def assets(house: House, customer: str, day: date | None) -> AssetsView | Refusal:
    """What the customer with that phone number, id or number owned at the end of a date (None: owns now). Raises BadInput."""
    async with house.database.read() as tx:
        found = await find_person(house, tx, customer)
        return found if isinstance(found, Refusal) else await owned_on(house, tx, found[0], day)


async def _assets(house: House, caller: Caller | None, named: str, day: str | None) -> Any:
    wanted = None if day is None else read_date(day)
    async with house.database.read() as tx:
        found = await _allowed(house, tx, caller, named)
        return found if isinstance(found, Refusal) else await owned_on(house, tx, found[0], wanted)


async def _allowed(house: House, tx: Any, caller: Caller | None, named: str) -> Any:
    """The person that is asked for: anybody for an operator, for a customer themself (`me`)."""
    if caller is None or (caller.person is None and not _is_operator(caller)):
        return NOT_YOURS
    found = await find_person(house, tx, str(caller.person) if named == "me" else named)
    if isinstance(found, Refusal):
        return found if _is_operator(caller) else NOT_YOURS
    return found if _is_operator(caller) or found[0].id == caller.person else NOT_YOURS


async def _own(house: House, caller: Caller | None, read: Callable[[Any, int, UUID], Awaitable[Any]]) -> Any:
    if caller is None or caller.person is None:
        return NOT_YOURS
    async with house.database.read() as tx:
        return await read(tx, caller.book, caller.person)


async def _devices(house: House, caller: Caller | None) -> Any:
    if caller is None or caller.person is None:
        return NOT_YOURS
    async with house.database.read() as tx:
        return await devices.held(tx, caller)


async def _payment(house: House, caller: Caller | None, identifier: UUID) -> Any:
    if caller is None or (caller.person is None and not _is_operator(caller)):
        return NOT_YOURS
    async with house.database.read() as tx:
        return await standing.payment(tx, caller.person, identifier)


async def _claims(house: House, caller: Caller | None) -> Any:
    """A customer's own; for operators those that are open."""
    if _is_operator(caller):
        return await _read(house, lambda tx: claims.waiting(house, tx))
    return await _own(house, caller, claims.own)


async def _claim(house: House, caller: Caller | None, identifier: UUID) -> Any:
    """To its claimant; what is said of a loss may tell of somebody's health, so to operations and compliance alone."""
    if caller is None or (caller.person is None and not _is_operator(caller)):
        return NOT_YOURS
    async with house.database.read() as tx:
        if caller.person is None and not await _may(tx, caller, OperatorRole.OPERATIONS, OperatorRole.COMPLIANCE):
            return Refusal(ReportRefusal.NOT_YOURS, "what shows a loss is for its claimant, operations and compliance; sign in as one")
        return await claims.claim_view(house, tx, caller.person, identifier)


async def _recoveries(house: House, caller: Caller | None) -> Any:
    """Who caused a loss is named: to operations and compliance."""
    async with house.database.read() as tx:
        if not _is_operator(caller) or not await _may(tx, caller, OperatorRole.OPERATIONS, OperatorRole.COMPLIANCE):
            return Refusal(ReportRefusal.NOT_YOURS, "what is awaited of claims is for operations and compliance; sign in as one")
        return await claims.awaited(house, tx)


async def _sale(house: House, caller: Caller | None, sale: UUID) -> Any:
    """To its buyer, and to compliance officers."""
    if caller is None or (caller.person is None and not _is_operator(caller)):
        return NOT_YOURS
    async with house.database.read() as tx:
        if caller.person is None and not await _may(tx, caller, OperatorRole.COMPLIANCE):
            return Refusal(ReportRefusal.NOT_YOURS, "a sale is for its buyer and for compliance officers; sign in as one")
        return await sales.shown(house, tx, house.all_books, sale, caller.person)


async def _referrals(house: House, caller: Caller | None) -> Any:
    """Answers about somebody's health: to those who decide on them, and to compliance officers."""
    if not _is_operator(caller):
        return Refusal(ReportRefusal.NOT_YOURS, "only the bank's operators may look here; sign in as one")
    async with house.database.read() as tx:
        if not await _may(tx, caller, OperatorRole.OPERATIONS, OperatorRole.COMPLIANCE):
            return Refusal(ReportRefusal.NOT_YOURS, "answers about somebody's health are for operations and compliance; sign in as one")
        return await applications.waiting(house, tx)


async def _proposals(house: House, caller: Caller | None) -> Any:
    async with house.database.read() as tx:
        sensitive = await _may(tx, caller, OperatorRole.OPERATIONS, OperatorRole.COMPLIANCE)
        return await standing.proposals(house, tx, sensitive=sensitive)


async def _may(tx: Any, caller: Caller | None, *roles: OperatorRole) -> bool:
    """Whether the operator has one of these roles."""
    found = None if caller is None else await operators.stored(tx, caller.who.removeprefix("operator:"))
    return found is not None and any(found[0].may(role) for role in roles)


async def sale(house: House, named: str) -> SaleShown | Refusal:
    """As it was seen and signed. Raises BadInput for what is no id."""
    identifier = read_identifier(named)
    assert identifier is not None, "reading is strict"
    async with house.database.read() as tx:
        return await sales.shown(house, tx, house.all_books, identifier)


async def _for_operators(caller: Caller | None, read: Callable[[], Awaitable[Any]]) -> Any:
    if not _is_operator(caller):
        return Refusal(ReportRefusal.NOT_YOURS, "only the bank's operators may look here; sign in as one")
    return await read()


async def _read(house: House, read: Callable[[Any], Awaitable[Any]]) -> Any:
    async with house.database.read() as tx:
        return await read(tx)


async def holding_days(house: House, customer: str, fund: str) -> list[HeldDay] | Refusal:
    """What each day has brought the holding of the customer with that phone number, id or number. Raises BadInput for none of these."""
    async with house.database.read() as tx:
        found = await find_person(house, tx, customer)
        if isinstance(found, Refusal):
            return found
        known = (await funds.funds(tx)).get(fund)
        if known is None:
            return Refusal(ReportRefusal.UNKNOWN, f"there is no fund {fund[:20]} on the shelf; /view/funds lists them")
        return await days_of(house, tx, found[0].book, found[0].id, known)


async def settled_merchant(house: House, number: str, day: date) -> MerchantStatement | Refusal:
    """A merchant's statement of a date."""
    async with house.database.read() as tx:
        return await merchant_statement(tx, number, day)


async def shared_fees(house: House, party: str, first: date, last: date) -> PartyStatement:
    """A party's statement of these dates. Raises BadInput."""
    async with house.database.read() as tx:
        return await party_statement(tx, party, first, last)


async def earned_premiums(house: House, day: date) -> list[EarnedShown]:
    """Of all products, at the end of a date."""
    async with house.database.read() as tx:
        return await earned_on(house, tx, day)


async def premium_trust(house: House, day: date) -> TrustShown:
    """What lay in it at the end of a date, by item."""
    async with house.database.read() as tx:
        return await in_trust(house, tx, day)


async def settled_with_insurer(house: House, day: date) -> list[SettledLine]:
    """What was settled with the insurer under a date, by event."""
    async with house.database.read() as tx:
        return await settling.statement_of(house, tx, day)


def _shares(given: Mapping[str, str]) -> Callable[[Any], Awaitable[Any]]:
    """Of the dates `?from=` and `?to=`."""
    first, last = (read_date(given.get(name, "")) for name in ("from", "to"))
    return lambda tx: party_statement(tx, given["party"], first, last)


async def _network(house: House, day: date) -> Any:
    async with house.database.read() as tx:
        return await network_view(house, tx, day)


def _quotations(given: Mapping[str, str]) -> Callable[[Any], Awaitable[Any]]:
    """Of the days `?from=` to `?to=`, as known `?at=` an instant."""
    first, last = (read_date(given.get(name, "")) for name in ("from", "to"))
    at = read_instant(given["at"]) if "at" in given else None
    return lambda tx: quotation_lists.shown(tx, given["fund"], first, last, at)


def read_instant(text: str) -> datetime:
    """Raises BadInput."""
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        read = None
    if read is None or read.tzinfo is None:
        raise BadInput(f"{text[:40]!r} is no instant", where="at", hint="write it like 2014-02-24T04:00:00Z")
    return read


def _fees(day: date) -> Callable[[Any], Awaitable[Any]]:
    return lambda tx: fee_statement(tx, day)


def _declines(day: date) -> Callable[[Any], Awaitable[Any]]:
    return lambda tx: declines_of(tx, day)


async def _cards(house: House, caller: Caller | None, named: str) -> Any:
    async with house.database.read() as tx:
        found = await _allowed(house, tx, caller, named)
        return found if isinstance(found, Refusal) else await token_domain.held(tx, found[0].book, found[0].id)


def _files(day: str | None) -> Callable[[Any], Awaitable[Any]]:
    """Of that date, or of all."""
    wanted = read_date(day) if day else None
    return lambda tx: standing.files(tx, wanted)


async def _pending(house: House) -> dict[str, list[str]]:
    """Files of the registrar's that are there and not taken."""
    return {"pending": await exchange_in.pending(house)}


async def _clock(house: House) -> dict[str, str]:
    """Where the platform's clock stands."""
    async with house.database.read() as tx:
        return {"now": iso(await platform_clock.read(tx))}


async def _in_flight(house: House) -> dict[str, int]:
    """Requests whose heads have been read and that are not answered."""
    return {"requests": len(house.flight)}
