"""Changes by chance in one group of three members of ours and three of mls-rs."""

from __future__ import annotations

import argparse
import random

from parties import MLSRS, Group, Ours, Party


def run(options: argparse.Namespace) -> None:
    choose = random.Random(options.seed)
    people: list[Party] = [Ours("ours0"), MLSRS("theirs0"), Ours("ours1"), MLSRS("theirs1"), Ours("ours2"), MLSRS("theirs2")]
    group = Group(people[0])
    group.add(people[0], people[1])
    for _ in range(options.operations):
        out = [party for party in people if party not in group.members]
        author = choose.choice(group.members)
        kind = choose.choice(["update", "update", "add", "add", "remove", "propose", "say"])
        if kind == "add" and out:
            group.add(author, *choose.sample(out, choose.randint(1, min(2, len(out)))))
        elif kind == "remove" and len(group.members) > 2:
            gone = choose.choice(group.others(author))
            # mls-rs can only name members whom it has heard.
            group.say(gone, "remember me")
            group.remove(author, gone)
        elif kind == "propose":
            for member in group.members:
                if isinstance(member, Ours) and member is not author and choose.random() < 0.6:
                    group.deliver(member.ask("propose", what="update")["bytes"], member, "proposal")
            group.commit(author)
        elif kind == "say":
            group.everybody_says()
        else:
            group.commit(author)
        group.agree()
    group.everybody_says()
