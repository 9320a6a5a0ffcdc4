"""``python -m burrow``: the console program."""

import sys

from .cli import main

sys.exit(main())
