"""The benchmark of taps, run small: what it reports is whole, and every answer was the right one (else it stops)."""

import json
from io import StringIO
from pathlib import Path

import soft_tokens

from tapwealth.bench import tap
from tapwealth.bench.tap_parts import key_parts

EVERY_FIGURE = {
    *("name", "per_second", "slowest_round", "fastest_round", "p50_ms", "p99_ms", "seconds", "callers", "batch", "books", "holds", "chain"),
    *("history", "mix", "cards", "processor_us"),
}


def test_a_small_round_of_taps_reports_rates_waits_shares_and_processor() -> None:
    out = StringIO()
    tap.main(1, as_json=True, out=out, people=(64,), rounds=1)
    told = json.loads(out.getvalue())
    assert [(one["mix"], one["callers"]) for one in told["results"]] == [
        ("wallet", 1),
        ("wallet and fund", 8),
        ("wrong cryptogram", 8),
        ("no money", 8),
    ]
    for one in (*told["results"], *told["yardsticks"]):
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


def test_the_stores_stand_side_by_side_in_the_table() -> None:
    lines = tap._keys_shown({"software": {"number hashed": 3}, "softhsm": {"number hashed": 21_000}}).splitlines()
    assert [line.split() for line in lines if line] == [
        ["microseconds", "of", "the", "processor", "software", "softhsm"],
        ["number", "hashed", "3", "21,000"],
    ]
