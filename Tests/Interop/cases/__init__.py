"""All cases; importing a module registers its cases."""

from . import (
    access, announcements, calls, clips, continuity, extras, groups, live, matrix, media, nostr, old, pins, plan_calls, proxies,
    resilience, volume,
)  # fmt: skip

__all__ = [
    "access", "announcements", "calls", "clips", "continuity", "extras", "groups", "live", "matrix", "media", "nostr", "old",
    "pins", "plan_calls", "proxies", "resilience", "volume",
]  # fmt: skip
