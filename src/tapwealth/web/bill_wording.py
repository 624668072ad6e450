"""Chinese for what is refused when bills are paid and autopay is agreed to: each part in a line."""

from tapwealth.web import customer_wording
from tapwealth.web.phrases import YUAN, each_part, table

_LINES: tuple[tuple[str, str], ...] = (
    # who is paid
    (r"(.+) takes no new payments here", r"\1 已不在此受理新的缴费"),
    (r"pay it another way", "请用其他方式缴纳"),
    (r"there is no biller '(.*)'", r"没有代码为 \1 的缴费机构"),
    (r"(.+) has no item '(.*)'", r"\1 没有缴费项目 \2"),
    (r"(.+) takes payments for several things", r"\1 有多个缴费项目"),
    (r"(.+) wants to be asked first what is owed", r"\1 须先查询欠费"),
    (r"inquire, then pay the bill", "请先查询，再缴纳账单"),
    (r"this number is not of (.+): it is of (.+) \((\S+)\)", r"这个号码不属于 \1，属于 \2"),
    (r"this number is not of (.+): no carrier here has it", r"这个号码不属于 \1，这里也没有其他运营商"),
    (r"choose that one", "请选择对应的一家"),
    (r"(.+) does not know this account number", r"\1 没有这个户号"),
    (r"check it on a bill", "请对照账单核对"),
    (r"(.+) sends no bills for that", r"\1 该项目没有账单"),
    (r"top it up by hand when you want to", "请在需要时手动充值"),
    (r"the biller serves from (\S+) to (\S+)", r"缴费服务时间为 \1 至 \2"),
    (r"pay then", "请在服务时间内缴纳"),
    # how much
    (rf"{YUAN} is above {YUAN}, the most for one payment", r"\1 元超过单笔上限 \2 元"),
    (rf"{YUAN} is below {YUAN}, the least for one payment", r"\1 元低于单笔下限 \2 元"),
    (rf"{YUAN} is not to be had", r"没有 \1 元这个面额"),
    (r"choose one of (.+)", r"可选：\1"),
    (rf"{YUAN} is more than the {YUAN} that are owed", r"\1 元超过应缴的 \2 元"),
    (rf"{YUAN} is less than the {YUAN} that are owed", r"\1 元少于应缴的 \2 元"),
    (r"pay at most that", "最多缴纳应缴金额"),
    (r"pay that or more", "请缴纳应缴金额或更多"),
    (rf"the bill is paid by exactly {YUAN}", r"这张账单须缴 \1 元"),
    (r"inquire again", "请重新查询"),
    # the bill and the money
    (r"this fund is not sold here", "没有这只基金"),
    (r"look at the shelf for those that are", "请选择在售的基金"),
    (r"this bill was not presented to you", "这张账单没有向您出示过"),
    (r"inquire with its account number first", "请先用户号查询"),
    (r"this bill is paid already", "这张账单已缴清"),
    (r"nothing is owed on it", "无需再缴"),
    (r"this bill is being paid", "这张账单正在缴纳"),
    (r"wait for the outcome", "请等待结果"),
    # autopay
    (r"this account's bills are paid by themselves already", "这个户号已开通自动缴费"),
    (r"change or end that one", "请更改或终止原来的约定"),
    (r"(\d+) days", r"\1 天"),
    (r"1 to (\d+) days ahead", r"请填写提前 1 至 \1 天"),
    (r"this card is not bound to your account", "这张卡没有绑定到您的账户"),
    (r"bind it first", "请先绑定"),
    (r"no such agreement of yours stands", "没有这项生效中的约定"),
    (r"/view/autopays lists them", "请查看自动缴费列表"),
)
_known = table([*_LINES, *customer_wording.LINES])


def chinese(text: str) -> str | None:
    """None if not all of it has a Chinese line."""
    return _known(text) or each_part(text, _known)
