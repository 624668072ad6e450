"""The sandbox's registrar under kills and faults: what it sends and keeps stays the same, or errs as it was told to."""

import json
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest
from registrar_process import (
    ADVANCE,
    MONDAY,
    Registrar,
    after,
    application,
    fast_transfer,
    first_day,
    order,
    purchase,
    running,
)

from tapwealth.funds.exchange_in import CONFIRMATIONS, DIVIDENDS, HOLDINGS, QUOTATIONS, Shape
from tapwealth.funds.exchange_out import Route, account_file, order_file
from tapwealth.funds.exchange_values import BusinessCode, OrderRecord
from tapwealth.kernel.clock import shanghai
from tapwealth.kernel.refusal import BadInput


@pytest.fixture
def registrar(tmp_path: Path) -> Iterator[Registrar]:
    with running(tmp_path) as process:
        process.clock(MONDAY, 8)
        yield process


def played(registrar: Registrar, interrupt: Callable[[str], None]) -> tuple[dict[str, bytes], Any, list[Any]]:
    """Three days of files; between its steps something may happen. Gives what the registrar sent, its store and the transfers."""
    route = Route("T01")
    registrar.clock(MONDAY, 8)
    days: list[Sequence[OrderRecord]] = [
        [purchase("P1", 2, 1_000_000, MONDAY), purchase("P2", 3, 5_400, MONDAY)],
        [fast_transfer("F1", 2, 5_000, after(1)), order("R1", BusinessCode.REDEEM, 1, 5_000, after(1))],
        [purchase("P3", 2, 777, after(2)), order("R2", BusinessCode.REDEEM, 3, 400, after(2))],
    ]
    for number, orders in enumerate(days):
        day = after(number)
        registrar.clock(after(number + 1), 0, 30)
        interrupt(f"holdings of {day}")
        files = [order_file(route, day, orders)] if orders else []
        if number == 0:
            accounts = [application(1, day, payout_account=ADVANCE), application(2, day), application(3, day)]
            files = [account_file(route, day, accounts), *files]
        registrar.leave("T01", day, *files)
        interrupt(f"files of {day} left")
        registrar.clock(after(number + 1), 9)
        interrupt(f"morning after {day}")
        registrar.clock(after(number + 1), 10)
        interrupt(f"payments after {day}")
    transfers = sorted({json.dumps(one, sort_keys=True) for one in registrar.bank.got_at_least(1)})
    files_sent = {path.name: path.read_bytes() for path in sorted(registrar.outbox.iterdir()) if not path.name.startswith(".")}
    return files_sent, registrar.get("store"), transfers


@pytest.fixture(scope="module")
def unkilled(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with running(tmp_path_factory.mktemp("quiet")) as registrar:
        return played(registrar, lambda _: None)


def test_kills_between_all_steps_change_nothing(tmp_path: Path, unkilled: Any) -> None:
    with running(tmp_path) as registrar:

        def kill(_: str) -> None:
            registrar.kill()
            registrar.start()

        assert played(registrar, kill) == unkilled
    names = set(unkilled[0])
    assert {"OFI_H0_T01_20140225.TXT", "OFD_H0_T01_20140225_05.TXT", "OFD_H0_T01_20140226_04.TXT", "OFD_H0_996_20140226_07.TXT"} <= names


def test_kills_at_any_instant_of_a_step_change_nothing(tmp_path: Path, unkilled: Any) -> None:
    """The clock is set by somebody who does not wait; the process dies at instants that differ from kill to kill."""
    with running(tmp_path) as registrar:
        patience = iter(range(10, 190, 30))
        clock = registrar.clock

        def impatient(day: date, hour: int, minute: int = 0) -> None:
            if hour not in (0, 9):
                return clock(day, hour, minute)
            url = str(registrar.http.base_url)
            body = {"now": shanghai(day, hour, minute).isoformat()}

            def ask() -> None:
                with suppress(httpx.HTTPError):
                    httpx.post(f"{url}/admin/clock", json=body, trust_env=False)

            asking = threading.Thread(target=ask)
            asking.start()
            time.sleep(next(patience) / 1_000)
            registrar.kill()
            asking.join()
            registrar.start()
            return clock(day, hour, minute)

        registrar.clock = impatient
        assert played(registrar, lambda _: None) == unkilled


# Faults


@pytest.fixture
def ready(registrar: Registrar) -> Registrar:
    first_day(registrar, purchase("P1", 2, 1_000_000, MONDAY), purchase("P2", 3, 5_400, MONDAY))
    return registrar


def test_a_short_holdings_file_lacks_one_holder_and_counts_right(ready: Registrar) -> None:
    ready.faults(("05", 1, "short_file"))
    ready.clock(after(2), 0)
    assert [one.trading_account for one in ready.values(HOLDINGS, after(1))] == [f"{3:017d}"]
    ready.clock(after(3), 0)
    assert len(ready.values(HOLDINGS, after(2))) == 2


def test_a_lost_file_is_in_no_index(ready: Registrar) -> None:
    ready.faults(("06", 1, "lose"))
    ready.clock(after(2), 9)
    assert ready.sent("06", after(2)) is None
    assert ready.sent("07", after(2)) is not None
    assert not (ready.outbox / "OFD_H0_T01_20140226_06.TXT").exists()
    assert times_sent(ready)["OFD_H0_T01_20140226_06.TXT"] == 0
    assert sum(ready.units().values()) > 1_005_400


def test_a_doubled_file_comes_twice_the_same(ready: Registrar) -> None:
    ready.faults(("06", 1, "double"))
    ready.clock(after(2), 9)
    name = "OFD_H0_T01_20140226_06.TXT"
    first = (ready.outbox / name).read_bytes()
    until = time.monotonic() + 60
    while (times := times_sent(ready)[name]) < 2 and time.monotonic() < until:
        time.sleep(0.02)
    assert times == 2
    assert (ready.outbox / name).read_bytes() == first
    assert set(times_sent(ready).values()) == {1, 2}


def times_sent(registrar: Registrar) -> dict[str, int]:
    return {file["name"]: file["times_sent"] for file in registrar.get("store")["files"]}


def test_a_delayed_file_comes_an_hour_later(ready: Registrar) -> None:
    ready.faults(("05", 1, "delay"))
    ready.clock(after(2), 0, 59)
    assert ready.sent("05", after(1)) is None
    ready.clock(after(2), 1)
    assert len(ready.values(HOLDINGS, after(1))) == 2


@pytest.mark.parametrize(
    ("file_type", "shape", "field"),
    [("05", HOLDINGS, "total"), ("06", DIVIDENDS, "volume"), ("07", QUOTATIONS, "day_income"), ("04", CONFIRMATIONS, "volume")],
)
def test_one_fen_too_much_in_a_file(ready: Registrar, file_type: str, shape: Shape[Any], field: str) -> None:
    ready.clock(after(2), 0, 30)
    ready.leave("T01", after(1), order_file(Route("T01"), after(1), [purchase("P3", 2, 777, after(1))]))
    ready.faults((file_type, 2 if file_type == "07" else 1, "one_fen"))
    before = ready.units()
    ready.clock(after(3), 0)
    day = after(2)
    told = sum(getattr(one, field) for one in ready.values(shape, day))
    truth = {
        "total": sum(ready.units().values()),
        "volume": sum(ready.units().values()) - sum(before.values()) - 777 if file_type == "06" else 777,
        "day_income": sum(one.volume for one in ready.values(DIVIDENDS, day)),
    }
    assert told == truth[field] + 1


def test_a_file_of_the_wrong_day(ready: Registrar) -> None:
    ready.faults(("05", 1, "wrong_day"), ("06", 1, "wrong_day"), ("07", 0, "wrong_day"))
    ready.clock(after(2), 9)
    assert {one.as_of for one in ready.values(HOLDINGS, after(1))} == {MONDAY}
    assert {(one.record_date, one.paid_on) for one in ready.values(DIVIDENDS, after(2))} == {(MONDAY, after(1))}
    assert [one.day for one in ready.values(QUOTATIONS, after(2))] == [MONDAY]


@pytest.mark.parametrize(
    ("fault", "paid"),
    [("lose", []), ("double", ["RED-T01-20140226", "RED-T01-20140226-2"]), ("one_fen", ["RED-T01-20140226"])],
)
def test_faults_of_a_payment(registrar: Registrar, fault: str, paid: list[str]) -> None:
    first_day(registrar, purchase("P1", 1, 2_000, MONDAY))
    registrar.faults(("redemption_payment", 1, fault))
    registrar.clock(after(2), 0, 30)
    registrar.leave("T01", after(1), order_file(Route("T01"), after(1), [order("R1", BusinessCode.REDEEM, 1, 2_000, after(1))]))
    registrar.clock(after(3), 10)
    transfers = registrar.bank.got(len(paid))
    assert sorted(one["end_to_end_id"] for one in transfers) == paid
    assert all(one["amount"] == 2_000 + (fault == "one_fen") for one in transfers)


def test_one_fen_posted_by_hand_shows_in_the_holdings(ready: Registrar) -> None:
    """Its register is its own: whatever is done to it shows in what it says."""
    ready.kill()
    connection = sqlite3.connect(ready.root / "registrar.db")
    connection.execute("UPDATE held SET units = units + 1 WHERE trading_account = ?", (f"{2:017d}",))
    connection.commit()
    connection.close()
    ready.start()
    ready.clock(after(2), 0)
    assert [one.total for one in ready.values(HOLDINGS, after(1))] == [1_000_001, 5_400]


def test_what_is_sent_can_be_refused_if_it_is_cut(ready: Registrar) -> None:
    content = ready.sent("04", after(1))
    assert content is not None
    with pytest.raises(BadInput):
        CONFIRMATIONS.values(content[:-40], "OFD_H0_T01_20140225_04.TXT")
