"""Half a minute of coverage-guided fuzzing for each reader of what cards, terminals, hosts and the network send (`make soak`), and a
planted defect that it must find.
"""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT, ROOT = Path(__file__).with_name("fuzz.py"), Path(__file__).parents[2]
NAMES = (
    "tlv", "values", "terminal", "card", "certificates", "signed", "host", "till", "network_file", "key_block", "frames", "configuration",
    "relay", "trace",
)  # fmt: skip
SECONDS = 30

pytestmark = [
    pytest.mark.soak,
    pytest.mark.skipif(not (ROOT / "build" / "fuzz" / "atheris").is_dir(), reason="no fuzzer for this Python: see build/fuzzer.log"),
]


def fuzzed(name: str, seconds: int) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, str(SCRIPT), name, str(seconds)]
    return subprocess.run(command, capture_output=True, text=True, timeout=seconds * 4 + 60, check=False)


@pytest.mark.parametrize("name", NAMES)
def test_no_bytes_get_anything_but_an_answer_out_of(name: str) -> None:
    run = fuzzed(name, SECONDS)
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-3000:]


def test_a_planted_defect_is_found() -> None:
    run = fuzzed("planted", 120)
    assert run.returncode != 0
    assert "planted" in run.stdout + run.stderr
