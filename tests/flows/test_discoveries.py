"""What two people decide about whom a policy insures: answers that are referred; an untrue answer and another age, found later."""

import asyncio
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from bill_town import MONDAY, NINE, Person, Town
from evidence_files import jpeg
from policy_files import ASKING_FILE, sell_policies

from tapwealth.flows import reports, setup
from tapwealth.flows.frame import Caller, Envelope
from tapwealth.flows.insurance import applications, claim_notification, claim_papers, claims, delivery, policies, premiums
from tapwealth.flows.insurance.applications import Applied, ApplyForPolicy, ProposeUnderwriting
from tapwealth.flows.insurance.claim_assessment import ProposeAssessment
from tapwealth.flows.insurance.discoveries import ProposeRescission, ProposeTrueAge
from tapwealth.flows.insurance.policies import BuyPolicy, CancelPolicy, PolicyCancelling, PolicyTaken
from tapwealth.flows.insurance.premiums import PayPremium, PremiumTaken
from tapwealth.flows.setup import Approve, Approved, Proposed
from tapwealth.insurance import insured_store, premium_store, store
from tapwealth.insurance.claim import Paper
from tapwealth.insurance.insurer import Rejected
from tapwealth.kernel.clock import shanghai
from tapwealth.kernel.ids import named
from tapwealth.kernel.refusal import BadInput, Refusal
from tapwealth.notices import store as notices
from tapwealth.storage import operators
from tapwealth.storage.actors import ActorKind
from tapwealth.storage.operators import OperatorRole

KNOWN = MONDAY + timedelta(days=10)


@pytest.fixture(autouse=True)
async def people(place: Town) -> None:
    await sell_policies(place.house, ASKING_FILE)
    async with place.house.database.transaction() as tx:
        for login, staff in (("ops.chen", "10077"), ("ops.wu", "10078")):
            await operators.create(tx, place.house.random64, login, login, [OperatorRole.OPERATIONS], "nobody signs in here", NINE, staff)


def by(place: Town, login: str) -> Envelope:
    place.keys_given += 1
    key = named(NINE, 0, f"{login} {place.keys_given}")
    return Envelope(key, Caller(ActorKind.OPERATOR, f"operator:{login}", "password"), place.biller.now)


async def decided(place: Town, proposal: Any) -> Any:
    """Proposed by one, approved by the other, and told to the insurer."""
    made = await setup.propose(place.house, by(place, "ops.chen"), proposal)
    if isinstance(made, Refusal):
        return made
    assert isinstance(made, Proposed), made
    own = await setup.approve(place.house, by(place, "ops.chen"), Approve(made.proposal))
    assert isinstance(own, Refusal)
    assert own.code.name == "SAME_PERSON"
    answer = await setup.approve(place.house, by(place, "ops.wu"), Approve(made.proposal))
    assert await place.work("insurer", delivery.deliver) == []
    return answer


async def bought(place: Town, person: Person, **answers: str) -> UUID:
    said = {"smoking": "never", "heart": "none"} | answers
    taken = await policies.buy(place.house, place.envelope(person), BuyPolicy("TL20", ["terms"], answers=said))
    assert isinstance(taken, PolicyTaken), taken
    await place.work("insurer", delivery.deliver)
    await place.clock(shanghai(KNOWN, 10))
    return UUID(taken.policy)


async def stands(place: Town, person: Person, policy: UUID) -> Any:
    async with place.house.database.read() as tx:
        return (await store.policies(tx, [(person.book, policy)]))[person.book, policy]


def code(answer: Any) -> str:
    assert isinstance(answer, Refusal), answer
    return answer.code.name


@pytest.mark.parametrize(("on_purpose", "refund"), [(False, 22_500), (True, 0)])
async def test_an_untrue_answer_is_rescinded_by_two_people(place: Town, on_purpose: bool, refund: int) -> None:
    wang = await place.person("Wang", 100_000)
    policy = await bought(place, wang)
    assert code(await decided(place, ProposeRescission(policy, "diabetes", "none", KNOWN))) == "NOT_ASKED"
    assert code(await decided(place, ProposeRescission(policy, "heart", "none", KNOWN))) == "NOT_MATERIAL"
    with pytest.raises(BadInput, match="is no answer"):
        await decided(place, ProposeRescission(policy, "heart", "broken", KNOWN))
    with pytest.raises(BadInput, match="still to come"):
        await decided(place, ProposeRescission(policy, "heart", "severe", KNOWN + timedelta(days=1)))
    assert await decided(place, ProposeRescission(policy, "heart", "severe", KNOWN, on_purpose)) == Approved("ProposeRescission")
    row = await stands(place, wang, policy)
    assert (row.state, row.refund, row.cancel_reason) == ("cancelled", refund, "a question was not answered truthfully")
    async with place.house.database.read() as tx:
        told = (await notices.notices_of(tx, wang.book, wang.id))[0]
    assert told.text_en.endswith(
        "; nothing of its premium comes back." if on_purpose else "; the refund of 225.00 yuan comes from the insurer."
    )
    assert code(await decided(place, ProposeRescission(policy, "heart", "severe", KNOWN))) == "NOT_RUNNING"
    await place.all_books_balance()


@pytest.mark.parametrize("on_purpose", [False, True])
async def test_of_what_was_untrue_on_purpose_no_loss_is_paid_whenever_it_was(place: Town, on_purpose: bool) -> None:
    """Insurance Law article 16; one claim is looked at while the policy is rescinded, another one comes afterwards."""
    wang = await place.person("Wang", 100_000)
    policy = await bought(place, wang)
    async with place.house.database.transaction() as tx:
        await store.begin_cover(tx, [wang.book], KNOWN)

    async def notify() -> Any:
        said = claim_notification.NotifyDeath(policy, KNOWN - timedelta(days=1), "a fall from a ladder")
        return await claim_notification.notify_death(place.house, by(place, "ops.chen"), said)

    before = await notify()
    given = await claim_papers.give(place.house, by(place, "ops.chen"), UUID(before.claim), Paper.DEATH, "image/jpeg", jpeg())
    assert isinstance(given, claim_papers.PaperKept)
    assert given.state == "assessing"
    await decided(place, ProposeRescission(policy, "heart", "severe", KNOWN, on_purpose))
    assert (await stands(place, wang, policy)).state == "cancelled"
    after, found = (
        await notify(),
        await setup.propose(place.house, by(place, "ops.chen"), ProposeAssessment(UUID(before.claim), 10_000_000)),
    )
    if on_purpose:
        assert (code(after), code(found)) == ("RESCINDED", "RESCINDED")
    else:
        assert code(after) == "DEATH_CLAIMED", "nothing else is against it: an untruth by negligence may have done nothing to it"
        assert isinstance(found, Proposed)


async def test_what_the_insurer_does_not_cancel_is_rescinded_for_nothing(place: Town) -> None:
    wang = await place.person("Wang", 100_000)
    policy = await bought(place, wang)
    place.insurer.script.append(Rejected("no proof"))
    assert await decided(place, ProposeRescission(policy, "heart", "severe", KNOWN, True)) == Approved("ProposeRescission")
    row = await stands(place, wang, policy)
    assert (row.cancel_serial, row.rescission, row.rescinded_on_purpose) == (None, None, False)


async def test_what_was_known_for_too_long_is_not_rescinded_though_it_was_proposed_in_time(place: Town) -> None:
    wang = await place.person("Wang", 100_000)
    policy = await bought(place, wang)
    made = await setup.propose(place.house, by(place, "ops.chen"), ProposeRescission(policy, "heart", "severe", KNOWN))
    assert isinstance(made, Proposed), made
    await place.clock(shanghai(KNOWN + timedelta(days=31), 10))
    assert code(await setup.approve(place.house, by(place, "ops.wu"), Approve(made.proposal))) == "KNOWN_TOO_LONG"
    assert (await stands(place, wang, policy)).cancel_serial is None


async def test_an_older_person_is_insured_for_less_and_a_younger_one_pays_less(place: Town) -> None:
    """The number says 15 January 1984: 30 years, 225.00. Born in 1974 it had been 396.12 net, 528.16 gross."""
    wang, li = await place.person("Wang", 100_000), await place.person("Li", 100_000)
    older, younger = await bought(place, wang), await bought(place, li)
    assert code(await decided(place, ProposeTrueAge(older, date(1984, 1, 15), KNOWN))) == "SAME_AS_BEFORE"
    assert await decided(place, ProposeTrueAge(older, date(1974, 1, 15), KNOWN)) == Approved("ProposeTrueAge")
    assert await decided(place, ProposeTrueAge(younger, date(1990, 1, 15), KNOWN)) == Approved("ProposeTrueAge")
    async with place.house.database.read() as tx:
        keys = [(wang.book, older), (li.book, younger)]
        sums = [(await insured_store.insured(tx, keys))[key].sum_insured for key in keys]
        rows = await store.policies(tx, keys)
        claimed = await claims.own_policy(tx, wang.book, wang.id, older)
        premiums = [one.premium for one in (await premium_store.schedules(tx, rows)).values()]
    due = 52_816
    assert isinstance(claimed, claims.Of)
    assert claimed.product.terms.sum_insured == sums[0], "what is paid at most"
    assert sums == [10_000_000 * 22_500 // due + 1, 10_000_000]
    assert sorted(premiums) == sorted([22_500, 22_500 + place.insurer.changes[-1].amount])
    assert [order.amount < 0 for order in place.insurer.changes] == [False, True]
    await place.all_books_balance()


async def test_a_true_age_that_is_found_twice_counts_once(place: Town) -> None:
    wang, li = await place.person("Wang", 100_000), await place.person("Li", 100_000)
    older, younger = await bought(place, wang), await bought(place, li)
    for policy, birthday in ((older, date(1974, 1, 15)), (younger, date(1990, 1, 15))):
        assert await decided(place, ProposeTrueAge(policy, birthday, KNOWN)) == Approved("ProposeTrueAge")
        assert code(await decided(place, ProposeTrueAge(policy, birthday, KNOWN))) == "SAME_AS_BEFORE"
    assert len(place.insurer.changes) == 2


async def test_after_a_correction_a_year_comes_back_at_its_true_price(place: Town) -> None:
    """The second year was bought for the true premium, and none of the first is left."""
    wang = await place.person("Wang", 100_000)
    policy = await bought(place, wang)
    assert await decided(place, ProposeTrueAge(policy, date(1990, 1, 15), KNOWN)) == Approved("ProposeTrueAge")
    true = 22_500 + place.insurer.changes[-1].amount
    await place.clock(shanghai(date(2015, 2, 25), 10))
    assert isinstance(await premiums.pay(place.house, place.envelope(wang), PayPremium(policy)), PremiumTaken)
    assert await place.work("insurer", delivery.deliver) == []
    await place.clock(shanghai(date(2015, 6, 1), 10))
    asked = await policies.cancel(place.house, place.envelope(wang), CancelPolicy(policy))
    assert isinstance(asked, PolicyCancelling), asked
    left = (date(2016, 2, 25) - date(2015, 6, 2)).days
    assert asked.refund == (2 * true * left + 365) // 730


async def test_what_comes_back_of_years_that_are_over_is_not_taken_from_what_is_still_to_be_earned(place: Town) -> None:
    """Of two years 225.00 were paid each when the true age is found, on the 97th day of the second one."""
    wang = await place.person("Wang", 100_000)
    policy, on = await bought(place, wang), date(2015, 6, 1)
    await place.clock(shanghai(date(2015, 2, 25), 10))
    assert isinstance(await premiums.pay(place.house, place.envelope(wang), PayPremium(policy)), PremiumTaken)
    assert await place.work("insurer", delivery.deliver) == []
    await place.clock(shanghai(on, 10))
    assert await decided(place, ProposeTrueAge(policy, date(1990, 1, 15), KNOWN)) == Approved("ProposeTrueAge")
    back = -place.insurer.changes[-1].amount
    (found,) = await reports.earned_premiums(place.house, on)
    true, left = 22_500 - back // 2, (date(2016, 2, 25) - on).days - 1
    assert (found.premium, back % 2) == (2 * true, 0)
    assert abs(found.unearned * 365 - true * left) <= 365


async def test_in_the_free_look_a_corrected_premium_comes_back_once(place: Town) -> None:
    wang = await place.person("Wang", 100_000)
    policy = await bought(place, wang)
    assert await decided(place, ProposeTrueAge(policy, date(1990, 1, 15), KNOWN)) == Approved("ProposeTrueAge")
    asked = await policies.cancel(place.house, place.envelope(wang), CancelPolicy(policy))
    assert isinstance(asked, PolicyCancelling), asked
    assert asked.refund == 22_500 + place.insurer.changes[-1].amount - 1_000


async def test_an_age_outside_the_range_ends_the_policy_for_its_refund(place: Town) -> None:
    wang = await place.person("Wang", 100_000)
    policy = await bought(place, wang)
    assert await decided(place, ProposeTrueAge(policy, date(1950, 1, 15), KNOWN)) == Approved("ProposeTrueAge")
    row = await stands(place, wang, policy)
    assert (row.state, row.refund) == ("cancelled", 21_500), "still in the free look: the premium less 10 yuan"


TREATED = {"smoking": "never", "heart": "treated"}


async def test_what_is_referred_is_bought_once_for_what_two_people_decided(place: Town) -> None:
    wang, li = await place.person("Wang", 100_000), await place.person("Li", 100_000)

    async def apply(**answers: str) -> Any:
        command = ApplyForPolicy("TL20", {**TREATED, **answers})
        return await applications.apply_for(place.house, place.envelope(wang), command)

    async def buy(person: Person, application: UUID, **said: Any) -> Any:
        command = BuyPolicy("TL20", ["terms"], application=application, **said)
        return await policies.buy(place.house, place.envelope(person), command)

    assert code(await apply(heart="none")) == "NOT_REFERRED"
    assert code(await apply(heart="severe")) == "DECLINED"
    made = await apply()
    assert isinstance(made, Applied), made
    application = UUID(made.application)
    assert code(await buy(wang, application)) == "NOT_ACCEPTED"
    assert code(await decided(place, ProposeUnderwriting(UUID(int=1), 0, "fine"))) == "UNKNOWN_APPLICATION"
    with pytest.raises(BadInput, match="the reason is empty"):
        await decided(place, ProposeUnderwriting(application, 400, " "))
    assert await decided(place, ProposeUnderwriting(application, 400, "well treated")) == Approved("ProposeUnderwriting")
    assert code(await decided(place, ProposeUnderwriting(application, 0, "again"))) == "UNKNOWN_APPLICATION"
    assert code(await buy(li, application)) == "UNKNOWN_APPLICATION"
    with pytest.raises(BadInput, match="the application has its answers"):
        await buy(wang, application, answers=TREATED)
    answers = await asyncio.gather(*(buy(wang, application) for _ in range(2)))
    (taken,) = [one for one in answers if isinstance(one, PolicyTaken)]
    assert (taken.premium, await place.owed(wang.wallet)) == (31_500, [68_500]), "225.00 and 400 permille of it"
    assert code(await buy(wang, application)) == "NOT_ACCEPTED"
    async with place.house.database.read() as tx:
        (shown,) = await applications.held(place.house, tx, wang.book, wang.id)
        key = (wang.book, UUID(taken.policy))
        assert (await insured_store.insured(tx, [key]))[key].loading_permille == 400
        assert await applications.waiting(place.house, tx) == []
    assert (shown.state, shown.permille, str(shown.policy)) == ("accepted", 400, taken.policy)


@pytest.mark.parametrize(("permille", "days"), [(None, 1), (0, 31)])
async def test_a_declined_application_and_one_that_is_too_old_buy_nothing(place: Town, permille: int | None, days: int) -> None:
    wang = await place.person("Wang", 100_000)
    made = await applications.apply_for(place.house, place.envelope(wang), ApplyForPolicy("TL20", TREATED))
    assert isinstance(made, Applied), made
    await decided(place, ProposeUnderwriting(UUID(made.application), permille, "by the papers"))
    await place.clock(shanghai(MONDAY + timedelta(days=days), 10))
    command = BuyPolicy("TL20", ["terms"], application=UUID(made.application))
    assert code(await policies.buy(place.house, place.envelope(wang), command)) == "NOT_ACCEPTED"
    assert await place.owed(wang.wallet) == [100_000]
