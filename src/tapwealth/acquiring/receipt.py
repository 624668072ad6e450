"""What a till prints: the customer's receipt and the batch report, as text of 32 columns in Chinese or English.

The card's number is shown by its first six and last four digits (PCI DSS 3.4.1). Chinese characters take two columns of a printer's line.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from tapwealth.kernel.money import format_minor

COLUMNS = 32


class Language(Enum):
    """Which of the two texts of a label."""

    ZH = 0
    EN = 1


class Printed(Enum):
    """How the sale ended: the words on the receipt."""

    APPROVED = ("交易成功", "APPROVED")
    DECLINED = ("交易失败", "DECLINED")
    REVERSED = ("无应答 已冲正", "NO ANSWER, REVERSED")
    UNKNOWN = ("无应答 等待冲正", "NO ANSWER, REVERSAL DUE")


_REASONS = {
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
    "65": ("次数超限", "ABOVE NUMBER LIMIT"),
    "91": ("发卡方不能操作", "ISSUER UNAVAILABLE"),
    "94": ("重复交易", "DUPLICATE"),
    "96": ("系统异常", "SYSTEM FAULT"),
    "97": ("终端未登记", "UNKNOWN TERMINAL"),
    "A0": ("校验错", "MAC ERROR"),
}
"""Field 39 in words (Q/CUP 009, response codes)."""
_OTHER = ("交易被拒绝", "REFUSED")

_LABELS = {
    "merchant": ("商户名称", "MERCHANT"),
    "merchant_id": ("商户编号", "MERCHANT NO"),
    "terminal": ("终端编号", "TERMINAL NO"),
    "card": ("卡号", "CARD NO"),
    "kind": ("交易类型", "TYPE"),
    "sale": ("消费(非接)", "SALE, CONTACTLESS"),
    "batch": ("批次号", "BATCH NO"),
    "voucher": ("凭证号", "VOUCHER NO"),
    "authorisation": ("授权码", "AUTH NO"),
    "reference": ("参考号", "REFER NO"),
    "time": ("日期时间", "DATE/TIME"),
    "amount": ("金额", "AMOUNT"),
    "reason": ("原因", "REASON"),
    "aid": ("应用标识", "AID"),
    "count": ("笔数", "COUNT"),
    "equal": ("平账", "EQUAL"),
    "different": ("不平", "NOT EQUAL"),
    "slip": ("签购单", "SALES SLIP"),
    "report": ("结算单", "SETTLEMENT"),
    "refused": ("未收取", "NOT TAKEN"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """A sale as the customer sees it. `amount` in fen, `at` in Shanghai's time."""

    printed: Printed
    merchant_name: str
    merchant_id: str
    terminal_id: str
    masked_pan: str
    batch: str
    stan: str
    amount: int
    at: datetime
    authorisation_code: str = ""
    rrn: str = ""
    response_code: str = ""
    aid: str = ""

    def text(self, language: Language = Language.ZH) -> str:
        """The receipt's lines, each at most 32 columns wide unless a single value is wider."""
        word = language.value
        reason = "" if self.response_code in ("", "00") else f"{self.response_code} {_REASONS.get(self.response_code, _OTHER)[word]}"
        rows = (
            ("merchant", self.merchant_name),
            ("merchant_id", self.merchant_id),
            ("terminal", self.terminal_id),
            ("card", self.masked_pan),
            ("kind", _LABELS["sale"][word]),
            ("batch", self.batch),
            ("voucher", self.stan),
            ("authorisation", self.authorisation_code),
            ("reference", self.rrn),
            ("aid", self.aid),
            ("time", f"{self.at:%Y/%m/%d %H:%M:%S}"),
            ("amount", f"RMB {format_minor(self.amount)}"),
            ("reason", reason),
        )
        return _page(_LABELS["slip"][word], rows, self.printed.value[word], word)


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchReport:
    """A batch as the merchant sees it after settlement. `refused` are the STANs whose money the host did not take over."""

    merchant_name: str
    merchant_id: str
    terminal_id: str
    batch: str
    count: int
    amount: int
    equal: bool
    at: datetime
    refused: Sequence[str] = ()

    def text(self, language: Language = Language.ZH) -> str:
        """The report's lines, as a receipt's."""
        word = language.value
        rows = (
            ("merchant", self.merchant_name),
            ("merchant_id", self.merchant_id),
            ("terminal", self.terminal_id),
            ("batch", self.batch),
            ("time", f"{self.at:%Y/%m/%d %H:%M:%S}"),
            ("count", str(self.count)),
            ("amount", f"RMB {format_minor(self.amount)}"),
            ("refused", " ".join(self.refused)),
        )
        return _page(_LABELS["report"][word], rows, _LABELS["equal" if self.equal else "different"][word], word)


def width(text: str) -> int:
    """Columns on a printer: wide characters take two."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def _centred(text: str) -> str:
    return " " * max((COLUMNS - width(text)) // 2, 0) + text


def _row(label: str, value: str) -> str:
    """Label on the left, value on the right; on two lines if they do not fit on one."""
    room = COLUMNS - width(label) - width(value)
    return f"{label}{' ' * room}{value}" if room > 0 else f"{label}\n{' ' * max(COLUMNS - width(value), 0)}{value}"


def _page(title: str, rows: Sequence[tuple[str, str]], foot: str, word: int) -> str:
    body = [_row(_LABELS[label][word], value) for label, value in rows if value]
    return "\n".join((_centred(title), "-" * COLUMNS, *body, "-" * COLUMNS, _centred(foot))) + "\n"
