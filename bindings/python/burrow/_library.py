"""Finds, loads and describes the shared library; turns its statuses into exceptions."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path
from typing import Any, cast

from . import _abi
from .errors import error_for

NAMES = ("libburrow.so.0", "libburrow.so")


def candidates() -> list[Path | str]:
    """Where the library may be: the environment's word, beside this package, a build, then the system's path."""
    chosen = os.environ.get("BURROW_LIBRARY")
    if chosen:
        return [Path(chosen)]
    here = Path(__file__).resolve().parent
    places: list[Path | str] = [here / "lib" / name for name in NAMES]
    if len(here.parents) > 3 and (here.parents[2] / "include" / "burrow.h").exists():
        root = here.parents[2]
        places += [root / "build" / "lib" / name for name in NAMES]
        places += [root / ".build" / kind / "libburrow.so" for kind in ("release", "debug")]
    return places + list(NAMES)


def load() -> _abi.Library:
    """Loads the library and tells ctypes the types of all its functions."""
    problems = []
    for place in candidates():
        if isinstance(place, Path) and not place.exists():
            problems.append(f"{place}: not there")
            continue
        try:
            # CDLL, not PyDLL: every call lets other Python threads run.
            library = ctypes.CDLL(str(place))
            break
        except OSError as error:
            problems.append(f"{place}: {error}")
    else:
        raise ImportError("libburrow was not found; set BURROW_LIBRARY.\n  " + "\n  ".join(problems))
    for name, (result, arguments) in _abi.FUNCTIONS.items():
        try:
            function = getattr(library, name)
        except AttributeError:
            raise ImportError(f"{place} lacks {name}: the library is older than this package") from None
        function.restype, function.argtypes = result, arguments
    return cast(_abi.Library, library)


lib = load()


def last_error() -> str:
    """The sentence about the last failure on this thread."""
    length = ctypes.c_size_t()
    buffer = ctypes.create_string_buffer(512)
    if lib.burrow_last_error(buffer, len(buffer), ctypes.byref(length)) == _abi.BURROW_ERR_BUFFER_TOO_SMALL:
        buffer = ctypes.create_string_buffer(length.value)
        lib.burrow_last_error(buffer, len(buffer), ctypes.byref(length))
    return buffer.value.decode(errors="replace")


def check(status: int) -> int:
    """Returns BURROW_OK and BURROW_AGAIN, raises for everything else."""
    if status < 0:
        # Straight after the failing call, before anything else can fail on this thread.
        raise error_for(status, last_error())
    return status


def encode(text: str, what: str) -> bytes:
    """UTF-8 without NUL; the library could not see what stands behind one."""
    if "\0" in text:
        raise ValueError(f"{what} contains a NUL character")
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"{what} is not valid Unicode: {error.reason}") from None


def encode_optional(text: str | None, what: str) -> bytes | None:
    return None if text is None else encode(text, what)


def read_text(function: Any, *arguments: Any) -> str:
    """Calls a copy-out function for text, with more room as long as it asks for it."""
    length = ctypes.c_size_t()
    capacity = 2048
    while True:
        buffer = ctypes.create_string_buffer(capacity)
        status = function(*arguments, buffer, capacity, ctypes.byref(length))
        if status != _abi.BURROW_ERR_BUFFER_TOO_SMALL:
            check(status)
            return buffer.value.decode(errors="replace")
        # What is counted may have grown meanwhile.
        capacity = max(length.value, capacity * 2)


def sized(struct: type[ctypes.Structure]) -> Any:
    """An out struct that says how large it is."""
    value = struct()
    value.struct_size = ctypes.sizeof(struct)
    return value
