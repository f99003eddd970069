# SPDX-License-Identifier: GPL-2.0-or-later
"""Drives the real sidewire-node on directories that stand for a node's."""

import http.client
import json
import os
import pathlib
import signal
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = (ROOT / os.environ.get("BUILD", "build")).resolve()
PROGRAM = BUILD / "sidewire-node"

# Far above anything a machine under load takes; only a failure waits so long.
PATIENCE = 60


def wait_for(what, condition):
    """Waits until the condition gives something true, and returns that."""
    end = time.monotonic() + PATIENCE
    while True:
        found = condition()
        if found:
            return found
        assert time.monotonic() < end, f"never so: {what}"
        time.sleep(0.005)


class Node:
    """A node's directories, and the agents that run on it, one at a time."""

    def __init__(self, place):
        self.bin = place / "bin"
        self.conf = place / "net.d"
        self.plugin = place / "plugin"
        self.log_path = place / "log"
        self.bin.mkdir()
        self.conf.mkdir()
        self.plugin.write_bytes(b"\x7fELF, as far as anyone here cares" * 3000)
        self.installed = self.bin / "sidewire-cni"
        self.process = None
        self.port = None

    def command(self, *options):
        """The agent's command line."""
        return [PROGRAM, "--cni-bin-dir", self.bin, "--cni-conf-dir", self.conf, "--plugin", self.plugin,
                "--listen", "127.0.0.1:0", *options]

    def start(self, *options, wrapper=(), environment=None):
        """Starts an agent, with a log of its own."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith("KUBERNETES_")}
        with self.log_path.open("wb") as log:
            self.process = subprocess.Popen(
                [*wrapper, *self.command(*options)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log,
                env={**clean, "NODE_NAME": "node-1", "POD_NAMESPACE": "sidewire-system", **(environment or {})})
        self.port = None
        return self

    def log(self):
        """Whole lines of the log so far. Each must be one JSON object: a sanitizer's report is none."""
        return [json.loads(line) for line in self.log_path.read_text(encoding="utf-8").split("\n")[:-1]]

    def lines(self, msg, **fields):
        """The lines with this msg and these fields."""
        return [line for line in self.log() if line["msg"] == msg and fields.items() <= line.items()]

    def wait_log(self, msg, count=1, **fields):
        """The `count`th such line, waited for."""
        def found():
            lines = self.lines(msg, **fields)
            assert len(lines) >= count or self.process.poll() is None, self.log_path.read_text()
            return lines[count - 1:]
        return wait_for(f"{msg} {fields} in the log", found)[0]

    def get(self, path, method="GET"):
        """Asks the agent. Returns status and text."""
        if self.port is None:
            self.port = self.wait_log("started")["port"]
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        connection.request(method, path)
        reply = connection.getresponse()
        try:
            return reply.status, reply.read().decode()
        finally:
            connection.close()

    def metric(self, name):
        """The value of a metric, named with its labels as the text has them."""
        for line in self.get("/metrics")[1].splitlines():
            if line.startswith(name + " "):
                return int(line.rsplit(" ", 1)[1])
        raise AssertionError(f"there is no metric {name}")

    def put_back(self, part):
        """How often the part was put back."""
        return self.metric(f'sidewire_node_put_back_total{{part="{part}"}}')

    def is_ready(self):
        """Whether it says that it is ready."""
        return self.get("/readyz")[0] == 200

    def wait_ready(self):
        """Waits until it says so."""
        wait_for("ready", self.is_ready)
        return self

    def wait_reason(self, text):
        """Waits until it is not ready for a reason that holds the text."""
        wait_for(f"a reason with '{text}'", lambda: text in self.get("/readyz")[1])

    def terminate(self):
        """Asks it to end."""
        self.process.send_signal(signal.SIGTERM)

    def wait_end(self):
        """Waits for its end. Returns the exit status."""
        return self.process.wait(PATIENCE)

    def stop(self):
        """Ends it at once, and sees that it ended well."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.terminate()
            time.sleep(0.05)
        if self.process.poll() is None:
            self.terminate()
        try:
            assert self.wait_end() == 0, self.log_path.read_text()
        finally:
            self.process.kill()
        self.log()
        self.process = None

    def kill(self):
        """Ends it as a power cut would."""
        self.process.kill()
        self.process.wait()
        self.process = None

    def file(self, name):
        """The bytes of a configuration."""
        return (self.conf / name).read_bytes()

    def put(self, name, data):
        """Another program writes a configuration as it should: whole, by rename."""
        temporary = self.conf / (name + ".tmp")
        temporary.write_bytes(data)
        temporary.rename(self.conf / name)

    def names(self):
        """Everything in the directory of configurations."""
        return sorted(entry.name for entry in self.conf.iterdir())
