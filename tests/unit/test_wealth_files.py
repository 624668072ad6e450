"""A wealth product's definition: what is wrong with it is told with line and column and what to write instead."""

import pytest
from product_files import changed
from wealth_town import WEALTH_FILE

from tapwealth.catalogue.compare import differences
from tapwealth.catalogue.reading import write_definition
from tapwealth.flows.catalogue.kinds import KINDS
from tapwealth.flows.catalogue.products import read_file
from tapwealth.flows.deposits.raise_catalogue import WEALTH
from tapwealth.kernel.refusal import BadInput


def of_wealth(*changes: tuple[str, str]) -> bytes:
    return changed(*changes, text=WEALTH_FILE)


WRONG = [
    (of_wealth(("bank: 313100000013", "bank: 31310000001")), ("line 5, column 9 (parameters.bank)", "12 digits of CNAPS")),
    (of_wealth(("bank: 313100000013", "bank: 102100099996")), ("line 5, column 9 (parameters.bank)", "would lie", "write 313100000013")),
    (of_wealth(("target: 250000.00", "target: 0")), ("line 6, column 11 (parameters.target)", "not above zero")),
    (of_wealth(("least: 100000.00", "least: 250000.01")), ("line 7, column 10 (parameters.least)", "give at most the target")),
    (of_wealth(("minimum: 50000.00", "minimum: 49999.99")), ("line 8, column 12 (parameters.minimum)", "give 50,000.00 or more")),
    (of_wealth(("risk_level: 1", "risk_level: 5")), ("line 8, column 12 (parameters.minimum)", "risk R5", "give 200,000.00 or more")),
    (of_wealth(("step: 10000.00", "step: 0.00")), ("line 9, column 9 (parameters.step)", "not above zero")),
    (of_wealth(("expected: 3.96", "expected: 100")), ("line 10, column 13 (parameters.expected)", "below 100")),
    (of_wealth(("days: 62", "days: 0")), ("line 11, column 9 (parameters.days)",)),
    (of_wealth(("days: 62", "days: 62\n  credit_within: 4")), ("line 12, column 18 (parameters.credit_within)",)),
    (of_wealth(("demand: DEMAND", "demand: ''")), ("line 12, column 11 (parameters.demand)",)),
    (of_wealth(("demand: DEMAND", "demand: DEMAND\n  allotment: lottery")), ("(parameters.allotment)", "choose one of arrival, pro_rata")),
    (of_wealth(("days: 62", "days: 62\n  allotment: pro_rata"), ("step: 10000.00", "step: 7000.00")), ("(parameters.target)", "multiple")),
    (of_wealth(("{risk_level: 1}", "{}")), ("(eligibility)", "has a risk level", "give `risk_level`")),
    (of_wealth(("{risk_level: 1}", "{risk_level: 1, regions: ['11']}")), ("(eligibility.regions)", "leave it out")),
    (of_wealth(("app: {}", "T01: {}")), ("(channels.T01)", "not sold by 'T01'", "write `app: {}`")),
    (of_wealth(("opens: 2014-02-24T10:00:00+08:00, ", "")), ("(sale)", "has its window", "`opens` and `closes`")),
]


@pytest.mark.parametrize(("content", "said"), WRONG, ids=[" ".join(said) for _, said in WRONG])
def test_what_is_wrong_is_told_with_its_line_and_what_to_write_instead(content: bytes, said: tuple[str, ...]) -> None:
    with pytest.raises(BadInput) as caught:
        read_file(content)
    assert [one for one in said if one not in str(caught.value)] == [], str(caught.value)


def test_versions_are_compared_in_words_and_written_as_they_are_read() -> None:
    one, other = (read_file(of_wealth(*changes)).definition for changes in ([], [("days: 62", "days: 90"), ("3.96", "4.1")]))
    found = differences(one, other, KINDS[one.kind].shape)
    assert [(change.zh, change.en) for change in found] == [
        ("预期收益率（年）：由 3.96% 改为 4.1%", "expected yield (yearly): 3.96% becomes 4.1%"),
        ("期限（天）：由 62 改为 90", "days: 62 becomes 90"),
    ]
    assert read_file(write_definition(one, WEALTH.shape)).definition == one
