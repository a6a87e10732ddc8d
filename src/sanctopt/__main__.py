"""``python -m sanctopt``: the same as the command ``sanctopt``."""

from __future__ import annotations

import sys

from sanctopt.cli import main

if __name__ == "__main__":
    sys.exit(main())
