"""What the tests share: the package if its library can be loaded, and an engine with a relay."""

from __future__ import annotations

import os
import sys
import unittest
from pathlib import Path
from typing import Any

PACKAGE = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PACKAGE))

try:
    import burrow

    REASON = ""
except ImportError as error:
    burrow = None  # type: ignore[assignment]
    REASON = f"the library cannot be loaded: {error}"

#: How long anything may take; generous, because machines are slow at the wrong moment.
PATIENCE = 15.0


def environment() -> dict[str, str]:
    """For a second interpreter with the same package and library."""
    return {**os.environ, "PYTHONPATH": str(PACKAGE), "PYTHONDONTWRITEBYTECODE": "1"}


@unittest.skipIf(burrow is None, REASON)
class LibraryTest(unittest.TestCase):
    """A test in threads."""

    def engine(self, **options: Any) -> burrow.Engine:
        engine = burrow.Engine(**options)
        self.addCleanup(engine.close)
        return engine

    def relay(self, engine: burrow.Engine, **options: Any) -> burrow.Relay:
        relay = engine.start_relay(open=True, **options)
        relay.started.wait(PATIENCE)
        return relay

    def room(self, engine: burrow.Engine, relay: burrow.Relay, **options: Any) -> burrow.Room:
        return engine.open_room(relay.url, pins=[relay.info.fingerprint], **options)


@unittest.skipIf(burrow is None, REASON)
class AsyncLibraryTest(unittest.IsolatedAsyncioTestCase):
    """A test in coroutines."""

    def relay(self, engine: burrow.Engine, **options: Any) -> burrow.Relay:
        return engine.start_relay(open=True, **options)

    def room(self, engine: burrow.Engine, relay: burrow.Relay, **options: Any) -> burrow.Room:
        return engine.open_room(relay.url, pins=[relay.info.fingerprint], **options)
