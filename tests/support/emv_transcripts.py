"""Reading the commented dialogues of tests/golden/emv, and playing the card that they record.

A line begins with C: (command), R: (response) or F55: (field 55), goes on until the next of these, and # begins a comment.
"""

import re
from collections.abc import Callable, Iterable
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "golden" / "emv"


def transcript(name: str) -> list[tuple[str, bytes]]:
    """The parts of a file in their order: their kind, and their bytes."""
    text = re.sub(r"#[^\n]*", "", (FOLDER / name).read_text(encoding="utf-8"))
    parts = re.split(r"^(C|R|F55):", text, flags=re.MULTILINE)
    assert not parts[0].strip(), f"{name} begins with something else"
    return [(kind, bytes.fromhex("".join(body.split()))) for kind, body in zip(parts[1::2], parts[2::2], strict=True)]


def replay(record: Iterable[tuple[str, bytes]]) -> Callable[[bytes], bytes]:
    """A card that answers as recorded, and insists on the recorded commands."""
    lines = iter(record)

    def transmit(command: bytes) -> bytes:
        kind, expected = next(lines)
        assert kind == "C"
        assert command.hex() == expected.hex()
        kind, answer = next(lines)
        assert kind == "R"
        return answer

    return transmit
