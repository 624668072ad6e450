"""The benchmark of taps, run small: what it reports is whole, and every answer was the right one (else it stops)."""

import asyncio
import json
from io import StringIO
from pathlib import Path

import soft_tokens

from tapwealth.bench import tap
from tapwealth.bench.tap_load import Paced, Ready
from tapwealth.bench.tap_parts import key_parts
from tapwealth.kernel.clock import monotonic_ns
from tapwealth.wire.iso8583.fields import Message

EVERY_FIGURE = {
    *("name", "per_second", "slowest_round", "fastest_round", "p50_ms", "p99_ms", "seconds", "callers", "batch", "books", "holds", "chain"),
    *("history", "mix", "cards", "processor_us"),
}


def test_a_small_round_of_taps_reports_rates_waits_shares_and_processor() -> None:
    out = StringIO()
    tap.main(1, as_json=True, out=out, people=(64,), rounds=1, ready=800)
    told = json.loads(out.getvalue())
    closed, offered = told["results"][:4], told["results"][4:]
    assert [(one["mix"], one["callers"]) for one in closed] == [
        ("wallet", 1),
        ("wallet and fund", 8),
        ("wrong cryptogram", 8),
        ("no money", 8),
    ]
    fastest = closed[1]["per_second"]
    assert [one.pop("offered_per_second") for one in offered] == [fastest * percent // 100 for percent in (25, 50)]
    for one in (*closed, *offered, *told["yardsticks"]):
        assert one.keys() == EVERY_FIGURE
        assert one["per_second"] > 0
        assert 0 < one["p50_ms"] <= one["p99_ms"]
        assert one["processor_us"].keys() == {"host", "database", "load"}
    (yardstick,) = told["yardsticks"]
    assert yardstick["name"] == "8 in flight, read, code checked, answered at once"
    assert {name.partition(":")[0] for name in told["parts_us"]} >= {"message", "card", "ledger"}
    assert all(microseconds > 0 for microseconds in told["parts_us"].values())
    assert told["keys"] == "software"
    assert told["keys_us"].keys() == {"software"}
    assert all(microseconds > 0 for microseconds in told["keys_us"]["software"].values())


async def test_a_host_with_its_keys_in_a_token_is_measured_by_the_same_load(reachable_dir: Path) -> None:
    uri = soft_tokens.new_token()
    async with tap.opened(reachable_dir, 64, lambda _: None, keys=uri.text) as place:
        assert await tap._figure(place, tap.WALLET, 1, 50).round(1) > 0, "every answer was the right one, else it stops"
        measured = key_parts(place.house.keys)
    assert all(microseconds > 0 for microseconds in measured.values())


async def test_who_comes_while_the_terminal_is_busy_waits_from_then_on() -> None:
    sent: list[bytes] = []
    left = asyncio.Event()

    async def host(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while frame := await reader.read(100):
            sent.append(frame)
            writer.write(frame)
        writer.close()
        await writer.wait_closed()
        left.set()

    taps = [Ready(number, Message("0200", {}), bytes((0, 1, number))) for number in range(3)]
    caller, hour = Paced(taps), 3_600_000_000_000
    async with await asyncio.start_server(host, "127.0.0.1", 0) as server:
        transport, _ = await asyncio.get_running_loop().create_connection(lambda: caller, *server.sockets[0].getsockname())
        caller.begin(transport, 0)
        for hours in (3, 2, 1):
            caller.come(monotonic_ns() - hours * hour)
        await caller.done
        transport.close()
        await left.wait()
    assert sent == [tap.frame for tap in taps], "one after the other: a terminal has one question open"
    assert [wait // hour for wait in caller.waits] == [3, 2, 1]


def test_the_stores_stand_side_by_side_in_the_table() -> None:
    lines = tap._keys_shown({"software": {"number hashed": 3}, "softhsm": {"number hashed": 21_000}}).splitlines()
    assert [line.split() for line in lines if line] == [
        ["microseconds", "of", "the", "processor", "software", "softhsm"],
        ["number", "hashed", "3", "21,000"],
    ]
