"""XML trees as the messages see them: `Tag` to build one, `Node` to take one apart.

A `Node` remembers which children were taken; `done` refuses the others. So a message is only read by what understands all of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from io import BytesIO
from typing import Any

from lxml import etree

from tapwealth.kernel.refusal import BadInput
from tapwealth.wire.iso20022 import values
from tapwealth.wire.iso20022.guard import parse
from tapwealth.wire.iso20022.message_type import MessageType
from tapwealth.wire.iso20022.schema import path_of, validate


@dataclass(frozen=True, slots=True)
class Tag:
    """An element to be written: its name, and its text or its children (`None` among them is left out)."""

    name: str
    content: "str | Sequence[Tag | None]"
    currency: str = ""


def amount_tag(name: str, fen: int, *, positive: bool = True) -> Tag:
    """An amount with its currency."""
    return Tag(name, values.write_amount(fen, name, positive=positive), values.CURRENCY)


def id_tag(name: str, text: str, length: int = values.ID_LENGTH) -> Tag:
    return Tag(name, values.identifier(text, name, length))


def end_to_end_tag(name: str, text: str) -> Tag:
    return Tag(name, values.end_to_end(text, name))


def text_tag(name: str, text: str, length: int = values.TEXT_LENGTH) -> Tag | None:
    """A free text; none when it is empty."""
    return Tag(name, values.printable(text, name, length)) if text else None


def _grow(parent: Any, tag: Tag, namespace: str) -> None:
    element = etree.SubElement(parent, f"{{{namespace}}}{tag.name}")
    if tag.currency:
        element.set("Ccy", tag.currency)
    if isinstance(tag.content, str):
        element.text = tag.content
        return
    for child in tag.content:
        if child is not None:
            _grow(element, child, namespace)


def write(message_type: MessageType, body: Tag) -> bytes:
    """The bytes of a message, validated against its schema. BadInput if it does not hold."""
    root = etree.Element(f"{{{message_type.namespace}}}Document", nsmap={None: message_type.namespace})
    _grow(root, body, message_type.namespace)
    tree = root.getroottree()
    validate(tree, message_type)
    data: bytes = etree.tostring(tree, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    return data


@dataclass(slots=True)
class Node:
    """An element being read."""

    element: Any
    _taken: "dict[str, list[Node]]" = field(default_factory=dict)

    @property
    def where(self) -> str:
        """Line and path, for error messages."""
        return f"line {self.element.sourceline}, {path_of(self.element)}"

    @property
    def text(self) -> str:
        return self.element.text or ""

    def all(self, name: str) -> "list[Node]":
        """Every child of that name."""
        if name not in self._taken:
            self._taken[name] = [Node(child) for child in self.element if etree.QName(child).localname == name]
        return self._taken[name]

    def find(self, path: str) -> "Node | None":
        """The one element at that path, or none; BadInput when there are several."""
        node: Node | None = self
        for name in path.split("/"):
            found = node.all(name) if node else []
            if len(found) > 1:
                raise BadInput(f"{len(found)} elements {name} where one is expected", where=found[1].where, hint="send one")
            node = found[0] if found else None
        return node

    def need(self, path: str) -> "Node":
        """The one element at that path. BadInput when it is missing."""
        node = self.find(path)
        if node is None:
            raise BadInput(f"{path} is missing", where=self.where, hint="this profile needs it")
        return node

    def identifier(self, path: str, length: int = values.ID_LENGTH) -> str:
        node = self.need(path)
        return values.identifier(node.text, node.where, length)

    def end_to_end(self, path: str) -> str:
        node = self.need(path)
        return values.end_to_end(node.text, node.where)

    def printable(self, path: str, length: int = values.TEXT_LENGTH) -> str:
        """A free text, empty when it is absent."""
        node = self.find(path)
        return values.printable(node.text, node.where, length) if node else ""

    def amount(self, path: str, *, positive: bool = True) -> int:
        node = self.need(path)
        return values.read_amount(node.text, node.element.get("Ccy"), node.where, positive=positive)

    def sum(self, path: str) -> int:
        node = self.need(path)
        return values.read_sum(node.text, node.where)

    def count(self, path: str) -> int:
        node = self.need(path)
        return values.read_count(node.text, node.where)

    def date(self, path: str) -> date:
        node = self.need(path)
        return values.read_date(node.text, node.where)

    def instant(self, path: str) -> datetime:
        node = self.need(path)
        return values.read_instant(node.text, node.where)

    def expect(self, path: str, wanted: str) -> None:
        """BadInput unless the element holds exactly that text."""
        node = self.need(path)
        if node.text != wanted:
            raise BadInput(f"{node.text[:40]!r} where this profile has {wanted!r}", where=node.where, hint=f"write {wanted}")

    def equal(self, path: str, found: int, wanted: int) -> None:
        """BadInput unless a stated count or sum is what the message's own items give."""
        if found != wanted:
            raise BadInput(f"says {found}, the items give {wanted}", where=self.need(path).where, hint="count again, send it whole")

    def skip(self, name: str) -> None:
        """Children of that name are read elsewhere."""
        self._taken[name] = []

    def done(self) -> None:
        """BadInput for the first element that nobody took."""
        for child in self.element:
            if etree.QName(child).localname not in self._taken:
                raise BadInput("this element is not part of the profile", where=Node(child).where, hint="leave it out")
        for children in self._taken.values():
            for child in children:
                child.done()


def read(message_type: MessageType, data: bytes) -> Node:
    """The body of a message (the child of Document), parsed under guard and valid against its schema."""
    tree = parse(BytesIO(data))
    validate(tree, message_type)
    return Node(tree.getroot()[0])
