"""What the house does with funds: orders and outcomes, prices and income, the exchange with registrars, advances, pockets, sweeps."""
