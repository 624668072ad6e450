"""What a till prints for the customer: sale, offline sale, void or refund, as text of 32 columns in Chinese or English.

The card's number is shown by its first six and last four digits (PCI DSS 3.4.1).
"""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from tapwealth.acquiring.paper import Language, page, reason_of, row
from tapwealth.acquiring.till_state import VoucherKind
from tapwealth.kernel.money import format_minor


class Printed(Enum):
    """How it ended: the words at the foot of the receipt."""

    APPROVED = ("交易成功", "APPROVED")
    DECLINED = ("交易失败", "DECLINED")
    REVERSED = ("无应答 已冲正", "NO ANSWER, REVERSED")
    UNKNOWN = ("无应答 等待冲正", "NO ANSWER, REVERSAL DUE")
    DISPUTED = ("冲正被拒绝 请联系收单方", "REVERSAL REFUSED, ASK ACQUIRER")
    UNDECIDED = ("等待发卡方确认", "AWAITS THE ISSUER")


KINDS = {
    VoucherKind.SALE: ("消费(非接)", "SALE, CONTACTLESS"),
    VoucherKind.OFFLINE_SALE: ("电子现金消费", "OFFLINE SALE, E-CASH"),
    VoucherKind.VOID: ("撤销", "VOID"),
    VoucherKind.REFUND: ("退货", "REFUND"),
}
_LABELS = {
    "merchant": ("商户名称", "MERCHANT"),
    "merchant_id": ("商户编号", "MERCHANT NO"),
    "terminal": ("终端编号", "TERMINAL NO"),
    "card": ("卡号", "CARD NO"),
    "kind": ("交易类型", "TYPE"),
    "batch": ("批次号", "BATCH NO"),
    "voucher": ("凭证号", "VOUCHER NO"),
    "invoice": ("票据号", "INVOICE NO"),
    "original": ("原票据号", "OF INVOICE"),
    "authorisation": ("授权码", "AUTH NO"),
    "reference": ("参考号", "REFER NO"),
    "aid": ("应用标识", "AID"),
    "time": ("日期时间", "DATE/TIME"),
    "amount": ("金额", "AMOUNT"),
    "left": ("卡内余额", "LEFT ON CARD"),
    "reason": ("原因", "REASON"),
}
_TITLE, _SIGN = ("签购单", "SALES SLIP"), ("持卡人签名", "SIGNATURE")


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """One voucher as the customer sees it. `amount` and `left_on_card` in fen, `at` in Shanghai's time; `to_sign` asks for a signature."""

    printed: Printed
    merchant_name: str
    merchant_id: str
    terminal_id: str
    masked_pan: str
    batch: str
    stan: str
    invoice: str
    amount: int
    at: datetime
    kind: VoucherKind = VoucherKind.SALE
    original: str = ""
    authorisation_code: str = ""
    rrn: str = ""
    response_code: str = ""
    aid: str = ""
    left_on_card: int | None = None
    to_sign: bool = False

    def text(self, language: Language = Language.ZH) -> str:
        """The receipt's lines, each at most 32 columns wide unless a single value is wider."""
        word = language.value
        told = (
            ("merchant", self.merchant_name),
            ("merchant_id", self.merchant_id),
            ("terminal", self.terminal_id),
            ("card", self.masked_pan),
            ("kind", KINDS[self.kind][word]),
            ("batch", self.batch),
            ("voucher", self.stan),
            ("invoice", self.invoice),
            ("original", self.original),
            ("authorisation", self.authorisation_code),
            ("reference", self.rrn),
            ("aid", self.aid),
            ("time", f"{self.at:%Y/%m/%d %H:%M:%S}"),
            ("amount", f"RMB {format_minor(self.amount)}"),
            ("left", "" if self.left_on_card is None else f"RMB {format_minor(self.left_on_card)}"),
            ("reason", reason_of(self.response_code, language)),
        )
        body = [row(_LABELS[label][word], value) for label, value in told if value]
        if self.to_sign and self.printed is Printed.APPROVED:
            body += ["", row(_SIGN[word], "_" * 16)]
        return page(_TITLE[word], body, self.printed.value[word])
