"""What the house does as the cards' issuer: tokens on devices, taps and what comes later to them, electronic cash, bound bank cards."""
