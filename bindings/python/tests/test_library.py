"""Errors, handles, logging and the life of an engine."""

from __future__ import annotations

import gc
import logging
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
import unittest
import weakref

from support import PATIENCE, LibraryTest, burrow, environment


class ErrorTest(LibraryTest):
    def test_every_status_has_a_class_and_a_name(self) -> None:
        from burrow import _abi, errors

        codes = {name: value for name, value in vars(_abi).items() if name.startswith("BURROW_ERR_")}
        self.assertGreater(len(codes), 20)
        for name, value in codes.items():
            with self.subTest(name):
                self.assertIs(type(errors.error_for(value)), errors.CLASSES[value])
                self.assertEqual(errors.CLASSES[value].code, value)
                self.assertEqual(burrow.status_name(value), name)

    def test_unknown_status(self) -> None:
        from burrow.errors import error_for

        error = error_for(-9999, "odd", 7)
        self.assertIs(type(error), burrow.BurrowError)
        self.assertEqual((error.status, error.text, error.peer_code), (-9999, "odd", 7))

    def test_builtin_bases(self) -> None:
        self.assertTrue(issubclass(burrow.DeadlineError, TimeoutError))
        self.assertTrue(issubclass(burrow.UnauthorizedError, ConnectionError))
        self.assertTrue(issubclass(burrow.InvalidArgumentError, ValueError))

    def test_text_of_the_failing_thread(self) -> None:
        engine = self.engine()
        texts: list[str] = []

        def fail() -> None:
            try:
                engine.open_room("ftp://wrong.example")
            except burrow.InvalidArgumentError as error:
                texts.append(error.text)

        threads = [threading.Thread(target=fail) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
        self.assertEqual(len(texts), 4)
        self.assertTrue(all(texts), texts)

    def test_version(self) -> None:
        self.assertRegex(burrow.version_string(), r"^%d\.%d\.%d\b" % burrow.version())
        for library in ("ngtcp2", "GnuTLS", "libopus", "OpenH264"):
            self.assertRegex(burrow.version_string(), rf"\b{library} [1-9]|\b{library} 0\.[1-9]")
        self.assertTrue(burrow.has_feature("relay"))
        self.assertFalse(burrow.has_feature("teleport"))
        self.assertFalse(burrow.has_feature("relay\0"))

    def test_clock(self) -> None:
        first = burrow.now_us()
        time.sleep(0.01)
        self.assertGreaterEqual(burrow.now_us() - first, 9_000)


class LogTest(LibraryTest):
    def test_level_is_checked(self) -> None:
        from burrow._library import lib

        self.assertLess(lib.burrow_log_set_level(99, None), 0)
        burrow.set_log_level(burrow.LogLevel.WARNING)

    def test_ring_and_forwarding(self) -> None:
        burrow.set_log_level(burrow.LogLevel.DEBUG)
        self.addCleanup(burrow.set_log_level, burrow.LogLevel.WARNING)
        for _ in burrow.log_lines():
            pass
        engine = self.engine()
        self.relay(engine)
        engine.close()
        with self.assertLogs("burrow", level=5) as logs:
            self.assertGreater(burrow.forward_log(), 0)
        self.assertTrue(all(record.levelno <= logging.ERROR for record in logs.records))
        self.assertIsNone(burrow.read_log())

    def test_handler(self) -> None:
        burrow.set_log_level(burrow.LogLevel.DEBUG)
        self.addCleanup(burrow.set_log_level, burrow.LogLevel.WARNING)
        lines: list[tuple[burrow.LogLevel, str, str]] = []
        burrow.set_log_handler(lambda level, component, text: lines.append((level, component, text)))
        self.addCleanup(burrow.set_log_handler, None)
        engine = self.engine()
        self.relay(engine)
        engine.close()
        burrow.set_log_handler(None)
        self.assertTrue(lines)
        count = len(lines)
        other = self.engine()
        other.close()
        self.assertEqual(len(lines), count)


class EngineTest(LibraryTest):
    def test_close_twice_and_use_after(self) -> None:
        engine = self.engine()
        relay = self.relay(engine)
        engine.close()
        engine.close()
        self.assertTrue(engine.closed)
        with self.assertRaises(burrow.ClosedError):
            engine.open_room("moqt://127.0.0.1:1")
        with self.assertRaises(burrow.ClosedError):
            engine.next_event(0)
        with self.assertRaises(burrow.StaleHandleError):
            _ = relay.info
        relay.close()
        relay.close()
        with self.assertRaises(burrow.ClosedError):
            _ = relay.info

    def test_next_event_times_out(self) -> None:
        engine = self.engine()
        started = time.monotonic()
        self.assertIsNone(engine.next_event(0.1))
        self.assertGreaterEqual(time.monotonic() - started, 0.09)
        self.assertIsNone(engine.next_event(0))

    def test_waiting_leaves_other_threads_running(self) -> None:
        """The interpreter's lock is free while the library waits."""
        engine = self.engine()
        count = 0
        waiting = threading.Thread(target=engine.next_event, args=(0.3,))
        waiting.start()
        while waiting.is_alive():
            count += 1
        self.assertGreater(count, 1000)

    def test_close_wakes_a_waiting_thread(self) -> None:
        engine = self.engine()
        raised: list[type] = []
        entered = threading.Event()

        def wait() -> None:
            entered.set()
            try:
                engine.next_event(PATIENCE)
            except burrow.BurrowError as error:
                raised.append(type(error))

        thread = threading.Thread(target=wait)
        thread.start()
        entered.wait(PATIENCE)
        time.sleep(0.05)
        started = time.monotonic()
        engine.close()
        thread.join(PATIENCE)
        self.assertFalse(thread.is_alive())
        self.assertLess(time.monotonic() - started, 5)
        self.assertEqual(raised, [burrow.ClosedError])

    def test_shutdown_ends_the_queue(self) -> None:
        engine = self.engine()
        self.relay(engine)
        engine.shutdown().wait(PATIENCE)
        with self.assertRaises(burrow.ClosedError):
            while engine.next_event(1) is not None:
                pass
        with self.assertRaises(burrow.ClosedError):
            engine.start_relay(open=True)

    def test_requests_end_with_the_engine(self) -> None:
        engine = self.engine()
        request = engine.open_room("moqt://127.0.0.1:1", connect_timeout_ms=60_000).opened
        engine.close()
        self.assertTrue(request.done)
        with self.assertRaises(burrow.BurrowError):
            request.wait(0)

    def test_many_engines(self) -> None:
        before = threading.active_count()
        for _ in range(20):
            with burrow.Engine() as engine:
                self.relay(engine)
        self.assertEqual(threading.active_count(), before)

    def test_forgotten_engine_is_collected(self) -> None:
        engine = burrow.Engine()
        relay = engine.start_relay(open=True)
        reference = weakref.ref(engine)
        del engine, relay
        gc.collect()
        self.assertIsNone(reference())

    def test_dispatch_may_close(self) -> None:
        engine = self.engine()
        engine.start_relay(open=True)
        seen: list[burrow.Event] = []

        def handler(event: burrow.Event) -> None:
            seen.append(event)
            engine.close()

        self.assertTrue(engine.dispatch(handler, PATIENCE))
        self.assertEqual(len(seen), 1)
        self.assertTrue(engine.closed)

    def test_wakeup(self) -> None:
        engine = self.engine()
        woken = threading.Event()
        engine.set_wakeup(woken.set)
        engine.start_relay(open=True)
        self.assertTrue(woken.wait(PATIENCE))
        engine.set_wakeup(None)

    def test_network_changed(self) -> None:
        from burrow._library import lib

        engine = self.engine()
        engine.network_changed()
        engine.network_changed(burrow.NetworkChange.SWITCHED | burrow.NetworkChange.RESUMED)
        self.assertLess(lib.burrow_engine_network_changed(engine.handle, 0x80000000), 0)


class HostileTest(LibraryTest):
    """What a careless host does to the library underneath."""

    def test_invented_handles(self) -> None:
        from burrow import _abi
        from burrow._library import lib, sized

        info = sized(_abi.burrow_room_info)
        for handle in (1, 0xDEADBEEF, 2**63, 2**64 - 1):
            with self.subTest(handle):
                self.assertLess(lib.burrow_room_info_get(handle, info), 0)
                self.assertLess(lib.burrow_retain(handle), 0)
                lib.burrow_release(handle)
        self.assertLess(lib.burrow_room_info_get(None, info), 0)
        lib.burrow_release(None)

    def test_handle_of_another_kind(self) -> None:
        from burrow import _abi
        from burrow._library import lib, sized

        engine = self.engine()
        relay = self.relay(engine)
        info = sized(_abi.burrow_room_info)
        self.assertEqual(lib.burrow_room_info_get(relay.handle, info), _abi.BURROW_ERR_STALE_HANDLE)
        self.assertEqual(lib.burrow_room_info_get(engine.handle, info), _abi.BURROW_ERR_STALE_HANDLE)

    def test_double_release(self) -> None:
        from burrow._library import lib

        engine = self.engine()
        relay = self.relay(engine)
        handle = relay.handle
        relay.close()
        for _ in range(10):
            lib.burrow_release(handle)
        self.assertIsInstance(engine.next_event(0), (burrow.Event, type(None)))

    def test_texts_that_are_none(self) -> None:
        engine = self.engine()
        for wrong in ("", "x", "http://a.example", "moqt://", "moqt://a.example:99999", "moqt://[::1", "moqt://a b/"):
            with self.subTest(wrong), self.assertRaises(burrow.BurrowError):
                engine.open_room(wrong)
        with self.assertRaises(ValueError):
            engine.open_room("moqt://a.example/\0")
        with self.assertRaises(ValueError):
            engine.open_room("moqt://a.example", path="\ud800")
        with self.assertRaises(burrow.BurrowError):
            engine.open_room("moqt://a.example", path="x" * 5000)

    def test_pins_of_wrong_size(self) -> None:
        engine = self.engine()
        for wrong in ("00", b"short", "zz" * 32):
            with self.subTest(wrong), self.assertRaises(ValueError):
                engine.open_room("moqt://a.example", pins=[wrong])
        with self.assertRaises(burrow.BurrowError):
            engine.open_room("moqt://a.example", pins=[bytes(32)] * 17)

    def test_relay_without_entrance_or_address(self) -> None:
        engine = self.engine()
        with self.assertRaises(burrow.BurrowError):
            engine.start_relay()
        with self.assertRaises(burrow.BurrowError):
            engine.start_relay([], open=True)
        with self.assertRaises(burrow.BurrowError):
            engine.start_relay("not an address", open=True).started.wait(PATIENCE)
        with self.assertRaises(burrow.TokenKeyError):
            engine.start_relay(jwt_keys="{}")

    def test_proxies(self) -> None:
        for bad in ("", "proxy", "socks4://proxy", "http://me:pass@"):
            with self.assertRaises(burrow.InvalidArgumentError) as raised:
                burrow.Engine(proxy=bad)
            self.assertNotIn("pass", str(raised.exception))
        burrow.Engine(proxy="socks5://me:pass@[::1]:1080").close()

    def test_struct_sizes(self) -> None:
        import ctypes

        from burrow import _abi
        from burrow._library import lib

        configuration = _abi.burrow_engine_config()
        for size in (0, 1, 3):
            self.assertLess(lib.burrow_config_init(ctypes.byref(configuration), size), 0)
        out = ctypes.c_void_p()
        configuration.struct_size = 0
        self.assertLess(lib.burrow_engine_create(ctypes.byref(configuration), ctypes.byref(out)), 0)

    @unittest.skipUnless(hasattr(os, "fork"), "no fork here")
    def test_forked_child(self) -> None:
        """A child may only release; it hangs nowhere, and the parent's engine goes on."""
        engine = self.engine()
        relay = self.relay(engine)
        child = os.fork()
        if child == 0:
            code = 1
            try:
                try:
                    _ = relay.info
                except burrow.ForkedError:
                    code = 0
                relay.close()
            finally:
                os._exit(code)
        deadline = time.monotonic() + PATIENCE
        while (ended := os.waitpid(child, os.WNOHANG))[0] == 0 and time.monotonic() < deadline:
            time.sleep(0.01)
        if ended[0] == 0:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        self.assertEqual(os.waitstatus_to_exitcode(ended[1]) if ended[0] else "hung", 0)
        self.assertEqual(relay.info.state, burrow.RelayState.LISTENING)

    def test_spawned_processes(self) -> None:
        context = multiprocessing.get_context("spawn")
        process = context.Process(target=use_an_engine)
        process.start()
        process.join(PATIENCE * 2)
        self.assertEqual(process.exitcode, 0)

    def leave(self, program: str) -> None:
        """A program of its own must end by itself and well."""
        answer = subprocess.run(
            [sys.executable, "-X", "dev", "-c", program],
            env=environment(), capture_output=True, text=True, timeout=PATIENCE * 2,
        )  # fmt: skip
        self.assertEqual(answer.returncode, 0, answer.stderr[-2000:])
        self.assertNotIn("Traceback", answer.stderr)

    def test_exit_without_closing(self) -> None:
        self.leave(
            "import burrow\n"
            "e = burrow.Engine()\n"
            "r = e.start_relay(open=True)\n"
            "r.started.wait(10)\n"
            "room = e.open_room(r.url, pins=[r.info.fingerprint], path='a')\n"
            "room.opened.wait(10)\n"
            "t = room.publish('x')\n"
            "t.push(b'1')\n"
        )

    def test_exit_while_a_thread_waits(self) -> None:
        self.leave(
            "import burrow, threading, time\n"
            "e = burrow.Engine()\n"
            "def wait():\n"
            "    try:\n"
            "        e.next_event()\n"
            "    except burrow.ClosedError:\n"
            "        pass\n"
            "threading.Thread(target=wait, daemon=True).start()\n"
            "time.sleep(0.2)\n"
        )

    def test_exit_with_callbacks_set(self) -> None:
        self.leave(
            "import burrow\n"
            "burrow.set_log_level(burrow.LogLevel.TRACE)\n"
            "burrow.set_log_handler(lambda *line: None)\n"
            "e = burrow.Engine()\n"
            "e.set_wakeup(lambda: None)\n"
            "e.start_relay(open=True)\n"
        )


def use_an_engine() -> None:
    with burrow.Engine() as engine:
        engine.start_relay(open=True).started.wait(PATIENCE)


if __name__ == "__main__":
    unittest.main()
