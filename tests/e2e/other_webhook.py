#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""other_webhook.py PORT CERTIFICATE KEY: a mutating webhook that knows nothing of sidewire. It adds the container of the pod's
annotation example.com/adds, JSON, unless the pod has it."""

import base64
import http.server
import json
import ssl
import sys

ADDS = "example.com/adds"


def patch(pod):
    """What it wants of a pod: operations of a JSON patch."""
    added = json.loads(pod["metadata"].get("annotations", {}).get(ADDS, "null"))
    names = [container["name"] for container in pod["spec"]["containers"]]
    if added is None or added["name"] in names:
        return []
    return [{"op": "add", "path": "/spec/containers/-", "value": added}]


class Reviews(http.server.BaseHTTPRequestHandler):
    """Answers them all."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):  # pylint: disable=invalid-name
        review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        operations = json.dumps(patch(review["request"]["object"])).encode()
        answer = json.dumps({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": {
            "uid": review["request"]["uid"], "allowed": True, "patchType": "JSONPatch",
            "patch": base64.b64encode(operations).decode()}}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)


def main(port, certificate, key):
    """Serves until it is ended."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", int(port)), Reviews)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
