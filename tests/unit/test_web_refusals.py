"""What deposits, wealth products and claims refuse to a customer stands in Chinese on their pages: each text of their modules is tried."""

import ast
import inspect
import itertools
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from types import ModuleType

import pytest

from tapwealth.catalogue import eligible
from tapwealth.compliance import limits, suitability
from tapwealth.compliance.suitability import Standing
from tapwealth.deposits import deposit, notice, raise_rules
from tapwealth.flows.deposits import at_notice, demand, deposit_terms, opening, raise_sale, withdrawal_quote, withdrawing
from tapwealth.flows.insurance import claim_papers, claims
from tapwealth.flows.issuing import disputes
from tapwealth.insurance import claim, evidence
from tapwealth.kernel import raised_order
from tapwealth.web import claim_wording, deposit_wording, wealth_wording

DAY = date(2014, 3, 1)
LIKELY = ("1,000.00", "2014-03-01", "3", "you are", "2014-02-28", "has lapsed", "is paid", "'flu'")
NOT_SAID = {"close_early", "set_yield", "settle_demand", "notify_death", "refuse", "any_claim"}
"""Functions that tell the bank's own people."""


def refused(module: ModuleType) -> Iterator[list[str | None]]:
    """Texts of a module's refusals in parts; None for what is filled in."""
    for function in ast.parse(inspect.getsource(module)).body:
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef) and function.name not in NOT_SAID:
            for node in ast.walk(function):
                yield from _text_of(node)


def _text_of(node: ast.AST) -> Iterator[list[str | None]]:
    said: ast.AST | None = None
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Refusal":
        said = node.args[1]
    elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == "text":
        said = node.value
    elif isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple):
        said = node.value.elts[-1]
    if isinstance(said, ast.Constant) and isinstance(said.value, str):
        yield [said.value]
    if isinstance(said, ast.JoinedStr):
        yield [str(part.value) if isinstance(part, ast.Constant) else None for part in said.values]


def has_chinese(parts: Sequence[str | None], chinese: Callable[[str], str | None]) -> bool:
    """With something likely in each gap."""
    gaps = [LIKELY if part is None else (part,) for part in parts]
    return any(chinese("".join(filled)) for filled in itertools.product(*gaps))


WEALTH = [
    *(
        suitability.above_risk(3, one, DAY, "W62", "product")
        for one in (None, Standing(5, False, date(2014, 1, 1)), Standing(1, True, DAY))
    ),
    suitability.above_risk(3, Standing(2, False, DAY), DAY, "W62", "product"),
    *(limits.barred_from_wealth("current", level) for level in (0, 1)),
]


@pytest.mark.parametrize(
    ("modules", "chinese"),
    [
        ([deposit, notice, at_notice, demand, deposit_terms, opening, withdrawal_quote, withdrawing], deposit_wording.chinese),
        ([raise_rules, raised_order, raise_sale], wealth_wording.chinese),
        ([claim, evidence, claims, claim_papers, disputes], claim_wording.chinese),
    ],
    ids=["deposits", "wealth", "claims"],
)
def test_each_refusal_has_its_chinese(modules: list[ModuleType], chinese: Callable[[str], str | None]) -> None:
    texts = [parts for one in [*modules, eligible] for parts in refused(one)]
    assert len(texts) > 10
    assert [parts for parts in texts if not has_chinese(parts, chinese)] == []


def test_who_may_not_have_a_product_reads_why_in_chinese() -> None:
    assert [text for text in WEALTH if text and wealth_wording.chinese(text) is None] == []
    assert sum(text is not None for text in WEALTH) >= 5
