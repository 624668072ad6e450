"""What code may say when it says no, read off its source: from functions, whatever they call of ours, and the texts of refusals there.

A function that is named counts as called, wherever it is named; a method is found by its name alone, where it refuses. So more may be found
than can be said, and nothing that is said by a name is missed. A text is a list of parts, None for what is filled in.
"""

import ast
import functools
import inspect
import itertools
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

Text = Sequence[str | None]
Named = Mapping[str, list[Text]]
GAP: list[Text] = [[None]]
OURS, PAGES = "tapwealth.", "tapwealth.web."
_ELSEWHERE = ("sandbox", "cli", "api", "play", "terminal", "card", "counter", "acquiring", "host", "web", "bench")


@functools.cache
def _functions(module: str) -> dict[tuple[int, str], ast.AST]:
    """By the line on which they begin, decorators included, and their name; lambdas are known by what they have closed over alone."""
    found: dict[tuple[int, str], ast.AST] = {}
    waiting: list[ast.AST] = [ast.parse(inspect.getsource(sys.modules[module]))]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found[min([node.lineno, *(one.lineno for one in node.decorator_list)]), node.name] = node
        waiting.extend(one for name in ("body", "orelse", "finalbody") for one in getattr(node, name, ()))
    return found


def _node(function: FunctionType) -> ast.AST | None:
    return _functions(function.__module__).get((function.__code__.co_firstlineno, function.__name__))


def _bare(one: Any) -> FunctionType | None:
    """The function of ours behind whatever wraps it; None for anything else."""
    while not isinstance(one, FunctionType) or hasattr(one, "__wrapped__"):
        if isinstance(one, functools.partial):
            one = one.func
        elif isinstance(one, staticmethod | classmethod | MethodType):
            one = one.__func__
        elif hasattr(one, "__wrapped__"):
            one = one.__wrapped__
        else:
            return None
    return one if (one.__module__ or "").startswith(OURS) else None


def _closed_over(function: FunctionType) -> dict[str, Any]:
    cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
    return {name: cell.cell_contents for name, cell in cells}


def _named(node: ast.AST, scope: Mapping[str, Any]) -> Any:
    if isinstance(node, ast.Name):
        return scope.get(node.id)
    if isinstance(node, ast.Attribute):
        base = _named(node.value, scope)
        return getattr(base, node.attr, None) if isinstance(base, ModuleType | type) else None
    return None


def _scope(function: FunctionType) -> dict[str, Any]:
    return {**function.__globals__, **_closed_over(function)}


@functools.cache
def _methods() -> dict[str, list[FunctionType]]:
    """Of our classes those that refuse, by name."""
    found: dict[str, list[FunctionType]] = {}
    for name, module in list(sys.modules.items()):
        if name.startswith(OURS) and name.split(".")[1] not in _ELSEWHERE:
            for one in [one for one in vars(module).values() if isinstance(one, type) and one.__module__ == name]:
                for method in filter(None, map(_bare, vars(one).values())):
                    if next(_noes(method, "Refusal"), None) is not None:
                        found.setdefault(method.__name__, []).append(method)
    return found


@functools.cache
def _calls(function: FunctionType) -> list[FunctionType]:
    """What it names of ours, and what it has closed over."""
    node, scope = _node(function), _scope(function)
    found = [_bare(one) for one in _closed_over(function).values()]
    for one in ast.walk(node) if node is not None else ():
        if isinstance(one, ast.Name | ast.Attribute):
            found.extend(_bare(each) for each in _values(_named(one, scope)))
        if isinstance(one, ast.Attribute) and not function.__module__.startswith(PAGES):
            found.extend(_methods().get(one.attr, []))
    return [each for each in found if each is not None]


def _values(one: Any) -> list[Any]:
    """Of a table of functions, or of things that have functions, each of them."""
    if not isinstance(one, dict):
        return [one]
    return [each for value in one.values() for each in (value, *getattr(value, "__dict__", {}).values())]


def reached(roots: Iterable[Any]) -> list[FunctionType]:
    """Those, and all of ours that they come to."""
    waiting, seen = [one for one in map(_bare, roots) if one is not None], dict[FunctionType, None]()
    while waiting:
        one = waiting.pop()
        if one not in seen:
            seen[one] = None
            waiting.extend(_calls(one))
    return list(seen)


def written_in(module: ModuleType) -> list[FunctionType]:
    """Functions and methods of a module."""
    own = [one for one in vars(module).values() if getattr(one, "__module__", "") == module.__name__]
    methods = [method for one in own if isinstance(one, type) for method in vars(one).values()]
    return [one for one in map(_bare, (*own, *methods)) if one is not None]


# ---- texts


def _noes(function: FunctionType, kind: str) -> Iterator[ast.Call]:
    node = _node(function) if _names(function.__code__, kind) else None
    for one in ast.walk(node) if node is not None else ():
        if isinstance(one, ast.Call) and isinstance(one.func, ast.Name) and one.func.id == kind:
            yield one


def _names(code: CodeType, name: str) -> bool:
    """Whether it, or a function in it, names that."""
    return name in code.co_names or any(_names(one, name) for one in code.co_consts if isinstance(one, CodeType))


def refusals(function: FunctionType) -> list[Text]:
    """Whatever its refusals may say."""
    return [text for call in _noes(function, "Refusal") for text in _texts(call.args[1], function, {})]


def bad_inputs(function: FunctionType) -> list[Text]:
    """The same of what cannot be read: what, and the hint."""
    calls = list(_noes(function, "BadInput"))
    parts = [part for call in calls for part in (*call.args[:1], *(one.value for one in call.keywords if one.arg == "hint"))]
    return [text for part in parts for text in _texts(part, function, {})]


def _texts(node: ast.AST | None, function: FunctionType, given: Named, deep: int = 0) -> list[Text]:
    """Whatever an expression of that function may say; `given`: what its parameters are."""
    go_on = functools.partial(_texts, function=function, given=given, deep=deep + 1)
    match node:
        case _ if deep > 8:
            return GAP
        case ast.Constant(value=None):
            return []
        case ast.Constant():
            return [[str(node.value)]]
        case ast.JoinedStr():
            return _joined([_filled(part, function, given, deep) for part in node.values])
        case ast.IfExp():
            return go_on(node.body) + go_on(node.orelse)
        case ast.BinOp(op=ast.Add()):
            return _joined([go_on(node.left), go_on(node.right)])
        case ast.Await():
            return go_on(node.value)
        case ast.Name():
            return given.get(node.id) or _assigned(node.id, function, given, deep)
        case ast.Call(func=ast.Attribute(attr="get", value=ast.Dict() as table)):
            return [text for value in (*table.values, *node.args[1:]) for text in go_on(value)]
        case ast.Call():
            return _returned(node, function, given, deep)
    return GAP


def _joined(parts: Sequence[list[Text]]) -> list[Text]:
    return [list(itertools.chain.from_iterable(one)) for one in itertools.product(*parts)]


def _filled(part: ast.AST, function: FunctionType, given: Named, deep: int) -> list[Text]:
    """A part of a text; what is filled in is known where it is a text itself, by name or by choice."""
    if isinstance(part, ast.FormattedValue) and part.format_spec is None and isinstance(part.value, ast.Name | ast.IfExp | ast.Constant):
        return _texts(part.value, function, given, deep + 1) or GAP
    return GAP if isinstance(part, ast.FormattedValue) else _texts(part, function, given, deep + 1)


def _assigned(name: str, function: FunctionType, given: Named, deep: int) -> list[Text]:
    found: list[ast.AST] = []
    for one in ast.walk(_node(function) or ast.Pass()):
        to = one.targets if isinstance(one, ast.Assign) else [one.target] if isinstance(one, ast.NamedExpr) else []
        if isinstance(one, ast.Assign | ast.NamedExpr) and any(isinstance(each, ast.Name) and each.id == name for each in to):
            found.append(one.value)
    known = function.__globals__.get(name)
    if not found:
        return [[str(known)]] if isinstance(known, str | int) else GAP
    return [text for one in found for text in _texts(one, function, given, deep + 1)]


def _returned(call: ast.Call, function: FunctionType, given: Named, deep: int) -> list[Text]:
    """What a function of ours gives back for these arguments, if it gives back a text."""
    called = _bare(_named(call.func, _scope(function)))
    node = None if called is None else _node(called)
    if called is None or not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or "str" not in ast.unparse(node.returns or call):
        return GAP
    names = [one.arg for one in node.args.args]
    args = dict(zip(names, call.args, strict=False)) | {one.arg: one.value for one in call.keywords if one.arg is not None}
    said = {name: _texts(value, function, given, deep + 1) for name, value in args.items()}
    returns = [one.value for one in ast.walk(node) if isinstance(one, ast.Return) and one.value is not None]
    return [text for one in returns for text in _texts(one, called, said, deep + 1)] or GAP


# ---- in another language


_FEW = 5


def lacking(text: Text, chinese: Callable[[str], str | None], likely: Sequence[str]) -> list[Text]:
    """Of the parts of a text, which `; ` divides, those that have no Chinese whatever likely thing stands in their gaps: in three gaps or
    more one of the first few."""
    parts: list[list[str | None]] = [[]]
    for piece in text:
        first, *more = (piece.split("; ")) if piece is not None else (None,)
        parts[-1].append(first)
        parts.extend([one] for one in more)
    merged = [_merged(part) for part in parts]
    return [part for part in merged if any(part) and not _has_chinese(part, chinese, tuple(likely))]


def _merged(part: Text) -> tuple[str | None, ...]:
    """With one gap where yuan and fen, or two things, stand side by side."""
    made: list[str | None] = []
    for one in part:
        if one == "" or (one is None and made[-1:] == [None]):
            continue
        if one is None and made[-2:] == [None, "."]:
            made.pop()
            continue
        made.append(one)
    return tuple(made)


@functools.cache
def _has_chinese(part: tuple[str | None, ...], chinese: Callable[[str], str | None], likely: tuple[str, ...]) -> bool:
    fill = likely if part.count(None) < 3 else likely[:_FEW]
    return any(chinese("".join(filled)) for filled in itertools.product(*(fill if one is None else (one,) for one in part)))
