"""`tapwealth fund exchange read` and `tapwealth fund yield`: the figures, or one clear line and the right exit code."""

import csv
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from real_files import HISTORY_FILE, ORDERS_FILE

LINES = ORDERS_FILE.read_bytes().split(b"\r\n")
FIRST = 85
"""Where the records begin: header, 74 field names, count."""

Done = subprocess.CompletedProcess[str]


def tapwealth(*arguments: str | Path) -> Done:
    command = [sys.executable, "-m", "tapwealth.cli", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def refused(done: Done, text: str) -> None:
    """One line that says so, nothing else, and exit code 1."""
    assert text in done.stderr
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1), done


def read(*arguments: str | Path) -> Done:
    return tapwealth("fund", "exchange", "read", *arguments)


def test_the_real_file_is_read_and_written_again(tmp_path: Path) -> None:
    done = read(ORDERS_FILE, "--write", tmp_path / "copy", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == {
        "type": "03", "version": "2.0", "creator": "996", "receiver": "H0", "date": "2017-04-27", "fields": 74, "records": 1006,
        "amount_fen": 645_735_805, "volume_hundredths": 0, "business_codes": {"022": 1006},
    }  # fmt: skip
    assert (tmp_path / "copy").read_bytes() == ORDERS_FILE.read_bytes()
    assert [path.name for path in tmp_path.iterdir()] == ["copy"]


def test_a_file_may_be_written_over_itself(tmp_path: Path) -> None:
    path = tmp_path / ORDERS_FILE.name
    path.write_bytes(ORDERS_FILE.read_bytes())
    assert read(path, "--write", path).returncode == 0
    assert path.read_bytes() == ORDERS_FILE.read_bytes()


def test_a_file_without_its_last_line_break_is_written_without_it(tmp_path: Path) -> None:
    path = tmp_path / ORDERS_FILE.name
    path.write_bytes(ORDERS_FILE.read_bytes().rstrip())
    assert read(path, "--write", tmp_path / "copy").returncode == 0
    assert (tmp_path / "copy").read_bytes() == path.read_bytes()


def test_an_index_is_read_and_written_again(tmp_path: Path) -> None:
    content = b"OFDCFIDX\r\n20  \r\nT01      \r\nH0       \r\n20140224\r\n001\r\nOFD_T01_H0_20140224_03.TXT\r\nOFDCFEND\r\n"
    path = tmp_path / "OFI_T01_H0_20140224.TXT"
    path.write_bytes(content)
    done = read(path, "--write", tmp_path / "copy", "--json")
    assert json.loads(done.stdout)["files"] == ["OFD_T01_H0_20140224_03.TXT"]
    assert (tmp_path / "copy").read_bytes() == content


def edited(change: Callable[[list[bytes]], object]) -> bytes:
    lines = list(LINES)
    change(lines)
    return b"\r\n".join(lines)


def with_bytes(at: int, new: bytes) -> bytes:
    return edited(lambda lines: lines.__setitem__(FIRST, lines[FIRST][:at] + new + lines[FIRST][at + len(new) :]))


NAME = ORDERS_FILE.name
DEFECTS = {
    "torn": (ORDERS_FILE.read_bytes()[:100_000], f"{NAME} line 233: the file ends within record 148 of 1006, after 587 bytes in field"),
    "padded": (edited(lambda lines: lines.__setitem__(FIRST, lines[FIRST] + b" ")), f"{NAME} line 86: record 1 of 1006 has 666 bytes"),
    "doubled": (ORDERS_FILE.read_bytes() * 2, f"{NAME} line 1093: there is text after the end of the file"),
    "a record twice": (edited(lambda lines: lines.insert(FIRST, lines[FIRST])), f"{NAME} line 87: this record was here before"),
    "a wrong count": (edited(lambda lines: lines.__setitem__(84, b"00001005")), f"{NAME} line 1091: OFDCFEND should stand after the 1005"),
    "an unknown field": (edited(lambda lines: lines.__setitem__(12, b"FundCod")), f"{NAME} line 13: the field 'FundCod' is not known"),
    "half a character": (with_bytes(332 + 59, b"\xbb"), f"{NAME} line 86: "),
    "no character": (with_bytes(332, b"\xff"), "is not text of GB18030 in field Specification (C 60), 60 bytes wide"),
    "a negative amount": (with_bytes(87, b"-000000000001001"), "is negative in field ApplicationAmount (N 16.2), 16 bytes wide"),
    "a huge amount": (with_bytes(87, b"9999999999999999"), "is more than one movement can carry in field ApplicationAmount"),
    "a point in an amount": (with_bytes(87, b"0000000000010.01"), "is not digits padded with zeros in field ApplicationAmount"),
    "line feeds alone": (ORDERS_FILE.read_bytes().replace(b"\r\n", b"\n"), f"{NAME} line 1: OFDCFDAT ends with LF alone"),
    "empty": (b"", f"{NAME} line 1: the file ends where OFDCFDAT should stand; it is torn"),
    "no text at all": (bytes(range(256)) * 400, f"{NAME} line 1: "),
    "another day's": (edited(lambda lines: lines.__setitem__(4, b"20170428")), f"{NAME}: the header belongs to OFD_996_H0_20170428_03.TXT"),
}


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_file_with_a_defect_is_refused_in_one_line_and_not_copied(tmp_path: Path, defect: str) -> None:
    content, text = DEFECTS[defect]
    path = tmp_path / NAME
    path.write_bytes(content)
    refused(read(path, "--write", tmp_path / "copy", "--json"), text)
    assert [one.name for one in tmp_path.iterdir()] == [NAME]


def test_a_file_under_another_name_is_read_by_its_header(tmp_path: Path) -> None:
    path = tmp_path / "orders.txt"
    path.write_bytes(ORDERS_FILE.read_bytes())
    assert read(path).returncode == 0


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("OFD_996_H0_20170427_3.TXT", "'OFD_996_H0_20170427_3.TXT' is not the name of a data file"),
        ("OFI_996_H0_2017.TXT", "'OFI_996_H0_2017.TXT' is not the name of an index file"),
    ],
)
def test_a_name_that_is_almost_one_is_refused(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_bytes(ORDERS_FILE.read_bytes())
    refused(read(tmp_path / name), text)


READERS = [("fund", "exchange", "read"), ("fund", "yield")]


@pytest.mark.parametrize("command", READERS)
def test_what_cannot_be_opened_is_named(tmp_path: Path, command: tuple[str, ...]) -> None:
    refused(tapwealth(*command, tmp_path), f"{tmp_path}: the file cannot be opened (Is a directory)")
    refused(tapwealth(*command, tmp_path / "none"), f"{tmp_path / 'none'}: the file cannot be opened (No such file or directory)")
    refused(tapwealth(*command, tmp_path / "two\nlines"), "two\\nlines: the file cannot be opened")
    refused(tapwealth(*command, "/proc/self/mem"), "Input/output error")


@pytest.mark.parametrize("command", READERS)
def test_a_wrong_call_is_a_usage_error(command: tuple[str, ...]) -> None:
    for arguments in ((), (ORDERS_FILE, ORDERS_FILE), (ORDERS_FILE, "--nothing")):
        done = tapwealth(*command, *arguments)
        assert (done.returncode, done.stdout) == (2, "")
        assert "Traceback" not in done.stderr


def test_a_copy_goes_to_a_file_and_nowhere_else(tmp_path: Path) -> None:
    refused(read(ORDERS_FILE, "--write", tmp_path), f"{tmp_path}: there is something that is no file; name a file to write")
    refused(read(ORDERS_FILE, "--write", "/dev/null"), "/dev/null: there is something that is no file; name a file to write")
    assert Path("/dev/null").is_char_device()
    refused(read(ORDERS_FILE, "--write", tmp_path / "none" / "copy"), "the file cannot be opened (No such file or directory)")
    assert list(tmp_path.iterdir()) == []


# ---- yields


def with_row(tmp_path: Path, day: str, column: int, figure: str) -> Path:
    rows = list(csv.reader(HISTORY_FILE.read_text().splitlines()))
    for row in rows:
        if row[0] == day:
            row[column] = figure
    path = tmp_path / "changed.csv"
    path.write_text("".join(",".join(row) + "\n" for row in rows))
    return path


def test_the_real_history_matches_on_every_day() -> None:
    done = tapwealth("fund", "yield", HISTORY_FILE, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == {"days": 427, "recomputable": 421, "matching": 421, "differences": []}
    assert tapwealth("fund", "yield", HISTORY_FILE).stdout == "421 of 421 recomputable days match\n"


def test_a_changed_yield_is_named_with_its_day(tmp_path: Path) -> None:
    path = with_row(tmp_path, "20140102", 2, "6.764")
    done = tapwealth("fund", "yield", path)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout == "2014-01-02: published 6.764, computed 6.763\n420 of 421 recomputable days match\n"


def test_a_changed_income_is_named_with_each_day_it_counts_in(tmp_path: Path) -> None:
    done = tapwealth("fund", "yield", with_row(tmp_path, "20140102", 1, "1.8"), "--json")
    assert done.returncode == 1
    found = json.loads(done.stdout)
    assert [one["day"] for one in found["differences"]] == [f"2014-01-0{day}" for day in range(2, 9)]
    assert (found["recomputable"], found["matching"]) == (421, 414)


HEAD = "mfd_date,mfd_daily_yield,mfd_7daily_yield\n"
HISTORIES = {
    "empty": (b"", "history.csv: there is no day in it; one line a day"),
    "only a head": (HEAD.encode(), "history.csv: there is no day in it"),
    "a wrong column": (HEAD.replace("daily_yield", "daily", 1).encode(), "history.csv line 1: the columns are mfd_date,mfd_daily,"),
    "a column missing": (b"mfd_date,mfd_daily_yield\n20140102,1.8\n", "history.csv line 1: the columns are mfd_date,mfd_daily_yield; name"),
    "a cell missing": (f"{HEAD}20140102,1.8\n".encode(), "history.csv line 2: 2 columns, expected 3"),
    "a cell too many": (f"{HEAD}20140102,1.8,6.7,1\n".encode(), "history.csv line 2: 4 columns, expected 3"),
    "an empty cell": (f"{HEAD}20140102,,6.7\n".encode(), "history.csv line 2: '' is not a figure with at most 4 decimals"),
    "a fifth decimal": (f"{HEAD}20140102,1.84111,6.7\n".encode(), "history.csv line 2: '1.84111' is not a figure with at most 4 decimals"),
    "a decimal comma": (f'{HEAD}20140102,"1,8",6.7\n'.encode(), "history.csv line 2: '1,8' is not a figure"),
    "no day": (f"{HEAD}20140230,1.8,6.7\n".encode(), "history.csv line 2: '20140230' is not a day; write it like 20140224"),
    "a day twice": (f"{HEAD}20140102,1.8,6.7\n20140102,1.8,6.7\n".encode(), "history.csv line 3: 2014-01-02 stands twice"),
    "a quote left open": (f'{HEAD}20140102,"1.8,6.7\n'.encode(), "history.csv: it is no CSV text"),
    "GBK": (f"{HEAD}20140102,一.八,6.7\n".encode("gbk"), "history.csv: it is no CSV text"),
    "no text at all": (bytes(range(256)) * 100, "history.csv"),
    "one endless cell": (b"a" * 300_000, "history.csv: it is no CSV text (field larger than field limit"),
}


@pytest.mark.parametrize("defect", HISTORIES)
def test_a_history_that_cannot_be_read_is_refused_in_one_line(tmp_path: Path, defect: str) -> None:
    content, text = HISTORIES[defect]
    path = tmp_path / "history.csv"
    path.write_bytes(content)
    refused(tapwealth("fund", "yield", path), text)


def test_a_history_from_the_first_day_of_all(tmp_path: Path) -> None:
    """There is no day before it to look for."""
    path = tmp_path / "history.csv"
    path.write_text(HEAD + "".join(f"0001010{day},1.0,3.717\n" for day in range(1, 9)))
    done = tapwealth("fund", "yield", path)
    assert done.stdout == "2 of 2 recomputable days match\n"
    assert done.returncode == 0
