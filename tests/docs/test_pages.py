"""The pages agree with the house: links lead somewhere, each dependency has its reason, each command and option is documented."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from tidy import house

ROOT = Path(__file__).resolve().parents[2]
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ +(.+?) *$", re.MULTILINE)
CODE = re.compile(r"^```.*?^```$|`[^`\n]*`", re.MULTILINE | re.DOTALL)


def pages() -> list[Path]:
    return [ROOT / path for path in house.tracked() if path.endswith(".md")]


def anchor(heading: str) -> str:
    """How a heading is linked to."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def dead_links(page: Path, text: str) -> Iterator[str]:
    """The links of a page, within the repository, that lead nowhere."""
    for target in LINK.findall(CODE.sub("", text)):
        if re.match(r"\w+:", target):
            continue
        path, _, fragment = target.partition("#")
        to = page.parent / path if path else page
        if not to.exists() or (fragment and fragment not in map(anchor, HEADING.findall(to.read_text()))):
            yield target


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    assert not list(dead_links(page, page.read_text()))


def test_a_dead_link_is_found(tmp_path: Path) -> None:
    (tmp_path / "there.md").write_text("# One\n## Two words\n")
    text = "# A b\n[x](nowhere.md) [y](there.md#two-words) [z](there.md#three) [w](#c) `[v](none.md)` [u](https://example.test/)\n"
    (tmp_path / "page.md").write_text(text)
    assert list(dead_links(tmp_path / "page.md", text)) == ["nowhere.md", "there.md#three", "#c"]


def test_each_dependency_has_its_reason() -> None:
    listed = re.findall(r"^([A-Za-z0-9._-]+)==", "".join(path.read_text() for path in ROOT.glob("requirements/*.in")), re.MULTILINE)
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    page = (ROOT / "docs" / "dependencies.md").read_text()
    assert {name for name in {*listed, *declared} if f"| {name} |" not in page} == set()


def commands(command: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Every command below one, with what is typed to reach it."""
    if hasattr(command, "commands"):
        for name, inner in command.commands.items():
            yield from commands(inner, f"{path} {name}")
    else:
        yield path, command


def section_of(path: str, page: str) -> str | None:
    """The part of the page under the heading that begins with the command in backquotes."""
    found = re.search(rf"^#+ `{re.escape(path)}\b.*?(?=^#+ `|\Z)", page, re.MULTILINE | re.DOTALL)
    return found[0] if found else None


def undocumented(command: Any, page: str) -> Iterator[str]:
    """Commands without help or without a section of their own, and options that their section does not name."""
    for path, inner in commands(command, "tapwealth"):
        section = section_of(path, page)
        if section is None or not inner.help:
            yield path
            continue
        for names in (parameter.opts for parameter in inner.params):
            long = [name for name in names if name.startswith("--") and name != "--help"]
            if long and not any(re.search(rf"`{name}\b", section) for name in long):
                yield f"{path} {long[0]}"


def test_each_command_and_option_is_documented() -> None:
    from tapwealth.cli import app

    assert not list(undocumented(typer.main.get_command(app), (ROOT / "docs" / "reference" / "cli.md").read_text()))


def test_an_undocumented_command_or_option_is_found() -> None:
    planted = typer.Typer()
    day = typer.Typer()
    planted.add_typer(day, name="day")

    @planted.command("up")
    def up(fast: bool = False) -> None:
        """Start."""

    @day.command("close")
    def close() -> None:
        """Close."""

    command = typer.main.get_command(planted)
    assert list(undocumented(command, "## `tapwealth up`\nstarts\n")) == ["tapwealth up --fast", "tapwealth day close"]
    assert not list(undocumented(command, "## `tapwealth up`\n`--fast` starts fast\n## `tapwealth day close`\ncloses\n"))
