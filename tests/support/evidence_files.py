"""Small files that show a loss, each whole and of one type, made byte by byte."""

import zlib


def segment(marker: int, content: bytes) -> bytes:
    return bytes([0xFF, marker]) + (len(content) + 2).to_bytes(2, "big") + content


def jpeg(more: bytes = b"", comment: bytes = b"crack") -> bytes:
    """A JPEG's segments: comment, frame, scan with a stuffed byte and a restart marker, end."""
    frame, scan = segment(0xC0, bytes([8, 0, 1, 0, 1, 1, 1, 17, 0])), segment(0xDA, bytes([1, 1, 0, 0, 63, 0]))
    return b"\xff\xd8" + segment(0xFE, comment) + frame + scan + b"\x12\xff\x00\x34\xff\xd0\x56" + b"\xff\xd9" + more


def chunk(name: bytes, content: bytes) -> bytes:
    return len(content).to_bytes(4, "big") + name + content + zlib.crc32(name + content).to_bytes(4, "big")


def png(width: int = 1, height: int = 1, more: bytes = b"") -> bytes:
    head = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes([8, 0, 0, 0, 0])
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\x00\x7f")) + chunk(b"IEND", b"") + more


def box(name: bytes, content: bytes) -> bytes:
    return (len(content) + 8).to_bytes(4, "big") + name + content


def heic(more: bytes = b"") -> bytes:
    return box(b"ftyp", b"heic\x00\x00\x00\x00mif1heic") + box(b"meta", b"\x00" * 4) + box(b"mdat", b"picture") + more


def pdf(inside: bytes = b"<< /Type /Catalog >>", more: bytes = b"") -> bytes:
    return b"%PDF-1.4\n1 0 obj\n" + inside + b"\nendobj\ntrailer << /Root 1 0 R >>\n%%EOF\n" + more


FILES = {"image/jpeg": jpeg(), "image/png": png(), "image/heic": heic(), "application/pdf": pdf()}
