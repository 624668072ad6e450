"""Bills: billers and their items, a bill's payment with all its turns, and the biller's day-end file against our own payments.

Rules are pure; the biller is reached through `BillerPort`, outside every database transaction. Amounts are fen.
"""
