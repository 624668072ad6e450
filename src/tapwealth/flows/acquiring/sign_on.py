"""A terminal signs on: it is given working keys under its master key.

Nobody who sends a sign-on in a terminal's name gains or breaks anything: the keys are of use only to who holds the master key; until the
first message under them has come, the former ones stay good (a lost answer locks no terminal out), and until then whoever signs on again is
given the same ones.
"""

from tapwealth.acquiring import store
from tapwealth.acquiring.store import Terminal, TerminalKey
from tapwealth.flows.frame import House, moment
from tapwealth.kernel.ids import secret_bytes
from tapwealth.wire.emv_crypto import odd_parity
from tapwealth.wire.iso8583.requests import APPROVED, ManagementResponse
from tapwealth.wire.iso8583.working_keys import KEY, WorkingKeys, enciphered

MASTER, _WORKING = b"terminal master", b"terminal working"
"""What a sealed key is bound to, before the terminal's number."""
_NO_MASTER_KEY = "58"
"""Response code: not permitted to this terminal."""


async def sign_on(house: House, terminal: Terminal) -> ManagementResponse:
    """The keys that are on their way, or fresh ones."""
    number = terminal.terminal_number
    if terminal.sealed_master_key is None:
        return ManagementResponse(response_code=_NO_MASTER_KEY)
    master = house.keys.open_sealed("terminal", terminal.sealed_master_key, MASTER + number.encode())
    async with house.database.transaction() as tx:
        at = await moment(tx)
        known = (await store.terminal_keys(tx, number)).get(number, [])
        if not known or known[-1].used:
            next_number = known[-1].number + 1 if known else terminal.first_key
            await store.add_terminal_key(tx, _fresh(house, number, next_number), at.now)
            known = (await store.terminal_keys(tx, number))[number]
    return ManagementResponse(response_code=APPROVED, keys=enciphered(opened(house, known[-1]), master))


def _fresh(house: House, terminal: str, number: int) -> TerminalKey:
    keys = odd_parity(secret_bytes(2 * KEY))
    return TerminalKey(terminal, number, house.keys.seal("terminal", keys, _bound_to(terminal, number)), used=False)


def _bound_to(terminal: str, number: int) -> bytes:
    return _WORKING + terminal.encode() + number.to_bytes(4, "big")


def opened(house: House, key: TerminalKey) -> WorkingKeys:
    both = house.keys.open_sealed("terminal", key.sealed_keys, _bound_to(key.terminal_number, key.number))
    return WorkingKeys(both[:KEY], both[KEY:])


async def key_taken(house: House, key: TerminalKey) -> None:
    """A message has come under it."""
    async with house.database.transaction() as tx:
        await store.use_terminal_key(tx, key.terminal_number, key.number, (await moment(tx)).now)
