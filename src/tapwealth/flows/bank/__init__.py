"""What the house does with its bank: messages, payments, receipts, money between books, and the proof against the bank's statement."""
