"""What somebody is shown who buys a policy, in both languages, and the record of their buying it."""

from tapwealth.catalogue.sale import Fact, Offer, Sale, SaleKind, written
from tapwealth.flows.catalogue.sales import Sold, signed
from tapwealth.flows.frame import Envelope
from tapwealth.insurance.buy import Wish
from tapwealth.insurance.product import AccidentProduct, CancellationRule, Product
from tapwealth.insurance.store import PolicyRow
from tapwealth.kernel.clock import iso
from tapwealth.kernel.money import format_minor

_CANCELLATION = {
    CancellationRule.UNEARNED: ("按未满期天数退还保费：保费×剩余天数÷365", "the premium for the days left: premium x days left / 365"),
    CancellationRule.UNEARNED_LESS_LOADING: (
        "按未满期天数退还保费并扣除费用：保费×剩余天数÷365×(1－费用率)",
        "the premium for the days left less the costs: premium x days left / 365 x (1 - loading)",
    ),
}


def policy_sold(envelope: Envelope, row: PolicyRow, wish: Wish) -> Sold:
    """The record: the product as it was shown, and what of it is this buyer's own."""
    offer = written(policy_offer(wish.product, envelope.language))
    sale = Sale(
        sale=row.id,
        kind=SaleKind.POLICY,
        product=row.product,
        version=0,
        person=row.person,
        offer=offer.digest.hex(),
        at=iso(envelope.received_at),
        terms={
            "premium": row.premium,
            "premium_shown": -1 if wish.premium is None else wish.premium,
            "sum_insured": row.sum_insured,
            "occupation_class": int(wish.occupation),
            "from": str(row.from_day),
            "to": str(row.to_day),
        },
        confirmed=wish.confirmed,
        signed=signed(envelope.caller),
    )
    return Sold(row.book, sale, offer)


def policy_offer(product: Product, language: str) -> Offer:
    """The product as it is shown: nothing of it forecasts or promises a return."""
    zh = language == "zh"
    names = _names(product) if zh else _names_en(product)
    free_look = product.free_look_days
    warnings = {
        "zh": ["如实告知健康与职业情况；未如实告知的，保险公司可以解除合同。", "保单由保险公司承保，不是银行存款。"],
        "en": ["Tell the truth about health and work: the insurer may end a policy that was bought without it.",
               "The insurer gives this cover; it is no bank deposit."],
    }[language]  # fmt: skip
    if not free_look:
        warnings.append("本产品没有犹豫期。" if zh else "This product has no free look.")
    confirms = "我已阅读并同意保险条款（terms）" if zh else "I have read the terms and agree to them (terms)"
    return Offer(
        kind=SaleKind.POLICY,
        product=product.code,
        version=0,
        language=language,
        title=product.name if zh else product.name_en,
        facts=[Fact(name, text) for name, text in names.items()],
        warnings=warnings,
        confirms=[confirms],
    )


def _names(product: Product) -> dict[str, str]:
    years = 1 if isinstance(product, AccidentProduct) else product.term_years
    return {
        "保险公司": product.insurer,
        "保额": f"{format_minor(product.sum_insured)}元",
        "投保年龄": f"{product.youngest}至{product.oldest}周岁",
        "保障期限": f"{years}年",
        "保费": "每年缴纳，按投保人的年龄、性别或职业类别计算",
        "犹豫期": f"{product.free_look_days}天，退保扣除{format_minor(product.free_look_cost)}元" if product.free_look_days else "无",
        "退保": _CANCELLATION[product.cancellation][0],
    }


def _names_en(product: Product) -> dict[str, str]:
    years = 1 if isinstance(product, AccidentProduct) else product.term_years
    cost = format_minor(product.free_look_cost)
    return {
        "Insurer": product.insurer,
        "Sum insured": f"{format_minor(product.sum_insured)} yuan",
        "Ages": f"{product.youngest} to {product.oldest}",
        "Cover": "one year" if years == 1 else f"{years} years",
        "Premium": "each year, by the age and sex or the occupation of the insured",
        "Free look": f"{product.free_look_days} days, the premium back less {cost} yuan" if product.free_look_days else "none",
        "Cancellation": _CANCELLATION[product.cancellation][1],
    }
