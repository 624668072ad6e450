"""Whatever is sold of funds leaves a record: what was shown, in which language, of which version, and what of it is the buyer's own."""

import base64
import hashlib
from datetime import time, timedelta
from typing import Any
from uuid import UUID

import msgspec
from bill_town import MONDAY, Person
from fund_files import a_fund, put_on_sale
from fund_town import CHANNELS, FUND, REGISTRAR, FundTown, operator
from nav_town import NAV_FUND, quote, shelve_nav_fund
from raise_town import offered, people, stands, subscribe, wants
from v1_town import at_v1

from tapwealth.catalogue import store as catalogue
from tapwealth.catalogue.definition import Document, Language, Names
from tapwealth.flows.catalogue import products, sales
from tapwealth.flows.catalogue import shown as catalogue_shown
from tapwealth.flows.catalogue.kinds import shape_of
from tapwealth.flows.catalogue.products import AddDocument, ApproveProduct, CloseProduct, DraftProduct, ReviewProduct
from tapwealth.flows.catalogue.sales import SaleShown
from tapwealth.flows.catalogue.shown import DocumentShown
from tapwealth.flows.frame import Envelope
from tapwealth.flows.funds import plans, purchase, sweeps, switch
from tapwealth.flows.funds.plans import AgreePlan, PlanView
from tapwealth.flows.funds.purchase import Placing, PurchaseFund, PurchasePlaced
from tapwealth.flows.funds.subscription import Subscribed
from tapwealth.flows.funds.sweeps import AgreeSweep, SweepView
from tapwealth.flows.funds.switch import SwitchFund, SwitchPlaced
from tapwealth.funds.plan import Every
from tapwealth.kernel.clock import shanghai
from tapwealth.kernel.ids import unprefixed
from tapwealth.kernel.refusal import Refusal
from tapwealth.ledger.archives import Archives
from tapwealth.ledger.audit import audit_snapshot

PROSPECTUS = b"%PDF-1.7 the prospectus of 2014"
TUESDAY = MONDAY + timedelta(days=1)


async def seen(place: FundTown, sale: str | UUID) -> SaleShown:
    """By the order's id as it is shown, or by an agreement's."""
    identifier = unprefixed("ord", sale) if isinstance(sale, str) and sale.startswith("ord") else UUID(str(sale))
    assert identifier is not None
    async with place.house.database.read() as tx:
        found = await sales.shown(place.house, tx, place.house.all_books, identifier)
    assert isinstance(found, SaleShown), found
    assert (found.proved, found.doubt) == (True, "")
    return found


async def placed(place: FundTown, person: Person, amount: int, fund: str = FUND, language: str = "zh") -> PurchasePlaced:
    plain = place.envelope(person)
    envelope = Envelope(plain.key, plain.caller, plain.received_at, language=language)
    (answer,) = await place.buy(Placing(envelope, PurchaseFund(fund, amount)))
    assert isinstance(answer, PurchasePlaced), answer
    return answer


async def with_document(place: FundTown) -> None:
    """The next version of the money fund names a document."""
    async with place.house.database.transaction() as tx:
        digest = await catalogue.add_document(tx, "application/pdf", PROSPECTUS, place.biller.now)
    plain = a_fund(FUND, "天弘余额宝货币", "Tianhong Yu'E Bao", CHANNELS, registrar=REGISTRAR)
    documents = [Document(Names("招募说明书", "Prospectus"), Language.CHINESE, digest.hex())]
    later = msgspec.structs.replace(plain, documents=documents)
    assert await put_on_sale(place.house, lambda login: operator(place, login), later) is None


async def test_a_purchase_is_shown_as_it_was_seen_whatever_its_product_became(place: FundTown) -> None:
    """Version 1 had no document, version 2 has one: each sale keeps its own."""
    wang = await place.person("Wang", 100_000)
    before = await placed(place, wang, 10_000)
    await with_document(place)
    after = await placed(place, wang, 20_000, language="en")
    first, second = await seen(place, before.order), await seen(place, after.order)
    assert first.shown is not None
    assert second.shown is not None
    assert (first.shown.version, first.shown.language, first.shown.title, first.shown.documents) == (1, "zh", "天弘余额宝货币", [])
    assert (second.shown.version, second.shown.language, second.shown.title) == (2, "en", "Tianhong Yu'E Bao")
    assert [(one.title, one.sha256) for one in second.shown.documents] == [("Prospectus", hashlib.sha256(PROSPECTUS).hexdigest())]
    assert first.shown.warnings[0] == "货币基金不等同于银行存款，不保证一定盈利，也不保证最低收益。"
    assert second.shown.confirms == ["I have read the documents, the fees and the warnings above, and buy of my own will"]
    assert first.record["terms"] == {"amount": 10_000, "dealing_date": "2014-02-24", "price": "1.0000"}
    assert (first.record["person"], first.record["signed"]["kind"]) == (str(wang.id), "customer")
    async with place.house.database.read() as tx:
        version = (await catalogue.versions_of(tx, [FUND], shape_of))[FUND][0]
        assert first.shown.definition == version.digest.hex()


async def test_what_all_saw_is_kept_once_and_a_book_is_sealed_once_for_a_list(place: FundTown) -> None:
    """Twelve orders of one transaction, in three books."""
    people = [await place.person(f"buyer {number}", 100_000) for number in range(12)]
    async with place.house.database.read() as tx:
        before = await tx.fetchval("select count(*) from transfer where kind = 800 and seq = 0")
    await place.buy(*(place.order(one, 10_000) for one in people))
    async with place.house.database.read() as tx:
        assert await tx.fetchval("select count(*) from sale_offer") == 1
        seals = await tx.fetch("select amount from transfer where kind = 800 and seq = 0")
    books = {one.book for one in people}
    assert len(seals) - before == len(books) > 1
    assert sum(row["amount"] for row in seals) == 12


async def test_a_funds_price_and_tier_are_those_of_the_day(place: FundTown) -> None:
    """1.5 %, of which a tenth is charged here; the last price known is Monday's."""
    await shelve_nav_fund(place)
    wang = await place.person("Wang", 60_000_00)
    early = await seen(place, (await placed(place, wang, 1_000_00, NAV_FUND)).order)
    quote(place, MONDAY, 1_3337)
    await place.next_day(MONDAY)
    late = await seen(place, (await placed(place, wang, 2_000_00, NAV_FUND, "en")).order)
    tier = {"price": "unknown", "fee_from_amount": 0, "fee_rate": "1.5%", "fee_remains": "10%"}
    assert early.record["terms"] == {"amount": 1_000_00, "dealing_date": "2014-02-24", "last_price": "", **tier}
    assert late.record["terms"] == {"amount": 2_000_00, "dealing_date": "2014-02-25", "last_price": "1.3337", **tier}
    assert early.shown is not None
    assert late.shown is not None
    zh, en = ({one.name: one.text for one in of.facts} for of in (early.shown, late.shown))
    assert zh["申购费"] == "0.00元起1.5%，本渠道收取其中的10%；5,000,000.00元起每笔1,000.00元"
    assert en["Purchase fee"] == "from 0.00 yuan 1.5%, of which 10% is charged here; from 5,000,000.00 yuan 1,000.00 yuan an order"
    assert zh["赎回费"] == "持有不满7天1.5%；持有不满30天0.5%；其余0%"
    assert en["Redemption fee"] == "1.5% below 7 days; 0.5% below 30 days; 0% after that"
    assert len(zh) == len(en)


async def test_a_subscription_shows_the_raise(place: FundTown) -> None:
    await offered(place)
    (wang,) = await people(place, "Wang")
    (answer,) = await subscribe(place, wants(place, wang, 2_000_00))
    assert isinstance(answer, Subscribed), answer
    sale = await seen(place, answer.order)
    assert sale.shown is not None
    facts = {one.name: one.text for one in sale.shown.facts}
    assert (sale.shown.kind, facts["募集期"], facts["价格"]) == (
        "subscription", "2014-02-24 10:00 – 2014-02-25 15:00", "每份1.0000元，免认购费",
    )  # fmt: skip
    assert "申购费" not in facts
    assert sale.record["terms"] == {"fund": NAV_FUND, "asked": 2_000_00, "amount": 2_000_00, "dealing_date": "2014-02-24"}
    raised = await stands(place)
    assert (sale.shown.product, sale.shown.version, sale.record["version"]) == (raised.product, raised.version, raised.version)


async def test_a_plan_is_a_sale_and_its_purchases_name_it(place: FundTown) -> None:
    wang = await place.person("Wang", 100_000_00)
    plan = await plans.agree(place.house, place.envelope(wang), AgreePlan(FUND, 500_00, Every.WEEK, 2))
    assert isinstance(plan, PlanView), plan
    sale = await seen(place, plan.plan)
    assert sale.record["kind"] == "plan"
    assert sale.record["terms"] == {"amount": 500_00, "every": "week", "day": 2, "first": "2014-02-25", "price": "1.0000"}
    await place.clock(shanghai(TUESDAY, 9))
    assert await plans.run_due(place.house) == ["placed"]
    async with place.house.database.read() as tx:
        (run,) = (await plans.held(place.house, tx, wang.book, wang.id))[0].runs
    period = await seen(place, run.order)
    assert period.record["terms"]["agreement"] == plan.plan
    assert (period.record["signed"]["kind"], period.record["signed"]["by"]) == ("platform", "agreement")


async def test_a_sweep_is_a_sale_also_one_into_the_pocket(place: FundTown) -> None:
    wang, li = await place.person("Wang", 100_000_00), await place.person("Li", 100_000_00, identity="11010519860115104X")
    terms: dict[str, Any] = {"keep_balance": 100_00, "minimum_lot": 100_00, "daily_cap": 1_000_00, "run_before": time(14, 0)}
    for person, fund, title in ((wang, FUND, "天弘余额宝货币"), (li, "pocket", "零钱基金（按支付顺序）")):
        made = await sweeps.agree(place.house, place.envelope(person), AgreeSweep(fund, **terms))
        assert isinstance(made, SweepView), made
        sale = await seen(place, made.agreement)
        assert sale.shown is not None
        assert (sale.shown.title, sale.record["product"]) == (title, fund)
        assert sale.record["terms"] == {**terms, "run_before": "14:00", "card": ""}
    assert sale.shown is not None
    assert [(one.name, one.text) for one in sale.shown.facts] == [("1. 天弘余额宝货币 000198", "第1版，风险等级R1")]


async def test_a_switch_is_a_sale_of_the_fund_that_is_entered(place: FundTown) -> None:
    await shelve_nav_fund(place)
    wang = await place.person("Wang", 60_000_00)
    await placed(place, wang, 5_000_00)
    quote(place, MONDAY, 1_3337)
    await place.next_day(MONDAY)
    answer = await switch.switch(place.house, place.envelope(wang), SwitchFund(FUND, NAV_FUND, 1_000_00))
    assert isinstance(answer, SwitchPlaced), answer
    sale = await seen(place, answer.order)
    assert (sale.record["kind"], sale.record["product"]) == ("switch", NAV_FUND)
    assert {name: sale.record["terms"][name] for name in ("units", "out_of", "last_price")} == {
        "units": 1_000_00, "out_of": FUND, "last_price": "1.3337",
    }  # fmt: skip


async def test_a_rolled_back_first_sale_leaves_the_next_one_its_offer(place: FundTown) -> None:
    """What is shown counts as kept once it is committed, not before."""
    wang = await place.person("Wang", 100_000)
    try:
        async with place.house.database.transaction() as tx:
            await place.house.ledger.lock_books(tx, [wang.book])
            await purchase.purchase(place.house, tx, [place.order(wang, 10_000)])
            raise KeyError
    except KeyError:
        pass
    await seen(place, (await placed(place, wang, 10_000)).order)
    assert (await audit(place)) == []


async def audit(place: FundTown) -> list[str]:
    async with place.house.database.read() as tx:
        found = await audit_snapshot(tx, archives=Archives(), also=[sales.sale_findings(place.house.keys)])
    return [one.detail for one in found.findings]


FILE = """product: 110022
kind: fund
name: {{zh: 消费行业股票, en: Consumer equity}}
parameters:
  registrar: H0
  custody_account: 0200000009
  purchase_fees:
  - {{from_amount: 0, rate: {rate}}}
channels:
  T01: {{own: true, minimum_purchase: 10.00, remains: 10}}
rates:
  management_fee:
  - {{from: 2014-01-01, value: 1.5}}
eligibility: {{risk_level: 1}}
documents:
- {{title: {{zh: 招募说明书, en: Prospectus}}, language: zh, sha256: {sha256}}}
"""


async def decided(place: FundTown, rate: str, sha256: str) -> int:
    """The file in two people's hands: its version."""
    draft = await products.draft(place.house, operator(place, "pm.zhou"), DraftProduct(FILE.format(rate=rate, sha256=sha256)))
    assert not isinstance(draft, Refusal), draft
    reviewed = await products.review(place.house, operator(place, "ops.chen"), ReviewProduct(draft.product, draft.version))
    approved = await products.approve(place.house, operator(place, "ops.chen"), ApproveProduct(draft.product, draft.version))
    assert not isinstance(reviewed, Refusal), reviewed
    assert not isinstance(approved, Refusal), approved
    return draft.version


async def test_a_sale_of_a_defined_fund_is_replayed_over_v1_after_a_later_version_and_the_end_of_its_sale(place: FundTown) -> None:
    """Defined in YAML, approved by a second person, bought five minutes later; then at other fees, then closed."""
    document = AddDocument("application/pdf", PROSPECTUS)
    kept: Any = await products.add_document(place.house, operator(place, "pm.zhou"), document)
    assert await decided(place, "1.5", kept.sha256) == 1
    await place.clock(place.biller.now + timedelta(minutes=5))
    wang, li = await place.person("Wang", 60_000_00), await place.person("Li", 60_000_00, identity="11010519860115104X")
    others = await placed(place, li, 100_00)
    async with at_v1(place, wang) as (client, account):
        asked = {"type": "purchase", "fund": NAV_FUND, "amount": {"amount": 2_000_00, "currency": "CNY"}}
        made = await client.post(f"{account}/orders", asked)
        assert made.status_code == 201, made.text
        path = f"{account}/sales/{made.json()['id']}"
        first = (await client.get(path)).json()
        assert await decided(place, "0.5", kept.sha256) == 2
        closed = await products.close(place.house, operator(place, "pm.zhou"), CloseProduct(NAV_FUND, 2, "sold enough"))
        assert not isinstance(closed, Refusal), closed
        assert (await client.post(f"{account}/orders", asked)).json()["code"] == "not_sold_now"
        replayed = (await client.get(path)).json()
        assert replayed == first
        assert (replayed["proved"], replayed["doubt"], replayed["kind"]) == (True, "", "fund_purchase")
        shown = replayed["shown"]
        assert (shown["version"], shown["language"], shown["title"]) == (1, "zh", "消费行业股票")
        assert {one["name"]: one["text"] for one in shown["facts"]}["申购费"] == "0.00元起1.5%，本渠道收取其中的10%"
        assert replayed["terms"]["fee_rate"] == "1.5%"
        assert replayed["signed"] == {"kind": "partner", "by": "client credentials", "scope": "orders:write"}
        (file,) = shown["documents"]
        assert (await client.get(f"{account}/sales/{others.order}")).status_code == 404, "somebody else's"
        assert (await client.get(f"{account}/sales/{wang.id}")).status_code == 404
    async with place.house.database.read() as tx:
        content = await catalogue_shown.document(tx, file["sha256"])
        assert isinstance(content, DocumentShown)
        assert base64.b64decode(content.content) == PROSPECTUS
        assert hashlib.sha256(PROSPECTUS).hexdigest() == file["sha256"]
        version = await catalogue.version_of(tx, NAV_FUND, 1, shape_of)
        assert version is not None
        assert version.digest.hex() == shown["definition_sha256"]
    assert await audit(place) == []
