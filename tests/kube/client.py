# SPDX-License-Identifier: GPL-2.0-or-later
"""Drives build/kube-client, the thinnest program around common/io/kube_client."""

import json
import os
import pathlib
import queue
import subprocess
import threading

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOOL = (ROOT / os.environ.get("BUILD", "build") / "kube-client").resolve()

# Far above anything a machine under load takes; only a failure waits so long.
PATIENCE = 60


class Client:
    """A running client. What it prints comes out of calls() and event()."""

    def __init__(self, server, ca_file, token_file, *collections, timeout_ms=0, stall_ms=0, environment=None):
        self.process = subprocess.Popen(
            [TOOL, server, ca_file, token_file, str(timeout_ms), str(stall_ms), *collections],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, **(environment or {})})
        self.events = queue.Queue()
        self.answers = queue.Queue()
        self.reader = threading.Thread(target=self._read)
        self.reader.start()

    def _read(self):
        for text in self.process.stdout:
            line = json.loads(text)
            (self.events if "event" in line else self.answers).put(line)

    def ask(self, line):
        """Hands over a line of input; answer() gets what comes of it."""
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def answer(self):
        """The next answer to ask()."""
        return self.answers.get(timeout=PATIENCE)

    def call(self, method, path, body=None):
        """Makes a call: {"status", "object"}, or {"code", "error"} when no answer came."""
        self.ask(f"{method} {path}" + (" " + json.dumps(body) if body is not None else ""))
        return self.answer()

    def health(self):
        """How the watches fare."""
        self.ask("health")
        return self.answer()

    def event(self):
        """The next event."""
        return self.events.get(timeout=PATIENCE)

    def next(self):
        """The next event in short: its type and the names of the objects, in any order."""
        event = self.event()
        objects = event["object"] if event["event"] == "LISTED" else [event["object"]]
        return event["event"], {an_object["metadata"]["name"] for an_object in objects}

    def descriptors(self):
        """How many descriptors it has."""
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def stop(self):
        """Ends it, and sees that it ended well: a sanitizer's report makes it fail here."""
        self.process.stdin.close()
        try:
            assert self.process.wait(PATIENCE) == 0
        finally:
            self.process.kill()
            self.reader.join()
            self.process.stdout.close()
