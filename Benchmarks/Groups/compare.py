#!/usr/bin/env python3
"""Members of ours and of mls-rs in the same groups: what each operation costs either, and the ratio.

    scripts/bench-groups.sh [--sizes 10,100,1000] [--rounds 15] [--json FILE] [--markdown FILE]

All nodes of the tree have keys. Both kinds make and process the same messages, in turn and in processes of their own; what is
measured is the processor time from bytes to bytes, without the pipe and its hexadecimal. mls-rs is called through its Python
binding, and what an empty call of that costs is given beside.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "Tests" / "MLSInterop"), str(ROOT / "Benchmarks")]

from parties import MLSRS, Group, Missing, Ours, Party, everybody_leaves  # noqa: E402
from sections import write_section  # noqa: E402

#: Goals as parts of what mls-rs takes, by operation and size.
GOALS = {
    ("update created", 10): 0.7, ("update created", 100): 0.5, ("update created", 1000): 0.25,
    ("update processed", 10): 0.7, ("update processed", 100): 0.5, ("update processed", 1000): 0.25,
    ("one added, with Welcome", 1000): 0.5, ("joined", 1000): 0.8,
    ("32 bytes sealed", 10): 0.5, ("32 bytes sealed", 100): 0.5, ("32 bytes sealed", 1000): 0.5,
    ("32 bytes opened", 10): 0.5, ("32 bytes opened", 100): 0.5, ("32 bytes opened", 1000): 0.5,
}
OPERATIONS = [
    "update created", "update processed", "one added, with Welcome", "joined", "32 bytes sealed", "32 bytes opened",
]


class Samples:
    def __init__(self) -> None:
        self.values: dict[tuple[str, str], list[float]] = {}
        self.walls: dict[tuple[str, str], list[float]] = {}

    def add(self, what: str, party: Party, reply: dict[str, Any]) -> None:
        key = (what, "ours" if isinstance(party, Ours) else "mls-rs")
        self.values.setdefault(key, []).append(reply["us"])
        self.walls.setdefault(key, []).append(reply["wall_us"])

    def median(self, what: str, whose: str, wall: bool = False) -> float:
        return statistics.median((self.walls if wall else self.values)[(what, whose)])


def follow(group: Group, samples: Samples, author: Party, reply: dict[str, Any], name: str | None) -> None:
    for member in group.others(author):
        taken = member.receive(reply["commit"], author)
        if name:
            samples.add(name, member, taken)
    author.ask("merge")


def measure(size: int, rounds: int) -> tuple[Samples, int, float]:
    """Answers the samples, the bytes of a state of ours, and what an empty call of the binding takes."""
    samples = Samples()
    founder, second = Ours("ours0"), Ours("ours1")
    theirs = [MLSRS("theirs0"), MLSRS("theirs1")]
    group = Group(founder)
    # In steps, so that each answer comes in time.
    for step in [*range(50, size - 3, 50), size - 3]:
        founder.ask("grow", size=step)
    for newcomer in (second, *theirs):
        group.add(founder, newcomer)
    for member in group.members:
        group.commit(member)
    group.agree()
    for _ in range(rounds):
        for author in (founder, theirs[0], second, theirs[1]):
            reply = author.ask("commit")
            samples.add("update created", author, reply)
            follow(group, samples, author, reply, "update processed")
    group.agree()
    text = "0123456789abcdef" * 2
    for _ in range(rounds * 10):
        for sender, receiver in ((founder, second), (theirs[0], theirs[1])):
            reply = sender.ask("seal", data=text.encode().hex())
            samples.add("32 bytes sealed", sender, reply)
            samples.add("32 bytes opened", receiver, receiver.receive(reply["bytes"], sender))
    for number in range(max(3, rounds // 3)):
        for author, kind in ((founder, Ours), (theirs[0], MLSRS)):
            newcomer = kind(f"newcomer{number}")
            # mls-rs adds without new keys for itself.
            reply = author.ask("commit", key_packages=[newcomer.key_package()], path=False)
            samples.add("one added, with Welcome", author, reply)
            taken = newcomer.ask("join", welcome=reply["welcome"])
            samples.add("joined", newcomer, taken)
            newcomer.process.close()
            if isinstance(author, Ours):
                author.ask("discard")
            else:
                # Somebody else's commit takes the place of theirs.
                winner = founder.ask("commit")
                follow(group, samples, founder, winner, None)
    group.agree()
    memory = founder.ask("memory")["bytes"]
    overhead = statistics.median(theirs[0].ask("overhead")["us"] for _ in range(50))
    return samples, memory, overhead


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="10,100,1000")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--markdown", type=Path, help="put the table into this document")
    options = parser.parse_args()
    lines = ["| members | operation | ours, us | mls-rs, us | ratio | goal |", "|---|---|---|---|---|---|"]
    rows: list[dict[str, Any]] = []
    created: dict[int, float] = {}
    notes: list[str] = []
    for size in (int(text) for text in options.sizes.split(",")):
        try:
            with everybody_leaves():
                samples, memory, overhead = measure(size, options.rounds)
        except Missing as missing:
            print(f"skip  {missing}")
            return 0
        for what in OPERATIONS:
            ours, theirs = samples.median(what, "ours"), samples.median(what, "mls-rs")
            goal = GOALS.get((what, size))
            rows.append({
                "size": size, "operation": what, "ours_us": ours, "mls_rs_us": theirs, "goal": goal,
                "ours_wall_us": samples.median(what, "ours", True), "mls_rs_wall_us": samples.median(what, "mls-rs", True),
            })
            text = f"{goal:g}" if goal else "–"
            lines.append(f"| {size} | {what} | {ours:,.1f} | {theirs:,.1f} | {ours / theirs:.2f} | {text} |")
            print(lines[-1], flush=True)
        created[size] = samples.median("update created", "ours")
        notes.append(f"State of a member of {size}: {memory / 1e6:.2f} MB. An empty call of the binding: {overhead:.1f} us.")
        rows.append({"size": size, "operation": "memory", "bytes": memory, "overhead_us": overhead})
        print(notes[-1], flush=True)
    if 100 in created and 1000 in created:
        notes.append(f"An update commit of ours grows from 100 to 1,000 members by {created[1000] / created[100]:.2f}.")
        print(notes[-1])
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n")
    if options.markdown:
        heading = "## Groups against mls-rs\n\nMedians of processor time, in the same groups."
        write_section(options.markdown, "groups", "\n".join([heading, "", *lines, "", *notes]))
    return 0


sys.exit(main())
