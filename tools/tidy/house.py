"""The rules applied to this repository."""

import ast
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tidy import effects, numbers, tree
from tidy.finding import Finding, Module, module

ROOT = Path(__file__).resolve().parents[2]
SCENARIOS = frozenset(
    {
        "bank-loses-one", "registrar-short-file", "biller-silent", "network-lower", "network-higher", "network-too-high", "network-doubled",
        "network-missing", "network-late", "network-never-authorised", "network-unasked-refund", "network-torn-file", "network-wrong-total",
        "network-silent",
    }
)  # fmt: skip
"""The faults that `tapwealth demo --fault` knows."""
PRODUCT_WORDS = frozenset({"late_success", "wrong_day"})
"""What the product itself calls something that it finds, and a fault is called after."""
LEAST_SOURCES = 20


def tracked(root: Path = ROOT) -> list[str]:
    """The files of the repository, new ones included, ignored ones not; all of them sorted."""
    listing = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        check=True,
        capture_output=True,
    ).stdout.decode()
    return sorted(path for path in set(listing.split("\0")) if path and (root / path).is_file())


def fault_names(root: Path = ROOT) -> frozenset[str]:
    """The scenarios, and the values of the sandbox's `Fault` that are more than an everyday word."""
    source = ast.parse((root / "src/tapwealth/sandbox/faults.py").read_text())
    faults = next(node for node in source.body if isinstance(node, ast.ClassDef) and node.name == "Fault")
    values = {node.value.value for node in faults.body if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)}
    return SCENARIOS | {str(value) for value in values if "_" in str(value)} - PRODUCT_WORDS


def findings(root: Path = ROOT) -> list[Finding]:
    """Every break of every rule in the repository."""
    texts = {path: text for path in tracked(root) if (text := readable(root / path)) is not None}
    modules = [module(path, text) for path, text in texts.items() if path.endswith(".py")]
    found: list[Finding] = []
    faults = fault_names(root)
    for path, text in texts.items():
        found += of_text(path, text, faults)
    sources = [item for item in modules if item.path.startswith("src/")]
    shared, speakers = numbers.shared_evidence(sources), effects.senders(sources)
    for item in modules:
        found += of_module(item, shared, speakers)
    found += tree.packages_complete(set(texts))
    found += tree.migrations_apart(set(texts))
    found += tree.parts_placed(set(texts), texts["pyproject.toml"])
    assert len(modules) >= LEAST_SOURCES, "the sources were not found"
    return sorted(found)


def readable(path: Path) -> str | None:
    """The text of a file, None for what is no UTF-8 text."""
    try:
        return path.read_bytes().decode()
    except UnicodeDecodeError:
        return None


def of_text(path: str, text: str, faults: frozenset[str]) -> Iterator[Finding]:
    """The rules for any file."""
    yield from tree.no_shapeless_name(path)
    yield from tree.no_workplace_words(path, text)
    yield from tree.no_fault_names(path, text, faults)
    if path.endswith((".py", ".sql", ".sh")):
        yield from tree.nothing_unfinished(path, text)
    if path.endswith(".sql"):
        yield from effects.no_clock_in_sql(path, text)


def of_module(item: Module, shared: numbers.Evidence, speakers: set[str]) -> Iterator[Finding]:
    """The rules for Python: all of them in `src`, some everywhere."""
    yield from tree.not_too_long(item)
    if not item.path.startswith("tests/"):
        yield from tree.documented(item)
        yield from tree.ignores_have_reasons(item)
    if item.path.startswith(("src/", "migrations/")):
        yield from effects.no_clock_in_python_sql(item)
    if item.path.startswith("src/"):
        yield from numbers.no_float(item)
        yield from numbers.no_true_division(item, shared)
        yield from effects.no_clock_or_chance(item)
        yield from effects.no_socket_in_reach_of_a_transaction(item, speakers)
