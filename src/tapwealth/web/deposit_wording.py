"""Chinese for what is refused when deposits are opened, paid into and taken out: each part in a line."""

from tapwealth.web import customer_wording
from tapwealth.web.phrases import DAY, YUAN, each_part, table

_LINES: tuple[tuple[str, str], ...] = (
    # opening
    (r"this deposit is not sold here", "没有这个存款产品"),
    (r"(\S+) is not on sale now", r"\1 目前不在售"),
    (r"look at the shelf for (?:those that are|what is)", "请选择在售的存款"),
    (r"the terms are not confirmed", "尚未确认存款协议"),
    (r"read and confirm them first", "请先阅读并确认"),
    (r"its terms are .+", "没有这个存期"),
    (r"choose one of them", "请选择所列的存期"),
    (r"it has no term", "这个存款没有存期"),
    (r"leave the term out", "请不要选择存期"),
    (rf"it takes {YUAN} yuan or more", r"起存 \1 元"),
    (rf"it takes {YUAN} yuan at most", r"最高 \1 元"),
    (r"no rate is posted for that today", "今日没有挂牌利率"),
    (r"choose another term", "请选择其他存期"),
    (r"it does not renew itself", "这个存款不能自动转存"),
    (r"let it be paid out or kept when it is due", "请选择到期转入余额或留存"),
    (r"the rate is (\S+) a year now", r"年利率现为 \1"),
    (rf"its interest is {YUAN} yuan now", r"利息现为 \1 元"),
    (r"look at it again and confirm it", "请重新查看并确认"),
    (r"a class (\d) account may not buy wealth products from its balance", r"\1 类账户不能用余额存入"),
    # what one has
    (r"this is no deposit of yours", "这不是您的存款"),
    (r"look at your (?:list|deposit)", "请查看存款列表"),
    (r"there is no such deposit of yours", "没有这笔存款，或它不是您的"),
    (r"/view/deposits lists them", "请查看存款列表"),
    (r"all of this deposit was paid out before", "这笔存款已全部支取"),
    (rf"all of this deposit is paid out on {DAY}", r"这笔存款将于 \1 全部付清"),
    (r"ask for that day or an earlier one", "请选择该日或更早的日期"),
    (r"only a demand deposit takes more", "只有活期存款可以续存"),
    (r"open another deposit", "请另开一笔存款"),
    (rf"it cannot be taken out before {DAY}", r"\1 之前不可支取"),
    (r"wait until then", "请等到该日"),
    (r"before it is due it is taken out as a whole", "到期前只能全部支取"),
    (r"ask for all of it", "请全部支取"),
    (rf"{YUAN} yuan is asked, {YUAN} is in it", r"要支取 \1 元，存款中有 \2 元"),
    (r"ask for less", "请填写更小的金额"),
    (r"ask for more", "请填写更大的金额"),
    (rf"{YUAN} yuan would be left, its least is {YUAN}", r"将剩 \1 元，最低留存 \2 元"),
    (r"ask for less, or for all of it", "请填写更小的金额，或全部支取"),
    (r"take out less, or all of it", "请少支取，或全部支取"),
    (r"it is for no term, or its term is over", "没有存期，或存期已满"),
    (r"take it out when you like", "可随时支取"),
    # notice
    (rf"a notice for {DAY} stands already", r"\1 已有一项通知"),
    (r"cancel it, or give the next tomorrow", "请取消它，或明天再通知"),
    (rf"the least withdrawal is {YUAN} yuan", r"最低支取 \1 元"),
    (rf"{YUAN} yuan are not under notice", r"未通知的有 \1 元"),
    (rf"{YUAN} yuan are in it", r"存款中有 \1 元"),
    (r"it is taken out without notice", "无需通知"),
    (r"just take it out", "请直接支取"),
    (r"this is no notice of yours", "这不是您的通知"),
    (r"it does not stand any more", "这项通知已失效"),
    (r"give another if you want to take money out", "如要支取请重新通知"),
)
_known = table([*_LINES, *customer_wording.LINES])


def chinese(text: str) -> str | None:
    """None if not all of it has a Chinese line."""
    return _known(text) or each_part(text, _known)
