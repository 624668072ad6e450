"""The terms of the played week's policies and deposit say, in both languages, what their definitions say."""

import re

import pytest
from policy_files import COMMISSION

from tapwealth.play.acts import POLICIES, definition_of, terms_of
from tapwealth.play.deposit_acts import PRODUCT as DEPOSIT

FIGURES = re.compile(r"\b(?:sum_insured|free_look_days|free_look_cost|youngest|oldest|value|minimum|rate): ([\d.]+)")


def missing(figures: list[str], text: str) -> list[str]:
    """Those of these figures that a text does not have."""
    return [one for one in figures if not re.search(rf"(?<![\d.]){re.escape(one)}(?![\d.]*\d)", text.replace(",", ""))]


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize(("product", "least"), [*((policy, 5) for policy in POLICIES), (DEPOSIT, 3)])
def test_terms_name_the_figures_of_the_definition(product: str, least: int, language: str) -> None:
    definition = COMMISSION.sub("", definition_of(product))
    figures = FIGURES.findall(definition)
    assert len(figures) >= least
    assert missing(figures, terms_of(product, language).decode()) == []


def test_a_figure_that_is_not_there_is_found() -> None:
    assert missing(["760.00", "65", "15"], "760.00 yuan, 650 people, 15.5 percent") == ["65", "15"]
