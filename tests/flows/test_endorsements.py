"""Changes of a policy that runs, from the request to the insurer's word and the money: nothing changes before its yes, nothing twice."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from bill_town import MONDAY, Person, Town
from four_eyes import operator
from identities import identity_of
from policy_files import ACCIDENT_FILE, sell_policies

from tapwealth.flows.bank import receipts
from tapwealth.flows.bank.receipts import Pushed
from tapwealth.flows.insurance import claim_notification, delivery, endorsement_outcomes, endorsements, insurers, policies
from tapwealth.flows.insurance.applicants import NamedBeneficiary
from tapwealth.flows.insurance.claim_notification import NotifyClaim
from tapwealth.flows.insurance.claims import ClaimStands
from tapwealth.flows.insurance.endorsements import ChangeBeneficiaries, ChangeOccupation, ChangePolicyAddress, PolicyChanging
from tapwealth.flows.insurance.policies import BuyPolicy, CancelPolicy, PolicyCancelling, PolicyTaken
from tapwealth.insurance import beneficiary_store, endorsement_store, insured_store, store
from tapwealth.insurance.beneficiary import Kin
from tapwealth.insurance.claim import LossKind
from tapwealth.insurance.endorsement_store import EndorsementRow
from tapwealth.insurance.insured_store import InsuredRow
from tapwealth.insurance.insurer import Rejected, Unknown
from tapwealth.insurance.product import OccupationClass
from tapwealth.kernel.clock import shanghai
from tapwealth.kernel.refusal import BadInput, Refusal
from tapwealth.ledger.chart import Kind
from tapwealth.notices import store as notices

TUESDAY = MONDAY + timedelta(days=1)
NINE_LEFT = date(2014, 5, 24)
"""Cover runs from 25 February 2014; told on this day a change counts from 25 May on: nine months are left."""
ONE, TWO, THREE = OccupationClass.ONE, OccupationClass.TWO, OccupationClass.THREE


@pytest.fixture(autouse=True)
async def shelf(place: Town) -> AsyncIterator[None]:
    await sell_policies(place.house)
    yield
    await place.all_books_balance()


async def bought(place: Town, person: Person, occupation: OccupationClass = ONE, product: str = "ACC1") -> UUID:
    taken = await policies.buy(place.house, place.envelope(person), BuyPolicy(product, ["terms"], occupation))
    assert isinstance(taken, PolicyTaken), taken
    await works(place)
    return UUID(taken.policy)


async def works(place: Town, rounds: int = 1) -> list[str]:
    return await place.work("insurer", delivery.deliver, rounds)


async def change(place: Town, person: Person, policy: UUID, occupation: OccupationClass, amount: int | None = None) -> Any:
    return await endorsements.change_occupation(place.house, place.envelope(person), ChangeOccupation(policy, occupation, amount))


async def stands(place: Town, person: Person, policy: UUID) -> tuple[InsuredRow, list[EndorsementRow]]:
    key = (person.book, policy)
    async with place.house.database.read() as tx:
        return (await insured_store.insured(tx, [key]))[key], (await endorsement_store.of_policies(tx, [key]))[key]


def code(answer: Any) -> str:
    assert isinstance(answer, Refusal), answer
    return answer.code.name


async def test_more_dangerous_work_costs_150_for_nine_months_and_goes_to_the_trust(place: Town) -> None:
    wang = await place.person("Wang", 100_000)
    policy = await bought(place, wang)
    await insurers.sweep_premiums(place.house, MONDAY)
    await place.bank_executes(TUESDAY)
    await place.clock(shanghai(NINE_LEFT, 10))
    assert code(await change(place, wang, policy, TWO, 14_999)) == "AMOUNT_DIFFERS"
    place.insurer.script.extend([Unknown("no answer")])
    assert await change(place, wang, policy, TWO, 15_000) == PolicyChanging(str(policy), NINE_LEFT + timedelta(days=1), 15_000)
    assert (await place.owed(wang.wallet), await place.total(Kind.PREMIUM_IN_TRANSIT)) == ([9_000], 15_000)
    assert code(await change(place, wang, policy, TWO)) == "ENDORSEMENT_UNDER_WAY"
    assert code(await policies.cancel(place.house, place.envelope(wang), CancelPolicy(policy))) == "UNDER_WAY"
    assert (await insurers.sweep_premiums(place.house, NINE_LEFT)).figures["policies"] == 0, "the insurer has not accepted it"
    assert (await stands(place, wang, policy))[0].occupation is ONE
    assert await works(place, rounds=3) == ["the insurer does not answer: no answer"]
    insured, (made,) = await stands(place, wang, policy)
    assert (insured.occupation, made.state, made.decided_on) == (TWO, "accepted", NINE_LEFT)
    assert len({order.serial for order in place.insurer.changes}) == 1
    assert (await insurers.sweep_premiums(place.house, NINE_LEFT)).figures == {"policies": 1, "amount": 15_000}
    await place.bank_executes(NINE_LEFT + timedelta(days=1))
    assert (await place.total(Kind.PREMIUM_TRUST), await place.total(Kind.INSURER)) == (-91_000, 91_000)

    asked = await policies.cancel(place.house, place.envelope(wang), CancelPolicy(policy))
    assert isinstance(asked, PolicyCancelling), asked
    assert asked.refund == 72_468, "276 of 365 days of 760.00 and all 276 of 150.00"


async def test_safer_work_gives_150_back_by_the_bank_once(place: Town) -> None:
    wang = await place.person("Wang", 100_000)
    policy = await bought(place, wang, TWO)
    await place.clock(shanghai(NINE_LEFT, 10))
    made = await change(place, wang, policy, ONE)
    assert (made.amount, await place.owed(wang.wallet)) == (-15_000, [4_000])
    await works(place)
    (serial,) = [order.serial for order in place.insurer.changes]
    for _ in range(2):
        pushed = [Pushed(serial, "0100000001", 15_000, NINE_LEFT, "TPINS", "refund")]
        await receipts.receive(place.house, pushed, (endorsement_outcomes.recognise_refunds,))
    assert await place.owed(wang.wallet) == [19_000]
    insured, (one,) = await stands(place, wang, policy)
    assert (insured.occupation, one.refunded_on) == (ONE, NINE_LEFT)
    async with place.house.database.read() as tx:
        told = [each.text_en for each in await notices.notices_of(tx, wang.book, wang.id)]
    assert told[0].startswith("150.00 yuan for the change of policy")


async def test_another_amount_than_was_agreed_waits_in_suspense(place: Town) -> None:
    wang = await place.person("Wang", 100_000)
    policy = await bought(place, wang, TWO)
    await change(place, wang, policy, ONE)
    await works(place)
    (serial,) = [order.serial for order in place.insurer.changes]
    await receipts.receive(
        place.house, [Pushed(serial, "0100000001", 1, MONDAY, "TPINS", "refund")], (endorsement_outcomes.recognise_refunds,)
    )
    assert (await place.owed(wang.wallet), await place.total(Kind.SUSPENSE)) == ([4_000], 1)
    assert await place.breaks(MONDAY) == [("insurer", "refund_differs", True)]


async def test_what_the_insurer_does_not_accept_changes_nothing_and_gives_the_money_back(place: Town) -> None:
    wang = await place.person("Wang", 100_000)
    policy = await bought(place, wang)
    await place.clock(shanghai(NINE_LEFT, 10))
    await change(place, wang, policy, TWO)
    place.insurer.script.append(Rejected("occupation_not_covered"))
    await works(place, rounds=2)
    insured, (made,) = await stands(place, wang, policy)
    assert (insured.occupation, made.state, made.reason) == (ONE, "refused", "occupation_not_covered")
    assert (await place.owed(wang.wallet), await place.total(Kind.PREMIUM_IN_TRANSIT)) == ([24_000], 76_000)
    async with place.house.database.read() as tx:
        assert await tx.fetchval("select sum(amount)::bigint from payment_usage") == 76_000
    assert isinstance(await change(place, wang, policy, TWO), PolicyChanging), "it can be tried again"


async def test_work_that_is_not_covered_ends_the_cover_with_its_refund(place: Town) -> None:
    wang = await place.person("Wang", 100_000)
    policy = await bought(place, wang)
    await place.clock(shanghai(NINE_LEFT, 10))
    assert code(await change(place, wang, policy, THREE, 1)) == "AMOUNT_DIFFERS"
    assert await change(place, wang, policy, THREE) == PolicyChanging(str(policy), NINE_LEFT + timedelta(days=1), -57_468, ends=True)
    await works(place)
    async with place.house.database.read() as tx:
        row = (await store.policies(tx, [(wang.book, policy)]))[wang.book, policy]
    assert (row.state, row.refund, row.cancel_reason) == ("cancelled", 57_468, "occupation class 3 is not covered")
    assert code(await change(place, wang, policy, TWO)) == "NOT_RUNNING"


async def test_a_change_costs_by_the_prices_by_which_it_was_bought(place: Town) -> None:
    """Asked for in the last second of Monday and decided when that date was cut: under Tuesday, at Monday's price."""
    text = ACCIDENT_FILE.replace("ACC1", "ACC3").replace("value: 760.00}", "until: 2014-02-24, value: 760.00}")
    text = text.replace("  premium_class_2:", "  - {from: 2014-02-25, value: 860.00}\n  premium_class_2:")
    await sell_policies(place.house, text)
    wang = await place.person("Wang", 100_000)
    asked = place.envelope(wang)
    await place.clock(shanghai(TUESDAY, 1))
    await place.cut(MONDAY)
    taken = await policies.buy(place.house, asked, BuyPolicy("ACC3", ["terms"]))
    assert isinstance(taken, PolicyTaken), taken
    assert taken.premium == 76_000
    await works(place)
    assert (await change(place, wang, UUID(taken.policy), TWO)).amount == 18_333, "200.00 for eleven of twelve months"


async def test_work_that_is_not_covered_ends_no_cover_while_a_claim_is_looked_at(place: Town) -> None:
    wang = await place.person("Wang", 100_000)
    policy = await bought(place, wang)
    await place.clock(shanghai(NINE_LEFT, 10))
    said = NotifyClaim(policy, LossKind.ACCIDENT, "a fall", NINE_LEFT, 50_000)
    stands = await claim_notification.notify(place.house, place.envelope(wang), said)
    assert isinstance(stands, ClaimStands), stands
    assert code(await change(place, wang, policy, THREE)) == "UNDER_WAY"


async def test_the_price_of_other_work_is_neither_taken_nor_given_back_while_a_death_is_looked_at(place: Town) -> None:
    wang = await place.person("Wang", 200_000)
    policy = await bought(place, wang, TWO)
    await place.clock(shanghai(NINE_LEFT, 10))
    died = claim_notification.NotifyDeath(policy, NINE_LEFT, "a fall")
    stands = await claim_notification.notify_death(place.house, await operator(place, "ops.chen"), died)
    assert isinstance(stands, ClaimStands), stands
    command = ChangeOccupation(policy, ONE)
    async with place.house.database.read() as tx:
        priced = await endorsements.price_of_change(place.house, tx, place.envelope(wang), command)
    for answer in (priced, await change(place, wang, policy, ONE)):
        assert (code(answer), "a claim of this policy is looked at" in answer.text) == ("UNDER_WAY", True)
    assert await place.owed(wang.wallet) == [200_000 - 96_000]
    moved = await endorsements.change_address(place.house, place.envelope(wang), ChangePolicyAddress(policy, "1 Xinjiekou"))
    assert isinstance(moved, PolicyChanging), "whoever is written to is another matter"


async def test_two_changes_at_once_are_one(place: Town) -> None:
    wang = await place.person("Wang", 100_000)
    policy = await bought(place, wang)
    answers = await asyncio.gather(*(change(place, wang, policy, TWO) for _ in range(3)))
    assert sorted(type(one).__name__ for one in answers) == ["PolicyChanging", "Refusal", "Refusal"]
    assert len((await stands(place, wang, policy))[1]) == 1


async def test_what_is_refused(place: Town) -> None:
    wang, li = await place.person("Wang", 100_000), await place.person("Li", 100_000)
    policy = await bought(place, wang)
    life = await bought(place, wang, product="TL20")
    assert code(await change(place, li, policy, TWO)) == "UNKNOWN_POLICY"
    assert code(await change(place, wang, policy, ONE)) == "SAME_AS_BEFORE"
    assert code(await change(place, wang, life, TWO)) == "NOT_BY_OCCUPATION"
    assert code(await change(place, wang, policy, TWO)) == "NO_MONEY"
    for address in ("  ", "x" * 201):
        with pytest.raises(BadInput, match="the address"):
            await endorsements.change_address(place.house, place.envelope(wang), ChangePolicyAddress(policy, address))
    assert (await stands(place, wang, policy))[1] == []


async def test_beneficiaries_and_address_change_once_the_insurer_has_them(place: Town) -> None:
    wang = await place.person("Wang", 100_000)
    policy = await bought(place, wang, product="TL20")
    key = (wang.book, policy)

    async def name(*named: NamedBeneficiary) -> Any:
        return await endorsements.change_beneficiaries(place.house, place.envelope(wang), ChangeBeneficiaries(policy, list(named)))

    async def receive() -> list[str]:
        async with place.house.database.read() as tx:
            return [one.shown_name for one in (await beneficiary_store.beneficiaries(tx, [key]))[key]]

    wife = NamedBeneficiary("赵兰", identity_of(date(1985, 2, 2), male=False), Kin.SPOUSE)
    child = NamedBeneficiary("王小宝", identity_of(date(2008, 5, 1)), Kin.CHILD)
    assert isinstance(await name(wife), PolicyChanging)
    assert await receive() == []
    await works(place)
    assert await receive() == ["*兰"]
    place.insurer.script.append(Rejected("not_in_force"))
    await name(wife, child)
    await works(place)
    assert await receive() == ["*兰"], "what it does not accept is not so"
    await name(child)
    await works(place)
    assert await receive() == ["*宝"]
    await name()
    await works(place)
    assert (await receive(), place.insurer.changes[-1].beneficiaries) == ([], ())
    address = ChangePolicyAddress(policy, "北京市朝阳区建国路1号")
    assert isinstance(await endorsements.change_address(place.house, place.envelope(wang), address), PolicyChanging)
    await works(place)
    assert place.insurer.changes[-1].address == address.address
    async with place.house.database.read() as tx:
        assert not [row for row in await tx.fetch("select payload::text as said from outbox") if "建国" in row["said"]]


async def test_the_bordereau_settles_a_change_in_doubt_and_names_one_that_differs(place: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tapwealth.flows.end_of_day.PATIENCE_SECONDS", 0)
    wang = await place.person("Wang", 100_000)
    policy = await bought(place, wang, TWO)
    place.insurer.script.append(Unknown("no answer"))
    await change(place, wang, policy, ONE)
    await works(place)
    (order,) = place.insurer.changes
    await place.cut(MONDAY)
    report = await insurers.compare_insurer(place.house, MONDAY)
    assert ([one["state"] for one in report.figures["in_doubt"]], report.wrong) == (["occupation"], [])
    place.insurer.events[order.serial] = ("endorsed", order.policy_number, order.amount + 1, MONDAY)
    (wrong,) = (await insurers.compare_insurer(place.house, MONDAY)).wrong
    assert f"request {order.serial} (endorsed) is" in wrong
    place.insurer.events[order.serial] = ("endorsed", order.policy_number, order.amount, MONDAY)
    report = await insurers.compare_insurer(place.house, MONDAY)
    assert (report.wrong, report.figures["in_doubt"]) == ([], [])
    assert report.figures["refunds_awaited"] == [{"item": order.serial, "amount": 20_000}]
    assert (await stands(place, wang, policy))[0].occupation is ONE
