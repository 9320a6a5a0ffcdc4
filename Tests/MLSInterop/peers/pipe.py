"""One JSON request a line in, one JSON reply a line out; bytes are hexadecimal."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

Json = dict[str, Any]


def serve(handle: Callable[[Json], Json]) -> None:
    for line in sys.stdin:
        try:
            reply = {"ok": True, **handle(json.loads(line))}
        except Exception as error:
            reply = {"ok": False, "error": f"{type(error).__name__}: {error}"[:300]}
        print(json.dumps(reply), flush=True)
