"""Whether a process stays as large as it is: memory, descriptors and threads over time."""

from __future__ import annotations

import os
import re
import statistics
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

#: What memory may grow by from the first third of the time to the last: what the allocators of a library and of the system
#: keep at hand comes and goes, a leak comes only.
SLACK_KB, SLACK = 512, 0.02
#: The same for what malloc has handed out and not got back, which no allocator blurs.
HEAP_SLACK_KB, HEAP_SLACK = 128, 0.01
#: What may be remembered of each new person: key packages, lists, what was opened of theirs. It is for 1024 at most.
PERSON_KB = 10


def footprint(pid: int) -> dict[str, int]:
    """Memory that is the process's own, in kB, and how many descriptors and threads it has."""
    status = Path(f"/proc/{pid}/status").read_text()
    own = re.search(r"^RssAnon:\s+(\d+) kB", status, re.M)
    return {
        "memory": int(own.group(1)) if own else 0,
        "descriptors": len(os.listdir(f"/proc/{pid}/fd")),
        "threads": len(os.listdir(f"/proc/{pid}/task")),
    }


@dataclass
class Series:
    """One figure of one process, taken whenever the same people are there."""

    who: str
    what: str
    at_s: list[float] = field(default_factory=list)
    values: list[int] = field(default_factory=list)
    #: How many people had been met by then.
    people: list[int] = field(default_factory=list)

    def add(self, at_s: float, value: int, people: int = 0) -> None:
        self.at_s.append(at_s)
        self.values.append(value)
        self.people.append(people)

    def thirds(self, of: list[int], warm_up: float = 0.1) -> tuple[list[int], list[int]]:
        """The first and the last third, without the warm-up."""
        values = of[max(1, round(len(of) * warm_up)) :]
        size = max(1, len(values) // 3)
        return values[:size], values[-size:]

    def per_hour(self, warm_up: float = 0.1) -> float:
        """The median of the slopes between any two values (Theil and Sen), an hour."""
        skipped = max(1, round(len(self.values) * warm_up))
        at, values = self.at_s[skipped:], self.values[skipped:]
        slopes = [(values[j] - values[i]) / (at[j] - at[i]) for i in range(len(at)) for j in range(i + 1, len(at)) if at[j] > at[i]]
        return statistics.median(slopes) * 3600 if slopes else 0.0

    @property
    def enough(self) -> bool:
        return len(self.values) >= 4

    def allowed(self, before: float) -> float:
        met, later = self.thirds(self.people)
        news = PERSON_KB * (statistics.median(later) - statistics.median(met))
        if self.what == "memory":
            return SLACK_KB + SLACK * before + news
        return HEAP_SLACK_KB + HEAP_SLACK * before + news if self.what == "heap" else 0

    def judge(self) -> tuple[bool, str]:
        """Whether it is flat, and a sentence about that."""
        if not self.enough:
            return False, f"only {len(self.values)} values, which say nothing"
        first, last = self.thirds(self.values)
        if self.what in ("memory", "heap"):
            before, after = statistics.median(first), statistics.median(last)
            unit = " kB"
        else:
            # Now and then one more for a moment is not a leak; one more from some moment on is.
            before, after = Counter(first).most_common(1)[0][0], Counter(last).most_common(1)[0][0]
            unit = ""
        is_flat = after - before <= self.allowed(before)
        said = f"{before:.0f}{unit} in the first third, {after:.0f}{unit} in the last"
        if unit:
            said += f" (of {self.allowed(before):.0f} more that may be), {self.per_hour():+.0f}{unit} an hour"
        else:
            said += f", {min(self.values)} to {max(self.values)}"
        return is_flat, said
