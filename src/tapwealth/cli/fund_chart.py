"""What a money fund has yielded and a yuan in it has grown to, or what a holding has brought, as pictures: SVG for pages and paper, PNG for
everything else.

Drawn day by day, from a published history or from the ledger; nothing is smoothed and nothing foretold.
"""

from collections.abc import Mapping, Sequence
from html import escape
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from tapwealth.flows.reports.returns import HeldDay
from tapwealth.funds.seven_day_yield import GROWTH_SCALE, PublishedDay, growth, percent, read_history
from tapwealth.kernel.money import format_minor
from tapwealth.kernel.refusal import BadInput
from tapwealth.web.chart import Chart, chart

_INK, _GREY, _GRID, _LINE, _FILL = "#1d2b24", "#5b6b63", "#d9e0dc", "#0b6b4f", "#dcefe7"
_SCALE, _TITLE, _LABEL = 2, 44, 34
"""A picture of pixels has a point for so many of the drawing's; sizes of letters in its pixels."""
_HEAD, _SIDE = 180, 160
"""What a picture adds to the drawing: above it, and at its right, where the last date stands."""
_MOST_DAYS = 2_500


def drawn(file: Path) -> dict[str, bytes]:
    """The pictures of a history's file, by their file names. Raises BadInput."""
    try:
        history = read_history(file.read_text(encoding="utf-8").splitlines(), str(file))
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"the file cannot be read ({error})", where=str(file), hint="look at its path and its rights") from None
    days = sorted(history, key=lambda one: one.day)
    if len(days) > _MOST_DAYS:
        raise BadInput(f"there are {len(days)} days in it, a picture holds {_MOST_DAYS}", where=str(file), hint="give fewer")
    if not days:
        raise BadInput("there is no day in it", where=str(file), hint="give the history of at least one day")
    span = f"{days[0].day} - {days[-1].day}"
    return _pictures(
        ("yield", f"Seven-day annualised yield, {span}", chart(yields(days), lambda one: f"{percent(one)} %", from_zero=False)),
        ("growth", f"What 1.00 yuan has grown to, {span}", chart(grown(days), _yuan, from_zero=False)),
    )


def of_holding(fund: str, days: Sequence[HeldDay]) -> dict[str, bytes]:
    """The pictures of a holding's newest days, by their file names: all it has brought so far, and each day's part. Raises BadInput."""
    if not days:
        raise BadInput("the holding has no day yet", where=fund, hint="its first price or income is known the morning after")
    shown = days[-_MOST_DAYS:]
    span = f"{fund}, {shown[0].date} - {shown[-1].date}"
    return _pictures(
        ("gain", f"Gain so far in yuan, {span}", chart([(str(one.date), one.total_gain) for one in shown], format_minor, from_zero=True)),
        ("days", f"Gain of each day in yuan, {span}", chart([(str(one.date), one.gain) for one in shown], format_minor, from_zero=True)),
    )


def _pictures(*drawings: tuple[str, str, Chart | None]) -> dict[str, bytes]:
    """Of each (name, title, chart of at least one day)."""
    made: dict[str, bytes] = {}
    for name, title, one in drawings:
        assert one is not None, "there is a day in it"
        made |= {f"{name}.svg": svg(one, title), f"{name}.png": png(one, title)}
    return made


def yields(days: Sequence[PublishedDay]) -> list[tuple[str, int]]:
    """By date, in 1/1,000 percent."""
    return [(str(one.day), one.seven_day_yield) for one in days]


def grown(days: Sequence[PublishedDay]) -> list[tuple[str, int]]:
    """By date, what one yuan has grown to."""
    return [(str(one.day), worth) for one, worth in zip(days, growth(one.income_per_10k for one in days), strict=True)]


def _yuan(worth: int) -> str:
    return f"{worth // GROWTH_SCALE}.{worth % GROWTH_SCALE // (GROWTH_SCALE // 10**4):04d}"


def svg(one: Chart, title: str) -> bytes:
    """The drawing, with every label as text."""
    bottom = one.height + _HEAD
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {one.width + _SIDE} {bottom}" font-family="sans-serif" role="img">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{one.width + _SIDE}" height="{bottom}" fill="#ffffff"/>',
        f'<text x="{one.left}" y="{_HEAD - 60}" font-size="{_TITLE * _SCALE}" fill="{_INK}">{escape(title)}</text>',
        f'<g transform="translate(0 {_HEAD})" font-size="{_LABEL * _SCALE}" fill="{_GREY}">',
    ]
    for row in one.rows:
        lines.append(f'<path d="M{one.left} {row.place}H{one.right}" stroke="{_GRID}" stroke-width="4"/>')
        lines.append(f'<text x="{one.left - 40}" y="{row.place + 22}" text-anchor="end">{escape(row.label)}</text>')
    lines += [f'<text x="{tick.place}" y="{one.floor + 110}" text-anchor="middle">{escape(tick.label)}</text>' for tick in one.columns]
    lines += [
        f'<polygon points="{one.area}" fill="{_FILL}"/>',
        f'<polyline points="{one.line}" fill="none" stroke="{_LINE}" stroke-width="12" stroke-linejoin="round"/>',
        "</g>",
        "</svg>",
    ]
    return ("\n".join(lines) + "\n").encode()


def png(one: Chart, title: str) -> bytes:
    """The same in pixels."""
    paper = Image.new("RGB", ((one.width + _SIDE) // _SCALE, (one.height + _HEAD) // _SCALE), "#ffffff")
    pen = ImageDraw.Draw(paper)
    title_font, font = ImageFont.load_default(_TITLE), ImageFont.load_default(_LABEL)
    pen.text((one.left // _SCALE, (_HEAD - 60) // _SCALE), title, fill=_INK, font=title_font, anchor="ls")
    for row in one.rows:
        height = (row.place + _HEAD) // _SCALE
        pen.line((one.left // _SCALE, height, one.right // _SCALE, height), fill=_GRID, width=2)
        pen.text(((one.left - 40) // _SCALE, height), row.label, fill=_GREY, font=font, anchor="rm")
    for tick in one.columns:
        pen.text((tick.place // _SCALE, (one.floor + 110 + _HEAD) // _SCALE), tick.label, fill=_GREY, font=font, anchor="ms")
    line = [(point.x // _SCALE, (point.y + _HEAD) // _SCALE) for point in one.points]
    zero = (one.zero + _HEAD) // _SCALE
    pen.polygon([(line[0][0], zero), *line, (line[-1][0], zero)], fill=_FILL)
    pen.line(line, fill=_LINE, width=6, joint="curve")
    written = BytesIO()
    paper.save(written, "PNG", optimize=True)
    return written.getvalue()


def write(made: Mapping[str, bytes], folder: Path) -> list[Path]:
    """Into a folder, which is made if need be. Raises BadInput where it cannot be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in made.items():
            (folder / name).write_bytes(content)
    except OSError as error:
        raise BadInput(f"the pictures cannot be written ({error.strerror})", where=str(folder), hint="name another folder") from None
    return [folder / name for name in made]
