"""Endpoints by name: what a name server says is followed under load, and what it fails to say costs no request."""

import json
import struct
import threading
import unittest

from harness.case import Case
from harness.load import Load
from harness.nameserver import AAAA, NXDOMAIN, REFUSED, SERVFAIL, SILENT, SRV, TRUNCATED, A, NameServer
from harness.ports import free_port
from harness.upstream import Upstream, gated, ok
from harness.weir import run

NAME = "app.test"
SERVICE = "_http._tcp.app.test"


def garbage(query):
    return query[:2] + bytes(range(256))


def header_only(query):
    return query[:2] + struct.pack("!HHHHH", 0x8180, 1, 1000, 0, 0)


def loop(query):
    """An answer whose name is a pointer to itself."""
    end = len(query.split(b"\0\0\x29")[0])
    question = query[12:end]
    at = 12 + len(question)
    return (query[:2] + struct.pack("!HHHHH", 0x8180, 1, 1, 0, 0) + question +
            struct.pack("!HHHIH", 0xC000 | at, A, 1, 60, 4) + b"\x7f\0\0\2")


def another_question(query):
    return query[:2] + struct.pack("!HHHHH", 0x8180, 1, 0, 0, 0) + b"\3foo\4test\0\0\1\0\1"


class Discovery(Case):
    def setUp(self):
        super().setUp()
        self.names = NameServer()
        self.addCleanup(self.names.stop)
        self.endpoint_port = free_port()

    def instance(self, host, behaviour=ok, port=None):
        """At an address of its own, all with one port: as instances behind a name are."""
        endpoint = Upstream(host, behaviour, host=host, port=port or self.endpoint_port)
        self.addCleanup(endpoint.stop)
        return endpoint

    def named(self, resolve=None, endpoints=None, **options):
        """A cluster of one name; asked often, so that a story takes seconds."""
        cluster = {"resolve": {"servers": [self.names.address], "min_ttl": "100ms", "timeout": "500ms"}
                   | (resolve or {})} | options.pop("cluster", {})
        return self.weir(self.config(endpoints or [f"{NAME}:{self.endpoint_port}"], cluster=cluster, **options))

    def source(self, proxy):
        return json.loads(proxy.admin("GET", "/endpoints").body)["clusters"][0]["sources"][0]

    def known(self, proxy, *hosts):
        """Once these addresses and no others are in force, true."""
        wanted = {each if ":" in each else f"{each}:{self.endpoint_port}" for each in hosts}
        return set(proxy.endpoints()) == wanted and proxy.metric("weir_config_settled") == 1


class Names(Discovery):
    def test_changes_under_load_fail_no_request(self):
        hosts = [f"127.0.0.{i}" for i in range(2, 6)]
        for host in hosts:
            self.instance(host)
        self.names.set(NAME, a=hosts[:2])
        proxy = self.named(workers=2)
        self.assert_status(200, self.ask(), "no connection is taken before the first answer")
        with Load(self.port) as load:
            for now in (hosts[1:3], hosts[2:], hosts[:1], hosts):
                self.names.set(NAME, a=now)
                self.eventually(lambda: self.known(proxy, *now), proxy.endpoints)
                seen = len(load.answers)
                self.eventually(lambda: len({each.instance for each in load.answers[seen + 100:]} & set(now))
                                == len(now), "all that are new get requests")
        self.assertEqual([], [each for each in load.answers if each.status != 200])
        self.assertEqual(4, proxy.metric("weir_discovery_changes_total", source=NAME))
        self.assertEqual(0, proxy.metric("weir_config_reloads_total"), "that is no reload")

    def test_what_stays_keeps_its_state_and_what_goes_ends_its_requests(self):
        gate = threading.Event()
        stays, goes = self.instance("127.0.0.2"), self.instance("127.0.0.3", gated(gate))
        self.names.set(NAME, a=["127.0.0.2", "127.0.0.3"])
        proxy = self.named(cluster={"policy": "round_robin"}, workers=1)
        clients = [self.client() for _ in range(6)]
        for client in clients:
            client.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        self.eventually(lambda: len(stays.requests) == 3 and len(goes.requests) == 3, "all are on their way")
        self.names.set(NAME, a=["127.0.0.2", "127.0.0.4"])
        self.instance("127.0.0.4")
        self.eventually(lambda: self.known(proxy, "127.0.0.2", "127.0.0.4"), proxy.endpoints)
        self.assertEqual(3, proxy.endpoint(stays)["requests"])
        gate.set()
        self.assertEqual([200] * 6, [client.response().status for client in clients], "in flight when its endpoint went")
        self.eventually(lambda: goes.open == 0, "its connections are given up")

    def test_a_name_that_does_not_exist_yet(self):
        self.instance("127.0.0.2")
        proxy = self.named()
        response = self.ask()
        self.assert_status(503, response, "started all the same")
        self.assertIn("rule=not_discovered", response.get("x-weir-refusal"))
        self.assertIn("there is no such name; there are no endpoints yet", proxy.stderr())
        self.names.set(NAME, a=["127.0.0.2"])
        self.eventually(lambda: self.ask().status == 200, "served as soon as it exists")

    def test_failures_keep_the_last_answer(self):
        self.instance("127.0.0.2")
        self.names.set(NAME, a=["127.0.0.2"])
        proxy = self.named()
        self.assert_status(200, self.ask())
        for message, failure in [("no such name", NXDOMAIN), ("failure", SERVFAIL), ("refusal", REFUSED),
                                 ("silence", SILENT), ("garbage", garbage), ("a header alone", header_only),
                                 ("compression loop", loop), ("the answer to another question", another_question),
                                 ("no addresses", lambda query: query[:2] + b"\x81\x80" + query[4:6] + bytes(6) +
                                  query[12:].split(b"\0\0\x29")[0])]:
            with self.subTest(message):
                self.names.set(NAME, failure)
                self.eventually(lambda: self.source(proxy)["stale"], lambda: self.source(proxy))
                self.assertEqual(1, proxy.metric("weir_discovery_stale", source=NAME))
                self.assertNotEqual("", self.source(proxy)["problem"])
                self.assert_status(200, self.ask(), message)
                self.names.set(NAME, a=["127.0.0.2"])
                self.eventually(lambda: not self.source(proxy)["stale"], lambda: self.source(proxy))
        self.assertIn("the last 1 endpoints stay in force", proxy.stderr())
        self.assertIn("found again", proxy.stderr())

    def test_an_empty_answer_empties_the_cluster_when_configured(self):
        self.instance("127.0.0.2")
        self.names.set(NAME, a=["127.0.0.2"])
        proxy = self.named({"keep_on_empty": False})
        self.assert_status(200, self.ask())
        self.names.set(NAME, SERVFAIL)
        self.eventually(lambda: self.source(proxy)["stale"], "a failure is no empty answer")
        self.assert_status(200, self.ask())
        self.names.set(NAME, NXDOMAIN)
        self.eventually(lambda: self.ask().status == 503, "an empty one is")
        self.assertIn("rule=not_discovered", self.ask().get("x-weir-refusal"))
        self.names.set(NAME, a=["127.0.0.2"])
        self.eventually(lambda: self.ask().status == 200, "and ends")

    def test_half_an_answer_does_not_halve_the_cluster(self):
        self.names.set(NAME, a=["127.0.0.2"], aaaa=["::1"])
        proxy = self.named()
        both = ("127.0.0.2", f"[::1]:{self.endpoint_port}")
        self.eventually(lambda: self.known(proxy, *both), proxy.endpoints)
        self.names.set(NAME, a=["127.0.0.3"], AAAA=SERVFAIL)
        self.eventually(lambda: self.known(proxy, "127.0.0.3", both[1]), proxy.endpoints)
        self.assertIn("SERVFAIL", self.source(proxy)["problem"])
        self.names.set(NAME, a=["127.0.0.3"])
        self.eventually(lambda: self.known(proxy, "127.0.0.3"), "no IPv6 addresses is an answer")

    def test_one_family_only(self):
        self.names.set(NAME, a=["127.0.0.2"], aaaa=["::1"])
        proxy = self.named({"family": "v6"})
        self.eventually(lambda: self.known(proxy, f"[::1]:{self.endpoint_port}"), proxy.endpoints)
        self.assertEqual(0, self.names.count(NAME, A))

    def test_a_truncated_answer_is_asked_for_over_tcp(self):
        hosts = [f"127.0.1.{i}" for i in range(1, 101)]
        self.names.set(NAME, a=hosts)
        proxy = self.named()
        self.eventually(lambda: self.known(proxy, *hosts), proxy.endpoints)
        self.assertIn((NAME, A, "tcp"), self.names.asked)
        self.names.set(NAME, TRUNCATED, a=["127.0.0.2"])
        self.eventually(lambda: self.known(proxy, "127.0.0.2"), "even when it would have fitted")

    def test_times_to_live_are_honoured(self):
        self.names.set(NAME, a=["127.0.0.2"], ttl=3600)
        self.names.set("often.test", a=["127.0.0.3"], ttl=0)
        self.named(endpoints=[f"{NAME}:{self.endpoint_port}", f"often.test:{self.endpoint_port}"])
        self.eventually(lambda: self.names.count("often.test") >= 10, "asked again and again")
        self.assertEqual(1, self.names.count(NAME), "asked once, and not for a minute")

    def test_a_reload_asks_nobody_anew(self):
        self.instance("127.0.0.2")
        self.names.set(NAME, a=["127.0.0.2"], ttl=3600)
        proxy = self.named()
        self.assert_status(200, self.ask())
        text = json.loads(proxy.path.read_text())
        text["clusters"]["app"]["connect_timeout"] = "2s"
        proxy.write(text)
        proxy.post("/reload")
        self.assert_status(200, self.ask(), "the endpoints are there at once")
        self.assertEqual(1, self.names.count(NAME))


class Services(Discovery):
    def test_records_give_port_weight_and_priority(self):
        ports = [free_port() for _ in range(3)]
        instances = [self.instance("127.0.0.2", port=port) for port in ports]
        self.names.set("a.test", a=["127.0.0.2"])
        self.names.set(SERVICE, srv=[(10, 1, ports[0], "a.test"), (10, 3, ports[1], "a.test"),
                                     (20, 1, ports[2], "a.test")])
        proxy = self.named(endpoints=[{"srv": SERVICE}], cluster={"policy": "round_robin"}, workers=1)
        self.eventually(lambda: self.known(proxy, *(f"127.0.0.2:{port}" for port in ports)), proxy.endpoints)
        self.assertEqual([(1, 0), (3, 0), (1, 1)],
                         [(proxy.endpoint(each)["weight"], proxy.endpoint(each)["priority"]) for each in instances])
        for _ in range(40):
            self.assert_status(200, self.ask())
        self.assertEqual([10, 30, 0], [len(each.requests) for each in instances])
        with Load(self.port) as load:
            self.names.set(SERVICE, srv=[(10, 1, ports[2], "a.test")])
            self.eventually(lambda: self.known(proxy, f"127.0.0.2:{ports[2]}"), proxy.endpoints)
            self.names.set("a.test", SERVFAIL)
            self.eventually(lambda: "a.test: no name server could be reached" in self.source(proxy)["problem"],
                            lambda: self.source(proxy))
            self.names.set(SERVICE, SERVFAIL)
            self.eventually(lambda: self.source(proxy)["problem"].startswith("no name server"), "and the service")
        self.assertEqual([], [each for each in load.answers if each.status != 200])

    def test_what_is_wrong_is_said(self):
        proxy = self.named(endpoints=[{"srv": SERVICE}])
        for message, records, expected in [
            ("nothing", {}, "the name has no SRV records"),
            ("not here", {"srv": [(0, 0, 80, ".")]}, "the service is declared not available"),
            ("nobody", {"srv": [(0, 0, 80, "nobody.test")]}, "nobody.test: there is no such name"),
            ("garbage", {"SRV": garbage}, "no name server answered in time"),
        ]:
            with self.subTest(message):
                self.names.set(SERVICE, **records)
                self.eventually(lambda: expected in self.source(proxy)["problem"], lambda: self.source(proxy))
        self.assertGreater(self.names.count(SERVICE, SRV), 3)


class Files(Discovery):
    def test_every_way_of_changing_a_file_under_load(self):
        hosts = [f"127.0.0.{i}" for i in range(2, 6)]
        for host in hosts:
            self.instance(host)
        path = self.directory / "endpoints.yaml"

        def text(*which):
            return json.dumps([f"{each}:{self.endpoint_port}" for each in which])

        def rename(content):
            fresh = self.directory / "endpoints.tmp"
            fresh.write_text(content)
            fresh.replace(path)

        path.write_text(text(hosts[0]))
        proxy = self.weir(self.config([{"file": "endpoints.yaml"}]))
        with Load(self.port) as load:
            for message, change, expected in [
                ("in place", lambda: path.write_text(text(*hosts[:2])), hosts[:2]),
                ("by a rename", lambda: rename(text(*hosts[1:3])), hosts[1:3]),
                ("a mistake changes nothing", lambda: rename("[127.0.0.1]"), hosts[1:3]),
                ("mended", lambda: path.write_text(text(hosts[3])), hosts[3:]),
                ("gone changes nothing", path.unlink, hosts[3:]),
                ("there again", lambda: rename(text(*hosts)), hosts),
            ]:
                with self.subTest(message):
                    looked = proxy.metric("weir_discovery_lookups_total")
                    change()
                    self.eventually(lambda: proxy.metric("weir_discovery_lookups_total") > looked, "looked at")
                    self.eventually(lambda: self.known(proxy, *expected), proxy.endpoints)
                    self.assertEqual("nothing" in message, self.source(proxy)["stale"], self.source(proxy))
        self.assertEqual([], [each for each in load.answers if each.status != 200])
        self.assertIn("endpoints.yaml:1:2: [0]: \"127.0.0.1\" is not an address", proxy.stderr())

    def test_a_config_map(self):
        """Kubernetes turns the link ..data of the directory; the file is a link through it."""
        for number, host in enumerate(("127.0.0.2", "127.0.0.3")):
            self.instance(host)
            version = self.directory / f"..{number}"
            version.mkdir()
            (version / "endpoints.yaml").write_text(f"endpoints: [\"{host}:{self.endpoint_port}\"]\n")
        (self.directory / "..data").symlink_to("..0")
        (self.directory / "endpoints.yaml").symlink_to("..data/endpoints.yaml")
        proxy = self.weir(self.config([{"file": "endpoints.yaml"}]))
        self.assertEqual(b"127.0.0.2", self.ask().body)
        (self.directory / "..data_tmp").symlink_to("..1")
        (self.directory / "..data_tmp").replace(self.directory / "..data")
        self.eventually(lambda: self.ask().body == b"127.0.0.3", proxy.stderr)

    def test_a_thousand_endpoints(self):
        path = self.directory / "endpoints.yaml"
        self.instance("127.0.0.2")

        def write(first):
            fresh = self.directory / "endpoints.tmp"
            others = [{"address": f"127.1.{i // 250}.{i % 250 + 1}:9", "weight": 0} for i in range(first, first + 999)]
            fresh.write_text(json.dumps([f"127.0.0.2:{self.endpoint_port}", *others]))
            fresh.replace(path)

        write(0)
        proxy = self.weir(self.config([{"file": "endpoints.yaml"}]))
        with Load(self.port, threads=2) as load:
            for first in (1, 500, 999):
                write(first)
                self.eventually(lambda: f"127.1.{(first + 998) // 250}.{(first + 998) % 250 + 1}:9" in proxy.endpoints(),
                                "the last is there")
        self.assertEqual(1000, len(proxy.endpoints()))
        self.assertEqual([], [each for each in load.answers if each.status != 200])


class Verbs(Discovery):
    def test_endpoints_show_where_they_come_from(self):
        self.instance("127.0.0.2")
        self.names.set(NAME, a=["127.0.0.2"], ttl=3600)
        proxy = self.named()
        self.assert_status(200, self.ask())
        self.assertEqual(NAME, proxy.endpoints()[f"127.0.0.2:{self.endpoint_port}"]["origin"])
        done = run("ctl", "--admin", f"127.0.0.1:{proxy.admin_port}", "endpoints")
        self.assertIn(f"app: dns {NAME}: 1 endpoints, looked up again in ", done.stdout + done.stderr)
        self.assertEqual(1, proxy.metric("weir_discovery_endpoints", cluster="app", source=NAME, kind="dns"))

    def test_check_and_show(self):
        path = self.directory / "weir.yaml"
        listener = 'listeners: [{http: "127.0.0.1:8080", to: app}]\n'
        for message, clusters, status, expected in [
            ("a name", "{app: [app.internal:80]}", 0, "valid"),
            ("a service", "{app: {endpoints: [{srv: _http._tcp.app.internal}]}}", 0, "valid"),
            ("no service", "{app: {endpoints: [{srv: app.internal}]}}", 2, "is not the name of a service"),
            ("no name", "{app: [\"app..internal:80\"]}", 2, "is not an address"),
            ("an address out of range", "{app: [10.0.0.256:80]}", 2, "is not an address"),
            ("both", "{app: {endpoints: [{srv: _a._tcp.b, address: \"b:1\"}]}}", 2, "exclude each other"),
            ("neither", "{app: {endpoints: [{weight: 2}]}}", 2, "does not say where it is"),
            ("a file that is not there", "{app: {endpoints: [{file: absent.yaml}]}}", 2, "absent.yaml: cannot be opened"),
            ("a server that is a name", "{app: {endpoints: [\"b.c:1\"], resolve: {servers: [ns.test]}}}", 2,
             "is not the address of a name server"),
            ("bounds", "{app: {endpoints: [\"b.c:1\"], resolve: {min_ttl: 2m}}}", 2, "min_ttl 2m is more than max_ttl 1m"),
        ]:
            with self.subTest(message):
                path.write_text(f"{listener}clusters: {clusters}\n")
                done = run("check", "-c", str(path))
                self.assertEqual(status, done.returncode, done)
                self.assertIn(expected, done.stdout + done.stderr)
        path.write_text(listener + "clusters: {app: {endpoints: [{srv: _http._tcp.app.internal, zone: b}], "
                        "resolve: {servers: [10.0.0.53, \"::1\"]}}}\n")
        shown = run("show", "-c", str(path)).stdout
        for each in ('srv: "_http._tcp.app.internal"', "zone: b", 'servers: ["10.0.0.53:53", "[::1]:53"]', "min_ttl: 1s"):
            self.assertIn(each, shown)
        path.write_text(shown)
        again = run("show", "-c", str(path))
        self.assertEqual(0, again.returncode, again)


if __name__ == "__main__":
    unittest.main()
