# SPDX-License-Identifier: GPL-2.0-or-later
"""The webhook, asked as an API server asks it, and its patch applied by python3-jsonpatch."""

import base64
import contextlib
import copy
import http.client
import json
import pathlib
import ssl

import jsonpatch

import lab

REVIEW = json.loads(pathlib.Path(__file__).with_name("review.json").read_text(encoding="utf-8"))
HTTPS_PORT = 8443
PLAIN_PORT = 8080
SECONDS_TO_START = 10


def review_of(annotations, container=None):
    """The review of the pod with these annotations added, and these members of its container."""
    review = copy.deepcopy(REVIEW)
    pod_object = review["request"]["object"]
    pod_object["metadata"].setdefault("annotations", {}).update(annotations)
    pod_object["spec"]["containers"][0].update(container or {})
    return review


class Denied(Exception):
    """The webhook's answer was no."""


class Webhook:
    """sidewire-webhook on the loopback of a namespace, with a certificate of its own authority."""

    def __init__(self, namespace, directory, profiles):
        self._namespace = namespace
        self._log = directory / "webhook.log"
        authority = directory / "authority.pem"
        with open(self._log, "wb") as log:
            self._process = namespace.start(
                [lab.BUILD / "sidewire-webhook", "--listen", f"127.0.0.1:{HTTPS_PORT}",
                 "--plain-listen", f"127.0.0.1:{PLAIN_PORT}", "--profiles", profiles,
                 "--gate-image", "example/sidewire:1", "--ca-out", authority], stdout=log, stderr=log)
        lab.wait_for(self._is_ready, SECONDS_TO_START, "the webhook")
        self._tls = ssl.create_default_context(cafile=authority)

    def _is_ready(self):
        if self._process.poll() is not None:
            raise RuntimeError(f"the webhook ended: {self._log.read_text(encoding='utf-8')}")
        with contextlib.suppress(OSError, http.client.HTTPException):
            return self._ask(PLAIN_PORT, "GET", "/readyz").status == 200
        return False

    def _ask(self, port, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", port)
        connection.sock = self._namespace.connect("127.0.0.1", port)
        if port == HTTPS_PORT:
            connection.sock = self._tls.wrap_socket(connection.sock, server_hostname="127.0.0.1")
        with contextlib.closing(connection):
            connection.request(method, path, body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            answer.body = answer.read()
            return answer

    def review(self, review):
        """The response to one AdmissionReview."""
        answer = self._ask(HTTPS_PORT, "POST", "/mutate/enabled", json.dumps(review))
        if answer.status != 200:
            raise RuntimeError(f"HTTP {answer.status}: {answer.body!r}")
        return json.loads(answer.body)["response"]

    def create(self, annotations, container=None):
        """The pod as it is stored when one with these is created; see review_of()."""
        review = review_of(annotations, container)
        response = self.review(review)
        if not response["allowed"]:
            raise Denied(response["status"]["message"])
        return apply(review["request"]["object"], patch_of(response))


def patch_of(response):
    """The patch in a response, [] if there is none."""
    return json.loads(base64.b64decode(response["patch"])) if "patch" in response else []


def apply(pod_object, patch):
    """The pod with the patch applied, by code that is not ours."""
    return jsonpatch.apply_patch(pod_object, patch)
