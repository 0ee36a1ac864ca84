"""Why a request went as it did: from its request id to the whole story, for all that failed and for a sample."""

import json
import threading
import unittest

from harness.case import Case
from harness.http2 import Http2Client
from harness.ports import free_port
from harness.upstream import CLOSE, gated, hang_up, never, ok, status
from harness.weir import run
from harness.wire import request

QUIET = {"outlier_detection": "off"}
NO_SAMPLE = {"sample_per_mille": 0}


class ExplainCase(Case):
    def explain(self, response_or_id):
        """The explanation of a response that the client got, or of a request id."""
        request_id = response_or_id if isinstance(response_or_id, str) else response_or_id.get("x-request-id")
        self.assertTrue(request_id, "an answer names its request")
        # A client may have its answer a moment before the worker has put its papers away.
        self.eventually(lambda: self.proxy.admin("GET", f"/explain/{request_id}").status == 200, "it is remembered")
        story = json.loads(self.proxy.admin("GET", f"/explain/{request_id}").body)
        self.assertEqual(request_id, story["id"])
        return story

    def text(self, *arguments, expect=0):
        done = run("ctl", "--admin", f"127.0.0.1:{self.proxy.admin_port}", "explain", *arguments)
        self.assertEqual(expect, done.returncode, done.stderr)
        return done.stdout if expect == 0 else done.stderr

    def listed(self, query=""):
        answer = self.proxy.admin("GET", f"/explain{query}")
        self.assert_status(200, answer)
        return json.loads(answer.body)

    def start(self, endpoints, **options):
        options = {"cluster": QUIET, "workers": 1, "explain": NO_SAMPLE} | options
        self.proxy = self.weir(self.config(endpoints, **options))
        return self.proxy


class Failures(ExplainCase):
    def test_a_retry_that_failed_too(self):
        a, b = self.upstream("a", status(503)), self.upstream("b", hang_up)
        self.start([a, b], route={"match": {"path": "/api/*"}, "retry": {"attempts": 2}, "timeout": "9s"})
        response = self.ask("GET", "/api/x?secret=1")
        story = self.explain(response)
        self.assertEqual("failure", story["kept"])
        self.assertEqual({"listener": "web", "client": "127.0.0.1", "protocol": "HTTP/1.1", "method": "GET",
                          "host": story["request"]["host"], "path": "/api/x"}, story["request"])
        self.assertNotIn("secret", json.dumps(story), "a query may hold what is nobody's business")
        self.assertEqual((0, "path /api/*", 9000, 2),
                         tuple(story["route"][each] for each in ("index", "match", "timeout_ms", "attempts")))
        self.assertEqual("app", story["target"]["cluster"])
        self.assertEqual((1, False), (story["admission"]["requests_in_use"], story["admission"]["queued"]))

        self.assertEqual(2, story["attempts_made"])
        first, second = story["attempts"]
        self.assertEqual({a.address, b.address}, {first["endpoint"], second["endpoint"]})
        for attempt in (first, second):
            if attempt["endpoint"] == a.address:
                self.assertEqual((503, None), (attempt["status"], attempt["failure"]))
            else:
                self.assertEqual((None, "closed_early", "upstream"),
                                 (attempt["status"], attempt["failure"], attempt["fault"]))
        self.assertEqual("retried", first["verdict"])
        self.assertEqual(99, first["budget_left"], "the reserve of ten a second for ten seconds, less this one")
        self.assertEqual("no_attempt_left", second["verdict"])
        self.assertLessEqual(first["sent_ms"], first["end_ms"])
        self.assertLessEqual(first["end_ms"], second["sent_ms"])
        self.assertLessEqual(second["end_ms"], story["answer"]["total_ms"])
        self.assertEqual("new", first["connection"])

        # P2C compares all of so few, and does not look at what was tried.
        self.assertEqual({a.address, b.address}, {each["endpoint"] for each in first["compared"]})
        self.assertEqual([second["endpoint"]], [each["endpoint"] for each in second["compared"]])
        (capture,) = story["candidates"]
        self.assertEqual((2, "choice", 2), (capture["attempt"], capture["as_of"], capture["endpoints"]))
        self.assertEqual({"healthy"}, {each["health"] for each in capture["list"]})

        answer = story["answer"]
        self.assertEqual(response.status, answer["status"])
        last_was_b = second["endpoint"] == b.address
        self.assertEqual("weir" if last_was_b else "endpoint", answer["by"])
        self.assertEqual("upstream_reset" if last_was_b else None, answer["rule"])

        said = self.text(response.get("x-request-id"))
        for part in ("kept because it went wrong", "GET /api/x host", "route     0", "path /api/*", "attempt 1 ",
                     "tried again after", "retry.attempts is reached", f"answer    {response.status} by "):
            self.assertIn(part, said)
        again = json.loads(self.text("--json", response.get("x-request-id")))
        self.assertEqual(story | {"at": 0}, again | {"at": 0}, "but for the wall clock, which is coarse")

    def test_a_post_is_not_tried_again(self):
        self.start([self.upstream("a", hang_up)])
        story = self.explain(self.ask("POST", "/", body=b"abc"))
        self.assertEqual("not_idempotent", story["attempts"][0]["verdict"])
        self.assertEqual(3, story["answer"]["bytes_in"])

    def test_nobody_to_connect_to(self):
        dead = [f"127.0.0.1:{free_port()}" for _ in range(3)]
        self.start(dead)
        story = self.explain(self.ask())
        self.assertEqual(["asked_next", "asked_next", "nobody_left"], [each["verdict"] for each in story["attempts"]])
        self.assertEqual({"connect_refused"}, {each["failure"] for each in story["attempts"]})
        self.assertEqual(set(dead), {each["endpoint"] for each in story["attempts"]})
        self.assertEqual(("connect_failed", "weir"), (story["answer"]["rule"], story["answer"]["by"]))

    def test_a_timeout_names_its_limit(self):
        self.start([self.upstream("a", never)], route={"retry": {"attempts": 1, "per_try_timeout": "120ms"}})
        story = self.explain(self.ask())
        self.assertEqual(("try_timeout", "retry.per_try_timeout", 120, 504),
                         tuple(story["answer"][each] for each in ("rule", "limit", "value", "status")))
        attempt = story["attempts"][0]
        self.assertEqual(("timeout", "upstream", "no_attempt_left", None),
                         tuple(attempt[each] for each in ("failure", "fault", "verdict", "first_byte_ms")))
        self.assertGreaterEqual(attempt["end_ms"] - attempt["sent_ms"], 100)

    def test_a_full_circuit(self):
        a = self.upstream("a", never)
        self.start([a], cluster=QUIET | {"circuit_breaker": {"max_requests": 2, "max_pending": 1,
                                                             "pending_timeout": "100ms"}})
        for _ in range(2):
            self.client().send(request("GET", "/"))
        self.eventually(lambda: len(a.requests) == 2, "both are in flight")
        story = self.explain(self.ask())
        self.assertEqual(("pending_timeout", "circuit_breaker.pending_timeout", 100),
                         tuple(story["answer"][each] for each in ("rule", "limit", "value")))
        admission = story["admission"]
        self.assertEqual((2, 2, True, 1, 1),
                         tuple(admission[each] for each in
                               ("requests_in_use", "max_requests", "queued", "pending", "max_pending")))
        self.assertGreaterEqual(admission["queued_ms"], 90)
        self.assertEqual([], story["attempts"])
        (capture,) = story["candidates"]
        self.assertEqual(("end", a.address, 2),
                         (capture["as_of"], capture["list"][0]["endpoint"], capture["list"][0]["in_flight"]))
        self.assertIn("in the queue", self.text(story["id"]))

    def test_no_route(self):
        self.start([self.upstream("a")], route={"match": {"host": "elsewhere.example"}})
        story = self.explain(self.ask())
        self.assertEqual((None, None, None, []),
                         tuple(story[each] for each in ("route", "target", "admission", "attempts")))
        self.assertEqual((404, "no_route"), (story["answer"]["status"], story["answer"]["rule"]))
        self.assertIn("none of the listener's matches", self.text(story["id"]))
        story = self.explain(self.ask("GET", "/a/%2e%2e/b"))
        self.assertEqual((None, 400, "bad_path"), (story["route"], story["answer"]["status"], story["answer"]["rule"]))
        self.assertIn("refused before one was chosen", self.text(story["id"]))

    def test_a_refusal_after_a_request_to_a_larger_cluster(self):
        """Nothing of the request before may be taken for this one's: the memory is the same."""
        self.start([self.upstream(str(i)) for i in range(5)])
        self.assert_status(200, self.ask())
        client = self.client()
        client.send(b"CONNECT a.test:1 HTTP/1.1\r\nHost: a.test:1\r\n\r\n")
        response = client.response()
        self.assert_status(501, response)
        self.assertEqual([], self.explain(response)["attempts"])
        self.assertNotIn("tried=", response.get("x-weir-refusal"))

    def test_a_client_that_gave_up(self):
        a = self.upstream("a", never)
        self.start([a])
        client = self.client()
        client.send(request("GET", "/slow"))
        self.eventually(lambda: a.requests, "it arrived")
        client.close()
        (summary,) = self.eventually(lambda: self.listed()["requests"], "it is remembered")
        story = self.explain(summary["id"])
        self.assertEqual(("client_left", None), (story["answer"]["by"], story["answer"]["status"]))
        self.assertEqual("downstream", story["attempts"][0]["fault"])

    def test_a_response_that_was_broken_off(self):
        def half(wire, _request, _server):
            wire.sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
            return CLOSE

        self.start([self.upstream("a", half)])
        client = self.client()
        client.send(request("GET", "/"))
        client.to_end()
        (summary,) = self.eventually(lambda: self.listed("?errors=true")["requests"], "it is remembered")
        story = self.explain(summary["id"])
        self.assertEqual(("broken_off", 200, "closed_early"),
                         tuple(story["answer"][each] for each in ("by", "status", "aborted")))
        self.assertEqual(200, story["attempts"][0]["status"])
        self.assertEqual(4, story["answer"]["bytes_out"])

    def test_ejected_and_drained_endpoints_say_so(self):
        a, b, c = self.upstream("a", status(503)), self.upstream("b", status(500)), self.upstream("c", status(500))
        self.start([a, b, c], route={"retry": "off"}, cluster={
            "panic": "off", "outlier_detection": {"consecutive_gateway_failures": 2, "base_ejection": "60s",
                                                  "failure_percent": "off"}})
        self.proxy.post(f"/drain?endpoint={b.address}")
        self.eventually(lambda: [self.ask()] and self.proxy.endpoint(a)["state"] == "ejected", "a is ejected")
        story = self.explain(self.ask())
        self.assertEqual(c.address, story["attempts"][0]["endpoint"])
        said = {each["endpoint"]: each["why_not"] for each in story["candidates"][0]["list"]}
        self.assertEqual({a.address: "ejected", b.address: "draining", c.address: ""}, said)

    def test_over_http2(self):
        self.start([self.upstream("a", status(503))], route={"retry": "off"})
        client = Http2Client(self.port)
        self.addCleanup(client.close)
        stream = client.ask("/h2")
        client.read_until(lambda: stream in client.ended)
        (summary,) = self.listed()["requests"]
        story = self.explain(summary["id"])
        self.assertEqual(("HTTP/2", "/h2", 503), (story["request"]["protocol"], story["request"]["path"],
                                                  story["answer"]["status"]))


class Choice(ExplainCase):
    def test_p2c_tells_the_two_it_drew(self):
        gate = threading.Event()
        endpoints = [self.upstream(str(i), gated(gate, status(500))) for i in range(8)]
        self.addCleanup(gate.set)
        self.start(endpoints, route={"retry": "off"})
        clients = [self.client() for _ in range(16)]
        for client in clients:
            client.send(request("GET", "/"))
        self.eventually(lambda: sum(len(each.requests) for each in endpoints) == 16, "all are in flight")
        gate.set()
        for client in clients:
            story = self.explain(client.response())
            (attempt,) = story["attempts"]
            self.assertEqual(2, attempt["compared_in_all"])
            loads = {each["endpoint"]: each["in_flight"] for each in attempt["compared"]}
            self.assertEqual(2, len(loads))
            self.assertEqual(min(loads.values()), loads[attempt["endpoint"]], "the less loaded of the two was taken")
            (capture,) = story["candidates"]
            self.assertEqual("end", capture["as_of"])
            self.assertEqual(8, len(capture["list"]))
            self.assertEqual(attempt["endpoint"], capture["list"][0]["endpoint"], "the chosen one comes first")

    def test_of_many_endpoints_those_that_matter(self):
        endpoints = [self.upstream(str(i), status(503)) for i in range(20)]
        self.start(endpoints, cluster=QUIET | {"policy": "round_robin"},
                   route={"retry": {"attempts": 6, "backoff_base": "0s"}})
        story = self.explain(self.ask())
        self.assertEqual(6, story["attempts_made"])
        self.assertEqual([1, 2, 3, 6], [each["number"] for each in story["attempts"]])
        (capture,) = story["candidates"]
        self.assertEqual((6, 20, 16), (capture["attempt"], capture["endpoints"], len(capture["list"])))
        known = {each.address for each in endpoints}
        self.assertLessEqual({each["endpoint"] for each in story["attempts"]}, known)
        listed = [each["endpoint"] for each in capture["list"]]
        self.assertEqual(16, len(set(listed)))
        self.assertIn("2 more attempts", self.text(story["id"]))
        self.assertIn("and 4 more", self.text(story["id"]))

    def test_a_split_tells_how_it_was_drawn(self):
        a, b = self.upstream("a", status(500)), self.upstream("b", status(500))
        self.proxy = self.weir({
            "listeners": [{"name": "web", "http": f"127.0.0.1:{self.port}", "access_log": str(self.log_path),
                           "routes": [{"to": {"blue": 90, "green": 10}}]}],
            "clusters": {"blue": {"endpoints": [a.address]}, "green": {"endpoints": [b.address]}},
            "explain": NO_SAMPLE, "workers": 1})
        target = self.explain(self.ask())["target"]
        self.assertIn(target["cluster"], ("blue", "green"))
        self.assertEqual(("blue 90, green 10", "weight"), (target["drawn_from"], target["drawn_by"]))


class Kept(ExplainCase):
    def test_a_sample_is_taken_down_from_the_start(self):
        a, b = self.upstream("a"), self.upstream("b")
        self.start([a, b], explain={"sample_per_mille": 1000})
        self.assert_status(200, self.ask())
        story = self.explain(self.ask())
        self.assertEqual("sample", story["kept"])
        (capture,) = story["candidates"]
        self.assertEqual((1, "choice", 2), (capture["attempt"], capture["as_of"], len(capture["list"])))
        self.assertEqual({0}, {each["in_flight"] for each in capture["list"]}, "as it was when it was chosen")
        (attempt,) = story["attempts"]
        self.assertEqual((200, None, "none"), tuple(attempt[each] for each in ("status", "failure", "verdict")))
        self.assertEqual(("endpoint", 200), (story["answer"]["by"], story["answer"]["status"]))
        self.assertIn("it was sampled", self.text(story["id"]))

    def test_what_was_not_kept(self):
        self.start([self.upstream("a")])
        response = self.ask()
        said = self.proxy.admin("GET", f"/explain/{response.get('x-request-id')}")
        self.assert_status(404, said)
        self.assertIn("is not remembered: all failures are kept until newer ones need their place (none so far, at "
                      "most 1000)", json.loads(said.body)["error"])
        self.assertIn("is not remembered", self.text(response.get("x-request-id"), expect=2))
        self.assert_status(400, self.proxy.admin("GET", "/explain/"))
        self.assert_status(400, self.proxy.admin("GET", "/explain?last=0"))
        self.assert_status(400, self.proxy.admin("GET", "/explain?errors=perhaps"))
        self.assert_status(400, self.proxy.admin("GET", "/explain?lst=3"))

    def test_a_clients_request_id_is_taken_as_it_is(self):
        self.start([self.upstream("a", status(500))], listener={"trust_forwarded": True})
        for given in ("a/b+c=d", "x" * 128, "~._-"):
            response = self.ask("GET", "/", ("X-Request-Id", given))
            self.assertEqual(given, response.get("x-request-id"))
            self.assertEqual(given, self.explain(given)["id"])
            self.assertIn(f"request   {given}\n", self.text(given))
        forged = self.ask("GET", "/", ("X-Request-Id", "a b<script>"))
        self.assertNotIn("script", forged.get("x-request-id"))

    def test_failures_and_samples_have_places_of_their_own(self):
        a = self.upstream("a")
        self.start([a], route={"retry": "off"}, explain={"sample_per_mille": 1000, "entries": 40})
        good = self.ask().get("x-request-id")
        a.behaviour = status(500)
        failed = [self.ask().get("x-request-id") for _ in range(60)]
        self.explain(good)
        self.assertEqual(failed[:-21:-1], [each["id"] for each in self.listed("?errors=true&last=200")["requests"]])
        self.assert_status(404, self.proxy.admin("GET", f"/explain/{failed[0]}"))
        a.behaviour = ok
        for _ in range(60):
            self.ask()
        listed = self.listed("?last=200")
        self.assertEqual((20, 20), (listed["failures"]["kept"], listed["failures"]["capacity"]))
        self.assertEqual((20, 20), (listed["samples"]["kept"], listed["samples"]["capacity"]))
        self.assertEqual({"sample": 20, "failure": 20},
                         {kind: sum(each["kept"] == kind for each in listed["requests"])
                          for kind in ("sample", "failure")})
        self.explain(failed[-1])
        self.assertEqual(3, len(self.listed("?last=3")["requests"]))
        self.assertEqual(4, len(self.text("--last", "3", "--errors").splitlines()), "a heading and three lines")

    def test_a_reload_turns_it_off_and_keeps_what_is_known_of_requests_under_way(self):
        a = self.upstream("a", status(500))
        config = self.config([a], workers=1, cluster=QUIET, route={"retry": "off"})
        self.proxy = self.weir(config)
        kept = self.ask().get("x-request-id")
        self.proxy.write(config | {"clusters": {"other": config["clusters"]["app"]},
                                   "listeners": [config["listeners"][0] | {"routes": [{"to": "other"}]}]})
        self.proxy.post("/reload")
        self.eventually(lambda: self.explain(self.ask())["target"]["cluster"] == "other", "the reload is in force")
        self.assertEqual("app", self.explain(kept)["target"]["cluster"], "the cluster is gone, its name is not")
        self.proxy.write(config | {"explain": {"entries": 0}})
        self.proxy.post("/reload")
        self.eventually(lambda: self.proxy.admin("GET", f"/explain/{kept}").status == 404, "nothing is kept")
        self.ask()
        self.assertEqual([], self.listed()["requests"])

    def test_memory_is_bounded(self):
        """A flood of failures takes what the entries take, whatever clients send."""
        a = self.upstream("a", status(500))
        self.start([a], route={"retry": "off"}, explain={"sample_per_mille": 0, "entries": 2000})

        def flood(count):
            client = self.client()
            for i in range(count):
                client.ask("GET", "/" + "x" * 4000 + str(i))

        flood(1000)
        self.assertEqual(1000, self.listed()["failures"]["kept"])
        before = self.proxy.rss_kib()
        flood(3000)
        self.assertEqual(1000, self.listed()["failures"]["kept"])
        self.assert_memory(self.proxy.rss_kib() - before, 4096, "what is full grows no more")
        self.assertEqual(256, len(self.listed("?last=1")["requests"][0]["path"].encode()), "cut, with a sign of it")


if __name__ == "__main__":
    unittest.main()
