"""A customer signs in at a page with the secret of their phone, and out.

The page acts for the customer as that phone does, under a session with a secret of its own: the phone's own secret is looked at once and
kept nowhere. A phone that is suspended or ended meanwhile ends what its sessions may do, as it ends what it may do itself.
"""

import hashlib
from dataclasses import dataclass, field
from enum import Enum, auto

from tapwealth.customers import store
from tapwealth.flows.customers.people import device_lookup
from tapwealth.flows.frame import Caller, House
from tapwealth.flows.signing_in import SlowDown
from tapwealth.kernel.clock import machine_now
from tapwealth.kernel.ids import secret_token
from tapwealth.kernel.masked import Masked
from tapwealth.kernel.refusal import Refusal
from tapwealth.storage.actors import ActorKind
from tapwealth.storage.database import Tx
from tapwealth.storage.session_store import CUSTOMERS


class PageRefusal(Enum):
    """Why nobody is signed in."""

    UNKNOWN_PHONE = auto()


@dataclass(frozen=True, slots=True)
class CustomerSession:
    """Who acts, how they are shown, and the secret by which the browser is known: it goes nowhere but into its cookie."""

    caller: Caller
    name: str
    secret: str = field(repr=False)


async def sign_in(house: House, address: str, token: Masked) -> CustomerSession | Refusal | SlowDown:
    """A session of its own for each sign-in. Whoever guesses is slowed down by the address that it comes from."""
    guess = hashlib.sha256(token.reveal().encode()).hexdigest()[:16]
    with house.sign_ins.one(address, f"phone {guess}", token) as one:
        if one.wait:
            return SlowDown(one.wait)
        async with house.database.read() as tx:
            session = await _of(tx, device_lookup(house, token.reveal()), secret_token())
        if session is None:
            one.wrong()
            return Refusal(PageRefusal.UNKNOWN_PHONE, "no phone that may act for a customer has this secret; look at what the phone shows")
        one.right()
    async with house.database.transaction() as tx:
        await CUSTOMERS.begin(tx, session.caller.device, session.secret, machine_now())
    return session


async def signed_in(house: House, secret: str) -> CustomerSession | None:
    """Whose session that is; None if it has ended, or its phone may not act any more."""
    if not secret:
        return None
    async with house.database.transaction() as tx:
        device = await CUSTOMERS.holder(tx, secret, machine_now())
        return None if device is None else await _of(tx, device, secret)


async def sign_out(house: House, secret: str) -> None:
    """Under that secret nobody comes in any more."""
    async with house.database.transaction() as tx:
        await CUSTOMERS.end(tx, secret, machine_now())


async def _of(tx: Tx, device: bytes, secret: str) -> CustomerSession | None:
    known = await store.by_device(tx, device)
    if known is None or known.state != "active":
        return None
    row = (await store.persons(tx, [(known.book, known.person)]))[known.person]
    caller = Caller(ActorKind.CUSTOMER, f"customer:{known.person}", "page session", known.person, known.book, device)
    return CustomerSession(caller, row.shown_name, secret)
