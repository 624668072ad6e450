"""Deposits at the partner bank, as data: their forms, and the chart of what they earn by date, term and amount. Rules are
pure; amounts are fen.
"""
