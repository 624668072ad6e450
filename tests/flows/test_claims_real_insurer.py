"""Claims against the insurer as a real process: what its own books say of several losses of one policy."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from bill_town import MONDAY, Town
from claim_town import NEXT_MONDAY, assess, claimed, insured, insurer_answers, pushed, seen
from evidence_files import jpeg
from four_eyes import decided, operator, propose
from identities import identity_of
from policy_files import ACCIDENT_FILE, SCREEN_FILE, sell_policies
from sandbox_partner import TOKEN, SandboxPartner, sandbox_partner

from tapwealth.flows import reports
from tapwealth.flows.insurance import claim_papers, claims, endorsement_outcomes, endorsements, insurers, policies
from tapwealth.flows.insurance.applicants import NamedBeneficiary
from tapwealth.flows.insurance.claim_assessment import ProposeAssessment
from tapwealth.flows.insurance.endorsements import ChangeBeneficiaries
from tapwealth.flows.insurance.policies import BuyPolicy
from tapwealth.insurance.beneficiary import Kin
from tapwealth.insurance.claim import ClaimState, Paper
from tapwealth.insurance.insurer_http import InsurerHttp
from tapwealth.kernel.clock import shanghai
from tapwealth.kernel.refusal import BadInput, Refusal

TWO_SCREENS = SCREEN_FILE.replace("product: SCREEN", "product: SCREEN2").replace("replacements: 1", "replacements: 2")


@pytest.fixture(scope="module")
def insurer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxPartner]:
    with sandbox_partner("insurer", Path(tmp_path_factory.mktemp("insurer"))) as partner:
        partner.clock("2014-02-24T09:00:00+08:00")
        yield partner


@pytest.fixture
async def asking(place: Town, insurer: SandboxPartner) -> AsyncIterator[Town]:
    port = InsurerHttp(insurer.url, TOKEN)
    place.house = replace(place.house, rails=replace(place.house.rails, insurer=port))
    yield place
    await port.close()


async def test_two_screens_of_one_policy_that_are_looked_at_at_once_are_two(asking: Town, insurer: SandboxPartner) -> None:
    await sell_policies(asking.house, TWO_SCREENS)
    wang = await asking.person("Wang", 100_000)
    policy = await insured(asking, wang, product="SCREEN2")
    await insurers.sweep_premiums(asking.house, MONDAY)
    insurer.clock("2014-03-03T09:00:00+08:00")
    await asking.clock(shanghai(NEXT_MONDAY, 9))
    await insurers.begin_cover(asking.house, NEXT_MONDAY)
    first, second = await claimed(asking, wang, policy), await claimed(asking, wang, policy)
    await assess(asking, second, 30_000, certain=True)
    await assess(asking, first, 70_000)
    assert await insurer_answers(asking) == []
    await assess(asking, second, 80_000)
    assert await insurer_answers(asking) == []
    rows = [(await seen(asking, one))[1] for one in (first, second)]
    for row in (row for each in rows for row in each):
        assert row.reason == ""
        await pushed(asking, row.serial, row.amount)
    assert [(await seen(asking, one))[0].state for one in (first, second)] == [ClaimState.PAID] * 2
    assert await asking.owed(wang.wallet) == [100_000 - 19_900 + 150_000]
    await asking.all_books_balance()


def named(name: str, year: int, kin: Kin, rank: int = 1) -> NamedBeneficiary:
    return NamedBeneficiary(name, identity_of(date(year, 2, 2), male=False), kin, rank)


async def test_of_a_death_those_receive_who_were_named_on_that_day_and_lived_on(asking: Town, insurer: SandboxPartner) -> None:
    await sell_policies(asking.house, ACCIDENT_FILE)
    insurer.clock("2014-03-03T09:00:00+08:00")
    wang = await asking.person("Wang", 200_000)
    family = [
        named("赵兰", 1955, Kin.PARENT),
        named("王芳", 1985, Kin.SPOUSE),
        named("小宝", 2008, Kin.CHILD),
        named("李四", 1984, Kin.OTHER),
    ]
    bought = await policies.buy(asking.house, asking.envelope(wang), BuyPolicy("ACC1", ["terms"], beneficiaries=family))
    policy = UUID(bought.policy)
    assert await asking.work("insurer", policies.deliver) == []
    died = NEXT_MONDAY
    await asking.clock(shanghai(died, 9))
    await insurers.begin_cover(asking.house, died)
    late = ChangeBeneficiaries(policy, [named("钱五", 1990, Kin.OTHER)])
    assert not isinstance(await endorsements.change_beneficiaries(asking.house, asking.envelope(wang), late), Refusal)
    assert await asking.work("insurer", endorsement_outcomes.deliver) == []
    await asking.clock(shanghai(died + timedelta(days=2), 9))
    chen = await operator(asking, "ops.chen")
    for wrong in (0, 5):
        with pytest.raises(BadInput, match=f"named 4 people on that day, none of them is number {wrong}"):
            await claims.notify_death(asking.house, chen, claims.NotifyDeath(policy, died, "a fall", died_before=[wrong]))
    claim = UUID((await claims.notify_death(asking.house, chen, claims.NotifyDeath(policy, died, "a fall", died_before=[4]))).claim)
    await claim_papers.give(asking.house, await operator(asking, "ops.chen"), claim, Paper.DEATH, "image/jpeg", jpeg())
    await decided(asking, await propose(asking, ProposeAssessment(claim, 40_000_000)))
    assert await insurer_answers(asking) == []
    assert (await seen(asking, claim))[0].state is ClaimState.PAID
    view = await reports.views(asking.house)["claim/{id}"](chen.caller, {"id": str(claim)})
    assert [(one.name, one.amount) for one in view.receivers] == [("*兰", 13_333_334), ("*芳", 13_333_333), ("*宝", 13_333_333)]
    assert [one[2:] for one in insurer.get("/admin/store").json()["receivers"]] == [[0, 13_333_334], [1, 13_333_333], [2, 13_333_333]]
