"""A test that waits for what never comes fails, and says what it was."""

import asyncio
import subprocess
import sys
import threading

import patience
import pytest


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "WITHIN_S", 0.05)


async def test_a_message_that_never_comes_is_named() -> None:
    with pytest.raises(AssertionError, match=r"^the host's answer has not come within"):
        async with patience.comes("the host's answer"):
            await asyncio.Event().wait()


def test_a_process_that_says_nothing_is_named() -> None:
    silent = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], stdout=subprocess.PIPE, text=True)
    try:
        with pytest.raises(AssertionError, match=r"^the sandbox's bank has said nothing within"):
            patience.first_line(silent.stdout, "the sandbox's bank")
    finally:
        silent.kill()
        silent.communicate(timeout=30)


def test_a_thread_that_does_not_end_is_named() -> None:
    gate = threading.Event()
    waiting = threading.Thread(target=gate.wait)
    waiting.start()
    try:
        with pytest.raises(AssertionError, match=r"^the phone has not ended within"):
            patience.ended(waiting, "the phone")
    finally:
        gate.set()
