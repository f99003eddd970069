# SPDX-License-Identifier: GPL-2.0-or-later
"""A real sshd and a real ssh. Whoever is not root may run an sshd that serves nobody else: it needs no user of its own in
the machine's passwd."""

import os
import pathlib
import pwd
import shutil
import subprocess
import tempfile

import lab

# Debian has it on every machine; nobody is locked where systemd is asked (nss-systemd).
USER = pwd.getpwnam("daemon")
PORT = 22

CONFIGURATION = """
Port {port}
HostKey {directory}/host_key
AuthorizedKeysFile {directory}/user_key.pub
PasswordAuthentication no
StrictModes no
PidFile none
"""


class Server:
    """An sshd in a namespace, on port 22."""

    def __init__(self, namespace):
        self.namespace = namespace
        # pytest's directories are for root only.
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="sidewire-sshd-"))
        for name in ("host_key", "user_key"):
            lab.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.directory / name])
        (self.directory / "config").write_text(CONFIGURATION.format(port=PORT, directory=self.directory), encoding="utf-8")
        program = shutil.copy(lab.DEPS_BIN / "sshd", self.directory)
        for path in (self.directory, *self.directory.iterdir()):
            os.chown(path, USER.pw_uid, USER.pw_gid)
        namespace.run(["sysctl", "-q", "-w", "net.ipv4.ip_unprivileged_port_start=0"])
        with open(self.directory / "log", "wb") as log:
            self._process = namespace.start([program, "-D", "-e", "-f", self.directory / "config"],
                                            (USER.pw_uid, USER.pw_gid), stderr=log, stdin=subprocess.DEVNULL)
        lab.wait_for(self._is_listening, 10, "sshd")

    def _is_listening(self):
        assert self._process.poll() is None, (self.directory / "log").read_text()
        try:
            self.namespace.connect("127.0.0.1", PORT).close()
            return True
        except OSError:
            return False

    def call(self, caller, host, port):
        """Logs in from another namespace, and has the server connect to a port of its own: the process, whose standard
        input and output are that connection."""
        # Root's copy: ssh takes no key that others own.
        key = self.directory / "root_key"
        if not key.exists():
            shutil.copy(self.directory / "user_key", key)
        return caller.start(["ssh", "-F", "none", "-i", key, "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes", "-o", "LogLevel=ERROR",
                             "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
                             "-W", f"127.0.0.1:{port}", f"{USER.pw_name}@{host}"],
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0)

    def close(self):
        """Its files; the process ends with the namespace."""
        lab.end(self._process)
        shutil.rmtree(self.directory)
