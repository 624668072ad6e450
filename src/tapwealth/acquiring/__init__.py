"""The merchant's side of the cards: the till (device software that stands outside the platform), its receipts, and what merchants are."""
