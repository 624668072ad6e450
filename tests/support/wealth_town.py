"""A town in which the bank raises a wealth product: what is offered, who subscribes, and the ends of its dates."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from bill_town import MONDAY, NINE, Person, Town
from deposit_files import DEMAND_FILE
from fund_files import put_on_sale

from tapwealth.bank import deposit_event_store
from tapwealth.deposits import raise_store
from tapwealth.deposits.raise_store import Standing, SubscriptionRow
from tapwealth.flows import setup
from tapwealth.flows.catalogue.products import read_file
from tapwealth.flows.deposits import raise_day, raise_sale, sweeps
from tapwealth.flows.deposits.raise_sale import CancelWealth, SubscribeWealth, WealthSubscribed
from tapwealth.flows.end_of_day import StepReport
from tapwealth.flows.frame import Caller, Envelope
from tapwealth.flows.setup import Approve
from tapwealth.kernel.clock import shanghai
from tapwealth.kernel.ids import named
from tapwealth.kernel.refusal import Refusal
from tapwealth.sandbox.bank.deposit_interest import Line, work
from tapwealth.sandbox.bank.deposit_interest import Standing as Standing_
from tapwealth.sandbox.bank.deposit_terms import TermsBody
from tapwealth.storage import operators
from tapwealth.storage.actors import ActorKind
from tapwealth.storage.operators import OperatorRole

WEALTH_FILE = """\
product: W62
kind: wealth_product
name: {zh: 六十二天理财, en: Sixty-two days}
parameters:
  bank: 313100000013
  target: 250000.00
  least: 100000.00
  minimum: 50000.00
  step: 10000.00
  expected: 3.96
  days: 62
  demand: DEMAND
eligibility: {risk_level: 1}
channels:
  app: {}
sale: {opens: 2014-02-24T10:00:00+08:00, closes: 2014-03-01T00:00:00+08:00}
"""
"""Its line numbers are named by tests. Its last day is Friday, February 28."""
PRO_RATA = ("target: 250000.00", "allotment: pro_rata\n  target: 250000.00")
OPENS, FRIDAY, SATURDAY = shanghai(MONDAY, 10), MONDAY + timedelta(days=4), MONDAY + timedelta(days=5)
NEXT_MONDAY, NEXT_WEDNESDAY = MONDAY + timedelta(days=7), MONDAY + timedelta(days=9)
MATURES = date(2014, 5, 2)
"""62 days after March 1."""


def operator(place: Town, login: str) -> Envelope:
    """A fresh command of an operator's."""
    place.keys_given += 1
    caller = Caller(ActorKind.OPERATOR, f"operator:{login}", "password")
    return Envelope(named(NINE, 0, f"{login} {place.keys_given}"), caller, place.biller.now)


async def staffed(place: Town) -> None:
    """Two people of the bank, and the demand deposit that products name."""
    async with place.house.database.transaction() as tx:
        for login, staff in (("pm.zhou", "10023"), ("ops.chen", "10077")):
            roles = [OperatorRole.PRODUCT_MANAGER, OperatorRole.OPERATIONS]
            await operators.create(tx, place.house.random64, login, login, roles, "nobody signs in here", NINE, staff)
    assert await put_on_sale(place.house, lambda login: operator(place, login), read_file(DEMAND_FILE.encode()).definition) is None


def a_product(*changes: tuple[str, str]) -> str:
    text = WEALTH_FILE
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    return text


async def sell(place: Town, *changes: tuple[str, str]) -> Refusal | None:
    """By two people; the first refusal there is."""
    definition = read_file(a_product(*changes).encode()).definition
    return await put_on_sale(place.house, lambda login: operator(place, login), definition)


async def offered(place: Town, *changes: tuple[str, str]) -> None:
    """On the shelf, and open."""
    assert await sell(place, *changes) is None
    await place.clock(max(OPENS, place.biller.now))


async def subscribe(place: Town, person: Person, yuan: int, at: datetime | None = None, key: UUID | None = None, **said: Any) -> Any:
    command = SubscribeWealth(said.get("product", "W62"), yuan * 100, said.get("confirmed", ["terms"]))
    return await raise_sale.subscribe(place.house, place.envelope(person, at, key), command)


async def cancel(place: Town, person: Person, one: WealthSubscribed | UUID, at: datetime | None = None) -> Any:
    identifier = one if isinstance(one, UUID) else one.subscription
    return await raise_sale.cancel(place.house, place.envelope(person, at), CancelWealth(identifier))


async def approved(place: Town, command: Any) -> Any:
    """Proposed by one, approved by the other."""
    made = await setup.propose(place.house, operator(place, "pm.zhou"), command)
    return made if isinstance(made, Refusal) else await setup.approve(place.house, operator(place, "ops.chen"), Approve(made.proposal))


async def end(place: Town, day: date) -> tuple[StepReport, StepReport]:
    """The steps of a date's end, which come after its last instant; the bank carries the net over on the next day."""
    await place.clock(max(place.biller.now, shanghai(day, 24, 10)))
    closed, credited = await raise_day.close_raises(place.house, day), await raise_day.credit_raises(place.house, day)
    await sweeps.settle_deposits(place.house, day)
    await place.bank_executes(day + timedelta(days=1))
    return closed, credited


async def stands(place: Town, product: str = "W62") -> Standing:
    async with place.house.database.read() as tx:
        (one,) = await raise_store.raises(tx, [product])
    return one


async def rows(place: Town, *people: Person) -> list[SubscriptionRow]:
    """Of these, oldest first."""
    async with place.house.database.read() as tx:
        found = [row for one in people for row in await raise_store.of_person(tx, one.book, one.id)]
    return sorted(found, key=lambda row: row.arrival)


async def bank_agrees(place: Town, product: str = "W62", demand: Sequence[Mapping[str, Any]] = ({"rate": "0.35"},)) -> list[str]:
    """What the bank, by its own arithmetic, makes of what it is told of a product: the events, where it agrees to each of them. `demand`:
    the rates that it posts for demand deposits."""
    one = await stands(place, product)
    posted = [{"from": "2012-07-06", "rates": list(demand)}]
    own = [{"from": "2014-02-01", "rates": [{"rate": "3.96"}]}]
    if one.yields is not None:
        own.append({"from": str(one.begins_on), "rates": [{"rate": f"{one.yields // 10_000}.{one.yields % 10_000:04d}"}]})
    body = [
        {"product": "DEMAND", "form": "demand", "posted": posted},
        {"product": product, "form": "raise", "posted": own, "demand": "DEMAND", "runs_from": one.begins_on, "runs_until": one.matures_on},
    ]
    shelf = {terms.product: terms for terms in msgspec.convert(body, list[TermsBody])}
    async with place.house.database.read() as tx:
        days = [day for (day,) in await tx.fetch("select distinct happened_on from deposit_event order by 1")]
        listed = [event for day in days async for event in deposit_event_store.of_day(tx, range(place.house.books + 1), day)]
    known: dict[str, Standing_] = {}
    for event in listed:
        line = msgspec.convert(asdict(event.line), Line, strict=False)
        made = work(shelf, known.get(line.deposit), line)
        assert made.interest == event.line.interest, event
        known[line.deposit] = made.standing
    return [event.line.event.value for event in listed]


def gave(answers: Sequence[Any]) -> list[int | str]:
    """Yuan, or why nothing."""
    return [one.code.name if isinstance(one, Refusal) else one.amount // 100 for one in answers]
