"""The steps of a day's end, in order."""

from tapwealth.flows import proof
from tapwealth.flows.acquiring import fee_sharing, merchant_settlement
from tapwealth.flows.bank import mirrors, payments, transit
from tapwealth.flows.bills import paying as bills
from tapwealth.flows.clearing import captures as clearing
from tapwealth.flows.clearing import network
from tapwealth.flows.deposits import demand, depository, maturing, raise_day
from tapwealth.flows.deposits import sweeps as deposit_sweeps
from tapwealth.flows.end_of_day import Step
from tapwealth.flows.funds import advance_interest, campaigns, exchange_out, raises, units
from tapwealth.flows.insurance import claims_days, premium_days, premium_trust, settling
from tapwealth.flows.insurance import policies as insurance
from tapwealth.flows.issuing import electronic_cash

STEPS: tuple[Step, ...] = (
    Step("cut the date", proof.cut_date),
    Step("hear the bank", proof.hear_bank),
    Step("accrue the advance's interest", advance_interest.accrue),
    Step("expire holds", clearing.expire_holds),
    Step("present to the network", network.present_cards),
    Step("clear cards", clearing.clear_cards),
    Step("return electronic cash", electronic_cash.return_cash),
    Step("drain transit", transit.drain_step),
    Step("settle merchants", merchant_settlement.settle_merchants),
    Step("pay the insurer", settling.pay_insurer),
    Step("share the fees", fee_sharing.share_fees),
    Step("settle billers", bills.settle_billers),
    Step("fees to own money", clearing.sweep_fees),
    Step("pay the shares", fee_sharing.pay_shares),
    Step("pay the campaigns", campaigns.pay),
    Step("settle the network", network.settle_network),
    Step("collect premiums", premium_days.collect_premiums),
    Step("begin cover", insurance.begin_cover),
    Step("suspend and lapse", premium_days.suspend_and_lapse),
    Step("expire and renew", premium_days.expire_and_renew),
    Step("sweep premiums", insurance.sweep_premiums),
    Step("close raises", raise_day.close_raises),
    Step("credit raises", raise_day.credit_raises),
    Step("watch claims", claims_days.watch_claims),
    Step("mature deposits", maturing.mature_deposits),
    Step("settle demand interest", demand.settle_demand),
    Step("settle deposits", deposit_sweeps.settle_deposits),
    Step("list deposits", depository.list_deposits),
    Step("draw the advance", clearing.draw_advance),
    Step("cover captures", exchange_out.cover_captures),
    Step("redeem the advance", exchange_out.redeem_advance),
    Step("send fund files", exchange_out.send_files),
    Step("instruct again", payments.instruct_again),
    Step("receive statements", proof.receive_statements, always=True),
    Step("receive holdings", units.receive_holdings, always=True),
    Step("compare billers", bills.compare_billers, always=True),
    Step("compare insurer", insurance.compare_insurer, always=True),
    Step("compare deposits", depository.compare_deposits, always=True),
    Step("agree the settlement", settling.agree_settlement, always=True),
    Step("prove mirrors", mirrors.prove_mirrors, always=True),
    Step("prove units", units.prove_units, always=True),
    Step("prove the premium trust", premium_trust.prove_trust, always=True),
    Step("prove campaigns", campaigns.prove, always=True),
    Step("prove raises", raises.prove, always=True),
    Step("prove books", proof.prove_books, always=True),
    Step("name open items", proof.name_open_items, always=True),
    Step("write the heads", proof.write_heads),
    Step(proof.CLOSE, proof.close),
)
"""What posts comes before what proves: a proof that fails leaves the date cut, and the next attempt proves again."""
