"""Critical illness: priced by age and sex, each group claimed once, the premiums back within the waiting time, over at the sum."""

import re
from datetime import date, timedelta
from fractions import Fraction
from typing import Any
from uuid import UUID

import pytest
from bill_town import MONDAY, Person, Town
from claim_town import assess, give, insurer_answers, pushed, seen, standing
from evidence_files import jpeg
from four_eyes import decided, propose
from identities import identity_of
from policy_files import HEALTH_FILE, sell_policies

from tapwealth.flows import reports
from tapwealth.flows.acceptance import ProposeAcceptance
from tapwealth.flows.insurance import claim_notification, claims, insurers, policies, premium_days, premiums
from tapwealth.flows.insurance.claim_assessment import ProposeAssessment
from tapwealth.flows.insurance.claim_notification import NotifyClaim
from tapwealth.flows.insurance.claims import ClaimStands, WithdrawClaim
from tapwealth.flows.insurance.discoveries import ProposeTrueAge
from tapwealth.flows.insurance.policies import BuyPolicy, CancelPolicy, PolicyTaken
from tapwealth.flows.insurance.premiums import DemandPremium, LetPremiums, PayPremium
from tapwealth.flows.setup import Approved
from tapwealth.insurance import insured_store, store
from tapwealth.insurance.claim import NEEDED, ClaimState, LossKind
from tapwealth.insurance.policy import PolicyState
from tapwealth.insurance.schedule import GRACE
from tapwealth.kernel.clock import shanghai
from tapwealth.kernel.money import half_up
from tapwealth.kernel.refusal import BadInput, Refusal
from tapwealth.web import day_wording

HEALTHY = {"smoking": "never", "lump": "none"}
WAITED = MONDAY + timedelta(days=1 + 90)
"""The first day whose illness is paid: cover begins on the day after the purchase."""
MONTHLY = HEALTH_FILE.replace("CI10", "CI10M").replace("  loading: 30", "  loading: 30\n  every: month")
NAMED = ("cancer", "early_cancer", "heart")


@pytest.fixture(autouse=True)
async def shelf(place: Town) -> Any:
    await sell_policies(place.house, HEALTH_FILE, MONTHLY)
    yield
    await place.all_books_balance()


async def bought(place: Town, person: Person, product: str = "CI10", **answers: str) -> PolicyTaken:
    taken = await policies.buy(place.house, place.envelope(person), BuyPolicy(product, ["terms"], answers=HEALTHY | answers))
    assert isinstance(taken, PolicyTaken), taken
    assert await place.work("insurer", policies.deliver) == []
    await policies.begin_cover(place.house, taken.from_day)
    return taken


async def ill(place: Town, person: Person, policy: str, group: str, day: date, *, by_accident: bool = False) -> Any:
    said = NotifyClaim(UUID(policy), LossKind.ILLNESS, "found at the hospital", day, illness=group, by_accident=by_accident)
    return await claim_notification.notify(place.house, place.envelope(person), said)


async def papers(place: Town, person: Person, claim: UUID) -> int:
    """All that is needed is sent; fen that are claimed."""
    for paper in NEEDED[LossKind.ILLNESS]:
        kept = await give(place, person, claim, paper, jpeg(comment=f"{claim}{paper}".encode()))
    assert kept.state == "assessing", kept
    return (await seen(place, claim))[0].loss


async def paid(place: Town, person: Person, stands: Any) -> int:
    """The papers sent, found whole by two people, agreed and paid."""
    assert isinstance(stands, ClaimStands), stands
    await papers(place, person, UUID(stands.claim))
    return await found_whole(place, UUID(stands.claim))


async def found_whole(place: Town, claim: UUID) -> int:
    """By two people, agreed and paid."""
    found, _ = await seen(place, claim)
    await decided(place, await propose(place, ProposeAssessment(claim, found.loss)))
    assert await insurer_answers(place) == []
    found, (payment,) = await seen(place, claim)
    await pushed(place, payment.serial, payment.amount)
    found, _ = await seen(place, claim)
    assert found.state is ClaimState.PAID
    return payment.amount


async def state_of(place: Town, person: Person, policy: str) -> PolicyState:
    async with place.house.database.read() as tx:
        return (await store.policies(tx, [(person.book, UUID(policy))]))[person.book, UUID(policy)].state


def code(answer: Any) -> str:
    assert isinstance(answer, Refusal), answer
    return answer.code.name


async def test_each_group_is_paid_once_and_the_policy_is_over_when_the_sum_is_paid(place: Town) -> None:
    wang = await place.person("Wang", 200_000)
    policy = (await bought(place, wang, smoking="daily")).policy
    assert await place.owed(wang.wallet) == [200_000 - 107_500], "860.00 at 30, and a quarter of it"
    await place.clock(shanghai(WAITED, 10))
    with pytest.raises(BadInput, match="name one of cancer, heart, early_cancer"):
        await ill(place, wang, policy, "gout", WAITED)
    stands = await ill(place, wang, policy, "early_cancer", WAITED)
    assert stands.papers == ["diagnosis", "pathology", "identity"]
    assert code(await ill(place, wang, policy, "early_cancer", WAITED)) == "ILLNESS_CLAIMED"
    assert await paid(place, wang, stands) == 30_000_00
    assert await state_of(place, wang, policy) is PolicyState.IN_FORCE
    assert code(await ill(place, wang, policy, "early_cancer", WAITED)) == "ILLNESS_CLAIMED"
    whole = await ill(place, wang, policy, "cancer", WAITED)
    assert await paid(place, wang, whole) == 70_000_00, "what is left of the sum"
    assert await state_of(place, wang, policy) is PolicyState.CLAIMED
    assert code(await ill(place, wang, policy, "heart", WAITED)) == "LIMIT_USED"
    shown = await reports.views(place.house)["claim/{id}"](place.envelope(wang).caller, {"id": whole.claim})
    assert (shown.illness, shown.early, shown.line.loss) == ("cancer", False, 100_000_00)
    async with place.house.database.read() as tx:
        tables = ("claim", "claim_payment", "command_log", "outbox", "notice")
        rows = await tx.fetch(" union all ".join(f"select t::text r from {name} t" for name in tables))
    words = [*NAMED, *(name.encode().hex() for name in NAMED)]
    assert not [row["r"] for row in rows if any(word in row["r"] for word in words)], "which illness it is can be read in no row"


async def test_within_the_waiting_time_the_premiums_come_back_and_the_policy_is_over(place: Town) -> None:
    wang, li = await place.person("Wang", 200_000), await place.person("Li", 200_000)
    policy, other = (await bought(place, wang, "CI10M")).policy, (await bought(place, li)).policy
    await premiums.let(place.house, place.envelope(wang), LetPremiums(UUID(policy), 20_000))
    early, in_grace = WAITED - timedelta(days=1), MONDAY + timedelta(days=82)
    await place.clock(shanghai(in_grace, 10))
    stands = await ill(place, wang, policy, "cancer", in_grace)
    assert code(await ill(place, wang, policy, "heart", in_grace)) == "ILLNESS_CLAIMED"
    await premium_days.collect_premiums(place.house, in_grace)
    assert await place.owed(wang.wallet) == [200_000 - 7_167], "no premium is taken of a policy that would end, on a day of another try"
    await place.clock(shanghai(early, 10))
    by_accident = await ill(place, li, other, "heart", early, by_accident=True)
    assert (await seen(place, UUID(by_accident.claim)))[0].loss == 100_000_00, "an accident does not wait"
    assert await paid(place, wang, stands) == 7_167, "two more months are owed, and not taken off"
    assert await place.owed(wang.wallet) == [200_000], "all that was paid"
    assert await state_of(place, wang, policy) is PolicyState.CLAIMED
    assert code(await ill(place, wang, policy, "heart", in_grace)) == "ILLNESS_CLAIMED"


async def test_premiums_back_that_the_insurer_calls_a_claim_stay_so_once_two_people_have_accepted_it(place: Town) -> None:
    """As one of an earlier release does that had decided before the house was brought up to date: its answer is heard after."""
    wang, day = await place.person("Wang", 200_000), MONDAY + timedelta(days=40)
    policy = await bought(place, wang, "CI10M")
    await insurers.compare_insurer(place.house, MONDAY)
    await place.clock(shanghai(day, 10))
    await paid(place, wang, await ill(place, wang, policy.policy, "cancer", day))
    ((serial, (event, *_)),) = [one for one in place.insurer.events.items() if one[1][0] != "issued"]
    assert event == "claimed"

    async def compared(on: date) -> list[str]:
        return (await insurers.compare_insurer(place.house, on)).wrong

    for _ in range(2):
        (wrong,) = await compared(day)
        assert wrong.startswith(f"request {serial}: ")
        assert wrong.endswith("or accept that it stays as the insurer has it")
    assert not re.search("[a-z]{4}", (day_wording.chinese(wrong) or wrong).replace(serial, ""))
    accepted = ProposeAcceptance(day, insurers.BORDEREAU, "named_otherwise", serial, "decided before its new release")
    await decided(place, await propose(place, accepted))
    assert [await compared(day), await compared(day), await compared(day + timedelta(days=1))] == [[], [], []]
    async with place.house.database.read() as tx:
        (row,) = await tx.fetch("select event, matched_on from policy_event where serial = $1", serial)
    assert (row["event"], row["matched_on"]) == ("claimed", day), "no commission goes back by the insurer's books, and none by ours"


async def test_nothing_is_paid_while_an_early_illness_is_looked_at_and_there_is_time_for_it_after(place: Town) -> None:
    """What the insurer was booking when it was claimed comes back too. Of who withdraws or is refused grace goes on."""
    wang, li = await place.person("Wang", 200_000), await place.person("Li", 200_000)
    one, other = [(await bought(place, person, "CI10M")).policy for person in (wang, li)]
    due, day = date(2014, 3, 25), MONDAY + timedelta(days=40)
    await place.clock(shanghai(day, 10))
    pay, of_li = PayPremium(UUID(one)), PayPremium(UUID(other))
    assert not isinstance(await premiums.pay(place.house, place.envelope(wang), pay), Refusal)
    stands = await ill(place, wang, one, "cancer", day - timedelta(days=1))
    claim = UUID(stands.claim)
    assert await papers(place, wang, claim) == 7_167
    assert code(await assess(place, claim, 7_167)) == "NOT_POSSIBLE_NOW", "the insurer books another one"
    await place.work("insurer", policies.deliver)
    assert (await seen(place, claim))[0].loss == 2 * 7_167
    for answer in (
        await premiums.pay(place.house, place.envelope(wang), pay),
        await premiums.demand(place.house, place.envelope(None), DemandPremium(UUID(one))),
    ):
        assert (code(answer), "a claim is looked at" in answer.text) == ("UNDER_WAY", True)
    assert await found_whole(place, claim) == 2 * 7_167
    assert await place.owed(wang.wallet) == [200_000], "all that was paid"

    first = await ill(place, li, other, "cancer", day)
    await premium_days.collect_premiums(place.house, due + GRACE)
    await place.clock(shanghai(due + GRACE, 10))
    await claims.withdraw(place.house, place.envelope(li), WithdrawClaim(UUID(first.claim)))
    second = UUID((await ill(place, li, other, "heart", day)).claim)
    last = due + GRACE + timedelta(days=5)
    await place.clock(shanghai(last, 24, 10))
    await premium_days.suspend_and_lapse(place.house, last)
    assert await state_of(place, li, other) is PolicyState.IN_FORCE
    assert code(await premiums.pay(place.house, place.envelope(li), of_li)) == "UNDER_WAY"
    await papers(place, li, second)
    await assess(place, second, 0, "no cancer")
    shown = (await standing(place, li, UUID(other)))[2]
    refused = last + timedelta(days=1)
    assert (shown.due_on, shown.grace_until) == (due, refused + timedelta(days=30))
    await place.clock(shanghai(refused + timedelta(days=30), 23))
    assert (await premiums.pay(place.house, place.envelope(li), of_li)).amount == 4 * 7_167


async def test_without_premiums_back_an_early_illness_brings_nothing_and_health_is_asked_for(place: Town) -> None:
    await sell_policies(place.house, HEALTH_FILE.replace("CI10", "CI10N").replace("within_waiting: premiums", "within_waiting: nothing"))
    wang, old = await place.person("Wang", 500_000), await place.person("Zhao", 500_000, identity=identity_of(date(1960, 1, 15)))
    for answers, refusal in (({"lump": "open"}, "DECLINED"), ({"lump": "benign"}, "REFERRED")):
        command = BuyPolicy("CI10N", ["terms"], answers=HEALTHY | answers)
        assert code(await policies.buy(place.house, place.envelope(wang), command)) == refusal
    command = BuyPolicy("CI10N", ["terms"], answers=HEALTHY)
    assert code(await policies.buy(place.house, place.envelope(old), command)) == "TOO_OLD"
    taken = await policies.buy(place.house, place.envelope(wang), command)
    assert isinstance(taken, PolicyTaken), taken
    await place.work("insurer", policies.deliver)
    await place.clock(shanghai(WAITED, 10))
    assert code(await ill(place, wang, taken.policy, "cancer", WAITED - timedelta(days=1))) == "WITHIN_WAITING"
    for wrong, words in (
        ({"illness": ""}, "^illness: an illness is claimed with its group"),
        ({"loss": 5}, "^loss: what an illness brings is known"),
        ({"kind": LossKind.ACCIDENT}, "^illness: an illness is claimed with its group"),
    ):
        said = {"policy": UUID(taken.policy), "kind": LossKind.ILLNESS, "said": "ill", "loss_day": WAITED, "illness": "cancer"} | wrong
        with pytest.raises(BadInput, match=words):
            await claim_notification.notify(place.house, place.envelope(wang), NotifyClaim(**said))


async def test_it_is_given_back_in_its_first_days_and_put_right_when_the_age_was_another(place: Town) -> None:
    wang, li = await place.person("Wang", 200_000), await place.person("Li", 200_000)
    given, kept = (await bought(place, wang)).policy, (await bought(place, li)).policy
    await place.clock(shanghai(MONDAY + timedelta(days=5), 10))
    back = await policies.cancel(place.house, place.envelope(wang), CancelPolicy(UUID(given)))
    assert (back.refund, back.free_look) == (85_000, True), "860.00 less 10.00"
    found = ProposeTrueAge(UUID(kept), date(1983, 1, 15), MONDAY + timedelta(days=4))
    assert isinstance(await decided(place, await propose(place, found)), Approved)
    assert await place.work("insurer", policies.deliver) == []
    async with place.house.database.read() as tx:
        key = (li.book, UUID(kept))
        assert (await insured_store.insured(tx, [key]))[key].sum_insured == half_up(Fraction(100_000_00 * 86_000, 88_800))
