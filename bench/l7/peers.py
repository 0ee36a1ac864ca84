"""The peers: how each is configured and started, and the stage they share (upstream server, spinners, ports)."""

import contextlib
import json
import random
import socket
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import host
import processes

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PROGRAMS = ROOT / "build" / "bench-l7"
SERVER_NICE = -10
FILES = {"100": 100, "1k": 1024, "64k": 65536}  # what an upstream server that is not light_server has to serve

@dataclass(frozen=True)
class Setup:
    """How Weir is set up: workers, depth of the pipeline and protocol towards the upstream."""
    workers: int = 1
    pipeline: object = "off"
    protocol: str = "http1"
    upstream: str = "light_server"


# The last two differ in the protocol alone: the upstream server is one that speaks both.
WEIRS = {"weir": Setup(), "weir2": Setup(workers=2), "weir-pipeline": Setup(pipeline=16),
         "weir-h1up": Setup(upstream="h2o"), "weir-h2up": Setup(upstream="h2o", protocol="h2")}
HTTP2_UPSTREAM = ["weir-h1up", "weir-h2up"]
@dataclass(frozen=True)
class Scale:
    """How many routes (a host each), clusters, endpoints in each, and clusters beside them, with a route each, that
    nobody asks for."""
    routes: int
    clusters: int = 1
    endpoints: int = 1
    idle_clusters: int = 0


# To tell what a cluster costs from what a connection costs that was not used for a while, there must be as many
# endpoints.
SCALED = {"weir-10-routes": Scale(10), "weir-10000-routes": Scale(10_000), "weir-1-cluster": Scale(1000),
          "weir-999-idle": Scale(1000, idle_clusters=999), "weir-1000-endpoints": Scale(1000, endpoints=1000),
          "weir-1000-clusters": Scale(1000, clusters=1000)}
MANY_PORTS = 1000  # that the upstream server of those has
ALL = ["relay", "nginx", "haproxy", "h2o", *WEIRS]
# Those that take HTTP/2 with prior knowledge on the port where they take HTTP/1, and by ALPN on the one of TLS; h2o is
# measured for nothing else.
HTTP2 = ["haproxy", "h2o", "weir"]
# Those that are given a certificate, and a second port to speak TLS on.
TLS = ["nginx", "haproxy", "weir"]


def build_programs():
    """The small programs beside this file; seconds the first time, nothing later."""
    configure = ["cmake", "-S", HERE, "-B", PROGRAMS, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release",
                 "--log-level=WARNING"]
    for argv in (configure, ["cmake", "--build", PROGRAMS]):
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(done.stdout + done.stderr)


@dataclass
class Peer:
    name: str
    port: int
    process: subprocess.Popen
    server: subprocess.Popen  # the upstream server behind it
    tls_port: int = 0

    @property
    def pid(self):
        return self.process.pid

    def url(self, path, tls=False):
        return f"https://127.0.0.1:{self.tls_port}{path}" if tls else f"http://127.0.0.1:{self.port}{path}"


class Stage:
    """Starts everything and ends all of it on leaving the `with` block, however that is left."""

    def __init__(self, weir):
        self.weir = weir
        self.placement = host.placement(1)
        self._exit = contextlib.ExitStack()
        self._taken = set()
        self._upstreams = {}  # by name: port and process

    def __enter__(self):
        try:
            self._open()
        except BaseException:
            self._exit.close()
            raise
        return self

    def _open(self):
        self.directory = Path(self._exit.enter_context(tempfile.TemporaryDirectory(prefix="weir-bench-")))
        # Peers that drop their privileges must still reach their own files.
        self.directory.chmod(0o755)
        make_certificate(self.directory)
        self._start("spinner", [PROGRAMS / "spinner"], frozenset().union(*vars(self.placement).values()), nice=0)
        self.start_upstream("light_server")

    def __exit__(self, *error):
        return self._exit.__exit__(*error)

    def free_port(self, count=1):
        """The first of so many in a row, below the ephemeral range, so that no outgoing connection can take one."""
        while True:
            first = random.randint(20000, 30000 - count)
            ports = set(range(first, first + count))
            if not ports & self._taken and all(map(is_free, ports)):
                self._taken |= ports
                return first

    def start_upstream(self, name):
        """Port and process; started when first needed."""
        if name not in self._upstreams:
            port = self.free_port(MANY_PORTS if name == "many_ports" else 1)
            process = self._start(f"upstream-{name}", self._upstream_command(name, port), self.placement.origin)
            self._await(process, port, f"upstream-{name}")
            self._upstreams[name] = port, process
        return self._upstreams[name]

    def _upstream_command(self, name, port):
        if name == "light_server":
            return [PROGRAMS / "light_server", "--port", port]
        if name == "many_ports":
            return [PROGRAMS / "light_server", "--port", port, "--ports", MANY_PORTS]
        directory = Path(tempfile.mkdtemp(prefix=f"upstream-{name}-", dir=self.directory))
        directory.chmod(0o755)
        for file, size in FILES.items():
            (directory / file).write_bytes(b"x" * size)
        values = {"PORT": port, "DIRECTORY": directory}
        return [host.find("h2o"), "-m", "worker", "-c", fill("h2o_upstream.conf", directory, values)]

    def start(self, name, under=()):
        """Starts a peer, `under` a tool such as valgrind if asked (then nginx has to be one process)."""
        port, tls_port = self.free_port(), self.free_port()
        # A fresh directory each time: a tool's run beside the ordinary one must not share its files.
        directory = Path(tempfile.mkdtemp(prefix=name + "-", dir=self.directory))
        directory.chmod(0o755)
        upstream, server = self.start_upstream(upstream_of(name))
        argv = [*under, *self._command(name, port, tls_port, directory, upstream, single=bool(under))]
        peer = Peer(name, port, self._start(name, argv, self.placement.proxy), server, tls_port)
        self._await(peer.process, port, name, seconds=60 if under else 10)
        return peer

    def _command(self, name, port, tls_port, directory, upstream, single):
        if name == "relay":
            return [PROGRAMS / "relay", "--port", port, "--upstream", upstream]
        values = {"PORT": port, "TLS_PORT": tls_port, "CERTIFICATES": self.directory, "UPSTREAM": upstream, "WORKERS": 1}
        if name == "nginx":
            options = "daemon off;" + (" master_process off;" if single else "")
            file = fill("nginx.conf", directory, values)
            return [host.find("nginx"), "-p", directory, "-c", file, "-e", directory / "error.log", "-g", options]
        if name == "haproxy":
            return [host.find("haproxy"), "-db", "-f", fill("haproxy.cfg", directory, values)]
        if name == "h2o":
            return [host.find("h2o"), "-m", "worker", "-c", fill("h2o.conf", directory, values)]
        if name in SCALED:
            file = directory / "weir.yaml"
            file.write_text(scaled(SCALED[name], port, upstream, self.free_port()))
            return [self.weir, "run", "-c", file]
        setup = WEIRS[name]
        values |= {"WORKERS": setup.workers, "PIPELINE": setup.pipeline, "PROTOCOL": setup.protocol,
                   "ADMIN": self.free_port()}
        return [self.weir, "run", "-c", fill("weir.yaml", directory, values)]

    def _start(self, name, argv, cpus, nice=SERVER_NICE):
        log = self._exit.enter_context(open(self.directory / f"{name}.log", "ab"))
        child = processes.start(list(map(str, argv)), cpus, nice, log)
        self._exit.callback(processes.stop, child)
        return child

    def _await(self, child, port, name, seconds=10):
        def ready():
            if child.poll() is not None:
                raise RuntimeError(f"{name} ended with status {child.returncode}")
            return answers(port)
        try:
            processes.wait_until(ready, seconds, f"{name} answers on port {port}")
        except RuntimeError as error:
            raise RuntimeError(f"{error}\n{self._log(name)}") from None

    def check(self, peer):
        if peer.process.poll() is not None:
            raise RuntimeError(f"{peer.name} ended with status {peer.process.returncode}:\n{self._log(peer.name)}")

    def _log(self, name):
        return (self.directory / f"{name}.log").read_text(errors="replace")[-2000:]

    def place(self, placement, peers):
        """Moves the origin and these peers to other CPUs; the client is started anew each time."""
        self.placement = placement
        for _, server in self._upstreams.values():
            processes.pin(server.pid, placement.origin)
        for peer in peers:
            processes.pin(peer.pid, placement.proxy)


def upstream_of(name):
    if name in SCALED:
        return "many_ports"
    return WEIRS[name].upstream if name in WEIRS else "light_server"


def is_free(port):
    with socket.socket() as probe, contextlib.suppress(OSError):
        probe.bind(("127.0.0.1", port))
        return True
    return False


def scaled(scale, port, upstream, admin):
    """weir.yaml with so many of each; all lead to the one upstream server, every endpoint by a port of its own."""
    lines = ["workers: 1", f"admin: 127.0.0.1:{admin}", "listeners:", f"  - http: 127.0.0.1:{port}",
             '    access_log: "off"', "    timeouts: {idle: 3600s}", "    routes:"]
    lines += [f"      - {{match: {{host: r-{i}.bench}}, to: app-{i % scale.clusters}}}" for i in range(scale.routes)]
    lines += [f"      - {{match: {{host: idle-{i}.bench}}, to: idle-{i}}}" for i in range(scale.idle_clusters)]
    lines += ["      - to: app-0", "clusters:"]
    lines += [f'  idle-{i}: {{endpoints: ["127.0.0.1:{upstream}"]}}' for i in range(scale.idle_clusters)]
    for i in range(scale.clusters):
        endpoints = [f"127.0.0.1:{upstream + i * scale.endpoints + j}" for j in range(scale.endpoints)]
        lines.append(f"  app-{i}: {{endpoints: {json.dumps(endpoints)}, connection_pool: {{max_idle: 1024}}, "
                     "policy: round_robin}")
    return "\n".join(lines) + "\n"


def make_certificate(directory):
    """tls.pem, tls.key, and both in one file: ECDSA P-256, as most of the web has it."""
    certificate, key = directory / "tls.pem", directory / "tls.key"
    subprocess.run([host.find("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                    "-nodes", "-keyout", key, "-out", certificate, "-days", "2", "-subj", "/CN=bench",
                    "-addext", "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)
    (directory / "both.pem").write_text(certificate.read_text() + key.read_text())


def fill(template, directory, values):
    text = (HERE / template).read_text()
    for key, value in values.items():
        text = text.replace(f"@{key}@", str(value))
    file = directory / template
    file.write_text(text)
    return file


def answers(port):
    """Whether a request comes back with 200."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(b"GET /100 HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n")
        return connection.recv(65536).startswith(b"HTTP/1.1 200")
    return False
