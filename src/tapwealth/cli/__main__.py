"""`python -m tapwealth.cli`: the same as `tapwealth`."""

from tapwealth.cli.main import main

main()
