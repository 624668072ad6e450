"""`python -m tidy`: print what is found, exit 1 if anything is."""

import sys

from tidy.house import findings

found = findings()
for finding in found:
    print(finding)
sys.exit(bool(found))
