"""All cases; importing a module registers its cases."""

from . import access, announcements, matrix, old, pins, resilience, volume

__all__ = ["access", "announcements", "matrix", "old", "pins", "resilience", "volume"]
