"""What a rule says, and the module it says it of."""

import ast
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One break of one rule; `line` counts from 1, 0 is the file as a whole."""

    path: str
    line: int
    rule: str
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.rule}: {self.text}"


@dataclass(frozen=True, slots=True)
class Module:
    """A Python file: its path within the repository, its text, its tree, and all nodes of the tree."""

    path: str
    text: str
    tree: ast.Module
    nodes: tuple[ast.AST, ...]

    def finding(self, node: ast.AST | int, rule: str, text: str) -> Finding:
        """A finding at a node or at a line."""
        line = node if isinstance(node, int) else int(getattr(node, "lineno", 0))
        return Finding(self.path, line, rule, text)


def module(path: str, text: str) -> Module:
    """Parse a file."""
    tree = ast.parse(text, path)
    return Module(path, text, tree, tuple(ast.walk(tree)))


def docstrings(module: Module) -> set[int]:
    """The ids of the constants that are documentation: strings that stand alone as a statement."""
    return {id(node.value) for node in module.nodes if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)}


def imported(node: ast.AST) -> list[str]:
    """The dotted names that an import statement brings in: `from a import b` gives `a.b`."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.level == 0:
        return [f"{node.module}.{alias.name}" for alias in node.names]
    return []
