"""A raise comes before people as a product of the catalogue: what cannot be offered, what a later version says, and its early close."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from fund_files import put_on_sale
from fund_town import OWN, FundTown, operator
from msgspec import structs
from nav_town import NAV_FUND, shelve_nav_fund
from raise_files import a_raise, file_of
from raise_town import CLOSES, OFFER, OPENS, gave, offered, people, sell, stands, subscribe, wants
from shelf import shelve

from tapwealth.flows import setup
from tapwealth.flows.catalogue import products
from tapwealth.flows.funds import raises
from tapwealth.funds import raise_store, store
from tapwealth.funds.store import SalesChannel
from tapwealth.kernel.clock import SHANGHAI
from tapwealth.kernel.refusal import Refusal
from tapwealth.storage import approvals, operators
from tapwealth.storage.operators import OperatorRole


@pytest.mark.parametrize(
    ("change", "code"),
    [({"fund": "110099"}, "UNKNOWN_FUND"), ({"target": 9_000_00}, "RAISE_EXISTS"), ({"fund": "000198"}, "SOLD_ALREADY")],
)
async def test_an_offering_that_cannot_be_is_refused(place: FundTown, change: dict[str, Any], code: str) -> None:
    (wang,) = await people(place, "Wang")
    await offered(place)
    await place.buy_one(wang, 1_00)
    answer = await sell(place, structs.replace(OFFER, **change))
    assert isinstance(answer, Refusal)
    assert answer.code.name == code


async def test_an_offering_opens_after_it_is_approved(place: FundTown) -> None:
    await shelve_nav_fund(place)
    drafted = await products.draft(place.house, operator(place, "pm.zhou"), products.DraftProduct(file_of(OFFER)))
    assert not isinstance(drafted, Refusal)
    await place.clock(OPENS)
    answer = await products.review(place.house, operator(place, "ops.chen"), products.ReviewProduct(drafted.product, 1))
    assert isinstance(answer, Refusal)
    assert answer.code.name == "HAS_BEGUN"


async def test_a_fund_is_raised_by_one_product(place: FundTown) -> None:
    await shelve_nav_fund(place)
    assert await sell(place, OFFER) is None
    other = structs.replace(a_raise(OFFER), product="OTHER")
    answer = await put_on_sale(place.house, lambda login: operator(place, login), other)
    assert isinstance(answer, Refusal)
    assert (answer.code.name, f"is raised by {NAV_FUND}-R" in str(answer)) == ("RAISE_EXISTS", True)


async def test_a_raise_stays_with_its_fund(place: FundTown) -> None:
    await offered(place, open_it=False)
    other = a_raise(structs.replace(OFFER, fund="000601"))
    async with place.house.database.transaction() as tx:
        fund = replace((await store.funds(tx))[NAV_FUND], code="000601")
        await shelve(tx, fund, [SalesChannel(OWN, "000601", True, 1_00, 0, 0)])
    answer = await put_on_sale(place.house, lambda login: operator(place, login), structs.replace(other, product=f"{NAV_FUND}-R"))
    assert isinstance(answer, Refusal)
    assert (answer.code.name, f"raises {NAV_FUND}" in str(answer)) == ("RAISE_EXISTS", True)
    async with place.house.database.read() as tx:
        assert list(await raise_store.raises(tx)) == [NAV_FUND]


async def test_until_it_opens_a_later_version_says_otherwise(place: FundTown) -> None:
    await offered(place, structs.replace(OFFER, opens_at=OPENS - timedelta(minutes=30)), open_it=False)
    later = structs.replace(OFFER, minimum=2_000_00, step=1_000_00, rate=2_500)
    assert await sell(place, later) is None
    stood = await stands(place)
    assert (stood.offering, stood.product, stood.version) == (later, f"{NAV_FUND}-R", 2)
    await place.clock(OPENS)
    (wang,) = await people(place, "Wang")
    assert gave(await subscribe(place, wants(place, wang, 1_000_00), wants(place, wang, 3_000_00))) == ["BELOW_MINIMUM", 3_000_00]


async def closed(place: FundTown, version: int = 1) -> None:
    command = products.CloseProduct(f"{NAV_FUND}-R", version, "enough")
    answer = await products.close(place.house, operator(place, "ops.chen"), command)
    assert not isinstance(answer, Refusal), answer


async def test_a_raise_that_is_closed_early_takes_no_more_and_keeps_what_it_has(place: FundTown) -> None:
    await offered(place)
    (wang,) = await people(place, "Wang")
    assert gave(await subscribe(place, wants(place, wang, 1_000_00))) == [1_000_00]
    await place.clock(OPENS + timedelta(hours=1))
    await closed(place)
    place.house.offers.made.clear()  # as a process that was started after that
    before = wants(place, wang, 1_000_00, OPENS + timedelta(minutes=59))
    assert gave(await subscribe(place, before, wants(place, wang, 1_000_00))) == [1_000_00, "RAISE_OVER"], "by when each was read"
    async with place.house.database.read() as tx:
        (one,) = await raises.shown(tx)
        assert await raises.unproved(tx, await raise_store.raises(tx)) == []
        ((shown,),) = await tx.fetch("select content::jsonb ->> 'facts' from sale_offer where content::jsonb ->> 'kind' = 'subscription'")
    until = " – ".join(f"{at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}" for at in (OPENS, CLOSES))
    assert until in shown, "what the version says, in every process"
    assert (one.state, one.sold, one.closes_at) == ("closed", 2_000_00, OPENS + timedelta(hours=1))
    again = await sell(place, structs.replace(OFFER, closes_at=CLOSES + timedelta(days=1)))
    assert isinstance(again, Refusal)
    assert "it can only be closed" in str(again)


async def test_a_raise_that_was_closed_before_it_opened_can_be_sold_again(place: FundTown) -> None:
    await offered(place, open_it=False)
    await closed(place)
    (wang,) = await people(place, "Wang")
    assert gave(await subscribe(place, wants(place, wang, 1_000_00))) == ["RAISE_OVER"]
    later = structs.replace(OFFER, opens_at=OPENS + timedelta(hours=1))
    assert await sell(place, later) is None
    await place.clock(later.opens_at)
    assert gave(await subscribe(place, wants(place, wang, 1_000_00))) == [1_000_00]


async def test_a_proposal_from_before_the_catalogue_can_only_be_rejected(place: FundTown) -> None:
    identifier = UUID(int=77)
    async with place.house.database.transaction() as tx:
        maker = await operators.stored(tx, "pm.zhou")
        assert maker is not None
        role = OperatorRole.PRODUCT_MANAGER
        made = await approvals.propose(tx, 0, identifier, "ProposeRaise", {"fund": NAV_FUND}, maker[0], role, OPENS)
        assert not isinstance(made, Refusal), made
    answer = await setup.approve(place.house, operator(place, "ops.chen"), setup.Approve(identifier))
    assert isinstance(answer, Refusal)
    assert "define the product in the catalogue" in str(answer)
    rejected = await setup.reject(place.house, operator(place, "ops.chen"), setup.Reject(identifier, "of before"))
    assert isinstance(rejected, setup.Rejected)
