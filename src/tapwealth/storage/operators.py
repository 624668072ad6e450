"""Operators: the people of the house, with credentials and roles. Passwords are kept as Argon2id hashes (RFC 9106)."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, StrEnum, auto
from functools import cache
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from tapwealth.kernel.ids import Random64
from tapwealth.kernel.masked import Masked
from tapwealth.kernel.refusal import Refusal
from tapwealth.storage.database import Tx, forbid_in_transaction

LEAST_PASSWORD = 12
_hasher = PasswordHasher()


@cache
def _nobody() -> str:
    """Verified for a login that does not exist, so that the time tells nothing."""
    return _hasher.hash("nobody has this password")


class OperatorRole(StrEnum):
    """What an operator may do; the text is stored."""

    ADMINISTRATOR = "administrator"
    PRODUCT_MANAGER = "product_manager"
    OPERATIONS = "operations"
    ACCOUNTANT = "accountant"
    COMPLIANCE = "compliance"
    SUPPORT = "support"
    AUDITOR = "auditor"


class OperatorRefusal(Enum):
    """In order of precedence."""

    WEAK_PASSWORD = auto()
    LOGIN_TAKEN = auto()
    WRONG_CREDENTIALS = auto()
    INACTIVE = auto()


@dataclass(frozen=True, slots=True)
class Operator:
    """`id` is a positive bigint. `staff_number` is the person's in the house: one who has two logins has it at both."""

    id: int
    login: str
    display_name: str
    roles: frozenset[OperatorRole]
    active: bool = True
    staff_number: str = ""

    @property
    def person(self) -> str:
        """Who it is: two operators of one person are no two pairs of eyes."""
        return self.staff_number.upper() or f"login {self.login}"

    def may(self, role: OperatorRole) -> bool:
        return self.active and role in self.roles


async def password_hash(password: Masked) -> str | Refusal:
    """What is stored of a password. Takes tens of milliseconds of another thread: not inside a transaction."""
    forbid_in_transaction("hashing a password")
    if len(password.reveal()) < LEAST_PASSWORD:
        return Refusal(OperatorRefusal.WEAK_PASSWORD, f"a password has at least {LEAST_PASSWORD} characters; choose a longer one")
    return await asyncio.to_thread(_hasher.hash, password.reveal())


async def create(
    tx: Tx,
    random64: Random64,
    login: str,
    display_name: str,
    roles: Sequence[OperatorRole],
    stored_hash: str,
    now: datetime,
    staff_number: str = "",
) -> Operator | Refusal:
    """A new operator; `now` is the platform clock. A login is unique in the whole house; with no staff number it stands for the person."""
    operator = Operator(max(random64() >> 1, 1), login, display_name, frozenset(roles), True, staff_number)
    added = await tx.fetchval(
        "insert into operator (id, login, display_name, roles, password_hash, created_at, staff_number) values ($1, $2, $3, $4, $5, $6, $7)"
        " on conflict (login) do nothing returning id",
        operator.id,
        login,
        display_name,
        sorted(roles),
        stored_hash,
        now,
        staff_number,
    )
    if added is None:
        return Refusal(OperatorRefusal.LOGIN_TAKEN, f"the login {login} is taken; choose another")
    return operator


async def give_number(tx: Tx, login: str, staff_number: str) -> str:
    """Give the operator of that login a staff number, if there is none yet; the one that stands then."""
    await tx.execute("update operator set staff_number = $2 where login = $1 and staff_number = ''", login, staff_number)
    return str(await tx.fetchval("select staff_number from operator where login = $1", login))


async def find(tx: Tx, operator_id: int) -> Operator | None:
    """The operator of that number."""
    row = await tx.fetchrow("select * from operator where id = $1", operator_id)
    return None if row is None else _operator(row)


async def found(tx: Tx, operator_ids: Sequence[int]) -> dict[int, Operator]:
    """These operators, by number."""
    return {row["id"]: _operator(row) for row in await tx.fetch("select * from operator where id = any ($1)", list(operator_ids))}


async def logins(tx: Tx, operator_ids: Sequence[int]) -> dict[int, str]:
    """The login of each operator, by number."""
    rows = await tx.fetch("select id, login from operator where id = any ($1)", list(operator_ids))
    return {row["id"]: row["login"] for row in rows}


async def stored(tx: Tx, login: str) -> tuple[Operator, str] | None:
    """The operator of that login and the stored hash, for `verify`."""
    row = await tx.fetchrow("select * from operator where login = $1", login)
    return None if row is None else (_operator(row), row["password_hash"])


async def verify(found: tuple[Operator, str] | None, password: Masked) -> Operator | Refusal:
    """Judge a password against what `stored` found; the answer does not tell whether the login exists. Not inside a transaction."""
    forbid_in_transaction("verifying a password")
    right = await asyncio.to_thread(_matches, None if found is None else found[1], password.reveal())
    if found is None or not right:
        return Refusal(OperatorRefusal.WRONG_CREDENTIALS, "login or password is wrong; try again")
    if not found[0].active:
        return Refusal(OperatorRefusal.INACTIVE, f"the operator {found[0].login} is not active; ask an administrator")
    return found[0]


async def set_active(tx: Tx, operator_id: int, active: bool) -> None:
    """Let an operator in, or shut them out."""
    await tx.execute("update operator set active = $2 where id = $1", operator_id, active)


def _matches(stored_hash: str | None, password: str) -> bool:
    try:
        return _hasher.verify(stored_hash or _nobody(), password)
    except (VerificationError, InvalidHashError):
        return False


def _operator(row: Any) -> Operator:
    roles = frozenset(OperatorRole(role) for role in row["roles"])
    return Operator(row["id"], row["login"], row["display_name"], roles, row["active"], row["staff_number"])
