"""Money of a claim that comes back, from who caused the loss or from the insured: expected, awaited no more, come in all the same."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from bill_town import Person, Town
from claim_town import NEXT_MONDAY, assess, claimed, insurer_answers, paid, pushed, since_monday, watch
from four_eyes import operator
from policy_files import SCREEN_FILE, sell_policies

from tapwealth.bank import store as bank
from tapwealth.flows.bank import payments
from tapwealth.flows.bank.payments import Outcome
from tapwealth.flows.insurance import claim_recoveries, insurers
from tapwealth.flows.insurance.claim_recoveries import ExpectRecovery, GiveClaimBack, WithdrawRecovery
from tapwealth.flows.reports import claims as claim_reports
from tapwealth.kernel.refusal import Refusal
from tapwealth.ledger.chart import Kind


@pytest.fixture
async def wang(place: Town) -> Person:
    return await place.person("Wang", 100_000)


@pytest.fixture
async def policy(place: Town, wang: Person) -> UUID:
    await sell_policies(place.house, SCREEN_FILE)
    return await since_monday(place, wang)


def code(answer: Any) -> str:
    assert isinstance(answer, Refusal), answer
    return answer.code.name


async def test_money_that_comes_back_goes_to_the_insurer_also_what_was_awaited_no_more(place: Town, wang: Person, policy: UUID) -> None:
    claim = await claimed(place, wang, policy)
    await assess(place, claim, 75_000)

    async def expect(amount: int) -> Any:
        command = ExpectRecovery(claim, amount, "the neighbour who threw the ball")
        return await claim_recoveries.expect(place.house, await operator(place, "ops.chen"), command)

    async def give_back(amount: int) -> Any:
        return await claim_recoveries.give_back(place.house, place.envelope(wang), GiveClaimBack(claim, amount))

    async def withdraw(name: str) -> Any:
        envelope, command = await operator(place, "ops.chen"), WithdrawRecovery(claim, name, "the neighbour has moved")
        return [await claim_recoveries.withdraw(place.house, envelope, command) for _ in range(2)][-1]

    assert code(await expect(1)) == "MORE_THAN_PAID", "nothing is paid yet"
    await paid(place, claim)
    expected, never = await expect(30_000), await expect(10_000)
    assert code(await expect(35_001)) == code(await give_back(35_001)) == "MORE_THAN_PAID"
    async with place.house.database.read() as tx:
        assert sorted(one.amount for one in await claim_reports.awaited(place.house, tx)) == [10_000, 30_000]
    assert (await withdraw(never.pay_under)).left == (await withdraw(expected.pay_under)).left - 30_000 == 45_000
    assert code(await withdraw(never.pay_under)) == "OVER"
    assert code(await withdraw("RCV-NOBODY")) == "UNKNOWN_RECOVERY"
    assert (await give_back(45_000)).amount == 45_000
    for name, amount in ((expected.pay_under, 30_000), (never.pay_under, 10_000)):
        await pushed(place, name, amount)
    assert code(await withdraw(expected.pay_under)) == "OVER"
    assert (await place.total(Kind.CLAIM_RECOVERED), await place.owed(wang.wallet)) == (75_000, [110_100])
    assert await place.total(Kind.SUSPENSE) == 10_000, "more would have come back than was paid"
    async with place.house.database.read() as tx:
        assert await claim_reports.awaited(place.house, tx) == []
        shown = await claim_reports.claim_view(place.house, tx, None, claim)
        assert not isinstance(shown, Refusal)
        assert [(one.state, one.amount, one.why) for one in shown.recoveries] == [
            ("received", 30_000, "the neighbour has moved"),
            ("withdrawn", 10_000, "the neighbour has moved"),
            ("received", 45_000, ""),
        ]
        own = await claim_reports.claim_view(place.house, tx, wang.id, claim)
        assert not isinstance(own, Refusal)
        assert (own.recovered, own.recoveries) == (75_000, []), "who is to pay is told to operators alone"
        (wrong,) = [one for one in await bank.breaks(tx, NEXT_MONDAY) if one.kind == "payment_differs"]
        assert wrong.text.endswith(f"of claim {claim} 0.00 can come back; ask the payer")
    assert await insurer_answers(place) == []
    for amount in (75_000, 0):
        assert (await watch(place, NEXT_MONDAY))["recovered"] == amount
    await payments.hear(place.house, [Outcome("RCO-20140303", True, NEXT_MONDAY + timedelta(1))])
    assert await place.total(Kind.CLAIM_RECOVERED) == 0
    place.insurer.events.pop(next(iter(place.insurer.events)))
    await place.cut(NEXT_MONDAY)
    report = await insurers.compare_insurer(place.house, NEXT_MONDAY)
    assert (report.figures["events"], report.figures["matched"]) == (3, 3), report.wrong
