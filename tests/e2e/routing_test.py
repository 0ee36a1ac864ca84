"""Which route a request takes, seen by real clients over both versions of HTTP, with few routes and with thousands."""

import json
import subprocess
import unittest

from harness.case import Case
from harness.load import Load
from harness.upstream import KEEP, answer, echo, ok, status
from harness.waiting import PATIENCE
from harness.weir import run


def curl(*arguments):
    done = subprocess.run(["curl", "-sS", "--max-time", str(PATIENCE), *map(str, arguments)], capture_output=True,
                          timeout=PATIENCE, check=False)
    return done.stdout.decode("latin-1") + done.stderr.decode("latin-1")


class RoutingCase(Case):
    VERSIONS = ("--http1.1", "--http2-prior-knowledge")

    def with_routes(self, routes, endpoints):
        """A cluster per endpoint, of its name."""
        config = self.config([], workers=2)
        config["listeners"][0]["routes"] = routes
        config["clusters"] = {each.name: [each.address] for each in endpoints}
        return config

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"


class Matches(RoutingCase):
    def setUp(self):
        super().setUp()
        names = ("wild", "posts", "write", "beta", "version", "cohort", "page", "rest", "old", "site")
        self.endpoints = [self.upstream(name) for name in names]
        self.proxy = self.weir(self.with_routes([
            {"to": "wild", "match": {"host": "*.example.org"}},
            {"to": "posts", "match": {"path": "/users/{id}/posts"}, "name": "posts"},
            {"to": "write", "match": {"method": ["POST", "PUT"]}},
            {"to": "beta", "match": {"header": {"X-Beta": "1"}}},
            {"to": "version", "match": {"header": {"accept": "application/vnd.v2*"}}},
            {"to": "cohort", "match": {"cookie": {"cohort": "b"}}},
            {"to": "page", "match": {"query": {"page": "present", "old": "absent"}}},
            {"to": "rest", "match": {"path": "/files/{rest*}"}},
            {"to": "old", "match": {"path": "/old/*", "header": {"x-new": "absent"}}},
            {"to": "site"},
        ], self.endpoints))

    def test_rows(self):
        rows = [
            ("a host below", ["-H", "Host: a.b.example.org"], "/", "wild"),
            ("the host itself", ["-H", "Host: example.org"], "/", "site"),
            ("a pattern", [], "/users/7/posts", "posts"),
            ("not the pattern", [], "/users/7/posts/8", "site"),
            ("a method", ["-d", "x"], "/", "write"),
            ("another", ["-X", "DELETE"], "/", "site"),
            ("a field", ["-H", "x-beta: 1"], "/", "beta"),
            ("of another value", ["-H", "x-beta: 0"], "/", "site"),
            ("a beginning", ["-H", "accept: application/vnd.v2+json"], "/", "version"),
            ("a cookie", ["-H", "cookie: a=1; cohort=b"], "/", "cohort"),
            ("a parameter", [], "/?x=1&page=2", "page"),
            ("with one that must not be there", [], "/?page=2&old", "site"),
            ("what follows", [], "/files/a/b", "rest"),
            ("a field that is not there", [], "/old/x", "old"),
            ("one that is", ["-H", "x-new: 1"], "/old/x", "site"),
        ]
        for version in self.VERSIONS:
            for message, arguments, target, expected in rows:
                with self.subTest(f"{message}, {version}"):
                    self.assertEqual(expected, curl(version, *arguments, self.url + target))

    def test_paths_that_mean_the_same_take_the_same_route(self):
        for version in self.VERSIONS:
            for target in ("/files/x", "//files///x", "/%66iles/x", "/files/a%2Fb"):
                with self.subTest(f"{target}, {version}"):
                    self.assertEqual("rest", curl(version, "--path-as-is", self.url + target))
            for target in ("/a/../files/x", "/files/%2e%2e/x", "/files%2Fx", "/files/..%2fx", "/%00"):
                with self.subTest(f"{target}, {version}"):
                    said = curl(version, "-i", "--path-as-is", self.url + target)
                    self.assertRegex(said, "^HTTP/[12.]+ 400")
                    self.assertIn("x-weir-refusal: rule=bad_path", said.lower())

    def test_the_log_names_the_route(self):
        for target in ("/users/7/posts", "/files/x"):
            self.ask("GET", target)
        log = self.eventually(lambda: (lines := self.log_path.read_text().splitlines())[1:] and lines, "two lines")
        self.assertEqual({"posts", "/files/{rest*}"}, {json.loads(line)["route"] for line in log})
        self.assertEqual(1, self.proxy.metric("weir_route_requests_total", listener="web", route="posts"))


class Edits(RoutingCase):
    """What endpoints and clients see of a request whose route changes it."""

    def setUp(self):
        super().setUp()
        self.app = self.upstream("app", echo)
        self.proxy = self.weir(self.with_routes([
            {"match": {"path": "/old/{rest*}"}, "redirect": {"to": "https://{host}/new/{rest}{query}", "status": "301"}},
            {"match": {"path": "/login"}, "redirect": {"to": "/login/form?from={path}{query}"}},
            {"match": {"path": "/api/*"}, "to": "app", "rewrite": {"path": "/v2/", "host": "internal.example:81"}},
            {"match": {"path": "/users/{id}/posts"}, "to": "app", "name": "posts", "rewrite": {"path": "/posts/{id}"},
             "request_headers": {"remove": ["cookie", "via"], "set": {"X-User": "{id}", "X-Client": "{client_ip}"},
                                 "add": {"X-Route": "{route} of {host}"}},
             "response_headers": {"remove": ["x-powered-by"], "set": {"Cache-Control": "no-store"}}},
            {"to": "app"},
        ], [self.app]))

    def test_redirects(self):
        rows = [
            ("/old/a/b?c=d", 301, "https://example.org/new/a/b?c=d"),
            ("/old//evil.example/", 301, "https://example.org/new/evil.example/"),
            ("/login?x=1&y=2", 308, "/login/form?from=/login%3Fx%3D1%26y%3D2"),
        ]
        for version in self.VERSIONS:
            for target, status, location in rows:
                with self.subTest(f"{target}, {version}"):
                    said = curl(version, "-i", "-H", "Host: example.org", self.url + target).lower()
                    self.assertRegex(said, f"^http/[12.]+ {status}")
                    self.assertIn(f"\nlocation: {location.lower()}\r\n", said)
        self.assertEqual([], self.app.requests, "no endpoint is asked")

    def test_a_redirect_needs_the_host_it_names(self):
        client = self.client()
        client.send(b"GET /old/a HTTP/1.0\r\n\r\n")
        response = client.response()
        self.assert_status(400, response)
        self.assertEqual("rule=no_host", response.get("x-weir-refusal"))

    def test_a_rewritten_request(self):
        for version in self.VERSIONS:
            with self.subTest(version):
                got = json.loads(curl(version, "-H", "Host: example.org", self.url + "/api/%75sers?a=/api/"))
                fields = {name.lower(): value for name, value in got["fields"]}
                self.assertEqual("GET /v2/%75sers?a=/api/ HTTP/1.1", got["start"])
                self.assertEqual("internal.example:81", fields["host"])
                self.assertEqual("example.org", fields["x-forwarded-host"])
        log = self.eventually(lambda: (lines := self.log_path.read_text().splitlines())[1:] and lines, "two lines")
        self.assertEqual({"/api/%75sers?a=/api/"}, {json.loads(line)["target"] for line in log}, "as it was asked")

    def test_edited_fields(self):
        self.app.behaviour = says_fields
        for version in self.VERSIONS:
            with self.subTest(version):
                said = curl(version, "-i", "-H", "Host: example.org", "-H", "Cookie: a=1", "-H", "x-user: forged",
                            self.url + "/users/7/posts")
                head, _, body = said.partition("\r\n\r\n")
                got = json.loads(body)
                fields = {name.lower(): value for name, value in got["fields"]}
                self.assertEqual("GET /posts/7 HTTP/1.1", got["start"])
                self.assertEqual(("7", "127.0.0.1", "posts of example.org"),
                                 (fields["x-user"], fields["x-client"], fields["x-route"]))
                self.assertFalse({"cookie", "via"} & fields.keys(), fields)
                head = head.lower()
                self.assertIn("cache-control: no-store", head)
                self.assertNotIn("public", head)
                self.assertNotIn("x-powered-by", head)

    def test_every_try_is_edited(self):
        """The first answers 503; what the second gets is what the first got."""
        seen = []

        def behaviour(wire, request, server):
            seen.append((request.target, request.get("x-user")))
            return (status(503) if len(seen) == 1 else ok)(wire, request, server)
        self.app.behaviour = behaviour
        self.assert_status(200, self.ask("GET", "/users/7/posts"))
        self.assertEqual([("/posts/7", "7")] * 2, seen)

    def test_mistakes_are_told(self):
        config = self.with_routes([{"to": "app", "request_headers": {"set": {"Host": "x"}}}], [self.app])
        self.proxy.write(config)
        told = run("check", "-c", str(self.proxy.path))
        self.assertEqual(2, told.returncode)
        self.assertIn('"Host" is not changed here; rewrite.host does that', told.stdout + told.stderr)


class Answers(RoutingCase):
    """Routes that answer by themselves, to every kind of client."""

    def setUp(self):
        super().setUp()
        page = self.directory / "gone.html"
        page.write_text("<p>gone</p>\n")
        self.weir(self.with_routes([
            {"match": {"path": "/gone/*"}, "respond": {"status": 410, "file": str(page), "content_type": "text/html"},
             "response_headers": {"set": {"Cache-Control": "max-age=60"}}},
            {"match": {"path": "/nothing"}, "respond": {"status": 204}},
            {"respond": {"status": 503, "body": "later", "retry_after": "90s"}},
        ], [self.upstream("app")]))

    def test_to_both_versions(self):
        for version in self.VERSIONS:
            with self.subTest(version):
                head, _, body = curl(version, "-i", self.url + "/gone/x").partition("\r\n\r\n")
                self.assertRegex(head, "^HTTP/[12.]+ 410")
                self.assertEqual("<p>gone</p>\n", body)
                for field in ("content-type: text/html", "content-length: 12", "cache-control: max-age=60",
                              "x-request-id: ", "date: "):
                    self.assertIn(field, head.lower())
                head = curl(version, "-I", self.url + "/gone/x").lower()
                self.assertRegex(head, "^http/[12.]+ 410")
                self.assertIn("content-length: 12", head)
                said = curl(version, "-i", self.url + "/nothing").lower()
                self.assertRegex(said, "^http/[12.]+ 204")
                self.assertNotIn("content-length", said)
                said = curl(version, "-i", "-d", "a body is read over", self.url + "/").lower()
                self.assertIn("retry-after: 90\r\n", said)

    def test_to_grpc(self):
        said = curl("--http2-prior-knowledge", "-i", "-X", "POST", "-H", "content-type: application/grpc",
                    self.url + "/shop.Cart/Add").lower()
        self.assertRegex(said, "^http/2 200")
        self.assertIn("grpc-status: 14\r\n", said)


def says_fields(wire, request, server):
    """As echo, with fields of its own."""
    text = json.dumps({"start": request.start, "fields": request.fields}).encode()
    wire.sock.sendall(answer(text, "200 OK", "Cache-Control: public", "X-Powered-By: x"))
    return KEEP


class ManyRoutes(RoutingCase):
    COUNT = 3000

    def test_reload_under_load(self):
        """Thousands of routes come and go; whoever asks gets an answer of the old or of the new ones."""
        a, b = self.upstream("a"), self.upstream("b")
        few = self.with_routes([{"to": "a"}], [a, b])
        routes = [{"to": "b", "match": {"path": f"/service-{i}/*", "host": f"h{i % 7}.example.org"}}
                  for i in range(self.COUNT)]
        many = self.with_routes([*routes, {"to": "a"}], [a, b])
        proxy = self.weir(few)
        with Load(self.port) as load:
            for config in (many, few, many):
                proxy.write(config)
                proxy.post("/reload")
        self.assertEqual([], load.failed()[:5], load.text())
        last = self.COUNT - 1
        cases = [(f"/service-{last}/x", f"h{last % 7}.example.org", "b"), (f"/service-{last}/x", "h9.example.org", "a"),
                 ("/service-/x", "h0.example.org", "a"), ("/service-0/x", "h0.example.org", "b")]
        for target, host, expected in cases:
            self.assertEqual(expected, self.ask("GET", target, host=host).body.decode(), f"{host}{target}")


if __name__ == "__main__":
    unittest.main()
