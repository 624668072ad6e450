"""`python -m tapwealth.sandbox NAME …`: run one partner; only that partner's package is loaded."""

import importlib
import sys

NAMES = ("bank", "registrar", "identity", "biller", "water", "carrier", "issuer", "insurer", "network", "messenger")


def main(argv: list[str]) -> None:
    """Hand the arguments after NAME to the partner's own `main`. Exits with 2 if there is no such partner."""
    if not argv or argv[0] not in NAMES:
        sys.stderr.write(f"usage: python -m tapwealth.sandbox {{{','.join(NAMES)}}} --store FILE --port N …\n")
        raise SystemExit(2)
    importlib.import_module(f"tapwealth.sandbox.{argv[0]}").main(argv[1:])


if __name__ == "__main__":
    main(sys.argv[1:])
