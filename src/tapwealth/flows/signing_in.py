"""Operators prove who they are; on the house's pages they sign in, and out."""

from dataclasses import dataclass, field

from tapwealth.flows.frame import House
from tapwealth.kernel.clock import machine_now
from tapwealth.kernel.ids import secret_token
from tapwealth.kernel.masked import Masked
from tapwealth.kernel.refusal import Refusal
from tapwealth.storage import operators
from tapwealth.storage.operators import Operator, OperatorRefusal
from tapwealth.storage.session_store import OPERATORS

_LONGEST_COUNTED = 64
"""Letters of a login by which its tries are counted: what is kept must not grow with what is sent."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """An operator, and the secret by which the browser is known: it goes nowhere but into its cookie."""

    operator: Operator
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SlowDown:
    """Too many wrong passwords came from there; the right one is looked at after so many seconds."""

    seconds: int


async def prove(house: House, address: str, login: str, password: Masked) -> Operator | Refusal | SlowDown:
    """Whose password that is; a refusal does not tell whether the login exists. `address`: where the request comes from."""
    with house.sign_ins.one(address, login[:_LONGEST_COUNTED], password) as one:
        if one.wait:
            return SlowDown(one.wait)
        async with house.database.read() as tx:
            stored = await operators.stored(tx, login)
        operator = await operators.verify(stored, password)
        if isinstance(operator, Refusal) and operator.code is OperatorRefusal.WRONG_CREDENTIALS:
            one.wrong()
        else:
            one.right()
    return operator


async def sign_in(house: House, address: str, login: str, password: Masked) -> SignedIn | Refusal | SlowDown:
    """A session of its own for each sign-in."""
    operator = await prove(house, address, login, password)
    if not isinstance(operator, Operator):
        return operator
    secret = secret_token()
    async with house.database.transaction() as tx:
        await OPERATORS.begin(tx, operator.id, secret, machine_now())
    return SignedIn(operator, secret)


async def signed_in(house: House, secret: str) -> SignedIn | None:
    """Whose session that is; None if it has ended, or never was one."""
    if not secret:
        return None
    async with house.database.transaction() as tx:
        number = await OPERATORS.holder(tx, secret, machine_now())
        operator = (await operators.found(tx, [number]))[number] if number is not None else None
    return SignedIn(operator, secret) if operator is not None and operator.active else None


async def sign_out(house: House, secret: str) -> None:
    """Under that secret nobody comes in any more."""
    async with house.database.transaction() as tx:
        await OPERATORS.end(tx, secret, machine_now())
