"""Commands as a page of documentation shows them, and whether what they print is what it shows."""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Shown:
    """A command as a page shows it."""

    page: str
    command: str
    output: str

    def __str__(self) -> str:
        return f"{self.page}: {self.command}"


def shown_in(page: str, text: str, fence: str = "console") -> list[Shown]:
    """The commands of a page in blocks of that fence."""
    found: list[Shown] = []
    for block in re.findall(rf"^```{fence}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            found.append(Shown(page, command.strip(), output.strip()))
    return found


def agrees(output: str, printed: str) -> bool:
    """Does what was printed fit what is shown?"""
    if not output:
        return True
    pattern = "".join(_any_lines(line) for line in output.splitlines())
    return re.fullmatch(pattern, "".join(f"{line.rstrip()}\n" for line in printed.strip().splitlines())) is not None


def _any_lines(line: str) -> str:
    """The pattern of one shown line."""
    if line.strip() in {"…", "..."}:
        return r"(?:.*\n)*?"
    return r".*?".join(re.escape(part) for part in line.rstrip().split("…")) + r"\n"
