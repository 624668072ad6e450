"""Numbers: money is an integer, so nothing in the product may ever become a binary fraction.

Held here: no float or complex literal, no mention of the types (annotations in quotes included), no call that returns one, and no true
division unless an operand is evidently a path, a `Fraction` or a `Decimal`. Evidence is a literal (`"name"` to the right of `/`), a
constructor, an annotation or an assignment that the tree shows; a name that is annotated both ways is no evidence.
"""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from tidy.finding import Finding, Module

FLOAT_TYPES = {"float", "complex"}
FLOAT_CALLS = {"total_seconds", "timestamp", "perf_counter", "hypot", "sqrt"}
DIVISIBLE_TYPES = {"Path", "PurePath", "PurePosixPath", "PosixPath", "Traversable", "Fraction", "Decimal"}
DIVISIBLE_CALLS = DIVISIBLE_TYPES | {"files"}
PATH_ATTRIBUTES = {"parent", "parents"}
PATH_METHODS = {"resolve", "absolute", "expanduser", "joinpath", "with_name", "with_suffix", "cwd", "home", "relative_to"}


def no_float(module: Module) -> Iterator[Finding]:
    """No literal, no type, no call that gives a float; `kernel/clock.py` alone makes one of a duration, for libraries that want it."""
    for node in module.nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, (float, complex)):
            yield module.finding(node, "no-float", f"the literal {node.value!r} is no integer")
        elif (isinstance(node, ast.Name) and node.id in FLOAT_TYPES) or (isinstance(node, ast.alias) and node.name in FLOAT_TYPES):
            yield module.finding(node, "no-float", "the type is named: use int, Fraction or Decimal")
        elif isinstance(node, ast.Call) and called(node) in FLOAT_CALLS and not module.path.endswith("kernel/clock.py"):
            yield module.finding(node, "no-float", f"{called(node)}() gives a float: use kernel.clock")
    for annotation in annotations(module):
        yield from quoted_float(module, annotation)


def quoted_float(module: Module, annotation: ast.expr) -> Iterator[Finding]:
    """An annotation in quotes is a string to the parser: look inside."""
    for node in ast.walk(annotation):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and FLOAT_TYPES & names_in(node.value):
            yield module.finding(node, "no-float", "the type is named in a quoted annotation")


def annotations(module: Module) -> Iterator[ast.expr]:
    """Every annotation of a module."""
    for node in module.nodes:
        for name in ("annotation", "returns"):
            found = getattr(node, name, None)
            if isinstance(found, ast.expr):
                yield found


def names_in(source: str) -> set[str]:
    """The names in an expression; none if it is not one."""
    try:
        return {node.id for node in ast.walk(ast.parse(source, mode="eval")) if isinstance(node, ast.Name)}
    except SyntaxError:
        return set()


def called(node: ast.Call) -> str:
    """The last part of the called name."""
    if isinstance(node.func, ast.Attribute):
        return node.func.attr
    return node.func.id if isinstance(node.func, ast.Name) else ""


@dataclass
class Evidence:
    """Names that are known to be divisible, and those known to be something else too."""

    yes: set[str] = field(default_factory=set)
    no: set[str] = field(default_factory=set)

    def note(self, name: str, divisible: bool) -> None:
        (self.yes if divisible else self.no).add(name)

    def __contains__(self, name: str) -> bool:
        return name in self.yes and name not in self.no


def is_divisible_type(annotation: ast.expr | None) -> bool:
    """`Path`, `pathlib.Path`, `Path | None` and the like."""
    if isinstance(annotation, ast.BinOp):
        return is_divisible_type(annotation.left) or is_divisible_type(annotation.right)
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        return bool(DIVISIBLE_TYPES & names_in(annotation.value))
    name = annotation.attr if isinstance(annotation, ast.Attribute) else getattr(annotation, "id", "")
    return name in DIVISIBLE_TYPES


def shared_evidence(modules: Iterable[Module]) -> Evidence:
    """What the whole source says about attributes (`.name`) and functions (`name()`), by their annotations."""
    found = Evidence()
    for module in modules:
        for node in module.nodes:
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                found.note(f"{node.name}()", is_divisible_type(node.returns))
                found.note(f".{node.name}", is_divisible_type(node.returns))
                for target, value in attributes_set(node):
                    found.note(f".{target}", value in {arg.arg for arg in arguments_of(node) if is_divisible_type(arg.annotation)})
            elif isinstance(node, ast.ClassDef):
                for field_node in (item for item in node.body if isinstance(item, ast.AnnAssign)):
                    found.note(f".{getattr(field_node.target, 'id', '')}", is_divisible_type(field_node.annotation))
            elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Attribute):
                found.note(f".{node.target.attr}", is_divisible_type(node.annotation))
    return found


def attributes_set(function: ast.AST) -> Iterator[tuple[str, str]]:
    """Attribute and name of each `self.attribute = name` in a function, side by side ones included."""
    for node in (node for node in ast.walk(function) if isinstance(node, ast.Assign)):
        for target, value in pairs(node):
            if isinstance(target, ast.Attribute) and isinstance(value, ast.Name):
                yield target.attr, value.id


def pairs(node: ast.Assign) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Target and value of an assignment; `a, b = x, y` gives two pairs."""
    for target in node.targets:
        if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
            yield from zip(target.elts, node.value.elts, strict=False)
        else:
            yield target, node.value


def no_true_division(module: Module, shared: Evidence) -> Iterator[Finding]:
    """`/` on integers gives a float; only paths, fractions and decimals may be divided so."""
    yield from divisions(module, module.tree, shared, Evidence())


def divisions(module: Module, scope: ast.AST, shared: Evidence, outer: Evidence) -> Iterator[Finding]:
    """The divisions of one scope; inner functions see what the outer scope knows unless they say otherwise."""
    local = Evidence(set(outer.yes), set(outer.no))
    own = list(nodes_of(scope))
    for argument in arguments_of(scope):
        for names in (local.yes, local.no):
            names.discard(argument.arg)
        local.note(argument.arg, is_divisible_type(argument.annotation))
    for node in own:
        note_assignment(node, shared, local)
    for node in own:
        if isinstance(node, (ast.BinOp, ast.AugAssign)) and isinstance(node.op, ast.Div):
            left, right = (node.left, node.right) if isinstance(node, ast.BinOp) else (node.target, node.value)
            if not (evident(left, shared, local) or evident(right, shared, local) or is_text(right)):
                yield module.finding(node, "no-true-division", "neither side is evidently a Path, Fraction or Decimal: use // or Fraction")
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)):
            yield from divisions(module, node, shared, local)


def nodes_of(scope: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a scope in order, not those inside inner scopes."""
    for child in ast.iter_child_nodes(scope):
        yield child
        if not isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)):
            yield from nodes_of(child)


def arguments_of(scope: ast.AST) -> list[ast.arg]:
    """The arguments of a function, none of anything else."""
    if not isinstance(scope, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
        return []
    return [*scope.args.posonlyargs, *scope.args.args, *scope.args.kwonlyargs]


def note_assignment(node: ast.AST, shared: Evidence, local: Evidence) -> None:
    """Learn from `x: T = …`, `x = …` and `for x in …`: what is not evidently divisible counts against the name."""
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        local.note(node.target.id, is_divisible_type(node.annotation))
    elif isinstance(node, ast.Assign):
        for target, value in pairs(node):
            if isinstance(target, ast.Name):
                local.note(target.id, evident(value, shared, local))
    elif isinstance(node, ast.NamedExpr):
        local.note(node.target.id, evident(node.value, shared, local))


def evident(node: ast.expr, shared: Evidence, local: Evidence) -> bool:
    """Is this expression a path, a Fraction or a Decimal by what the tree shows?"""
    match node:
        case ast.Name(id=name):
            return name in local
        case ast.Call(func=ast.Attribute(attr=name)) if name in PATH_METHODS:
            return True
        case ast.Call():
            return called(node) in DIVISIBLE_CALLS or f"{called(node)}()" in shared
        case ast.Attribute(attr=name):
            return name in PATH_ATTRIBUTES or f".{name}" in shared
        case ast.Subscript(value=value):
            return evident(value, shared, local)
        case ast.BinOp(left=left, op=ast.Div(), right=right):
            return evident(left, shared, local) or evident(right, shared, local) or is_text(right)
        case ast.BinOp(left=left, right=right):
            return evident(left, shared, local) or evident(right, shared, local)
        case ast.IfExp(body=body, orelse=orelse):
            return evident(body, shared, local) and evident(orelse, shared, local)
        case ast.BoolOp(values=values):
            return all(evident(value, shared, local) for value in values)
        case _:
            return False


def is_text(node: ast.expr) -> bool:
    """A text to the right of `/` makes the left side a path: no number divides by one."""
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))
