"""The steps of a day's end, in order."""

from tapwealth.flows import (
    bills,
    clearing,
    electronic_cash,
    exchange_out,
    insurance,
    merchant_settlement,
    mirrors,
    payments,
    proof,
    transit,
    units,
)
from tapwealth.flows.end_of_day import Step

STEPS: tuple[Step, ...] = (
    Step("cut the date", proof.cut_date),
    Step("hear the bank", proof.hear_bank),
    Step("expire holds", clearing.expire_holds),
    Step("clear cards", clearing.clear_cards),
    Step("return electronic cash", electronic_cash.return_cash),
    Step("drain transit", transit.drain_step),
    Step("settle merchants", merchant_settlement.settle_merchants),
    Step("settle billers", bills.settle_billers),
    Step("fees to own money", clearing.sweep_fees),
    Step("pay the insurer", insurance.pay_insurer),
    Step("begin cover", insurance.begin_cover),
    Step("sweep premiums", insurance.sweep_premiums),
    Step("draw the advance", clearing.draw_advance),
    Step("cover captures", exchange_out.cover_captures),
    Step("redeem the advance", exchange_out.redeem_advance),
    Step("send fund files", exchange_out.send_files),
    Step("instruct again", payments.instruct_again),
    Step("receive statements", proof.receive_statements, always=True),
    Step("receive holdings", units.receive_holdings, always=True),
    Step("compare billers", bills.compare_billers, always=True),
    Step("compare insurer", insurance.compare_insurer, always=True),
    Step("prove mirrors", mirrors.prove_mirrors, always=True),
    Step("prove units", units.prove_units, always=True),
    Step("prove books", proof.prove_books, always=True),
    Step("name open items", proof.name_open_items, always=True),
    Step("write the heads", proof.write_heads),
    Step(proof.CLOSE, proof.close),
)
"""What posts comes before what proves: a proof that fails leaves the date cut, and the next attempt proves again."""
