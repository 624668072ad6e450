"""Two versions are compared in words that a product manager reads, in both languages."""

import pytest
from product_files import FUND_FILE, changed

from tapwealth.catalogue.compare import differences, words_lacking
from tapwealth.catalogue.definition import ProductKind
from tapwealth.flows.catalogue.kinds import KINDS
from tapwealth.flows.catalogue.products import read_file

HASH = "0" * 64


def compared(*changes: tuple[str, str]) -> list[tuple[str, str]]:
    former, later = read_file(FUND_FILE.encode()).definition, read_file(changed(*changes)).definition
    return [(one.zh, one.en) for one in differences(former, later, KINDS[former.kind].shape)]


@pytest.mark.parametrize(
    ("change", "zh", "en"),
    [
        (("rate: 1.5}", "rate: 1.2}"), "申购费第1项费率：由 1.5% 改为 1.2%", "purchase fee 1 rate: 1.5% becomes 1.2%"),
        (("1000.00, remains", "500.00, remains"), "渠道“T01”起购金额：由 1,000.00 元 改为 500.00 元",
         "channel T01 least purchase: 1,000.00 yuan becomes 500.00 yuan"),
        (("method: cash", "method: reinvest"), "默认分红方式：由 现金分红 改为 红利再投资", "dividend method: cash becomes reinvested"),
        (("own: true", "own: false"), "渠道“T01”自有渠道：由 是 改为 否", "channel T01 own channel: yes becomes no"),
        (("消费行业股票", "消费股票"), "名称中文：由 消费行业股票 改为 消费股票", "name Chinese: 消费行业股票 becomes 消费股票"),
        (("risk_level: 4", "risk_level: 5"), "准入条件风险等级：由 4 改为 5", "who may buy risk level: 4 becomes 5"),
        (("value: 1.2}", "value: 1.1}"), "管理费率（年）“2014-07-01”：由 1.2% 改为 1.1%",
         "management fee (yearly) 2014-07-01: 1.2% becomes 1.1%"),
        (("sale: {opens: 2014-01-02", "sale: {opens: 2014-01-03"),
         "销售期开始：由 2014-01-02T00:00:00+08:00 改为 2014-01-03T00:00:00+08:00",
         "sale opens: 2014-01-02T00:00:00+08:00 becomes 2014-01-03T00:00:00+08:00"),
        (("sale:", f"documents: [{{title: {{zh: 说明书, en: P}}, language: zh, sha256: {HASH}}}]\nsale:"),
         "披露文件“说明书 (zh)”文件哈希：新增 000000000000", "document 说明书 (zh) file's hash: 000000000000 is new"),
    ],
)  # fmt: skip
def test_one_change_is_one_sentence(change: tuple[str, str], zh: str, en: str) -> None:
    assert compared(change) == [(zh, en)]


def test_what_is_added_and_what_is_left_out_is_told() -> None:
    found = dict(
        compared(("remains: 10}", "remains: 10}\n  T02: {own: true, minimum_purchase: 1}"), ("  - {below_days: 365, rate: 0.5}\n", ""))
    )
    assert found["渠道“T02”：新增 有"] == "channel T02: there is new"
    assert found["赎回费第3项费率：删除（原为 0%）"] == "redemption fee 3 rate: 0% is left out"


def test_a_version_compared_with_itself_changes_nothing() -> None:
    assert compared() == []


@pytest.mark.parametrize("kind", KINDS)
def test_every_field_of_a_kind_has_its_name_in_both_languages(kind: ProductKind) -> None:
    shape = KINDS[kind].shape
    assert words_lacking(shape) == set()
    assert [name for name, (zh, en) in shape.words.items() if zh.isascii() or not en.isascii()] == []
