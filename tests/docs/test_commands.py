"""The commands in the documentation work as shown.

A block fenced as `console` holds lines that begin with `$ `, each followed by what it prints; every such command is run at the root of the
repository and must exit 0. A line `…` (or `...`) stands for any lines, `…` within a line for any text; a command shown without output may
print what it likes. The few that play the whole week stand in `ELSEWHERE` with the place that runs them.
"""

import os
import subprocess
from pathlib import Path

import pytest
from shown_commands import Shown, agrees, shown_in

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 60

ELSEWHERE = {
    "make": "CI runs check, test and demo; run is demo with a page at its end, soak and bench are its long forms",
    "tapwealth demo": "CI: `make demo`",
    "tapwealth up": "the integration tests start and stop it",
    "tapwealth bench": "a measurement of a quiet machine",
    "git clone": "needs the place the project is published at",
    "sudo": "changes the machine",
}


def pages() -> list[Path]:
    """Every page of documentation."""
    return sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("src/**/*.md"), *ROOT.glob("migrations/**/*.md")])


def runs_elsewhere(command: str) -> bool:
    """Is the command one of those that something else runs?"""
    return any(command == prefix or command.startswith(f"{prefix} ") for prefix in ELSEWHERE)


def run(command: str) -> "subprocess.CompletedProcess[str]":
    """The command in a shell at the root, with this environment's programs first on the path."""
    path = f"{ROOT / '.venv' / 'bin'}{os.pathsep}{os.environ['PATH']}"
    environment = os.environ | {"PATH": path, "NO_COLOR": "1", "COLUMNS": "120", "TERM": "dumb"}
    return subprocess.run(command, shell=True, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False)


COMMANDS = [shown for page in pages() for shown in shown_in(str(page.relative_to(ROOT)), page.read_text())]


def test_each_shown_command_works() -> None:
    """One test for all: a page may build on what an earlier command of it made."""
    wrong = []
    for shown in (shown for shown in COMMANDS if not runs_elsewhere(shown.command)):
        done = run(shown.command)
        if done.returncode or not agrees(shown.output, done.stdout):
            wrong.append(f"{shown}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("output", "printed", "fits"),
    [
        ("", "anything", True),
        ("a\nb", "a\nb\n", True),
        ("a\nb", "a\nc\n", False),
        ("a\n…\nd", "a\nb\nc\nd", True),
        ("a\n...\nd", "a\nd", True),
        ("took … ms", "took 12 ms", True),
        ("took … ms", "took 12 s", False),
        ("a", "a\nb", False),
    ],
)
def test_output_is_compared(output: str, printed: str, fits: bool) -> None:
    assert agrees(output, printed) is fits


def test_commands_are_read_from_a_page() -> None:
    page = "text\n```console\n$ echo a\na\n$ false\n```\n```sh\n$ not run\n```\n"
    assert shown_in("p.md", page) == [Shown("p.md", "echo a", "a"), Shown("p.md", "false", "")]
    assert run("false").returncode == 1


def test_only_whole_words_run_elsewhere() -> None:
    assert runs_elsewhere("make run")
    assert runs_elsewhere("tapwealth demo --fresh")
    assert not runs_elsewhere("tapwealth demography")
    assert not runs_elsewhere("tapwealth --help")
