"""A merchant's terminal at the played shop and a customer of the played week, while the platform is up: the commands that the how-to and
the README show, as they stand there."""

import asyncio
import os
import re
import subprocess
from pathlib import Path

import pytest
from played_week import PLATFORM, billing, theatre_folder
from shown_commands import Shown, agrees, shown_in

from tapwealth.play import theatre
from tapwealth.play.theatre import live_on, open_theatre, perform

ROOT = Path(__file__).resolve().parents[2]
PAGE = "docs/how-to/run-a-terminal.md"


def shown() -> list[Shown]:
    return shown_in(PAGE, (ROOT / PAGE).read_text(), "sh")


def run(one: Shown, folder: Path, invoice: str) -> str:
    """The command at the root of the repository, on the played folder in place of `var`; what it printed."""
    command = re.sub(r"--invoice \d{6}", f"--invoice {invoice}", one.command.replace("var/", f"{folder}/"))
    environment = os.environ | {"TAPWEALTH_DATA_DIR": str(folder), "NO_COLOR": "1", "COLUMNS": "120", "TERM": "dumb"}
    done = subprocess.run(command, shell=True, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, f"{one}: {done.stdout}{done.stderr}"
    assert agrees(one.output, done.stdout), f"{one}\nprinted:\n{done.stdout}"
    return done.stdout


def act_as_the_readme_says(folder: Path) -> str:
    """A purchase with the token of the played customer's phone, and the record that it left."""
    lines = re.findall(r"^(?:export|\.venv/bin/tapwealth (?:fund|sale)) .*$", (ROOT / "README.md").read_text(), re.MULTILINE)
    token, buy, show = (line.replace("var/", f"{folder}/") for line in lines)
    done = subprocess.run(
        f"{token}; order=$({buy}); {show.replace('ord_…', '${order%%:*}')}", shell=True, cwd=ROOT, capture_output=True, text=True,
        env=os.environ | {"TAPWEALTH_DATA_DIR": str(folder)}, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


async def sell_while_it_is_up(folder: Path) -> None:
    wanted = billing(folder, 1)
    async with open_theatre(wanted, PLATFORM, lambda _: None) as (stage, _):
        evening = await perform(wanted, stage, lambda *_: None)
        assert evening.proved
        ended = (await stage.view("clock", login="ops.chen"))["now"]
        going_on = asyncio.create_task(live_on(stage))
        invoice = "000000"
        for one in shown():
            printed = await asyncio.to_thread(run, one, folder, invoice)
            found = re.search(r"票据号 +(\d{6})", printed)
            invoice = found[1] if found else invoice
        record = await asyncio.to_thread(act_as_the_readme_says, folder)
        assert record.startswith("Tianhong Yu'E Bao Money Market (000198, version 1)")
        assert "amount: 1000\n" in record
        assert "proved: sealed in the ledger" in record
        going_on.cancel()
        assert (await stage.view("clock", login="ops.chen"))["now"] > ended, "time goes on while one looks and acts"
        assert (folder / "receipt.png").read_bytes().startswith(b"\x89PNG")


def test_the_how_tos_commands_sell_in_the_played_shop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(theatre, "_CLOCK_MS", 500)
    assert len([one for one in shown() if "terminal" in one.command]) >= 6
    with theatre_folder() as folder:
        asyncio.run(sell_while_it_is_up(folder))
