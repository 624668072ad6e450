"""Holds the hashed locks to what they are made from. Standard library only, no network.

Every pin of `requirements/NAME.in` stands in `NAME.lock` with the same version; every locked package has hashes and nothing else (no
index, no host, no option); two locks never pin one package differently; every dependency of `pyproject.toml` is locked; and what is
installed asks for nothing that no lock has, but for the packages that are taken for their schemas alone or lie beside the environment.
"""

import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SETS = ("run", "xsd", "dev", "fuzz")
WITHOUT_DEPENDENCIES = ("xsd", "fuzz")
APART = ("build", "pcsc", "emv")
"""Installed only where there is a card reader, by tools/card_reader.sh; `emv` in an environment of its own, with old versions."""

PIN = re.compile(r"^([A-Za-z0-9._-]+)==([A-Za-z0-9._+!-]+)( \\)?$")
HASH = re.compile(r"^    --hash=sha256:[0-9a-f]{64}( \\)?$")
REQUIREMENT = re.compile(r"^([A-Za-z0-9._-]+)")


def normal(name: str) -> str:
    """Package names are equal up to case and `-`, `_`, `.`."""
    return re.sub(r"[-_.]+", "-", name).lower()


def pins(text: str) -> dict[str, str]:
    """Name to version of the lines that pin something."""
    return {normal(found[1]): found[2] for line in text.splitlines() if (found := PIN.match(line.strip()))}


def malformed(name: str, text: str) -> Iterator[str]:
    """The lines of a lock that are neither a pin with hashes nor a hash."""
    hashed = True
    for number, line in enumerate(text.splitlines(), 1):
        if pin := PIN.match(line):
            if not hashed or not pin[3]:
                yield f"{name}:{number}: a package without a hash"
            hashed = False
        elif HASH.match(line):
            hashed = True
        else:
            yield f"{name}:{number}: {line.strip()!r} is neither a pin nor a hash: run 'make lock'"
    if not hashed:
        yield f"{name}: the last package has no hash: run 'make lock'"


def differing(wanted: dict[str, str], locked: dict[str, str], name: str) -> Iterator[str]:
    """Pins that a lock does not have."""
    for package, version in wanted.items():
        if locked.get(package) != version:
            yield f"{name}: {package} is {locked.get(package, 'missing')}, not {version}: run 'make lock'"


def unlocked(project: str, locked: dict[str, str]) -> Iterator[str]:
    """Dependencies of the project that no lock has."""
    for requirement in tomllib.loads(project)["project"]["dependencies"]:
        found = REQUIREMENT.match(requirement)
        if found is None or normal(found[1]) not in locked:
            yield f"pyproject.toml: {requirement} is in no lock: add it to requirements/run.in and run 'make lock'"


def unmet(locked: dict[str, str]) -> Iterator[str]:
    """What installed packages ask for on this machine and no lock has."""
    for package in sorted(locked):
        try:
            required = distribution(package).requires or []
        except PackageNotFoundError:
            yield f"{package} is locked and not installed: run 'make setup-dev'"
            continue
        for requirement in (text for text in required if ";" not in text):
            found = REQUIREMENT.match(requirement)
            if found and normal(found[1]) not in locked:
                yield f"{package} asks for {found[1]}, which is in no lock: run 'make lock'"


def problems(root: Path = ROOT) -> list[str]:
    """Everything that is wrong, one line each."""
    texts = {name: (root / f"requirements/{name}.lock").read_text() for name in SETS}
    locked: dict[str, str] = {}
    found: list[str] = []
    for name, text in texts.items():
        found += malformed(f"requirements/{name}.lock", text)
        found += differing(pins((root / f"requirements/{name}.in").read_text()), pins(text), f"requirements/{name}.lock")
        shared = {package: version for package, version in locked.items() if package in pins(text)}
        found += differing(shared, pins(text), f"requirements/{name}.lock")
        locked |= pins(text)
    for name in APART:
        text = (root / f"requirements/{name}.lock").read_text()
        found += malformed(f"requirements/{name}.lock", text)
        found += differing(pins((root / f"requirements/{name}.in").read_text()), pins(text), f"requirements/{name}.lock")
    found += unlocked((root / "pyproject.toml").read_text(), locked)
    bare = {package for name in WITHOUT_DEPENDENCIES for package in pins(texts[name])}
    found += unmet({package: version for package, version in locked.items() if package not in bare})
    return found


if __name__ == "__main__":
    wrong = problems()
    print("\n".join(wrong) if wrong else f"{len(SETS) + len(APART)} locks hold")
    sys.exit(bool(wrong))
