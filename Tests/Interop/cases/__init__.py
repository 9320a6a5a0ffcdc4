"""All cases; importing a module registers its cases."""

from . import (
    access, announcements, clips, continuity, extras, groups, matrix, media, nostr, old, pins, resilience, volume,
)  # fmt: skip

__all__ = [
    "access", "announcements", "clips", "continuity", "extras", "groups", "matrix", "media", "nostr", "old", "pins",
    "resilience", "volume",
]  # fmt: skip
