"""The catalogue's flows: what each kind of product brings about, and how a definition comes onto the shelf."""
