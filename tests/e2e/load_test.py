"""weir load against servers that behave, stall, break and are not there: what is told is what happened, and it ends."""

import contextlib
import json
import re
import signal
import socket
import struct
import subprocess
import threading
import unittest

from harness.case import Case
from harness.ports import free_port
from harness.upstream import CLOSE, KEEP, answer, delay, hang_up, never, ok, says, status
from harness.waiting import PATIENCE
from harness.weir import WEIR, run

MS = 1_000_000


def reset(wire, request, server):
    """RST instead of an answer."""
    wire.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return CLOSE


def reset_in_the_middle(wire, request, server):
    wire.sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort")
    return reset(wire, request, server)


def stall_in_the_middle(wire, request, server):
    wire.sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort")
    return never(wire, request, server)


def close_after_each(wire, request, server):
    wire.sock.sendall(answer(b"a", "200 OK", "Connection: close"))
    return CLOSE


def one_by_one(seconds):
    """A server of known capacity: it works on one request at a time, each as long as the others."""
    lock = threading.Lock()

    def behaviour(wire, request, server):
        with lock:
            server.ending.wait(seconds)
        return ok(wire, request, server)
    return behaviour


class Load(Case):
    def load(self, endpoint, *arguments, expect=0):
        """The report, once the run has ended with that status."""
        target = endpoint if isinstance(endpoint, str) else f"http://{endpoint.address}/"
        path = self.directory / "report.json"
        path.unlink(missing_ok=True)
        done = run("load", target, "--quiet", "--json", str(path), *arguments, timeout=120)
        self.assertEqual(expect, done.returncode, done.stdout + done.stderr)
        self.printed = done.stdout + done.stderr
        return json.loads(path.read_text()) if path.exists() else None

    def test_the_rate_is_held_and_every_request_counted_once(self):
        endpoint = self.upstream()
        report = self.load(endpoint, "--rate", "200", "--duration", "2s", "--workers", "2")
        self.assertEqual(400, report["offered"])
        self.assertEqual(400, report["good"])
        self.assertEqual(400, len(endpoint.requests))
        self.assertEqual(0, report["errors_percent"])
        self.assertIsNotNone(report["response"]["p95_ns"])
        self.assertIsNone(report["response"]["p99.9_ns"], "400 samples know no p99.9")
        self.assertIn("too few", self.printed)

    def test_warm_up_is_sent_and_not_counted(self):
        endpoint = self.upstream()
        report = self.load(endpoint, "--rate", "100", "--duration", "2s", "--warm-up", "1s")
        self.assertEqual(200, len(endpoint.requests))
        self.assertEqual(100, report["offered"])

    def test_a_pause_of_the_server_is_charged_to_those_who_came_meanwhile(self):
        endpoint = self.upstream()
        lock = threading.Lock()

        def pauses_once(wire, request, server):
            with lock:
                if len(server.requests) == 100:
                    server.ending.wait(1)
            return ok(wire, request, server)
        endpoint.behaviour = pauses_once
        report = self.load(endpoint, "--rate", "200", "--duration", "3s", "--connections-max", "1")
        self.assertGreater(report["response"]["p90_ns"], 300 * MS)
        self.assertGreater(report["response"]["p95_ns"], 20 * report["service"]["p95_ns"])
        self.assertFalse(report["verdict"]["limited"], report["verdict"])

    def test_failures_are_counted_by_kind_and_nothing_hangs(self):
        rows = [
            ("closed without a word", hang_up, "early_close"),
            ("reset", reset, "reset"),
            ("reset in the middle of the body", reset_in_the_middle, "reset"),
            ("half dead", never, "timeout"),
            ("stalled in the middle of the body", stall_in_the_middle, "timeout"),
            ("slower than the timeout", delay(PATIENCE), "timeout"),
            ("not HTTP", says(b"SSH-2.0-hello\r\n\r\n"), "malformed"),
            ("cut off", says(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort"), "early_close"),
            ("refused", status(404), "status_4xx"),
            ("failed", status(503), "status_5xx"),
        ]
        for message, behaviour, kind in rows:
            with self.subTest(message):
                endpoint = self.upstream(behaviour=behaviour)
                # Short where it has to be waited for; elsewhere a busy machine must not make other failures timeouts.
                timeout = "2s" if kind == "timeout" else "30s"
                report = self.load(endpoint, "--rate", "50", "--duration", "1s", "--timeout", timeout,
                                   expect=0 if kind.startswith("status") else 1)
                self.assertEqual({kind: 50}, {each: n for each, n in report["failures"].items() if n})
                self.assertEqual(0, report["good"])
        with self.subTest("nobody listens"):
            report = self.load(f"127.0.0.1:{free_port()}", "--rate", "50", "--duration", "1s", expect=1)
            self.assertEqual(50, report["failures"]["connect"])

    def test_waiting_for_a_server_that_stalls_costs_nothing(self):
        # Half a second of requests, and three of waiting: whoever turns in circles meanwhile uses most of a core.
        report = self.load(self.upstream(behaviour=never), "--rate", "20", "--duration", "500ms", "--timeout", "3s",
                           expect=1)
        self.assertEqual(10, report["failures"]["timeout"])
        self.assertLess(report["verdict"]["cpu_percent"], 40)

    def test_a_server_that_closes_each_connection_fails_nobody(self):
        endpoint = self.upstream(behaviour=close_after_each)
        report = self.load(endpoint, "--rate", "100", "--duration", "1s")
        self.assertEqual((100, 100, 0), (report["good"], report["connects"], report["errors_percent"]))
        self.assertEqual(100, endpoint.accepted)

    def test_a_server_where_connecting_takes_forever(self):
        # A listener whose queue is full: the kernel answers no further connection.
        with socket.socket() as listener, contextlib.ExitStack() as queued:
            listener.bind(("127.0.0.1", 0))
            listener.listen(0)
            for _ in range(8):
                waiting = queued.enter_context(socket.socket())
                waiting.setblocking(False)
                waiting.connect_ex(listener.getsockname())
            report = self.load(f"127.0.0.1:{listener.getsockname()[1]}", "--rate", "20", "--duration", "1s",
                               "--timeout", "300ms", expect=1)
        self.assertEqual({"connect": 20}, {each: n for each, n in report["failures"].items() if n})

    def interrupt(self, endpoint, *signals):
        """Report of a run of ten minutes with a timeout of as many, which gets these signals in its course."""
        path = self.directory / "report.json"
        process = subprocess.Popen([WEIR, "load", endpoint.address, "--rate", "100", "--duration", "10m", "--timeout",
                                    "10m", "--json", str(path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   text=True)
        self.addCleanup(process.kill)
        self.eventually(lambda: "1s" in process.stderr.readline(), "a second is over")
        self.eventually(lambda: len(endpoint.requests) >= 20, "it is under way")
        for each in signals:
            process.send_signal(each)
            self.eventually(lambda: process.poll() is not None or not self.pending(process, each), "it was delivered")
        out, err = process.communicate(timeout=PATIENCE)
        return process.returncode, json.loads(path.read_text()), out + err

    @staticmethod
    def pending(process, signal_number):
        """Whether the process has yet to handle a signal: two of a kind that are pending are one."""
        with contextlib.suppress(OSError):
            with open(f"/proc/{process.pid}/status", encoding="ascii") as text:
                mask = int(re.search(r"^ShdPnd:\s*(\w+)", text.read(), re.MULTILINE).group(1), 16)
            return bool(mask & (1 << (signal_number - 1)))
        return False

    def test_an_interruption_gives_the_report(self):
        endpoint = self.upstream()
        returncode, report, printed = self.interrupt(endpoint, signal.SIGINT)
        self.assertEqual(0, returncode, printed)
        self.assertTrue(report["aborted"])
        self.assertEqual(len(endpoint.requests), report["good"])
        self.assertIn("ended before its time", printed)

    def test_a_second_interruption_waits_for_nobody(self):
        returncode, report, printed = self.interrupt(self.upstream(behaviour=never), signal.SIGINT, signal.SIGINT)
        self.assertEqual(1, returncode, printed)
        self.assertTrue(report["aborted"])
        self.assertEqual(0, report["good"])

    def test_a_server_that_goes_away_and_comes_back(self):
        endpoint = self.upstream()
        seen = threading.Event()

        def noticed(wire, request, server):
            if len(server.requests) >= 100:
                seen.set()
            return ok(wire, request, server)
        endpoint.behaviour = noticed

        def restart():
            seen.wait(60)
            endpoint.refuse()
            endpoint.ending.wait(0.5)
            endpoint.listen()
        restarter = threading.Thread(target=restart)
        restarter.start()
        report = self.load(endpoint, "--rate", "100", "--duration", "3s")
        restarter.join()
        self.assertGreater(report["failures"]["connect"], 10)
        self.assertGreater(report["good"], 150)

    def test_thresholds_decide_the_exit_status(self):
        endpoint = self.upstream()
        few = ["--rate", "100", "--duration", "1s"]
        self.load(endpoint, *few, "--threshold", "p50<5s", "--threshold", "errors<1%", "--threshold", "rate>90")
        self.load(endpoint, *few, "--threshold", "p50<1ns", expect=1)
        self.assertIn("MISSED p50<1ns", self.printed)
        self.load(endpoint, *few, "--threshold", "p99<5s", expect=1)
        self.assertIn("100 samples are too few", self.printed)
        for wrong in (["--threshold", "p99"], ["--threshold", "p99<50"], ["--duration", "5"], ["--stage", "1s"],
                      ["--plan", "/nonexistent"], ["--log", "/nonexistent"], ["--find-max"], ["--rate", "x"]):
            self.load(endpoint, *wrong, expect=2)
        self.load("nowhere.example", expect=2)

    def test_a_missed_threshold_can_end_the_run(self):
        endpoint = self.upstream(behaviour=status(500))
        report = self.load(endpoint, "--rate", "50", "--duration", "10m", "--threshold", "errors<1%", "--abort",
                           expect=1)
        self.assertTrue(report["aborted"])

    def test_a_log_is_repeated(self):
        endpoint = self.upstream()
        log = self.directory / "old.log"
        lines = [f'1.2.3.4 - - [10/Oct/2026:13:55:{second:02} +0000] "GET /page/{second}?n={n} HTTP/1.1" 200 5 "-" "x"'
                 for second in range(10) for n in range(3)]
        log.write_text("\n".join(lines + ['1.2.3.4 - - [10/Oct/2026:13:55:00 +0000] "POST /a HTTP/1.1" 200 5', "junk"]))
        report = self.load(endpoint, "--log", str(log), "--speed", "10")
        self.assertEqual(30, report["good"])
        self.assertEqual(sorted(f"/page/{second}?n={n}" for second in range(10) for n in range(3)),
                         sorted(endpoint.targets))
        self.assertAlmostEqual(1.0, report["measured_s"], places=2)
        self.assertIn("line 32 has no [time]", self.printed)

    def test_a_plan_mixes_requests_and_logs_in(self):
        def application(wire, request, server):
            body = b'{"token": "secret"}' if request.target == "/login" else b"{}"
            allowed = request.target != "/post" or request.get("authorization") == "Bearer secret"
            wire.sock.sendall(answer(body, "200 OK" if allowed else "401 No"))
            return KEEP
        endpoint = self.upstream(behaviour=application)
        plan = self.directory / "plan.yaml"
        plan.write_text(json.dumps({
            "target": endpoint.address, "rate": 100, "duration": "2s",
            "ids": {"user": {"count": 50, "zipf": "100%"}},
            "sessions": {"count": 2, "steps": [{"method": "POST", "path": "/login", "body": "{session}"}]},
            "requests": [{"name": "read", "weight": 3, "path": "/timeline/{user}"},
                         {"name": "post", "method": "POST", "path": "/post", "body": '{"text": "hello"}',
                          "headers": {"authorization": "Bearer {token}"}}]}))
        done = run("load", "--plan", str(plan), "--quiet", timeout=60)
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        self.assertIn("good 200 (", done.stdout)
        posts = endpoint.of("POST")
        self.assertEqual({b"1", b"2"}, {each.body for each in posts if each.target == "/login"})
        self.assertIn(len([each for each in posts if each.target == "/post"]), range(25, 76))
        self.assertTrue(all(re.fullmatch(r"/timeline/([1-9]|[1-4]\d|50)", each.target) for each in endpoint.of("GET")))

    def test_a_closed_loop_and_the_comparison_of_two_reports(self):
        endpoint = self.upstream()
        first, second = self.directory / "a.json", self.directory / "b.json"
        for path, connections in ((first, "1"), (second, "4")):
            path.write_text(json.dumps(self.load(endpoint, "--connections", connections, "--duration", "1s")))
        done = run("load", "compare", str(first), str(second))
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertIn("closed loop of 4 connections", done.stdout)
        self.assertRegex(done.stdout, r"completed +[\d.]+/s +[\d.]+/s +[+-][\d.]+/s +[\d.]+x")
        page = self.directory / "both.html"
        done = run("load", "compare", str(first), str(second), "--html", str(page))
        self.assertEqual(0, done.returncode, done.stderr)
        text = page.read_text()
        self.assertNotRegex(text, r'(?:src|href)=|url\(|<script')
        self.assertEqual(6, text.count("</svg>"), "the curves, latencies and rates, in two widths")
        self.assertIn("closed loop of 1 connections", text)
        self.assertIn("closed loop of 4 connections", text)
        first.write_text("{}")
        wrong = run("load", "compare", str(first), str(second))
        self.assertEqual(2, wrong.returncode)
        self.assertIn("is no report of weir load", wrong.stderr)

    def test_the_highest_rate_of_a_server_of_known_capacity(self):
        endpoint = self.upstream(behaviour=one_by_one(0.01))
        # A hundred per second at most, and what a busy machine leaves of it.
        capacity = self.load(endpoint, "--connections", "4", "--duration", "2s")["good_per_s"]
        done = run("load", endpoint.address, "--quiet", "--find-max", "--slo", "p75<100ms", "--slo", "errors<1%",
                   "--rate", "40", "--duration", "2s", "--timeout", "1s", timeout=120)
        if "the generator, not the server, was the limit" in done.stdout:
            self.skipTest("this machine is too busy to measure anything: " + done.stdout)
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        found = float(re.search(r"held 3 times: ([\d.]+)/s", done.stdout).group(1))
        # The queue that two seconds above its capacity build up is what breaks the limit.
        self.assertGreater(found, 0.5 * capacity)
        self.assertLess(found, 112)
        self.load(endpoint, "--find-max", "--slo", "p99<100ms", "--rate", "40", "--duration", "1s", expect=2)
        self.assertIn("40 samples are too few", self.printed)

    def test_a_generator_that_cannot_keep_its_schedule_judges_no_server(self):
        def stops_half_the_time(process):
            while process.poll() is None:
                process.send_signal(signal.SIGSTOP)
                endpoint.ending.wait(0.5)
                process.send_signal(signal.SIGCONT)
                endpoint.ending.wait(0.5)
        endpoint = self.upstream()
        process = subprocess.Popen([WEIR, "load", endpoint.address, "--find-max", "--slo", "p75<50ms", "--rate", "50",
                                    "--duration", "2s"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        stopper = threading.Thread(target=stops_half_the_time, args=(process,))
        stopper.start()
        out, err = process.communicate(timeout=PATIENCE)
        stopper.join()
        self.assertEqual(1, process.returncode, out + err)
        self.assertIn("the generator, not the server, was the limit at 50.0/s", out)
        self.assertIn("use more --workers; no rate held before", out)
        self.assertNotIn("breaks", err)

    def test_the_page_needs_nothing_else(self):
        page = self.directory / "page.html"
        self.load(self.upstream(), "--rate", "100", "--duration", "2s", "--html", str(page))
        text = page.read_text()
        self.assertNotRegex(text, r'(?:src|href)=|url\(|<script')
        self.assertEqual(6, text.count("</svg>"), "rates, latencies and the curve, in two widths")


if __name__ == "__main__":
    unittest.main()
