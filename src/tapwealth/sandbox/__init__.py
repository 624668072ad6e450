"""The partners as separate processes that speak the real protocols, with books of their own and faults on demand.

They share nothing with the product but `wire` and `kernel`, and nothing in the product imports them. `python -m tapwealth.sandbox NAME`
runs one; `process` is the frame that all of them stand in.
"""
