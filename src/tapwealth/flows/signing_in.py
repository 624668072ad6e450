"""Operators sign in on the house's pages, and out."""

from dataclasses import dataclass, field

from tapwealth.flows.frame import House
from tapwealth.kernel.clock import machine_now
from tapwealth.kernel.ids import secret_token
from tapwealth.kernel.masked import Masked
from tapwealth.kernel.refusal import Refusal
from tapwealth.storage import operator_sessions, operators
from tapwealth.storage.operators import Operator


@dataclass(frozen=True, slots=True)
class SignedIn:
    """An operator, and the secret by which the browser is known: it goes nowhere but into its cookie."""

    operator: Operator
    secret: str = field(repr=False)


async def sign_in(house: House, login: str, password: Masked) -> SignedIn | Refusal:
    """A session of its own for each sign-in; the refusal does not tell whether the login exists."""
    async with house.database.read() as tx:
        stored = await operators.stored(tx, login)
    operator = await operators.verify(stored, password)
    if isinstance(operator, Refusal):
        return operator
    secret = secret_token()
    async with house.database.transaction() as tx:
        await operator_sessions.begin(tx, operator.id, secret, machine_now())
    return SignedIn(operator, secret)


async def signed_in(house: House, secret: str) -> SignedIn | None:
    """Whose session that is; None if it has ended, or never was one."""
    if not secret:
        return None
    async with house.database.transaction() as tx:
        operator = await operator_sessions.holder(tx, secret, machine_now())
    return None if operator is None else SignedIn(operator, secret)


async def sign_out(house: House, secret: str) -> None:
    """Under that secret nobody comes in any more."""
    async with house.database.transaction() as tx:
        await operator_sessions.end(tx, secret, machine_now())
