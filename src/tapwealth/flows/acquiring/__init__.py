"""What the house does for merchants: letting them in, their terminals and batches, fees and the money they are paid."""
