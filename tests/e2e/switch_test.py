"""Degradation switches and maintenance: thrown by an operator with weir ctl, in the middle of the traffic."""

import itertools
import json
import subprocess
import unittest

from harness.case import Case
from harness.load import Load
from harness.ports import free_port
from harness.waiting import PATIENCE
from harness.weir import run
from harness.wire import ask

try:
    import grpc
except ImportError:
    grpc = None


class Switched(Case):
    def start(self, *routes, listener=None, clusters=None, **options):
        """Routes of their own before the one to app."""
        self.endpoint = self.upstream("a")
        config = self.config([self.endpoint], listener=listener, **options)
        config["clusters"] |= clusters or {}
        config["listeners"][0]["routes"][:0] = routes
        self.proxy = self.weir(config)
        return config

    def ctl(self, *arguments):
        return run("ctl", "--admin", f"127.0.0.1:{self.proxy.admin_port}", *arguments)

    def throw(self, *arguments):
        done = self.ctl(*arguments)
        self.assertEqual(0, done.returncode, done.stderr)
        return done.stdout

    def log(self):
        return [json.loads(line) for line in self.log_path.read_text().splitlines()]


class Switches(Switched):
    def test_under_load_no_request_fails(self):
        self.start({"match": {"path": "/reviews"}, "to": "app",
                    "switch": {"name": "reviews", "fallback": {"status": 200, "body": "[]"}}}, workers=2)
        with Load(self.port, threads=6, target="/reviews") as load:
            for _ in range(3):
                self.throw("switch", "off", "reviews")
                seen = len(load.answers)
                self.eventually(lambda: len(load.answers) > seen + 100, load.text)
                # Whatever began after the command had returned is answered from the fallback, by every worker; of each
                # thread's requests one had begun before.
                self.assertLessEqual(sum(each.instance != "" for each in load.answers[seen:seen + 100]), 6)
                self.throw("switch", "on", "reviews")
                seen = len(load.answers)
                self.eventually(lambda: len(load.answers) > seen + 100, load.text)
                self.assertLessEqual(sum(each.instance != "a" for each in load.answers[seen:seen + 100]), 6)
            load.stop()
        self.assertEqual([], load.failed()[:5])

    def test_the_fallback_is_what_is_written(self):
        page = self.directory / "sorry.html"
        page.write_text("<h1>Sorry</h1>\n<p>Soon.</p>\n")
        self.start({"match": {"path": "/a"}, "to": "app", "switch": "shop"},
                   {"match": {"path": "/b"}, "to": "app", "switch": {"name": "shop", "fallback": {
                       "status": 503, "file": str(page), "content_type": "text/html", "retry_after": "1500ms"}}},
                   {"match": {"path": "/c"}, "to": "app", "switch": {"name": "shop", "fallback": {"status": 204}}})
        for path in "abc":
            self.assertEqual(b"a", self.ask("GET", f"/{path}").body)
        self.throw("switch", "off", "shop")
        answer = self.ask("GET", "/a")
        self.assert_status(503, answer)
        self.assertEqual("switched_off", json.loads(answer.body)["error"])
        answer = self.ask("GET", "/b")
        self.assert_status(503, answer)
        self.assertEqual(page.read_bytes(), answer.body)
        self.assertEqual(("text/html", "2"), (answer.get("content-type"), answer.get("retry-after")))
        self.assertIsNotNone(answer.get("x-request-id"))
        answer = self.ask("HEAD", "/b")
        self.assertEqual((str(page.stat().st_size), b""), (answer.get("content-length"), answer.body))
        answer = self.ask("GET", "/c")
        self.assert_status(204, answer)
        self.assertEqual(b"", answer.body)
        self.assertEqual(b"a", self.ask("GET", "/other").body, "routes without the switch go on")
        self.assertEqual(4, len(self.endpoint.requests))
        self.eventually(lambda: len(self.log()) == 8, self.log)
        # Workers write their lines when they come to it, so their order says nothing.
        switched = sorted(line["target"] for line in self.log() if line.get("switch") == "shop")
        self.assertEqual(["/a", "/b", "/b", "/c"], switched)

    def test_a_body_that_still_comes_is_no_trouble(self):
        self.start({"match": {"path": "/a"}, "to": "app", "switch": "shop"})
        self.throw("switch", "off", "shop")
        client = self.client()
        client.send(b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 300000\r\n\r\n" + b"x" * 1000)
        self.assert_status(503, client.response())

    def test_another_cluster_as_fallback(self):
        backup = self.upstream("backup")
        config = self.start({"match": {"path": "/a"}, "to": "app",
                             "switch": {"name": "search", "fallback_to": "backup"}},
                            clusters={"backup": [backup.address]})
        config["listeners"][0]["routes"][0]["switch"]["fallback_to"] = "nowhere"
        self.proxy.write(config)
        refused = self.ctl("reload")
        self.assertIn('unknown cluster "nowhere"', refused.stderr)
        config["listeners"][0]["routes"][0]["switch"]["fallback_to"] = "backup"
        self.proxy.write(config)
        self.throw("reload")
        self.assertEqual(b"a", self.ask("GET", "/a").body)
        self.throw("switch", "off", "search")
        self.assertEqual(b"backup", self.ask("GET", "/a").body)
        self.assertEqual(1, self.proxy.metric("weir_listener_cluster_requests_total", cluster="backup"))
        self.throw("switch", "on", "search")
        self.assertEqual(b"a", self.ask("GET", "/a").body)

    def test_what_was_thrown_holds_over_reloads(self):
        config = self.start({"match": {"path": "/a"}, "to": "app", "switch": "shop"})
        self.throw("switch", "off", "shop")
        for _ in range(3):
            self.throw("reload")
            self.assert_status(503, self.ask("GET", "/a"))
        config["listeners"][0]["routes"][0].pop("switch")
        self.proxy.write(config)
        self.throw("reload")
        self.eventually(lambda: self.proxy.metric("weir_config_settled") == 1, "settled")
        self.assert_status(200, self.ask("GET", "/a"))

    def test_what_was_thrown_holds_over_upgrades(self):
        """Also while both processes serve, and over one more upgrade than the one whose process threw it."""
        fallback = {"status": 200, "body": "[]"}
        self.start({"match": {"path": "/a"}, "to": "app", "switch": {"name": "shop", "fallback": fallback}},
                   {"match": {"path": "/b"}, "to": "app", "switch": "search"}, workers=2,
                   listener={"maintenance": {"status": 503, "body": "back at noon"}})
        self.throw("switch", "off", "shop")
        self.throw("switch", "off", "search")
        self.throw("switch", "on", "search")
        with Load(self.port, threads=3, target="/a", per_connection=1) as load:
            self.eventually(lambda: len(load.answers) > 20, load.text)
            for _ in range(2):
                done = self.proxy.upgrade()
                self.assertEqual(0, done.returncode, f"{done}\n{self.proxy.stderr()}")
                seen = len(load.answers)
                self.eventually(lambda: len(load.answers) > seen + 50, load.text)
        self.assertEqual([], load.failed()[:5])
        self.assertEqual(0, len(self.endpoint.requests), "nobody has slipped through")
        self.assertEqual(b"a", self.ask("GET", "/b").body, "what is on again is on")
        listed = {each["name"]: each["off"] for each in json.loads(self.throw("switches", "--json"))["switches"]}
        self.assertEqual({"shop": True, "search": False, "listener:web": False}, listed)
        self.throw("switch", "on", "shop")
        self.throw("maintenance", "on", "web")
        self.assertEqual(0, self.proxy.upgrade().returncode, self.proxy.stderr())
        self.assertEqual(b"back at noon", self.ask("GET", "/a").body)
        self.throw("maintenance", "off", "web")
        self.assertEqual(b"a", self.ask("GET", "/a").body)

    def test_what_is_not_named_for_a_while_holds_over_upgrades_too(self):
        """The configuration that is without the switch, or the one that has it again, comes with the new binary."""
        for without, again in itertools.product(("reload", "upgrade"), repeat=2):
            with self.subTest(f"{without}, {again}"):
                self.port = free_port()
                config = self.start({"match": {"path": "/a"}, "to": "app", "switch": "shop"})
                self.throw("switch", "off", "shop")
                route = config["listeners"][0]["routes"][0]
                for how in (without, again):
                    if not route.pop("switch", None):
                        route["switch"] = "shop"
                    self.proxy.write(config)
                    done = self.ctl("reload") if how == "reload" else self.proxy.upgrade()
                    self.assertEqual(0, done.returncode, done)
                    self.assert_status(503 if "switch" in route else 200, self.ask("GET", "/a"), how)

    def test_what_was_thrown_holds_over_an_upgrade_that_does_not_know_it(self):
        config = self.start({"match": {"path": "/a"}, "to": "app", "switch": "shop"})
        self.throw("switch", "off", "shop")
        named = json.loads(json.dumps(config))
        config["listeners"][0]["routes"][0].pop("switch")
        self.proxy.write(config)
        self.throw("reload")
        done = self.proxy.upgrade()
        self.assertEqual(0, done.returncode, f"{done}\n{self.proxy.stderr()}")
        self.assert_status(200, self.ask("GET", "/a"), "no route has the switch")
        self.proxy.write(named)
        self.throw("reload")
        self.eventually(lambda: self.proxy.metric("weir_config_settled") == 1, "settled")
        self.assert_status(503, self.ask("GET", "/a"), "it has not been thrown back")

    def test_what_answers_grpc_says_what_it_is(self):
        self.start({"match": {"path": "/route"}, "respond": {"status": 503}},
                   {"match": {"path": "/switch"}, "to": "app", "switch": "shop"})
        grpc = ("Content-Type", "application/grpc")

        def message(path):
            return self.ask("POST", path, grpc, body=b"").get("grpc-message")

        self.throw("switch", "off", "shop")
        self.assertEqual("Answered by the route.", message("/route"))
        self.assertEqual("This is switched off for now.", message("/switch"))
        self.throw("maintenance", "on")
        self.assertEqual("The listener is in maintenance.", message("/route"))

    def test_everybody_can_see_it(self):
        self.start({"match": {"path": "/a"}, "to": "app", "switch": {"name": "shop", "fallback": {"status": 200}}})
        self.assertEqual(0, self.proxy.metric("weir_switch_off", name="shop"))
        self.assertRegex(self.throw("switches"), r"(?m)^shop +on +never +web /a: answers 200$")
        self.assertEqual("shop is off\n", self.throw("switch", "off", "shop"))
        self.assertEqual(1, self.proxy.metric("weir_switch_off", name="shop"))
        self.assertRegex(self.throw("switches"), r"(?m)^shop +off +\d+s ago +web /a: answers 200$")
        listed = {each["name"]: each for each in json.loads(self.throw("switches", "--json"))["switches"]}
        self.assertEqual({"shop": True, "listener:web": False}, {name: each["off"] for name, each in listed.items()})
        marks = json.loads(self.proxy.admin("GET", "/marks").body)["marks"]
        self.assertEqual([("fault", "switch shop off")], [(each["kind"], each["label"]) for each in marks])

    def test_mistakes_are_explained(self):
        self.start({"match": {"path": "/a"}, "to": "app", "switch": "reviews"})
        wrong = self.ctl("switch", "off", "revews")
        self.assertEqual(2, wrong.returncode)
        self.assertIn('there is no switch "revews"; did you mean reviews?', wrong.stderr)
        self.assertEqual(400, self.proxy.admin("POST", "/switch?name=reviews&state=half").status)
        self.assertEqual(400, self.proxy.admin("POST", "/switch?state=off").status)
        self.assertNotEqual(0, self.ctl("switch", "half", "reviews").returncode)
        self.assert_status(200, self.ask("GET", "/a"))


@unittest.skipIf(grpc is None, "python3-grpcio is not installed")
class Grpc(Switched):
    """A client from gRPC's own library: any HTTP status but 200 would be a broken proxy to it, and a body nonsense."""

    def start_with(self, fallback):
        self.start({"match": {"path": "/story.Service/*"}, "to": "app",
                    "switch": {"name": "calls"} | ({"fallback": fallback} if fallback else {})})
        self.throw("switch", "off", "calls")

    def call(self, kind="unary_unary"):
        """How the call ended, and what was said of it."""
        with grpc.insecure_channel(f"127.0.0.1:{self.port}") as channel:
            with self.assertRaises(grpc.RpcError) as raised:
                answer = getattr(channel, kind)("/story.Service/Call")(b"question", timeout=PATIENCE)
                for _ in answer if kind == "unary_stream" else ():
                    pass
        self.assertEqual(0, len(self.endpoint.requests))
        return raised.exception

    def test_calls_of_both_kinds_are_answered_in_their_words(self):
        self.start_with(None)
        for kind in ("unary_unary", "unary_stream"):
            error = self.call(kind)
            self.assertEqual(grpc.StatusCode.UNAVAILABLE, error.code())
            self.assertEqual("This is switched off for now.", error.details())
            self.assertIn("x-request-id", dict(error.trailing_metadata()))

    def test_the_status_is_200_and_the_fallbacks_body_stays_out(self):
        """What gRPC's library hides. curl 7.88 would lose an answer that comes before a body has ended, whoever gives it
        (RST_STREAM with NO_ERROR, RFC 9113 section 8.1): it sends none."""
        self.start_with({"status": 503, "body": "<h1>Sorry</h1>", "content_type": "text/html", "retry_after": "1s"})
        said = subprocess.run(["curl", "-sS", "-i", "--http2-prior-knowledge", "-H", "Content-Type: application/grpc",
                               "-H", "TE: trailers", "-X", "POST", "--max-time", str(PATIENCE),
                               f"http://127.0.0.1:{self.port}/story.Service/Call"],
                              capture_output=True, text=True, check=True).stdout
        head, _, body = said.partition("\n\n")
        lines = head.splitlines()
        self.assertEqual(("HTTP/2 200", ""), (lines[0].strip(), body))
        fields = dict(line.split(": ", 1) for line in lines[1:])
        self.assertEqual(("application/grpc", "14"), (fields["content-type"], fields["grpc-status"]))
        self.assertEqual(grpc.StatusCode.UNAVAILABLE, self.call().code())
        plain = self.ask("GET", "/story.Service/Call")
        self.assertEqual((503, b"<h1>Sorry</h1>"), (plain.status, plain.body), "who is no gRPC client gets the body")
        self.eventually(lambda: len(self.log()) == 3, self.log)
        self.assertEqual(["calls"] * 3, [line.get("switch") for line in self.log()])

    def test_maintenance_too(self):
        self.start()
        self.throw("maintenance", "on")
        self.assertEqual(grpc.StatusCode.UNAVAILABLE, self.call().code())


class FixedResponses(Switched):
    def test_a_route_may_answer_by_itself(self):
        self.start({"match": {"path": "/gone"}, "respond": {"status": 410, "body": "It is gone."}},
                   {"match": {"path": "/robots.txt"}, "respond": {"status": 200, "body": "User-agent: *"}})
        answer = self.ask("GET", "/gone")
        self.assert_status(410, answer)
        self.assertEqual((b"It is gone.", "text/plain; charset=utf-8"), (answer.body, answer.get("content-type")))
        self.assertEqual(b"User-agent: *", self.ask("GET", "/robots.txt").body)
        self.assertEqual(b"a", self.ask().body)
        self.assertEqual(1, len(self.endpoint.requests))


class Maintenance(Switched):
    def test_one_listener_or_all(self):
        other = free_port()
        config = self.start(listener={"maintenance": {"status": 503, "body": "back at noon", "retry_after": "1h"}})
        config["listeners"].append({"name": "api", "http": f"127.0.0.1:{other}", "access_log": "off", "to": "app"})
        self.proxy.write(config)
        self.throw("reload")
        self.assertEqual("web: maintenance is on\n", self.throw("maintenance", "on", "web"))
        answer = self.ask()
        self.assert_status(503, answer)
        self.assertEqual((b"back at noon", "3600"), (answer.body, answer.get("retry-after")))
        self.assert_status(200, ask(other))
        self.throw("maintenance", "on")
        self.assert_status(503, ask(other))
        self.assertEqual({"error", "message"}, set(json.loads(ask(other).body)))
        self.assertEqual(200, self.proxy.admin("GET", "/healthz").status, "the admin interface is not under maintenance")
        self.throw("maintenance", "off")
        self.assert_status(200, self.ask())
        self.assert_status(200, ask(other))
        self.assertIn("no switch", self.ctl("maintenance", "on", "nobody").stderr)


if __name__ == "__main__":
    unittest.main()
