"""What `tapwealth product` does besides an operator's commands: reads of files and of the house itself."""

import base64
import mimetypes
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from tapwealth.cli.house_commands import in_house
from tapwealth.flows.catalogue import shown
from tapwealth.flows.catalogue.products import read_file
from tapwealth.flows.frame import House
from tapwealth.kernel.refusal import BadInput, Refusal


def file_content(path: Path) -> bytes:
    """Raises BadInput."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadInput(f"the file cannot be opened ({error.strerror})", where=str(path), hint="look at its path and its rights") from None


def checked_file(path: Path) -> str:
    """The product and the kind that a file defines. Raises BadInput that names line and column."""
    content = file_content(path)
    try:
        definition = read_file(content).definition
    except BadInput as error:
        raise BadInput(error.what, where=f"{path.name}: {error.where}", hint=error.hint) from None
    return f"{definition.product}: {definition.kind.words[1]}, {definition.name.en}"


def text_of(path: Path) -> str:
    """A definition's file that was found right, for the platform to read again."""
    checked_file(path)
    return file_content(path).decode("utf-8-sig")


def document_of(path: Path) -> Mapping[str, str]:
    """A document's file as its command wants it."""
    return {"media_type": mimetypes.guess_type(path.name)[0] or "", "content": base64.b64encode(file_content(path)).decode()}


def lines(data: Path, url: str | None) -> Any:
    return _read(data, url, shown.lines)


def versions(data: Path, url: str | None, product: str) -> Any:
    return _read(data, url, lambda tx: shown.versions(tx, product))


def compared(data: Path, url: str | None, product: str, former: int, later: int) -> Any:
    return _read(data, url, lambda tx: shown.compared(tx, product, former, later))


def exported(data: Path, url: str | None, product: str, version: int | None) -> Any:
    return _read(data, url, lambda tx: shown.exported(tx, product, version))


def _read(data: Path, url: str | None, ask: Any) -> Any:
    async def act(house: House) -> Any:
        async with house.database.read() as tx:
            found = await ask(tx)
        return found if isinstance(found, Refusal) else msgspec.to_builtins(found)

    return in_house(data, url, act)
