"""Chinese for what any page of a customer may have to refuse: who asks, an amount, the wallet, a form; each part in a line."""

from tapwealth.web.phrases import DAY, YUAN, each_part, table

LINES: tuple[tuple[str, str], ...] = (
    # who asks
    (r"no phone that may act for a customer has this secret", "没有哪部可用的手机使用这个口令"),
    (r"look at what the phone shows", "请对照手机上的口令"),
    (r"this phone no longer acts for its customer", "这部手机已不能代表客户操作"),
    (r"sign in with it again, or ask the bank", "请重新登录，或联系银行"),
    (rf"{YUAN} is above the {YUAN} that a class (\d) account may still pay .+", r"\1 元超过 \3 类账户还可支付的 \2 元"),
    # for whom it is
    (r"the identity is not verified yet", "身份尚未核实"),
    (r"finish the verification first", "请先完成核实"),
    (r"class (\d) may", r"\1 类账户可以"),
    (r"(.+) is for accounts of class (\S+) and above", r"\1 须 \2 类及以上账户"),
    (r"yours is class (\S+), be verified further", r"您的账户为 \1 类，请进一步核实身份"),
    (r"(.+) is for people from (\d+) years of age", r"\1 须年满 \2 周岁"),
    (r"(.+) is for people up to (\d+) years of age", r"\1 限 \2 周岁及以下"),
    (r"you are (\d+)", r"您 \1 周岁"),
    # a number of an identity card
    (r"the number has (\d+) characters", r"证件号码有 \1 位"),
    (r"it must have 18", "须为 18 位"),
    (r"the number contains something else than digits", "证件号码含有数字以外的内容"),
    (r"17 digits, then a digit or X", "应为 17 位数字，末位为数字或 X"),
    (r"the number does not fit its check character", "证件号码校验不符"),
    (r"the number names a birthday that does not exist", "证件号码中的出生日期不存在"),
    (r"the number names a place that does not exist", "证件号码中的地区不存在"),
    (r"the number names a birthday that is still to come", "证件号码中的出生日期还没有到"),
    # an amount
    (r"'(.*)' is no amount", r"“\1”不是金额"),
    (r"write (?:it|yuan) like (\S+)", r"请写元，如 \1"),
    (rf"{YUAN} is not above zero", "金额须大于零"),
    (r"give more", "请填写更大的金额"),
    (rf"{YUAN} is above {YUAN}, the most one movement can carry", r"\1 元超过一笔最多的 \2 元"),
    (r"give less", "请填写更小的金额"),
    # a day
    (rf"{DAY} is over", r"\1 已过"),
    (rf"give {DAY} or later", r"请填写 \1 或之后的日期"),
    (rf"{DAY} is more than ten years ahead", r"\1 在十年以后"),
    (rf"give {DAY} or earlier", r"请填写 \1 或之前的日期"),
    # the wallet
    (rf"{YUAN} yuan is asked, {YUAN} is there", r"需要 \1 元，可用 \2 元"),
    (r"the wallet does not hold that much", "余额不足"),
    (r"move money in first", "请先转入资金"),
    # a form
    (r"it cannot be read", "无法读取"),
    (r"it has a character that cannot be stored", "有无法保存的字符"),
    (r"send it again from the page", "请从页面重新提交"),
    (r"what was sent is above ([\d,]+) bytes", r"提交的内容超过 \1 字节"),
    (r"send less at once", "请少一些"),
    (r"it did not come within (\d+) seconds", r"\1 秒内没有传完"),
    (r"send it again", "请重新提交"),
    (r"this idempotency key was used for another command", "这个表单已提交过别的内容"),
    (r"take a new key", "请核对后再提交一次"),
)
"""For the tables of pages that have more to refuse."""
_known = table(LINES)


def chinese(text: str) -> str | None:
    """None if not all of it has a Chinese line."""
    return _known(text) or each_part(text, _known)
