"""Files that show a loss: of which type they are by their own bytes, and why one is not taken. Pure.

Nobody opens such a file here: it is walked through by its outer structure alone, which is enough to see where it ends, and handed out as it
came. So a file must be of the type that it is said to be, whole, and nothing but that: what stands behind its end, or is a page, an archive
or a program at the same time, is not taken. What a PDF says outside its compressed streams may start nothing when it is opened.
"""

import re
import struct
import zlib
from enum import StrEnum

from tapwealth.kernel.refusal import BadInput

MOST_BYTES = 10 << 20
"""Of one file."""
MOST_FILES = 20
"""Of one claim."""
MOST_SIDE = 32_000
"""Pixels of a picture's side: more is nothing that a camera makes."""


class MediaType(StrEnum):
    """What is taken."""

    JPEG = "image/jpeg"
    PNG = "image/png"
    PDF = "application/pdf"
    HEIC = "image/heic"


_PNG = b"\x89PNG\r\n\x1a\n"
_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"mif1", b"msf1")
_HINT = "send the picture or the PDF as the phone or the scanner made it"
_WHERE = "evidence"


def type_of(content: bytes) -> MediaType | None:
    """By its first bytes."""
    if content.startswith(b"\xff\xd8\xff"):
        return MediaType.JPEG
    if content.startswith(_PNG):
        return MediaType.PNG
    if content.startswith(b"%PDF-"):
        return MediaType.PDF
    return MediaType.HEIC if content[4:8] == b"ftyp" and content[8:12] in _BRANDS else None


def check_file(declared: str, content: bytes) -> MediaType:
    """The type, which is the declared one. Raises BadInput for anything else, torn, disguised, or more than one thing at once."""
    if not content:
        raise BadInput("the file is empty", where=_WHERE, hint=_HINT)
    if len(content) > MOST_BYTES:
        raise BadInput(f"it has more than {MOST_BYTES:,} bytes", where=_WHERE, hint="send a smaller picture")
    kind = type_of(content)
    if kind is None:
        raise BadInput("it is neither JPEG, PNG, HEIC nor PDF", where=_WHERE, hint=_HINT)
    if kind != declared:
        raise BadInput(f"it is said to be {declared[:40]!r}, but is {kind}", where=_WHERE, hint="declare what it is")
    _WALKS[kind](content)
    _nothing_else(content, kind)
    return kind


def _wrong(what: str) -> BadInput:
    return BadInput(what, where=_WHERE, hint=_HINT)


def _jpeg(content: bytes) -> None:
    """ITU-T T.81, B.1: segments with their lengths, entropy-coded data, an end; after it at most another whole picture (CIPA DC-007)."""
    at = 0
    while at < len(content):
        if content[at : at + 2] != b"\xff\xd8":
            raise _wrong("something stands behind the end of the picture")
        at = _jpeg_end(content, at + 2)


_BARE = frozenset({0x01, *range(0xD0, 0xD8)})
_ENTROPY_ENDS = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]", re.DOTALL)


_FILL = re.compile(rb"\xff+")


def _fill(content: bytes, at: int) -> int:
    """Where the last of a run of fill bytes stands (B.1.1.2)."""
    found = _FILL.match(content, at)
    return at + 1 if found is None else found.end() - 1


def _jpeg_end(content: bytes, at: int) -> int:
    """Behind the end of the picture whose first segment stands at `at`."""
    framed = False
    while at + 1 < len(content) and content[at] == 0xFF:
        marker = content[at + 1]
        if marker == 0xFF:
            at = _fill(content, at)
        elif marker == 0xD9:
            if not framed:
                break
            return at + 2
        elif marker in _BARE:
            at += 2
        else:
            length = int.from_bytes(content[at + 2 : at + 4], "big")
            if length < 2 or at + 2 + length > len(content):
                break
            framed = framed or marker in (0xC0, 0xC1, 0xC2)
            at += 2 + length
            if marker == 0xDA:
                found = _ENTROPY_ENDS.search(content, at)
                if found is None:
                    break
                at = found.end() - 2
    raise _wrong("the JPEG is torn, or is none")


def _png(content: bytes) -> None:
    """PNG, third edition, 5: chunks with their lengths and checksums, from IHDR to IEND, and nothing behind it."""
    at = len(_PNG)
    names: list[bytes] = []
    while at + 12 <= len(content):
        length = int.from_bytes(content[at : at + 4], "big")
        name, end = content[at + 4 : at + 8], at + 12 + length
        if end > len(content) or not name.isalpha():
            break
        if zlib.crc32(memoryview(content)[at + 4 : end - 4]) != int.from_bytes(content[end - 4 : end], "big"):
            break
        if not names and (name != b"IHDR" or length != 13 or not all(0 < one <= MOST_SIDE for one in _sides(content, at + 8))):
            break
        names.append(name)
        at = end
        if name == b"IEND":
            break
    if not names or names[-1] != b"IEND" or b"IDAT" not in names:
        raise _wrong("the PNG is torn, or is none")
    if at != len(content):
        raise _wrong("something stands behind the end of the picture")


def _sides(content: bytes, at: int) -> tuple[int, int]:
    width, height = struct.unpack_from(">II", content, at)
    return width, height


_BOXES = frozenset({b"ftyp", b"meta", b"mdat", b"free", b"skip", b"idat", b"uuid"})


def _heic(content: bytes) -> None:
    """ISO/IEC 14496-12, 4.2: boxes with their lengths, which are the file, to its last byte."""
    at = 0
    names: list[bytes] = []
    while at + 8 <= len(content):
        size, name, head = int.from_bytes(content[at : at + 4], "big"), content[at + 4 : at + 8], 8
        if size == 1:
            size, head = int.from_bytes(content[at + 8 : at + 16], "big"), 16
        size = len(content) - at if size == 0 else size
        if size < head or at + size > len(content) or name not in _BOXES:
            raise _wrong("the HEIC is torn, or is none")
        names.append(name)
        at += size
    if at != len(content) or not {b"meta", b"mdat"} <= set(names):
        raise _wrong("the HEIC is torn, or is none")


_PDF_END = re.compile(rb"%%EOF[\r\n\t \x00]*\Z")
_STARTS = (
    "JavaScript", "Launch", "EmbeddedFile", "EmbeddedFiles", "RichMedia", "XFA", "ImportData", "SubmitForm", "GoToR", "GoToE", "Movie",
    "Sound", "Rendition",
)  # fmt: skip
"""Names (ISO 32000-2, 12.6.4 and others) of what acts when a PDF is opened, or carries another file in it."""


def _named(*names: str) -> re.Pattern[bytes]:
    """Any of these names of PDF, each letter as it is or as its two figures (7.3.5)."""
    one = "|".join("".join(f"(?:{letter}|#(?i:{ord(letter):02x}))" for letter in name) for name in names)
    return re.compile(rf"/({one})(?=[\x00-\x20()<>\[\]{{}}/%]|\Z)".encode())


_ACTS, _ENCRYPTED = _named(*_STARTS), _named("Encrypt")


def _pdf(content: bytes) -> None:
    """ISO 32000-2, 7.5: a head, and a last line that ends it; looked through for what may act."""
    if re.match(rb"%PDF-[12]\.[0-9]", content) is None or _PDF_END.search(content, max(len(content) - 1024, 0)) is None:
        raise _wrong("the PDF is torn, or is none")
    if _ENCRYPTED.search(content) is not None:
        raise BadInput("the PDF is encrypted: nobody can read it", where=_WHERE, hint="send it without a password")
    found = _ACTS.search(content)
    if found is not None:
        what = re.sub(rb"#(..)", lambda one: bytes.fromhex(one[1].decode()), found[1]).decode()
        raise BadInput(f"the PDF carries what may act when it is opened ({what})", where=_WHERE, hint="print it to a plain PDF")


_PAGES = re.compile(rb"<(?:!doctype|html|head|body|script|svg|iframe|\?php|\?xml-stylesheet)", re.IGNORECASE)
_SNIFFED = 1_024
"""How far into a file readers of PDF and browsers look for what it is."""
_ARCHIVE_END, _ARCHIVE_ENTRY, _ARCHIVE_LOCATOR = b"PK\x05\x06", b"PK\x01\x02", b"PK\x06\x07"
_ARCHIVE_TAIL, _LOCATOR_BYTES = 22, 20


def _nothing_else(content: bytes, kind: MediaType) -> None:
    """Raises BadInput for what another reader would take for a page, a PDF, an archive or a program."""
    head = content[:_SNIFFED]
    if _PAGES.search(head) is not None:
        raise _wrong("it is a page for a browser at the same time")
    if kind is not MediaType.PDF and b"%PDF-" in head:
        raise _wrong("it is a PDF at the same time")
    if _archived(content):
        raise _wrong("it is an archive at the same time")


def _archived(content: bytes) -> bool:
    """Whether readers of archives find one: they look back from the end for its last record (APPNOTE.TXT, 4.3.16), and most of them do not
    mind what stands behind that. Bytes that only happen to be the same name no list of files."""
    at = content.find(_ARCHIVE_END, max(len(content) - _ARCHIVE_TAIL - 0xFFFF, 0))
    while at >= 0:
        if len(content) >= at + _ARCHIVE_TAIL and _ends_archive(content, at):
            return True
        at = content.find(_ARCHIVE_END, at + 1)
    return False


def _ends_archive(content: bytes, at: int) -> bool:
    size, begins, comment = struct.unpack_from("<IIH", content, at + 12)
    if at + _ARCHIVE_TAIL + comment == len(content) or content.startswith(_ARCHIVE_LOCATOR, max(at - _LOCATOR_BYTES, 0)):
        return True
    return any(content.startswith(_ARCHIVE_ENTRY, start) for start in (at - size, begins) if start >= 0)


_WALKS = {MediaType.JPEG: _jpeg, MediaType.PNG: _png, MediaType.PDF: _pdf, MediaType.HEIC: _heic}
