"""YAML as a tree that remembers where everything was written, and back (YAML 1.1 by libyaml, https://yaml.org/spec/1.1/).

What is read is a plain document: mappings, lists and scalars. Anchors, aliases and tags are refused, so that a short text cannot stand for
a long one; so are a key that comes twice, a second document, and a text that is too long or nested too deeply. A scalar stays the text that
it was: what `000198` or `1.50` means is decided by whoever knows what has to stand there.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import yaml

from tapwealth.kernel.refusal import BadInput

MOST_BYTES = 256 * 1024
DEEPEST, MOST_NODES = 16, 20_000
_SHOWN = 40


@dataclass(frozen=True, slots=True)
class Place:
    """Where something begins; both count from 1."""

    line: int
    column: int

    def __str__(self) -> str:
        return f"line {self.line}, column {self.column}"


@dataclass(frozen=True, slots=True)
class Scalar:
    """`plain`: without quotes."""

    place: Place
    text: str
    plain: bool

    what = "a single value"


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    place: Place
    items: list["Node"]

    what = "a list"


@dataclass(frozen=True, slots=True)
class Fields:
    """A mapping, in the order written."""

    place: Place
    fields: dict[str, tuple[Place, "Node"]]
    """The place is the key's."""

    what = "fields with values"


Node = Scalar | Items | Fields


class Plain(str):
    """A text to be written without quotes, whatever it looks like: a number, a date."""

    __slots__ = ()


_UNSEEN = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What no document may hold (YAML 1.1, 5.1, c-printable)."""


def read(content: bytes) -> Node:
    """The document. Raises BadInput that names line and column."""
    if len(content) > MOST_BYTES:
        raise BadInput(
            f"it has {len(content):,} bytes",
            where="file",
            hint=f"a definition has at most {MOST_BYTES:,}; documents are files of their own",
        )
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start]
        at = Place(before.count(b"\n") + 1, error.start - before.rfind(b"\n"))
        raise BadInput("this is not UTF-8", where=str(at), hint="save the file as UTF-8") from None
    unseen = _UNSEEN.search(text)
    if unseen:
        above = text[: unseen.start()]
        at = Place(above.count("\n") + 1, unseen.start() - above.rfind("\n"))
        raise BadInput(f"there is a character that cannot be seen ({unseen[0]!r})", where=str(at), hint="take it out")
    try:
        return _document(yaml.parse(text, Loader=yaml.CSafeLoader))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise _not_yaml(str(error.problem or error.context), str(_at(mark)) if mark else "file") from None
    except yaml.YAMLError as error:
        raise _not_yaml(str(error), "file") from None


def _not_yaml(problem: str, where: str) -> BadInput:
    words = " ".join(problem.split())[:120]
    if "cannot start any token" in words or "tab character" in words:
        return BadInput(
            "there is a character that nothing begins with",
            where=where,
            hint="indent with blanks, not with tabs; put texts with signs in quotes",
        )
    if "mapping values are not allowed" in words:
        return BadInput(
            "there is a colon where none can be", where=where, hint="look at the indents, and put a text with a colon in quotes"
        )
    if "did not find expected" in words:
        return BadInput(
            "what was begun above does not end here", where=where, hint="look at indents, brackets and quotes of the lines before"
        )
    return BadInput(f"this is not YAML: {words}", where=where, hint="look at indents, brackets and quotes")


def _at(mark: Any) -> Place:
    return Place(mark.line + 1, mark.column + 1)


def _document(events: Iterator[Any]) -> Node:
    found: Node | None = None
    count = _Count()
    for event in events:
        if isinstance(event, yaml.DocumentStartEvent) and found is not None:
            raise BadInput("a second document begins", where=str(_at(event.start_mark)), hint="one file is one product; leave `---` out")
        if isinstance(event, yaml.NodeEvent):
            found = _node(event, events, count, 1)
    if found is None:
        raise BadInput("there is nothing in it", where="line 1, column 1", hint="begin with `product:` and `kind:`")
    return found


class _Count:
    """Nodes seen."""

    def __init__(self) -> None:
        self.nodes = 0


def _node(event: Any, events: Iterator[Any], count: _Count, depth: int) -> Node:
    at = _at(event.start_mark)
    _plain_node(event, at)
    count.nodes += 1
    if count.nodes > MOST_NODES or depth > DEEPEST:
        what = "it has too many values" if count.nodes > MOST_NODES else "it is nested too deeply"
        raise BadInput(what, where=str(at), hint=f"at most {MOST_NODES:,} values, {DEEPEST} levels deep")
    if isinstance(event, yaml.ScalarEvent):
        return Scalar(at, event.value, event.style is None or event.style == "")
    if isinstance(event, yaml.SequenceStartEvent):
        items = []
        while not isinstance(inner := next(events), yaml.SequenceEndEvent):
            items.append(_node(inner, events, count, depth + 1))
        return Items(at, items)
    return Fields(at, _fields(events, count, depth))


def _fields(events: Iterator[Any], count: _Count, depth: int) -> dict[str, tuple[Place, Node]]:
    fields: dict[str, tuple[Place, Node]] = {}
    while not isinstance(event := next(events), yaml.MappingEndEvent):
        key = _node(event, events, count, depth + 1)
        if not isinstance(key, Scalar):
            raise BadInput("the name of a field is no text", where=str(key.place), hint="write `name: value`")
        if key.text in fields:
            first = fields[key.text][0]
            raise BadInput(
                f"the field {key.text[:_SHOWN]!r} comes twice",
                where=str(key.place),
                hint=f"it stands in line {first.line} already; keep one",
            )
        fields[key.text] = key.place, _node(next(events), events, count, depth + 1)
    return fields


def _plain_node(event: Any, at: Place) -> None:
    """Raises BadInput for what stands for something else than itself."""
    if isinstance(event, yaml.AliasEvent):
        raise BadInput(f"*{event.anchor[:_SHOWN]} stands for another part", where=str(at), hint="write that part out; aliases are not read")
    if event.anchor is not None:
        raise BadInput(f"&{event.anchor[:_SHOWN]} names a part", where=str(at), hint="leave it out; anchors are not read")
    if event.tag is not None:
        raise BadInput(f"{event.tag[:_SHOWN]!r} is a tag", where=str(at), hint="leave it out; what stands here follows from the field")


def unknown_field(name: str, at: Place, known: Sequence[str], where: str = "") -> BadInput:
    """What to say of a field that there is not."""
    near = get_close_matches(name, known, 1)
    hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(known) or 'none'}"
    return BadInput(f"there is no field {name[:_SHOWN]!r}{where}", where=str(at), hint=hint)


class _Dumper(yaml.CSafeDumper):  # type: ignore[misc]  # the library has no types
    """Blocks, no aliases, what is `Plain` without quotes."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _plain(dumper: Any, text: Plain) -> Any:
    tag = dumper.resolve(yaml.ScalarNode, str(text), (True, False))
    return dumper.represent_scalar(tag, str(text))


_Dumper.add_representer(Plain, _plain)


def write(value: Any) -> bytes:
    """A tree of dicts, lists, texts, `Plain`, True, False and None as a document in UTF-8; fields in their order."""
    text: str = yaml.dump(value, Dumper=_Dumper, allow_unicode=True, sort_keys=False, default_flow_style=False, width=10_000)
    return text.encode()
