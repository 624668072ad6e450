"""The house style as far as a machine can hold it: the repository has no finding, and each rule finds a defect that is planted for it."""

import tomllib
from collections.abc import Iterable
from pathlib import Path

import pytest

from tidy import effects, house, numbers, tree
from tidy.finding import Finding, module


def test_the_repository_is_tidy() -> None:
    assert not [str(finding) for finding in house.findings()]


def in_python(path: str, source: str) -> set[str]:
    """The rules that a Python file breaks."""
    item = module(f"src/tapwealth/{path}", source)
    found = [
        *house.of_module(item, numbers.shared_evidence([item]), {"tapwealth.bank.bank_http"}),
        *house.of_text(item.path, source, house.fault_names()),
    ]
    return {finding.rule for finding in found} - {"undocumented"}


DEFECTS = {
    "no-float": [
        "rate = 0.1",
        "rate = 1e3",
        "turn = 1j",
        "def f(x: float) -> None: ...",
        "def f(x: 'float | None') -> None: ...",
        "def f() -> 'list[float]': ...",
        "x = float('1')",
        "from builtins import float as real",
        "waited = span.total_seconds()",
        "stamp = instant.timestamp()",
    ],
    "no-true-division": [
        "half = amount / 2",
        "amount /= 2",
        "def f(a: int, b: int) -> object: return a / b",
        "from pathlib import Path\ndef f(root: Path): return root\ndef g(root: int): return root / 2",
        "from pathlib import Path\nx = Path('a')\nx = 3\ny = x / 2",
        "share = lambda total: total / 3",
        "rate = (yield_of(a) + 1) / days",
    ],
    "no-clock-or-chance": [
        "import time",
        "import time as clock",
        "from time import monotonic",
        "import random",
        "from secrets import token_hex",
        "from uuid import uuid4",
        "import uuid\nx = uuid.uuid4()",
        "from os import urandom",
        "import os\nx = os.urandom(8)",
        "from datetime import datetime\nx = datetime.now()",
        "import datetime\nx = datetime.datetime.utcnow()",
        "from datetime import date\nx = date.today()",
        "from datetime import datetime as dt\nask = dt.now",
        "import asyncio\nx = asyncio.get_running_loop().time()",
        "def f(loop): return loop.time()",
    ],
    "no-clock-in-sql": [
        "sql = 'update t set at = now() where id = $1'",
        "sql = f'insert into {table} values (CLOCK_TIMESTAMP())'",
        "sql = 'select current_date'",
        "sql = 'select * from t where d = CURRENT_TIMESTAMP'",
        "sql = 'select localtime'",
        "sql = '''select 1,\n localtimestamp'''",
        "sql = \"select datetime('now')\"",
    ],
    "no-chance-in-sql": ["sql = 'insert into t values (gen_random_uuid())'", "sql = 'select * from t order by random()'"],
    "no-float-in-sql": ["sql = 'select amount::float8 from t'", "sql = 'alter table t add column rate double precision'"],
    "bare-ignore": ["x = f()  # type: ignore", "x = f()  # type: ignore[no-any-return]"],
    "unfinished": ["# TO" + "DO: later"],
    "fault-name": ["plan = 'bank-loses-one'", "if kind == 'registrar-short-file': ...", "# see biller-silent", "fault = 'one_fen'"],
    "workplace": ["# see /wor" + "k/main", "# share" + "d/domain/week.md says so", "# as issue" + " 2 asks"],
    "registry-host": ["index = 'https://py" + "pi.org/simple'", "# from registry.npm" + "js.org"],
}


@pytest.mark.parametrize(("rule", "source"), [(rule, source) for rule, sources in DEFECTS.items() for source in sources])
def test_a_planted_defect_is_found(rule: str, source: str) -> None:
    assert rule in in_python("funds/planted.py", source)


SOUND = [
    "from pathlib import Path\ndef f(root: Path, name: str) -> Path: return root / name / 'a.txt'",
    "from pathlib import Path\ndef f(root: Path | None, name: str): return (root or Path('.')) / name",
    "from pathlib import Path\nROOT = Path(__file__).parent\ndef f(name: str): return ROOT / 'data' / name",
    "from pathlib import Path\nclass C:\n def __init__(self, root: Path): self.root = root\n def f(self, n: str): return self.root / n",
    "from fractions import Fraction\ndef f(a: int, b: int): return Fraction(a) / b",
    "from fractions import Fraction\ndef f(rate: Fraction): return rate / 365",
    "half = amount // 2",
    "from datetime import datetime, time\ndef f(now: datetime) -> time: return now.time()",
    "from uuid import UUID\nx = UUID(int=1)",
    "'''Asks now() of nobody.'''",
    "page = 'Date.now()'",
    "x = f()  # type: ignore[no-any-return]  # the library has no types",
]


@pytest.mark.parametrize("source", SOUND)
def test_what_is_sound_is_left_alone(source: str) -> None:
    assert not in_python("funds/sound.py", source)


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("ledger/post.py", "import socket"),
        ("storage/outbox.py", "import httpx"),
        ("funds/store.py", "from urllib.request import urlopen"),
        ("funds/orders_store.py", "from urllib.request import urlopen"),
        ("bills/entries.py", "import asyncio\nasync def f(): await asyncio.open_connection('h', 1)"),
        ("flows/issuing/tap.py", "from httpx import AsyncClient"),
        ("flows/issuing/tap.py", "from fastapi import APIRouter"),
        ("web/store.py", "import http.client"),
        ("bank/bank_http.py", "import httpx\nfrom tapwealth.storage.database import Database"),
        ("flows/rails.py", "from tapwealth.bank import bank_http"),
        ("bank/store.py", "from tapwealth.bank.bank_http import send"),
        ("wire/tlv.py", "import httpx"),
    ],
)
def test_a_socket_within_reach_of_a_transaction_is_found(path: str, source: str) -> None:
    assert in_python(path, source) == {"no-socket"}


@pytest.mark.parametrize("path", ["worker/send.py", "host/listener.py", "sandbox/store.py", "bank/bank_http.py"])
def test_the_edges_may_open_sockets(path: str) -> None:
    assert not in_python(path, "import socket\nimport httpx")


def test_a_module_that_opens_sockets_is_known() -> None:
    sources = [
        module("src/tapwealth/acquiring/till.py", "from tapwealth.acquiring.line import open_line"),
        module("src/tapwealth/acquiring/line.py", "import socket"),
        module("src/tapwealth/acquiring/store.py", "from tapwealth.acquiring.line import open_line"),
        module("src/tapwealth/acquiring/receipt.py", "from dataclasses import dataclass"),
        module("src/tapwealth/wire/partner_http.py", "import httpx"),
        module("src/tapwealth/wire/tlv.py", "import httpx"),
    ]
    assert effects.senders(sources) == {"tapwealth.acquiring.line", "tapwealth.acquiring.till", "tapwealth.wire.partner_http"}


def test_the_port_of_a_module_that_opens_sockets_may_be_named() -> None:
    assert not in_python("flows/rails.py", "from tapwealth.bank.bank_http import BankPort")


def test_the_kernel_may_ask_for_time_and_chance() -> None:
    assert not in_python("kernel/clock.py", "import time\nimport secrets\nx = time.monotonic_ns()")


def test_the_sandbox_and_the_command_line_know_the_faults() -> None:
    assert not in_python("sandbox/scenarios.py", "x = 'bank-loses-one'")
    assert not in_python("cli.py", "x = 'bank-loses-one'")


@pytest.mark.parametrize("name", ["service.py", "utils.py", "helpers.py"])
def test_a_shapeless_name_is_found(name: str) -> None:
    assert rules(tree.no_shapeless_name(f"src/tapwealth/funds/{name}")) == ["shapeless-name"]
    assert not rules(tree.no_shapeless_name("src/tapwealth/funds/customer_service.py"))


def test_a_long_module_is_found_and_a_table_is_not() -> None:
    table = "TAGS = {\n" + "".join(f"    {n}: 'x',\n" for n in range(1_000)) + "}\n"
    assert rules(tree.not_too_long(module("src/tapwealth/a.py", "x = 1\n" * 601))) == ["too-long"]
    assert not rules(tree.not_too_long(module("src/tapwealth/a.py", table + "x = 1\n" * 590)))


def test_a_module_and_a_folder_without_words_are_found() -> None:
    assert rules(tree.documented(module("src/tapwealth/funds/__init__.py", ""))) == ["undocumented"]
    assert rules(tree.packages_complete({"src/tapwealth/funds/order.py"})) == ["undocumented"]
    assert not rules(tree.packages_complete({"src/tapwealth/funds/order.py", "src/tapwealth/funds/__init__.py"}))


def test_a_part_without_a_stratum_is_found() -> None:
    project = '[tool.importlinter]\nlayers = ["tapwealth.flows"]'
    assert not rules(tree.parts_placed({"src/tapwealth/__init__.py", "src/tapwealth/flows/issuing/tap.py"}, project))
    assert rules(tree.parts_placed({"src/tapwealth/gossip/__init__.py"}, project)) == ["unplaced"]


def test_two_migrations_of_one_number_are_found() -> None:
    apart = {"migrations/sql/0001_a.sql", "migrations/sql/0002_b.sql", "docs/0001.md"}
    assert not rules(tree.migrations_apart(apart))
    assert rules(tree.migrations_apart(apart | {"migrations/sql/0002_c.sql"})) == ["doubled-number"]


def test_an_sql_file_is_read_without_its_comments() -> None:
    text = "-- now() is nobody's\n/* nor\ncurrent_date */\ncreate table t (at timestamptz default now());\n"
    assert [(finding.line, finding.rule) for finding in effects.no_clock_in_sql("migrations/sql/1.sql", text)] == [(4, "no-clock-in-sql")]


def test_a_host_in_a_file_that_fetches_is_found() -> None:
    elsewhere = "https://example.test"
    assert rules(tree.no_workplace_words("requirements/run.lock", f"--index-url {elsewhere}")) == ["registry-host"]
    assert not rules(tree.no_workplace_words("docs/reference/partners.md", "see https://www.example.test/"))


def rules(found: Iterable[Finding]) -> list[str]:
    """The names of the broken rules."""
    return [finding.rule for finding in found]


def test_the_edges_are_kept_from_every_store_of_a_capability() -> None:
    """Each `SUBJECT_store.py` is named in the contract; `store.py` is by a pattern."""
    root = Path(__file__).parents[2]
    contracts = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (of_edges,) = (one for one in contracts if one["name"].startswith("The edges leave a capability's rows"))
    named = {name.split(".", 1)[1] for name in of_edges["forbidden_modules"] if name.endswith("_store")}
    found = {".".join(path.with_suffix("").parts[-2:]) for path in (root / "src/tapwealth").glob("*/*_store.py")}
    assert named == found
