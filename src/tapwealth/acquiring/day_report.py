"""A till's report of a batch: each voucher, the totals by kind, and whether it is settled. Text of 32 columns, or data.

The same paper is the settlement slip once the host has closed the batch.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from tapwealth.acquiring.paper import COLUMNS, RULE, Language, page, reason_of, row, width
from tapwealth.acquiring.receipt import KINDS
from tapwealth.acquiring.till_state import Voucher, VoucherKind, totals_of
from tapwealth.kernel.clock import SHANGHAI
from tapwealth.kernel.money import format_minor
from tapwealth.wire.iso8583.requests import APPROVED, Totals


class BatchStands(Enum):
    """How far a batch has come."""

    OPEN = ("未结算", "NOT SETTLED")
    BEING_SETTLED = ("结算中", "SETTLEMENT UNFINISHED")
    EQUAL = ("已结算 平账", "SETTLED, EQUAL")
    DIFFERENT = ("已结算 不平", "SETTLED, NOT EQUAL")


_LABELS = {
    "merchant": ("商户名称", "MERCHANT"),
    "merchant_id": ("商户编号", "MERCHANT NO"),
    "terminal": ("终端编号", "TERMINAL NO"),
    "batch": ("批次号", "BATCH NO"),
    "time": ("日期时间", "DATE/TIME"),
    "claimed": ("应收", "CLAIMED"),
    "returned": ("应退", "GIVEN BACK"),
    "host_claimed": ("中心应收", "HOST: CLAIMED"),
    "host_returned": ("中心应退", "HOST: GIVEN BACK"),
}
_TITLE = ("结算单", "BATCH REPORT")
_VOIDED, _WAITS, _NOT_TAKEN = ("已撤销", "VOIDED"), ("待上送", "TO BE FORWARDED"), ("未收取", "NOT TAKEN")
_DISPUTED, _PENDING = ("冲正被拒绝", "REVERSAL REFUSED"), ("等待冲正", "REVERSAL DUE")


@dataclass(frozen=True, slots=True, kw_only=True)
class DayReport:
    """`pending` waits for its reversal, `disputed` the host would not reverse. `host_totals` None: the host has not counted."""

    merchant_name: str
    merchant_id: str
    terminal_id: str
    batch: str
    stands: BatchStands
    at: datetime
    vouchers: Sequence[Voucher]
    host_totals: Totals | None = None
    pending: Voucher | None = None
    disputed: Sequence[Voucher] = ()

    @property
    def totals(self) -> Totals:
        """The till's own count."""
        return totals_of(self.vouchers)

    @property
    def refused(self) -> list[str]:
        """The STANs whose money the host did not take over."""
        return [one.stan for one in self.vouchers if _is_refused(one)]

    def text(self, language: Language = Language.ZH) -> str:
        """The report's lines, as a receipt's."""
        word = language.value
        head = (
            ("merchant", self.merchant_name),
            ("merchant_id", self.merchant_id),
            ("terminal", self.terminal_id),
            ("batch", self.batch),
            ("time", f"{self.at.astimezone(SHANGHAI):%Y/%m/%d %H:%M:%S}"),
        )
        body = [row(_LABELS[label][word], value) for label, value in head if value]
        body += [RULE, *(line for one in self.vouchers for line in _lines(one, language))]
        body += [line for one in self.disputed for line in _lines(one, language, _DISPUTED[word])]
        body += [] if self.pending is None else _lines(self.pending, language, _PENDING[word])
        body += [RULE, *self._sums(word)]
        return page(_TITLE[word], body, self.stands.value[word])

    def _sums(self, word: int) -> list[str]:
        by_kind = [row(f"{KINDS[kind][word]} {count}", format_minor(amount)) for kind, (count, amount) in self._by_kind().items() if count]
        sums = [*by_kind, *_both(self.totals, "claimed", "returned", word)]
        return sums if self.host_totals in (None, self.totals) else [*sums, *_both(self.host_totals, "host_claimed", "host_returned", word)]

    def _by_kind(self) -> dict[VoucherKind, tuple[int, int]]:
        """Count and amount of what stands: neither what was voided, nor an offline sale that the issuer refused."""
        standing = [one for one in self.vouchers if one.is_claimed or one.kind in (VoucherKind.VOID, VoucherKind.REFUND)]
        return {
            kind: (sum(one.kind is kind for one in standing), sum(one.amount for one in standing if one.kind is kind))
            for kind in VoucherKind
        }

    def as_data(self) -> dict[str, Any]:
        """The same for programs; amounts in fen."""
        host = self.host_totals
        return {
            "merchant": self.merchant_name,
            "merchant_number": self.merchant_id,
            "terminal_number": self.terminal_id,
            "batch": self.batch,
            "state": self.stands.name.lower(),
            "at": self.at.astimezone(SHANGHAI).isoformat(timespec="seconds"),
            "vouchers": [_data(one) for one in self.vouchers],
            "pending": None if self.pending is None else _data(self.pending),
            "disputed": [_data(one) for one in self.disputed],
            "by_kind": {kind.value: {"count": count, "amount": amount} for kind, (count, amount) in self._by_kind().items()},
            "totals": _totals(self.totals),
            "host_totals": None if host is None else _totals(host),
            "not_taken": self.refused,
        }


def _both(totals: Totals | None, claimed: str, returned: str, word: int) -> list[str]:
    assert totals is not None, "the host has counted"
    lines = [row(f"{_LABELS[claimed][word]} {totals.debit_count}", f"RMB {format_minor(totals.debit_amount)}")]
    if totals.credit_count:
        lines.append(row(f"{_LABELS[returned][word]} {totals.credit_count}", f"RMB {format_minor(totals.credit_amount)}"))
    return lines


def _is_refused(one: Voucher) -> bool:
    return (one.is_claimed and one.upload_code not in ("", APPROVED)) or one.advice_code not in ("", APPROVED)


def _lines(one: Voucher, language: Language, state: str = "") -> list[str]:
    """Invoice and time, kind and amount, and what is to be said about it."""
    word = language.value
    reason = reason_of(one.final_code, language)
    sign = "-" if one.kind in (VoucherKind.VOID, VoucherKind.REFUND) else ""
    lines = [f"{one.invoice} {one.at[11:16]} {one.masked_pan}", row(f"  {KINDS[one.kind][word]}", f"{sign}{format_minor(one.amount)}")]
    if _is_refused(one):
        code = one.advice_code if one.advice_code not in ("", APPROVED) else one.upload_code
        state, reason = _NOT_TAKEN[word], reason_of(code, language)
    elif one.voided:
        state = _VOIDED[word]
    elif one.awaits_advice:
        state = _WAITS[word]
    told = [part for part in (state, reason) if part]
    together = f"  {' '.join(told)}"
    return [*lines, *([together] if width(together) <= COLUMNS else [f"  {part}" for part in told])] if told else lines


def _data(one: Voucher) -> dict[str, Any]:
    return {
        "kind": one.kind.value,
        "invoice": one.invoice,
        "stan": one.stan,
        "card": one.masked_pan,
        "amount": one.amount,
        "at": one.at,
        "authorisation_code": one.authorisation_code,
        "rrn": one.rrn,
        "of_invoice": None if one.original is None else one.original.invoice,
        "voided": one.voided,
        "to_be_forwarded": one.awaits_advice,
        "not_taken": _is_refused(one),
        "code": one.final_code or (one.advice_code if one.advice_code != APPROVED else "") or (one.upload_code if _is_refused(one) else ""),
    }


def _totals(totals: Totals) -> dict[str, int]:
    return {
        "sales": totals.debit_count,
        "sales_amount": totals.debit_amount,
        "refunds": totals.credit_count,
        "refunds_amount": totals.credit_amount,
    }
