"""`tapwealth biller` and `tapwealth bill`: the directory of billers, and paying there, on the command line. Imports are lazy."""

from collections.abc import Iterator
from typing import Annotated, Any
from urllib.parse import quote, urlencode

import typer

from tapwealth.cli.customer import Account, Amount, Biller, Fields, Fund, Item, Token, account_of, fen, give, see, yuan
from tapwealth.cli.options import DEFAULT_DATA, PLAIN, DataDir, Json, print_json

biller = typer.Typer(**PLAIN, help="Billers that can be paid: list, show.")
bill = typer.Typer(**PLAIN, help="Bills: inquire, pay, top up, show.")


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
    found = see(data_dir, "", f"directory?{urlencode(asked)}" if asked else "directory")
    if json_:
        print_json(found)
    for one in [] if json_ else found:
        typer.echo(f"{one['biller']} {one['name_en']}, {one['region_name']}: {', '.join(of['name_en'] for of in one['items'])}")


@biller.command("show")
def show_biller(code: Biller, data_dir: DataDir = DEFAULT_DATA, json_: Json = False) -> None:
    """What can be paid at a biller, how much, when, and what is filled in."""
    found = see(data_dir, "", f"directory/{quote(code, safe='')}")
    if json_:
        print_json(found)
    for line in [] if json_ else _biller_lines(found):
        typer.echo(line)


@bill.command("inquire")
def inquire(
    code: Biller,
    account: Account,
    token: Token,
    item: Item = "",
    field: Fields = None,
    data_dir: DataDir = DEFAULT_DATA,
    json_: Json = False,
) -> None:
    """Ask a biller what an account owes."""
    found = give(data_dir, token, "inquire_bill", account_of(code, account, item, field))
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
    _placed(give(data_dir, token, "pay_bill", {"bill": which, "amount": fen(amount), "fund": fund}), json_)


@bill.command("top-up")
def top_up(
    code: Biller,
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
    body = {**account_of(code, account, item, field), "amount": fen(amount), "fund": fund}
    _placed(give(data_dir, token, "pay_account", body), json_)


@bill.command("show")
def show_payment(
    payment: Annotated[str, typer.Argument(help="The payment's id.", metavar="PAYMENT")],
    token: Token,
    data_dir: DataDir = DEFAULT_DATA,
    json_: Json = False,
) -> None:
    """How a payment stands, with the biller's serial once it is paid."""
    found = see(data_dir, token, f"bill/{quote(payment, safe='')}")
    if json_:
        print_json(found)
    else:
        serial = f", the biller's serial is {found['biller_reference']}" if found["biller_reference"] else ""
        typer.echo(f"{found['biller']} {found['account']}, {yuan(found['amount'])}: {found['state_en']}{serial}")


def _placed(made: dict[str, Any], as_json: bool) -> None:
    fee = f" and a fee of {yuan(made['fee'])}" if made["fee"] else ""
    if as_json:
        print_json(made)
    else:
        typer.echo(f"{made['payment']}: {yuan(made['amount'])}{fee} set aside; `tapwealth bill show` tells the outcome")


def _bill_line(one: dict[str, Any]) -> str:
    due = f", due {one['due_on']}" if one["due_on"] else ""
    what = f"all {one['period']} bills" if one["number"] == "*" else one["period"]
    return f"{one['bill']} {what}: {yuan(one['balance'])} (penalty {yuan(one['penalty'])}){due}, {one['owner']}"


def _biller_lines(found: dict[str, Any]) -> Iterator[str]:
    yield f"{found['biller']} {found['name_en']}, {found['region_name']}, version {found['version']}"
    for one in found["items"]:
        faces = f" of {', '.join(map(yuan, one['faces']))}" if one["faces"] else ""
        fee = f", fee {yuan(one['fee'])}" if one["fee"] else ""
        hours = f"{one['opens']} to {one['closes']}"
        yield f"  {one['item']} {one['name_en']}: {one['mode']}{faces}, at most {yuan(one['maximum'])}{fee}, {hours}"
        for name, field in one["input"]["properties"].items():
            yield f"    {name}: {field['title']}, {field['description']}"
