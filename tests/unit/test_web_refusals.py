"""Whatever deposits and wealth products refuse to a customer stands in Chinese on their pages: each text of their modules is tried."""

import ast
import inspect
from collections.abc import Callable, Iterator
from datetime import date
from types import ModuleType

import pytest

from tapwealth.catalogue import eligible
from tapwealth.compliance import limits, suitability
from tapwealth.compliance.suitability import Standing
from tapwealth.deposits import deposit, notice, raise_rules
from tapwealth.flows.deposits import at_notice, demand, deposit_terms, opening, raise_sale, withdrawal_quote, withdrawing
from tapwealth.kernel import raised_order
from tapwealth.web import deposit_wording, wealth_wording

DAY = date(2014, 3, 1)
NOT_SAID = {"close_early", "set_yield", "settle_demand"}
"""Functions that tell the bank's own people."""


def refused(module: ModuleType) -> Iterator[str]:
    """Texts of a module's refusals, with something likely in each gap."""
    for function in ast.parse(inspect.getsource(module)).body:
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef) and function.name not in NOT_SAID:
            for node in ast.walk(function):
                yield from _text_of(node)


def _text_of(node: ast.AST) -> Iterator[str]:
    said: ast.AST | None = None
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Refusal":
        said = node.args[1]
    elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == "text":
        said = node.value
    elif isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple):
        said = node.value.elts[-1]
    if isinstance(said, ast.Constant) and isinstance(said.value, str):
        yield said.value
    if isinstance(said, ast.JoinedStr):
        yield "".join(part.value if isinstance(part, ast.Constant) else _likely(ast.unparse(part)) for part in said.values)  # type: ignore[misc]


def _likely(gap: str) -> str:
    if "format_minor" in gap:
        return "1,000.00"
    if "whose" in gap:
        return "you are"
    return "2014-03-01" if any(word in gap for word in ("day", "due", "closed_on")) else "3"


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
    ],
    ids=["deposits", "wealth"],
)
def test_each_refusal_has_its_chinese(modules: list[ModuleType], chinese: Callable[[str], str | None]) -> None:
    texts = [text for one in [*modules, eligible] for text in refused(one)]
    assert len(texts) > 10
    assert [text for text in texts if chinese(text) is None] == []


def test_who_may_not_have_a_product_reads_why_in_chinese() -> None:
    assert [text for text in WEALTH if text and wealth_wording.chinese(text) is None] == []
    assert sum(text is not None for text in WEALTH) >= 5
