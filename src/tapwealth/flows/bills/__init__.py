"""What the house does with bills: adding and asking billers, paying, the day's end with them, and paying without being asked each time."""
