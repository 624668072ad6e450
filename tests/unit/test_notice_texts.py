"""Every notice of the product is in both languages, leads somewhere, and promises no return. Read from the source, so none is missed."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from tapwealth.flows.reports import views

FLOWS = Path(__file__).parents[2] / "src/tapwealth/flows"
TELLERS = sorted(path for path in FLOWS.rglob("*.py") if "notices.notice import Notice" in path.read_text())
CHINESE = re.compile("[\u4e00-\u9fff]")
PROMISE = re.compile(
    "保本|稳赚|无风险|零风险|高收益|(预期|预计|预测|保证|承诺).{0,6}(收益|回报|利润)|将(获得|赚)"
    r"|guarantee|promis|risk.free|no risk|forecast|(expected|sure|certain|high) (return|income|yield|gain)"
    r"|will (earn|yield|gain|grow|return)",
    re.IGNORECASE,
)
VIEWS = [re.compile(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(path)) + r"\Z") for path in views(cast(Any, None))]


def shape(node: ast.expr) -> str:
    """A text as it is written, `…` for what is filled in."""
    if isinstance(node, ast.JoinedStr):
        return "".join(shape(part) for part in node.values)
    return str(node.value) if isinstance(node, ast.Constant) else "…"


def notices_in(tree: ast.AST) -> list[ast.Call]:
    return [one for one in ast.walk(tree) if isinstance(one, ast.Call) and isinstance(one.func, ast.Name) and one.func.id == "Notice"]


def texts_in(tree: ast.AST) -> Iterator[str]:
    """What could be shown: every text but the docstrings, which begin a body or stand alone."""
    said = {one.value for one in ast.walk(tree) if isinstance(one, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, (ast.Constant, ast.JoinedStr)) and node not in said and isinstance(getattr(node, "value", ""), str):
            yield shape(node)


def lopsided(tree: ast.AST) -> list[str]:
    """Functions that set the one language more often than the other."""
    found = []
    for function in (one for one in ast.walk(tree) if isinstance(one, (ast.FunctionDef, ast.AsyncFunctionDef))):
        names = [one.id for one in ast.walk(function) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)]
        found += [function.name] if names.count("zh") != names.count("en") else []
    return found


def words_of(told: ast.Call) -> list[ast.expr]:
    """The two texts as they are handed over: two values, or a pair."""
    return told.args[4:-2]


@pytest.mark.parametrize("path", TELLERS, ids=lambda path: path.stem)
def test_every_notice_has_two_languages_a_kind_and_a_view_that_shows_it(path: Path) -> None:
    tree = ast.parse(path.read_text())
    assert lopsided(tree) == []
    for told in notices_in(tree):
        kind, link = told.args[-2:]
        zh, *en = words_of(told)
        assert isinstance(zh, ast.Starred) != bool(en), f"line {told.lineno}: two texts"
        assert not en or ast.dump(zh) != ast.dump(en[0]), f"line {told.lineno}: both are one language"
        assert ast.unparse(kind).startswith("NoticeKind."), f"line {told.lineno}"
        assert any(view.match(shape(link)) for view in VIEWS), f"line {told.lineno}: nothing is shown at {shape(link)}"


@pytest.mark.parametrize("path", TELLERS, ids=lambda path: path.stem)
def test_no_notice_forecasts_or_promises_a_return(path: Path) -> None:
    texts = list(texts_in(ast.parse(path.read_text())))
    assert any(CHINESE.search(one) for one in texts), "it tells in Chinese"
    assert [one for one in texts if PROMISE.search(one)] == []


def test_every_teller_is_read() -> None:
    assert len(TELLERS) >= 18
    assert sum(len(notices_in(ast.parse(path.read_text()))) for path in TELLERS) >= 24


@pytest.mark.parametrize(
    "text",
    ["预计收益 5%", "本产品保本", "您将获得 10 元", "it will earn 5 percent", "a guaranteed income", "expected return: 5 percent"],
)
def test_a_promise_is_found(text: str) -> None:
    assert PROMISE.search(text)
    assert list(texts_in(ast.parse(f'def f():\n    "promises nothing"\n    return {text!r}'))) == [text]


def test_a_missing_language_and_a_dead_link_are_found() -> None:
    assert lopsided(ast.parse("def f():\n    zh = '好'\n    zh, en = '好', 'good'")) == ["f"]
    assert not any(view.match(dead) for dead in ("nowhere", "bill", "bill/1/2") for view in VIEWS)
