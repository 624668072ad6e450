"""What all of a till's papers share: 32 columns, Chinese or English, labels on the left and values on the right.

Chinese characters take two columns of a printer's line.
"""

import unicodedata
from collections.abc import Sequence
from enum import Enum

COLUMNS = 32
RULE = "-" * COLUMNS


class Language(Enum):
    """Which of the two texts of a label."""

    ZH = 0
    EN = 1


REASONS = {
    "05": ("发卡方拒绝", "REFUSED BY ISSUER"),
    "03": ("商户未开通或已停用", "MERCHANT NOT SERVED"),
    "12": ("无效交易", "INVALID TRANSACTION"),
    "13": ("无效金额", "INVALID AMOUNT"),
    "14": ("无效卡号", "INVALID CARD"),
    "25": ("未找到原始交易", "ORIGINAL NOT FOUND"),
    "30": ("报文格式错误", "FORMAT ERROR"),
    "40": ("不支持的功能", "NOT SUPPORTED"),
    "51": ("余额不足", "INSUFFICIENT FUNDS"),
    "54": ("卡已过期", "CARD EXPIRED"),
    "57": ("该卡不允许此交易", "NOT PERMITTED TO CARD"),
    "58": ("该终端不允许此交易", "NOT PERMITTED TO TERMINAL"),
    "59": ("卡片校验失败", "CARD CHECK FAILED"),
    "61": ("金额超限", "ABOVE AMOUNT LIMIT"),
    "62": ("受限制的卡", "RESTRICTED CARD"),
    "64": ("原始金额不符", "WRONG ORIGINAL AMOUNT"),
    "65": ("次数超限", "ABOVE NUMBER LIMIT"),
    "91": ("发卡方不能操作", "ISSUER UNAVAILABLE"),
    "94": ("重复交易", "DUPLICATE"),
    "96": ("系统异常", "SYSTEM FAULT"),
    "97": ("终端未登记", "UNKNOWN TERMINAL"),
    "A0": ("校验错", "MAC ERROR"),
}
"""Field 39 in words (Q/CUP 009, response codes)."""
_OTHER = ("交易被拒绝", "REFUSED")


def reason_of(code: str, language: Language) -> str:
    """A response code with its words; nothing for an approval."""
    return "" if code in ("", "00") else f"{code} {REASONS.get(code, _OTHER)[language.value]}"


def width(text: str) -> int:
    """Columns on a printer: wide characters take two."""
    return sum(columns_of(character) for character in text)


def columns_of(character: str) -> int:
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def centred(text: str) -> str:
    return " " * max((COLUMNS - width(text)) // 2, 0) + text


def row(label: str, value: str) -> str:
    """Label on the left, value on the right; on two lines if they do not fit on one."""
    room = COLUMNS - width(label) - width(value)
    return f"{label}{' ' * room}{value}" if room > 0 else f"{label}\n{' ' * max(COLUMNS - width(value), 0)}{value}"


def page(title: str, body: Sequence[str], foot: str) -> str:
    """The whole paper: title, lines, and how it ended."""
    return "\n".join((centred(title), RULE, *body, RULE, centred(foot))) + "\n"
