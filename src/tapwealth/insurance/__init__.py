"""Insurance: products as data, exact premiums (CL1, CL2 of the life table 2010-2013), a policy's life, refunds, the bordereau.

Rules are pure; the insurer is reached through `InsurerPort`, outside every database transaction. Amounts are fen.
"""
