"""`tapwealth fund chart`: the pictures show the history that they are drawn from, and nothing of them is cut off."""

import subprocess
import sys
from datetime import date, timedelta
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from xml.etree import ElementTree

import pytest
from PIL import Image
from real_files import HISTORY_FILE

from tapwealth.cli.fund_chart import drawn, grown, of_holding, write
from tapwealth.cli.main import app
from tapwealth.flows.reports.returns import HeldDay
from tapwealth.funds.seven_day_yield import PublishedDay, read_history
from tapwealth.kernel.money import half_up
from tapwealth.kernel.refusal import BadInput

SVG = "{http://www.w3.org/2000/svg}"
LINE = (0x0B, 0x6B, 0x4F)
HEAD = 180


@pytest.fixture(scope="module")
def pictures() -> dict[str, bytes]:
    return drawn(HISTORY_FILE)


@pytest.fixture(scope="module")
def history() -> list[PublishedDay]:
    return sorted(read_history(HISTORY_FILE.read_text().splitlines(), "history"), key=lambda one: one.day)


def points(picture: bytes) -> list[tuple[int, int]]:
    (line,) = ElementTree.fromstring(picture).iter(f"{SVG}polyline")
    return [(int(x), int(y)) for x, y in (pair.split(",") for pair in line.attrib["points"].split())]


def texts(picture: bytes) -> list[str]:
    return [one.text or "" for one in ElementTree.fromstring(picture).iter(f"{SVG}text")]


def test_one_yuan_has_grown_to_what_the_history_says(history: list[PublishedDay]) -> None:
    *_, (day, worth) = grown(history)
    assert (day, half_up(Fraction(worth, 10**10))) == ("2014-08-31", 10_595_296_888), "1.0595296888"


def test_the_line_of_the_yield_has_a_point_for_each_day_and_its_peak_where_the_history_has_it(
    pictures: dict[str, bytes], history: list[PublishedDay]
) -> None:
    line = points(pictures["yield.svg"])
    assert len(line) == len(history) == 427
    assert [x for x, _ in line] == sorted({x for x, _ in line}), "from left to right, each day at its own place"
    peak = min(range(len(line)), key=lambda number: line[number][1])
    assert (str(history[peak].day), history[peak].seven_day_yield) == ("2014-01-02", 6763)
    assert texts(pictures["yield.svg"])[:2] == ["Seven-day annualised yield, 2013-07-01 - 2014-08-31", "4.000 %"]


def test_growth_never_falls(pictures: dict[str, bytes]) -> None:
    heights = [y for _, y in points(pictures["growth.svg"])]
    assert heights == sorted(heights, reverse=True)
    assert "2014-08-31" in texts(pictures["growth.svg"])


@pytest.mark.parametrize("name", ["yield", "growth"])
def test_the_pixels_show_the_same_line_and_nothing_is_cut_off(pictures: dict[str, bytes], name: str) -> None:
    paper = Image.open(BytesIO(pictures[f"{name}.png"])).convert("RGB")
    assert paper.size == (1680, 740)
    for x, y in points(pictures[f"{name}.svg"])[::20]:
        assert paper.getpixel((x // 2, (y + HEAD) // 2)) == LINE, (x, y)
    width, height = paper.size
    edges = [(0, 0, 4, height), (width - 4, 0, width, height), (0, 0, width, 4), (0, height - 4, width, height)]
    assert all(paper.crop(edge).getextrema() == ((255, 255),) * 3 for edge in edges), "ink at the edge of the paper"


def test_a_holdings_pictures_show_each_day_and_what_all_have_brought_above_and_below_zero() -> None:
    """Four days: 481.38 were won, 748.67 lost, nothing, 340.51 won."""
    gains = [481_38, -748_67, 0, 340_51]
    days = [HeldDay(date(2014, 2, 25) + timedelta(days=n), gain, sum(gains[: n + 1]), None) for n, gain in enumerate(gains)]
    made = of_holding("110022", days)
    assert list(made) == ["gain.svg", "gain.png", "days.svg", "days.png"]
    assert texts(made["gain.svg"])[0] == "Gain so far in yuan, 110022, 2014-02-25 - 2014-02-28"
    (zero,) = [int(one.attrib["y"]) - 22 for one in ElementTree.fromstring(made["gain.svg"]).iter(f"{SVG}text") if one.text == "0.00"]
    won, lost, same, at_last = [y for _, y in points(made["gain.svg"])]
    assert won < at_last < zero < lost == same
    (area,) = ElementTree.fromstring(made["gain.svg"]).iter(f"{SVG}polygon")
    ends = area.attrib["points"].split()
    assert ends[0].split(",")[1] == ends[-1].split(",")[1] == str(zero), "what is lost hangs below zero"
    paper = Image.open(BytesIO(made["gain.png"])).convert("RGB")
    assert all(paper.getpixel((x // 2, (y + HEAD) // 2)) == LINE for x, y in points(made["gain.svg"])[1:-1])
    assert "".join(texts(made["gain.svg"])).isascii(), "the letters of the pixels have no other minus"
    with pytest.raises(BadInput, match="no day yet"):
        of_holding("110022", [])


@pytest.mark.parametrize(
    "given", [[], ["x.csv", "--customer", "1", "--fund", "000198"], ["--customer", "1"], ["--fund", "000198"], ["x.csv", "--fund", "1"]]
)
def test_a_file_or_a_holding_is_asked_for_and_not_both(given: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        app(args=["fund", "chart", *given])
    assert ended.value.code == 2


def test_the_command_writes_the_four_pictures_into_a_folder_that_it_makes(tmp_path: Path, pictures: dict[str, bytes]) -> None:
    out = tmp_path / "new" / "charts"
    command = [sys.executable, "-m", "tapwealth.cli", "fund", "chart", str(HISTORY_FILE), "--out", str(out)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split() == [str(out / name) for name in pictures]
    assert {path.name: path.read_bytes() for path in out.iterdir()} == pictures


def test_what_cannot_be_drawn_is_said_in_words(tmp_path: Path, pictures: dict[str, bytes]) -> None:
    empty, header = tmp_path / "empty.csv", HISTORY_FILE.read_text().splitlines()[0]
    empty.write_text(f"{header}\n")
    with pytest.raises(BadInput, match="day"):
        drawn(empty)
    with pytest.raises(BadInput, match="cannot be read"):
        drawn(tmp_path / "nowhere.csv")
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput, match="name another folder"):
        write(pictures, tmp_path / "file" / "charts")
