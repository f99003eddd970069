# SPDX-License-Identifier: GPL-2.0-or-later
"""A real kube-apiserver with its etcd, on free ports of loopback, and nothing else of a cluster."""

import json
import os
import pathlib
import socket
import ssl
import subprocess
import time
import urllib.request

from client import PATIENCE, ROOT
from fake import make_authority

# hack/cluster puts them there.
PROGRAMS = pathlib.Path(os.environ.get("KUBERNETES_PROGRAMS", ROOT / ".deps" / "cluster" / "bin"))


def is_there():
    """Whether there are the programs."""
    return all((PROGRAMS / name).exists() for name in ("etcd", "kube-apiserver"))


def free_port():
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


class ApiServer:
    """Two tokens are known to it: `admin` may do everything, `nobody` nothing."""

    def __init__(self, place):
        self.place = place
        self.ca, self.chain, self.key = make_authority(place, "apiserver")
        self.token = place / "token"
        self.token.write_text("admin-token")
        (place / "tokens.csv").write_text('admin-token,admin,1,"system:masters"\nnobody-token,nobody,2\n')
        (place / "accounts.pub").write_bytes(subprocess.run(["openssl", "pkey", "-pubout", "-in", self.key], check=True,
                                                            stdout=subprocess.PIPE).stdout)
        self.port = free_port()
        self.url = f"https://127.0.0.1:{self.port}"
        client, peer = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
        self.etcd_url = client
        self.etcd = self._spawn("etcd", "--data-dir", place / "etcd", "--unsafe-no-fsync",
                                "--listen-client-urls", client, "--advertise-client-urls", client,
                                "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
                                "--initial-cluster", f"default={peer}")
        try:
            self.start()
        except BaseException:
            self.stop()
            raise

    def _spawn(self, program, *arguments):
        with (self.place / f"{program}.log").open("ab") as log:
            return subprocess.Popen([PROGRAMS / program, *arguments], stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def start(self):
        """Starts the API server, the first time and after stop_api(); returns when it is ready."""
        self.api = self._spawn(
            "kube-apiserver", "--etcd-servers", self.etcd_url, "--bind-address=127.0.0.1", f"--secure-port={self.port}",
            "--endpoint-reconciler-type=none", "--service-cluster-ip-range=10.96.0.0/16", "--authorization-mode=RBAC",
            "--tls-cert-file", self.chain, "--tls-private-key-file", self.key, "--token-auth-file", self.place / "tokens.csv",
            "--service-account-issuer=https://kubernetes.default.svc", "--service-account-key-file", self.place / "accounts.pub",
            "--service-account-signing-key-file", self.key, "--shutdown-delay-duration=0s")
        context = ssl.create_default_context(cafile=self.ca)
        end = time.monotonic() + 2 * PATIENCE
        while True:
            try:
                with urllib.request.urlopen(self.url + "/readyz", context=context):
                    return
            except OSError:
                assert time.monotonic() < end and self.api.poll() is None, (self.place / "kube-apiserver.log").read_text()
                time.sleep(0.1)

    def stop_api(self):
        """Ends the API server, at once."""
        self.api.kill()
        self.api.wait()

    def compact(self):
        """Makes etcd forget all but the present. An API server that starts afterwards knows no more."""
        def ask(path, message):
            with urllib.request.urlopen(self.etcd_url + path, json.dumps(message).encode()) as reply:
                return json.load(reply)

        revision = ask("/v3/maintenance/status", {})["header"]["revision"]
        ask("/v3/kv/compaction", {"revision": revision, "physical": True})

    def stop(self):
        """Ends both."""
        self.stop_api()
        self.etcd.kill()
        self.etcd.wait()
