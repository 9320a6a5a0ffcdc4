"""All cases; importing a module registers its cases."""

from . import access, announcements, clips, continuity, extras, matrix, media, nostr, old, pins, resilience, volume

__all__ = [
    "access", "announcements", "clips", "continuity", "extras", "matrix", "media", "nostr", "old", "pins", "resilience",
    "volume",
]  # fmt: skip
