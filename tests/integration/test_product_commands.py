"""`tapwealth product`: two people put a fund on the shelf from the command line, and what is wrong is told in one line."""

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import httpx
import pytest
from patience import first_line
from product_files import FUND_FILE, changed

from tapwealth.app.door import find
from tapwealth.bank import entries as bank_entries
from tapwealth.cli.house_commands import in_house
from tapwealth.cli.main import main
from tapwealth.customers import store as customers
from tapwealth.flows.customers.people import wallet_of
from tapwealth.flows.frame import House, moment, must_post
from tapwealth.kernel.ids import book_of, derived

PASSWORD = "a long enough password"
TOKEN = "the secret of a phone, thirty-two letters"
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
STEPS = "review", "approve"


@pytest.fixture
def tapwealth(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Product:
    """The console script, in this process."""
    monkeypatch.setenv("TAPWEALTH_PASSWORD", PASSWORD)
    monkeypatch.setenv("TAPWEALTH_CUSTOMER_TOKEN", TOKEN)

    def call(*arguments: str) -> Done:
        monkeypatch.setattr(sys, "argv", ["tapwealth", *arguments])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        return Done(int(ended.value.code or 0), *capsys.readouterr())

    return call


@pytest.fixture
def product(tapwealth: Product) -> Product:
    return lambda *arguments: tapwealth("product", *arguments)


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


def has_an_account(data: Path) -> None:
    """Somebody with that phone, known well enough to buy, and 3,000.00."""
    door = find(data)
    assert door is not None
    asked = {"name": "王芳", "identity_number": "110105198401151037", "phone": "13800138000", "device_token": TOKEN}
    headers = {"Idempotency-Key": str(UUID(int=7)), "Authorization": f"Bearer {TOKEN}"}
    opened = httpx.post(f"{door.url}/commands/open_account", json=asked, headers=headers, trust_env=False)
    assert opened.is_success, opened.text
    person = UUID(opened.json()["result"]["person"].rpartition("_")[2])

    async def act(house: House) -> None:
        book = book_of(person)
        async with house.database.transaction() as tx:
            await house.ledger.lock_books(tx, [book])
            at = await moment(tx)
            await customers.set_kyc_level(tx, book, person, 3)
            wallet = await wallet_of(house, tx, book, person)
            day, key = at.date_of(at.now), derived(person, "gift")
            await must_post(house, tx, at, [bank_entries.received(book, key, "0100000001", wallet, 3_000_00, day, 1, known=True)])

    in_house(data, None, act)


def test_a_fund_is_bought_and_its_sale_replayed_after_it_has_changed_and_was_closed(tapwealth: Product, data: Path, tmp_path: Path) -> None:
    """Defined in a file, put on sale by a second person: all of it from the command line."""
    where, text = ("--data-dir", str(data)), tmp_path / "prospectus.txt"
    text.write_text("净值会涨也会跌。")
    sha256 = tapwealth("product", "document", str(text), "--login", "zhou.min", *where).out.strip()
    naming = f"documents: [{{title: {{zh: 说明书, en: Prospectus}}, language: zh, sha256: {sha256}}}]\nsale:"
    for number, rate in enumerate(("1.5}", "1.2}"), 1):
        file = tmp_path / f"{number}.yaml"
        file.write_bytes(changed(("sale:", naming), ("risk_level: 4", "risk_level: 1"), ("rate: 1.5}", f"rate: {rate}")))
        for step, login, arguments in (("draft", "zhou.min", [str(file)]), *((one, "chen.jing", ["110022", str(number)]) for one in STEPS)):
            done = tapwealth("product", step, *arguments, "--login", login, *where)
            assert done.code == 0, done.err
        if number == 1:
            has_an_account(data)
            refused = tapwealth("fund", "buy", "110022", "999.99", *where)
            assert (refused.code, refused.out) == (1, "")
            assert "below the least purchase of 1,000.00" in refused.err
            bought = tapwealth("fund", "buy", "110022", "2000.00", *where)
            assert bought.code == 0, bought.err
    assert tapwealth("product", "close", "110022", "2", "--login", "chen.jing", "--reason", "sold out", *where).code == 0
    assert "not on sale" in tapwealth("fund", "buy", "110022", "1000.00", *where).err
    order, _, deals = bought.out.strip().partition(": ")
    assert deals == "deals on 2014-02-24"
    seen = tapwealth("sale", "show", order, "--documents", str(tmp_path / "shown"), *where)
    assert seen.code == 0, seen.out + seen.err
    lines = seen.out.splitlines()
    assert lines[0] == "Consumer equity (110022, version 1), shown in en"
    fee = "from 0.00 yuan 1.5%, of which 10% is charged here; from 1,000,000.00 yuan 1,000.00 yuan an order"
    assert f"  Purchase fee: {fee}" in lines
    assert f"  document: Prospectus, sha256 {sha256}" in lines
    assert "  fee_rate: 1.5%" in lines
    assert lines[-1].startswith("proved: sealed in the ledger by ")
    (kept,) = (tmp_path / "shown").iterdir()
    assert (kept.name, kept.read_bytes()) == (f"{sha256}.txt", text.read_bytes())
    assert hashlib.sha256(kept.read_bytes()).hexdigest() == sha256
    assert tapwealth("sale", "show", str(UUID(int=9)), *where).err.startswith("no sale is recorded under that id")


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
