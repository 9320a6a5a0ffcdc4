"""The generated table against the header and the C compiler."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent
GENERATE = PACKAGE / "generate.py"
HEADER = PACKAGE.parent.parent / "include" / "burrow.h"


def generate(*options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(GENERATE), *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


@unittest.skipIf(shutil.which("cc") is None, "no C compiler")
@unittest.skipUnless(HEADER.exists(), "the header is not beside this package")
class TableTest(unittest.TestCase):
    def test_matches_the_header_and_the_compiler(self) -> None:
        answer = generate("--check")
        self.assertEqual(answer.returncode, 0, answer.stderr)

    def change(self, old: str, new: str) -> subprocess.CompletedProcess[str]:
        """Checks the table against a header that differs."""
        text = HEADER.read_text()
        self.assertIn(old, text)
        with tempfile.TemporaryDirectory() as folder:
            header = Path(folder, "burrow.h")
            header.write_text(text.replace(old, new, 1))
            return generate("--check", "--header", str(header))

    def test_notices_another_value(self) -> None:
        self.assertEqual(self.change("BURROW_ERR_TIMEOUT = -10", "BURROW_ERR_TIMEOUT = -11").returncode, 1)

    def test_notices_another_field(self) -> None:
        self.assertEqual(self.change("uint32_t socket_send_buffer;", "uint64_t socket_send_buffer;").returncode, 1)

    def test_notices_another_parameter(self) -> None:
        self.assertEqual(self.change("burrow_log_set_level(int32_t", "burrow_log_set_level(int64_t").returncode, 1)

    def test_refuses_what_it_does_not_understand(self) -> None:
        answer = self.change("uint32_t burrow_version(void)", "uint32_t burrow_version(struct stat by_value)")
        self.assertNotEqual(answer.returncode, 0)

    def test_finds_wrong_offsets(self) -> None:
        """A table whose fields are swapped is found by the C probe, not only by comparing texts."""
        sys.path.insert(0, str(PACKAGE))
        import generate as module

        header = module.parse(HEADER.read_text())
        text = module.python(header).replace(
            '        ("struct_size", ctypes.c_uint32),\n        ("kind", ctypes.c_uint32),',
            '        ("struct_size", ctypes.c_uint64),\n        ("kind", ctypes.c_uint32),',
        )
        with tempfile.TemporaryDirectory() as folder:
            table = Path(folder, "table.py")
            table.write_text(text)
            found = module.differences(header, HEADER, module.load(table))
        self.assertTrue(any("burrow_event.kind" in problem for problem in found), found)


if __name__ == "__main__":
    unittest.main()
