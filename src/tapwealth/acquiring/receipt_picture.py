"""A receipt or report as a picture (PNG), as a till without a printer shows or sends it.

Each character stands in its cell of the paper, wide ones in two, whatever the font's own widths are. The font is one of the machine's: it
must have Chinese characters, and none is shipped with the program.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import Any

from tapwealth.acquiring.paper import COLUMNS, columns_of
from tapwealth.kernel.refusal import BadInput

FONT = "TAPWEALTH_FONT"
"""The variable that names a font's file."""
_CELL, _LINE, _MARGIN, _SIZE = 14, 36, 28, 28
"""Pixels: half a wide character, a line, the paper's edge, the font."""
_NARROW_SIZE = 23
"""Of a font whose letters are of different widths, letters and digits are drawn smaller, so that they keep to their cells."""
_MOST_FACES = 16
_SAMPLE, _NO_CHARACTER = "签", "\U0010fffe"
_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts", "~/.fonts", "/System/Library/Fonts", "/Library/Fonts")
_NAMES = (
    "wqy-zenhei.ttc",
    "NotoSansMonoCJKsc-Regular.otf",
    "NotoSansCJK-Regular.ttc",
    "NotoSansCJKsc-Regular.otf",
    "NotoSansSC-Regular.ttf",
    "SourceHanSansSC-Regular.otf",
    "wqy-microhei.ttc",
    "DroidSansFallbackFull.ttf",
    "PingFang.ttc",
)
"""In the order of preference."""


def find_font(named: Path | None = None, folders: Iterable[str] = _FOLDERS) -> Path:
    """The font's file: `named`, that of the variable `TAPWEALTH_FONT`, or one of the machine's. Raises BadInput if there is none."""
    told = named or (Path(os.environ[FONT]) if os.environ.get(FONT) else None)
    if told is not None:
        return told
    found = {path.name: path for folder in folders for path in _fonts(Path(folder).expanduser())}
    font = next((found[name] for name in _NAMES if name in found), None)
    if font is None:
        hint = f"run 'sudo apt-get install fonts-wqy-zenhei', or name a font's file with --font or {FONT}"
        raise BadInput("no font with Chinese characters was found", where="picture", hint=hint)
    return font


def _fonts(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.name in _NAMES) if folder.is_dir() else iter(())


def picture(text: str, font_file: Path) -> bytes:
    """The paper as PNG. Raises BadInput if the font cannot be read or has no Chinese characters."""
    from PIL import Image, ImageDraw

    wide_font, narrow_font = _font(font_file, _SIZE), _font(font_file, _NARROW_SIZE)
    even = wide_font.getlength("i") == wide_font.getlength("W")
    lines = text.splitlines()
    paper = Image.new("L", (COLUMNS * _CELL + 2 * _MARGIN, len(lines) * _LINE + 2 * _MARGIN), 255)
    pen = ImageDraw.Draw(paper)
    for number, line in enumerate(lines):
        column = 0
        for character in line:
            wide = columns_of(character)
            middle = _MARGIN + column * _CELL + wide * _CELL // 2, _MARGIN + number * _LINE + _LINE * 3 // 4
            if character == "-":
                _rule(pen, middle, wide)
            elif character != " ":
                font = wide_font if even or wide > 1 else narrow_font
                pen.text(middle, character, fill=0, font=font, anchor="ms")
            column += wide
    written = BytesIO()
    paper.save(written, "PNG", optimize=True)
    return written.getvalue()


def _rule(pen: Any, middle: tuple[int, int], wide: int) -> None:
    """A dash that meets its neighbours."""
    x, y = middle[0], middle[1] - _LINE // 4
    pen.line((x - wide * _CELL // 2, y, x + wide * _CELL // 2 - 4, y), fill=0, width=2)


def _font(path: Path, size: int) -> Any:
    """The font, of a collection the face whose letters are all of one width, if there is one."""
    from PIL import ImageFont

    try:
        first = ImageFont.truetype(str(path), size)
    except OSError as error:
        raise BadInput(f"it is no font that can be read ({error})", where=str(path), hint="name a TrueType or OpenType font") from None
    if bytes(first.getmask(_SAMPLE)) == bytes(first.getmask(_NO_CHARACTER)):
        raise BadInput("the font has no Chinese characters", where=str(path), hint="name another, like WenQuanYi Zen Hei or Noto Sans CJK")
    even = (face for face in _faces(path, size) if face.getlength("i") == face.getlength("W"))
    return next(even, first)


def _faces(path: Path, size: int) -> Iterator[Any]:
    from PIL import ImageFont

    with suppress(OSError):
        for number in range(_MOST_FACES):
            yield ImageFont.truetype(str(path), size, index=number)
