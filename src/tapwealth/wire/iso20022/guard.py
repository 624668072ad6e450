"""What stands between foreign XML and the parser: a size limit, no DTD, no entities, no second encoding, no network.

XML is read as UTF-8 whatever its declaration says, so a DOCTYPE cannot hide in another encoding from the search for it. libxml2 is told
to load and resolve nothing; should it ever report a DTD all the same, the message is refused on that too.
"""

import re
from typing import IO, Any

from lxml import etree

from tapwealth.kernel.masked import Pan
from tapwealth.kernel.refusal import BadInput

MAX_MESSAGE_BYTES = 16 * 1024 * 1024
MAX_STATEMENT_BYTES = 512 * 1024 * 1024
_DOCTYPE = b"<!DOCTYPE"
_CHUNK = 64 * 1024
_LINE = 240
_CARD = re.compile(r"[0-9]{13,}", re.ASCII)
_WRAPPED = re.compile(r"line \d+: b'(.*)'")

STREAM_OPTIONS = {
    "no_network": True,
    "load_dtd": False,
    "dtd_validation": False,
    "attribute_defaults": False,
    "huge_tree": False,
    "remove_comments": True,
    "remove_pis": True,
    "encoding": "utf-8",
}
PARSER_OPTIONS = {**STREAM_OPTIONS, "resolve_entities": False}


class GuardedSource:
    """A binary file that refuses to be too long or to hold a DOCTYPE, while it is being read."""

    def __init__(self, source: IO[bytes], limit: int) -> None:
        self._source, self._limit = source, limit
        self._read, self._tail = 0, b""

    def read(self, size: int = _CHUNK) -> bytes:
        chunk = self._source.read(min(size, _CHUNK) if size > 0 else _CHUNK)
        self._read += len(chunk)
        if self._read > self._limit:
            raise BadInput(f"the message is longer than {self._limit} bytes", hint="split it")
        if _DOCTYPE in self._tail + chunk:
            raise BadInput("the message has a DTD (<!DOCTYPE)", hint="send it without: no DTD and no entity is ever read")
        self._tail = chunk[-len(_DOCTYPE) :]
        return chunk


def refuse_dtd(tree: Any) -> None:
    """The second lock: what libxml2 itself says about a DTD."""
    if tree.docinfo.internalDTD is not None or tree.docinfo.externalDTD is not None:
        raise BadInput("the message has a DTD", hint="send it without: no DTD and no entity is ever read")


def hide_cards(text: str) -> str:
    """The text with all but the first six and last four digits of anything like a card number struck out."""
    return _CARD.sub(lambda match: str(Pan(match[0])), text)


def one_line(text: str) -> str:
    """A parser's message, of bounded length, without line breaks and card numbers."""
    flat = hide_cards(" ".join(text.split()))
    return flat if len(flat) <= _LINE else flat[: _LINE - 1] + "…"


def not_xml(error: Any) -> BadInput:
    """The parser's complaint as bad input."""
    message = _WRAPPED.sub(r"\1", error.msg or "it is empty")
    return BadInput(f"not well-formed XML: {one_line(message)}", where=f"line {error.lineno or 1}", hint="send it again whole")


def parse(source: IO[bytes], limit: int = MAX_MESSAGE_BYTES) -> Any:
    """The whole tree of a message of bounded size. BadInput when it is not well-formed or holds a DTD."""
    try:
        tree = etree.parse(GuardedSource(source, limit), etree.XMLParser(**PARSER_OPTIONS))
    except etree.XMLSyntaxError as error:
        raise not_xml(error) from None
    refuse_dtd(tree)
    return tree


def root_of(source: IO[bytes], limit: int) -> str:
    """The qualified name of the root element, reading no further than it."""
    try:
        for _, element in etree.iterparse(GuardedSource(source, limit), events=("start",), **STREAM_OPTIONS):
            refuse_dtd(element.getroottree())
            return str(element.tag)
    except etree.XMLSyntaxError as error:
        raise not_xml(error) from None
    raise BadInput("there is no element in it", where="line 1", hint="send it again whole")
