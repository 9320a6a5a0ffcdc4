"""The console program ``burrow``. Each command is a module here: what it is asked, and a coroutine that does it."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence

import burrow

from . import call, group, identity, probe, relay

#: In the order in which help lists them. A module has add(parsers), which names its coroutine as the default of "run".
COMMANDS = (relay, probe, identity, group, call)


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="burrow", description="Relays, rooms, identities and groups for private calls.")
    made.add_argument("--version", action="version", version=burrow.version_string())
    made.add_argument("-v", "--verbose", action="count", default=0, help="show the library's log; twice for all of it")
    parsers = made.add_subparsers(title="commands", dest="command", required=True, metavar="COMMAND")
    for module in COMMANDS:
        module.add(parsers)
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command; 0 when it did what it was asked, 1 when not, 2 when it was asked for something impossible."""
    options = parser().parse_args(arguments)
    if options.verbose:
        burrow.set_log_level(burrow.LogLevel.INFO if options.verbose == 1 else burrow.LogLevel.DEBUG)
    try:
        status: int = asyncio.run(options.run(options))
        return status
    except burrow.BurrowError as error:
        print(f"burrow {options.command}: {error}", file=sys.stderr)
        return 1
    except (ValueError, OSError) as error:
        print(f"burrow {options.command}: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    finally:
        if options.verbose:
            for level, text in burrow.log_lines():
                print(f"{level.name.lower()} {text}", file=sys.stderr)
