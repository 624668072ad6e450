"""What somebody is shown who agrees to a periodic plan or a sweep, and the record of it, which stands for all that is bought by it.

Each purchase under an agreement has a record of its own as well, that names the agreement; nobody was shown anything on that day.
"""

from collections.abc import Sequence

from tapwealth.catalogue.sale import Fact, Offer, Sale, SaleKind, Written, shown_documents, written
from tapwealth.catalogue.version import Version
from tapwealth.compliance.suitability import Standing
from tapwealth.flows.catalogue.sales import Sold, signed
from tapwealth.flows.frame import Envelope, House
from tapwealth.flows.funds.fund_offer import CONFIRMS, PLACE, Bought, fund_offers, fund_sold, warnings
from tapwealth.flows.funds.fund_pockets import POCKET
from tapwealth.flows.funds.purchase import OWN_CHANNEL
from tapwealth.funds.plan import PeriodicPlan
from tapwealth.funds.store import Fund
from tapwealth.funds.sweep import SweepAgreement
from tapwealth.kernel.clock import iso
from tapwealth.storage.database import Tx


async def plan_sold(house: House, tx: Tx, envelope: Envelope, made: PeriodicPlan, fund: Fund, nav: int, standing: Standing | None) -> Sold:
    """`nav`: the last price, 0 where there is none."""
    key = (fund.code, fund.version, envelope.language)
    offer = (await fund_offers(house, tx, SaleKind.PLAN, OWN_CHANNEL, [key]))[key]
    terms = {"amount": made.amount, "every": made.every.value, "day": made.day, "first": str(made.next_on), **offer.price(made.amount, nav)}
    return fund_sold(envelope, SaleKind.PLAN, Bought(made.id, fund.code, fund.version), offer, terms, standing)


async def sweep_sold(house: House, tx: Tx, envelope: Envelope, made: SweepAgreement, funds: Sequence[Fund], masked: str) -> Sold:
    """`funds`: the one it names, or those behind the pocket as they stand; `masked`: the card that is swept, empty for the wallet."""
    keys = [(one.code, one.version, envelope.language) for one in funds]
    offers = await fund_offers(house, tx, SaleKind.SWEEP, OWN_CHANNEL, keys)
    whole = made.fund == POCKET
    offer = written(_pocket_offer([offers[key].version for key in keys], envelope.language)) if whole else offers[keys[0]].offer
    return Sold(made.book, _sweep(envelope, made, 0 if whole else funds[0].version, offer, masked), offer)


def _sweep(envelope: Envelope, made: SweepAgreement, version: int, offer: Written, masked: str) -> Sale:
    return Sale(
        sale=made.id,
        kind=SaleKind.SWEEP,
        product=made.fund,
        version=version,
        person=made.person,
        offer=offer.digest.hex(),
        at=iso(envelope.received_at),
        terms={
            "keep_balance": made.keep_balance,
            "minimum_lot": made.minimum_lot,
            "daily_cap": made.daily_cap,
            "run_before": f"{made.run_before:%H:%M}",
            "card": masked,
        },
        signed=signed(envelope.caller),
    )


def _pocket_offer(versions: Sequence[Version], language: str) -> Offer:
    """Several money funds in their order, as one is shown who lets money be put into all of them."""
    place = PLACE[language]
    told = ("第{}版，风险等级R{}", "version {}, risk R{}")[place]
    return Offer(
        kind=SaleKind.SWEEP,
        product=POCKET,
        version=0,
        language=language,
        title=("零钱基金（按支付顺序）", "The funds that pay, in their order")[place],
        facts=[
            Fact(
                f"{number}. {(one.definition.name.zh, one.definition.name.en)[place]} {one.product}",
                told.format(one.version, one.definition.eligibility.risk_level),
            )
            for number, one in enumerate(versions, 1)
        ],
        documents=[document for one in versions for document in shown_documents(one.definition.documents, language)],
        warnings=warnings(versions[0].definition.parameters, place, raised=False),
        confirms=CONFIRMS[SaleKind.SWEEP][place],
    )
