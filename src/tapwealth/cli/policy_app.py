"""`tapwealth policy`: what a policy owes, on the command line. Imports are lazy, so that `--help` answers at once."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer

from tapwealth.cli.customer import Fund, Token, fen, give, see, yuan
from tapwealth.cli.options import DEFAULT_DATA, PLAIN, DataDir, Json, print_json

policy = typer.Typer(**PLAIN, help="A policy: look, pay its premiums, let them be collected, reinstate, cancel it.")

Which = Annotated[str, typer.Argument(help="The policy's id, as buying it gave it.", metavar="POLICY")]
Shown = Annotated[str | None, typer.Option("--amount", help="What is to be paid, in yuan; another amount is refused.")]
Most = Annotated[str, typer.Option("--most", help="The most that is collected at a time, in yuan.")]
Renews = Annotated[bool, typer.Option("--renew", help="A policy for a year goes on as another one when it ends.")]


@policy.command("show")
def show(which: Which, token: Token, data_dir: DataDir = DEFAULT_DATA, json_: Json = False) -> None:
    """A policy: where it stands, what it owes and what was paid."""
    found = see(data_dir, token, f"policy/{quote(which, safe='')}")
    if json_:
        print_json(found)
    for line in [] if json_ else _lines(found):
        typer.echo(line)


@policy.command("pay")
def pay(which: Which, token: Token, amount: Shown = None, fund: Fund = "", data_dir: DataDir = DEFAULT_DATA, json_: Json = False) -> None:
    """Pay what is due, or the next premium up to 30 days before."""
    shown = None if amount is None else fen(amount, where="--amount")
    _paid(data_dir, token, "pay_premium", {"policy": which, "premium": shown, "fund": fund}, json_)


@policy.command("reinstate")
def reinstate(
    which: Which, token: Token, amount: Shown = None, fund: Fund = "", data_dir: DataDir = DEFAULT_DATA, json_: Json = False
) -> None:
    """Pay all that is owed, with its interest, and ask the insurer to put a suspended policy in force again."""
    shown = None if amount is None else fen(amount, where="--amount")
    _paid(data_dir, token, "reinstate_policy", {"policy": which, "amount": shown, "fund": fund}, json_)


@policy.command("collect")
def collect(
    which: Which, most: Most, token: Token, fund: Fund = "", renew: Renews = False, data_dir: DataDir = DEFAULT_DATA, json_: Json = False
) -> None:
    """Let premiums be collected when they are due."""
    body = {"policy": which, "most": fen(most, where="--most"), "fund": fund, "renews": renew}
    _agreed(data_dir, token, "let_premiums", body, json_)


@policy.command("end")
def end(which: Which, token: Token, data_dir: DataDir = DEFAULT_DATA, json_: Json = False) -> None:
    """Let no further premium be collected."""
    _agreed(data_dir, token, "end_premiums", {"policy": which}, json_)


@policy.command("refund")
def refund(which: Which, token: Token, data_dir: DataDir = DEFAULT_DATA, json_: Json = False) -> None:
    """What would come back if the policy were cancelled today."""
    found = see(data_dir, token, f"refund/{quote(which, safe='')}")
    if json_:
        print_json(found)
    else:
        free = f", in the free look, which lasts until {found['free_look_until']}" if found["free_look"] else ""
        typer.echo(f"{yuan(found['refund'])} would come back{free}; cover would end with {found['day']}")


@policy.command("cancel")
def cancel(
    which: Which,
    token: Token,
    amount: Annotated[str | None, typer.Option("--refund", help="What is to come back, in yuan; another amount is refused.")] = None,
    reason: Annotated[str, typer.Option("--reason", help="Why, in a sentence; the insurer is told.")] = "the policyholder's wish",
    data_dir: DataDir = DEFAULT_DATA,
    json_: Json = False,
) -> None:
    """End a policy, or give it back in its free look."""
    shown = None if amount is None else fen(amount, where="--refund")
    made = give(data_dir, token, "cancel_policy", {"policy": which, "reason": reason, "refund": shown})
    if json_:
        print_json(made)
    else:
        typer.echo(f"the insurer is asked; once it has cancelled the policy, {yuan(made['refund'])} come back by the bank")


def _paid(data: Path, token: str, name: str, body: dict[str, Any], as_json: bool) -> None:  # the option as it is
    made = give(data, token, name, body)
    if as_json:
        print_json(made)
    else:
        interest = f", {yuan(made['interest'])} of it interest" if made["interest"] else ""
        typer.echo(f"{yuan(made['amount'])} taken{interest}; once the insurer has it, paid for to before {made['paid_until']}")


def _agreed(data: Path, token: str, name: str, body: dict[str, Any], as_json: bool) -> None:  # the option as it is
    made = give(data, token, name, body)
    if as_json:
        print_json(made)
    else:
        typer.echo("collected: " + _terms(made) if made["stands"] else "nothing more is collected")


def _terms(one: dict[str, Any]) -> str:
    fund, renews = f", then {one['fund']}" if one["fund"] else "", ", and the policy goes on" if one["renews"] else ""
    return f"up to {yuan(one['most'])} at a time, from the wallet{fund}{renews}"


def _lines(found: dict[str, Any]) -> Iterator[str]:
    shown, owes = found["shown"], found["premiums"]
    yield f"{found['policy_number'] or 'no number yet'} {shown['product_en']}: {shown['state_en']}"
    yield f"  cover from {shown['from_day']} to before {shown['to_day']}, {yuan(owes['premium'])} a {owes['every']}"
    yield f"  paid for to before {owes['paid_until']}"
    if owes["due_on"]:
        yield f"  next premium due on {owes['due_on']}, to be paid by {owes['grace_until']}"
    if owes["arrears"]:
        yield f"  suspended; {yuan(owes['arrears'])} are owed to reinstate it, before {owes['lapses_on'] or shown['to_day']}"
    if owes["agreed"]:
        yield f"  collected: {_terms(owes['agreed'])}"
    for one in owes["paid"]:
        why = f" ({one['reason']})" if one["reason"] else ""
        yield f"  {one['taken_on']} {yuan(one['amount'] + one['interest'])} for {one['due_on']} on: {one['state_en']}{why}"
    for one in owes["suspensions"]:
        yield f"  no cover from {one['from_day']} to before {one['to_day'] or 'further notice'}"
