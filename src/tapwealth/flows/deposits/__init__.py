"""Deposits: how they stand in the catalogue."""
