"""Whatever the commands of a page can refuse stands there in Chinese as well: each text that they come to, found in their source."""

from collections.abc import Callable
from datetime import date
from types import FunctionType, ModuleType
from typing import Any

import pytest
from said_texts import bad_inputs, lacking, reached, refusals, written_in

from tapwealth.app import wiring
from tapwealth.compliance import limits, suitability
from tapwealth.compliance.suitability import Standing
from tapwealth.web import (
    autopay_pages,
    bill_pages,
    bill_wording,
    catalogue_wording,
    claim_pages,
    claim_wording,
    customer,
    customer_wording,
    deposit_pages,
    deposit_wording,
    desk,
    policy_buying,
    policy_changes,
    policy_forms,
    policy_pages,
    policy_wording,
    wealth_pages,
    wealth_wording,
)

DAY = date(2014, 3, 1)
LIKELY = (
    "1,000.00", "2014-03-01", "3", "TL20", "child", "'flu'", "policy", "issued", "is paid", "referred", "you are", "class 2 may",
    "08:00 to 20:00", "1,000.00 yuan", "W62 version 1", "on sale", "product manager", "insurance", "has 17 characters", "has 14 digits",
    "10,485,760", "now", "smoking, heart",
)  # fmt: skip
"""What may be filled in."""
OWN_WORDS = {"covered_on": "a claim says why in words of its own", "_recalled": "it says again what was said"}
"""Functions whose refusals nobody hears."""
FAR = {
    "bills.pay.decide", "deposits.deposit.open_deposit", "insurance.buy.quote", "insurance.claim.wrong_loss", "deposits.raise_rules.cancel",
    "flows.customers.page_sessions.sign_in", "catalogue.version.may_follow", "bills.biller.refuse", "insurance.underwriting.judge",
}  # fmt: skip
"""Some of what is come to, by long ways."""
FILES = ("tapwealth.compliance.rules", "tapwealth.bills.region", "tapwealth.storage")
"""Modules that read what the house itself has written."""
NOTHING: Any = None
SPECS = wiring._commands(NOTHING, NOTHING, real_time=False)
Say = Callable[[str], str | None]
PAGES: list[tuple[list[ModuleType], tuple[str, ...], Say]] = [
    ([bill_pages, autopay_pages], (*bill_pages.BILL_COMMANDS, *autopay_pages.AUTOPAY_COMMANDS), bill_wording.chinese),
    ([deposit_pages], deposit_pages.DEPOSIT_COMMANDS, deposit_wording.chinese),
    (
        [policy_pages, policy_buying, policy_changes, policy_forms],
        (*policy_pages.POLICY_COMMANDS, *policy_buying.BUYING_COMMANDS, *policy_changes.CHANGE_COMMANDS),
        policy_wording.chinese,
    ),
    ([claim_pages], claim_pages.CLAIM_COMMANDS, claim_wording.chinese),
    ([wealth_pages], wealth_pages.WEALTH_COMMANDS, wealth_wording.chinese),
    ([customer], (), customer_wording.chinese),
    ([desk], desk.COMMANDS, catalogue_wording.chinese),
]
IDS = ["bills", "deposits", "policies", "claims", "wealth", "door", "staff"]


def _reached(modules: list[ModuleType], commands: tuple[str, ...]) -> list[FunctionType]:
    return reached([*(one for module in modules for one in written_in(module)), *(SPECS[name].run for name in commands)])


@pytest.mark.parametrize(("modules", "commands", "chinese"), PAGES, ids=IDS)
def test_each_refusal_of_a_page_has_its_chinese(modules: list[ModuleType], commands: tuple[str, ...], chinese: Say) -> None:
    functions = _reached(modules, commands)
    said = [(one, text) for one in functions if one.__name__ not in OWN_WORDS for text in refusals(one)]
    if modules != [desk]:
        said += [(one, text) for one in functions if not one.__module__.startswith(FILES) for text in bad_inputs(one)]
    assert len(said) > 5
    found = [(one.__qualname__, lacking(text, chinese, LIKELY)) for one, text in said]
    assert [one for one in found if one[1]] == []


def test_what_refuses_far_from_its_page_is_found() -> None:
    found = {f"{one.__module__.removeprefix('tapwealth.')}.{one.__name__}" for page in PAGES for one in _reached(*page[:2])}
    assert found >= FAR


WEALTH = [
    *(
        suitability.above_risk(3, one, DAY, "W62", "product")
        for one in (None, Standing(5, False, date(2014, 1, 1)), Standing(1, True, DAY))
    ),
    suitability.above_risk(3, Standing(2, False, DAY), DAY, "W62", "product"),
    *(limits.barred_from_wealth("current", level) for level in (0, 1)),
    *(limits.above_limit("current", level, 0, 300_000_00) for level in (0, 1, 2, 3)),
]


def test_who_may_not_have_a_product_reads_why_in_chinese() -> None:
    assert [text for text in WEALTH if text and wealth_wording.chinese(text) is None] == []
    assert sum(text is not None for text in WEALTH) >= 5
