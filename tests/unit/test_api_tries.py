"""Wrong secrets cost time: of a client from an address, of an address that goes from client to client, and of nobody else."""

from tapwealth.api.v1 import tries
from tapwealth.api.v1.tries import Tries

SECOND = 1_000_000_000


class Clock:
    """Goes when it is told."""

    def __init__(self) -> None:
        self.seconds = 0

    def __call__(self) -> int:
        return self.seconds * SECOND


def test_the_first_ones_are_free_and_each_further_one_doubles_the_wait_up_to_a_bound() -> None:
    clock = Clock()
    kept, waits = Tries(clock), []
    for _ in range(16):
        kept.wrong("10.0.0.1", "cli_a")
        waits.append(kept.wait("10.0.0.1", "cli_a"))
        clock.seconds += waits[-1]
        assert kept.wait("10.0.0.1", "cli_a") == 0, "it ends when it said"
    assert waits == [0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]


def test_nobody_waits_for_what_another_address_or_client_did() -> None:
    kept = Tries(Clock())
    for _ in range(tries.FREE + 3):
        kept.wrong("10.0.0.1", "cli_a")
    assert kept.wait("10.0.0.1", "cli_a") == 8
    assert [kept.wait("10.0.0.2", "cli_a"), kept.wait("10.0.0.1", "cli_b")] == [0, 0]


def test_who_goes_from_client_to_client_waits_with_each() -> None:
    kept = Tries(Clock())
    for number in range(tries.FREE_ADDRESS):
        assert kept.wait("10.0.0.1", f"cli_{number}") == 0
        kept.wrong("10.0.0.1", f"cli_{number}")
    assert [kept.wait("10.0.0.1", "cli_new"), kept.wait("10.0.0.2", "cli_new")] == [1, 0]


def test_a_right_one_or_a_quiet_quarter_of_an_hour_ends_it() -> None:
    clock = Clock()
    kept = Tries(clock)
    for _ in range(tries.FREE + 1):
        kept.wrong("10.0.0.1", "cli_a")
    clock.seconds += 2
    kept.right("10.0.0.1", "cli_a")
    kept.wrong("10.0.0.1", "cli_a")
    assert kept.wait("10.0.0.1", "cli_a") == 0
    for _ in range(tries.FREE):
        kept.wrong("10.0.0.1", "cli_a")
    clock.seconds += tries.FORGOTTEN_AFTER
    kept.wrong("10.0.0.1", "cli_a")
    assert kept.wait("10.0.0.1", "cli_a") == 0


def test_what_is_kept_is_bounded_and_the_newest_stays() -> None:
    kept = Tries(Clock())
    for number in range(20_000):
        kept.wrong("10.0.0.1", f"cli_{number}")
    assert len(kept._wrong) == 10_000
    assert kept.wait("10.0.0.1", "cli_19999") > 0
