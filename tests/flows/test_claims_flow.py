"""A claim from the notice to the money, and every way in which it is not paid: by rule, by the house, by the insurer; nothing twice."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from bill_town import MONDAY, Person, Town
from claim_town import (
    EXCESS_FILE,
    NEXT_MONDAY,
    OTHER_IMEI,
    assess,
    claimed,
    crack,
    give,
    insured,
    insurer_answers,
    paid,
    pushed,
    screens,
    seen,
    since_monday,
    texts,
    watch,
)
from evidence_files import heic, jpeg, png
from four_eyes import decided, operator, propose
from policy_files import ACCIDENT_FILE, TERM_LIFE_FILE, sell_policies

from tapwealth.bank import store as bank
from tapwealth.flows import reports, setup
from tapwealth.flows.insurance import claim_notification, claim_papers, claim_recoveries, claims, insurers, policies
from tapwealth.flows.insurance.claim_assessment import ProposeAssessment
from tapwealth.flows.insurance.claim_notification import NotifyClaim, NotifyDeath
from tapwealth.flows.insurance.claim_papers import AskPapers
from tapwealth.flows.insurance.claim_recoveries import ExpectRecovery
from tapwealth.flows.insurance.claims import AppealClaim, WithdrawClaim
from tapwealth.flows.insurance.policies import CancelPolicy
from tapwealth.flows.reports import claim_counter, policy_counter
from tapwealth.flows.reports.policy_counter import PolicyPage
from tapwealth.insurance import claim_store, store
from tapwealth.insurance.claim import ClaimState, LossKind, Paper
from tapwealth.insurance.claim_insurer import ClaimAgreed, ClaimRefused
from tapwealth.insurance.insurer import Unknown
from tapwealth.insurance.policy import PolicyState
from tapwealth.kernel.clock import shanghai
from tapwealth.kernel.refusal import BadInput, Refusal
from tapwealth.ledger.chart import Kind
from tapwealth.notices import store as notices


@pytest.fixture(autouse=True)
async def shelf(place: Town) -> AsyncIterator[None]:
    await sell_policies(place.house, EXCESS_FILE)
    yield
    await place.all_books_balance()


@pytest.fixture
async def wang(place: Town) -> Person:
    return await place.person("Wang", 100_000)


@pytest.fixture
async def policy(place: Town, wang: Person) -> UUID:
    return await since_monday(place, wang)


def code(answer: Any) -> str:
    assert isinstance(answer, Refusal), answer
    return answer.code.name


async def test_a_screen_is_paid_once_less_the_excess_and_a_second_one_is_not(place: Town, wang: Person, policy: UUID) -> None:
    claim = await claimed(place, wang, policy)
    now, _ = await seen(place, claim)
    assert (now.state, now.complete_on, now.due_on) == (ClaimState.ASSESSING, NEXT_MONDAY, NEXT_MONDAY + timedelta(30))
    answer = await assess(place, claim, 80_000)
    assert (answer.state, answer.payable) == ("with_insurer", 75_000)
    assert code(await assess(place, claim, 80_000)) == "NOT_POSSIBLE_NOW"
    await paid(place, claim)
    now, (payment,) = await seen(place, claim)
    assert (now.state, now.paid_on, payment.amount, payment.paid_on) == (ClaimState.PAID, NEXT_MONDAY, 75_000, NEXT_MONDAY)
    assert await place.owed(wang.wallet) == [80_100 + 75_000]
    (order,) = place.insurer.claims
    assert (order.identity, order.amount, order.sum_insured, order.loss_day) == ("screen:1", 75_000, 200_000, NEXT_MONDAY)
    async with place.house.database.read() as tx:
        assert (await store.policies(tx, [(wang.book, policy)]))[wang.book, policy].state is PolicyState.CLAIMED
    assert code(await crack(place, wang, policy)) == "ALL_REPLACED"
    assert code(await policies.cancel(place.house, place.envelope(wang), CancelPolicy(policy))) == "OVER"
    told = list(reversed(await texts(place, wang)))
    assert told[-3].startswith("Your claim of 2014-03-03 (Screen cover) is taken on; send a photo, the invoice")
    assert told[-1] == "750.00 yuan of your claim of 2014-03-03 (Screen cover) are in your balance."


async def test_when_nothing_is_left_to_be_paid_all_of_the_premium_is_earned(place: Town, wang: Person, policy: UUID) -> None:
    async def to_claim_by() -> list[UUID]:
        async with place.house.database.read() as tx:
            return [one.policy for one in await claim_counter.claimable(tx, wang.book, wang.id)]

    claim = await claimed(place, wang, policy)
    assert await to_claim_by() == [policy]
    await assess(place, claim, 80_000)
    await paid(place, claim)
    assert await to_claim_by() == [], "the page offers nothing that would be refused"
    async with place.house.database.read() as tx:
        page = await policy_counter.shown(tx, wang.book, wang.id, policy, "en")
    assert isinstance(page, PolicyPage)
    assert page.loss is None, "nor does the policy's own page"
    before, after = [await reports.earned_premiums(place.house, day) for day in (NEXT_MONDAY - timedelta(days=1), NEXT_MONDAY)]
    assert [(one.premium, one.earned) for one in (*before, *after)] == [(19_900, 327), (19_900, 19_900)]


async def test_what_a_policy_does_not_pay_is_said_at_once(place: Town, wang: Person, policy: UUID) -> None:
    li = await place.person("Li", 100_000)
    assert code(await crack(place, li, policy)) == "UNKNOWN_POLICY"
    assert code(await crack(place, wang, uuid4())) == "UNKNOWN_POLICY"
    assert code(await crack(place, wang, policy, NEXT_MONDAY - timedelta(1))) == "WITHIN_WAITING"
    assert code(await crack(place, wang, policy, MONDAY)) == "BEFORE_COVER"
    assert code(await crack(place, wang, policy, NEXT_MONDAY + timedelta(1))) == "LOSS_AHEAD"
    assert code(await crack(place, wang, policy, imei=OTHER_IMEI)) == "OTHER_DEVICE"
    for wrong in (
        NotifyClaim(policy, LossKind.SCREEN, "x", NEXT_MONDAY, 1),
        NotifyClaim(policy, LossKind.SCREEN, " ", NEXT_MONDAY, 1, "490154203237518"),
        NotifyClaim(policy, LossKind.SCREEN, "x", NEXT_MONDAY, 0, "490154203237518"),
        NotifyClaim(policy, LossKind.SCREEN, "x", NEXT_MONDAY, 1, "490154203237519"),
        NotifyClaim(policy, LossKind.SCREEN, "x", None, 1, "490154203237518"),
        NotifyClaim(policy, LossKind.PAYMENT, "x"),
        NotifyClaim(policy, LossKind.PAYMENT, "x", NEXT_MONDAY, tap=UUID(int=1)),
    ):
        with pytest.raises(BadInput):
            await claim_notification.notify(place.house, place.envelope(wang), wrong)
    other = NotifyClaim(policy, LossKind.ACCIDENT, "x", NEXT_MONDAY, 1)
    assert code(await claim_notification.notify(place.house, place.envelope(wang), other)) == "OTHER_LOSS"
    async with place.house.database.transaction() as tx:
        assert await claim_store.claims_of(tx, wang.book, wang.id) == []


async def test_what_is_missing_is_asked_for_once(place: Town, wang: Person, policy: UUID) -> None:
    claim = UUID((await crack(place, wang, policy)).claim)

    async def ask(*papers: Paper) -> Any:
        return await claim_papers.ask(place.house, await operator(place, "ops.chen"), AskPapers(claim, list(papers)))

    assert code(await assess(place, claim, 10_000)) == "NOT_POSSIBLE_NOW"
    assert (await ask(Paper.POLICE)).papers == ["photo", "invoice", "police"]
    assert code(await ask(Paper.OTHER)) == "ASKED_BEFORE"
    assert (await texts(place, wang))[0].endswith("the police report are still needed; this is asked once.")
    assert (await give(place, wang, claim, Paper.PHOTO, jpeg())).missing == ["invoice", "police"]
    assert (await give(place, wang, claim, Paper.INVOICE, png(), "image/png")).missing == ["police"]
    await place.clock(shanghai(NEXT_MONDAY + timedelta(3), 9))
    kept = await give(place, wang, claim, Paper.POLICE, heic(), "image/heic")
    assert (kept.missing, kept.state) == ([], "assessing")
    assert (await seen(place, claim))[0].complete_on == NEXT_MONDAY + timedelta(3)
    with pytest.raises(BadInput, match="nothing is asked"):
        await ask()
    assert (
        code(await claim_papers.ask(place.house, await operator(place, "ops.chen"), AskPapers(uuid4(), [Paper.OTHER]))) == "UNKNOWN_CLAIM"
    )


async def test_above_the_limit_two_people_decide(place: Town, wang: Person, policy: UUID) -> None:
    claim = await claimed(place, wang, policy, loss=190_000)
    assert code(await assess(place, claim, 0, "scratches only")) == "FOUR_EYES"
    wanted = ProposeAssessment(claim, 190_000)
    proposal = await propose(place, wanted)
    same = await setup.approve(place.house, await operator(place, "ops.chen"), setup.Approve(proposal))
    assert code(same) == "SAME_PERSON"
    assert not isinstance(await decided(place, proposal), Refusal)
    now, (payment,) = await seen(place, claim)
    assert (now.state, payment.amount) == (ClaimState.WITH_INSURER, 150_000), "no more than the limit per loss"
    answer = await setup.propose(place.house, await operator(place, "ops.chen"), wanted)
    assert code(answer) == "NOT_POSSIBLE_NOW"


async def test_what_was_proposed_before_the_claimant_was_heard_is_not_approved_after_it(place: Town, wang: Person, policy: UUID) -> None:
    claim = await claimed(place, wang, policy, loss=190_000)
    before, other = [await propose(place, ProposeAssessment(claim, 0, reason)) for reason in ("scratches only", "no scratch either")]
    await place.clock(shanghai(NEXT_MONDAY, 10))
    await give(place, wang, claim, Paper.OTHER, jpeg(comment=b"from the other side"))
    assert code(await decided(place, before)) == "NOT_POSSIBLE_NOW"
    again = await propose(place, ProposeAssessment(claim, 0, "scratches on both sides"))
    assert not isinstance(await decided(place, again), Refusal)
    await place.clock(shanghai(NEXT_MONDAY, 11))
    await claims.appeal(place.house, place.envelope(wang), AppealClaim(claim, "look at the photo again"))
    assert code(await decided(place, other)) == "NOT_POSSIBLE_NOW"
    assert (await seen(place, claim))[0].state is ClaimState.APPEALED


async def test_a_refusal_is_told_with_its_reason_and_appealed_against_once(place: Town, wang: Person, policy: UUID) -> None:
    claim = await claimed(place, wang, policy)
    with pytest.raises(BadInput):
        await assess(place, claim, 0)
    assert code(await assess(place, claim, 80_001)) == "MORE_THAN_CLAIMED"
    nothing = await assess(place, claim, 5_000)
    assert (code(nothing), nothing.text) == ("NOTHING_PAYABLE", "nothing of it is payable: 50.00 excess; refuse it with the reason")
    assert (await assess(place, claim, 0, "scratches only")).state == "refused"
    now, _ = await seen(place, claim)
    assert (now.told_on, now.due_on) == (NEXT_MONDAY, None)
    assert "is not paid: scratches only" in (await texts(place, wang))[0]

    async def appeal() -> Any:
        return await claims.appeal(place.house, place.envelope(wang), AppealClaim(claim, "look at the photo again"))

    assert (await appeal()).state == "appealed"
    assert code(await appeal()) == "APPEALED_BEFORE"
    await assess(place, claim, 45_000)
    place.insurer.claim_script.append(ClaimRefused("wear", NEXT_MONDAY - timedelta(5)))
    assert await insurer_answers(place) == []
    now, _ = await seen(place, claim)
    assert (now.state, now.reason, now.refused_on) == (ClaimState.REFUSED, "wear", NEXT_MONDAY - timedelta(5))
    assert ("claims", "told_late", True) in await place.breaks(NEXT_MONDAY)
    assert code(await appeal()) == "APPEALED_BEFORE"
    assert await place.owed(wang.wallet) == [80_100]


async def test_a_refusal_says_why_what_was_paid_and_what_can_be_done_each_time(place: Town, wang: Person, policy: UUID) -> None:
    claim = await claimed(place, wang, policy)
    await assess(place, claim, 30_000, certain=True)
    await paid(place, claim)
    await assess(place, claim, 0, "the rest is scratches.")
    await claims.appeal(place.house, place.envelope(wang), AppealClaim(claim, "look at the photo again"))
    await assess(place, claim, 45_000)
    place.insurer.claim_script.append(ClaimRefused("claimed_before", NEXT_MONDAY))
    assert await insurer_answers(place) == []
    said = "Your claim of 2014-03-03 (Screen cover) is not paid beyond 250.00 yuan: "
    second, first = (await texts(place, wang))[:2]
    assert first == f"{said}the rest is scratches. You can appeal within 60 days."
    assert second == f"{said}the same was paid for before. The appeal is decided; a court decides further."
    async with place.house.database.read() as tx:
        chinese = (await notices.notices_of(tx, wang.book, wang.id))[0].text_zh
    assert chinese.endswith("除已赔付的250.00元外未获赔付，理由：该损失此前已经赔付。申诉已审结，如有异议可向人民法院起诉。")


async def test_an_unknown_answer_is_inquired_and_another_amount_waits_in_suspense(place: Town, wang: Person, policy: UUID) -> None:
    claim = await claimed(place, wang, policy)
    await assess(place, claim, 80_000)
    place.insurer.claim_script.extend([Unknown("no answer"), Unknown("no answer")])
    failures = await insurer_answers(place, rounds=2)
    assert failures == ["the insurer says that the request never came; it is sent again"] * 2
    (serial,) = {one.serial for one in place.insurer.claims}
    place.insurer.claim_script.append(ClaimAgreed(75_001))
    assert "agrees to 750.01 of 750.00" in (await insurer_answers(place))[0]
    place.insurer.claim_script.append(Unknown("no answer"))
    place.insurer.claim_inquiries.append(ClaimAgreed(56_250))
    assert await insurer_answers(place) == []
    await pushed(place, serial, 56_251)
    assert (await place.total(Kind.SUSPENSE), (await seen(place, claim))[0].state) == (56_251, ClaimState.AGREED)
    assert ("claims", "payment_differs", True) in await place.breaks(NEXT_MONDAY)
    assert await place.owed(wang.wallet) == [80_100]


async def test_the_bank_s_money_comes_before_the_insurer_s_word(place: Town, wang: Person, policy: UUID) -> None:
    claim = await claimed(place, wang, policy)
    await assess(place, claim, 80_000)
    (payment,) = (await seen(place, claim))[1]
    await pushed(place, payment.serial, 75_000)
    now, (payment,) = await seen(place, claim)
    assert (now.state, payment.agreed_on, payment.paid_on) == (ClaimState.PAID, NEXT_MONDAY, NEXT_MONDAY)
    assert await insurer_answers(place) == []
    assert (place.insurer.claims, await place.owed(wang.wallet)) == ([], [155_100])


async def test_of_a_lower_sum_too_the_bank_s_money_is_the_insurer_s_word(place: Town, wang: Person, policy: UUID) -> None:
    claim = await claimed(place, wang, policy)
    await assess(place, claim, 80_000)
    await pushed(place, (await seen(place, claim))[1][0].serial, 56_250)
    now, (payment,) = await seen(place, claim)
    assert (now.state, payment.amount, await place.owed(wang.wallet)) == (ClaimState.PAID, 56_250, [80_100 + 56_250])
    assert await insurer_answers(place) == []
    assert await place.breaks(NEXT_MONDAY) == []


async def test_what_is_certain_is_paid_before_the_rest_and_both_stay_within_the_limit(place: Town, wang: Person, policy: UUID) -> None:
    claim = await claimed(place, wang, policy)
    assert (await assess(place, claim, 30_000, certain=True)).payable == 25_000
    await paid(place, claim)
    now, _ = await seen(place, claim)
    assert (now.state, await place.owed(wang.wallet)) == (ClaimState.ASSESSING, [105_100])
    assert code(await claims.withdraw(place.house, place.envelope(wang), WithdrawClaim(claim))) == "NOT_POSSIBLE_NOW"
    assert (await assess(place, claim, 80_000)).payable == 50_000
    await paid(place, claim)
    now, rows = await seen(place, claim)
    assert (now.state, [one.amount for one in rows]) == (ClaimState.PAID, [25_000, 50_000])
    assert (await texts(place, wang))[0].startswith("500.00 yuan of your claim")


async def test_nothing_more_is_decided_while_the_insurer_has_not_answered_for_what_is_certain(
    place: Town, wang: Person, policy: UUID
) -> None:
    """Else what it refuses or lowers of that part would be missing from the whole."""
    claim = await claimed(place, wang, policy)
    await assess(place, claim, 30_000, certain=True)
    for found, certain in ((80_000, False), (40_000, True), (0, False)):
        assert code(await assess(place, claim, found, "x", certain=certain)) == "NOT_POSSIBLE_NOW"
    place.insurer.claim_script.append(ClaimRefused("wear", NEXT_MONDAY))
    assert await insurer_answers(place) == []
    assert (await assess(place, claim, 80_000)).payable == 75_000


async def test_clocks_warn_once_and_once_more_when_they_have_run_out(place: Town, wang: Person, policy: UUID) -> None:
    claim = await claimed(place, wang, policy)
    due = NEXT_MONDAY + timedelta(30)
    assert (await watch(place, due - timedelta(6)))["warned"] == 0
    assert (await watch(place, due - timedelta(5)))["warned"] == 1
    assert (await watch(place, due - timedelta(4)))["warned"] == 0
    assert (await watch(place, due))["warned"] == 0, "its last day counts whole"
    assert (await watch(place, due + timedelta(1)))["warned"] == 1
    assert (await watch(place, due + timedelta(2)))["warned"] == 0
    assert [await place.breaks(day) for day in (due - timedelta(5), due + timedelta(1))] == [
        [("claims", "clock_near", True)],
        [("claims", "clock_passed", True)],
    ]
    await assess(place, claim, 80_000)
    await insurer_answers(place)
    now, _ = await seen(place, claim)
    agreed = due + timedelta(3)
    assert (now.agreed_on, now.due_on, now.warned_on) == (agreed, agreed + timedelta(10), None)
    assert (await watch(place, agreed))["awaited"] == [{"item": (await seen(place, claim))[1][0].serial, "amount": 75_000}]
    assert (await watch(place, agreed + timedelta(6)))["warned"] == 1


async def test_the_clock_of_what_is_certain_runs_beside_that_of_the_decision(place: Town, wang: Person, policy: UUID) -> None:
    claim = await claimed(place, wang, policy)
    certain = NEXT_MONDAY + timedelta(60)
    assert (await watch(place, NEXT_MONDAY + timedelta(31)))["warned"] == 1, "the decision's is over"
    assert [(await watch(place, certain + timedelta(days)))["warned"] for days in (-6, -5, -4, 0, 1, 2)] == [0, 1, 0, 0, 1, 0]
    async with place.house.database.read() as tx:
        noted = [one.text for day in (-5, 1) for one in await bank.breaks(tx, certain + timedelta(day))]
    assert [text.removeprefix(f"claim {claim} ") for text in noted] == [
        f"has to be paid as far as it is certain by {certain} by law; it is assessing",
        f"had to be paid as far as it is certain by {certain} by law; it is assessing",
    ]


async def test_a_claim_is_closed_when_no_appeal_can_come_and_its_files_are_erased_years_later(
    place: Town, wang: Person, policy: UUID
) -> None:
    claim = await claimed(place, wang, policy)
    await propose(place, ProposeAssessment(claim, 0, "mere scratches"))
    await assess(place, claim, 100_00)
    place.insurer.claim_script.append(ClaimRefused("scratches of before", place.biller.now.date()))
    await insurer_answers(place)
    await claims.appeal(place.house, place.envelope(wang), AppealClaim(claim, "no scratches at all"))
    await assess(place, claim, 0, "scratches only")
    assert (await watch(place, NEXT_MONDAY + timedelta(60)))["closed"] == 0
    assert (await watch(place, NEXT_MONDAY + timedelta(61)))["closed"] == 1
    now, _ = await seen(place, claim)
    assert (now.state, now.erase_on) == (ClaimState.CLOSED, date(2020, 2, 25))
    async with place.house.database.read() as tx:
        papers = (await claim_store.papers_of(tx, [(wang.book, claim)]))[wang.book, claim]
    assert (await watch(place, date(2020, 2, 24)))["erased"] == 0
    for erased in (1, 0):
        assert (await watch(place, date(2020, 2, 25)))["erased"] == erased
    assert await words_left(place, "scratches") == [], "nor what operators proposed, the insurer answered and the claimant was told"
    assert (await texts(place, wang))[0].startswith("What was said here of your claim of 2014-03-03 is erased")
    mine = place.envelope(wang).caller
    assert code(await claim_papers.read(place.house, mine, papers[0].id)) == "ERASED"
    view = await reports.views(place.house)["claim/{id}"](mine, {"id": str(claim)})
    assert (view.said, view.reason, view.papers[0].sha256) == ("", "", papers[0].digest.hex()), "words tell as much as files"


async def words_left(place: Town, word: str) -> list[str]:
    """Tables that the program writes, in a row of which it can be read, in bytes too."""
    async with place.house.database.read() as tx:
        tables = await tx.fetch(
            "select tablename from pg_tables where schemaname = 'tapwealth' and has_table_privilege(format('%I.%I', schemaname, tablename),"
            " 'select') order by 1"
        )
        found = [
            f"select '{name}' as name where exists (select from {name} t where strpos(t::text, $1) > 0 or strpos(t::text, $2) > 0)"
            for (name,) in tables
        ]
        return [row["name"] for row in await tx.fetch(" union all ".join(found), word, word.encode().hex())]


async def test_a_death_is_paid_by_the_insurer_to_whom_the_policy_names(place: Town, wang: Person) -> None:
    await sell_policies(place.house, TERM_LIFE_FILE)
    policy = await insured(place, wang, None, "TL20")
    await place.clock(shanghai(NEXT_MONDAY, 9))
    await insurers.begin_cover(place.house, NEXT_MONDAY)

    async def notify(*, own_hand: bool) -> Any:
        command = NotifyDeath(policy, NEXT_MONDAY, "a fall from a ladder", own_hand)
        return await claim_notification.notify_death(place.house, await operator(place, "ops.chen"), command)

    with pytest.raises(BadInput, match="ask operations"):
        await claim_notification.notify(place.house, place.envelope(wang), NotifyClaim(policy, LossKind.DEATH, "x", NEXT_MONDAY, 1))
    assert code(await notify(own_hand=True)) == "BY_OWN_HAND"
    claim = UUID((await notify(own_hand=False)).claim)
    assert code(await notify(own_hand=False)) == "DEATH_CLAIMED", "one dies once"
    asked = ExpectRecovery(claim, 1, "who pushed the ladder")
    assert code(await claim_recoveries.expect(place.house, await operator(place, "ops.chen"), asked)) == "NO_RECOURSE"
    chen = await operator(place, "ops.chen")
    assert (await claim_papers.give(place.house, chen, claim, Paper.DEATH, "image/jpeg", jpeg())).state == "assessing"
    assert code(await assess(place, claim, 10_000_000)) == "FOUR_EYES"
    assert not isinstance(await decided(place, await propose(place, ProposeAssessment(claim, 10_000_000))), Refusal)
    assert await insurer_answers(place) == []
    now, (payment,) = await seen(place, claim)
    assert (now.state, payment.amount, payment.paid_on) == (ClaimState.PAID, 10_000_000, NEXT_MONDAY)
    (order,) = place.insurer.claims
    assert (order.to_named, order.identity) == (True, f"death:{policy}")
    assert await place.owed(wang.wallet) == [100_000 - 22_500], "nothing of it comes to the house"
    assert (await texts(place, wang))[0].endswith("is agreed: the insurer pays 100,000.00 yuan to whom the policy names.")
    async with place.house.database.read() as tx:
        assert (await store.policies(tx, [(wang.book, policy)]))[wang.book, policy].state is PolicyState.CLAIMED
    assert code(await notify(own_hand=False)) == "LIMIT_USED"


async def test_a_death_by_accident_is_paid_to_whom_the_policy_names_and_ends_it(place: Town, wang: Person) -> None:
    await sell_policies(place.house, ACCIDENT_FILE)
    policy = await insured(place, wang, None, "ACC1")
    await place.clock(shanghai(NEXT_MONDAY, 9))
    await insurers.begin_cover(place.house, NEXT_MONDAY)
    before = await place.owed(wang.wallet)
    bruise = NotifyClaim(policy, LossKind.ACCIDENT, "a broken arm", NEXT_MONDAY, 90_000)
    harm = UUID((await claim_notification.notify(place.house, place.envelope(wang), bruise)).claim)
    await give(place, wang, harm, Paper.MEDICAL, jpeg())
    await give(place, wang, harm, Paper.INVOICE, png(), "image/png")
    await assess(place, harm, 90_000)
    await paid(place, harm)
    assert await place.owed(wang.wallet) == [before[0] + 90_000], "what harms the insured is theirs"
    chen = await operator(place, "ops.chen")
    claim = UUID((await claim_notification.notify_death(place.house, chen, NotifyDeath(policy, NEXT_MONDAY, "a fall"))).claim)
    await claim_papers.give(place.house, await operator(place, "ops.chen"), claim, Paper.DEATH, "image/jpeg", jpeg())
    sum_insured = (await seen(place, claim))[0].loss
    assert not isinstance(await decided(place, await propose(place, ProposeAssessment(claim, sum_insured))), Refusal)
    assert await insurer_answers(place) == []
    now, (payment,) = await seen(place, claim)
    assert (now.state, payment.amount) == (ClaimState.PAID, sum_insured - 90_000), "no more than the sum insured in all"
    assert await place.owed(wang.wallet) == [before[0] + 90_000]
    async with place.house.database.read() as tx:
        assert (await store.policies(tx, [(wang.book, policy)]))[wang.book, policy].state is PolicyState.CLAIMED


async def test_nothing_comes_back_of_the_premium_once_a_loss_was_paid(place: Town, wang: Person, policy: UUID) -> None:
    async def cancel() -> Any:
        return await policies.cancel(place.house, place.envelope(wang), CancelPolicy(policy))

    claim = await claimed(place, wang, policy)
    assert code(await cancel()) == "UNDER_WAY"
    await assess(place, claim, 30_000, certain=True)
    await paid(place, claim)
    await assess(place, claim, 0, "the rest is scratches")
    assert (await cancel()).refund == 0


async def test_an_appeal_brings_no_screen_that_another_claim_was_paid_for(place: Town, wang: Person, policy: UUID) -> None:
    refused = await claimed(place, wang, policy, loss=70_000)
    await assess(place, refused, 0, "scratches only")
    second = await claimed(place, wang, policy, loss=70_000)
    await claims.appeal(place.house, place.envelope(wang), AppealClaim(refused, "look at the photo again"))
    await assess(place, second, 70_000)
    assert code(await assess(place, refused, 70_000)) == "ALL_REPLACED"
    await paid(place, second)
    assert code(await assess(place, refused, 70_000)) == "ALL_REPLACED"
    await claims.appeal(place.house, place.envelope(wang), AppealClaim(second, "the shop took more"))
    assert code(await assess(place, second, 70_000)) == "NOTHING_PAYABLE", "its own screen is no other one's"


async def test_while_it_is_being_cancelled_nothing_is_claimed_or_appealed(place: Town, wang: Person) -> None:
    """Its refund was agreed as if there had been no loss."""
    two_screens = await screens(place, wang)
    refused = await claimed(place, wang, two_screens)
    await assess(place, refused, 0, "scratches only")
    appeal = AppealClaim(refused, "look at the photo again")
    cancelling = await policies.cancel(place.house, place.envelope(wang), CancelPolicy(two_screens))
    assert cancelling.refund > 0
    assert code(await crack(place, wang, two_screens)) == "NOT_POSSIBLE_NOW"
    assert code(await claims.appeal(place.house, place.envelope(wang), appeal)) == "NOT_POSSIBLE_NOW"
    assert await place.work("insurer", policies.deliver) == []
    assert (await crack(place, wang, two_screens)).state == "notified", "its last day is covered"
    assert (await claims.appeal(place.house, place.envelope(wang), appeal)).state == "appealed"


async def test_two_phones_that_claim_the_same_screen_at_once_are_told_apart(place: Town, wang: Person, policy: UUID) -> None:
    answers = await asyncio.gather(*(crack(place, wang, policy) for _ in range(4)))
    refused = [one for one in answers if isinstance(one, Refusal)]
    assert [code(one) for one in refused] == ["ALL_REPLACED"] * 3


async def test_withdrawn_it_can_be_claimed_again(place: Town, wang: Person, policy: UUID) -> None:
    claim = await claimed(place, wang, policy)
    assert code(await crack(place, wang, policy)) == "ALL_REPLACED", "one is looked at"
    assert (await claims.withdraw(place.house, place.envelope(wang), WithdrawClaim(claim))).state == "closed"
    assert code(await claims.withdraw(place.house, place.envelope(wang), WithdrawClaim(claim))) == "OVER"
    assert (await crack(place, wang, policy)).state == "notified"
