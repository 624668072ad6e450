"""A fund is for whom its definition says: by account class and age, whichever way it is bought."""

from dataclasses import replace
from datetime import time
from typing import Any

import pytest
from bill_town import Person
from fund_town import FUND, MINIMUM, OWN, FundTown, bought
from shelf import shelve

from tapwealth.flows.funds import plans, subscription, sweeps, switch
from tapwealth.flows.funds.plans import AgreePlan
from tapwealth.flows.funds.subscription import SubscribeFund
from tapwealth.flows.funds.sweeps import AgreeSweep
from tapwealth.flows.funds.switch import SwitchFund
from tapwealth.funds import raise_store, store
from tapwealth.funds.plan import Every
from tapwealth.funds.raising import Offering
from tapwealth.funds.store import SalesChannel
from tapwealth.kernel.clock import shanghai
from tapwealth.kernel.refusal import Refusal

NARROW = "000601"
YOUNG = "110105200001011035"
"""14 years old; everybody else is 30."""


async def shelved(place: FundTown, **said: Any) -> None:
    """A money fund for those alone of whom this holds, beside the one for all."""
    async with place.house.database.transaction() as tx:
        fund = replace((await store.funds(tx))[FUND], code=NARROW, **said)
        await shelve(tx, fund, [SalesChannel(OWN, NARROW, True, MINIMUM, 0, 0)])


async def buy(place: FundTown, person: Person, fund: str = NARROW) -> str:
    (answer,) = await place.buy(place.order(person, 100_00, fund=fund))
    return told(answer)


def told(answer: Any) -> str:
    return f"{answer.code.name}: {answer.text}" if isinstance(answer, Refusal) else "done"


async def test_a_fund_without_bounds_is_for_all(place: FundTown) -> None:
    young = await place.person("Young", 1_000_00, identity=YOUNG)
    assert await buy(place, young, FUND) == "done"


@pytest.mark.parametrize(
    ("said", "identity", "words"),
    [
        ({"youngest": 18}, YOUNG, "TOO_YOUNG: 000601 is for people from 18 years of age; you are 14"),
        ({"youngest": 14}, YOUNG, "done"),
        ({"oldest": 29}, None, "TOO_OLD: 000601 is for people up to 29 years of age; you are 30"),
        ({"oldest": 30}, None, "done"),
    ],
)
async def test_who_is_of_another_age_does_not_buy_it(place: FundTown, said: dict[str, int], identity: str | None, words: str) -> None:
    await shelved(place, **said)
    person = await place.person("Wang", 1_000_00, **({"identity": identity} if identity else {}))
    answer = await buy(place, person)
    assert answer.startswith(words), answer
    assert await place.owed(person.wallet) == [900_00 if words == "done" else 1_000_00]


async def test_each_way_into_a_fund_asks_the_same(place: FundTown) -> None:
    await shelved(place, youngest=31)
    wang = await bought(place, 100_00)
    await place.take()
    plan = await plans.agree(place.house, place.envelope(wang), AgreePlan(NARROW, 100_00, Every.MONTH, 31))
    assert told(plan).startswith("TOO_YOUNG"), plan
    entered = await switch.switch(place.house, place.envelope(wang), SwitchFund(FUND, NARROW, 1_00))
    assert told(entered).startswith("TOO_YOUNG"), entered
    swept = await sweeps.agree(place.house, place.envelope(wang), AgreeSweep(NARROW, 0, 100_00, 100_00, time(14)))
    assert told(swept).startswith("TOO_YOUNG"), swept
    assert (await buy(place, wang)).startswith("TOO_YOUNG")


async def test_a_raise_asks_what_its_fund_asks(place: FundTown) -> None:
    await shelved(place, youngest=31)
    opens = place.biller.now
    offering = Offering(NARROW, opens, shanghai(opens.date(), 23), target=1_000_00, minimum=1_00, step=1_00, cap=0, least=1_00)
    async with place.house.database.transaction() as tx:
        await raise_store.put_offering(tx, offering, f"{NARROW}-R", 1, opens)
        await tx.execute("insert into fund_status (book, fund, day, status, recorded_at) values (0, $1, $2, '1', $3)",
                         NARROW, opens.date(), opens)  # fmt: skip
    wang = await place.person("Wang", 1_000_00)
    async with place.house.database.transaction() as tx:
        asked = subscription.Placing(place.envelope(wang), SubscribeFund(NARROW, 100_00))
        (answer,) = await subscription.subscribe(place.house, tx, [asked])
    assert told(answer).startswith("TOO_YOUNG"), answer
