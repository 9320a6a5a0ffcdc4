"""The generated tables against the header and the C compiler."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
GENERATE = ROOT / "bindings" / "generate"
HEADER = ROOT / "include" / "burrow.h"
PYTHON = ROOT / ".venv-bindings" / "bin" / "python"
INTERPRETER = str(PYTHON) if PYTHON.exists() else sys.executable
READS = subprocess.run([INTERPRETER, "-c", "import clang.cindex"], capture_output=True).returncode == 0


def generate(*options: str) -> subprocess.CompletedProcess[str]:
    command = [INTERPRETER, str(GENERATE), *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


@unittest.skipUnless(HEADER.exists(), "the header is not beside this package")
@unittest.skipUnless(READS, "libclang is not installed")
class TableTest(unittest.TestCase):
    def test_matches_the_header_and_the_compiler(self) -> None:
        answer = generate("--check")
        self.assertEqual(answer.returncode, 0, answer.stderr)

    def changed(self, old: str, new: str, *options: str) -> subprocess.CompletedProcess[str]:
        """Runs the generator over a header that differs."""
        text = HEADER.read_text()
        self.assertIn(old, text)
        with tempfile.TemporaryDirectory() as folder:
            header = Path(folder, "burrow.h")
            header.write_text(text.replace(old, new, 1))
            return generate(*(options or ("--check",)), "--header", str(header))

    def test_notices_what_is_different(self) -> None:
        for old, new in (
            ("BURROW_ERR_TIMEOUT = -10", "BURROW_ERR_TIMEOUT = -11"),
            ("uint32_t socket_send_buffer;", "uint64_t socket_send_buffer;"),
            ("burrow_log_set_level(int32_t", "burrow_log_set_level(int64_t"),
            ("Makes an engine and starts its thread.", "Makes an engine."),
        ):
            with self.subTest(new):
                answer = self.changed(old, new)
                self.assertEqual(answer.returncode, 1)
                self.assertIn("_abi.py is not what the header says", answer.stderr)
                self.assertIn("burrow_abi.dart is not what the header says", answer.stderr)

    def test_refuses_what_it_does_not_understand(self) -> None:
        for old, new in (
            ("uint32_t burrow_version(void)", "uint32_t burrow_version(burrow_event by_value)"),
            ("uint32_t burrow_version(void)", "uint32_t burrow_version(int plain)"),
            ("uint32_t burrow_version(void)", "uint32_t burrow_version(uint32_t first, ...)"),
            ("BURROW_LOG_ERROR = 1,", "BURROW_LOG_ERROR,"),
            ("uint32_t socket_send_buffer;", "uint32_t socket_send_buffer : 3;"),
            (" * @threading any thread, real-time\n", " * @thread any thread, real-time\n"),
            ("uint32_t burrow_version(void);", "uint32_t burrow_version(void)"),
        ):
            with self.subTest(new):
                answer = self.changed(old, new)
                self.assertEqual(answer.returncode, 1, answer.stdout)
                self.assertIn("not understood", answer.stderr)

    def test_a_new_function_is_in_all_tables(self) -> None:
        """What somebody who adds to the header has to do: run the generator, nothing else."""
        old = "BURROW_API uint32_t burrow_version(void);"
        new = """
        /** What it is. */
        typedef struct burrow_thing { uint32_t struct_size; /** How far. */ int16_t far[3]; } burrow_thing;
        /**
         * Does it.
         *
         * @param e    The engine.
         * @param in   What.
         * @param out  [out] The result.
         * @return BURROW_OK.
         * @threading any thread
         */
        BURROW_API burrow_status burrow_do(burrow_engine *BURROW_NONNULL e, const burrow_thing *BURROW_NULLABLE in,
                                           uint64_t *BURROW_NONNULL out);"""
        with tempfile.TemporaryDirectory() as folder:
            answer = self.changed(old, old + new, "--bindings", folder)
            self.assertEqual(answer.returncode, 0, answer.stderr)
            python = Path(folder, "python/burrow/_abi.py").read_text()
            dart = Path(folder, "dart/lib/src/generated/burrow_abi.dart").read_text()
        self.assertIn('        ("far", ctypes.c_int16 * 3),', python)
        self.assertIn("def burrow_do(self, e: Any, in_: Any, out: Any, /) -> int:", python)
        self.assertIn("    #: How far.\n", python)
        self.assertIn("external int burrow_do(", dart)
        self.assertIn("ffi.Pointer<burrow_thing> in_", dart)
        self.assertIn("  /// How far.\n  @ffi.Array(3)\n  external ffi.Array<ffi.Int16> far;", dart)

    @unittest.skipIf(shutil.which("cc") is None, "no C compiler")
    def test_finds_wrong_offsets(self) -> None:
        """A table whose fields are swapped is found by the C compiler, not only by comparing texts."""
        sys.path.insert(0, str(GENERATE))
        import layout

        right = '        ("struct_size", ctypes.c_uint32),\n        ("kind", ctypes.c_uint32),'
        text = (ROOT / "bindings/python/burrow/_abi.py").read_text()
        self.assertIn(right, text)
        with tempfile.TemporaryDirectory() as folder:
            table = Path(folder, "table.py")
            table.write_text(text.replace(right, right.replace("c_uint32", "c_uint64", 1)))
            found = layout.differences(layout.load(table), HEADER)
        self.assertTrue(any("burrow_event.kind" in problem for problem in found), found)


if __name__ == "__main__":
    unittest.main()
