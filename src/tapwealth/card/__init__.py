"""The phone's side of a tap: a payment card as a pure step function.

`personalise` and `from_json` make a `CardState`; `step(state, c_apdu)` gives the next state and the response; `to_json` keeps it. `cash`
loads and unloads its electronic cash. No I/O, no clock, no randomness, and no way to the ledger or the database.
"""

from tapwealth.card.applet import step
from tapwealth.card.personalise import personalise, replenished
from tapwealth.card.state import CardState, Interface, LimitedUseKey
from tapwealth.card.store import from_json, read_files, read_key, to_json

__all__ = [
    "CardState",
    "Interface",
    "LimitedUseKey",
    "from_json",
    "personalise",
    "read_files",
    "read_key",
    "replenished",
    "step",
    "to_json",
]
