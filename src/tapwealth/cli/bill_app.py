"""`tapwealth biller` and `tapwealth bill`: the directory of billers, and paying there, on the command line. Imports are lazy."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote, urlencode

import typer

from tapwealth.cli.autopay_app import Token
from tapwealth.cli.options import DEFAULT_DATA, PLAIN, DataDir, Json, print_json

biller = typer.Typer(**PLAIN, help="Billers that can be paid: list, show.")
bill = typer.Typer(**PLAIN, help="Bills: inquire, pay, top up, show.")
Code = Annotated[str, typer.Argument(help="The biller's code.", metavar="BILLER")]
Account = Annotated[str, typer.Argument(help="The number of the account there.", metavar="ACCOUNT")]
Amount = Annotated[str, typer.Argument(help="In yuan, like 100.50.", metavar="AMOUNT")]
Item = Annotated[str, typer.Option("--item", help="What is paid, where the biller takes payments for several things.")]
Fields = Annotated[
    list[str] | None,
    typer.Option("--field", help="What else the item asks for, NAME=VALUE; may come several times.", metavar="NAME=VALUE"),
]
Fund = Annotated[str, typer.Option("--fund", help="The fund that pays what the wallet lacks: its code, or pocket. Default: none.")]


@biller.command("list")
def list_(
    region: Annotated[str, typer.Option("--region", help="Code of GB/T 2260, like 11. Default: everywhere.")] = "",
    category: Annotated[str, typer.Option("--category", help="Like electricity, credit_card, top_up. Default: all.")] = "",
    number: Annotated[str, typer.Option("--number", help="The carrier of this telephone number alone.")] = "",
    data_dir: DataDir = DEFAULT_DATA,
    json_: Json = False,
) -> None:
    """Billers that can be paid now, with what can be paid there."""
    asked = {name: value for name, value in (("region", region), ("category", category), ("prefix", number[:7])) if value}
    found = _view(data_dir, None, f"directory?{urlencode(asked)}" if asked else "directory")
    if json_:
        print_json(found)
    for one in [] if json_ else found:
        typer.echo(f"{one['biller']} {one['name_en']}, {one['region_name']}: {', '.join(of['name_en'] for of in one['items'])}")


@biller.command("show")
def show_biller(code: Code, data_dir: DataDir = DEFAULT_DATA, json_: Json = False) -> None:
    """What can be paid at a biller, how much, when, and what is filled in."""
    found = _view(data_dir, None, f"directory/{quote(code, safe='')}")
    if json_:
        print_json(found)
    for line in [] if json_ else _biller_lines(found):
        typer.echo(line)


@bill.command("inquire")
def inquire(
    code: Code, account: Account, token: Token, item: Item = "", field: Fields = None, data_dir: DataDir = DEFAULT_DATA, json_: Json = False
) -> None:
    """Ask a biller what an account owes."""
    found = _give(data_dir, token, "inquire_bill", _account(code, account, item, field))
    if json_:
        print_json(found)
    for one in [] if json_ else [*found["bills"], *([found["together"]] if found["together"] else [])]:
        typer.echo(_bill_line(one))
    if not json_ and not found["bills"]:
        typer.echo("nothing is owed")


@bill.command("pay")
def pay(
    which: Annotated[str, typer.Argument(help="The bill's id, as `inquire` shows it.", metavar="BILL")],
    amount: Amount,
    token: Token,
    fund: Fund = "",
    data_dir: DataDir = DEFAULT_DATA,
    json_: Json = False,
) -> None:
    """Pay a bill."""
    _placed(_give(data_dir, token, "pay_bill", {"bill": which, "amount": _fen(amount), "fund": fund}), json_)


@bill.command("top-up")
def top_up(
    code: Code,
    account: Account,
    amount: Amount,
    token: Token,
    item: Item = "",
    field: Fields = None,
    fund: Fund = "",
    data_dir: DataDir = DEFAULT_DATA,
    json_: Json = False,
) -> None:
    """Pay an account without a bill: a top-up, or a repayment at will."""
    body = {**_account(code, account, item, field), "amount": _fen(amount), "fund": fund}
    _placed(_give(data_dir, token, "pay_account", body), json_)


@bill.command("show")
def show_payment(
    payment: Annotated[str, typer.Argument(help="The payment's id.", metavar="PAYMENT")],
    token: Token,
    data_dir: DataDir = DEFAULT_DATA,
    json_: Json = False,
) -> None:
    """How a payment stands, with the biller's serial once it is paid."""
    from tapwealth.kernel.masked import Masked

    found = _view(data_dir, Masked(token), f"bill/{quote(payment, safe='')}")
    if json_:
        print_json(found)
    else:
        serial = f", the biller's serial is {found['biller_reference']}" if found["biller_reference"] else ""
        typer.echo(f"{found['biller']} {found['account']}, {_yuan(found['amount'])}: {found['state_en']}{serial}")


def _account(code: str, account: str, item: str, fields: list[str] | None) -> dict[str, Any]:
    from tapwealth.kernel.refusal import BadInput

    named = [one.partition("=") for one in fields or []]
    for name, sign, _ in named:
        if not name or not sign:
            raise BadInput("a field has a name and a value", where="--field", hint="write it like branch=02")
    return {"biller": code, "account_number": account, "item": item, "fields": {name: value for name, _, value in named}}


def _placed(made: dict[str, Any], as_json: bool) -> None:
    fee = f" and a fee of {_yuan(made['fee'])}" if made["fee"] else ""
    if as_json:
        print_json(made)
    else:
        typer.echo(f"{made['payment']}: {_yuan(made['amount'])}{fee} set aside; `tapwealth bill show` tells the outcome")


def _bill_line(one: dict[str, Any]) -> str:
    due = f", due {one['due_on']}" if one["due_on"] else ""
    what = f"all {one['period']} bills" if one["number"] == "*" else one["period"]
    return f"{one['bill']} {what}: {_yuan(one['balance'])} (penalty {_yuan(one['penalty'])}){due}, {one['owner']}"


def _biller_lines(found: dict[str, Any]) -> Iterator[str]:
    yield f"{found['biller']} {found['name_en']}, {found['region_name']}, version {found['version']}"
    for one in found["items"]:
        faces = f" of {', '.join(map(_yuan, one['faces']))}" if one["faces"] else ""
        fee = f", fee {_yuan(one['fee'])}" if one["fee"] else ""
        hours = f"{one['opens']} to {one['closes']}"
        yield f"  {one['item']} {one['name_en']}: {one['mode']}{faces}, at most {_yuan(one['maximum'])}{fee}, {hours}"
        for name, field in one["input"]["properties"].items():
            yield f"    {name}: {field['title']}, {field['description']}"


def _give(data: Path, token: str, name: str, body: dict[str, Any]) -> Any:
    from tapwealth.cli.customer import command
    from tapwealth.kernel.masked import Masked

    return command(data, Masked(token), name, body)


def _view(data: Path, token: Any, path: str) -> Any:
    from tapwealth.cli.customer import view

    return view(data, token, path)


def _fen(text: str) -> int:
    from tapwealth.kernel.money import read_minor

    return read_minor(text, where="AMOUNT")


def _yuan(fen: int) -> str:
    from tapwealth.kernel.money import format_minor

    return format_minor(fen)
