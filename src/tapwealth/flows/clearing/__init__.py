"""What the house does with the card network: a day's captures, the network's items against them, fees that it concedes."""
