"""Files that show a loss: of the type they are said to be, whole, and nothing else at the same time; whatever else is sent is refused."""

import io
import zipfile
from contextlib import suppress
from time import perf_counter

import pytest
from evidence_files import FILES, box, chunk, heic, jpeg, pdf, png, segment
from hypothesis import given, settings
from hypothesis import strategies as st

from tapwealth.insurance.evidence import MOST_BYTES, MOST_SIDE, MediaType, check_file, type_of
from tapwealth.kernel.refusal import BadInput

PAIR = jpeg(more=jpeg())
SIGNATURE = b"\x89PNG\r\n\x1a\n"


def archive() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archived:
        archived.writestr("a.class", b"\xca\xfe\xba\xbe")
    return made.getvalue()


@pytest.mark.parametrize(("declared", "content"), [*FILES.items(), ("image/jpeg", PAIR)], ids=[*FILES, "pair"])
def test_what_is_what_it_is_said_to_be_is_taken(declared: str, content: bytes) -> None:
    assert check_file(declared, content) == declared


WRONG: dict[str, tuple[str, bytes, str]] = {
    "empty": ("image/jpeg", b"", "the file is empty"),
    "too large": ("image/jpeg", jpeg() + bytes(MOST_BYTES), "more than 10,485,760 bytes"),
    "a program": ("image/png", b"MZ\x90\x00" + bytes(60), "neither JPEG"),
    "a page": ("image/png", b"<html>", "neither JPEG"),
    "a drawing": ("image/svg+xml", b"<svg onload='x()'>", "neither JPEG"),
    "another type": ("image/png", jpeg(), "but is image/jpeg"),
    "no type": ("", jpeg(), "declare what it is"),
    "torn jpeg": ("image/jpeg", jpeg()[:-2], "torn"),
    "jpeg without a picture": ("image/jpeg", b"\xff\xd8" + segment(0xFE, b"x") + b"\xff\xd9", "torn"),
    "jpeg whose segment ends behind it": ("image/jpeg", b"\xff\xd8\xff\xfe\xff\xff", "torn"),
    "archive behind a jpeg": ("image/jpeg", jpeg(more=archive()), "something stands behind"),
    "film behind a jpeg": ("image/jpeg", jpeg(more=heic()), "something stands behind"),
    "page in a comment of a jpeg": ("image/jpeg", jpeg(comment=b"<ScRiPt>x()</script>"), "page for a browser"),
    "pdf in a comment of a jpeg": ("image/jpeg", jpeg(comment=b"%PDF-1.4"), "PDF at the same time"),
    "torn png": ("image/png", png()[:-1], "torn"),
    "png with a wrong checksum": ("image/png", png()[:-1] + b"\x00", "torn"),
    "png of no side": ("image/png", png(width=0), "torn"),
    "png of too long a side": ("image/png", png(height=MOST_SIDE + 1), "torn"),
    "png without data": ("image/png", SIGNATURE + png()[8:33] + chunk(b"IEND", b""), "torn"),
    "archive behind a png": ("image/png", png(more=archive()), "something stands behind"),
    "page in a png": ("image/png", SIGNATURE + png()[8:33] + chunk(b"tEXt", b"<?php x()") + png()[33:], "page for a browser"),
    "torn heic": ("image/heic", heic()[:-1], "torn"),
    "heic with a strange box": ("image/heic", heic(more=b"\x00\x00\x00\x08moov"), "torn"),
    "heic with something behind": ("image/heic", heic(more=b"PK"), "torn"),
    "heic whose box has no length": ("image/heic", heic(more=b"\x00\x00\x00\x07free"), "torn"),
    "pdf without an end": ("application/pdf", pdf()[:-7], "torn"),
    "something behind a pdf": ("application/pdf", pdf(more=b"<html>"), "torn"),
    "archive behind a pdf": ("application/pdf", pdf(more=archive()), "torn"),
    "pdf with a script": ("application/pdf", pdf(b"<< /S /JavaScript /JS (x) >>"), "(JavaScript)"),
    "pdf with a written-out script": ("application/pdf", pdf(b"<< /S /J#61v#61#53cript >>"), "(JavaScript)"),
    "pdf that starts a program": ("application/pdf", pdf(b"<</S/Launch/F(calc)>>"), "(Launch)"),
    "pdf with a file in it": ("application/pdf", pdf(b"<< /Type /EmbeddedFile >>"), "(EmbeddedFile)"),
    "pdf with a script behind a comment": ("application/pdf", pdf(b"%stream\n<< /S /JavaScript >>\n%endstream"), "(JavaScript)"),
    "encrypted pdf": ("application/pdf", pdf(b"<< /Encrypt 5 0 R >>"), "encrypted"),
    "pdf that is a page": ("application/pdf", pdf(b"<!DOCTYPE html><script>"), "page for a browser"),
}


@pytest.mark.parametrize(("declared", "content", "why"), WRONG.values(), ids=WRONG)
def test_what_is_not_taken(declared: str, content: bytes, why: str) -> None:
    with pytest.raises(BadInput) as caught:
        check_file(declared, content)
    assert why in str(caught.value)
    assert "\n" not in str(caught.value)


WITHIN = {
    "jpeg": jpeg(comment=archive()),
    "pdf": pdf(inside=archive()),
    "heic": box(b"ftyp", b"heic\x00\x00\x00\x00mif1heic") + box(b"meta", b"\x00" * 4) + box(b"mdat", archive() + b"picture"),
}


@pytest.mark.parametrize("content", WITHIN.values(), ids=WITHIN)
def test_an_archive_within_a_file_is_one_since_readers_of_archives_find_it(content: bytes) -> None:
    assert zipfile.ZipFile(io.BytesIO(content)).read("a.class")
    with pytest.raises(BadInput, match="archive at the same time"):
        check_file(type_of(content) or "", content)


def test_the_mark_of_an_archive_alone_makes_none() -> None:
    for behind in (b"", bytes(14), b"\xff" * 14):
        assert check_file("image/jpeg", jpeg(comment=b"PK\x05\x06" + behind)) is MediaType.JPEG


def test_a_picture_whose_own_comment_reaches_to_its_end_as_an_archive_is_refused() -> None:
    """The end of an archive whose comment is the rest of the picture: readers of archives find it."""
    tail = jpeg()[jpeg().index(b"\xff\xc0") :]
    disguised = jpeg(comment=archive()[:-2] + len(tail).to_bytes(2, "little"))
    with pytest.raises(BadInput, match="archive at the same time"):
        check_file("image/jpeg", disguised)


@settings(max_examples=120)
@given(st.sampled_from(sorted(FILES)), st.data())
def test_whatever_is_cut_or_changed_is_taken_or_refused_in_one_line(declared: str, data: st.DataObject) -> None:
    content = bytearray(FILES[declared])
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(content[: data.draw(st.integers(0, len(content)))])
    with suppress(BadInput):
        assert check_file(declared, cut) == declared == type_of(cut)


@pytest.mark.parametrize(
    "filler", [b"\xff", b"\xff\xd8", b"/J#61", b"%%EOF\n", b"\x00\x00\x00\x08free", b"\x00\x00\x00\x00tEXt", b"PK\x05\x06"]
)
def test_what_is_made_to_be_slow_is_not(filler: bytes) -> None:
    starts = [one[:20] for one in FILES.values()] + [jpeg()[:-2], heic()]
    for start in starts:
        began = perf_counter()
        content = start + filler * (2_000_000 // len(filler))
        with suppress(BadInput):
            check_file(type_of(content) or "", content)
        assert perf_counter() - began < 2, (start, filler)
