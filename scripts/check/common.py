"""What the checks share: the file list, and how a check ends."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent

#: Exit status of a check that could not look, with its reason as the last line.
SKIPPED = 77

#: Where release.sh leaves the library.
LIBRARY = ROOT / "build" / "lib" / "libburrow.so.0"


def files(*suffixes: str, under: tuple[str, ...] = ()) -> list[Path]:
    """The project's own files (tracked, or new and not ignored) that end in one of the suffixes."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *under],
        cwd=ROOT, capture_output=True, check=False,
    )
    if listed.returncode == 0:
        names = [name for name in listed.stdout.decode().split("\0") if name]
    else:  # an unpacked archive
        hidden = (".build", ".venv", "build/", ".git/")
        names = [
            name for path in ROOT.rglob("*")
            if path.is_file() and not (name := str(path.relative_to(ROOT))).startswith(hidden)
            and (not under or name.startswith(under))
        ]
    paths = {ROOT / name for name in names if name.endswith(suffixes)}
    return sorted(path for path in paths if path.is_file())


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def finish(problems: list[str], looked_at: str) -> None:
    """Prints what is wrong and ends the check."""
    for problem in problems:
        print(problem)
    if problems:
        print(f"{len(problems)} problem{'s' if len(problems) != 1 else ''} in {looked_at}")
        sys.exit(1)
    print(looked_at)
    sys.exit(0)


def skip(reason: str) -> None:
    print(reason)
    sys.exit(SKIPPED)


def need_library() -> None:
    if not LIBRARY.exists():
        print("build/lib/libburrow.so.0 is missing; run scripts/release.sh")
        sys.exit(1)


def output(*command: str) -> str:
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
