"""Premiums that are owed when something is lost: kept of what is paid for it, once, and what was taken off before the insurer was told."""

from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from bill_town import Person, Town
from claim_town import EXCESS_FILE, NEXT_MONDAY, assess, claimed, insurer_answers, paid, pushed, screens, seen, standing, texts
from policy_files import sell_policies

from tapwealth.flows.insurance import claim_untold, claims, policies, premium_days
from tapwealth.flows.insurance.claims import AppealClaim
from tapwealth.insurance.claim import ClaimState
from tapwealth.insurance.claim_insurer import ClaimRefused
from tapwealth.insurance.policy import PolicyState
from tapwealth.kernel.clock import shanghai

LAST_OF_GRACE = date(2014, 4, 30)


@pytest.fixture(autouse=True)
async def shelf(place: Town) -> AsyncIterator[None]:
    await sell_policies(place.house, EXCESS_FILE)
    yield
    await place.all_books_balance()


@pytest.fixture
async def wang(place: Town) -> Person:
    return await place.person("Wang", 100_000)


@pytest.fixture
async def in_grace(place: Town, wang: Person) -> UUID:
    """Of two years, whose second premium has been due for two days."""
    made = await screens(place, wang)
    begun, due, over = date(2013, 3, 1), date(2014, 3, 1), date(2015, 3, 1)
    async with place.house.database.transaction() as tx:
        await tx.execute("update policy set from_day = $1, paid_until = $2, to_day = $3", begun, due, over)
    return made


async def test_arrears_are_deducted_once_of_all_claims(place: Town, wang: Person, in_grace: UUID) -> None:
    first, second = await claimed(place, wang, in_grace), await claimed(place, wang, in_grace)
    assert "nothing of it is payable: 50.00 excess, 199.00 premium owed;" in (await assess(place, first, 24_900)).text
    assert (await assess(place, first, 80_000)).payable == 75_000 - 19_900
    assert (await assess(place, second, 80_000)).payable == 75_000
    assert [(await seen(place, one))[1][0].arrears for one in (first, second)] == [19_900, 0]


async def test_arrears_that_are_paid_by_now_are_not_deducted(place: Town, wang: Person, in_grace: UUID) -> None:
    claim = await claimed(place, wang, in_grace)
    async with place.house.database.transaction() as tx:
        await tx.execute("update policy set paid_until = to_day")
    assert (await assess(place, claim, 80_000)).payable == 75_000
    assert (await seen(place, claim))[1][0].arrears == 0


async def test_a_premium_that_is_kept_is_paid_in_time_and_one_that_is_not_is_owed(place: Town, wang: Person, in_grace: UUID) -> None:
    """Suspended by 1 May; the screen broke in March, and is claimed after it. The insurer refuses first, then agrees."""
    async with place.house.database.transaction() as tx:
        await tx.execute("update policy_schedule set next_due = $1", LAST_OF_GRACE)
    await place.clock(shanghai(LAST_OF_GRACE + timedelta(days=1), 9))
    await premium_days.suspend_and_lapse(place.house, LAST_OF_GRACE)
    assert (await standing(place, wang, in_grace))[:2] == (PolicyState.SUSPENDED, date(2014, 3, 1))
    claim = await claimed(place, wang, in_grace)
    place.insurer.claim_script.append(ClaimRefused("other_premium", NEXT_MONDAY))
    await assess(place, claim, 80_000)
    assert await insurer_answers(place) == []
    assert (await standing(place, wang, in_grace))[:2] == (PolicyState.SUSPENDED, date(2014, 3, 1)), "nothing was kept"
    await claims.appeal(place.house, place.envelope(wang), AppealClaim(claim, "look at the premium again"))
    await assess(place, claim, 80_000)
    await paid(place, claim)
    state, paid_until, shown = await standing(place, wang, in_grace)
    assert (state, paid_until, shown.suspensions) == (PolicyState.IN_FORCE, date(2015, 3, 1), [])
    assert [(one.due_on, one.until, one.amount, one.state) for one in shown.paid] == [
        (date(2014, 3, 1), date(2015, 3, 1), 19_900, "deducted")
    ]
    assert [one for one in await texts(place, wang) if one.startswith("The insurer has kept the premium that was owed, 199.00 yuan")]
    assert await place.work("insurer", policies.deliver) == []
    assert place.insurer.told == [], "of a suspension that never was the insurer is not told"


async def told_of_nothing(place: Town, **changes: Any) -> None:
    """Payments as they stood before the insurer was told which premiums it keeps."""
    changes = {"arrears_from": None, "arrears_until": None, **changes}
    async with place.house.database.transaction() as tx:
        listed = ", ".join(f"{name} = ${number}" for number, name in enumerate(changes, 1))
        await tx.execute(f"update claim_payment set {listed}", *changes.values())


async def test_what_was_taken_off_before_the_insurer_was_told_is_asked_of_it_with_its_answer(
    place: Town, wang: Person, in_grace: UUID
) -> None:
    """It was being asked when the platform was renewed. The premium is due as it was, in both books."""
    claim = await claimed(place, wang, in_grace)
    await assess(place, claim, 80_000)
    await told_of_nothing(place)
    await claim_untold.ask_for_those_of_before(place.house)
    assert len((await seen(place, claim))[1]) == 1, "nobody knows yet whether it is paid at all"
    await insurer_answers(place, rounds=2)
    asked = (await seen(place, claim))[1]
    assert [(one.part, one.amount, one.arrears) for one in asked] == [("whole", 55_100, 0), ("certain", 19_900, 0)]
    assert [(one.amount, one.deducted) for one in place.insurer.claims] == [(55_100, None), (19_900, None)]
    for one in asked:
        await pushed(place, one.serial, one.amount)
    assert ((await seen(place, claim))[0].state, await place.owed(wang.wallet)) == (ClaimState.PAID, [80_100 + 75_000])
    assert (await standing(place, wang, in_grace))[1] == date(2014, 3, 1)


@pytest.mark.parametrize(
    ("state", "paid_until", "back"),
    [
        ("in_force", date(2014, 3, 1), 19_900),
        ("in_force", date(2015, 3, 1), 19_900),
        ("claimed", date(2015, 3, 1), 19_900),
        ("claimed", date(2014, 3, 1), 0),
    ],
)
async def test_what_was_taken_off_of_old_claims_is_asked_once_where_the_premium_can_be_asked_for_too(
    place: Town, wang: Person, in_grace: UUID, state: str, paid_until: date, back: int
) -> None:
    """Of a policy that is over, and whose premium nobody paid since, it was kept, once."""
    claim = await claimed(place, wang, in_grace)
    await assess(place, claim, 80_000)
    await told_of_nothing(place, agreed_on=NEXT_MONDAY, paid_on=NEXT_MONDAY)
    async with place.house.database.transaction() as tx:
        await tx.execute("update claim set state = 'paid', agreed_on = $1, paid_on = $1", NEXT_MONDAY)
        await tx.execute("update policy set state = $1, paid_until = $2", state, paid_until)
    for _ in range(2):
        await claim_untold.ask_for_those_of_before(place.house)
    (old, *more) = (await seen(place, claim))[1]
    assert (old.arrears, [one.amount for one in more]) == (19_900 - back, [back] if back else [])
    noted = [one for one in await place.breaks(NEXT_MONDAY) if one[1] == "deduction_untold"]
    assert noted == [("claims", "deduction_untold", True)] * len(more)
    if back:
        await paid(place, claim)
        assert ((await seen(place, claim))[0].state, await place.owed(wang.wallet)) == (ClaimState.PAID, [80_100 + 19_900])
        assert [(one.identity, one.amount) for one in place.insurer.claims] == [(old.identity, 19_900)]


async def test_a_policy_does_not_lapse_while_its_premium_may_be_kept_of_a_claim(place: Town, wang: Person, in_grace: UUID) -> None:
    """Two years of suspension are over while the claim is looked at, refused, and appealed in time; then it never was suspended for that
    premium, but for the next one."""
    lapse = date(2016, 5, 1)

    async def ends(day: date) -> PolicyState:
        async with place.house.database.transaction() as tx:
            await tx.execute("update policy_schedule set next_due = $1", day)
        await place.clock(shanghai(day + timedelta(days=1), 0, 30))
        await premium_days.suspend_and_lapse(place.house, day)
        return (await standing(place, wang, in_grace))[0]

    async with place.house.database.transaction() as tx:
        await tx.execute("update policy set to_day = '2020-03-01'")
    claim = await claimed(place, wang, in_grace)
    assert await ends(LAST_OF_GRACE) is PolicyState.SUSPENDED
    assert await ends(lapse - timedelta(days=1)) is PolicyState.SUSPENDED
    await assess(place, claim, 0, "a scratch")
    assert await ends(lapse) is PolicyState.SUSPENDED, "an appeal may come"
    await claims.appeal(place.house, place.envelope(wang), AppealClaim(claim, "look at the glass again"))
    await assess(place, claim, 80_000)
    await paid(place, claim)
    assert (await standing(place, wang, in_grace))[:2] == (PolicyState.IN_FORCE, date(2015, 3, 1))
    assert await ends(lapse + timedelta(days=1)) is PolicyState.SUSPENDED
    assert (await standing(place, wang, in_grace))[2].lapses_on == date(2017, 5, 1)


async def test_who_lapsed_before_a_loss_was_claimed_has_another_cash_value(place: Town, wang: Person, in_grace: UUID) -> None:
    """It lapsed when nobody had claimed: the insurer has given back nothing of one premium, by a product that gives back nothing."""
    async with place.house.database.transaction() as tx:
        await tx.execute("update policy_schedule set next_due = $1", LAST_OF_GRACE)
    await place.clock(shanghai(LAST_OF_GRACE + timedelta(days=1), 0, 30))
    await premium_days.suspend_and_lapse(place.house, LAST_OF_GRACE)
    async with place.house.database.transaction() as tx:
        await tx.execute("update policy set state = 'lapsed'")
        await tx.execute("update policy_turn set turn = 'lapsed', refund = 100")
    claim = await claimed(place, wang, in_grace)
    await assess(place, claim, 80_000)
    await paid(place, claim)
    assert (await standing(place, wang, in_grace))[:2] == (PolicyState.LAPSED, date(2015, 3, 1))
    assert ("claims", "cash_value_differs", True) in await place.breaks(LAST_OF_GRACE + timedelta(days=1))
