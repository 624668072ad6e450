"""The composition root: puts the house together from its settings, and opens its doors."""
