"""Cases by name, in the order in which they are written."""

from __future__ import annotations

from collections.abc import Callable

Case = Callable[[], None]
registry: list[tuple[str, Case]] = []


def case(name: str) -> Callable[[Case], Case]:
    def add(function: Case) -> Case:
        registry.append((name, function))
        return function

    return add
