# SPDX-License-Identifier: GPL-2.0-or-later
"""What sidewire-inject costs: a thousand Deployments, one after the other; and its memory."""

import os
import subprocess
import time

import lab
from program import PROFILES
from table import spread

DEPLOYMENTS = 1000
DEPLOYMENT = """\
---
# Deployment {number} of the shop.
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web-{number}
  namespace: shop
  labels: {{app: web-{number}}}
spec:
  replicas: 2
  selector:
    matchLabels:
      app: web-{number}
  template:
    metadata:
      labels:
        app: web-{number}
    spec:
      containers:
        - name: app
          image: example/web:{number}   # what is served
          ports:
            - containerPort: 8080
          env:
            - name: MODE
              value: "production"
            - name: POD_IP
              valueFrom: {{fieldRef: {{fieldPath: status.podIP}}}}
          readinessProbe:
            httpGet: {{path: /healthz, port: 8080}}
          resources:
            requests: {{cpu: 100m, memory: 128Mi}}
            limits: {{cpu: "1", memory: 256Mi}}
"""


def _run(manifest):
    """Wall clock and the processor's time, both in milliseconds."""
    start = time.monotonic()
    with subprocess.Popen([lab.BUILD / "sidewire-inject", "inject", "-q", "--profile", PROFILES / "envoy.yaml", manifest],
                          stdout=subprocess.DEVNULL) as program:
        _, status, usage = os.wait4(program.pid, 0)
        program.returncode = os.waitstatus_to_exitcode(status)
    if program.returncode != 0:
        raise RuntimeError(f"sidewire-inject ended with {program.returncode}")
    return (time.monotonic() - start) * 1e3, (usage.ru_utime + usage.ru_stime) * 1e3


def _write_manifest(directory, count):
    manifest = directory / f"deployments-{count}.yaml"
    manifest.write_text("".join(DEPLOYMENT.format(number=number) for number in range(count)), encoding="ascii")
    return manifest


def _peak(directory, manifest):
    """Megabytes at most. A program's peak begins with that of what started it: so that is bench-spawn, which is small."""
    script = directory / "inject.sh"
    program = lab.BUILD.resolve() / "sidewire-inject"
    script.write_text(f"#!/bin/sh\nexec {program} inject -q --profile {PROFILES}/envoy.yaml {manifest}\n",
                      encoding="utf-8")
    script.chmod(0o755)
    done = subprocess.run([lab.BUILD / "bench-spawn"], input=f"{script}\t/dev/null\n", text=True,
                          stdout=subprocess.PIPE, check=True)
    return int(done.stdout.split("\t")[1]) * 1024 / 1e6


def report(table, directory, rounds, growth):
    """The whole program, from its start to its end; its memory, and that of `growth` times as many documents."""
    manifest = _write_manifest(directory, DEPLOYMENTS)
    wall, processor = zip(*[_run(manifest) for _ in range(rounds)])
    table.head(f"sidewire-inject inject, {DEPLOYMENTS} Deployments of {manifest.stat().st_size / DEPLOYMENTS:.0f} bytes, "
               f"{rounds} times")
    table.row("from start to end", spread(wall), "ms", 0, limit=1000)
    table.row("  of that, processor", spread(processor), "ms", 0)
    few = _peak(directory, manifest)
    table.row("memory at most", few, "MB")
    many = _peak(directory, _write_manifest(directory, DEPLOYMENTS * growth))
    table.row(f"memory at most, of {DEPLOYMENTS * growth}", many, "MB")
    table.row("  more", many - few, "MB", limit=1)
