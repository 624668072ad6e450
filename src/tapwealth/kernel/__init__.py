"""Pure foundations, standard library only: money, ids, clocks, the Shanghai calendar, refusals, masked secrets."""
