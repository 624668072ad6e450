"""Claims against the insurer as a real process: what its own books say of several losses of one policy."""

import sqlite3
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest
from bill_town import MONDAY, Town
from claim_town import NEXT_MONDAY, assess, claimed, insured, insurer_answers, pushed, seen, watch
from evidence_files import jpeg
from four_eyes import decided, operator, propose
from identities import identity_of
from insurance_desk import before_the_pages
from policy_files import ACCIDENT_FILE, SCREEN_FILE, sell_policies
from sandbox_partner import TOKEN, SandboxPartner, sandbox_partner

from tapwealth.flows import reports, setup
from tapwealth.flows.insurance import claim_notification, claim_papers, endorsement_outcomes, endorsements, insurers, policies
from tapwealth.flows.insurance.applicants import NamedBeneficiary
from tapwealth.flows.insurance.claim_assessment import ProposeAssessment
from tapwealth.flows.insurance.claim_notification import NotifyDeath
from tapwealth.flows.insurance.endorsements import ChangeBeneficiaries
from tapwealth.flows.insurance.guardians import ProposeGuardian
from tapwealth.flows.insurance.policies import BuyPolicy
from tapwealth.insurance import guardian_store
from tapwealth.insurance.beneficiary import Kin
from tapwealth.insurance.claim import ClaimState, Paper
from tapwealth.insurance.guardian import Guardianship
from tapwealth.insurance.insurer_http import InsurerHttp
from tapwealth.kernel.clock import shanghai
from tapwealth.kernel.ids import book_of
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


async def refused(asking: Town, wanted: ProposeGuardian | ProposeAssessment) -> tuple[str, str]:
    found = await setup.propose(asking.house, await operator(asking, "ops.chen"), wanted)
    assert isinstance(found, Refusal), found
    return found.code.name, found.text


async def who_died(asking: Town, claim: UUID) -> str:
    """The number of the policyholder, by which a town knows nobody else."""
    number = identity_of(date(1984, 1, 15))
    async with asking.house.database.transaction() as tx:
        await tx.execute(
            "update policy_insured i set insured_lookup = $1 from claim c where c.id = $2 and i.book = c.book and i.policy = c.policy",
            asking.house.keys.lookup_hash("identity_number", number),
            claim,
        )
    return number


async def guardian_of_a_child(asking: Town, claim: UUID) -> ProposeGuardian:
    """The one who may act for number 3, after all who may not."""
    files = []
    for paper in (Paper.GUARDIAN, Paper.OTHER):
        chen = await operator(asking, "ops.chen")
        kept = await claim_papers.give(asking.house, chen, claim, paper, "image/jpeg", jpeg(comment=paper.encode()))
        assert not isinstance(kept, Refusal), kept
        files.append(UUID(kept.paper))
    mother = identity_of(date(1985, 2, 2), male=False)
    wanted = ProposeGuardian(claim, 3, "王芳", mother, Guardianship.PARENT, "6200000000000001", files)
    child, young = identity_of(date(2008, 2, 2), male=False), identity_of(date(1996, 3, 6))
    no_proof = "no proof of guardianship is among the files; give one as `guardian`, and name it"
    changes: list[tuple[dict[str, Any], str, str]] = [
        ({"claim": UUID(int=claim.int ^ 1)}, "UNKNOWN_CLAIM", "there is no such claim; /view/claims lists those that are open"),
        ({"number": 4}, "UNKNOWN_RECEIVER", "number 4 receives nothing of this claim; its view lists who does"),
        ({"number": 1}, "NO_CHILD", "number 1 is 59 years old and receives alone; no guardian is named"),
        ({"identity_number": child}, "NOT_A_GUARDIAN", "this is the child; name who acts for it"),
        ({"identity_number": young}, "NOT_A_GUARDIAN", "a guardian is 18 years old or more; name somebody else"),
        ({"identity_number": await who_died(asking, claim)}, "NOT_A_GUARDIAN", "this is who died; name who is the child's guardian now"),
        ({"papers": [UUID(int=1)]}, "NOT_SHOWN", "a file that is named is none of this claim; its view lists what was given"),
        ({"papers": files[1:]}, "NOT_SHOWN", no_proof),
    ]
    for change, code, text in changes:
        assert await refused(asking, msgspec.structs.replace(wanted, **change)) == (code, text)
    for change, said in (
        ({"identity_number": "1"}, "has 1 characters"),
        ({"account": "62"}, "no bank account"),
        ({"papers": []}, "0 files"),
    ):
        with pytest.raises(BadInput, match=said):
            await setup.propose(asking.house, await operator(asking, "ops.chen"), msgspec.structs.replace(wanted, **change))
    same = await setup.approve(asking.house, await operator(asking, "ops.chen"), setup.Approve(await propose(asking, wanted)))
    assert isinstance(same, Refusal)
    assert same.code.name == "SAME_PERSON"
    async with asking.house.database.read() as tx:
        (row,) = await tx.fetch("select proposal::text as content from approval where kind = 'ProposeGuardian'")
        assert not any(one in row["content"] for one in ("王芳", mother, "62000")), "who looks at what waits sees no names"
        assert await guardian_store.guardians_of(tx, (book_of(claim), claim)) == {}, "one alone brings nothing about"
    return wanted


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
            await claim_notification.notify_death(asking.house, chen, NotifyDeath(policy, died, "a fall", died_before=[wrong]))
    claim = UUID((await claim_notification.notify_death(asking.house, chen, NotifyDeath(policy, died, "a fall", died_before=[4]))).claim)
    await claim_papers.give(asking.house, await operator(asking, "ops.chen"), claim, Paper.DEATH, "image/jpeg", jpeg())
    assert await refused(asking, ProposeAssessment(claim, 40_000_000)) == (
        "NEEDS_GUARDIAN",
        "number 3 (*宝) is 6 years old, and a guardian receives for a child; name one: propose_guardian",
    )
    mother = await guardian_of_a_child(asking, claim)
    async with before_the_pages(asking, "Wang", person=wang) as desk:
        assert "受益人 *宝 金额待定 未成年人，须先由银行核实监护人" in (await desk.get(f"/claims/{claim}")).text
        assert not isinstance(await decided(asking, await propose(asking, mother)), Refusal)
        page = (await desk.get(f"/en/claims/{claim}")).text
        assert "Receives: *宝 how much is still open a child: the guardian *芳 (parent) takes it, and it is the child's" in page, page
    await decided(asking, await propose(asking, ProposeAssessment(claim, 40_000_000)))
    assert await insurer_answers(asking) == []
    assert (await seen(asking, claim))[0].state is ClaimState.PAID
    assert await refused(asking, mother) == ("NOT_POSSIBLE_NOW", "the claim is paid: whom it is paid to is settled")
    view = await reports.views(asking.house)["claim/{id}"](chen.caller, {"id": str(claim)})
    assert [(one.number, one.child, one.guardian and one.guardian.name) for one in view.receivers] == [
        (1, False, None), (2, False, None), (3, True, "*芳"),
    ]  # fmt: skip
    assert insurer.get("/admin/store").json()["guardians"] == [["2014-03-03", 2, "parent"]]
    with sqlite3.connect(insurer.store) as books:
        assert books.execute("SELECT name, account, words FROM guardian").fetchall() == [
            ("王芳", "6200000000000001", "小宝（未成年人）保险金，监护人王芳代收，归小宝所有")
        ]
    assert [(one.name, one.amount) for one in view.receivers] == [("*兰", 13_333_334), ("*芳", 13_333_333), ("*宝", 13_333_333)]
    assert [one[2:] for one in insurer.get("/admin/store").json()["receivers"]] == [[0, 13_333_334], [1, 13_333_333], [2, 13_333_333]]
    await watch(asking, date(2014, 5, 6))
    await watch(asking, (await seen(asking, claim))[0].erase_on or MONDAY)
    async with asking.house.database.read() as tx:
        (gone,) = (await guardian_store.guardians_of(tx, (book_of(claim), claim))).values()
    assert (gone.sealed, gone.lookup, gone.shown_name, gone.relation) == (b"", b"", "", "parent"), "that there was one stays"
