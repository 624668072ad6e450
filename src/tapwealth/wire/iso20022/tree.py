"""XML trees as the messages see them: `Tag` to build one, `Node` to take one apart.

A `Node` remembers which children were taken and which may be passed over; `done` refuses the others. So a message is only read by what
understands all of it that matters.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from io import BytesIO
from typing import Any, TypeVar

from lxml import etree

from tapwealth.kernel.clock import business_date_of
from tapwealth.kernel.refusal import BadInput
from tapwealth.wire.iso20022 import values
from tapwealth.wire.iso20022.guard import parse
from tapwealth.wire.iso20022.message_type import MessageType
from tapwealth.wire.iso20022.schema import local_name, path_of, validate

_T = TypeVar("_T")


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
    _children: "dict[str, list[Node]] | None" = None
    _taken: set[str] = field(default_factory=set)
    _passed: set[str] = field(default_factory=set)

    @property
    def where(self) -> str:
        """Line and path, for error messages."""
        return f"line {self.element.sourceline}, {path_of(self.element)}"

    @property
    def name(self) -> str:
        return local_name(self.element)

    @property
    def text(self) -> str:
        return self.element.text or ""

    def all(self, name: str) -> "list[Node]":
        """Every child of that name."""
        self._taken.add(name)
        return self._by_name().get(name, [])

    def _by_name(self) -> "dict[str, list[Node]]":
        if self._children is None:
            self._children = {}
            for child in self.element:
                self._children.setdefault(local_name(child), []).append(Node(child))
        return self._children

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

    def value(self, path: str, read: Callable[[str], _T]) -> _T:
        """The text of the one element at that path, as `read` has it; its refusal gets the element's place."""
        node = self.need(path)
        try:
            return read(node.text)
        except BadInput as bad:
            raise BadInput(bad.what, where=node.where, hint=bad.hint) from None

    def identifier(self, path: str, length: int = values.ID_LENGTH) -> str:
        return self.value(path, lambda text: values.identifier(text, length=length))

    def end_to_end(self, path: str) -> str:
        return self.value(path, values.end_to_end)

    def one_of(self, *paths: str) -> "Node | None":
        """The first of these that is there: the alternatives of a choice, or one element that stands in for another."""
        return next((node for path in paths if (node := self.find(path)) is not None), None)

    def day(self, path: str) -> date:
        """A choice of a date (`Dt`) and an instant (`DtTm`), as a date in Shanghai."""
        return self.date(f"{path}/Dt") if self.find(f"{path}/Dt") else business_date_of(self.instant(f"{path}/DtTm"))

    def pass_over(self, *names: str) -> None:
        """Children that say nothing this reader needs, whatever stands in them."""
        self._passed.update(names)

    def printable(self, path: str, length: int = values.TEXT_LENGTH) -> str:
        """A free text, empty when it is absent."""
        return self.value(path, lambda text: values.printable(text, length=length)) if self.find(path) else ""

    def amount(self, path: str, *, positive: bool = True) -> int:
        currency = self.need(path).element.get("Ccy")
        return self.value(path, lambda text: values.read_amount(text, currency, positive=positive))

    def sum(self, path: str) -> int:
        return self.value(path, values.read_sum)

    def count(self, path: str) -> int:
        return self.value(path, values.read_count)

    def date(self, path: str) -> date:
        return self.value(path, values.read_date)

    def instant(self, path: str) -> datetime:
        return self.value(path, values.read_instant)

    def expect(self, path: str, wanted: str) -> None:
        """BadInput unless the element holds exactly that text."""
        node = self.need(path)
        if node.text != wanted:
            raise BadInput(f"{node.text[:40]!r} where this profile has {wanted!r}", where=node.where, hint=f"write {wanted}")

    def equal(self, path: str, found: int, wanted: int) -> None:
        """BadInput unless a stated count or sum is what the message's own items give."""
        if found != wanted:
            raise BadInput(f"says {found}, the items give {wanted}", where=self.need(path).where, hint="count again, send it whole")

    def done(self, besides: str = "") -> None:
        """BadInput for the first element that nobody took; children named `besides` are read elsewhere."""
        for name, children in self._by_name().items():
            if name == besides or name in self._passed:
                continue
            if name not in self._taken:
                raise BadInput("this element is not part of the profile", where=children[0].where, hint="leave it out")
            for child in children:
                child.done()


def read(message_type: MessageType, data: bytes) -> Node:
    """The body of a message (the child of Document), parsed under guard and valid against its schema."""
    tree = parse(BytesIO(data))
    validate(tree, message_type)
    return Node(tree.getroot()[0])
