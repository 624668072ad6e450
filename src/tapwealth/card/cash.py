"""Loading and unloading the card's electronic cash: numbered orders between issuer and phone, each of which counts once.

They are no APDUs: the phone's secure part does them on behalf of its holder, over the issuer's own line. Payments out of the cash are the
applet's (`options`). Each order carries eight bytes of MAC under the load key (`wire.emv_crypto.cash_load_key`); numbers go up by one, so
that an order comes neither twice nor out of turn.
"""

import hmac
from dataclasses import dataclass, replace
from enum import Enum, auto

from tapwealth.card.state import CardState
from tapwealth.kernel.refusal import Refusal
from tapwealth.wire.electronic_cash import load_mac, unload_mac


class CashRefusal(Enum):
    """Why an order is not taken, in the order in which it is checked. The card is as before."""

    NO_PURSE = auto()
    NOT_GENUINE = auto()
    OUT_OF_TURN = auto()
    ABOVE_LIMIT = auto()
    NOT_ENOUGH = auto()


@dataclass(frozen=True, slots=True)
class LoadOrder:
    """The issuer's word that `amount` fen were taken from the wallet for this card. `number` is 1 for the first load."""

    number: int
    amount: int
    mac: bytes


@dataclass(frozen=True, slots=True)
class UnloadProof:
    """The card's word that `amount` fen left it, and `balance` are left. `number` is 1 for the first unload, `loads` the number of the last
    load that it has taken: what was ordered after that is not on it."""

    number: int
    amount: int
    balance: int
    loads: int
    mac: bytes


def load(state: CardState, order: LoadOrder) -> CardState | Refusal:
    """The card with the money on it. The order that was taken last may come again: the card stays as it is."""
    purse = state.cash
    if purse is None:
        return Refusal(CashRefusal.NO_PURSE, "this card has no electronic cash")
    key = bytes.fromhex(purse.load_key.reveal())
    if not (0 < order.number < 1 << 32 and 0 < order.amount < 10**12):
        return Refusal(CashRefusal.NOT_GENUINE, "number or amount of the order is out of range")
    if not hmac.compare_digest(load_mac(key, order.number, order.amount), order.mac):
        return Refusal(CashRefusal.NOT_GENUINE, "the order is not the issuer's")
    if order.number == purse.loads:
        return state
    if order.number != purse.loads + 1:
        return Refusal(CashRefusal.OUT_OF_TURN, f"the order has number {order.number}, the next one is {purse.loads + 1}; fetch that first")
    if purse.balance + order.amount > purse.balance_limit:
        return Refusal(CashRefusal.ABOVE_LIMIT, f"{purse.balance + order.amount} fen would be above the limit of {purse.balance_limit}")
    return replace(state, cash=replace(purse, balance=purse.balance + order.amount, loads=order.number))


def unload(state: CardState, amount: int) -> tuple[CardState, UnloadProof] | Refusal:
    """Take `amount` fen off the card: its state after, and what the issuer wants to see. Store the state before the proof is sent."""
    purse = state.cash
    if purse is None:
        return Refusal(CashRefusal.NO_PURSE, "this card has no electronic cash")
    if not 0 < amount <= purse.balance:
        return Refusal(CashRefusal.NOT_ENOUGH, f"{amount} fen cannot be taken from a balance of {purse.balance}")
    balance, number = purse.balance - amount, purse.unloads + 1
    mac = unload_mac(bytes.fromhex(purse.load_key.reveal()), number, amount, balance, purse.loads)
    proof = UnloadProof(number, amount, balance, purse.loads, mac)
    return replace(state, cash=replace(purse, balance=balance, unloads=number)), proof
