"""The files that platform and bank give each other of deposits, as octets."""

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

from tapwealth.bank.deposit_list import AnswerLine, DepositLine, begin_list, read_answers


def list_of(lines: Sequence[DepositLine]) -> bytes:
    file = BytesIO()
    writer = begin_list(file)
    for line in lines:
        writer.add(line)
    writer.end()
    return file.getvalue()


def answers_in(content: bytes) -> list[AnswerLine]:
    """By serial. Raises BadInput."""
    with TemporaryDirectory() as folder:
        return [line for _, line in read_answers(BytesIO(content), Path(folder))]


class ByPieces(BytesIO):
    """A file that nobody reads as a whole."""

    def read(self, size: int | None = -1) -> bytes:
        assert size is not None
        assert 0 < size <= 1 << 20
        return super().read(size)
