"""A process that another one has started to take over from itself, seen as subprocess.Popen would: it becomes our child
when its parent ends, because we say that orphans are ours (PR_SET_CHILD_SUBREAPER, prctl(2))."""

import ctypes
import os
import pathlib
import signal

from harness.waiting import PATIENCE, wait_for

_PR_SET_CHILD_SUBREAPER = 36
ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


class Successor:
    stdout = None

    def __init__(self, pid):
        self.pid = pid
        self.returncode = None

    def poll(self):
        """The exit status; None while it lives. Once its parent's zombie only that parent knows the status: then 0."""
        if self.returncode is None:
            try:
                pid, status = os.waitpid(self.pid, os.WNOHANG)
                if pid:
                    self.returncode = os.waitstatus_to_exitcode(status)
            except ChildProcessError:
                if not self._lives():
                    self.returncode = 0
        return self.returncode

    def _lives(self):
        try:
            text = pathlib.Path(f"/proc/{self.pid}/stat").read_text()
        except OSError:
            return False
        return text.rpartition(")")[2].split()[0] != "Z"

    def wait(self, timeout=PATIENCE):
        wait_for(lambda: self.poll() is not None, timeout)
        if self.returncode is None:
            raise TimeoutError(f"process {self.pid} still lives")
        return self.returncode

    def kill(self):
        os.kill(self.pid, signal.SIGKILL)
