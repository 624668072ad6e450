"""What a claimant is told, in both languages. What is decided about money is told whatever they have switched off."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from tapwealth.flows.frame import Moment
from tapwealth.insurance.claim import NEEDED, Claim, LossKind, Paper
from tapwealth.insurance.product import Product
from tapwealth.kernel.ids import derived
from tapwealth.kernel.money import format_minor
from tapwealth.notices import store as notices
from tapwealth.notices.notice import Notice, NoticeKind
from tapwealth.storage.database import Tx

PAPERS: dict[Paper, tuple[str, str]] = {
    Paper.PHOTO: ("照片", "a photo"),
    Paper.INVOICE: ("发票", "the invoice"),
    Paper.STATEMENT: ("本人签字说明", "your signed statement"),
    Paper.POLICE: ("报案回执", "the police report"),
    Paper.MEDICAL: ("诊断证明", "the medical report"),
    Paper.DEATH: ("死亡证明", "the death certificate"),
    Paper.DIAGNOSIS: ("诊断书", "the diagnosis"),
    Paper.PATHOLOGY: ("病理检查报告", "the pathology report"),
    Paper.IDENTITY: ("身份证明", "a proof of identity"),
    Paper.GUARDIAN: ("监护关系证明", "a proof of guardianship"),
    Paper.OTHER: ("其他材料", "other papers"),
}


_REASONS: dict[str, tuple[str, str]] = {
    "unknown_policy": ("保险公司未查到该保单", "the insurer knows no such policy"),
    "not_in_force_then": ("出险当日保单不在有效期内", "the policy was not in force on that day"),
    "claimed_before": ("该损失此前已经赔付", "the same was paid for before"),
    "sum_insured_used": ("剩余保险金额不足", "more than is left of the sum insured was claimed"),
    "other_shares": ("受益份额与赔付金额不符", "the shares do not add up to what is paid"),
    "no_guardian": ("未成年受益人没有监护人", "a child receives, and no guardian was named"),
    "within_waiting": ("疾病发生在等待期内", "the illness came within the waiting time"),
    "not_within_waiting": ("疾病并非发生在等待期内", "the illness did not come within the waiting time"),
    "other_premium": ("欠缴保费与保险公司记录不符", "the premium that was owed is another one in the insurer's books"),
    "other_sum_insured": ("保险金额与保险公司记录不符", "the sum insured is another one in the insurer's books"),
}
"""Words that insurers give for a refusal (docs/reference/partners.md), as people are told of them; another one is handed on as it came."""


class Told(StrEnum):
    """What has happened to a claim."""

    NOTIFIED = "notified"
    ASKED = "asked"
    AGREED = "agreed"
    REFUSED = "refused"
    PAID = "paid"


@dataclass(frozen=True, slots=True)
class Telling:
    """A claim as it is now; `amount` in fen, of a refusal: what was paid before. `about` tells apart what happens to it more than once."""

    claim: Claim
    product: Product
    told: Told
    amount: int = 0
    about: str = ""


async def tell(tx: Tx, at: Moment, tellings: Sequence[Telling]) -> None:
    """Each thing once."""
    await notices.tell(tx, [_notice(one, at) for one in tellings])


async def forget(tx: Tx, claims: Sequence[Claim]) -> None:
    """What their claimants were told of them names a loss and the reason of a refusal: a line that says so stands in its place."""
    await notices.reword(
        tx,
        [
            (
                one.book,
                one.person,
                f"claim/{one.id}",
                f"您的理赔申请（{one.loss_day}）的通知内容已到保存期限，现已删除。",
                f"What was said here of your claim of {one.loss_day} is erased: the time for which it is kept is over.",
            )
            for one in claims
        ],
    )


def listed(papers: Sequence[Paper], language: int) -> str:
    """Names of papers; `language` 0 Chinese, 1 English."""
    return ("、", ", ")[language].join(PAPERS[one][language] for one in papers)


def _notice(one: Telling, at: Moment) -> Notice:
    claim = one.claim
    zh, en = _texts(one)
    key = derived(claim.id, f"notice:{one.told}:{one.about}")
    must = one.told is not Told.NOTIFIED
    return Notice(claim.book, key, claim.person, at.now, zh, en, NoticeKind.INSURANCE, f"claim/{claim.id}", obligatory=must)


def _texts(one: Telling) -> tuple[str, str]:
    name, name_en, yuan = one.product.name, one.product.name_en, format_minor(one.amount)
    day = one.claim.loss_day
    match one.told:
        case Told.NOTIFIED:
            needed = NEEDED[one.claim.kind]
            return (
                f"您的{name}理赔申请（{day}）已受理，请提交：{listed(needed, 0)}。",
                f"Your claim of {day} ({name_en}) is taken on; send {listed(needed, 1)}.",
            )
        case Told.ASKED:
            asked = [Paper(word) for word in one.claim.asked.split()]
            return (
                f"您的{name}理赔申请（{day}）还需补充：{listed(asked, 0)}。只通知一次。",
                f"For your claim of {day} ({name_en}) {listed(asked, 1)} are still needed; this is asked once.",
            )
        case Told.AGREED if one.claim.kind is LossKind.DEATH:
            return (
                f"您的{name}理赔申请（{day}）已同意赔付{yuan}元，由保险公司直接付给保单约定的受益人。",
                f"Your claim of {day} ({name_en}) is agreed: the insurer pays {yuan} yuan to whom the policy names.",
            )
        case Told.AGREED:
            return (
                f"您的{name}理赔申请（{day}）已同意赔付{yuan}元，10日内到账。",
                f"Your claim of {day} ({name_en}) is agreed: {yuan} yuan within 10 days.",
            )
        case Told.REFUSED:
            return _refused(one)
        case Told.PAID:
            return f"{name}理赔款{yuan}元已入账。", f"{yuan} yuan of your claim of {day} ({name_en}) are in your balance."


def _refused(one: Telling) -> tuple[str, str]:
    """With the reason, and what can be done: an appeal, once."""
    claim, yuan = one.claim, format_minor(one.amount)
    reason, reason_en = _REASONS.get(claim.reason, (claim.reason.strip().rstrip("。."),) * 2)
    how = ("除已赔付的" + yuan + "元外未获赔付", f"is not paid beyond {yuan} yuan") if one.amount else ("未获赔付", "is not paid")
    then = ("您可在60日内申诉", "You can appeal within 60 days")
    if claim.appealed_on is not None:
        then = ("申诉已审结，如有异议可向人民法院起诉", "The appeal is decided; a court decides further")
    return (
        f"您的{one.product.name}理赔申请（{claim.loss_day}）{how[0]}，理由：{reason}。{then[0]}。",
        f"Your claim of {claim.loss_day} ({one.product.name_en}) {how[1]}: {reason_en}. {then[1]}.",
    )
