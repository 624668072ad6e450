"""An untrue answer and another age, found later: two people decide, and the insurer cancels, or scales, or pays back."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from bill_town import MONDAY, NINE, Person, Town
from policy_files import ASKING_FILE, sell_policies

from tapwealth.flows import setup
from tapwealth.flows.frame import Caller, Envelope
from tapwealth.flows.insurance import claims, delivery, policies
from tapwealth.flows.insurance.discoveries import ProposeRescission, ProposeTrueAge
from tapwealth.flows.insurance.policies import BuyPolicy, PolicyTaken
from tapwealth.flows.setup import Approve, Approved, Proposed
from tapwealth.insurance import insured_store, premium_store, store
from tapwealth.kernel.clock import shanghai
from tapwealth.kernel.ids import named
from tapwealth.kernel.refusal import BadInput, Refusal
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
    assert (row.state, row.refund, row.cancel_reason) == ("cancelled", refund, "heart was not answered truthfully")
    assert code(await decided(place, ProposeRescission(policy, "heart", "severe", KNOWN))) == "NOT_RUNNING"
    await place.all_books_balance()


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


async def test_an_age_outside_the_range_ends_the_policy_for_its_refund(place: Town) -> None:
    wang = await place.person("Wang", 100_000)
    policy = await bought(place, wang)
    assert await decided(place, ProposeTrueAge(policy, date(1950, 1, 15), KNOWN)) == Approved("ProposeTrueAge")
    row = await stands(place, wang, policy)
    assert (row.state, row.refund) == ("cancelled", 21_500), "still in the free look: the premium less 10 yuan"
