"""What the house does with insurance: policies bought and cancelled, and the day's end with the insurer."""
