# SPDX-License-Identifier: GPL-2.0-or-later
"""What becomes of generated pods, written in many manners: the same as from the webhook; nothing else in the text changes;
and uninject gives it back."""

import json
import random
import re
import subprocess
import sys

import jsonpatch
import pytest
import yaml

from offline import BUILD, PATIENCE, ROOT, documents, inject, uninject

sys.path += [str(ROOT / "tests" / "webhook"), str(ROOT / "tests" / "merge")]
# pylint: disable=wrong-import-position
from generated_pods import Generator
from program import review

PODS = 150
LABEL = "sidewire.io/inject"
STATUS = "sidewire.io/status"
KINDS = {"Pod": [], "Deployment": ["spec", "template"], "CronJob": ["spec", "jobTemplate", "spec", "template"]}
VERSIONS = {"Pod": "v1", "Deployment": "apps/v1", "CronJob": "batch/v1"}


def webhooks_answer(pod):
    """What the webhook makes of a pod that asks: the pod, or the sentence with which it refuses it."""
    situation = {"profiles": "tests/offline/profiles", "defaultProfiles": "proxy", "review": review(pod)}
    done = subprocess.run([BUILD / "golden-inject"], input=json.dumps(situation).encode(), capture_output=True,
                          timeout=PATIENCE, check=True, cwd=ROOT)
    answer = json.loads(done.stdout)
    if not answer["response"]["allowed"]:
        return answer["response"]["status"]["message"]
    return jsonpatch.apply_patch(pod, answer["response"].get("patch", []))


def at(value, path):
    for part in path:
        value = value[part]
    return value


def without_status(pod):
    """The status tells of the label too, which the webhook finds, and which here is put in."""
    annotations = (pod.get("metadata") or {}).get("annotations") or {}
    return {**pod, "metadata": {**(pod.get("metadata") or {}),
                                "annotations": {k: v for k, v in annotations.items() if k != STATUS}}}


def with_bare_nulls(text):
    """A null that was something meanwhile comes back as an empty place, which is null too."""
    return re.sub(r": null(?=\s)", ":", text)


class Writer:
    """Writes documents in manners by chance, with comments by chance."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def comment(self, line):
        """The line, with a comment behind or above it."""
        chance = self.random.random()
        if chance < 0.1:
            return f"{line} # {self.random.randint(0, 99)}"
        if chance < 0.2:
            return f"{' ' * self.random.randint(0, 8)}# {self.random.randint(0, 99)}\n{line}"
        return f"\n{line}" if chance < 0.25 else line

    def write(self, document):
        """A text that means the document, and whether it has comments."""
        if self.random.random() < 0.2:
            return json.dumps(document, indent=self.random.choice([None, 1, 2, 4]), ensure_ascii=self.random.random() < 0.5) + "\n"
        text = yaml.safe_dump(document, sort_keys=False, width=10**9, allow_unicode=True, indent=self.random.choice([2, 3, 4]),
                              default_flow_style=self.random.choice([False, False, False, None]))
        return "".join(f"{self.comment(line)}\n" for line in text.splitlines())


def cases():
    generator, writer = Generator("offline"), Writer("offline")
    for _ in range(PODS):
        pod = generator.pod()
        for part in ("metadata", "spec"):
            pod.setdefault(part, {})
        kind = writer.random.choice(list(KINDS))
        document = {"apiVersion": VERSIONS[kind], "kind": kind}
        if kind == "Pod":
            document.update({key: value for key, value in pod.items() if key != "kind"})
        else:
            inner = document
            for part in KINDS[kind][:-1]:
                inner = inner.setdefault(part, {"x": 1})
            inner[KINDS[kind][-1]] = {key: value for key, value in pod.items() if key != "kind"}
        yield kind, document, writer.write(document)


def asking(pod):
    metadata = pod.get("metadata") or {}
    return {**pod, "metadata": {**metadata, "labels": {**(metadata.get("labels") or {}), LABEL: "true"}}}


@pytest.mark.parametrize("kind, document, text", cases(), ids=map(str, range(PODS)))
def test_as_from_the_webhook(kind, document, text):
    assert documents(text) == [document]
    done = inject(text)
    pod = at(document, KINDS[kind])
    expected = webhooks_answer(asking(pod))
    if isinstance(expected, str):
        assert done.code == 1 and done.out == b"" and done.err.endswith(f"refused: {expected}\n")
        return
    assert done.code == 0 and "anew" not in done.err, done.err
    [after] = documents(done.out)
    assert without_status(at(after, KINDS[kind])) == without_status(expected)
    again = inject(done.out)
    assert again.out == done.out
    back = uninject(done.out)
    assert with_bare_nulls(back.out.decode()) == with_bare_nulls(text)
    comments = [line for line in text.splitlines() if "#" in line]
    rest = iter(done.out.decode().splitlines())
    assert all(any(line == other or line.partition("#")[2] == other.partition("#")[2] for other in rest) for line in comments)
