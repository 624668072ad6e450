"""Whom a policy insures and what was disclosed: answers that load, refer and decline; they stand in the record of the sale."""

import asyncio
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
from bill_town import MONDAY, Person, Town
from identities import identity_of
from policy_files import ACCIDENT_FILE, ASKING_FILE, SCREEN_FILE, sell_policies

from tapwealth.flows import reports
from tapwealth.flows.catalogue import sales
from tapwealth.flows.insurance import policies, renewals
from tapwealth.flows.insurance.applicants import InsuredPerson, NamedBeneficiary, lookup_of
from tapwealth.flows.insurance.policies import BuyPolicy, CancelPolicy, InsuredPhone, PolicyCancelling, PolicyTaken
from tapwealth.flows.insurance.renewals import Renewed
from tapwealth.insurance import beneficiary_store, insured_store, store
from tapwealth.insurance.applicant import Relation
from tapwealth.insurance.beneficiary import Kin
from tapwealth.insurance.premium_store import Mandate
from tapwealth.kernel.clock import shanghai
from tapwealth.kernel.masked import IdentityNumber
from tapwealth.kernel.refusal import BadInput, Refusal

FATHER = identity_of(date(1984, 1, 15))
BORN = date(2008, 5, 1)
CHILD = InsuredPerson(Relation.CHILD, "王小宝", identity_of(BORN), BORN)
CHILDREN_FILE = (
    ACCIDENT_FILE.replace("product: ACC1", "product: KID")
    .replace("sum_insured: 400000.00", "sum_insured: 150000.00")
    .replace("value: 760.00", "value: 100.00")
    .replace("{youngest: 18, oldest: 65}", "{youngest: 0, oldest: 17}")
)


async def buy(place: Town, person: Person, product: str = "TL20", **said: Any) -> Any:
    confirmed = ["terms", *said.pop("confirmed", [])]
    return await policies.buy(place.house, place.envelope(person), BuyPolicy(product, confirmed, **said))


def code(answer: Any) -> str:
    assert isinstance(answer, Refusal), answer
    return answer.code.name


async def test_answers_load_the_premium_refer_or_decline_and_are_sealed_with_the_sale(place: Town) -> None:
    await sell_policies(place.house, ASKING_FILE)
    wang = await place.person("Wang", 100_000)
    assert code(await buy(place, wang)) == "NOT_ANSWERED"
    assert code(await buy(place, wang, answers={"smoking": "never", "heart": "severe"})) == "DECLINED"
    assert code(await buy(place, wang, answers={"smoking": "daily", "heart": "treated"})) == "REFERRED"
    with pytest.raises(BadInput, match="is no answer"):
        await buy(place, wang, answers={"smoking": "seldom", "heart": "none"})
    assert await place.owed(wang.wallet) == [100_000]
    loaded = {"smoking": "daily", "heart": "mild"}
    assert code(await buy(place, wang, answers=loaded, premium=22_500)) == "PREMIUM_DIFFERS"
    taken = await buy(place, wang, answers=loaded, premium=29_250)
    assert isinstance(taken, PolicyTaken), taken
    assert await place.owed(wang.wallet) == [100_000 - 29_250]
    key = (wang.book, UUID(taken.policy))
    async with place.house.database.read() as tx:
        assert (await insured_store.insured(tx, [key]))[key].loading_permille == 300
        sold = await sales.shown(place.house, tx, place.house.all_books, key[1])
    assert not isinstance(sold, Refusal)
    terms = sold.record["terms"]
    assert {name: terms[name] for name in ("answer smoking", "answer heart", "loading_permille")} == {
        "answer smoking": "daily", "answer heart": "mild", "loading_permille": 300,
    }  # fmt: skip
    assert sold.shown is not None
    asked = {fact.name: fact.text for fact in sold.shown.facts}
    assert asked["您是否吸烟"] == "从不 (never)；偶尔 (sometimes)；每天 (daily)"


async def test_parents_insure_a_child_up_to_what_is_left_of_its_cap_whoever_asks(place: Town) -> None:
    """Two parents in different books ask for 150,000 each at the same moment: a child under ten has 200,000 by all policies."""
    await sell_policies(place.house, CHILDREN_FILE)
    parents = [await place.person(name, 1_000_000, identity=FATHER) for name in ("Wang", "Zhao")]
    assert parents[0].book != parents[1].book
    answers = await asyncio.gather(*(buy(place, one, "KID", insured=CHILD) for one in parents))
    (taken,) = [one for one in answers if isinstance(one, PolicyTaken)]
    (refused,) = [one for one in answers if isinstance(one, Refusal)]
    assert (refused.code.name, "50,000.00 are left" in str(refused)) == ("ABOVE_MINORS_CAP", True)
    assert sum(await place.owed(*(one.wallet for one in parents))) == 2_000_000 - 10_000

    owner = parents[answers.index(taken)]
    assert await place.work("insurer", policies.deliver) == []
    (order,) = place.insurer.orders
    assert (order.name.reveal(), order.identity_number.reveal()) == (CHILD.name, CHILD.identity_number)
    asked = await policies.cancel(place.house, place.envelope(owner), CancelPolicy(UUID(taken.policy)))
    assert isinstance(asked, PolicyCancelling), asked
    await place.work("insurer", policies.deliver)
    other = parents[1 - answers.index(taken)]
    declared = msgspec.structs.replace(CHILD, insured_elsewhere=5_000_001)
    assert code(await buy(place, other, "KID", insured=declared)) == "ABOVE_MINORS_CAP"
    assert isinstance(await buy(place, other, "KID", insured=msgspec.structs.replace(declared, insured_elsewhere=5_000_000)), PolicyTaken)
    async with place.house.database.read() as tx:
        rows = await tx.fetch(
            "select i.relation, i.shown_name, s.record from policy_insured i join sale s on s.book = i.book and s.id = i.policy"
        )
    assert {(row["relation"], row["shown_name"]) for row in rows} == {("child", "*宝")}
    assert not [row for row in rows if CHILD.identity_number in row["record"] or CHILD.name in row["record"]]


async def test_who_cannot_be_insured_or_receive_is_named(place: Town) -> None:
    await sell_policies(place.house, CHILDREN_FILE, ACCIDENT_FILE)
    wang = await place.person("Wang", 1_000_000, identity=FATHER)
    with pytest.raises(BadInput, match=r"^insured\.birthday: 2009-05-01 is not the birthday that the identity number names"):
        await buy(place, wang, "KID", insured=msgspec.structs.replace(CHILD, birthday=date(2009, 5, 1)))
    with pytest.raises(BadInput, match=r"^insured\.identity_number: .* check character"):
        await buy(place, wang, "KID", insured=msgspec.structs.replace(CHILD, identity_number="110105200805010010"))
    with pytest.raises(BadInput, match="this is your own number"):
        await buy(place, wang, "KID", insured=InsuredPerson(Relation.SPOUSE, "王芳", FATHER, date(1984, 1, 15)))
    refused = await buy(place, wang, "ACC1", insured=CHILD)
    assert (code(refused), "the insured person is 5" in str(refused)) == ("TOO_YOUNG", True)
    mother = InsuredPerson(Relation.PARENT, "赵兰", identity_of(date(1955, 2, 2), male=False), date(1955, 2, 2))
    assert code(await buy(place, wang, "ACC1", insured=mother)) == "CONSENT_MISSING"
    half = [
        NamedBeneficiary("王芳", FATHER, Kin.PARENT, share=5_000),
        NamedBeneficiary("赵兰", mother.identity_number, Kin.OTHER, share=4_900),
    ]
    with pytest.raises(BadInput, match=r"^beneficiaries: the shares of rank 1 add up to 99\.00 percent"):
        await buy(place, wang, "KID", insured=CHILD, beneficiaries=half)
    for named, words in (
        ([NamedBeneficiary("小宝", CHILD.identity_number, Kin.OTHER)], r"^beneficiaries\[0\]: this is the insured person"),
        ([NamedBeneficiary("王芳", FATHER, Kin.PARENT)] * 2, r"^beneficiaries\[1\]: this person is named already"),
    ):
        with pytest.raises(BadInput, match=words):
            await buy(place, wang, "KID", insured=CHILD, beneficiaries=named)
    assert await place.owed(wang.wallet) == [1_000_000]


async def test_beneficiaries_are_kept_sealed_and_told_to_the_insurer(place: Town) -> None:
    await sell_policies(place.house, ACCIDENT_FILE, SCREEN_FILE)
    wang = await place.person("Wang", 1_000_000)
    wife = NamedBeneficiary("赵兰", identity_of(date(1985, 2, 2), male=False), Kin.SPOUSE, share=6_667)
    child = NamedBeneficiary("小宝", CHILD.identity_number, Kin.CHILD, share=3_333)
    refused = await policies.buy(
        place.house, place.envelope(wang),
        BuyPolicy("SCREEN", ["terms"], phone=InsuredPhone("490154203237518", MONDAY), beneficiaries=[wife, child]),
    )  # fmt: skip
    assert code(refused) == "NOT_PAID_AT_DEATH"
    taken = await buy(place, wang, "ACC1", beneficiaries=[wife, child])
    assert isinstance(taken, PolicyTaken), taken
    await place.work("insurer", policies.deliver)
    (order,) = place.insurer.orders
    assert [(one.name.reveal(), one.identity_number.reveal(), one.rank, one.share) for one in order.beneficiaries] == [
        ("赵兰", wife.identity_number, 1, 6_667), ("小宝", child.identity_number, 1, 3_333),
    ]  # fmt: skip
    view = reports.views(place.house)["policy/{id}"]
    shown: Any = await view(place.envelope(wang).caller, {"id": taken.policy})
    assert [(one.name, one.relation, one.share) for one in shown.insured.beneficiaries] == [
        ("*兰", "spouse", 6_667),
        ("*宝", "child", 3_333),
    ]
    assert (shown.insured.name, shown.insured.relation) == ("*芳", "self")
    async with place.house.database.read() as tx:
        (record,) = [row["record"] for row in await tx.fetch("select record from sale")]
    assert '"beneficiary 1":"rank 1, 66.67%, spouse"' in record
    assert not [secret for secret in ("赵兰", wife.identity_number) if secret in record]


async def test_a_renewal_insures_the_same_person_for_the_same_beneficiaries(place: Town) -> None:
    await sell_policies(place.house, CHILDREN_FILE)
    wang = await place.person("Wang", 1_000_000, identity=FATHER)
    taken = await buy(place, wang, "KID", insured=CHILD, beneficiaries=[NamedBeneficiary("王芳", FATHER, Kin.PARENT, share=10_000)])
    assert isinstance(taken, PolicyTaken), taken
    await place.work("insurer", policies.deliver)
    ends = taken.to_day
    await place.clock(shanghai(ends - timedelta(days=1), 9))
    async with place.house.database.read() as tx:
        row = (await store.policies(tx, [(wang.book, UUID(taken.policy))]))[wang.book, UUID(taken.policy)]
    mandate = Mandate(wang.book, UUID(int=1), row.id, wang.id, "", 10_000, True, row.applied_at)
    renewed = await renewals.renew(place.house, ends - timedelta(days=1), row, mandate)
    assert isinstance(renewed, Renewed), renewed
    key = (wang.book, renewed.policy)
    async with place.house.database.read() as tx:
        one = (await insured_store.insured(tx, [key]))[key]
        (named,) = (await beneficiary_store.beneficiaries(tx, [key]))[key]
    assert (one.relation, one.shown_name, one.lookup) == (
        Relation.CHILD,
        "*宝",
        lookup_of(place.house, IdentityNumber(CHILD.identity_number)),
    )
    assert (named.shown_name, named.share, named.relation) == ("*芳", 10_000, "parent")
