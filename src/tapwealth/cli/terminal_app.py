"""`tapwealth terminal`: a merchant's terminal on the command line. Imports are lazy, so that `--help` answers at once.

Exit codes: 0 done; 1 the card, the host or the till said no; 2 usage; 3 no answer or nobody there, and what happens next is said.
"""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from tapwealth.cli.options import DEFAULT_DATA, DONE, PLAIN, REFUSED, DataDir, Json, print_json

terminal = typer.Typer(**PLAIN, help="A merchant's terminal and its card readers.")

TillFolder = Annotated[Path | None, typer.Option("--till", help="Folder of the till; else the first one of the played week in --data-dir.")]
Reader = Annotated[str, typer.Option("--reader", help="Where the card is: pcsc:NAME, tcp:HOST:PORT or phone:FILE.")]
CardCheck = Annotated[str | None, typer.Option("--reader", help="Where the customer's card is: it must then be the sale's.")]
Invoice = Annotated[str, typer.Option("--invoice", help="Number of the sale, as its receipt has it.")]
Png = Annotated[Path | None, typer.Option("--png", help="Write the paper as a picture, too.")]
Font = Annotated[Path | None, typer.Option("--font", envvar="TAPWEALTH_FONT", help="A font with Chinese characters, for --png.")]
Wait = Annotated[int, typer.Option("--wait", help="Seconds to wait for the card.", min=0, max=600)]
DEFAULT_WAIT = 30


@terminal.command("readers")
def readers(json_: Json = False) -> None:
    """List the PC/SC readers. Exits with 1 if there is none."""
    from tapwealth.acquiring.readers.pcsc import reader_names

    names = reader_names()
    if json_:
        print_json(names)
    for name in names if not json_ else []:
        typer.echo(f"pcsc:{name}")
    if not names:
        typer.echo("there is no PC/SC reader: plug one in, or install vsmartcard-vpcd for a virtual one", err=True)
    sys.exit(DONE if names else REFUSED)


@terminal.command("sign-on")
def sign_on(
    till: TillFolder = None,
    data_dir: DataDir = DEFAULT_DATA,
    start_batch: Annotated[
        int | None, typer.Option(help="Begin a new till, or one whose state is lost, with this batch: above every one it ever used.")
    ] = None,
    json_: Json = False,
) -> None:
    """Take a new working key from the host, or test the line; then reverse and forward what is due."""
    from tapwealth.cli import terminal_commands as commands

    _end(commands.sign_on(commands.find_till(till, data_dir), start_batch), as_json=json_)


@terminal.command("pay")
def pay(
    amount: Annotated[str, typer.Option(help="In yuan, like 12.50.")],
    reader: Reader,
    till: TillFolder = None,
    data_dir: DataDir = DEFAULT_DATA,
    wait: Wait = DEFAULT_WAIT,
    png: Png = None,
    font: Font = None,
    json_: Json = False,
) -> None:
    """Take a payment from the card or phone at the reader, and print the receipt."""
    from tapwealth.cli import terminal_commands as commands

    paper = commands.Paper(png, font)
    _end(commands.pay(commands.find_till(till, data_dir), amount, reader, wait, paper), as_json=json_)


@terminal.command("void")
def void(
    invoice: Invoice,
    reader: CardCheck = None,
    till: TillFolder = None,
    data_dir: DataDir = DEFAULT_DATA,
    wait: Wait = DEFAULT_WAIT,
    png: Png = None,
    font: Font = None,
    json_: Json = False,
) -> None:
    """Undo a sale of the open batch, all of it."""
    from tapwealth.cli import terminal_commands as commands

    paper = commands.Paper(png, font)
    _end(commands.void(commands.find_till(till, data_dir), invoice, reader, wait, paper), as_json=json_)


@terminal.command("refund")
def refund(
    invoice: Invoice,
    amount: Annotated[str | None, typer.Option(help="In yuan; all that is left of the sale, unless told.")] = None,
    reader: CardCheck = None,
    till: TillFolder = None,
    data_dir: DataDir = DEFAULT_DATA,
    wait: Wait = DEFAULT_WAIT,
    png: Png = None,
    font: Font = None,
    json_: Json = False,
) -> None:
    """Give back a settled sale, or a part of it."""
    from tapwealth.cli import terminal_commands as commands

    paper = commands.Paper(png, font)
    _end(commands.refund(commands.find_till(till, data_dir), invoice, amount, reader, wait, paper), as_json=json_)


@terminal.command("settle")
def settle(till: TillFolder = None, data_dir: DataDir = DEFAULT_DATA, png: Png = None, font: Font = None, json_: Json = False) -> None:
    """Reverse and forward what is due, upload the batch, compare it with the host, and begin the next. Exits with 1 if they differ."""
    from tapwealth.cli import terminal_commands as commands

    _end(commands.settle(commands.find_till(till, data_dir), commands.Paper(png, font)), as_json=json_)


@terminal.command("report")
def report(
    till: TillFolder = None,
    data_dir: DataDir = DEFAULT_DATA,
    batch: Annotated[str, typer.Option(help="Number of a batch; the open one unless told.")] = "",
    png: Png = None,
    font: Font = None,
    json_: Json = False,
) -> None:
    """What is in a batch: each voucher, the totals by kind, settled or not. Asks nobody."""
    from tapwealth.cli import terminal_commands as commands

    _end(commands.report(commands.find_till(till, data_dir), batch, commands.Paper(png, font)), as_json=json_)


def _end(done: Any, *, as_json: bool) -> None:
    """Print what a command came to, and leave with its code."""
    if as_json:
        print_json(done.data)
    elif done.paper:
        typer.echo(done.paper, nl=False)
    if done.note:
        typer.echo(done.note, err=True)
    sys.exit(done.code)
