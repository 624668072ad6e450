"""The day board's lines in Chinese: of every step that was played, of every proof, and of the bank's breaks."""

import doctest
import json
import re
from datetime import date
from pathlib import Path

import pytest

from tapwealth.bank.reconcile import Movement, OpenInstruction, OurDay, reconcile
from tapwealth.bank.statement import Statement, StatementLine
from tapwealth.flows.day import STEPS
from tapwealth.kernel import words
from tapwealth.web import wording
from tapwealth.web.day_wording import chinese, in_words, language_of
from tapwealth.web.phrases import table

PLAYED = json.loads((Path(__file__).parents[1] / "golden/reports/played_days.json").read_text())
ENGLISH = re.compile(r"[a-z]{3,}")
DAY, ACCOUNT = date(2014, 2, 24), "0100000001"


def test_every_step_has_a_chinese_name() -> None:
    assert [step.name for step in STEPS if not ENGLISH.search(wording.step_name(step.name, "zh"))] == [step.name for step in STEPS]
    assert set(wording.STEPS) == {step.name for step in STEPS}


def test_what_was_said_of_every_played_step_and_proof_is_said_in_chinese() -> None:
    said = [text for day in PLAYED["days"] for text in day["steps"].values()] + [one["text"] for one in PLAYED["proofs"]]
    assert len(said) > 40
    assert [text for text in said if chinese(text) is None or ENGLISH.search(in_words(text, "zh"))] == []
    assert [in_words(text, "en") for text in said] == said


def test_differences_with_the_bank_as_depository_are_said_in_chinese() -> None:
    for text in (
        "3 events of deposits listed to the bank, 1.20 yuan of interest",
        "2 of 3 events of deposits agree with the bank",
        "deposit D1 (withdrawn on 2014-03-06): interest is 0.56 yuan at the bank, 0.39 here",
        "deposit D1 has 10,000.01 yuan in the bank's register and 10,000.00 here",
        "deposits sum to 16,000.00 yuan by their events and to 20,000.00 in the ledger",
        "the bank has not paid DPX-20140306: 0.39 yuan of interest",
        "DPX-20140306 pays 0.38 yuan of interest, due under that name are 0.39",
    ):
        assert not ENGLISH.search(in_words(text, "zh")), text


def test_what_is_said_of_claims_is_said_in_chinese() -> None:
    for text in (
        "2 claims with a clock about to run out, 1 closed, 750.00 yuan on their way to the insurer",
        "claim 0144 has to be decided by 2014-04-02 by law; it is assessing",
        "claim 0144 had to be paid as far as it is certain by 2014-05-02 by law; it is with_insurer",
        "claim 0144: refused on 2014-03-01, and the claimant was told on 2014-03-08, later than the law allows",
        "the merchant has given back 200.00 of the payment of claim 0144; ask the claimant to give it back",
        "750.01 came in under CLM-1, but 750.00 was to be paid for claim 0144; ask the payer",
        "750.01 came in under RCV-1, but 750.00 was to come back of claim 0144; ask the payer",
        "750.01 came in under RCV-1, but it was awaited no more, and of claim 0144 0.00 can come back; ask the payer",
    ):
        assert not ENGLISH.search(in_words(text, "zh").replace("CLM", "").replace("RCV", "")), text
    late = "claim 0144 had to be paid as far as it is certain by 2014-05-02 by law; it is with_insurer"
    assert in_words(late, "zh").replace(" ", "") == "理赔0144依法最迟应于2014-05-02先行赔付可确定部分，已逾期"


def test_a_table_in_which_a_line_stands_twice_is_none() -> None:
    with pytest.raises(AssertionError, match="never said"):
        table([("closed", "已关账"), ("closed", "关账")])


def test_figures_and_dates_stay_as_they_were() -> None:
    text = "2 merchants: receipts 1,228.50, fee 3.36, paid out 1,225.14"
    assert in_words(text, "zh") == "2 家商户：收款 1,228.50，手续费 3.36，付出 1,225.14"
    for text in [text for day in PLAYED["days"] for text in day["steps"].values()]:
        assert sorted(re.findall(r"[\d,.]*\d", in_words(text, "zh"))) == sorted(re.findall(r"[\d,.]*\d", text))


@pytest.mark.parametrize(
    ("lines", "ours"),
    [
        ([("A", 101)], [("A", 100)]),
        ([("A", 100), ("A", 100)], [("A", 100)]),
        ([("A", 100)], []),
        ([], [("A", 100)]),
    ],
)
def test_what_the_bank_has_differently_is_said_in_chinese(lines: list[tuple[str, int]], ours: list[tuple[str, int]]) -> None:
    booked = tuple(StatementLine(f"B{number}", name, amount, DAY) for number, (name, amount) in enumerate(lines))
    statement = Statement(ACCOUNT, DAY, 0, sum(amount for _, amount in lines), booked)
    movements = tuple(Movement(name, amount) for name, amount in ours)
    found = reconcile(OurDay(ACCOUNT, DAY, 0, sum(amount for _, amount in ours), movements, ()), statement)
    assert found.breaks
    for one in found.breaks:
        told = in_words(one.text, "zh")
        assert not ENGLISH.search(told), told
        assert ACCOUNT in told


def test_a_payment_that_the_bank_lost_is_said_in_chinese() -> None:
    statement = Statement(ACCOUNT, DAY, 0, 0, ())
    found = reconcile(OurDay(ACCOUNT, DAY, 0, 0, (), (OpenInstruction("PAY-1", -500, DAY),)), statement)
    assert [in_words(one.text, "zh") for one in found.breaks] == [
        "0100000001 账户 2014-02-24，PAY-1：-5.00 应于 2014-02-24 支付，银行既未记账也未退回；请以同一端到端编号重发"
    ]


def test_a_booking_of_the_banks_own_is_said_in_chinese() -> None:
    text = "0100000001 on 2014-02-24, bank reference B0 of 0100000001 on 2014-02-24: the bank booked 0.01, unknown here; "
    told = in_words(text + "keep it in suspense and ask the bank what it is", "zh")
    assert told == "0100000001 账户 2014-02-24，银行流水 B0：银行记账 0.01，本方无此笔；先挂账，并向银行查询"


def test_what_nobody_has_put_into_chinese_stays_english_and_says_so() -> None:
    assert (in_words("something new", "zh"), language_of("something new", "zh")) == ("something new", "en")
    assert (language_of("closed", "zh"), language_of("closed", "en")) == ("zh-CN", "en")


def test_one_of_a_thing_is_named_as_one_in_either_language() -> None:
    assert doctest.testmod(words).failed == 0
    said = [text for day in PLAYED["days"] for text in day["steps"].values()] + [one["text"] for one in PLAYED["proofs"]]
    many = "items|sales|merchants|billers|parties|transfers|premiums|policies|breaks|files|statements|mirrors|holders|campaigns"
    assert [text for text in said if re.search(rf"(?<!of )(?<![\d.,])\b1 ([a-z]+ )?({many})\b", text)] == []
    for text in ("1 item presented, 28.50 yuan", "2 items presented, 28.50 yuan", "1 party paid a share of fees and commission, 0.15 yuan"):
        assert chinese(text) is not None, text
