"""The phone's side of a tap: a payment card as a pure step function.

`personalise` makes a `CardState`; `step(state, c_apdu)` gives the next state and the response; `to_json` and `from_json` keep it.
No I/O, no clock, no randomness, and no way to the ledger or the database.
"""

from tapwealth.card.applet import step
from tapwealth.card.personalise import personalise
from tapwealth.card.state import CardState, from_json, to_json

__all__ = ["CardState", "from_json", "personalise", "step", "to_json"]
