"""The ceremony of docs/how-to/hold-a-key-ceremony.md, held as it stands there, by one shell; without SoftHSM 2 it is skipped."""

import os
import re
import subprocess
from pathlib import Path

import soft_tokens
from shown_commands import agrees, shown_in

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "how-to" / "hold-a-key-ceremony.md"


def run(commands: str) -> "subprocess.CompletedProcess[str]":
    environment = os.environ | {"PATH": f"{ROOT / '.venv' / 'bin'}{os.pathsep}{os.environ['PATH']}"}
    return subprocess.run(["sh", "-c", commands], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False)


def test_a_ceremony_goes_as_the_page_says() -> None:
    soft_tokens.require()
    commands = shown_in(PAGE.name, re.sub(r"^ {3}", "", PAGE.read_text(), flags=re.MULTILINE), "console softhsm")
    assert len(commands) > 8
    marked = "; ".join(f"{{ {one.command}; }} || exit 1; echo '<<{number}>>'" for number, one in enumerate(commands))
    done = run(marked)
    assert done.returncode == 0, done.stdout + done.stderr
    printed = re.split(r"<<\d+>>\n", done.stdout)
    for one, text in zip(commands, printed, strict=False):
        assert agrees(one.output, text), f"{one}:\n{text}"
    assert not list((ROOT / "build" / "ceremony" / "data" / "keys").glob("keystore.json")), "no key lies outside of the token"
    assert "271828" not in Path(ROOT / "build" / "ceremony" / "data" / "keys" / "store").read_text()
