"""The part of the house style that a machine can hold.

Each rule is a function from text (or a parsed module) to findings, and knows nothing of files: `tidy.house` applies the rules to this
repository, and `tests/docs/test_tidy.py` plants one defect per rule and sees it found. Standard library only.
"""
