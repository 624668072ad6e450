"""Policies come from the catalogue alone: what is on sale can be bought, and each policy goes on by the version on which it was bought."""

from datetime import timedelta
from typing import Any

import pytest
from bill_town import MONDAY, NINE, Person, Town
from fund_files import put_on_sale
from policy_files import ACCIDENT_FILE, SCREEN_FILE, TERM_LIFE_FILE
from product_files import changed

from tapwealth.catalogue import store
from tapwealth.catalogue.definition import ProductKind
from tapwealth.catalogue.eligible import EligibilityRefusal
from tapwealth.catalogue.version import ProductRefusal, State
from tapwealth.flows import reports
from tapwealth.flows.catalogue import products, sales
from tapwealth.flows.catalogue.kinds import shape_of
from tapwealth.flows.catalogue.products import CloseProduct, DraftProduct, read_file
from tapwealth.flows.frame import Caller, Envelope
from tapwealth.flows.insurance import policies
from tapwealth.flows.insurance.policies import BuyPolicy, CancelPolicy, PolicyCancelling, PolicyTaken
from tapwealth.flows.insurance.policy_offer import policy_offer
from tapwealth.flows.reports import claim_counter, policy_counter
from tapwealth.insurance import store as policy_store
from tapwealth.insurance.buy import BuyRefusal
from tapwealth.insurance.premium import QuoteRefusal
from tapwealth.insurance.product import OccupationClass
from tapwealth.insurance.store import PolicyRow
from tapwealth.kernel.clock import shanghai
from tapwealth.kernel.ids import named
from tapwealth.kernel.refusal import BadInput, Refusal
from tapwealth.storage import operators
from tapwealth.storage.actors import ActorKind
from tapwealth.storage.operators import OperatorRole


@pytest.fixture(autouse=True)
async def people(place: Town) -> None:
    async with place.house.database.transaction() as tx:
        for login, staff in (("pm.zhou", "10023"), ("pm.zhou2", "10023"), ("ops.chen", "10077")):
            roles = [OperatorRole.PRODUCT_MANAGER, OperatorRole.OPERATIONS]
            await operators.create(tx, place.house.random64, login, login, roles, "nobody signs in here", NINE, staff)


def by(place: Town, login: str) -> Envelope:
    place.keys_given += 1
    key = named(NINE, 0, f"{login} {place.keys_given}")
    return Envelope(key, Caller(ActorKind.OPERATOR, f"operator:{login}", "password"), place.biller.now)


async def sell(place: Town, *changes: tuple[str, str], text: str = ACCIDENT_FILE, checker: str = "ops.chen") -> Refusal | None:
    """Drafted by one, reviewed and approved by the other."""
    definition = read_file(changed(*changes, text=text)).definition
    return await put_on_sale(place.house, lambda login: by(place, login), definition, checker=checker)


async def covered(place: Town, person: Person) -> tuple[list[str], list[str]]:
    """First and last days of cover as the pages show them: among policies, and where a loss is claimed."""
    async with place.house.database.read() as tx:
        held = await policy_counter.held(tx, person.book, person.id)
        claimable = await claim_counter.claimable(tx, person.book, person.id)
    return [f"{one.first} {one.last}" for one in held], [f"{one.first} {one.last}" for one in claimable]


async def buy(place: Town, person: Person, product: str = "ACC1", **said: Any) -> Any:
    return await policies.buy(place.house, place.envelope(person), BuyPolicy(product, ["terms"], **said))


async def newest(place: Town, person: Person) -> PolicyRow:
    async with place.house.database.read() as tx:
        return (await policy_store.policies_of(tx, person.book, person.id))[0]


def code(answer: Any) -> Any:
    assert isinstance(answer, Refusal), answer
    return answer.code


async def states(place: Town, product: str = "ACC1") -> list[State]:
    async with place.house.database.read() as tx:
        return [one.state for one in (await store.versions_of(tx, [product], shape_of))[product]]


async def test_a_policy_is_bought_once_a_second_person_has_put_it_on_sale(place: Town) -> None:
    wang = await place.person("Wang", 100_000)
    assert code(await buy(place, wang)) is BuyRefusal.UNKNOWN_PRODUCT
    made = await products.draft(place.house, by(place, "pm.zhou"), DraftProduct(ACCIDENT_FILE))
    assert not isinstance(made, Refusal), made
    assert code(await buy(place, wang)) is BuyRefusal.NOT_SOLD_NOW
    for checker in ("pm.zhou", "pm.zhou2"):
        review = products.ReviewProduct("ACC1", 1)
        assert code(await products.review(place.house, by(place, checker), review)) is ProductRefusal.SAME_PERSON
    for flow, command in ((products.review, products.ReviewProduct), (products.approve, products.ApproveProduct)):
        done: Any = await flow(place.house, by(place, "ops.chen"), command("ACC1", 1))
        assert not isinstance(done, Refusal), done
    taken = await buy(place, wang)
    assert isinstance(taken, PolicyTaken), taken
    assert (taken.premium, (await newest(place, wang)).version) == (76_000, 1)


async def test_a_later_version_sets_the_price_of_what_is_bought_from_then_on(place: Town) -> None:
    wang, li = await place.person("Wang", 100_000), await place.person("Li", 100_000)
    assert await sell(place) is None
    first = await buy(place, wang)
    assert await sell(place, ("value: 760.00", "value: 800.00"), ("cancellation: unearned", "cancellation: unearned_less_loading")) is None
    second = await buy(place, li)
    assert (first.premium, second.premium) == (76_000, 80_000)
    assert [(await newest(place, one)).version for one in (wang, li)] == [1, 2]
    async with place.house.database.read() as tx:
        said = [await sales.shown(place.house, tx, place.house.all_books, (await newest(place, one)).id) for one in (wang, li)]
    assert [one.record["version"] for one in said if not isinstance(one, Refusal)] == [1, 2]
    assert [one.shown.version for one in said if not isinstance(one, Refusal) and one.shown] == [1, 2]


async def test_a_policy_is_cancelled_by_the_rule_under_which_it_was_bought(place: Town) -> None:
    """Both cancelled before cover begins: 760.00 come back in full under the first version, less 35 percent under the second."""
    wang, li = await place.person("Wang", 100_000), await place.person("Li", 100_000)
    assert await sell(place) is None
    await buy(place, wang)
    assert await sell(place, ("cancellation: unearned", "cancellation: unearned_less_loading")) is None
    await buy(place, li)
    await products.close(place.house, by(place, "ops.chen"), CloseProduct("ACC1", 2, "no longer offered"))
    assert code(await buy(place, wang)) is BuyRefusal.NOT_SOLD_NOW
    assert await place.work("insurer", policies.deliver, rounds=2) == []
    refunds = []
    assert await covered(place, wang) == (["2014-02-25 2015-02-24"], ["2014-02-25 2015-02-24"])
    for person in (wang, li):
        policy = await newest(place, person)
        asked = await policies.cancel(place.house, place.envelope(person), CancelPolicy(policy.id))
        assert isinstance(asked, PolicyCancelling), asked
        refunds.append(asked.refund)
    assert refunds == [76_000, 49_400]
    assert await place.work("insurer", policies.deliver, rounds=2) == []
    assert await covered(place, wang) == (["2014-02-25 2014-02-24"], []), "not a day: nothing of it can be claimed"


async def test_of_a_cancelled_policy_the_days_are_shown_that_it_covered(place: Town) -> None:
    wang = await place.person("Wang", 100_000)
    assert await sell(place) is None
    await buy(place, wang)
    assert await place.work("insurer", policies.deliver, rounds=2) == []
    await place.clock(shanghai(MONDAY + timedelta(days=3), 9))
    await policies.cancel(place.house, place.envelope(wang), CancelPolicy((await newest(place, wang)).id))
    assert await place.work("insurer", policies.deliver, rounds=2) == []
    assert await covered(place, wang) == (["2014-02-25 2014-02-27"], ["2014-02-25 2014-02-27"])


async def test_a_closed_product_s_policy_is_shown_by_its_name_and_version(place: Town) -> None:
    wang = await place.person("Wang", 100_000)
    assert await sell(place) is None
    await buy(place, wang)
    await products.close(place.house, by(place, "ops.chen"), CloseProduct("ACC1", 1, "no longer offered"))
    assert await sell(place, ("en: 'Accident, one year'", "en: 'Accident, new'")) is None
    view = reports.views(place.house)["policy/{id}"]
    shown: Any = await view(place.envelope(wang).caller, {"id": str((await newest(place, wang)).id)})
    assert (shown.shown.product_en, shown.shown.code, shown.shown.version) == ("Accident, one year", "ACC1", 1)


async def test_the_price_of_the_day_is_paid(place: Town) -> None:
    wang = await place.person("Wang", 1_000_000)
    dated = "until: 2014-02-24, value: 760.00}\n  - {from: 2014-02-25, value: 800.00}"
    assert await sell(place, ("from: 2014-01-01, value: 760.00}", f"from: 2014-02-24, {dated}")) is None
    assert (await buy(place, wang)).premium == 76_000
    await place.clock(shanghai(MONDAY + timedelta(days=1), 0))
    assert (await buy(place, wang)).premium == 80_000


async def test_nothing_is_sold_before_there_is_a_price_or_outside_its_window(place: Town) -> None:
    wang = await place.person("Wang", 1_000_000)
    assert await sell(place, ("from: 2014-01-01", "from: 2014-02-25")) is None
    assert code(await buy(place, wang)) is QuoteRefusal.NO_PRICE
    assert (await buy(place, wang, occupation=OccupationClass.TWO)).premium == 96_000
    window = "\nsale: {opens: 2014-02-24T10:00:00+08:00, closes: 2014-02-24T11:00:00+08:00}\n"
    assert await sell(place, ("oldest: 65}\n", "oldest: 65}" + window)) is None
    for hour, sold in ((9, False), (10, True), (11, False)):
        await place.clock(shanghai(MONDAY, hour))
        answer = await buy(place, wang)
        assert isinstance(answer, PolicyTaken) if sold else code(answer) is BuyRefusal.NOT_SOLD_NOW


async def test_who_may_not_buy_is_told_why(place: Town) -> None:
    young, old = await place.person("Young", 100_000, identity="110105200001011035"), await place.person("Old", 100_000)
    first = await place.person("First", 100_000, level=1)
    assert await sell(place, ("{youngest: 18, oldest: 65}", "{kyc_class: 2, youngest: 18, oldest: 29}")) is None
    for person, reason, words in (
        (young, EligibilityRefusal.TOO_YOUNG, "is for people from 18 years of age; you are 14"),
        (old, EligibilityRefusal.TOO_OLD, "is for people up to 29 years of age; you are 30"),
        (first, EligibilityRefusal.ACCOUNT_CLASS, "is for accounts of class II and above; yours is class I"),
    ):
        refused = await buy(place, person)
        assert code(refused) is reason
        assert words in str(refused)
    assert await place.owed(young.wallet, old.wallet, first.wallet) == [100_000, 100_000, 100_000]


async def test_a_policy_that_names_a_phone_is_put_on_sale_as_every_other(place: Town) -> None:
    assert await sell(place, text=SCREEN_FILE) is None
    assert await states(place, "SCREEN") == [State.ON_SALE]
    async with place.house.database.read() as tx:
        found = await store.sold_as(tx, ProductKind.INSURANCE, "SCREEN", shape_of(ProductKind.INSURANCE))
    assert found is not None
    said = policy_offer(found, "en")
    assert said.warnings[-2] == "A loss within 7 days from the day on which the policy is issued is not paid."
    assert (
        said.warnings[-1]
        == "A phone is insured by one contract at a time; one bought before today, at most 60 days ago, is inspected first."
    )
    assert said.confirms[-1] == "My phone was inspected and its screen is whole (inspection; not for one bought today)"


async def test_an_insurer_that_nobody_reaches_is_refused_when_it_is_drafted(place: Town) -> None:
    refused = await sell(place, ("insurer: TPINS", "insurer: OTHER"))
    assert code(refused) is ProductRefusal.UNKNOWN
    assert "name one of TPINS" in str(refused)
    assert await states(place) == []


async def test_a_draft_of_a_policy_with_overlapping_prices_is_refused_with_its_line(place: Town) -> None:
    text = ACCIDENT_FILE.replace("value: 960.00}", "value: 960.00}\n  - {from: 2014-06-01, value: 990.00}")
    with pytest.raises(BadInput, match=r"^line 17, column 5 \(rates\.premium_class_2\[1\]\): it overlaps the row before it"):
        await products.draft(place.house, by(place, "pm.zhou"), DraftProduct(text))


async def test_a_term_life_of_two_versions_keeps_the_interest_of_each(place: Town) -> None:
    wang, li = await place.person("Wang", 100_000), await place.person("Li", 100_000)
    assert await sell(place, text=TERM_LIFE_FILE) is None
    first = await buy(place, wang, "TL20")
    assert await sell(place, ("value: 2.5", "value: 3.5"), text=TERM_LIFE_FILE) is None
    second = await buy(place, li, "TL20")
    assert (first.premium, second.premium) == (22_500, 21_683), "168.75 and 162.62 net, a quarter of the gross for costs"
