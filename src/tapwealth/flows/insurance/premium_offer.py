"""What somebody is shown who lets premiums be collected, in both languages, and the record of their agreeing."""

from typing import Any

from tapwealth.catalogue.sale import Fact, Offer, Sale, SaleKind, shown_offer, written
from tapwealth.catalogue.version import Version
from tapwealth.flows.catalogue.sales import Sold, signed
from tapwealth.flows.frame import Envelope
from tapwealth.flows.insurance.policy_product import versions_of
from tapwealth.insurance.premium_store import Mandate
from tapwealth.insurance.store import PolicyRow
from tapwealth.kernel.clock import iso
from tapwealth.storage.database import Tx


async def mandate_sold(tx: Tx, envelope: Envelope, row: PolicyRow, made: Mandate) -> Sold:
    """The record, which names the policy and what was agreed."""
    offer = written(await offer_of(tx, row, envelope.language))
    sale = Sale(
        sale=made.id,
        kind=SaleKind.PREMIUMS,
        product=row.product,
        version=row.version,
        person=made.person,
        offer=offer.digest.hex(),
        at=iso(envelope.received_at),
        terms={"policy": str(made.policy), "most": made.most, "fund": made.fund, "renews": int(made.renews)},
        signed=signed(envelope.caller),
    )
    return Sold(made.book, sale, offer)


async def offer_of(tx: Any, row: PolicyRow, language: str) -> Offer:
    """What is shown of a policy before somebody lets its premiums be collected."""
    return offer_by((await versions_of(tx, [row]))[row.product, row.version], language)


def offer_by(version: Version, language: str) -> Offer:
    """The same, of a policy that was bought by that version."""
    said, place = version.definition, 0 if language == "zh" else 1
    lines = (
        [
            ("保险产品", said.name.zh), ("每次扣收上限", "由您设定，超过上限的保费不自动扣收"),
            ("扣收时间", "保费到期日，未成功的在宽限期内再试"),
            ("付款顺序", "余额、您指定的基金"),
            ("宽限期", "到期日后60天，或催缴后30天，其间仍有保障"),
            ("续保", "约定续保的，到期前按当日价格和在售条款投保下一年"),
            ("终止", "可随时终止"),
        ],
        [
            ("Policy", said.name.en), ("Most at a time", "set by you; a premium above it is not collected"),
            ("Collected", "on the day on which a premium is due, and again in the grace period if it failed"),
            ("Paid from", "the wallet, then the fund you name"),
            ("Grace", "60 days from the due day, or 30 from a demand; you are covered meanwhile"),
            ("Renewal", "if agreed, the next year is bought before cover ends, at the price and under the terms of that day"),
            ("End", "at any time"),
        ],
    )[place]  # fmt: skip
    warnings = (
        ["余额与基金不足时保费不会扣收；宽限期满后保障中止。"],
        ["If wallet and fund hold too little, the premium is not collected; after the grace period cover is suspended."],
    )[place]
    confirms = (["我授权在上述条件下扣收保费，直至我终止"], ["I let premiums be collected under these terms until I end it"])[place]
    return shown_offer(SaleKind.PREMIUMS, version, language, [Fact(name, text) for name, text in lines], warnings, confirms)
