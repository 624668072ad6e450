"""What somebody is shown who lets bills be paid by themselves, in both languages, and the record of their agreeing.

A change of terms is an agreement of its own, and so a record of its own that names the one before.
"""

from typing import Any

from tapwealth.bills.autopay import Autopay, PayWhen
from tapwealth.bills.biller import BillerItem
from tapwealth.bills.biller_terms import WORDS, BillerParameters
from tapwealth.bills.store import BillerRow
from tapwealth.catalogue import store as catalogue
from tapwealth.catalogue.definition import Shape
from tapwealth.catalogue.sale import Fact, Offer, Sale, SaleKind, shown_offer, written
from tapwealth.catalogue.version import Version
from tapwealth.flows.catalogue.sales import Sold, signed
from tapwealth.flows.frame import Envelope
from tapwealth.kernel.clock import iso
from tapwealth.kernel.money import format_minor
from tapwealth.storage.database import Tx

_SHAPE = Shape(BillerParameters, words=WORDS)
_WHEN = {
    PayWhen.PRESENTED: ("出账并通知后", "after a bill was presented and told of"),
    PayWhen.DUE: ("免违约金的最后一日", "the last day without a penalty"),
}


async def autopay_sold(tx: Tx, envelope: Envelope, made: Autopay, biller: BillerRow, masked: str) -> Sold:
    """`masked`: the card that pays what wallet and fund lack, empty for none."""
    offer = written(await offer_of(tx, biller, made.item, envelope.language))
    sale = Sale(
        sale=made.id,
        kind=SaleKind.AUTOPAY,
        product=biller.biller.code,
        version=biller.version,
        person=made.person,
        offer=offer.digest.hex(),
        at=iso(envelope.received_at),
        terms={
            "item": made.item,
            "account": made.shown_account,
            "most": made.most,
            "fund": made.fund,
            "card": masked,
            "when": made.pay_when.value,
            "notice_days": made.notice,
            "replaces": str(made.replaces or ""),
        },
        signed=signed(envelope.caller),
    )
    return Sold(made.book, sale, offer)


async def offer_of(tx: Any, biller: BillerRow, item: str, language: str) -> Offer:
    """What is shown of an item of that biller before somebody agrees."""
    key = (biller.biller.code, biller.version)
    version = (await catalogue.versions_at(tx, [key], lambda _kind: _SHAPE))[key]
    return _offer(version, next(one for one in biller.biller.items if one.code == item), language)


def _offer(version: Version, item: BillerItem, language: str) -> Offer:
    said, place = version.definition, 0 if language == "zh" else 1
    category, fee = item.category.words[place], format_minor(item.payer_fee)
    lines = (
        [
            ("收费单位", said.name.zh), ("项目", category), ("每张账单上限", "由您设定，超过上限的账单不自动缴纳"),
            ("缴费时间", f"{_WHEN[PayWhen.PRESENTED][0]}，或{_WHEN[PayWhen.DUE][0]}"),
            ("付款顺序", "余额、您指定的基金、您指定的银行卡"), ("手续费", f"每笔{fee}元" if item.payer_fee else "无"),
            ("终止", "可随时终止；已发出的缴费继续"),
        ],
        [
            ("Biller", said.name.en), ("What for", category), ("Most for one bill", "set by you; a bill above it is not paid by itself"),
            ("Paid", f"{_WHEN[PayWhen.PRESENTED][1]}, or on {_WHEN[PayWhen.DUE][1]}"),
            ("Paid from", "the wallet, then the fund you name, then the card you name"),
            ("Fee", f"{fee} yuan a payment" if item.payer_fee else "none"),
            ("End", "at any time; what is on its way goes on"),
        ],
    )[place]  # fmt: skip
    warnings = (
        ["金额以收费单位出具的账单为准。", "余额、基金与银行卡不足时账单不会缴纳，可能产生违约金；我们会通知您。"],
        [
            "What is paid is what the biller says is owed.",
            "If wallet, fund and card hold too little, the bill is not paid and may cost a penalty; you are told.",
        ],
    )[place]
    confirms = (
        ["我授权在上述条件下自动缴纳账单，直至我终止"],
        ["I let bills be paid by themselves under these terms until I end it"],
    )[place]
    return shown_offer(SaleKind.AUTOPAY, version, language, [Fact(name, text) for name, text in lines], warnings, confirms)
