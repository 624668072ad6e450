"""Chinese for what is refused when the bank's wealth products are subscribed to and taken back: each part in a line."""

from tapwealth.web import customer_wording
from tapwealth.web.phrases import DAY, YUAN, each_part, table

_LINES: tuple[tuple[str, str], ...] = (
    # whether it is to be had
    (r"this product is not sold here", "没有这个理财产品"),
    (r"look at the shelf for (?:those that are|what is sold now)", "请选择在售的产品"),
    (r"the product's terms were not confirmed", "尚未确认产品说明书"),
    (r"read and confirm them", "请先阅读并确认"),
    (r"the raise of (\S+) is sold out", r"\1 已募满"),
    (r"nothing was taken from your wallet", "没有从余额扣款"),
    (r"the raise of (\S+) is over", r"\1 募集已结束"),
    (r"the raise of (\S+) has not opened yet", r"\1 尚未开始募集"),
    (r"order again when it has", "请在开始后再认购"),
    # the order
    (rf"{YUAN} yuan is below the least order of {YUAN}", r"\1 元低于最低认购金额 \2 元"),
    (rf"above {YUAN} yuan orders rise in steps of {YUAN}", r"超过 \1 元的部分须为 \2 元的整数倍"),
    (r"give a whole step", "请按整数倍填写"),
    (rf"{YUAN} yuan would be taken now", r"现在可认购 \1 元"),
    (r"look at it again and confirm it", "请重新核对并确认"),
    (rf"you would have {YUAN} yuan in this raise", r"您在本期将共有 \1 元"),
    (rf"at most {YUAN} is possible", r"每人最多 \1 元"),
    # for whom it is
    (r"a class (\d) account may not buy wealth products from its balance", r"\1 类账户不能用余额购买理财产品"),
    (
        r"a product of risk R(\d) may not be sold to you: nobody has asked you yet how much loss you bear",
        r"R\1 级产品暂不能向您销售：尚未做风险承受能力评估",
    ),
    (
        rf"a product of risk R(\d) may not be sold to you: what you answered was good until {DAY} how much loss you bear",
        r"R\1 级产品暂不能向您销售：风险承受能力评估已于 \2 到期",
    ),
    (r"answer the questionnaire first(?: \(/view/suitability\))?", "请先完成风险测评"),
    (r"this fund is not sold here", "没有这个产品"),
    (r"who bears no loss may not buy R(\d), and no confirmation helps", r"R\1 级产品不能销售给风险承受能力最低者，确认也不行"),
    (r"R(\d) may be bought", r"可购买 R\1 级产品"),
    (r"R(\d) is within your C(\d), there is nothing to confirm", r"R\1 未超过您的 C\2，无需确认"),
    (r"buy it as it is", "请直接认购"),
    (
        r"a product of risk R(\d) may not be sold to somebody who bears no loss, and no confirmation helps",
        r"R\1 级产品不能销售给风险承受能力最低者，确认也不行",
    ),
    (r"R(\d) may", r"可购买 R\1 级产品"),
    (r"the product's risk R(\d) is above yours, C(\d)", r"产品风险等级 R\1 高于您的风险承受能力 C\2"),
    (
        r"read its special warning and confirm it \(confirm_warning\) if you want the product all the same, or choose another",
        "如仍要购买，请先阅读并确认特别风险警示，或选择其他产品",
    ),
    (r"the registrar has refused this fund account \((.*)\)", r"登记机构未接受您的基金账户（\1）"),
    (r"ask the bank", "请联系银行"),
    # taking it back
    (r"this is no subscription of yours", "这不是您的认购"),
    (r"look at your list", "请查看您的认购列表"),
    (r"this subscription was cancelled before", "这笔认购此前已撤销"),
    (r"its money is in your wallet", "款项已退回余额"),
    (r"the raise of (\S+) is over: it cannot be cancelled any more", r"\1 募集已结束，不能再撤销"),
    (
        rf"{DAY} is the last day of the raise of (\S+), on which nothing is cancelled any more",
        r"\1 是 \2 募集的最后一日，当日不能撤销",
    ),
)
_known = table([*_LINES, *customer_wording.LINES])


def chinese(text: str) -> str | None:
    """None if not all of it has a Chinese line."""
    return _known(text) or each_part(text, _known)
