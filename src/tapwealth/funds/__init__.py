"""Funds: the shelf, holders and orders, income and yield, and the files exchanged with a registrar (JR/T 0017)."""
