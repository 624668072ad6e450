"""Two raises within the fortnight, both over the holiday: one reaches its target and is formed, with interest for all the days between; the
other one stays below what it needs, and money and interest go back. Each has somebody who gets less than was asked for: the last of the
target a part; one whom the registrar, which others have sold the rest of its target, does not take, everything back."""

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

from fund_files import a_fund, put_on_sale
from fund_town import OWN
from nav_town import CONDITIONS, terms_at_registrar
from raise_files import a_raise

from tapwealth.flows.customers import people
from tapwealth.flows.frame import Caller, Envelope
from tapwealth.flows.funds import subscription
from tapwealth.flows.funds.subscription import Placing, SubscribeFund
from tapwealth.funds.product import FundChannel
from tapwealth.funds.raising import Offering
from tapwealth.kernel.clock import shanghai
from tapwealth.kernel.money import Asset
from tapwealth.kernel.refusal import Refusal
from tapwealth.sandbox.registrar import raises as at_registrar
from tapwealth.sandbox.registrar import shelf
from tapwealth.storage.actors import ActorKind

OPENS = shanghai(date(2013, 9, 27), 13)
FORMED = Offering("110097", OPENS, shanghai(date(2013, 10, 11), 15), 10_000_00, 1_000_00, 500_00, 6_000_00, 5_000_00, 3_500)
FAILED = Offering("110098", OPENS, shanghai(date(2013, 10, 8), 15), 10_000_00, 1_000_00, 500_00, 6_000_00, 8_000_00, 3_500)
FORMED_ON, FAILED_ON = date(2013, 10, 9), date(2013, 10, 10)
"""Its target is reached with the orders of 30 September, which are taken on 8 October; the other one's last day is that day."""
RAISED_UNITS = Asset(4)
CUSTODY_OF = {FORMED.fund: "0200000097", FAILED.fund: "0200000098"}
CUSTODY_ACCOUNTS = [(number, f"募集{fund}托管户", 0) for fund, number in CUSTODY_OF.items()]
_AT_REGISTRAR = {FORMED: (date(2013, 10, 11), FORMED.target), FAILED: (date(2013, 10, 8), 6_000_00)}
_PRICES = {date(2013, 10, 9): 1_0000, date(2013, 10, 10): 1_0012, date(2013, 10, 11): 1_0031}


class Wanted(NamedTuple):
    """A customer asks, and is given so much, or hears why not."""

    number: int
    fund: str
    asked: int
    given: int | str


ROUNDS = {
    date(2013, 9, 27): [Wanted(24, FORMED.fund, 4_000_00, 4_000_00), Wanted(25, FAILED.fund, 4_000_00, 4_000_00)],
    date(2013, 9, 30): [
        Wanted(26, FORMED.fund, 4_500_00, 4_500_00),
        Wanted(27, FORMED.fund, 4_000_00, 1_500_00),
        Wanted(28, FORMED.fund, 1_000_00, "SOLD_OUT"),
        Wanted(29, FAILED.fund, 3_000_00, 3_000_00),
    ],
    date(2013, 10, 3): [Wanted(30, FAILED.fund, 1_000_00, 1_000_00)],
}
"""By day; the first two days' money waits through the holiday, and the last is asked for within it."""


async def offer(on: Any) -> None:
    """Both funds and their raises on the shelf, and the same at the registrar, where the price of the one that is formed is known."""

    def by(login: str) -> Envelope:
        envelope: Envelope = on.envelope(Caller(ActorKind.OPERATOR, f"operator:{login}", "password"))
        return envelope

    channel = {OWN: FundChannel(True, 1_00, 0, 1_000_000_00)}
    for one in (FORMED, FAILED):
        fund = a_fund(one.fund, f"募集{one.fund}", f"Raised {one.fund}", channel, CONDITIONS, custody_account=CUSTODY_OF[one.fund])
        assert [await put_on_sale(on.house, by, made) for made in (fund, a_raise(one))] == [None, None]
    with on.registrar.store.tx() as tx:
        for one, (last_day, target) in _AT_REGISTRAR.items():
            shelf.put(tx, terms_at_registrar(CONDITIONS, one.fund))
            at_registrar.put(tx, at_registrar.Terms(one.fund, last_day, target, one.least, one.rate))
        for day, nav in _PRICES.items():
            shelf.quote(tx, FORMED.fund, day, nav)


async def money(on: Any, wanted: Sequence[Wanted]) -> None:
    """Each moves in what is asked for."""
    for one in wanted:
        command = people.MoveIn(await on.card(one.number), one.asked)
        moved = await people.move_in(on.house, on.envelope(await on.caller(one.number)), command)
        assert not isinstance(moved, Refusal), moved


async def subscribe(on: Any, wanted: Sequence[Wanted]) -> None:
    """All of a day in one list, as the writer takes what came together."""
    placings = [Placing(on.envelope(await on.caller(one.number)), SubscribeFund(one.fund, one.asked)) for one in wanted]
    async with on.house.database.transaction() as tx:
        answers = await subscription.subscribe(on.house, tx, placings)
    given = [one.code.name if isinstance(one, Refusal) else one.amount for one in answers]
    assert given == [one.given for one in wanted], answers
