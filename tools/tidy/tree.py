"""The shape of the tree: names, sizes, documentation, and words that have no place in it."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator

from tidy.finding import Finding, Module

MODULE_LINES = 600
SHAPELESS = {"service.py", "services.py", "utils.py", "util.py", "helpers.py", "helper.py", "common.py", "misc.py"}
REASONED_IGNORE = re.compile(r"#\s*type:\s*ignore\[[\w, -]+\]\s*(?:#|[-–—:])\s*\w+")
ANY_IGNORE = re.compile(r"#\s*type:\s*ignore")
UNFINISHED = re.compile(r"\b(?:TOD[O]|FIXM[E]|XX[X])\b")

# Character classes keep these patterns from matching themselves.
WORKPLACE = re.compile(
    r"/wor[k]/|\.librar[y]\b|\bshare[d]/(?:design|domain|data|stories)|\bissue[s] show\b|\bissue [#]?\d|\bbluep[r]int\.md|/opt/whee[l]s"
    r"|/opt/pyp[i]|\bsubagen[t]|\bclaud[e]\b|\banthropi[c]\b",
    re.IGNORECASE,
)
REGISTRY_HOST = re.compile(
    r"\b(?:pypi|pythonhosted|npmjs|yarnpkg|debian|ubuntu|nodesource|crates|rubygems|golang|maven|docker)\.(?:org|io|com|net)\b",
    re.IGNORECASE,
)
HOST = re.compile(r"https?://([^/\s\"'`)>\]]+)", re.IGNORECASE)
NO_HOST_FILES = ("Makefile", "pyproject.toml", ".ci/", ".npmrc", "requirements/", "tools/", "package")
"""Files that fetch: they name packages, and the machine's own configuration says where from."""


def no_shapeless_name(path: str) -> Iterator[Finding]:
    """A file is named for what it does; these names collect everything."""
    if path.rsplit("/", 1)[-1] in SHAPELESS:
        yield Finding(path, 0, "shapeless-name", "name the file for what it does")


def not_too_long(module: Module) -> Iterator[Finding]:
    """A module has at most 600 lines; tables (displays of constants at the top level) do not count."""
    tables = sum((node.end_lineno or node.lineno) - node.lineno for node in module.tree.body if is_table(node))
    lines = module.text.count("\n") - tables
    if lines > MODULE_LINES:
        yield module.finding(0, "too-long", f"{lines} lines beside tables: cut the module where it has a seam")


def is_table(node: ast.stmt) -> bool:
    """A top-level assignment of a display of values."""
    if not isinstance(node, (ast.Assign, ast.AnnAssign)) or node.value is None:
        return False
    value = node.value
    if isinstance(value, ast.Call):
        return any(isinstance(argument, (ast.Dict, ast.List, ast.Tuple, ast.Set)) for argument in value.args)
    return isinstance(value, (ast.Dict, ast.List, ast.Tuple, ast.Set, ast.Constant))


def documented(module: Module) -> Iterator[Finding]:
    """Each module, and so each package folder, says what it is."""
    if not ast.get_docstring(module.tree):
        yield module.finding(0, "undocumented", "begin with a docstring: what it is, what it may assume, which standard it follows")


def packages_complete(paths: set[str]) -> Iterator[Finding]:
    """Each folder with Python files in it is a package with an `__init__.py`."""
    folders = {path.rsplit("/", 1)[0] for path in paths if path.startswith("src/") and path.endswith(".py")}
    for folder in sorted(folders - {path.removesuffix("/__init__.py") for path in paths}):
        yield Finding(f"{folder}/__init__.py", 0, "undocumented", "the folder is no package: add the file with a docstring")


def parts_placed(paths: set[str], project: str) -> Iterator[Finding]:
    """Each part of the package stands in an import contract: what stands in none is held by none."""
    parts = {path.split("/")[2].removesuffix(".py") for path in paths if path.startswith("src/tapwealth/") and path.endswith(".py")}
    for part in sorted(parts - {"__init__", "__main__"}):
        if not re.search(rf"\btapwealth\.{part}\b", project):
            yield Finding("pyproject.toml", 0, "unplaced", f"tapwealth.{part} stands in no import contract: give it its stratum")


def migrations_apart(paths: set[str]) -> Iterator[Finding]:
    """Each migration has a number of its own: with two of one number no database is made."""
    first: dict[str, str] = {}
    for path in sorted(path for path in paths if path.startswith("migrations/sql/")):
        name = path.removeprefix("migrations/sql/")
        other = first.setdefault(name[:4], name)
        if other != name:
            yield Finding(path, 0, "doubled-number", f"{other} has this number: take the next free one")


def ignores_have_reasons(module: Module) -> Iterator[Finding]:
    """`type: ignore` names its code and its reason."""
    if not ANY_IGNORE.search(module.text):
        return
    for token in tokenize.generate_tokens(io.StringIO(module.text).readline):
        if token.type == tokenize.COMMENT and ANY_IGNORE.search(token.string) and not REASONED_IGNORE.search(token.string):
            yield module.finding(token.start[0], "bare-ignore", "write `type: ignore[code]  # reason`")


def nothing_unfinished(path: str, text: str) -> Iterator[Finding]:
    """What is not done is not written down in the source."""
    yield from each(path, text, UNFINISHED, "unfinished", "do it or leave it out")


def no_workplace_words(path: str, text: str) -> Iterator[Finding]:
    """The repository stands for itself: it names no folder or tool of the place where it was written, and no package host."""
    yield from each(path, text, WORKPLACE, "workplace", "the repository stands for itself")
    yield from each(path, text, REGISTRY_HOST, "registry-host", "name the package, not where it comes from")
    if path.startswith(NO_HOST_FILES):
        yield from each(path, text, HOST, "registry-host", "the machine's configuration says where packages come from")


def no_fault_names(path: str, text: str, names: frozenset[str]) -> Iterator[Finding]:
    """The product does not know which faults a partner can be asked for."""
    if path.startswith("src/") and not path.startswith(("src/tapwealth/sandbox/", "src/tapwealth/cli")):
        pattern = re.compile(r"\b(?:" + "|".join(sorted(map(re.escape, names))) + r")\b")
        yield from each(path, text, pattern, "fault-name", "only the sandbox and the command line know the faults by name")


def each(path: str, text: str, pattern: re.Pattern[str], rule: str, advice: str) -> Iterator[Finding]:
    """A finding for each match."""
    for match in pattern.finditer(text):
        yield Finding(path, text.count("\n", 0, match.start()) + 1, rule, f"{match.group()!r}: {advice}")
