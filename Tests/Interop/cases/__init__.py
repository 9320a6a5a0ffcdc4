"""All cases; importing a module registers its cases."""

from . import access, announcements, continuity, extras, matrix, old, pins, resilience, volume

__all__ = ["access", "announcements", "continuity", "extras", "matrix", "old", "pins", "resilience", "volume"]
