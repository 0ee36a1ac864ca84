"""Clients that come back to where they were: sticky splits, sticky endpoints, and the valve that opens when one of them
has too much. The client is curl with a cookie jar, where a cookie matters."""

import collections
import re
import subprocess
import threading
import unittest

from harness.case import Case
from harness.upstream import gated

COOKIE = re.compile(r"^weir=[0-9a-f]{16}; Path=/; Max-Age=3600; HttpOnly; SameSite=Lax$")


class Browser:
    """curl with a jar of its own."""

    def __init__(self, case, name="jar"):
        self.jar = case.directory / name
        self.port = case.port

    def get(self, target="/", *options):
        """The endpoint that answered, and what it asked to remember."""
        done = subprocess.run(["curl", "-s", "-i", "-b", self.jar, "-c", self.jar, *options,
                               f"http://127.0.0.1:{self.port}{target}"], capture_output=True, check=True, timeout=30)
        lines = done.stdout.decode().partition("\r\n\r\n")[0].split("\r\n")[1:]
        head = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        return head.get("x-instance", ""), head.get("set-cookie")


class Endpoints(Case):
    def start(self, endpoints, overflow="150%", **options):
        config = self.config(endpoints, route={"sticky": {"cookie": "weir", "ttl": "1h", "overflow": overflow}},
                             **options)
        return self.weir(config), config

    def results(self, proxy):
        return {result: proxy.metric("weir_sticky_requests_total", cluster="app", result=result)
                for result in ("hit", "overflow", "moved", "new")}

    def test_a_browser_stays_and_is_told_once(self):
        endpoints = [self.upstream(name) for name in "abcd"]
        proxy, _ = self.start(endpoints, workers=2)
        homes = collections.Counter()
        for i in range(8):
            browser = Browser(self, f"jar-{i}")
            home, cookie = browser.get()
            self.assertRegex(cookie, COOKIE)
            for endpoint in endpoints:
                self.assertNotIn(str(endpoint.port), cookie)
            for _ in range(3):
                self.assertEqual((home, None), browser.get())
            homes[home] += 1
        self.assertGreater(len(homes), 1, "new clients are balanced as ever")
        self.assertEqual({"hit": 24, "overflow": 0, "moved": 0, "new": 8}, self.results(proxy))

    def test_forged_cookies_are_nobodys(self):
        proxy, _ = self.start([self.upstream("a")])
        for value in ("", "xyz", "0123456789ABCDEF", "0123456789abcdef0", "'; DROP TABLE"):
            with self.subTest(value):
                answer = self.ask("GET", "/", ("Cookie", f"weir={value}"))
                self.assert_status(200, answer)
                self.assertRegex(answer.get("set-cookie"), COOKIE)
        answer = self.ask("GET", "/", ("Cookie", "weir=0123456789abcdef"))
        self.assertRegex(answer.get("set-cookie"), COOKIE, "a name of nobody: moved")
        self.assertEqual({"hit": 0, "overflow": 0, "moved": 1, "new": 5}, self.results(proxy))

    def test_a_home_that_dies_is_left_for_good(self):
        endpoints = {name: self.upstream(name) for name in "abc"}
        check = {"http": "/", "interval": "100ms", "timeout": "100ms", "fall": 1, "rise": 1}
        proxy, _ = self.start(endpoints.values(), cluster={"health_check": check})
        browser = Browser(self)
        first, _ = browser.get()
        endpoints[first].stop()
        # Before the checks notice: the try fails, another endpoint answers, and the home stays what it was.
        home, cookie = browser.get()
        self.assertNotEqual(first, home)
        self.assertNotEqual("", home)
        self.eventually(lambda: proxy.endpoint(endpoints[first])["health"] == "unhealthy", proxy.endpoints)
        if cookie is None:
            home, cookie = browser.get()
        self.assertRegex(cookie, COOKIE)
        self.assertNotEqual(first, home)
        self.assertEqual((home, None), browser.get())

    def test_a_home_that_drains_is_left_without_a_failure(self):
        endpoints = {name: self.upstream(name) for name in "abc"}
        proxy, _ = self.start(endpoints.values())
        browser = Browser(self)
        first, _ = browser.get()
        proxy.post(f"/drain?endpoint={endpoints[first].address}")
        second, cookie = browser.get()
        self.assertNotEqual(first, second)
        self.assertRegex(cookie, COOKIE)
        proxy.post(f"/undrain?endpoint={endpoints[first].address}")
        self.assertEqual((second, None), browser.get(), "it does not move back and lose its session twice")

    def test_the_valve(self):
        """Three requests are stuck at the client's endpoint: with two endpoints and 150 % that is all it may carry. What
        comes then overflows, and keeps its home."""
        gate = threading.Event()
        self.addCleanup(gate.set)
        endpoints = {name: self.upstream(name) for name in "ab"}
        proxy, _ = self.start(endpoints.values(), workers=2)
        browser = Browser(self)
        home, cookie = browser.get()
        other = "b" if home == "a" else "a"
        value = cookie.partition(";")[0]
        endpoints[home].behaviour = gated(gate)
        stuck = []
        for i in range(3):
            client = self.client()
            client.send(f"GET /stuck HTTP/1.1\r\nHost: x\r\nCookie: {value}\r\n\r\n".encode())
            stuck.append(client)
            self.eventually(lambda: proxy.endpoint(endpoints[home])["in_flight"] == i + 1, proxy.endpoints)
        for _ in range(5):
            self.assertEqual((other, None), browser.get(), "past its home, whose name it keeps")
        gate.set()
        for client in stuck:
            self.assertEqual(home.encode(), client.response().body)
        self.eventually(lambda: proxy.endpoint(endpoints[home])["in_flight"] == 0, proxy.endpoints)
        self.assertEqual((home, None), browser.get(), "back home")
        self.assertEqual({"hit": 4, "overflow": 5, "moved": 0, "new": 1}, self.results(proxy))

    def test_never_means_never(self):
        gate = threading.Event()
        self.addCleanup(gate.set)
        endpoints = {name: self.upstream(name) for name in "ab"}
        proxy, _ = self.start(endpoints.values(), overflow="never")
        home, cookie = Browser(self).get()
        value = cookie.partition(";")[0]
        endpoints[home].behaviour = gated(gate)
        clients = [self.client() for _ in range(10)]
        for client in clients:
            client.send(f"GET / HTTP/1.1\r\nHost: x\r\nCookie: {value}\r\n\r\n".encode())
        self.eventually(lambda: proxy.endpoint(endpoints[home])["in_flight"] == 10, proxy.endpoints)
        gate.set()
        self.assertEqual({home.encode()}, {client.response().body for client in clients})

    def test_other_processes_and_reloads_know_the_cookie(self):
        endpoints = [self.upstream(name) for name in "abcd"]
        proxy, config = self.start(endpoints)
        browsers = [Browser(self, f"jar-{i}") for i in range(4)]
        homes = [browser.get()[0] for browser in browsers]
        config["clusters"]["app"]["endpoints"].reverse()
        proxy.write(config)
        proxy.post("/reload")
        self.assertEqual(homes, [browser.get()[0] for browser in browsers])
        self.assertEqual(0, proxy.end())
        self.weir(config)
        self.assertEqual(homes, [browser.get()[0] for browser in browsers])

    def test_over_tls_the_cookie_is_for_tls(self):
        self.start([self.upstream("a")], listener={"trust_forwarded": True})
        self.assertIn("; Secure", self.ask("GET", "/", ("X-Forwarded-Proto", "https")).get("set-cookie"))
        self.assertNotIn("Secure", self.ask("GET", "/", ("X-Forwarded-Proto", "http")).get("set-cookie"))


class HashOfACookie(Case):
    def test_a_cookie_of_the_application_chooses_the_endpoint(self):
        endpoints = [self.upstream(name) for name in "abcd"]
        self.weir(self.config(endpoints, cluster={"policy": "maglev", "hash_on": "cookie:uid"}))

        def owners():
            client = self.client()
            return [client.ask("GET", "/", ("Cookie", f"theme=dark; uid={i}")).body for i in range(40)]
        first = owners()
        self.assertEqual(first, owners())
        self.assertEqual(4, len(set(first)), collections.Counter(first))


class Split(Case):
    CLIENTS = 400

    def start(self, share, by):
        a, b = self.upstream("a"), self.upstream("b")
        config = self.config([a], route={"to": {"app": 100 - share, "next": share}, "split_by": by})
        config["clusters"]["next"] = [b.address]
        return config

    def clusters(self, field):
        client = self.client()
        return [client.ask("GET", f"/?uid={i}", field(i)).body.decode() for i in range(self.CLIENTS)]

    def test_clients_keep_their_cluster_and_a_growing_share_moves_nobody_back(self):
        for by, field in (("cookie:uid", lambda i: ("Cookie", f"uid={i}")), ("query:uid", lambda i: ("X-No", "1")),
                          ("header:X-User", lambda i: ("X-User", str(i)))):
            with self.subTest(by):
                config = self.start(10, by)
                if not hasattr(self, "proxy"):
                    self.proxy = self.weir(config)
                else:
                    self.proxy.write(config)
                    self.proxy.post("/reload")
                    self.eventually(lambda: self.proxy.metric("weir_config_settled") == 1, "settled")
                before = self.clusters(field)
                self.assertEqual(before, self.clusters(field), "whoever was sent somewhere stays there")
                # 10 % of 400 is 40, and five standard errors are 30.
                self.assertTrue(10 <= before.count("b") <= 70, before.count("b"))
                config["listeners"][0]["routes"][0]["to"] = {"app": 70, "next": 30}
                self.proxy.write(config)
                self.proxy.post("/reload")
                self.eventually(lambda: self.proxy.metric("weir_config_settled") == 1, "settled")
                after = self.clusters(field)
                self.assertGreater(after.count("b"), before.count("b"))
                self.assertEqual([], [i for i in range(self.CLIENTS) if before[i] == "b" and after[i] == "a"])

    def test_who_says_nothing_is_drawn_by_chance(self):
        self.weir(self.start(50, "cookie:uid"))
        seen = collections.Counter(self.clusters(lambda i: ("X-No", "1")))
        self.assertEqual({"a", "b"}, set(seen), seen)


if __name__ == "__main__":
    unittest.main()
