"""Chinese for what the catalogue refuses, and for what is wrong with a definition's file: each part in a line."""

import re

from tapwealth.catalogue.definition import ProductKind
from tapwealth.web.phrases import DAY, each_part, table

_STATES = {
    "draft": "草稿",
    "reviewed": "已复核",
    "on sale": "在售",
    "replaced by a later version": "已被新版本取代",
    "closed": "已停售",
    "rejected": "已退回",
    "withdrawn": "已撤回",
}
_LINES: tuple[tuple[str, str], ...] = (
    # who and when
    (r"(\S+) drafted (\S+) version (\d+)", r"\1 起草了 \2 版本 \3"),
    (r"a second person must decide it", "须由另一个人决定"),
    (r"a second person must decide it: (\S+) is the same person \(staff number (\S+)\)", r"须由另一个人决定：\1 是同一个人（工号 \2）"),
    (r"somebody else drafted (\S+) version (\d+), and withdraws it alone", r"\1 版本 \2 由他人起草，只能由其撤回"),
    (r"(\S+) drafted (\S+) version (\d+), and withdraws it alone", r"\2 版本 \3 由 \1 起草，只能由其撤回"),
    (r"reject it instead", "可以改为退回"),
    (r"this is for product manager or operations", "只有产品经理或运营可以这样做"),
    (r"this is for product manager", "只有产品经理可以这样做"),
    (r"sign in as one", "请用相应的登录名登录"),
    (r"only a draft is reviewed", "只有草稿可以复核"),
    (r"have it reviewed first", "请先复核"),
    (r"draft a new version", "请起草新版本"),
    (r"only what is on sale is closed", "只有在售的可以停售"),
    (r"look at its versions", "请查看各版本"),
    (r"there is no version (\d+) of (\S*)", r"\2 没有版本 \1"),
    (r"/view/products lists them", "请查看产品列表"),
    (r"close it instead", "可以改为停售"),
    (r"there is nothing left to withdraw", "已没有可撤回的"),
    (r"change the file first", "请先修改文件"),
    (r"version (\d+) of (\S+) is the later one, and has been on sale", r"\2 的版本 \1 更新，并且曾经在售"),
    (r"this idempotency key was used for another command", "这个表单已提交过别的内容"),
    (r"take a new key", "请再提交一次"),
    (r"login or password is wrong", "登录名或密码不对"),
    (r"try again", "请重试"),
    (r"the operator (\S+) is not active", r"\1 已停用"),
    (r"ask an administrator", "请联系管理员"),
    (r"choose another code", "请换一个代码"),
    # a file
    (r"it overlaps the row before it, which holds until " + DAY, r"与上一行重叠：上一行到 \1 为止"),
    (r"it overlaps the row before it, which has no end: write `until: " + DAY + "` there", r"与上一行重叠：请在上一行写 until: \1"),
    (rf"begin on {DAY}, or end that one on {DAY}", r"请从 \1 开始，或让上一行到 \2 为止"),
    (rf"nothing holds from {DAY} to {DAY}", r"\1 至 \2 没有数值"),
    (rf"begin on {DAY}, or let the row before it last longer", r"请从 \1 开始，或让上一行延长"),
    (rf"it ends on {DAY}, before it begins on {DAY}", r"截止日 \1 早于开始日 \2"),
    (r"give a later day", "请写更晚的日期"),
    (rf"the sale opens on {DAY}, and nothing holds before {DAY}", r"\1 开售，而 \2 之前没有数值"),
    (r"begin on the first day of the sale", "请从开售日开始"),
    (rf"nothing holds after {DAY}, and the product is sold on", r"\1 之后没有数值，而产品仍在销售"),
    (r"leave `until` out there, or let the sale close by then", "请去掉该行的 until，或让销售在那之前结束"),
    (r"the table has no row", "表里没有一行"),
    (r"give its first day and its value, or leave the table out", "请写首日和数值，或去掉这张表"),
    (r"the table '(\S+)' is missing", r"缺少表 \1"),
    (r"give it with its first day and its value", "请写首日和数值"),
    (r"'(.*)' is no product's code", r"“\1”不是产品代码"),
    (r"2 to 32 letters, digits, points and dashes", "应为 2 到 32 个字母、数字、点或短横"),
    (r"the name is empty", "名称是空的"),
    (r"give it in both languages", "请写中英文"),
    (r"nobody sells it", "没有销售渠道"),
    (r"name each channel once, with its terms", "请写明各渠道及其条款"),
    (r"it closes before it opens", "结束早于开始"),
    (r"give a later instant, or leave it out", "请写更晚的时刻，或不写"),
    (r"this document stands there twice|a region stands there twice", "重复了"),
    (r"name each once", "每个只写一次"),
    (r"the oldest is younger than the youngest", "最高年龄低于最低年龄"),
    (r"give (\d+) or more, or leave it out", r"请写 \1 或更大，或不写"),
    (r"no document has this hash", "没有这个哈希的文件"),
    (r"add the file first: tapwealth product document FILE", "请先在“文件”页交入该文件"),
    (r"the field '(.*)' is missing", r"缺少字段 \1"),
    (r"there is no field '(.*)'", r"没有字段 \1"),
    (r"there is no field '(.*)' (?:in|among) (.+)", r"没有字段 \1（\2）"),
    (r"the field '(.*)' comes twice", r"字段 \1 写了两次"),
    (r"it stands in line (\d+) already", r"第 \1 行已经写过"),
    (r"keep one", "请只留一个"),
    (r"did you mean (.+)\?", r"是不是 \1？"),
    (r"(?:choose one of|there are|a product has) (.+)", r"可用：\1"),
    (r"'(.*)' is no kind of product", r"“\1”不是产品类型"),
    (r"'(.*)' is not known|this is not known", "不认识这个值"),
    (r"'(.*)' is no amount", r"“\1”不是金额"),
    (r"write yuan like 1000\.00", "请写元，如 1000.00"),
    (r"'(.*)' is no rate", r"“\1”不是费率"),
    (r"write percent like 1\.5, with at most 4 decimals", "请写百分数，如 1.5，最多 4 位小数"),
    (r"'(.*)' is no whole number", r"“\1”不是整数"),
    (r"write digits alone", "请只写数字"),
    (r"'(.*)' is not a date", r"“\1”不是日期"),
    (r"write it like (\S+)", r"请写成 \1"),
    (r"'(.*)' is not an instant", r"“\1”不是时刻"),
    (r"the instant has no offset", "时刻没有时区"),
    (r"'(.*)' is neither true nor false", r"“\1”既不是 true 也不是 false"),
    (r"write true or false, without quotes", "请写 true 或 false，不加引号"),
    (r"this is not UTF-8", "文件不是 UTF-8"),
    (r"save the file as UTF-8", "请存成 UTF-8"),
    (r"there is nothing in it", "里面是空的"),
    (r"begin with `product:` and `kind:`", "请从 product: 和 kind: 写起"),
    (r"there is a colon where none can be", "这里不能有冒号"),
    (r"look at the indents, and put a text with a colon in quotes", "请检查缩进，带冒号的文字加引号"),
    (r"there is a character that nothing begins with", "这个字符不能开头"),
    (r"indent with blanks, not with tabs", "请用空格缩进，不用制表符"),
    (r"put texts with signs in quotes", "带符号的文字加引号"),
    (r"what was begun above does not end here", "上面开始的部分在这里没有结束"),
    (r"look at indents, brackets and quotes(?: of the lines before)?", "请检查缩进、括号和引号"),
    (r"there is a character that cannot be seen \((.*)\)", r"有看不见的字符（\1）"),
    (r"take it out", "请去掉"),
    (r"this is fields with values", "这里是若干字段"),
    (r"this is a list", "这里是列表"),
    (r"this is a single value", "这里是单个值"),
    (r"write a single value", "请写单个值"),
    (r"a fund has a risk level", "基金必须有风险等级"),
    (r"give 1 to 5, for R1 to R5", "请写 1 到 5，即 R1 到 R5"),
    (r"'(.*)' is no fund's code", r"“\1”不是基金代码"),
    (r"a fund has 6 digits", "基金代码是 6 位数字"),
    # a form
    (r"it is empty", "没有填写"),
    (r"say why in a sentence", "请用一句话说明原因"),
    (r"no file was chosen", "没有选择文件"),
    (r"choose a PDF, a text or an HTML file", "请选择 PDF、文本或 HTML 文件"),
    (r"'(.*)' is not kept", "不收这类文件"),
    (r"this is no (\S+)", r"内容不是 \1"),
    (r"it cannot be read", "无法读取"),
    (r"send it again from the page", "请从页面重新提交"),
    (r"what was sent is above ([\d,]+) bytes", r"提交的内容超过 \1 字节"),
    (r"send less at once", "请少一些"),
)  # fmt: skip
_KINDS = tuple(
    (rf"(\S+) is sold as {kind.words[1]}, and stays that", rf"\1 已作为{kind.words[0]}销售，不能改为其他类型") for kind in ProductKind
)
_known = table([*_LINES, *_KINDS])
_NOT_NOW = re.compile(r"(\S+) version (\d+) (?:says the same and is|is) (.+)")


def chinese(text: str) -> str | None:
    """The Chinese of a refusal or of what is wrong with a file; None if not all of it has one."""
    return _of_part(text) or each_part(text, _of_part)


def _of_part(text: str) -> str | None:
    if (known := _known(text)) is not None:
        return known
    if (found := _NOT_NOW.fullmatch(text)) is not None and found[3] in _STATES:
        same = "内容相同，" if " says the same " in text else ""
        return f"{found[1]} 版本 {found[2]} {same}状态为“{_STATES[found[3]]}”"
    return None
