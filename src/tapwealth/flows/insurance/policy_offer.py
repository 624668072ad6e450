"""What somebody is shown who buys a policy, in both languages, and the record of their buying it."""

from collections.abc import Sequence
from typing import assert_never

from tapwealth.catalogue.definition import Eligibility
from tapwealth.catalogue.sale import Fact, Offer, Sale, SaleKind, shown_offer, written
from tapwealth.catalogue.version import Version
from tapwealth.flows.catalogue.sales import Sold, signed
from tapwealth.flows.frame import Envelope
from tapwealth.flows.insurance.applicants import Insures
from tapwealth.insurance.beneficiary_store import BeneficiaryRow
from tapwealth.insurance.buy import Quote, Wish
from tapwealth.insurance.claim import benefit
from tapwealth.insurance.insurer import insurer_names
from tapwealth.insurance.product import (
    DAYS_OF_A_YEAR,
    Accident,
    AccountLoss,
    CancellationRule,
    Every,
    Health,
    PhoneScreen,
    PolicyParameters,
    TermLife,
    WithinWaiting,
)
from tapwealth.insurance.questions import Question
from tapwealth.insurance.store import PolicyRow
from tapwealth.kernel.clock import iso
from tapwealth.kernel.money import format_minor

_CANCELLATION = {
    CancellationRule.UNEARNED: ("按未满期天数退还保费：保费×剩余天数÷{}", "the premium for the days left: premium x days left / {}"),
    CancellationRule.UNEARNED_LESS_LOADING: (
        "按未满期天数退还保费并扣除费用：保费×剩余天数÷{}×(1－费用率)",
        "the premium for the days left less the costs: premium x days left / {} x (1 - loading)",
    ),
}


def policy_sold(
    envelope: Envelope, row: PolicyRow, wish: Wish, made: Quote, insures: Insures, named: Sequence[BeneficiaryRow], version: Version
) -> Sold:
    """The record: the product as it was shown, and what of it is this buyer's own."""
    offer = written(policy_offer(version, envelope.language))
    sale = Sale(
        sale=row.id,
        kind=SaleKind.POLICY,
        product=row.product,
        version=row.version,
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
            **({} if wish.product.terms.every is Every.YEAR else {"every": wish.product.terms.every.value}),
            **_phone(wish),
            **_answered(wish, made),
            **_people(insures, named),
        },
        confirmed=wish.confirmed,
        signed=signed(envelope.caller),
    )
    return Sold(row.book, sale, offer, sensitive=bool(wish.answers))


def _phone(wish: Wish) -> dict[str, int | str]:
    return {} if wish.phone is None else {"phone": wish.phone.last4, "phone_bought_on": str(wish.phone.bought_on)}


def _answered(wish: Wish, made: Quote) -> dict[str, int | str]:
    """What was answered, by question, and what it adds to the premium; nothing where nothing was asked."""
    if not wish.answers:
        return {}
    return {"loading_permille": made.permille, **{f"answer {question}": answer for question, answer in wish.answers.items()}}


def _people(insures: Insures, named: Sequence[BeneficiaryRow]) -> dict[str, int | str]:
    """Who they are stands sealed beside the policy; here is what was said of them."""
    said: dict[str, int | str] = {}
    if insures.other is not None:
        said = {"insured": insures.applicant.relation.value, "insured_elsewhere": insures.applicant.elsewhere}
    shares = ("equal" if one.share is None else f"{one.share // 100}.{one.share % 100:02}%" for one in named)
    return said | {
        f"beneficiary {one.place + 1}": f"rank {one.rank}, {share}, {one.relation}" for one, share in zip(named, shares, strict=True)
    }


def policy_offer(version: Version, language: str) -> Offer:
    """The product as it is shown: nothing of it forecasts or promises a return."""
    said, zh = version.definition, language == "zh"
    terms: PolicyParameters = said.parameters
    warnings = {
        "zh": ["如实告知健康与职业情况；未如实告知的，保险公司可以解除合同。", "保单由保险公司承保，不是银行存款。"],
        "en": ["Tell the truth about health and work: the insurer may end a policy that was bought without it.",
               "The insurer gives this cover; it is no bank deposit."],
    }[language]  # fmt: skip
    if not terms.free_look_days:
        warnings.append("本产品没有犹豫期。" if zh else "This product has no free look.")
    if terms.waiting_days:
        warnings.append(_waiting(terms)[0 if zh else 1])
    confirms = ["我已阅读并同意保险条款（terms）" if zh else "I have read the terms and agree to them (terms)"]
    if isinstance(terms.cover, PhoneScreen):
        late = terms.cover.late_days
        warnings.append(
            f"每部手机同一时间只能有一份保障；购机当日以后、{late}天以内投保的，须先检测。"
            if zh
            else f"A phone is insured by one contract at a time; one bought before today, at most {late} days ago, is inspected first."
        )
        confirms.append(
            "我的手机已检测，屏幕完好（inspection；购机当日投保的免）"
            if zh
            else "My phone was inspected and its screen is whole (inspection; not for one bought today)"
        )
    facts = [
        *(Fact(name, text) for name, text in (_facts if zh else _facts_en)(terms, said.eligibility).items()),
        *(Fact(*(one[0 if zh else 1] for one in line)) for line in _illnesses(terms)),
        *(Fact(one.asks.zh if zh else one.asks.en, _choices(one, language)) for one in terms.questions),
    ]
    return shown_offer(SaleKind.POLICY, version, language, facts, warnings, confirms)


def _waiting(terms: PolicyParameters) -> tuple[str, str]:
    days, cover = terms.waiting_days, terms.cover
    if isinstance(cover, PhoneScreen):
        text = f"A loss within {days} days from the day on which the policy is issued is not paid."
        return f"自承保之日起{days}天内发生的损失不予赔付。", text
    if not isinstance(cover, Health):
        return f"保障开始后{days}天内发生的损失不予赔付。", f"A loss within {days} days from the beginning of cover is not paid."
    back = cover.within_waiting is WithinWaiting.PREMIUMS
    return (
        f"保障开始后{days}天内患病的，{'退还已交保费，合同终止' if back else '不予给付'}；因意外伤害患病的不受此限。",
        f"An illness within {days} days of its beginning brings {'all premiums back and ends the policy' if back else 'nothing'}"
        "; one that an accident brings about does not wait.",
    )


def _illnesses(terms: PolicyParameters) -> list[tuple[tuple[str, str], tuple[str, str]]]:
    """What each group of a health cover brings, under the name by which it is claimed."""
    found = terms.cover.illnesses if isinstance(terms.cover, Health) else []
    sums = [(f" ({one.group})", one.says, format_minor(benefit(terms, one))) for one in found]
    return [((says.zh + name, says.en + name), (f"{yuan}元，给付一次", f"{yuan} yuan, once")) for name, says, yuan in sums]


def _choices(one: Question, language: str) -> str:
    """The answers that can be given, under the names by which they are given."""
    texts = [f"{choice.says.zh if language == 'zh' else choice.says.en} ({choice.answer})" for choice in one.choices]
    return ("；" if language == "zh" else "; ").join(texts)


def _facts(terms: PolicyParameters, buyers: Eligibility) -> dict[str, str]:
    return {
        "保险公司": insurer_names(terms.insurer)[0],
        "保障": _COVER[type(terms.cover)][0],
        "保额": f"{format_minor(terms.sum_insured)}元",
        "投保年龄": _ages(buyers)[0],
        "保障期限": f"{terms.days}天" if terms.days else f"{terms.years}年",
        "保费": _priced(terms)[0],
        "等待期": f"{terms.waiting_days}天" if terms.waiting_days else "无",
        "犹豫期": _free_look(terms)[0],
        "退保": _CANCELLATION[terms.cancellation][0].format(terms.days or DAYS_OF_A_YEAR),
        **({"免赔额": f"{format_minor(terms.excess)}元"} if terms.excess else {}),
        **({"每次赔付限额": f"{format_minor(terms.limit_per_loss)}元"} if terms.limit_per_loss else {}),
    }


def _facts_en(terms: PolicyParameters, buyers: Eligibility) -> dict[str, str]:
    return {
        "Insurer": insurer_names(terms.insurer)[1],
        "Covers": _COVER[type(terms.cover)][1],
        "Sum insured": f"{format_minor(terms.sum_insured)} yuan",
        "Ages": _ages(buyers)[1],
        "Cover": f"{terms.days} days" if terms.days else "one year" if terms.years == 1 else f"{terms.years} years",
        "Premium": _priced(terms)[1],
        "Waiting time": f"{terms.waiting_days} days" if terms.waiting_days else "none",
        "Free look": _free_look(terms)[1],
        "Cancellation": _CANCELLATION[terms.cancellation][1].format(terms.days or DAYS_OF_A_YEAR),
        **({"Excess": f"{format_minor(terms.excess)} yuan"} if terms.excess else {}),
        **({"Limit per loss": f"{format_minor(terms.limit_per_loss)} yuan"} if terms.limit_per_loss else {}),
    }


def _free_look(terms: PolicyParameters) -> tuple[str, str]:
    days, cost = terms.free_look_days, format_minor(terms.free_look_cost)
    if not days:
        return "无", "none"
    if not terms.free_look_cost:
        return f"{days}天，退还已缴全部保费", f"{days} days, all that was paid comes back"
    return (
        f"{days}天，退保扣除{cost}元；已缴保费不超过{cost}元的，退还0.00元",
        f"{days} days, what was paid comes back less {cost} yuan; of {cost} yuan or less 0.00 comes back",
    )


_COVER: dict[type, tuple[str, str]] = {
    Accident: ("意外伤害", "bodily harm by accident"),
    TermLife: ("身故", "death"),
    AccountLoss: ("账户被盗刷的损失", "payments from the account that its owner did not make"),
    PhoneScreen: ("手机碎屏", "a phone's cracked screen"),
    Health: ("重大疾病", "critical illness"),
}


def _ages(buyers: Eligibility) -> tuple[str, str]:
    match buyers.youngest, buyers.oldest:
        case None, None:
            return "不限", "any"
        case youngest, None:
            return f"{youngest}周岁起", f"from {youngest}"
        case None, oldest:
            return f"{oldest}周岁及以下", f"up to {oldest}"
        case youngest, oldest:
            return f"{youngest}至{oldest}周岁", f"{youngest} to {oldest}"


_PAID = {Every.YEAR: ("每年缴纳", "each year"), Every.QUARTER: ("每季缴纳", "each quarter"), Every.MONTH: ("每月缴纳", "each month")}


def _priced(terms: PolicyParameters) -> tuple[str, str]:
    match terms.cover:
        case Accident():
            return "一次缴清，按职业类别计算", "once, by the occupation of the insured"
        case TermLife():
            zh, en = _PAID[terms.every]
            return f"{zh}，按被保险人的年龄和性别计算", f"{en}, by the age and sex of the insured"
        case Health():
            zh, en = _PAID[terms.every]
            return f"{zh}，按被保险人投保时的年龄和性别计算，各期相同", f"{en} the same, by the insured's age at the beginning and sex"
        case AccountLoss() | PhoneScreen():
            return "一次缴清", "once"
    assert_never(terms.cover)
