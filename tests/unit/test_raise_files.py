"""A raise's definition: what is wrong with it is told with line and column and what to write instead."""

import pytest
from product_files import changed
from raise_files import RAISE_FILE

from tapwealth.catalogue.compare import differences
from tapwealth.flows.catalogue.kinds import KINDS
from tapwealth.flows.catalogue.products import read_file
from tapwealth.kernel.refusal import BadInput


def of_raise(*changes: tuple[str, str]) -> bytes:
    return changed(*changes, text=RAISE_FILE)


WRONG = [
    (of_raise(("fund: 110022", "fund: 11002")), ("line 5, column 9 (parameters.fund)", "a fund has 6 digits")),
    (of_raise(("target: 10000000.00", "target: 0")), ("line 6, column 11 (parameters.target)", "not above zero")),
    (of_raise(("least: 2000000.00", "least: 10000000.01")), ("line 7, column 10 (parameters.least)", "give at most the target")),
    (of_raise(("minimum: 1000.00", "minimum: 10000000.01")), ("line 8, column 12 (parameters.minimum)", "give a lower minimum")),
    (of_raise(("step: 100.00", "step: 0.00")), ("line 9, column 9 (parameters.step)", "not above zero")),
    (of_raise(("cap: 200000.00", "cap: 999.99")), ("line 10, column 8 (parameters.cap)", "0 means no cap")),
    (of_raise(("interest: 0.35", "interest: 100")), ("line 11, column 13 (parameters.interest)", "outside")),
    (of_raise(("interest: 0.35", "allotment: lottery")), ("line 11, column 14 (parameters.allotment)", "choose one of arrival")),
    (of_raise(("T01", "996")), ("line 13, column 8 (channels.996)", "not sold by '996'", "write `T01: {}`")),
    (of_raise(("opens: 2014-03-10T10:00:00+08:00, ", "")), ("line 14, column 1 (sale)", "has its window", "`opens` and `closes`")),
    (of_raise(("closes: 2014-03-14", "closes: 2014-03-10"), ("T15:00", "T09:59")), ("line 14, column 50 (sale.closes)", "before it opens")),
    (of_raise(("sale:", "eligibility: {risk_level: 3}\nsale:")), ("line 14, column 1 (eligibility)", "said by its fund", "leave it out")),
    (of_raise(("sale:", "rates: {interest: [{from: 2014-01-01, value: 1}]}\nsale:")), ("line 14, column 9", "no field 'interest'")),
]


@pytest.mark.parametrize(("content", "said"), WRONG, ids=[" ".join(said) for _, said in WRONG])
def test_what_is_wrong_is_told_with_its_line_and_what_to_write_instead(content: bytes, said: tuple[str, ...]) -> None:
    with pytest.raises(BadInput) as caught:
        read_file(content)
    assert [one for one in said if one not in str(caught.value)] == [], str(caught.value)


def test_versions_are_compared_in_words() -> None:
    one, other = (
        read_file(of_raise()).definition,
        read_file(of_raise(("step: 100.00", "step: 500.00"), ("interest: 0.35", "interest: 0.5"))),
    )
    found = differences(one, other.definition, KINDS[one.kind].shape)
    assert [(change.zh, change.en) for change in found] == [
        ("递增金额：由 100.00 元 改为 500.00 元", "step: 100.00 yuan becomes 500.00 yuan"),
        ("募集期利率（年）：由 0.35% 改为 0.5%", "interest of the raise (yearly): 0.35% becomes 0.5%"),
    ]
