"""The partner bank's rails: what we instruct, what it sends, its statements against our mirrors (ISO 20022)."""
