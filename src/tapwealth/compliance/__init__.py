"""What law and trade demand: the table of rules, and verdicts on payments, purchases and suitability decided from it.

Verdicts travel as data: nothing here acts. `store` holds the SQL; the figures stand in `data/rules.csv` with regulation and date.
"""
