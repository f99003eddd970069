# SPDX-License-Identifier: GPL-2.0-or-later
"""What sidewire-inject costs: a thousand Deployments, one after the other."""

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


def report(table, directory, rounds):
    """The whole program, from its start to its end."""
    manifest = directory / "deployments.yaml"
    manifest.write_text("".join(DEPLOYMENT.format(number=number) for number in range(DEPLOYMENTS)), encoding="ascii")
    wall, processor = zip(*[_run(manifest) for _ in range(rounds)])
    table.head(f"sidewire-inject inject, {DEPLOYMENTS} Deployments of {manifest.stat().st_size / DEPLOYMENTS:.0f} bytes, "
               f"{rounds} times")
    table.row("from start to end", spread(wall), "ms", 0, limit=1000)
    table.row("  of that, processor", spread(processor), "ms", 0)
