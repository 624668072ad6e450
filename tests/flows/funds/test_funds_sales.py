"""Whatever is sold of funds leaves a record: what was shown, in which language, of which version, and what of it is the buyer's own."""

import hashlib
from datetime import time, timedelta
from typing import Any
from uuid import UUID

import msgspec
from bill_town import MONDAY, Person
from fund_files import a_fund, put_on_sale
from fund_town import CHANNELS, FUND, REGISTRAR, FundTown, operator
from nav_town import NAV_FUND, agreed, quote, shelve_nav_fund

from tapwealth.catalogue import store as catalogue
from tapwealth.catalogue.definition import Document, Language, Names
from tapwealth.flows.catalogue import sales
from tapwealth.flows.catalogue.kinds import shape_of
from tapwealth.flows.catalogue.sales import SaleShown
from tapwealth.flows.frame import Envelope
from tapwealth.flows.funds import plans, purchase, subscription, sweeps, switch
from tapwealth.flows.funds.plans import AgreePlan, PlanView
from tapwealth.flows.funds.purchase import Placing, PurchaseFund, PurchasePlaced
from tapwealth.flows.funds.raises import ProposeRaise
from tapwealth.flows.funds.subscription import Subscribed, SubscribeFund
from tapwealth.flows.funds.sweeps import AgreeSweep, SweepView
from tapwealth.flows.funds.switch import SwitchFund, SwitchPlaced
from tapwealth.funds.plan import Every
from tapwealth.kernel.clock import shanghai
from tapwealth.kernel.ids import unprefixed
from tapwealth.ledger.archives import Archives
from tapwealth.ledger.audit import audit_snapshot

PROSPECTUS = b"%PDF-1.7 the prospectus of 2014"
TUESDAY = MONDAY + timedelta(days=1)


async def seen(place: FundTown, sale: str | UUID) -> SaleShown:
    """By the order's id as it is shown, or by an agreement's."""
    identifier = unprefixed("ord", sale) if isinstance(sale, str) and sale.startswith("ord") else UUID(str(sale))
    assert identifier is not None
    async with place.house.database.read() as tx:
        found = await sales.shown(tx, place.house.all_books, identifier)
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
    opens = shanghai(MONDAY, 10)
    await shelve_nav_fund(place)
    await agreed(place, ProposeRaise(NAV_FUND, opens, shanghai(TUESDAY, 15), 10_000_00, 1_000_00, 500_00, 6_000_00, 5_000_00, 3_500))
    await place.clock(opens)
    wang = await place.person("Wang", 20_000_00)
    async with place.house.database.transaction() as tx:
        asked = [subscription.Placing(place.envelope(wang), SubscribeFund(NAV_FUND, 2_000_00))]
        (answer,) = await subscription.subscribe(place.house, tx, asked)
    assert isinstance(answer, Subscribed), answer
    sale = await seen(place, answer.order)
    assert sale.shown is not None
    facts = {one.name: one.text for one in sale.shown.facts}
    assert (sale.shown.kind, facts["募集期"], facts["价格"]) == (
        "subscription", "2014-02-24 10:00 – 2014-02-25 15:00", "每份1.0000元，免认购费",
    )  # fmt: skip
    assert "申购费" not in facts
    assert sale.record["terms"] == {"asked": 2_000_00, "amount": 2_000_00, "dealing_date": "2014-02-24"}


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
        found = await audit_snapshot(tx, archives=Archives(), also=[sales.sale_findings])
    return [one.detail for one in found.findings]
