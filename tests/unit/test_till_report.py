"""A batch's report as it is printed: every state that a voucher can be in, to the column."""

from datetime import datetime

import pytest

from tapwealth.acquiring.day_report import BatchStands, DayReport
from tapwealth.acquiring.paper import COLUMNS, REASONS, Language, width
from tapwealth.acquiring.till_state import Voucher, VoucherKind
from tapwealth.kernel.clock import SHANGHAI
from tapwealth.wire.iso8583.requests import Totals


def voucher(kind: VoucherKind, invoice: str, amount: int, **more: object) -> Voucher:
    kept = {"card": "", "masked_pan": "621234******1232", "entry_mode": "07", "at": "2014-02-24T09:30:00+08:00"}
    return Voucher(kind=kind, batch="000009", stan=invoice, invoice=invoice, amount=amount, **kept, **more)  # type: ignore[arg-type]  # texts


def report(*vouchers: Voucher, pending: Voucher | None = None, disputed: tuple[Voucher, ...] = ()) -> DayReport:
    return DayReport(
        merchant_name="晨光小店",
        merchant_id="102110053119999",
        terminal_id="80000001",
        batch="000009",
        stands=BatchStands.DIFFERENT,
        at=datetime(2014, 2, 24, 23, 0, tzinfo=SHANGHAI),
        vouchers=vouchers,
        host_totals=Totals(debit_amount=12_50, debit_count=1),
        pending=pending,
        disputed=disputed,
    )


WHOLE = report(
    voucher(VoucherKind.SALE, "000041", 12_50, upload_code="00"),
    voucher(VoucherKind.SALE, "000042", 45_00, voided=True),
    voucher(VoucherKind.VOID, "000043", 45_00),
    voucher(VoucherKind.OFFLINE_SALE, "000044", 6_00),
    voucher(VoucherKind.OFFLINE_SALE, "000045", 7_00, advice_code="05"),
    voucher(VoucherKind.REFUND, "000046", 10_00),
    voucher(VoucherKind.SALE, "000047", 20_00, upload_code="25"),
    pending=voucher(VoucherKind.SALE, "000049", 9_00),
    disputed=(voucher(VoucherKind.SALE, "000048", 3_00, final_code="64"),),
)

CHINESE = """\
             结算单
--------------------------------
商户名称                晨光小店
商户编号         102110053119999
终端编号                80000001
批次号                    000009
日期时间     2014/02/24 23:00:00
--------------------------------
000041 09:30 621234******1232
  消费(非接)               12.50
000042 09:30 621234******1232
  消费(非接)               45.00
  已撤销
000043 09:30 621234******1232
  撤销                    -45.00
000044 09:30 621234******1232
  电子现金消费              6.00
  待上送
000045 09:30 621234******1232
  电子现金消费              7.00
  未收取 05 发卡方拒绝
000046 09:30 621234******1232
  退货                    -10.00
000047 09:30 621234******1232
  消费(非接)               20.00
  未收取 25 未找到原始交易
000048 09:30 621234******1232
  消费(非接)                3.00
  冲正被拒绝 64 原始金额不符
000049 09:30 621234******1232
  消费(非接)                9.00
  等待冲正
--------------------------------
消费(非接) 2               32.50
电子现金消费 1              6.00
撤销 1                     45.00
退货 1                     10.00
应收 3                 RMB 38.50
应退 1                 RMB 10.00
中心应收 1             RMB 12.50
--------------------------------
          已结算 不平
"""


def test_the_chinese_report_to_the_column() -> None:
    assert WHOLE.text(Language.ZH) == CHINESE


def test_the_english_report_says_the_same_in_lines_of_their_own_where_one_is_too_short() -> None:
    text = WHOLE.text(Language.EN)
    assert "  REVERSAL REFUSED\n  64 WRONG ORIGINAL AMOUNT\n" in text
    assert "  NOT TAKEN 05 REFUSED BY ISSUER\n" in text
    assert "SETTLED, NOT EQUAL" in text


@pytest.mark.parametrize("language", list(Language))
def test_no_line_is_wider_than_the_paper(language: Language) -> None:
    refused = [voucher(VoucherKind.OFFLINE_SALE, f"{number:06d}", 10**11, advice_code=code) for number, code in enumerate(REASONS, 1)]
    disputed = tuple(voucher(VoucherKind.REFUND, f"{number:06d}", 1, final_code=code) for number, code in enumerate(REASONS, 50))
    lines = report(*refused, *WHOLE.vouchers, disputed=disputed, pending=WHOLE.pending).text(language).splitlines()
    assert max(width(line) for line in lines) <= COLUMNS


def test_as_data_each_voucher_says_what_became_of_it() -> None:
    told = {one["invoice"]: one for one in WHOLE.as_data()["vouchers"]}
    assert (told["000042"]["voided"], told["000044"]["to_be_forwarded"]) == (True, True)
    assert [(number, told[number]["code"]) for number in ("000041", "000045", "000047")] == [
        ("000041", ""),
        ("000045", "05"),
        ("000047", "25"),
    ]
    assert WHOLE.as_data()["not_taken"] == ["000045", "000047"]
    assert WHOLE.as_data()["disputed"][0]["code"] == "64"
