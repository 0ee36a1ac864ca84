"""Traffic moves from blue to green bit by bit; a green that fails sends it all back at once, and few have noticed."""

import json
import subprocess
import time
import unittest

from harness.case import Case
from harness.load import Load
from harness.ports import free_port
from harness.upstream import ok, status
from harness.waiting import PATIENCE
from harness.weir import WEIR
from harness.wire import ask


class Shifts(Case):
    def start(self, blue, green, to="blue", **top):
        config = self.config([blue], **top)
        config["clusters"] = {"blue": {"endpoints": [blue.address], "slow_start": "off"},
                              "green": {"endpoints": [green.address], "slow_start": "off"}}
        config["listeners"][0]["routes"] = [{"match": {"path": "/old/*"}, "to": "red"}, {"to": to}]
        config["clusters"]["red"] = {"endpoints": [self.upstream("red", ok).address]}
        return self.weir(config), config

    @staticmethod
    def shifts(proxy):
        return json.loads(proxy.admin("GET", "/shifts").body)["shifts"]

    def shift(self, proxy, *arguments, pair="blue->green"):
        done = proxy.ctl("shift", pair, *arguments)
        self.assertEqual(0, done.returncode, f"{done}\n{proxy.stderr()}")
        return done

    def instances(self, count=40, target="/"):
        return {self.ask("GET", target).body.decode() for _ in range(count)}

    def test_all_of_it_moves(self):
        blue, green = self.process("blue"), self.process("green")
        proxy, config = self.start(blue, green)
        with Load(self.port, 4) as load:
            self.eventually(lambda: len(load.answers) > 50, load.text)
            began = time.monotonic()
            done = self.shift(proxy, "--over", "6s", "--wait")
            ended = time.monotonic()
            self.eventually(lambda: len(load.since(ended)) > 50, load.text)
        self.assertEqual([], load.failed()[:5], load.text())
        self.assertIn("settling 100 %", done.stdout)
        self.assertIn("complete 100 %", done.stdout)
        before = [each for each in load.answers if each.at < began]
        self.assertEqual({"blue"}, {each.instance for each in before})
        self.assertEqual({"green"}, {each.instance for each in load.since(ended)})
        # The share grows evenly from nothing to all: of each third of the time more than of the one before.
        thirds = []
        for third in range(3):
            answers = [each for each in load.answers if began + 2 * third < each.at <= began + 2 * (third + 1)]
            thirds.append(sum(each.instance == "green" for each in answers) / len(answers))
        self.assertLess(thirds[0], 0.35, thirds)
        self.assertTrue(0.3 < thirds[1] < 0.7, thirds)
        self.assertGreater(thirds[2], 0.65, thirds)
        # It stays, across reloads as well, until it is taken back.
        self.assertEqual(1, proxy.metric("weir_shift_share", **{"from": "blue", "to": "green"}))
        self.assertEqual(1, proxy.metric("weir_shift_state", state="complete"))
        proxy.post("/reload")
        self.assertEqual({"green"}, self.instances())
        self.assertEqual({"red"}, self.instances(3, "/old/x"), "no route of that leads to blue")
        marks = json.loads(proxy.admin("GET", "/marks").body)["marks"]
        self.assertEqual(["shift blue->green moving", "shift blue->green settling", "shift blue->green complete"],
                         [each["label"] for each in marks])
        self.shift(proxy, "--cancel")
        self.eventually(lambda: self.instances() == {"blue"}, "the workers know")
        self.assertIn("cancelled", proxy.ctl("shifts").stdout)

    def test_a_sick_green_gets_nothing_more(self):
        blue, green = self.process("blue"), self.process("green", 0, 100)
        proxy, _ = self.start(blue, green)
        with Load(self.port, 4) as load:
            self.eventually(lambda: len(load.answers) > 50, load.text)
            done = proxy.ctl("shift", "blue:green", "--over", "30s", "--abort-on", "5%", "--min-requests", "20", "--wait")
            ended = time.monotonic()
            self.eventually(lambda: len(load.since(ended)) > 200, load.text)
        self.assertEqual(1, done.returncode, done)
        self.assertIn("aborted", done.stderr)
        self.assertIn("requests failed in the last 10 s (100.0 %)", done.stderr)
        self.assertEqual({"blue"}, {each.instance for each in load.since(ended)}, load.text())
        # Two failures of twenty are over the mark; more of them are those that came until it was seen.
        failed = [each for each in load.answers if each.status == 500]
        self.assertGreaterEqual(len(failed), 2)
        self.assertLess(len(failed), max(20, len(load.answers) / 20), load.text())
        shift, = self.shifts(proxy)
        self.assertEqual(("aborted", 0.0), (shift["state"], shift["share_percent"]))
        self.assertEqual(0, proxy.metric("weir_shift_share"))
        marks = json.loads(proxy.admin("GET", "/marks").body)["marks"]
        self.assertEqual(("fault", "shift blue->green aborted"), (marks[-1]["kind"], marks[-1]["label"]))
        self.assertIn("all is back at blue", proxy.stderr())

    def test_steps_and_cancel(self):
        blue, green = self.upstream("blue", ok), self.upstream("green", ok)
        proxy, _ = self.start(blue, green)
        self.shift(proxy, "--over", "10m", "--steps", "2", pair="blue→green")
        self.eventually(lambda: self.shifts(proxy)[0]["share_percent"] == 50.0, "the first of two steps")
        shift, = self.shifts(proxy)
        self.assertEqual(("moving", 600_000), (shift["state"], shift["over_ms"]))
        self.eventually(lambda: self.instances() == {"blue", "green"}, "the workers know")
        done = proxy.ctl("shift", "blue:green")
        self.assertEqual(1, done.returncode, done)
        self.assertIn("cancel it first", done.stderr)
        done = self.shift(proxy, "--cancel")
        self.assertIn("all is back at blue", done.stdout)
        self.assertEqual({"blue"}, self.instances(), "the share was set back before the answer")
        self.assertEqual("cancelled", self.shifts(proxy)[0]["state"])

    def test_a_route_that_names_both(self):
        blue, green = self.upstream("blue", ok), self.upstream("green", ok)
        proxy, config = self.start(blue, green, to={"blue": 80, "green": 20})
        self.shift(proxy, "--over", "10m", "--steps", "1")
        self.eventually(lambda: self.instances() == {"green"}, "all that was blue's has moved")
        config["listeners"][0]["routes"][1]["to"] = "green"
        proxy.write(config)
        proxy.post("/reload")
        shift, = self.shifts(proxy)
        self.assertEqual(("adopted", 100.0), (shift["state"], shift["share_percent"]), "the configuration says it now")
        self.assertEqual(1, proxy.metric("weir_shift_state", state="adopted"))
        self.assertEqual({"green"}, self.instances())
        self.assertIn("no route leads to blue", proxy.stderr())

    def test_who_is_kept_by_split_by_moves_once(self):
        """Of a route to three clusters, by a field of the request: blue's clients go to green one after the other, each
        for good; the third's stay, whoever else moves. The two workers agree on every client."""
        blue, green, third = (self.upstream(name, ok) for name in ("blue", "green", "third"))
        proxy, config = self.start(blue, green, workers=2)
        config["clusters"]["third"] = {"endpoints": [third.address]}
        config["listeners"][0]["routes"] = [{"to": {"blue": 60, "third": 40}, "split_by": "header:X-User"}]
        self.reload(proxy, config)
        seen = {user: [] for user in range(60)}

        def ask_all():
            for user, clusters in seen.items():
                clusters.append(self.ask("GET", "/", ("X-User", str(user))).body.decode())

        def now():
            ask_all()
            return {user: clusters[-1] for user, clusters in seen.items()}
        before = now()
        self.assertEqual(before, now())
        self.assertEqual({"blue", "third"}, set(before.values()))
        self.shift(proxy, "--over", "5s")

        def halfway():
            ask_all()
            return 30 < self.shifts(proxy)[0]["share_percent"] < 100
        self.eventually(halfway, lambda: self.shifts(proxy))
        self.assertIn("green", {clusters[-1] for clusters in seen.values()})
        proxy.post("/reload")  # no reason to move anybody either

        def all_moved():
            ask_all()
            return self.shifts(proxy)[0]["share_percent"] == 100
        self.eventually(all_moved, lambda: self.shifts(proxy))
        self.eventually(lambda: set(now().values()) == {"green", "third"}, "the workers know")
        histories = ["".join(each[0] for each in clusters) for clusters in seen.values()]
        for history in histories:
            self.assertRegex(history, "^(b+g+|t+)$")
        self.assertGreater(len(set(histories)), 4, "they move one by one, not all at once")
        self.shift(proxy, "--cancel")
        self.assertEqual(before, now(), "each is back where it was")

    def test_half_of_the_clients_are_the_same_half_for_all_workers_and_processes(self):
        blue, green = self.upstream("blue", ok), self.upstream("green", ok)
        proxy, config = self.start(blue, green, workers=2)
        config["listeners"][0]["routes"] = [{"match": {"path": path}, "to": {"blue": 100, "green": 0},
                                             "split_by": "cookie:uid"} for path in ("/shop/*", "/*")]
        self.reload(proxy, config)
        self.shift(proxy, "--over", "10m", "--steps", "2")

        def moved(path):
            return [self.ask("GET", path, ("Cookie", f"uid={user}")).body == b"green" for user in range(100)]
        half = self.eventually(lambda: any(found := moved("/")) and found == moved("/") and found, "the workers know")
        self.assertTrue(20 <= sum(half) <= 80, sum(half))  # six standard errors
        for path in ("/", "/", "/shop/", "/shop/"):
            self.assertEqual(half, moved(path), path)
        self.assertEqual(0, proxy.upgrade().returncode, proxy.stderr())
        self.assertEqual(half, moved("/"))
        self.assertEqual(0, proxy.former[0].wait(PATIENCE))
        self.assertEqual(half, moved("/"))
        without = {self.ask("GET", "/").body for _ in range(60)}
        self.assertEqual({b"blue", b"green"}, without, "who has no cookie is drawn by chance")

    def reload(self, proxy, config):
        proxy.write(config)
        proxy.post("/reload")
        self.eventually(lambda: proxy.metric("weir_config_settled") == 1, "in force")

    def test_who_waits_learns_that_the_configuration_has_taken_over(self):
        blue, green = self.upstream("blue", ok), self.upstream("green", ok)
        proxy, config = self.start(blue, green)
        waiting = subprocess.Popen([WEIR, "ctl", "--admin", f"127.0.0.1:{proxy.admin_port}", "shift", "blue:green",
                                    "--over", "10m", "--wait"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(waiting.kill)
        self.eventually(lambda: self.shifts(proxy), "it has begun")
        config["listeners"][0]["routes"][1]["to"] = "green"
        del config["clusters"]["blue"]
        proxy.write(config)
        proxy.post("/reload")
        out, err = waiting.communicate(timeout=PATIENCE)
        self.assertEqual(0, waiting.returncode, err)
        self.assertIn("adopted 100 %", out)

    def test_a_listener_that_goes_aborts_nothing(self):
        """Its counters go with it. What another listener has counted of failures since it began is not of today."""
        blue, green = self.upstream("blue", ok), self.upstream("green", status(500))
        config = self.config([blue])
        other = free_port()
        config["clusters"] = {name: {"endpoints": [each.address], "slow_start": "off", "outlier_detection": "off"}
                              for name, each in (("blue", blue), ("green", green))}
        config["listeners"][0]["routes"] = [{"match": {"path": "/green"}, "to": "green"}, {"to": "blue"}]
        config["listeners"].append({"name": "other", "http": f"127.0.0.1:{other}", "access_log": "off", "to": "green"})
        proxy = self.weir(config)
        for _ in range(20):
            self.assert_status(500, self.ask("GET", "/green"))
        for _ in range(40):
            self.assert_status(500, ask(other, "GET", "/"))
        green.behaviour = ok
        self.shift(proxy, "--over", "10m", "--min-requests", "10")
        self.eventually(lambda: self.shifts(proxy)[0]["elapsed_ms"] > 500, "it is under way, and has looked around")
        for _ in range(20):
            self.assert_status(200, self.ask())
        proxy.write(config | {"listeners": config["listeners"][:1]})
        proxy.post("/reload")
        before = self.shifts(proxy)[0]["elapsed_ms"]
        self.eventually(lambda: self.shifts(proxy)[0]["elapsed_ms"] > before + 500, "it has been looked at")
        shift, = self.shifts(proxy)
        self.assertEqual("moving", shift["state"], shift)

    def test_it_survives_an_upgrade(self):
        blue, green = self.upstream("blue", ok), self.upstream("green", ok)
        proxy, _ = self.start(blue, green)
        self.shift(proxy, "--over", "10m", "--steps", "2")
        before, = self.shifts(proxy)
        done = proxy.upgrade()
        self.assertEqual(0, done.returncode, f"{done}\n{proxy.stderr()}")
        after, = self.shifts(proxy)
        self.assertEqual(("moving", 50.0), (after["state"], after["share_percent"]))
        self.assertGreater(after["elapsed_ms"], before["elapsed_ms"], "it goes on, it does not begin anew")
        self.eventually(lambda: self.instances() == {"blue", "green"}, "half of it is moved")
        self.shift(proxy, "--cancel")
        self.assertEqual({"blue"}, self.instances())

    def test_what_cannot_be(self):
        blue, green = self.upstream("blue", ok), self.upstream("green", ok)
        proxy, _ = self.start(blue, green)
        for arguments, status, expected in [
            (("blue->gren",), 2, 'there is no cluster "gren"; did you mean green?'),
            (("green->blue",), 1, "no route leads to green"),
            (("blue",), 2, "names no two clusters"),
            (("blue:green", "--over", "soon"), 2, "over must be a duration"),
            (("blue:green", "--abort-on", "often"), 2, "abort_on"),
            (("blue:green", "--cancel"), 1, "there is no shift blue->green"),
        ]:
            done = proxy.ctl("shift", *arguments)
            self.assertEqual(status, done.returncode, done)
            self.assertIn(expected, done.stderr)
        self.assertEqual("there is no shift\n", proxy.ctl("shifts").stdout)


if __name__ == "__main__":
    unittest.main()
