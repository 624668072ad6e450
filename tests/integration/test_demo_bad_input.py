"""`tapwealth demo` with what is wrong: refused in one line before anything begins, and nothing that was there is touched."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from played_week import ORDERS_NAME, orders

FEW = 5
WHOLE = orders(FEW)
LINES = WHOLE.split(b"\r\n")
FIRST = 85
"""Where the records begin: header, 74 field names, count."""


def demo(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tapwealth.cli", "demo", "--data-dir", str(folder), "--fresh", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


@pytest.fixture
def played_before(tmp_path: Path) -> Path:
    """A folder in which a week was begun; `--fresh` would delete it."""
    folder = tmp_path / "house"
    folder.mkdir()
    (folder / "billing.json").write_text("{}")
    return folder


def edited(change: Callable[[list[bytes]], object]) -> bytes:
    lines = list(LINES)
    change(lines)
    return b"\r\n".join(lines)


def with_bytes(at: int, new: bytes) -> bytes:
    return edited(lambda lines: lines.__setitem__(FIRST, LINES[FIRST][:at] + new + LINES[FIRST][at + len(new) :]))


WRONG = {
    "torn": (
        WHOLE[: WHOLE.index(LINES[FIRST]) + 100],
        "line 86: the file ends within record 1 of 5, after 100 bytes in field ApplicationAmount",
    ),
    "fewer records than its count": (
        edited(lambda lines: lines.pop(FIRST)),
        "line 90: OFDCFEND comes after 4 records, the header counts 5",
    ),
    "padded": (edited(lambda lines: lines.__setitem__(FIRST, LINES[FIRST] + b" ")), "line 86: record 1 of 5 has 666 bytes, expected 665"),
    "a record twice": (
        orders(FEW).replace(LINES[84] + b"\r\n", b"00000006\r\n" + LINES[FIRST] + b"\r\n", 1),
        "line 87: this record was here before",
    ),
    "twice the whole": (WHOLE * 2, "there is text after the end of the file"),
    "an unknown field": (WHOLE.replace(b"FundCode", b"FundCod", 1), "line 12: the field 'FundCod' is not known in files of type 03"),
    "another type": (WHOLE.replace(b"\r\n03\r\n", b"\r\n04\r\n", 1), "line "),
    "an amount with a point": (with_bytes(87, b"0000000000010.01"), "is not digits padded with zeros in field ApplicationAmount (N 16.2)"),
    "a negative amount": (with_bytes(87, b"-000000000001001"), "is negative in field ApplicationAmount (N 16.2), 16 bytes wide"),
    "no amount": (with_bytes(87, b"0000000000000000"), "line 86: ApplicationAmount is zero"),
    "more than the channel has": (orders(FEW, amounts={0: 999_999_999_999}), "the orders come to"),
    "another fund": (with_bytes(24, b"000199"), "line 86: FundCode is '000199', expected '000198'"),
    "another day": (with_bytes(31, b"20170428"), "line 86: TransactionDate is '20170428', expected '20170427'"),
    "too late in the day": (with_bytes(39, b"150000"), "line 86: TransactionTime is 150000"),
    "no order": (orders(0), "there is no order in it"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_order_file_is_refused_before_the_week_begins(played_before: Path, tmp_path: Path, name: str) -> None:
    content, text = WRONG[name]
    path = tmp_path / ORDERS_NAME
    path.write_bytes(content)
    done = demo(played_before, "--orders", str(path))
    assert done.returncode == 1, done.stderr
    assert text in done.stderr
    assert done.stderr.startswith(ORDERS_NAME)
    assert done.stderr.count("\n") == 1
    assert not done.stdout
    assert [path.name for path in played_before.iterdir()] == ["billing.json"]


@pytest.mark.parametrize("missing", ["nowhere.TXT", "."])
def test_an_order_file_that_cannot_be_opened_is_refused(played_before: Path, tmp_path: Path, missing: str) -> None:
    done = demo(played_before, "--orders", str(tmp_path / missing))
    assert done.returncode == 1
    assert "the file cannot be opened" in done.stderr
    assert done.stderr.count("\n") == 1


def test_an_unknown_fault_is_wrong_usage_and_the_known_ones_are_named(played_before: Path) -> None:
    done = demo(played_before, "--fault", "bank-loses-two")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    for name in ("bank-loses-two", "bank-loses-one", "biller-silent", "registrar-short-file"):
        assert name in done.stderr
    assert [path.name for path in played_before.iterdir()] == ["billing.json"]
