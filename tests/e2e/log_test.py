"""The access log: one valid JSON object per request, whatever clients send; nothing breaks out of its field or line."""

import contextlib
import json
import os
import pathlib
import signal
import subprocess
import unittest

from harness.case import Case
from harness.upstream import never, ok, says, status
from harness.waiting import PATIENCE
from harness.wire import request


class Log(Case):
    def lines(self, count, path=None):
        """The parsed log once it has so many lines; each line must parse."""
        path = path or self.log_path
        text = self.eventually(lambda: path.exists() and path.read_bytes().count(b"\n") >= count and path.read_bytes(),
                               lambda: f"{count} lines; {path.read_bytes() if path.exists() else None!r}")
        lines = text.decode("utf-8").split("\n")
        self.assertEqual("", lines[-1], "the last line is whole")
        self.assertEqual(count, len(lines) - 1, text)
        return [json.loads(line) for line in lines[:-1]]

    def start(self, behaviour=ok, stdout=None, **options):
        self.a = self.upstream("a", behaviour)
        self.proxy = self.weir(self.config([self.a], **options), stdout=stdout)

    def test_fields(self):
        self.start()
        response = self.ask("PUT", "/path?query=1", ("User-Agent", "test/1"), body=b"12345")
        [line] = self.lines(1)
        expected = {"listener": "web", "client": "127.0.0.1", "method": "PUT", "host": "example.org",
                    "target": "/path?query=1", "status": 200, "bytes_in": 5, "bytes_out": 1, "cluster": "app",
                    "endpoint": self.a.address, "request_id": response.get("x-request-id"), "user_agent": "test/1"}
        self.assertEqual(expected, {key: line.get(key) for key in expected})
        self.assertRegex(line["time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
        self.assertTrue(0 < line["duration_us"] < 10_000_000, line)

    def test_every_field_that_is_documented(self):
        """docs/observability.md has a table; a name that is only there, or only here, helps nobody."""
        with open(os.path.join(os.path.dirname(__file__), "../../docs/observability.md")) as page:
            table = page.read().split("## Access log")[1].split("## ")[0]
        documented = {name for line in table.splitlines() if line.startswith("| `")
                      for name in line.split("|")[1].replace("`", "").replace(" ", "").split(",")}
        check = {"http": "/healthz", "interval": "20ms", "timeout": "20ms"}  # which fails: panic is logged, too
        self.start(status(503), route={"retry": "off", "timeout": "5s"},
                   cluster={"outlier_detection": "off", "health_check": check})
        self.ask("GET", "/", ("User-Agent", "x"))
        self.a.behaviour = says(b"garbage\r\n\r\n")
        self.ask()
        self.a.behaviour = never
        client = self.client()
        client.send(request("GET", "/left"))
        self.eventually(lambda: "/left" in self.a.targets, "the request has arrived")
        client.close()
        # These need a client's certificate and a switch: the stories of TLS and of switches read them.
        elsewhere = {"tls", "cipher", "sni", "resumed", "client_certificate", "switch"}
        written = set().union(elsewhere, *self.lines(3))
        self.assertEqual(set(), written - documented, "written, but not documented")
        self.assertEqual(set(), documented - written, "documented, but never written")

    def test_a_refusal_is_explained(self):
        self.start(says(b"garbage\r\n\r\n"), route={"retry": "off"})
        response = self.ask()
        [line] = self.lines(1)
        self.assertEqual((502, response.get("x-weir-refusal")), (line["status"], line["refusal"]))

    def test_an_abort_is_told(self):
        self.start(never, route={"timeout": "60s"})
        client = self.client()
        client.send(request("GET", "/left"))
        self.eventually(lambda: self.a.waiting, "the request has arrived")
        client.close()
        [line] = self.lines(1)
        self.assertEqual("/left", line["target"])
        self.assertNotEqual(200, line["status"], line)

    HOSTILE = [
        b'"', b'\\', b'\\"', b'","status":200,"x":"', b"\x7f", b"\x80\xff\xfe", b"\xc3", b"\xc3\xa9", b"\xed\xa0\x80",
        b"\xf4\x90\x80\x80", b"\xf0\x9f\x8c\x8a", b"</script>", b"\xe2\x80\xa8", b"%0d%0a", b"\t", b"\\u0000", b"{}[]",
    ]

    def test_hostile_bytes(self):
        self.start()
        count = 0
        for evil in self.HOSTILE:
            for data in (b"GET / HTTP/1.1\r\nHost: a\r\nUser-Agent: x" + evil + b"y\r\n\r\n",
                         b"GET /" + evil + b" HTTP/1.1\r\nHost: a\r\n\r\n",
                         b"GET / HTTP/1.1\r\nHost: a" + evil + b"\r\n\r\n",
                         b"G" + evil + b" / HTTP/1.1\r\nHost: a\r\n\r\n"):
                client = self.client()
                client.send(data)
                client.response()
                client.close()
                count += 1
        for line in self.lines(count):
            self.assertIn(line["status"], (200, 400), line)
            self.assertNotIn("x", line, "an injected field")

    def test_injection_of_lines(self):
        self.start()
        rows = [
            b"GET /\n{\"status\":200} HTTP/1.1\r\nHost: a\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: a\r\nUser-Agent: x\r{\"fake\":1}\r\n\r\n",
            b"GET /%0a{\"fake\":1} HTTP/1.1\r\nHost: a\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: a\r\nUser-Agent: \xe2\x80\xa8{\"fake\":1}\r\n\r\n",
        ]
        for data in rows:
            client = self.client()
            client.send(data)
            client.response()
            client.close()
        for line in self.lines(len(rows)):
            self.assertNotIn("fake", line)
            self.assertIn("client", line)

    def test_rotation(self):
        """The file is moved away; SIGHUP opens the name anew, and no line is lost."""
        self.start()
        self.ask("GET", "/before")
        self.lines(1)
        moved = self.directory / "access.log.1"
        self.log_path.rename(moved)
        self.ask("GET", "/between")
        self.lines(2, moved)
        self.proxy.signal(signal.SIGHUP)
        self.eventually(self.log_path.exists, "the name is there again")
        self.ask("GET", "/after")
        self.assertEqual(["/after"], [line["target"] for line in self.lines(1)])

    def test_stdout(self):
        self.start(listener={"access_log": "stdout"})
        self.ask("GET", "/out")
        self.eventually(lambda: "/out" in self.proxy.stdout(), self.proxy.stdout)
        self.assertEqual("/out", json.loads(self.proxy.stdout())["target"])
        self.assertNotIn("/out", self.proxy.stderr(), "the log of events is another one")

    def fill_stdout(self):
        """A reader of our stdout that has stopped reading: the pipe is full, and the log's writer stuck."""
        self.start(listener={"access_log": "stdout"}, stdout="pipe")
        client = self.client()
        for _ in range(600):
            self.assert_status(200, client.ask("GET", "/" + "x" * 1000), "nobody waits for the log")

    def test_a_stopped_reader_of_stdout_does_not_hold_up_the_end(self):
        self.fill_stdout()
        self.proxy.signal(signal.SIGTERM)
        try:
            self.assertEqual(0, self.proxy.process.wait(PATIENCE))
        except subprocess.TimeoutExpired:
            self.fail(f"still there {PATIENCE} s after SIGTERM")

    def test_nor_a_reload(self):
        self.fill_stdout()
        self.proxy.write(self.config([self.a]))
        self.proxy.post("/reload")
        clients = [self.client() for _ in range(8)]
        for client in clients:
            self.assert_status(200, client.ask())
        self.assertIsNotNone(self.proxy.process.stdout.read1(65536))  # lets the writer finish

    def test_a_reader_that_left(self):
        self.start(listener={"access_log": "stdout"}, stdout="pipe")
        self.proxy.process.stdout.close()
        client = self.client()
        for _ in range(200):
            self.assert_status(200, client.ask())

    def open_files(self):
        paths = []
        for each in pathlib.Path(f"/proc/{self.proxy.process.pid}/fd").iterdir():
            with contextlib.suppress(OSError):  # closed meanwhile
                paths.append(os.readlink(each))
        return paths

    def test_another_file_by_reload(self):
        self.start()
        self.ask("GET", "/one")
        self.lines(1)
        other = self.directory / "other.log"
        self.proxy.write(self.config([self.a], listener={"access_log": str(other)}))
        self.proxy.post("/reload")
        self.eventually(other.exists, "the other file is there")
        self.eventually(lambda: self.ask("GET", "/two") and other.read_text(), "requests are logged there")
        self.eventually(lambda: str(self.log_path) not in self.open_files(), "the former one is closed")
        self.proxy.write(self.config([self.a], listener={"access_log": "/nowhere/at/all"}))
        self.assert_status(409, self.proxy.admin("POST", "/reload"), "a file that cannot be opened")
        self.assert_status(200, self.ask())

    def test_a_full_disk_stops_nobody(self):
        self.start(listener={"access_log": "/dev/full"})
        client = self.client()
        for _ in range(200):
            self.assert_status(200, client.ask())


if __name__ == "__main__":
    unittest.main()
