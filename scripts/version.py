#!/usr/bin/env python3
"""Prints the version, which is stated once, by the release library itself."""

import ctypes
import sys
from pathlib import Path

library = Path(__file__).resolve().parent.parent / "build" / "lib" / "libburrow.so.0"
version = ctypes.CDLL(str(library)).burrow_version
version.restype = ctypes.c_uint32
number = version()
print(f"{number >> 16}.{number >> 8 & 255}.{number & 255}")
sys.exit(0)
