"""nginx as an endpoint: one process on ports of its own, with the servers a story writes."""

import os
import pathlib
import shutil
import signal
import socket
import subprocess

from harness.waiting import PATIENCE, wait_for

# Not everybody's PATH has sbin.
PROGRAM = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")

CONFIG = """
daemon off;
master_process off;
pid {directory}/nginx.pid;
error_log {directory}/nginx.log info;
events {{ worker_connections 256; }}
http {{
  access_log off;
  client_body_temp_path {directory}/body;
  proxy_temp_path {directory}/proxy;
  fastcgi_temp_path {directory}/fastcgi;
  uwsgi_temp_path {directory}/uwsgi;
  scgi_temp_path {directory}/scgi;
  {servers}
}}
"""


class Nginx:
    """`servers`: text of its server blocks; `host` and `port`: where one of them listens."""

    def __init__(self, directory, servers, port, host="127.0.0.1"):
        self.directory = pathlib.Path(directory) / f"nginx-{port}"
        self.directory.mkdir()
        self.port = port
        self.host = host
        self.address = f"{host}:{port}"
        config = self.directory / "nginx.conf"
        config.write_text(CONFIG.format(directory=self.directory, servers=servers))
        self._process = subprocess.Popen([PROGRAM, "-p", self.directory, "-c", config, "-e", "nginx.log"],
                                         stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if not wait_for(self._listens):
            text = self.log()
            self.stop()
            raise AssertionError(f"nginx did not start: {text}")

    def _listens(self):
        if self._process.poll() is not None:
            return False
        try:
            socket.create_connection((self.host, self.port), 1).close()
        except OSError:
            return False
        return True

    def log(self):
        path = self.directory / "nginx.log"
        return path.read_text() if path.exists() else ""

    def stop(self):
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(PATIENCE)
