"""Receipts as they are printed."""

from datetime import datetime

import pytest

from tapwealth.acquiring.paper import COLUMNS, Language, width
from tapwealth.acquiring.receipt import Printed, Receipt
from tapwealth.kernel.clock import SHANGHAI

RECEIPT = Receipt(
    printed=Printed.APPROVED,
    merchant_name="晨光小店",
    merchant_id="102110053119999",
    terminal_id="80000001",
    masked_pan="621234******1232",
    batch="000001",
    stan="000007",
    invoice="000005",
    amount=123_456_789,
    at=datetime(2014, 2, 24, 12, 30, 5, tzinfo=SHANGHAI),
    authorisation_code="A00001",
    rrn="140224000001",
    response_code="00",
    aid="A000000333010101",
)

CHINESE = """\
             签购单
--------------------------------
商户名称                晨光小店
商户编号         102110053119999
终端编号                80000001
卡号            621234******1232
交易类型              消费(非接)
批次号                    000001
凭证号                    000007
票据号                    000005
授权码                    A00001
参考号              140224000001
应用标识        A000000333010101
日期时间     2014/02/24 12:30:05
金额            RMB 1,234,567.89
--------------------------------
            交易成功
"""


def test_the_chinese_receipt_to_the_column() -> None:
    assert RECEIPT.text(Language.ZH) == CHINESE


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("printed", list(Printed))
def test_no_line_is_wider_than_the_paper(printed: Printed, language: Language) -> None:
    receipt = Receipt(
        printed=printed,
        merchant_name="很长很长很长很长的商户名称一号店",
        merchant_id=RECEIPT.merchant_id,
        terminal_id=RECEIPT.terminal_id,
        masked_pan=RECEIPT.masked_pan,
        batch="000001",
        stan="000001",
        invoice="000001",
        amount=10**12 - 1,
        at=RECEIPT.at,
        response_code="58",
    )
    lines = receipt.text(language).splitlines()
    assert max(width(line) for line in lines) <= COLUMNS
    assert any("9,999,999,999.99" in line for line in lines)
