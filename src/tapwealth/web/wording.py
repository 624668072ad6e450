"""Figures and names as a page writes them: ¥1,234.56, percentages, dates, and the steps of a day's end in both languages."""

import re
from datetime import date, datetime

from tapwealth.flows.reports.words import PURPOSES, Words
from tapwealth.funds.conditions import DividendMethod
from tapwealth.insurance.applicant import CONSENT
from tapwealth.insurance.buy import TERMS
from tapwealth.insurance.phone import INSPECTION
from tapwealth.kernel.clock import SHANGHAI
from tapwealth.kernel.money import format_minor

_WEEKDAYS = Words("一二三四五六日", "Mon Tue Wed Thu Fri Sat Sun")
_MINUS = "\N{MINUS SIGN}"

_CONFIRMED_AS = re.compile(rf"( ?[(（])(?:{TERMS}|{INSPECTION}|{CONSENT}|confirm_warning)(?:[;；] ?([^()（）]+))?([)）])")

STEPS = {
    "cut the date": "日切",
    "hear the bank": "等候银行回执",
    "pay the campaigns": "活动补贴",
    "prove campaigns": "核对活动补贴",
    "prove raises": "核对募集认购",
    "accrue the advance's interest": "垫资利息计提",
    "expire holds": "释放过期冻结",
    "present to the network": "银联提交",
    "clear cards": "卡清算",
    "collect premiums": "扣收续期保费",
    "begin cover": "保障生效",
    "suspend and lapse": "保障中止与终止",
    "expire and renew": "保单到期与续保",
    "return electronic cash": "退回电子现金",
    "drain transit": "跨册在途清空",
    "settle merchants": "商户结算",
    "settle billers": "缴费机构结算",
    "share the fees": "手续费和佣金分润",
    "fees to own money": "手续费划转",
    "pay the shares": "支付分润",
    "settle the network": "银联清算",
    "pay the insurer": "保险公司结算",
    "sweep premiums": "保费归集",
    "watch claims": "理赔期限与追回款",
    "close raises": "理财募集结束与配售",
    "credit raises": "理财退款与到期入账",
    "mature deposits": "存款到期",
    "settle demand interest": "活期结息",
    "settle deposits": "存款资金划转",
    "list deposits": "存款清单报送",
    "compare deposits": "存款对账",
    "draw the advance": "垫资划入",
    "cover captures": "快速过户（098）",
    "redeem the advance": "垫资份额赎回",
    "send fund files": "基金文件发送",
    "instruct again": "退回款项重新支付",
    "receive statements": "接收银行对账单",
    "receive holdings": "接收份额对账文件",
    "compare billers": "缴费对账",
    "compare insurer": "保险对账",
    "agree the settlement": "保险结算核对",
    "prove the premium trust": "保费专户核对",
    "prove mirrors": "银行账户核对",
    "prove units": "基金份额核对",
    "prove books": "账册核对",
    "name open items": "列明未达与差异",
    "write the heads": "链头留存",
    "close": "关账",
}
"""Chinese names of the steps; in English a step's name is its own."""

MIRRORS = {
    "customer reserve": "客户备付金",
    "fund-sales collection": "基金销售归集",
    "premium trust": "保费专户",
    "own money": "自有资金",
    "bank's advance": "银行垫资",
    "deposits at the bank": "银行存款",
}

DIVIDEND_METHODS = {DividendMethod.CASH: Words("现金分红", "in money"), DividendMethod.REINVEST: Words("红利再投资", "reinvested")}

POCKET = Words("零钱基金（按支付顺序）", "the funds that pay, in their order")
"""In the place of a fund's name."""

PROOFS = {
    "books": Words("账册平衡", "Books"),
    "mirrors": Words("银行账户", "Bank accounts"),
    "units": Words("基金份额", "Fund units"),
    "merchants": Words("商户结算", "Merchants"),
    "income": Words("基金收益", "Fund income"),
}

DAY_STATES = {"closed": Words("已关账", "Proved"), "cut": Words("已日切", "Cut"), "open": Words("进行中", "Open")}


def money(fen: int) -> str:
    """¥1,234.56; below zero with a minus before it."""
    return f"{_MINUS if fen < 0 else ''}¥{format_minor(abs(fen))}"


def signed(fen: int) -> str:
    """+1,234.56 or −1,234.56."""
    return f"{_MINUS if fen < 0 else '+'}{format_minor(abs(fen))}"


def plain(minor: int) -> str:
    """1,234.56."""
    return f"{_MINUS if minor < 0 else ''}{format_minor(abs(minor))}"


def percent(thousandths: int) -> str:
    """A yield in 1/1,000 percent: 6.123%."""
    return f"{_MINUS if thousandths < 0 else ''}{abs(thousandths) // 1000}.{abs(thousandths) % 1000:03d}%"


def rate(ten_thousandths: int) -> str:
    """Income per 10,000 units in 1/10,000 yuan: 1.6543."""
    return f"{_MINUS if ten_thousandths < 0 else ''}{abs(ten_thousandths) // 10_000}.{abs(ten_thousandths) % 10_000:04d}"


def agreed(text: str) -> str:
    """What somebody is to agree to, or is told to, without the name by which a program confirms it: `(terms)`, `(inspection; not …)`."""
    return _CONFIRMED_AS.sub(lambda found: f"{found[1]}{found[2]}{found[3]}" if found[2] else "", text)


def short_day(day: date) -> str:
    """02-24."""
    return f"{day:%m-%d}"


def instant(at: datetime) -> str:
    """2014-02-24 09:30, in Shanghai."""
    return f"{at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"


def weekday(day: date, language: str) -> str:
    """周一, Mon."""
    return f"周{_WEEKDAYS.zh[day.weekday()]}" if language == "zh" else _WEEKDAYS.en.split()[day.weekday()]


def step_name(step: str, language: str) -> str:
    return STEPS.get(step, step) if language == "zh" else step


def mirror_name(mirror: str, language: str) -> str:
    return MIRRORS.get(mirror, mirror) if language == "zh" else mirror


def purpose_name(purpose: str, language: str) -> str:
    words = PURPOSES.get(purpose, Words(purpose, purpose))
    return words.zh if language == "zh" else words.en
