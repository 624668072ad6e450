"""A product's way onto the shelf: drafted by one person, reviewed and put on sale by another one; every version stays."""

from collections.abc import AsyncIterator, Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from deposit_files import DEMAND_FILE, FIXED_FILE
from fund_town import FUND, NINE, FundTown, fund_town, operator
from product_files import FUND_FILE, changed

from tapwealth.catalogue import store
from tapwealth.catalogue.definition import digest
from tapwealth.catalogue.version import ProductRefusal, State
from tapwealth.flows import setup
from tapwealth.flows.catalogue import browse, products, shown
from tapwealth.flows.catalogue.kinds import shape_of
from tapwealth.flows.catalogue.products import (
    AddDocument,
    ApproveProduct,
    CloseProduct,
    DraftProduct,
    ProductStands,
    RejectProduct,
    ReviewProduct,
    WithdrawProduct,
    read_file,
)
from tapwealth.flows.funds.campaigns import ProposeCampaign
from tapwealth.funds import store as funds
from tapwealth.kernel.refusal import BadInput, Refusal
from tapwealth.storage import operators, platform_clock
from tapwealth.storage.approvals import ApprovalRefusal
from tapwealth.storage.operators import OperatorRole

CODE = "110022"
MAKER, CHECKER, HER_OTHER_LOGIN = "zhou.min", "chen.jing", "zhou.m2"


@pytest.fixture
async def place(new_database: Callable[[], str], tmp_path: Path) -> AsyncIterator[FundTown]:
    """One product manager has two logins."""
    async with fund_town(new_database(), tmp_path) as made:
        async with made.house.database.transaction() as tx:
            for login, staff in ((MAKER, "10023"), (HER_OTHER_LOGIN, "10023"), (CHECKER, "10077")):
                roles = [OperatorRole.PRODUCT_MANAGER, OperatorRole.OPERATIONS]
                await operators.create(tx, made.house.random64, login, login, roles, "nobody signs in here", NINE, staff)
        yield made


async def draft(place: FundTown, content: bytes = FUND_FILE.encode(), by: str = MAKER) -> ProductStands | Refusal:
    return await products.draft(place.house, operator(place, by), DraftProduct(content.decode()))


async def give(place: FundTown, command: Any, by: str = CHECKER) -> ProductStands | Refusal:
    flow = {
        ReviewProduct: products.review, ApproveProduct: products.approve, RejectProduct: products.reject,
        WithdrawProduct: products.withdraw, CloseProduct: products.close,
    }  # fmt: skip
    return await flow[type(command)](place.house, operator(place, by), command)


async def put_on_sale(place: FundTown, content: bytes = FUND_FILE.encode()) -> int:
    made = await draft(place, content)
    assert isinstance(made, ProductStands), made
    for command in (ReviewProduct(made.product, made.version), ApproveProduct(made.product, made.version)):
        done = await give(place, command)
        assert isinstance(done, ProductStands), done
    return made.version


def code_of(answer: Any) -> Any:
    assert isinstance(answer, Refusal), answer
    return answer.code


async def states(place: FundTown, product: str = CODE) -> list[State]:
    async with place.house.database.read() as tx:
        return [one.state for one in (await store.versions_of(tx, [product], shape_of))[product]]


async def test_a_fund_defined_in_a_file_is_on_the_shelf_once_a_second_person_has_approved_it(place: FundTown) -> None:
    made = await draft(place)
    assert isinstance(made, ProductStands)
    assert made.state == "draft"
    async with place.house.database.read() as tx:
        assert CODE not in await funds.funds(tx)
    await give(place, ReviewProduct(CODE, 1))
    approved = await give(place, ApproveProduct(CODE, 1))
    assert approved == ProductStands(CODE, 1, "on_sale", made.sha256)
    async with place.house.database.read() as tx:
        fund, channel = (await funds.funds(tx))[CODE], (await funds.channels(tx))["T01", CODE]
        (version,) = (await store.versions_of(tx, [CODE], shape_of))[CODE]
    assert (fund.name, fund.name_en, fund.risk_level, fund.kind.value, fund.asset) == ("消费行业股票", "Consumer equity", 4, "nav", 3)
    assert channel.minimum_purchase == 100_000
    assert version.digest == digest(version.definition) == bytes.fromhex(made.sha256)


@pytest.mark.parametrize("command", [ReviewProduct(CODE, 1), RejectProduct(CODE, 1, "typing error")], ids=["review", "reject"])
async def test_who_drafted_decides_nothing_under_either_login(place: FundTown, command: Any) -> None:
    await draft(place)
    for login, said in ((MAKER, "zhou.min drafted"), (HER_OTHER_LOGIN, "zhou.m2 is the same person (staff number 10023)")):
        refused = await give(place, command, by=login)
        assert code_of(refused) is ProductRefusal.SAME_PERSON
        assert said in str(refused)
    assert await states(place) == [State.DRAFT]


async def test_who_drafted_puts_nothing_on_sale_that_another_one_has_reviewed(place: FundTown) -> None:
    await draft(place)
    await give(place, ReviewProduct(CODE, 1))
    for login in (MAKER, HER_OTHER_LOGIN):
        assert code_of(await give(place, ApproveProduct(CODE, 1), by=login)) is ProductRefusal.SAME_PERSON
    assert await states(place) == [State.REVIEWED]


async def test_any_proposal_is_decided_by_another_person_not_by_another_login(place: FundTown) -> None:
    campaign = ProposeCampaign(
        "SPRING14", FUND, "新春", "Spring", "A", "0200000011", date(2014, 3, 10), date(2014, 3, 31), 20_000, 1_000, 100_000
    )
    proposed = await setup.propose(place.house, operator(place, MAKER), campaign)
    assert isinstance(proposed, setup.Proposed)
    for login in (MAKER, HER_OTHER_LOGIN):
        refused = await setup.approve(place.house, operator(place, login), setup.Approve(proposed.proposal))
        assert code_of(refused) is ApprovalRefusal.SAME_PERSON
    assert "same person (staff number 10023)" in str(refused)
    approved = await setup.approve(place.house, operator(place, CHECKER), setup.Approve(proposed.proposal))
    assert isinstance(approved, setup.Approved)


async def test_only_a_product_manager_drafts_and_only_the_house_decides(place: FundTown) -> None:
    assert code_of(await draft(place, by="ops.chen")) is ProductRefusal.NOT_ALLOWED
    await draft(place)
    async with place.house.database.transaction() as tx:
        await operators.create(tx, place.house.random64, "audit.li", "audit.li", [OperatorRole.AUDITOR], "no password", NINE)
    assert code_of(await give(place, ReviewProduct(CODE, 1), by="audit.li")) is ProductRefusal.NOT_ALLOWED


async def test_each_step_follows_the_one_before_it(place: FundTown) -> None:
    assert code_of(await give(place, ReviewProduct(CODE, 1))) is ProductRefusal.UNKNOWN
    await draft(place)
    refused = await give(place, ApproveProduct(CODE, 1))
    assert code_of(refused) is ProductRefusal.NOT_NOW
    assert "is draft; have it reviewed first" in str(refused)
    assert code_of(await give(place, CloseProduct(CODE, 1, "early"))) is ProductRefusal.NOT_NOW
    await give(place, ReviewProduct(CODE, 1))
    assert code_of(await give(place, ReviewProduct(CODE, 1))) is ProductRefusal.NOT_NOW
    await give(place, ApproveProduct(CODE, 1))
    assert code_of(await give(place, RejectProduct(CODE, 1, "late"))) is ProductRefusal.NOT_NOW
    await give(place, CloseProduct(CODE, 1, "sold out"))
    assert code_of(await give(place, ApproveProduct(CODE, 1))) is ProductRefusal.NOT_NOW
    assert await states(place) == [State.CLOSED]


async def test_a_later_version_takes_the_place_of_the_one_on_sale_and_both_stay_as_they_were(place: FundTown) -> None:
    await put_on_sale(place)
    async with place.house.database.read() as tx:
        first = await store.version_of(tx, CODE, 1, shape_of)
    second = changed(("rate: 1.5}", "rate: 1.2}"), ("value: 1.2}", "value: 1.1}"))
    assert await put_on_sale(place, second) == 2
    assert await states(place) == [State.REPLACED, State.ON_SALE]
    async with place.house.database.read() as tx:
        kept = await store.version_of(tx, CODE, 1, shape_of)
        assert (await store.on_sale(tx))[CODE] == 2
        steps = await store.steps_of(tx, CODE)
    assert first is not None
    assert kept is not None
    assert (kept.definition, kept.digest) == (first.definition, first.digest)
    assert [one.state for one in steps[1]] == [State.DRAFT, State.REVIEWED, State.ON_SALE, State.REPLACED]
    assert steps[1][-1].reason == "by version 2"


@pytest.mark.parametrize("closed", [False, True])
async def test_an_earlier_version_does_not_come_back(place: FundTown, closed: bool) -> None:
    """Not even when the later one is closed: what depends on the later one would go on beside it."""
    await draft(place)
    await draft(place, changed(("rate: 1.5}", "rate: 1.2}")))
    for version in (1, 2):
        await give(place, ReviewProduct(CODE, version))
    await give(place, ApproveProduct(CODE, 2))
    if closed:
        await give(place, CloseProduct(CODE, 2, "by mistake"))
    refused = await give(place, ApproveProduct(CODE, 1))
    assert code_of(refused) is ProductRefusal.LATER_VERSION
    assert await states(place) == [State.REVIEWED, State.CLOSED if closed else State.ON_SALE]


async def test_what_was_closed_by_mistake_is_sold_again_as_it_was(place: FundTown) -> None:
    await put_on_sale(place)
    await give(place, CloseProduct(CODE, 1, "by mistake"))
    assert await put_on_sale(place) == 2
    assert await states(place) == [State.CLOSED, State.ON_SALE]


async def test_the_same_file_once_more_is_no_new_version(place: FundTown) -> None:
    await draft(place)
    refused = await draft(place)
    assert code_of(refused) is ProductRefusal.NOTHING_NEW
    await give(place, RejectProduct(CODE, 1, "not yet"))
    assert isinstance(await draft(place), ProductStands)
    assert await states(place) == [State.REJECTED, State.DRAFT]


@pytest.mark.parametrize("reviewed", [False, True])
async def test_who_drafted_withdraws_it_under_either_login_and_nobody_else_does(place: FundTown, reviewed: bool) -> None:
    await draft(place)
    if reviewed:
        await give(place, ReviewProduct(CODE, 1))
    refused = await give(place, WithdrawProduct(CODE, 1, "not mine"), by=CHECKER)
    assert code_of(refused) is ProductRefusal.NOT_YOURS
    assert "zhou.min drafted 110022 version 1" in str(refused)
    done = await give(place, WithdrawProduct(CODE, 1, "not wanted any more"), by=HER_OTHER_LOGIN)
    assert isinstance(done, ProductStands), done
    assert done.state == "withdrawn"
    for command in (ReviewProduct(CODE, 1), ApproveProduct(CODE, 1), RejectProduct(CODE, 1, "late")):
        assert code_of(await give(place, command)) is ProductRefusal.NOT_NOW
    assert code_of(await give(place, WithdrawProduct(CODE, 1, "again"), by=MAKER)) is ProductRefusal.NOT_NOW
    assert isinstance(await draft(place), ProductStands), "the same file may be drafted again"
    assert await states(place) == [State.WITHDRAWN, State.DRAFT]


async def test_what_is_on_sale_is_closed_and_not_withdrawn(place: FundTown) -> None:
    await put_on_sale(place)
    refused = await give(place, WithdrawProduct(CODE, 1, "by mistake"), by=MAKER)
    assert code_of(refused) is ProductRefusal.NOT_NOW
    assert "is on sale; close it instead" in str(refused)
    assert await states(place) == [State.ON_SALE]


async def clock(place: FundTown, now: datetime) -> None:
    async with place.house.database.transaction() as tx:
        await platform_clock.advance(tx, now)


async def test_a_draft_that_nobody_decides_is_listed_as_abandoned(place: FundTown) -> None:
    async def listed() -> list[tuple[str, int, int, bool]]:
        async with place.house.database.read() as tx:
            lines = await shown.lines(tx)
            shelves = (await browse.listed(tx, house=True)).shelves
        on_page = [one.abandoned for shelf in shelves for line in shelf.lines if line.product == CODE for one in line.waiting]
        assert on_page == [one.abandoned for one in lines if one.product == CODE and one.state != "on_sale"]
        return [(one.state, one.version, one.waiting_days, one.abandoned) for one in lines if one.product == CODE]

    await put_on_sale(place)
    await draft(place, changed(("rate: 1.5}", "rate: 1.2}")))
    await clock(place, NINE + timedelta(days=30))
    assert await listed() == [("on_sale", 1, 0, False), ("draft", 2, 30, False)]
    await clock(place, NINE + timedelta(days=30, seconds=1))
    assert await listed() == [("on_sale", 1, 0, False), ("draft", 2, 30, True)]
    await give(place, ReviewProduct(CODE, 2))
    assert await listed() == [("on_sale", 1, 0, False), ("reviewed", 2, 0, False)], "it waits for the next step now"


async def test_a_code_stays_the_kind_that_it_is(place: FundTown) -> None:
    await draft(place)
    text = b"product: 110022\nkind: money_fund\nname: {zh: a, en: b}\nparameters: {registrar: H0, custody_account: 0200000001}\n"
    refused = await draft(place, text + b"channels: {T01: {own: true, minimum_purchase: 1}}\neligibility: {risk_level: 1}\n")
    assert code_of(refused) is ProductRefusal.OTHER_KIND


async def test_what_cannot_be_brought_about_is_refused_when_it_is_drafted(place: FundTown) -> None:
    refused = await draft(place, changed(("registrar: H0", "registrar: ZD")))
    assert "holders have their accounts at H0, not at ZD" in str(refused)
    assert await states(place) == []


async def test_a_document_is_kept_by_its_hash_and_must_be_there(place: FundTown) -> None:
    content = "产品说明书：净值会涨也会跌。".encode()
    kept = await products.add_document(place.house, operator(place, MAKER), AddDocument("text/plain", content))
    assert isinstance(kept, products.DocumentKept)
    naming = "documents: [{{title: {{zh: 说明书, en: Prospectus}}, language: zh, sha256: {}}}]\nsale:"
    with pytest.raises(BadInput, match=r"line 22, .*sha256.*no document has this hash; add the file first"):
        await draft(place, changed(("sale:", naming.format("0" * 64))))
    assert isinstance(await draft(place, changed(("sale:", naming.format(kept.sha256)))), ProductStands)
    async with place.house.database.read() as tx:
        found = await store.document(tx, bytes.fromhex(kept.sha256))
    assert found is not None
    assert found.content == content


@pytest.mark.parametrize(
    ("media_type", "content", "said"),
    [
        ("image/png", b"x", "choose one of application/pdf"),
        ("application/pdf", b"<html>", "this is no application/pdf"),
        ("text/plain", b"\xff", "save it as UTF-8"),
        ("text/plain", b"", "1 to 10,485,760"),
    ],
)
async def test_a_document_is_what_it_says_that_it_is(place: FundTown, media_type: str, content: bytes, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        await products.add_document(place.house, operator(place, MAKER), AddDocument(media_type, content))


async def test_a_customer_buys_the_fund_minutes_after_it_was_approved(place: FundTown) -> None:
    text = FUND_FILE.replace("product: 110022\nkind: fund", "product: 000509\nkind: money_fund").replace("risk_level: 4", "risk_level: 1")
    lines = [
        line
        for line in text.splitlines()
        if not line.startswith(("  - {from_amount", "  - {below", "  purchase_fees", "  redemption_fees"))
    ]
    content = "\n".join(lines).replace(", remains: 10", "").encode()
    await put_on_sale(place, content)
    wang = await place.person("Wang", 10_000_000)
    (bought,) = await place.buy(place.order(wang, 100_000, fund="000509"))
    assert not isinstance(bought, Refusal), bought
    (short,) = await place.buy(place.order(wang, 99_999, fund="000509"))
    assert isinstance(short, Refusal)


async def test_a_reviewer_sees_what_a_version_changes_who_drafted_it_and_the_file_itself(place: FundTown) -> None:
    await put_on_sale(place)
    await draft(place, changed(("rate: 1.5}", "rate: 1.2}")))
    async with place.house.database.read() as tx:
        found = await shown.versions(tx, CODE)
        lines = await shown.lines(tx)
        compared = await shown.compared(tx, CODE, 1, 2)
        file = await shown.exported(tx, CODE, 1)
    assert not isinstance(found, Refusal)
    later, first = found
    assert (later.version, later.state_zh, later.state_en) == (2, "草稿", "draft")
    assert [(one.zh, one.en) for one in later.changes] == [("申购费第1项费率：由 1.5% 改为 1.2%", "purchase fee 1 rate: 1.5% becomes 1.2%")]
    assert compared == later.changes
    assert [(one.state, one.by) for one in first.steps] == [("draft", MAKER), ("reviewed", CHECKER), ("on_sale", CHECKER)]
    assert (first.changes, first.yaml) == ([], file)
    assert read_file(first.yaml.encode()).definition == read_file(FUND_FILE.encode()).definition
    assert [(one.product, one.version, one.state) for one in lines if one.product == CODE] == [(CODE, 1, "on_sale"), (CODE, 2, "draft")]


async def test_the_shelf_shows_what_is_on_sale_within_its_window(place: FundTown) -> None:
    await put_on_sale(place)
    tomorrow = "2014-02-25T00:00:00+08:00"
    await put_on_sale(place, changed(("product: 110022", "product: 110023"), ("opens: 2014-01-02T00:00:00+08:00", f"opens: {tomorrow}")))
    async with place.house.database.read() as tx:
        assert [(one.product, one.version, one.channels) for one in await shown.shelf(tx)] == [
            (FUND, 1, ["996", "T01"]),
            (CODE, 1, ["T01"]),
            ("BJPOWER", 1, ["T01"]),
        ]
    await give(place, CloseProduct(CODE, 1, "sold out"))
    async with place.house.database.read() as tx:
        assert [one.product for one in await shown.shelf(tx)] == [FUND, "BJPOWER"]


async def test_a_deposit_is_drafted_compared_and_reviewed_and_not_put_on_sale_before_the_demand_deposit(place: FundTown) -> None:
    early = await draft(place, FIXED_FILE.encode())
    assert "there is no demand deposit DEMAND; draft it first" in str(early)
    assert code_of(early) is ProductRefusal.UNKNOWN
    for file in (DEMAND_FILE, FIXED_FILE, FIXED_FILE.replace("rate: 3.03", "rate: 3.00")):
        made = await draft(place, file.encode())
        assert isinstance(made, ProductStands), made
    async with place.house.database.read() as tx:
        found = await shown.compared(tx, "FIXED", 1, 2)
    assert not isinstance(found, Refusal)
    assert [one.en for one in found] == ["rates 2 rates 3 rate (yearly): 3.03% becomes 3%"]
    for login in (MAKER, HER_OTHER_LOGIN):
        assert code_of(await give(place, ReviewProduct("FIXED", 2), by=login)) is ProductRefusal.SAME_PERSON
    assert isinstance(await give(place, ReviewProduct("FIXED", 2)), ProductStands)
    refused = await give(place, ApproveProduct("FIXED", 2))
    assert code_of(refused) is ProductRefusal.NOT_NOW
    assert "the demand deposit DEMAND is not on sale" in str(refused)
    assert await states(place, "FIXED") == [State.DRAFT, State.REVIEWED]
    for code in ("DEMAND", "FIXED"):
        if code == "DEMAND":
            assert isinstance(await give(place, ReviewProduct(code, 1)), ProductStands)
        assert isinstance(await give(place, ApproveProduct(code, 1 if code == "DEMAND" else 2)), ProductStands)
    assert await states(place, "FIXED") == [State.DRAFT, State.ON_SALE]
    for file in (FIXED_FILE.replace("matched_dates", "actual_days"), FIXED_FILE.replace("product: FIXED", "product: DEMAND")):
        refused = await draft(place, file.encode())
        assert code_of(refused) is ProductRefusal.OTHER_KIND, "what was opened is worked out as it was"
        assert "take another code" in str(refused)
    assert isinstance(
        await draft(
            place,
            FIXED_FILE.replace("[3m, 1y]", "[3m]")
            .replace("    - {term: 1y, rate: 3.25}\n", "")
            .replace("    - {term: 1y, rate: 3.03}\n", "")
            .encode(),
        ),
        ProductStands,
    )


async def test_a_deposit_does_not_hang_on_a_demand_deposit_that_was_withdrawn(place: FundTown) -> None:
    await draft(place, DEMAND_FILE.encode())
    await give(place, WithdrawProduct("DEMAND", 1, "not wanted"), by=MAKER)
    assert code_of(await draft(place, FIXED_FILE.encode())) is ProductRefusal.UNKNOWN


async def test_what_two_people_saw_cannot_become_other_terms_under_the_same_hash(place: FundTown) -> None:
    """Not even by who owns the database, unless the hash goes with it, which the approver is shown."""
    await draft(place)
    connection = await asyncpg.connect(place.house.database._dsn, server_settings={"search_path": "tapwealth"})
    try:
        with pytest.raises(asyncpg.CheckViolationError):
            await connection.execute("update product_version set definition = replace(definition, '15000', '1500')")
    finally:
        await connection.close()
