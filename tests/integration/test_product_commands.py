"""`tapwealth product`: two people put a fund on the shelf from the command line, and what is wrong is told in one line."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from patience import first_line
from product_files import FUND_FILE, changed

from tapwealth.cli.main import main

PASSWORD = "a long enough password"
ROLES = ["product_manager", "operations"]
PEOPLE = [
    {"login": "zhou.min", "display_name": "周敏", "roles": ROLES, "password": PASSWORD, "staff_number": "10023"},
    {"login": "zhou.two", "display_name": "周敏", "roles": ROLES, "password": PASSWORD, "staff_number": "10023"},
    {"login": "chen.jing", "display_name": "陈静", "roles": ROLES, "password": PASSWORD, "staff_number": "10077"},
]


class Done(NamedTuple):
    """How a call ended and what it said."""

    code: int
    out: str
    err: str


Product = Callable[..., Done]


@pytest.fixture
def product(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Product:
    """The console script, in this process."""
    monkeypatch.setenv("TAPWEALTH_PASSWORD", PASSWORD)

    def call(*arguments: str) -> Done:
        monkeypatch.setattr(sys, "argv", ["tapwealth", "product", *arguments])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        return Done(int(ended.value.code or 0), *capsys.readouterr())

    return call


@pytest.fixture
def data(reachable_dir: Path) -> Iterator[Path]:
    """A folder that a platform serves, with three logins of two people."""
    (reachable_dir / "people.json").write_text(json.dumps(PEOPLE))
    told = ("up", "--data-dir", str(reachable_dir), "--http-port", "0", "--terminal-port", "0", "--books", "1",
            "--operators", str(reachable_dir / "people.json"), "--clock-start", "2014-02-24T09:00:00+08:00")  # fmt: skip
    process = subprocess.Popen([sys.executable, "-m", "tapwealth.cli", *told], stdout=subprocess.PIPE, text=True)
    first_line(process.stdout, "the platform")
    yield reachable_dir
    process.terminate()
    process.communicate(timeout=60)


def test_two_people_put_a_fund_on_the_shelf_from_the_command_line(product: Product, data: Path, tmp_path: Path) -> None:
    file, later, text = tmp_path / "fund.yaml", tmp_path / "later.yaml", tmp_path / "prospectus.txt"
    text.write_text("净值会涨也会跌。")
    where = ("--data-dir", str(data))
    sha256 = product("document", str(text), "--login", "zhou.min", *where).out.strip()
    naming = f"documents: [{{title: {{zh: 说明书, en: Prospectus}}, language: zh, sha256: {sha256}}}]\nsale:"
    file.write_bytes(changed(("sale:", naming)))
    assert product("draft", str(file), "--login", "zhou.min", *where) == Done(0, "110022 version 1: draft\n", "")
    for maker in ("zhou.min", "zhou.two"):
        refused = product("review", "110022", "1", "--login", maker, *where)
        assert (refused.code, refused.out) == (1, "")
        assert "a second person must decide it" in refused.err
    assert "same person (staff number 10023)" in refused.err
    assert product("review", "110022", "1", "--login", "chen.jing", *where).out == "110022 version 1: reviewed\n"
    assert product("approve", "110022", "1", "--login", "chen.jing", *where).out == "110022 version 1: on_sale\n"
    later.write_bytes(changed(("rate: 1.5}", "rate: 1.2}"), text=file.read_text()))
    assert product("draft", str(later), "--login", "zhou.min", *where).code == 0
    assert product("compare", "110022", "1", "2", *where).out == "purchase fee 1 rate: 1.5% becomes 1.2%\n"
    assert product("compare", "110022", "1", "2", "--zh", *where).out == "申购费第1项费率：由 1.5% 改为 1.2%\n"
    assert product("list", *where).out.splitlines() == [
        "110022 version 1: on sale, fund, Consumer equity",
        "110022 version 2: draft, fund, Consumer equity",
    ]
    exported = product("export", "110022", *where)
    (tmp_path / "again.yaml").write_text(exported.out)
    assert product("check", str(tmp_path / "again.yaml")).out == "110022: fund, Consumer equity\n"
    assert "says the same and is draft" in product("draft", str(later), "--login", "zhou.min", *where).err
    rejected = product("reject", "110022", "2", "--login", "chen.jing", "--reason", "the rate was agreed at 1.5", *where)
    assert rejected.out == "110022 version 2: rejected\n"
    told = product("show", "110022", *where).out
    assert "rejected by chen.jing: the rate was agreed at 1.5" in told
    assert "  - purchase fee 1 rate: 1.5% becomes 1.2%" in told
    assert product("draft", str(later), "--login", "zhou.min", *where).out == "110022 version 3: draft\n"
    assert "zhou.min drafted" in product("withdraw", "110022", "3", "--login", "chen.jing", "--reason", "why not", *where).err
    withdrawn = product("withdraw", "110022", "3", "--login", "zhou.two", "--reason", "not wanted any more", *where)
    assert withdrawn.out == "110022 version 3: withdrawn\n"
    closed = product("close", "110022", "1", "--login", "chen.jing", "--reason", "sold out", *where)
    assert closed.out == "110022 version 1: closed\n"
    assert json.loads(product("list", "--json", *where).out)[0]["state"] == "withdrawn"


def test_what_is_wrong_with_a_file_is_one_line_that_names_the_place(product: Product, tmp_path: Path) -> None:
    file = tmp_path / "fund.yaml"
    file.write_bytes(changed(("from: 2014-07-01", "from: 2014-06-01")))
    done = product("check", str(file))
    assert (done.code, done.out, done.err.count("\n")) == (1, "", 1)
    assert done.err.startswith("fund.yaml: line 20, column 12 (rates.management_fee[1].from): it overlaps the row before it")
    assert product("check", str(tmp_path / "none.yaml")).err.startswith(f"{tmp_path}/none.yaml: the file cannot be opened")


def test_without_a_platform_nothing_is_handed_in(product: Product, tmp_path: Path) -> None:
    file = tmp_path / "fund.yaml"
    file.write_text(FUND_FILE)
    done = product("draft", str(file), "--login", "zhou.min", "--data-dir", str(tmp_path))
    assert done.code == 3
    assert "no platform runs on this data" in done.err
