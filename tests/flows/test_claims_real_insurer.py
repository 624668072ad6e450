"""Claims against the insurer as a real process: what its own books say of several losses of one policy."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from bill_town import MONDAY, Town
from claim_town import NEXT_MONDAY, assess, claimed, insured, insurer_answers, pushed, seen
from policy_files import SCREEN_FILE, sell_policies
from sandbox_partner import TOKEN, SandboxPartner, sandbox_partner

from tapwealth.flows.insurance import insurers
from tapwealth.insurance.claim import ClaimState
from tapwealth.insurance.insurer_http import InsurerHttp
from tapwealth.kernel.clock import shanghai

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
