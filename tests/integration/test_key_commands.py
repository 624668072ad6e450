"""`tapwealth keys` on an installation: what operators see and do, and that the keys of the first start are found again."""

import asyncio
import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
import soft_tokens

from tapwealth.app.house import Settings, open_house
from tapwealth.cli.main import main
from tapwealth.kernel.refusal import BadInput, Outage
from tapwealth.storage import passphrase
from tapwealth.storage.pkcs11_keys import Pkcs11KeyStore

NOW = datetime(2014, 2, 24, 1, tzinfo=UTC)
Command = Callable[..., tuple[int, str, str]]


def begin(folder: Path, url: str, keys: str = "") -> None:
    """The first start of an installation."""

    async def run() -> None:
        async with open_house(Settings(data=folder, database_url=url, keys=keys), NOW) as house:
            house.keys.generate("iss_mk_ac_1")

    asyncio.run(run())


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Command:
    """`tapwealth keys …` on a folder, in this process: exit code and what it said."""

    def call(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["tapwealth", "keys", *arguments, "--data-dir", str(tmp_path)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        return (int(ended.value.code or 0), *capsys.readouterr())

    return call


def test_an_index_is_generated_shown_and_retired(keys: Command, new_database: Callable[[], str], tmp_path: Path) -> None:
    url = new_database()
    begin(tmp_path, url)
    code, out, _ = keys("generate", "issuer", "--database-url", url)
    name, value = out.split()
    assert (code, name) == (0, "iss_mk_ac_2")
    assert keys("check-value", "iss_mk_ac_2") == (0, f"{value}\n", "")
    assert keys("generate", "data", "--database-url", url)[1].startswith("root_2 ")
    assert keys("retire", "7", "--database-url", url)[::2] == (1, "there is no key index 7; there are 1, 2\n")
    assert keys("retire", "1", "--database-url", url) == (0, "key index 1 retired; new cards are given iss_mk_ac_2\n", "")
    code, _, said = keys("retire", "2", "--database-url", url)
    assert (code, said.split(";")[1]) == (1, " generate the next one first\n")
    listed = {one["name"]: one for one in json.loads(keys("list", "--json", "--database-url", url)[1])}
    assert listed.keys() == {"iss_mk_ac_1", "iss_mk_ac_2", "root_1", "root_2"}
    assert {name: one["state"] for name, one in listed.items() if one["state"]} == {
        "iss_mk_ac_1": "retired 2014-02-24T01:00:00.000000Z",
        "iss_mk_ac_2": "for new cards",
    }
    assert listed["iss_mk_ac_2"]["check_value"] == value
    assert "honoured" not in keys("list", "--database-url", url)[1]


def test_keys_are_prepared_before_there_is_an_installation_and_kept_by_it(
    keys: Command, new_database: Callable[[], str], tmp_path: Path
) -> None:
    code, out, _ = keys("prepare")
    assert (code, [line.split()[0] for line in out.splitlines()]) == (0, ["iss_mk_ac_1", "issuer_rsa_1", "root_1", "sandbox_authority"])
    before = [line.split()[:2] for line in out.splitlines()]
    url = new_database()
    begin(tmp_path, url)
    assert [line.split()[:2] for line in keys("list", "--database-url", url)[1].splitlines()] == before


def test_the_store_of_the_first_start_is_found_again_and_no_other_taken(new_database: Callable[[], str], tmp_path: Path) -> None:
    uri, url = soft_tokens.new_token(), new_database()
    begin(tmp_path, url, uri.text)

    async def again(choice: str, seed: int | None = None) -> object:
        async with open_house(Settings(data=tmp_path, database_url=url, keys=choice, seed=seed)) as house:
            return house.keys

    assert isinstance(asyncio.run(again("")), Pkcs11KeyStore)
    with pytest.raises(Outage, match="does not belong to this database"):
        asyncio.run(again("software"))
    with pytest.raises(BadInput, match="leave --seed out"):
        asyncio.run(again("", seed=1))
    assert isinstance(asyncio.run(again("")), Pkcs11KeyStore), "the wrong one is not remembered"


def test_another_passphrase_is_sealed_with_by_command(keys: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passphrase, "_CHOSEN_COST", 4)
    _, before, _ = keys("prepare")
    own = tmp_path / "own"
    own.touch(0o600)
    own.write_text("correct horse battery\n")
    code, out, _ = keys("rewrap", str(own))
    assert (code, out) == (0, f"sealed anew; start the platform with {passphrase.FILE}={own}\n")
    code, _, said = keys("list")
    assert code == 1
    assert "does not open the key file" in said
    monkeypatch.setenv(passphrase.FILE, str(own))
    assert keys("list") == (0, before, "")


def test_a_passphrase_that_lies_nowhere_is_asked_for_at_the_terminal_and_not_shown(keys: Command, tmp_path: Path) -> None:
    _, before, _ = keys("prepare")
    text = (tmp_path / "keys" / "passphrase").read_text()
    (tmp_path / "keys" / "passphrase").unlink()
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "tapwealth.cli", "keys", "list", "--data-dir", str(tmp_path)]
    asked = subprocess.Popen(command, stdin=theirs, stdout=subprocess.PIPE, stderr=theirs, text=True, start_new_session=True)
    os.close(theirs)
    prompt = os.read(ours, 200).decode()
    while ":" not in prompt:
        prompt += os.read(ours, 200).decode()
    os.write(ours, text.encode())
    out, _ = asked.communicate(timeout=60)
    shown = prompt + os.read(ours, 200).decode()
    os.close(ours)
    assert (asked.returncode, out) == (0, before)
    assert "Passphrase of the key file:" in shown
    assert text.strip() not in shown
