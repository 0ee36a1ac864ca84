"""An authority and the certificates it signs, made by the openssl command on the spot, and clients and
endpoints that speak TLS."""

import contextlib
import pathlib
import socket
import ssl
import subprocess

from harness.upstream import Upstream
from harness.waiting import PATIENCE
from harness.wire import Client


def openssl(*arguments, data=None, check=True):
    done = subprocess.run(["openssl", *map(str, arguments)], input=data, capture_output=True, timeout=PATIENCE,
                          check=False)
    said = done.stdout.decode("latin-1") + done.stderr.decode("latin-1")
    if check and done.returncode != 0:
        raise AssertionError(f"openssl {' '.join(map(str, arguments))}: {done.returncode}\n{said}")
    return said


class Authority:
    def __init__(self, directory, name="test authority"):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(exist_ok=True)
        self.path = self.directory / "ca.pem"
        self._key = self.directory / "ca.key"
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", self._key,
                "-out", self.path, "-days", 30, "-subj", f"/CN={name}",
                "-addext", "basicConstraints=critical,CA:TRUE")

    def issue(self, name, *names, rsa=False, days=30):
        """The settings of a certificate for these names: of hosts, or IP:address."""
        certificate, key, request = (self.directory / f"{name}.{end}" for end in ("pem", "key", "csr"))
        kind = ["rsa:2048"] if rsa else ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
        openssl("req", "-newkey", *kind, "-nodes", "-keyout", key, "-out", request, "-subj", f"/O=weir/CN={name}")
        san = ",".join(each if ":" in each else f"DNS:{each}" for each in names)
        extensions = self.directory / f"{name}.ext"
        extensions.write_text(f"subjectAltName={san}\n" if san else "basicConstraints=CA:FALSE\n")
        openssl("x509", "-req", "-in", request, "-CA", self.path, "-CAkey", self._key, "-CAcreateserial",
                "-out", certificate, "-days", days, "-extfile", extensions)
        certificate.write_text(certificate.read_text() + self.path.read_text())
        return {"certificate": str(certificate), "key": str(key)}

    def staple(self, name, *, revoked=False):
        """An OCSP response about a certificate that was issued, valid for a day."""
        certificate = self.directory / f"{name}.pem"
        serial = openssl("x509", "-in", certificate, "-noout", "-serial").strip().split("=")[1]
        status = "R\t301231235959Z\t201231235959Z" if revoked else "V\t301231235959Z\t"
        index = self.directory / "index"
        index.write_text(f"{status}\t{serial}\tunknown\t/O=weir/CN={name}\n")
        response = self.directory / f"{name}.ocsp"
        openssl("ocsp", "-index", index, "-CA", self.path, "-rsigner", self.path, "-rkey", self._key,
                "-issuer", self.path, "-cert", certificate, "-ndays", 1, "-respout", response, "-noverify")
        return str(response)

    def context(self, *, version=None, protocols=(), shown=None):
        """What a client trusts and offers."""
        context = ssl.create_default_context(cafile=str(self.path))
        if version:
            context.minimum_version = context.maximum_version = version
        if protocols:
            context.set_alpn_protocols(list(protocols))
        if shown:
            context.load_cert_chain(shown["certificate"], shown["key"])
        return context


class TlsClient(Client):
    """A client of a listener that speaks TLS: `sock` is the ssl module's."""

    def __init__(self, port, context, name="localhost", session=None, **options):
        super().__init__(port, **options)
        self.sock.settimeout(PATIENCE)
        self.sock = context.wrap_socket(self.sock, server_hostname=name, session=session,
                                        suppress_ragged_eofs=False)  # an end without close_notify raises


class TlsUpstream(Upstream):
    """An endpoint of Python's own ssl module."""

    def __init__(self, shown, *arguments, protocols=(), **options):
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(shown["certificate"], shown["key"])
        if protocols:
            self._context.set_alpn_protocols(list(protocols))
        super().__init__(*arguments, **options)

    def insist(self, authority, version):
        """On a certificate."""
        self._context.minimum_version = self._context.maximum_version = version
        self._context.load_verify_locations(authority)
        self._context.verify_mode = ssl.CERT_REQUIRED

    def _serve(self, sock):
        with contextlib.suppress(OSError):
            super()._serve(self._context.wrap_socket(sock, server_side=True))
        sock.close()


def raw(port):
    return socket.create_connection(("127.0.0.1", port), PATIENCE)
