"""`tapwealth deposit`: a customer's deposits on the command line. Imports are lazy, so that `--help` answers at once."""

from typing import Annotated, Any
from urllib.parse import quote

import typer

from tapwealth.cli.customer import Amount, Token, fen, give, see, yuan
from tapwealth.cli.options import DEFAULT_DATA, PLAIN, DataDir, Json, print_json

deposit = typer.Typer(**PLAIN, help="Deposits: open, look, pay in, give notice, take out; what deposit insurance covers.")

Which = Annotated[str, typer.Argument(help="The deposit's id, as opening it gave it.", metavar="DEPOSIT")]


@deposit.command("list")
def list_(token: Token, data_dir: DataDir = DEFAULT_DATA, json_: Json = False) -> None:
    """What is in each, and what it would earn if it were taken out today."""
    found = see(data_dir, token, "deposits")
    if json_:
        print_json(found)
    for one in [] if json_ else found:
        due = f", due {one['due']}" if one["due"] else ""
        typer.echo(f"{one['deposit']}  {one['name_en']}  {yuan(one['amount'])}, today {yuan(one['interest_today'])} of interest{due}")


@deposit.command("show")
def show(which: Which, token: Token, data_dir: DataDir = DEFAULT_DATA, json_: Json = False) -> None:
    """One of them: what happened to it, and which notices stand."""
    found = see(data_dir, token, f"deposit/{quote(which, safe='')}")
    if json_:
        print_json(found)
    for line in [] if json_ else _lines(found):
        typer.echo(line)


def _lines(found: dict[str, Any]) -> list[str]:
    happened = [
        f"{one['day']}  {one['event_en']}  {yuan(one['amount'])}, interest {yuan(one['interest'])}, then {yuan(one['balance'])}"
        for one in found["happened"]
    ]
    return happened + [f"notice {one['notice']}: {yuan(one['amount'])} on {one['day']}" for one in found["notices"]]


@deposit.command("insurance")
def insurance(token: Token, data_dir: DataDir = DEFAULT_DATA, json_: Json = False) -> None:
    """By bank: principal and interest, what of it is insured, and what is beyond."""
    found = see(data_dir, token, "deposit_insurance")
    if json_:
        print_json(found)
    for one in [] if json_ else found:
        whole = f"{yuan(one['principal'])} and {yuan(one['interest'])} of interest"
        typer.echo(
            f"bank {one['bank']}: {whole}; insured {yuan(one['insured'])} of at most {yuan(one['limit'])}, beyond {yuan(one['beyond'])}"
        )


@deposit.command("open")
def open_(
    product: Annotated[str, typer.Argument(help="Its code on the shelf.", metavar="PRODUCT")],
    amount: Amount,
    token: Token,
    term: Annotated[str | None, typer.Option("--term", help="Like 3m or 1y, where it has terms.")] = None,
    when_due: Annotated[str, typer.Option("--when-due", help="renew, pay (to the wallet) or keep.")] = "pay",
    agree: Annotated[bool, typer.Option("--agree", help="You have read its terms and agree to them.")] = False,
    data_dir: DataDir = DEFAULT_DATA,
    json_: Json = False,
) -> None:
    """Put money from the wallet into a new deposit."""
    confirmed = ["terms"] if agree else []
    body = {"product": product, "amount": fen(amount), "confirmed": confirmed, "term": term, "at_maturity": when_due}
    made = give(data_dir, token, "open_deposit", body)
    print_json(made) if json_ else typer.echo(f"deposit {made['deposit']}: {yuan(made['amount'])} at {_rate(made)}")


def _rate(made: dict[str, Any]) -> str:
    """What it earns, and for how long."""
    from tapwealth.deposits.deposit import percent

    until = f" to {made['due']}" if made["due"] else ""
    return f"{percent(made['rate'])} a year from {made['first']}{until}"


@deposit.command("when-due")
def when_due(
    which: Which,
    wish: Annotated[str, typer.Argument(help="renew, pay (to the wallet) or keep.", metavar="WISH")],
    token: Token,
    data_dir: DataDir = DEFAULT_DATA,
    json_: Json = False,
) -> None:
    """Say what becomes of a deposit when it is due."""
    made = give(data_dir, token, "instruct_deposit", {"deposit": which, "at_maturity": wish})
    print_json(made) if json_ else typer.echo(f"when it is due, on {made['due']}: {made['at_maturity']}")


@deposit.command("pay-in")
def pay_in(which: Which, amount: Amount, token: Token, data_dir: DataDir = DEFAULT_DATA, json_: Json = False) -> None:
    """Put more into a demand deposit."""
    made = give(data_dir, token, "pay_into_deposit", {"deposit": which, "amount": fen(amount)})
    print_json(made) if json_ else typer.echo(f"{yuan(made['amount'])} paid in; {yuan(made['balance'])} is in it")


@deposit.command("give-notice")
def give_notice(which: Which, amount: Amount, token: Token, data_dir: DataDir = DEFAULT_DATA, json_: Json = False) -> None:
    """Say what will be taken out of a deposit at notice."""
    made = give(data_dir, token, "give_deposit_notice", {"deposit": which, "amount": fen(amount)})
    print_json(made) if json_ else typer.echo(f"notice {made['notice']}: take {yuan(made['amount'])} out on {made['day']}")


@deposit.command("cancel-notice")
def cancel_notice(
    notice: Annotated[str, typer.Argument(help="The notice's id, as giving it gave it.", metavar="NOTICE")],
    token: Token,
    data_dir: DataDir = DEFAULT_DATA,
    json_: Json = False,
) -> None:
    """Take a notice back."""
    made = give(data_dir, token, "cancel_deposit_notice", {"notice": notice})
    print_json(made) if json_ else typer.echo(f"notice {made['notice']} is cancelled")


@deposit.command("withdraw")
def withdraw(
    which: Which,
    token: Token,
    amount: Annotated[str | None, typer.Option("--amount", help="In yuan; all of it if left out.")] = None,
    data_dir: DataDir = DEFAULT_DATA,
    json_: Json = False,
) -> None:
    """Take money out, with what it has earned."""
    body = {"deposit": which, "amount": None if amount is None else fen(amount, where="--amount")}
    made = give(data_dir, token, "withdraw_deposit", body)
    text = f"{yuan(made['principal'])} and {yuan(made['interest'])} of interest are in the wallet; {yuan(made['left'])} is left"
    print_json(made) if json_ else typer.echo(text)
