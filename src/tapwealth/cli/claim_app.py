"""`tapwealth claim`: a customer's claims on the command line, and for operations what of their money comes back.

Imports are lazy, so that `--help` answers at once.
"""

from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer

from tapwealth.cli.customer import Token, fen, give, see, send_file, yuan
from tapwealth.cli.operators import Login, Password, Reason, look, order
from tapwealth.cli.options import DEFAULT_DATA, PLAIN, DataDir, Json, print_json

claim = typer.Typer(**PLAIN, help="A customer's claims: what was lost, what shows it, what is paid and what of it comes back.")
Policy = Annotated[str, typer.Argument(help="The policy's id, as buying it gave it.", metavar="POLICY")]
Identifier = Annotated[str, typer.Argument(help="The claim's id.", metavar="CLAIM")]
Day = Annotated[str, typer.Argument(help="The day of the loss, like 2014-03-03.", metavar="DAY")]
Loss = Annotated[str, typer.Argument(help="What it costs, in yuan.", metavar="AMOUNT")]
Said = Annotated[str, typer.Option("--said", help="What happened, in a sentence.")]
Tap = Annotated[str, typer.Argument(help="The payment's id.", metavar="TAP")]


@claim.command("list")
def list_(token: Token, data_dir: DataDir = DEFAULT_DATA, json_: Json = False) -> None:
    """Every claim, the newest first."""
    found = see(data_dir, token, "claims")
    if json_:
        print_json(found)
    elif not found:
        typer.echo("nothing is claimed")
    for one in [] if json_ else found:
        typer.echo(_line(one))


@claim.command("show")
def show(claim: Identifier, token: Token, data_dir: DataDir = DEFAULT_DATA, json_: Json = False) -> None:
    """Where a claim stands, what is still needed, and what was paid."""
    found = see(data_dir, token, f"claim/{quote(claim, safe='')}")
    if json_:
        print_json(found)
        return
    typer.echo(_line(found["line"]))
    for one in found["missing"]:
        typer.echo(f"  needed: {one}")
    for one in found["papers"]:
        typer.echo(f"  {one['shows']}: {one['media_type']}, {one['size']:,} bytes, {one['sha256'][:16]}")
    for one in found["payments"]:
        typer.echo(f"  {one['part']} {yuan(one['amount'])}: {one['state']}")
    if found["reason"]:
        typer.echo(f"  not paid: {found['reason']}")


@claim.command("screen")
def screen(
    policy: Policy,
    day: Day,
    amount: Loss,
    token: Token,
    said: Said,
    imei: Annotated[str, typer.Option("--imei", help="The number of the phone, 15 digits.")],
    data_dir: DataDir = DEFAULT_DATA,
    json_: Json = False,
) -> None:
    """Claim a cracked screen."""
    body = {"policy": policy, "kind": "screen", "loss_day": day, "loss": fen(amount), "imei": imei, "said": said}
    _tell(give(data_dir, token, "notify_claim", body), json_)


@claim.command("accident")
def accident(
    policy: Policy, day: Day, amount: Loss, token: Token, said: Said, data_dir: DataDir = DEFAULT_DATA, json_: Json = False
) -> None:
    """Claim what an accident costs."""
    body = {"policy": policy, "kind": "accident", "loss_day": day, "loss": fen(amount), "said": said}
    _tell(give(data_dir, token, "notify_claim", body), json_)


@claim.command("illness")
def illness(
    policy: Policy,
    day: Day,
    token: Token,
    said: Said,
    group: Annotated[str, typer.Option("--group", help="The illness, by the name of its group in the policy, like cancer.")],
    by_accident: Annotated[bool, typer.Option("--by-accident", help="An accident brought it about: it knows no waiting time.")] = False,
    data_dir: DataDir = DEFAULT_DATA,
    json_: Json = False,
) -> None:
    """Claim what a policy pays for an illness; the day is that of the diagnosis."""
    body = {"policy": policy, "kind": "illness", "loss_day": day, "illness": group, "by_accident": by_accident, "said": said}
    _tell(give(data_dir, token, "notify_claim", body), json_)


@claim.command("payment")
def payment(policy: Policy, tap: Tap, token: Token, said: Said, data_dir: DataDir = DEFAULT_DATA, json_: Json = False) -> None:
    """Claim a payment that was disputed."""
    _tell(give(data_dir, token, "notify_claim", {"policy": policy, "kind": "payment", "tap": tap, "said": said}), json_)


@claim.command("dispute")
def dispute(tap: Tap, token: Token, data_dir: DataDir = DEFAULT_DATA, json_: Json = False) -> None:
    """Say that a payment by phone was not one's own."""
    found = give(data_dir, token, "dispute_tap", {"tap": tap})
    if json_:
        print_json(found)
    else:
        typer.echo(f"{found['tap']}: {yuan(found['amount'])} at {found['merchant_number']}, disputed on {found['reported_on']}")


@claim.command("send")
def send(
    claim: Identifier,
    paper: Annotated[str, typer.Argument(help="What it shows, like photo or invoice.", metavar="PAPER")],
    file: Annotated[Path, typer.Argument(help="A picture (JPEG, PNG, HEIC) or a PDF, 10 MiB at most.", metavar="FILE")],
    token: Token,
    data_dir: DataDir = DEFAULT_DATA,
    json_: Json = False,
) -> None:
    """Send a file that shows the loss."""
    found = send_file(data_dir, token, f"/claims/{quote(claim, safe='')}/papers/{quote(paper, safe='')}", file)
    if json_:
        print_json(found)
    else:
        typer.echo(f"{found['paper']}; the claim is {found['state']}" + "".join(f"; needed: {one}" for one in found["missing"]))


@claim.command("withdraw")
def withdraw(claim: Identifier, token: Token, data_dir: DataDir = DEFAULT_DATA, json_: Json = False) -> None:
    """Let a claim be that is not decided."""
    _tell(give(data_dir, token, "withdraw_claim", {"claim": claim}), json_)


@claim.command("appeal")
def appeal(
    claim: Identifier,
    token: Token,
    reason: Annotated[str, typer.Option("--reason", help="What the decision overlooks.")],
    data_dir: DataDir = DEFAULT_DATA,
    json_: Json = False,
) -> None:
    """Have a decision looked at once more."""
    _tell(give(data_dir, token, "appeal_claim", {"claim": claim, "reason": reason}), json_)


@claim.command("recoveries")
def recoveries(claim: Identifier, login: Login, password: Password, data_dir: DataDir = DEFAULT_DATA, json_: Json = False) -> None:
    """For operations: what of a claim's money came back, is expected, or is awaited no more."""
    found = look(data_dir, login, password, f"claim/{quote(claim, safe='')}")["recoveries"]
    if json_:
        print_json(found)
    elif not found:
        typer.echo("nothing of it is to come back")
    for one in [] if json_ else found:
        day = one["received_on"] or one["withdrawn_on"] or one["expected_on"]
        typer.echo(f"{one['pay_under']} {yuan(one['amount'])} from {one['source'] or 'a source that is erased'}: {one['state']} on {day}")


@claim.command("expect")
def expect(
    claim: Identifier,
    amount: Annotated[str, typer.Argument(help="How much of it is to come back, in yuan.", metavar="AMOUNT")],
    source: Annotated[str, typer.Option("--from", help="Who caused the loss, and pays it in.")],
    login: Login,
    password: Password,
    data_dir: DataDir = DEFAULT_DATA,
    json_: Json = False,
) -> None:
    """For operations: who caused the loss will pay so much back; prints the name under which."""
    body = {"claim": claim, "expected": fen(amount), "source": source}
    _recovery(order(data_dir, login, password, "expect_recovery", body), "expected", json_)


@claim.command("withdraw-recovery")
def withdraw_recovery(
    claim: Identifier,
    pay_under: Annotated[str, typer.Argument(help="The name under which it was to be paid in.", metavar="NAME")],
    login: Login,
    password: Password,
    reason: Reason,
    data_dir: DataDir = DEFAULT_DATA,
    json_: Json = False,
) -> None:
    """For operations: what was expected is awaited no more."""
    body = {"claim": claim, "pay_under": pay_under, "reason": reason}
    _recovery(order(data_dir, login, password, "withdraw_recovery", body), "awaited no more", json_)


def _recovery(found: dict[str, Any], state: str, as_json: bool) -> None:
    if as_json:
        print_json(found)
    else:
        typer.echo(f"{found['pay_under']} {yuan(found['amount'])}: {state}")


def _line(one: dict[str, Any]) -> str:
    due = f", to {one['due'].replace('_', ' ')} by {one['due_on']}" if one["due"] else ""
    return f"{one['claim']} {one['kind']} of {one['loss_day']}, {yuan(one['loss'])}: {one['state']}, {yuan(one['paid'])} paid{due}"


def _tell(found: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(found)
    else:
        typer.echo(f"{found['claim']} {found['state']}" + "".join(f"; needed: {one}" for one in found["papers"]))
