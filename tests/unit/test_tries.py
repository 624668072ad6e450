"""Wrong secrets cost time: of a client from an address, of an address that goes from client to client, and of nobody else."""

import asyncio
from collections.abc import Sequence
from contextlib import ExitStack

import pytest

from tapwealth.api.origin import origin, read_networks
from tapwealth.api.v1 import token
from tapwealth.flows.customers.clients import Granted, GrantRefusal
from tapwealth.kernel import tries
from tapwealth.kernel.masked import Masked
from tapwealth.kernel.refusal import BadInput, Refusal
from tapwealth.kernel.tries import Tries

SECOND = 1_000_000_000
HERE, THERE = "10.0.0.1", "10.0.0.2"


class Clock:
    """Goes when it is told."""

    def __init__(self) -> None:
        self.seconds = 0

    def __call__(self) -> int:
        return self.seconds * SECOND


def wait(kept: Tries, address: str, client: str, secret: str = "another") -> int:
    with kept.one(address, client, Masked(secret)) as one:
        return one.wait


def wrong(kept: Tries, address: str, client: str, secret: str = "guess") -> None:
    with kept.one(address, client, Masked(secret)) as one:
        assert not one.wait
        one.wrong()


def right(kept: Tries, address: str, client: str) -> None:
    with kept.one(address, client, Masked("right")) as one:
        assert not one.wait
        one.right()


def used_up(kept: Tries) -> None:
    """That address has gone from client to client as often as is free."""
    for number in range(tries.FREE_ADDRESS):
        wrong(kept, HERE, f"cli_{number}")


def test_the_first_ones_are_free_and_each_further_one_doubles_the_wait_up_to_a_bound() -> None:
    clock = Clock()
    kept, waits = Tries(clock), []
    for _ in range(16):
        wrong(kept, HERE, "cli_a")
        waits.append(wait(kept, HERE, "cli_a"))
        clock.seconds += waits[-1]
        assert wait(kept, HERE, "cli_a") == 0, "it ends when it said"
    assert waits == [0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]


def test_nobody_waits_for_what_another_address_or_client_did() -> None:
    clock = Clock()
    kept = Tries(clock)
    for _ in range(tries.FREE + 3):
        clock.seconds += wait(kept, HERE, "cli_a")
        wrong(kept, HERE, "cli_a")
    assert wait(kept, HERE, "cli_a") == 8
    assert [wait(kept, THERE, "cli_a"), wait(kept, HERE, "cli_b")] == [0, 0]


def test_who_goes_from_client_to_client_waits_with_each() -> None:
    kept = Tries(Clock())
    used_up(kept)
    assert [wait(kept, HERE, "cli_new"), wait(kept, THERE, "cli_new")] == [1, 0]


def test_a_program_that_sends_one_stale_secret_again_and_again_makes_no_other_at_its_address_wait() -> None:
    clock = Clock()
    kept = Tries(clock)
    for number in range(tries.FREE_ADDRESS - 2):
        wrong(kept, HERE, f"cli_{number}")
    for _ in range(2 * tries.FREE):
        wrong(kept, HERE, "cli_stale")
        clock.seconds += wait(kept, HERE, "cli_stale")
    assert wait(kept, HERE, "cli_other") == 0
    wrong(kept, HERE, "cli_more")
    assert wait(kept, HERE, "cli_other") == 1, "it has counted once"


def test_who_mends_the_secret_takes_back_what_was_counted() -> None:
    clock = Clock()
    kept = Tries(clock)
    used_up(kept)
    assert wait(kept, HERE, "cli_new") == 1
    clock.seconds += 1
    right(kept, HERE, "cli_0")
    wrong(kept, HERE, "cli_new")
    assert wait(kept, HERE, "cli_other") == 1, "the fiftieth again, not the fifty-first"
    clock.seconds += 1
    for number in range(1, tries.FREE_ADDRESS):
        right(kept, HERE, f"cli_{number}")
    for number in range(tries.FREE_ADDRESS - 2):
        wrong(kept, HERE, f"cli_of_theirs_{number}")
    assert wait(kept, HERE, "cli_other") == 0


def test_who_was_right_from_there_waits_for_no_other_and_still_for_itself() -> None:
    clock = Clock()
    kept = Tries(clock)
    right(kept, HERE, "cli_good")
    used_up(kept)
    assert [wait(kept, HERE, "cli_good"), wait(kept, HERE, "cli_new"), wait(kept, THERE, "cli_good")] == [0, 1, 0]
    for _ in range(tries.FREE):
        wrong(kept, HERE, "cli_good")
    assert wait(kept, HERE, "cli_good") == 1, "its name is no cover for guesses"
    clock.seconds += tries.PROVED_FOR
    used_up(kept)
    assert wait(kept, HERE, "cli_good") == 1, "known for a day"


def test_tries_at_once_are_no_cheaper_than_one_after_the_other() -> None:
    clock = Clock()
    kept = Tries(clock)
    with ExitStack() as under_way:
        begun = [under_way.enter_context(kept.one(HERE, "cli_a", Masked(f"guess {number}"))) for number in range(20)]
        assert [one.wait for one in begun] == [0] * tries.FREE + [1] * (20 - tries.FREE)
        for one in begun[: tries.FREE]:
            one.wrong()
    assert wait(kept, HERE, "cli_a") == 1
    clock.seconds += 1
    with kept.one(HERE, "cli_a", Masked("the sixth")) as one:
        assert one.wait == 0
        assert wait(kept, HERE, "cli_a", "the seventh") == 1, "one after the other from now on"
        one.wrong()
    assert wait(kept, HERE, "cli_a") == 2


def test_a_program_that_asks_many_times_at_once_with_its_one_secret_is_served_or_counted_once() -> None:
    kept = Tries(Clock())
    for secret in ("right", "stale"):
        with ExitStack() as under_way:
            begun = [under_way.enter_context(kept.one(HERE, "cli_a", Masked(secret))) for _ in range(20)]
            assert [one.wait for one in begun] == [0] * 20
            for one in begun:
                if secret == "right":
                    one.right()
                else:
                    one.wrong()
    for _ in range(tries.FREE - 2):
        wrong(kept, HERE, "cli_a")
    assert wait(kept, HERE, "cli_a") == 0
    wrong(kept, HERE, "cli_a")
    assert wait(kept, HERE, "cli_a") == 1


def test_a_try_that_came_to_nothing_does_not_count() -> None:
    kept = Tries(Clock())
    for number in range(2 * tries.FREE):
        assert wait(kept, HERE, "cli_a", f"outage {number}") == 0
    assert kept._under_way == {}


def test_a_right_one_or_a_quiet_quarter_of_an_hour_ends_it() -> None:
    clock = Clock()
    kept = Tries(clock)
    for _ in range(tries.FREE + 1):
        clock.seconds += wait(kept, HERE, "cli_a")
        wrong(kept, HERE, "cli_a")
    clock.seconds += 2
    right(kept, HERE, "cli_a")
    wrong(kept, HERE, "cli_a")
    assert wait(kept, HERE, "cli_a") == 0
    for _ in range(tries.FREE - 1):
        wrong(kept, HERE, "cli_a")
    assert wait(kept, HERE, "cli_a") == 1
    clock.seconds += tries.FORGOTTEN_AFTER
    wrong(kept, HERE, "cli_a")
    assert wait(kept, HERE, "cli_a") == 0


def test_what_is_kept_is_bounded_and_the_newest_stays() -> None:
    kept = Tries(Clock())
    for number in range(12_000):
        wrong(kept, f"10.0.{number // 250}.{number % 250}", f"cli_{number}")
    assert (len(kept._clients), len(kept._addresses)) == (10_000, 1_000)
    for secret in "abcd":
        wrong(kept, "10.0.47.249", "cli_11999", secret)
    assert wait(kept, "10.0.47.249", "cli_11999") == 1


async def test_the_token_endpoint_looks_at_no_more_at_once_than_are_free() -> None:
    asked, heard = asyncio.Event(), 0

    async def grant(_client: str, _secret: Masked, _scopes: Sequence[str] | None) -> Granted | Refusal:
        nonlocal heard
        heard += 1
        await asked.wait()
        return Refusal(GrantRefusal.INVALID_CLIENT, "wrong")

    kept = Tries(Clock())
    bodies = [b"grant_type=client_credentials&client_id=cli_a&client_secret=%d" % number for number in range(20)]
    answers = [asyncio.create_task(token.answer(grant, kept, HERE, {}, body)) for body in bodies]
    for _ in range(10):
        await asyncio.sleep(0)
    assert heard == tries.FREE
    asked.set()
    statuses = [(await one).status_code for one in answers]
    assert statuses == [401] * tries.FREE + [429] * (20 - tries.FREE)


PROXY, FORWARDED = read_networks(["10.1.0.7", "fd00::/8"]), b"x-forwarded-for"


@pytest.mark.parametrize(
    ("peer", "said", "counted"),
    [
        ("203.0.113.9", [], "203.0.113.9"),
        ("203.0.113.9", [b"198.51.100.1"], "203.0.113.9"),
        ("10.1.0.7", [b"198.51.100.1"], "198.51.100.1"),
        ("10.1.0.7", [b"192.0.2.66, 198.51.100.1"], "198.51.100.1"),
        ("10.1.0.7", [b"192.0.2.66", b"198.51.100.1"], "198.51.100.1"),
        ("10.1.0.7", [b"198.51.100.1, fd00::1"], "198.51.100.1"),
        ("10.1.0.7", [b"198.51.100.1:4711"], "198.51.100.1"),
        ("10.1.0.7", [b"[2001:db8:1:2:3:4:5:6]:4711"], "2001:db8:1:2::/64"),
        ("10.1.0.7", [b"2001:db8:1:2::9"], "2001:db8:1:2::/64"),
        ("10.1.0.7", [b"::ffff:198.51.100.1"], "198.51.100.1"),
        ("::ffff:10.1.0.7", [b"198.51.100.1"], "198.51.100.1"),
        ("10.1.0.7", [], "10.1.0.7"),
        ("10.1.0.7", [b"unknown"], "10.1.0.7"),
        ("10.1.0.7", [b"198.51.100.1, \xff"], "10.1.0.7"),
        ("10.1.0.7", [b"fd00::1"], "fd00::/64"),
        ("", [b"198.51.100.1"], ""),
    ],
)
def test_where_a_request_comes_from_is_what_trusted_proxies_say_and_nobody_else(peer: str, said: list[bytes], counted: str) -> None:
    headers = [(b"host", b"house"), *((FORWARDED, one) for one in said)]
    assert origin(peer, headers, PROXY) == counted


def test_a_proxy_that_is_no_address_is_refused_in_words() -> None:
    for given in ("proxy.example", "10.1.0.0/33", "10.1.0.7/8"):
        with pytest.raises(BadInput, match="--trusted-proxy"):
            read_networks([given])
