"""What law and trade demand: the table of rules, and what follows from it for payments, purchases and suitability.

An answer is the reason of a no, or None: nothing here acts. `store` holds the SQL; the figures stand in `data/rules.csv` with regulation
and date.
"""
