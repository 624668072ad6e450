"""Set-up says in one line what is wrong. It runs in a copy of the folder, with a stand-in for Python and no more programs than it needs."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = ("sh", "awk", "cat", "cksum", "date", "dirname", "flock", "grep", "id", "mkdir", "tee", "touch", "chmod", "cp")

PYTHON = """#!/bin/sh
case "$*" in
    *version_info*3,\\ 11*) {recent} ;;
    *ensurepip*) {ensurepip} ;;
    *venv*--clear*) mkdir -p .venv/bin && cp "$0" .venv/bin/python ;;
    *"pip install --no-deps --require-hashes"*) {pip} ;;
    *"pip install"*) touch .venv/bin/tapwealth && chmod +x .venv/bin/tapwealth ;;
    *print*) echo python3.11-venv ;;
    --version) echo Python 3.11.2 ;;
esac
"""
FINE = {"recent": "exit 0", "ensurepip": "exit 0", "pip": "echo Collecting asyncpg==0.32.0"}

Setup = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def setup(tmp_path: Path) -> Setup:
    """Runs set-up in the copy, with a Python that behaves as told; without one if told nothing."""
    (tmp_path / "tools").mkdir()
    (tmp_path / "bin").mkdir()
    shutil.copy(ROOT / "tools" / "setup.sh", tmp_path / "tools")
    shutil.copytree(ROOT / "requirements", tmp_path / "requirements")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for name in PROGRAMS:
        if found := shutil.which(name):
            (tmp_path / "bin" / name).symlink_to(found)

    def run(**python: str) -> "subprocess.CompletedProcess[str]":
        if python:
            stand_in = tmp_path / "bin" / "python3"
            stand_in.write_text(PYTHON.format(**python))
            stand_in.chmod(0o755)
        environment = {"PATH": str(tmp_path / "bin"), "HOME": os.environ.get("HOME", "/")}
        return subprocess.run(["sh", "tools/setup.sh", "run"], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)

    return run


def test_it_sets_up_once(setup: Setup) -> None:
    first, second = setup(**FINE), setup(**FINE)
    assert (first.returncode, first.stderr) == (0, "")
    assert "ready after" in first.stdout
    assert (second.returncode, second.stdout, second.stderr) == (0, "", "")


def test_a_changed_lock_sets_up_again(setup: Setup, tmp_path: Path) -> None:
    setup(**FINE)
    with (tmp_path / "requirements" / "run.lock").open("a") as lock:
        lock.write("\n")
    assert "ready after" in setup(**FINE).stdout


def test_an_environment_made_elsewhere_is_made_anew(setup: Setup, tmp_path: Path) -> None:
    setup(**FINE)
    (tmp_path / ".venv" / ".place").write_text("/elsewhere\n")
    (tmp_path / ".venv" / ".set-up-run").unlink()
    assert "made elsewhere" in setup(**FINE).stdout


@pytest.mark.parametrize(
    ("python", "line"),
    [
        ({}, "Python 3.11 or newer is needed"),
        (FINE | {"recent": "exit 1"}, "Python 3.11 or newer is needed"),
        (FINE | {"ensurepip": "exit 1"}, "run 'sudo apt-get install python3.11-venv'"),
        (FINE | {"pip": "echo 'WARNING: Retrying (Retry(total=1'; exit 1"}, "no connection to the Python package index"),
        (FINE | {"pip": "echo 'THESE PACKAGES DO NOT MATCH THE HASHES'; exit 1"}, "differs from its hash"),
        (FINE | {"pip": "echo 'ERROR: No space left'; exit 1"}, "ERROR: No space left"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(setup: Setup, python: dict[str, str], line: str) -> None:
    done = setup(**python)
    assert done.returncode == 1
    assert line in done.stderr
    assert done.stderr.count("\n") == 1


def test_ci_runs_targets_that_exist() -> None:
    targets = (ROOT / "Makefile").read_text()
    assert all(f"\n{target}:" in targets for target in ("check", "test", "demo"))
    assert "for target in check test demo" in (ROOT / ".ci" / "run").read_text()


@pytest.mark.parametrize(("ci", "failing"), [("true", True), ("", False)])
def test_a_skipped_test_fails_in_ci(tmp_path: Path, ci: str, failing: bool) -> None:
    (tmp_path / "test_one.py").write_text("import pytest\ndef test_it(): pytest.skip('no')\n")
    (tmp_path / "test_module.py").write_text("import pytest\npytest.skip('no', allow_module_level=True)\n")
    (tmp_path / "test_runs.py").write_text("def test_it(): pass\n")
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "conftest", "-p", "no:cacheprovider", "--continue-on-collection-errors", "."],
        cwd=tmp_path,
        env=os.environ | {"CI": ci, "PYTHONPATH": f"{ROOT / 'tests'}{os.pathsep}{ROOT / 'tests' / 'support'}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ("1 failed, 1 passed, 1 error" if failing else "1 passed, 2 skipped") in done.stdout
    assert (done.returncode != 0) is failing


@pytest.mark.parametrize(("ci", "code"), [("true", 1), ("", 0)])
@pytest.mark.parametrize(
    ("tool", "packages"),
    [("card_reader.sh", "pcscd vsmartcard-vpcd libpcsclite-dev swig gcc libc6-dev"), ("soft_token.sh", "softhsm2")],
)
def test_without_what_card_readers_and_tokens_need_one_line_says_how_to_get_it(
    tmp_path: Path, ci: str, code: int, tool: str, packages: str
) -> None:
    """No root, no swig, no compiler, no SoftHSM: the tests with readers or tokens are skipped, and in CI that is a failure."""
    (tmp_path / "tools").mkdir()
    shutil.copy(ROOT / "tools" / tool, tmp_path / "tools")
    (tmp_path / "bin").mkdir()
    for name in ("sh", "dirname", "mkdir", "cat", "ls", "grep"):
        (tmp_path / "bin" / name).symlink_to(shutil.which(name) or name)
    user = tmp_path / "bin" / "id"
    user.write_text("#!/bin/sh\necho 1000\n")
    user.chmod(0o755)
    environment = {"PATH": str(tmp_path / "bin"), "CI": ci}
    done = subprocess.run(["sh", f"tools/{tool}"], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (code, "")
    assert f"run 'sudo apt-get install {packages}'" in done.stderr
    assert done.stderr.count("\n") == 1
