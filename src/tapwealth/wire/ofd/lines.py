"""Lines of an exchange file: bytes up to CRLF, counted from 1, never more than was asked for in memory.

A line feed cannot occur inside a character of GB18030 (second and fourth bytes start at 0x30), so lines can be cut before decoding.
"""

from collections.abc import Callable
from os import SEEK_CUR
from typing import BinaryIO

from tapwealth.kernel.refusal import BadInput

CRLF = b"\r\n"
_CHUNK = 65_536

Blame = Callable[[bytes], str]
"""Says in which field of a line the trouble lies."""


class Lines:
    """Reads `stream` line by line; `name` is what errors call the file."""

    def __init__(self, stream: BinaryIO, name: str) -> None:
        self._stream, self.name = stream, name
        self.number = 0
        self.ends_with_crlf = True

    @property
    def where(self) -> str:
        """The line that was read last."""
        return f"{self.name} line {self.number}" if self.name else f"line {self.number}"

    def bad(self, what: str, hint: str = "") -> BadInput:
        """A defect of the line that was read last."""
        return BadInput(what, where=self.where, hint=hint)

    def next(self, longest: int, expected: str, blame: Blame | None = None) -> bytes:
        """The next line without its CRLF. Raises BadInput if there is none, or none that ends within `longest` bytes."""
        line = self._raw(longest, expected)
        if not line.endswith(CRLF):
            raise self._unended(line, longest, expected, blame)
        return line[:-2]

    def take(self, lines: int, width: int) -> bytes:
        """So many lines at a stroke, each `width` bytes with its CRLF, unlooked at; fewer bytes if there are no more, none from a stream
        that cannot be set back."""
        if not self._stream.seekable():
            return b""
        self.number += lines
        return self._stream.read(lines * width)

    def give_back(self, taken: bytes, lines: int) -> None:
        """What was taken last is to be read again."""
        if self._stream.seekable():
            self._stream.seek(-len(taken), SEEK_CUR)
            self.number -= lines

    def last(self, expected: bytes) -> bool:
        """Whether the next line is `expected` and then nothing; its CRLF may be absent. A False leaves the reader useless."""
        line = self._raw(len(expected), expected.decode())
        self.ends_with_crlf = line.endswith(CRLF)
        if line.removesuffix(CRLF) != expected:
            return False
        self.end()
        return True

    def end(self) -> None:
        """Nothing may follow."""
        if self._stream.read(1):
            self.number += 1
            raise self.bad("there is text after the end of the file", "a file ends with its first OFDCFEND; send two files as two")

    def _raw(self, longest: int, expected: str) -> bytes:
        self.number += 1
        line = self._stream.readline(longest + 2)
        if not line:
            raise self.bad(f"the file ends where {expected} should stand", "it is torn: send it again whole")
        return line

    def _unended(self, line: bytes, longest: int, expected: str, blame: Blame | None) -> BadInput:
        if line.endswith(b"\n"):
            return self.bad(f"{expected} ends with LF alone", "end each line with CRLF")
        at = f" {blame(line)}" if blame else ""
        if len(line) < longest + 2:
            return self.bad(f"the file ends within {expected}, after {len(line)} bytes{at}", "it is torn: send it again whole")
        size = len(line) + self._rest()
        return self.bad(f"{expected} has {size} bytes, expected {longest}{at}", "remove what is too much")

    def _rest(self) -> int:
        """How many bytes the line has beyond those read, its CRLF not counted; without keeping them."""
        size = 0
        while chunk := self._stream.readline(_CHUNK):
            size += len(chunk)
            if chunk.endswith(b"\n"):
                return size - 2
        return size
