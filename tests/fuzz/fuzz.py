"""Feeds one target by what its code does with the bytes: `python tests/fuzz/fuzz.py TARGET SECONDS [CORPUS]`.

Run it in the project's environment, after `make fuzzer`. What it finds is written to build/fuzz-TARGET-* and ends it with an error; hand
such a file in as CORPUS to see it again. Without a number of seconds (0) it goes on until something is found.
"""

import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "build" / "fuzz"), str(ROOT / "tests" / "support"), str(ROOT / "tests" / "fuzz")]

import atheris  # noqa: E402 it lies beside the environment

with atheris.instrument_imports(
    include=["tapwealth.wire", "tapwealth.terminal", "tapwealth.card", "tapwealth.phone", "tapwealth.issuing.chip_data", "targets"]
):
    from targets import TARGETS

LONGEST = 4_096


def main() -> None:
    name, seconds, *given = sys.argv[1:]
    target = TARGETS[name]
    with tempfile.TemporaryDirectory() as corpus:
        for number, seed in enumerate(target.seeds):
            (Path(corpus) / f"seed{number}").write_bytes(seed)
        options = [f"-max_total_time={seconds}", f"-max_len={LONGEST}", f"-artifact_prefix={ROOT}/build/fuzz-{name}-", "-verbosity=0"]
        atheris.Setup([sys.argv[0], *options, *(given or [corpus])], target.feed)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
