# SPDX-License-Identifier: GPL-2.0-or-later
"""A Kubernetes API server as far as the webhook asks it: objects with versions, conflicts, JSON patches and watches; and
faults that a real one would not show on demand."""

import base64
import contextlib
import copy
import datetime
import http.server
import ipaddress
import json
import ssl
import threading
import urllib.parse

import jsonpatch
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import NameOID

from program import PATIENCE

NAMESPACE = "sidewire-system"
SECRETS = f"/api/v1/namespaces/{NAMESPACE}/secrets"
PODS = f"/api/v1/namespaces/{NAMESPACE}/pods"
NAMESPACES = "/api/v1/namespaces"
NODES = "/api/v1/nodes"
CONFIGURATIONS = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations"
SECRET = f"{SECRETS}/sidewire-ca"
CONFIGURATION = f"{CONFIGURATIONS}/sidewire"
IMAGE = "registry.example/sidewire/sidewire:0.1.0"

KEYS = {"ec": lambda: ec.generate_private_key(ec.SECP256R1()), "rsa": lambda: rsa.generate_private_key(65537, 2048),
        "ed25519": ed25519.Ed25519PrivateKey.generate}


def make_certificate(begin=-1, days=100, kind="ec", is_authority=True, issuer=None, address=None):
    """A certificate that began `begin` days from now and lives for `days`. Returns it and its key, as PEM."""
    key = KEYS[kind]()
    begin = datetime.datetime.utcnow() + datetime.timedelta(begin)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{kind} {begin}")])
    builder = (x509.CertificateBuilder().subject_name(name).public_key(key.public_key())
               .serial_number(x509.random_serial_number()).not_valid_before(begin)
               .not_valid_after(begin + datetime.timedelta(days))
               .add_extension(x509.BasicConstraints(is_authority, None), critical=True))
    if address is not None:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.IPAddress(address)]), critical=False)
    signer, signer_name = issuer or (key, name)
    signed = builder.issuer_name(signer_name).sign(signer, None if kind == "ed25519" else hashes.SHA256())
    return (signed.public_bytes(serialization.Encoding.PEM).decode(),
            key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                              serialization.NoEncryption()).decode())


def encode(text):
    """As the API has bytes in JSON."""
    return base64.b64encode(text.encode()).decode()


def decode(text):
    """The other way."""
    return base64.b64decode(text).decode()


def secret(certificate, key):
    """The Secret of an authority."""
    return {"metadata": {"name": "sidewire-ca", "namespace": NAMESPACE, "labels": {"owner": "somebody"}},
            "type": "kubernetes.io/tls", "data": {"tls.crt": encode(certificate), "tls.key": encode(key)}}


def entry(name, ca_bundle=None):
    """A webhook entry."""
    client = {"service": {"name": "sidewire-webhook", "namespace": NAMESPACE, "path": f"/mutate/{name}", "port": 443}}
    if ca_bundle is not None:
        client["caBundle"] = encode(ca_bundle)
    return {"name": f"{name}.sidewire.io", "clientConfig": client, "sideEffects": "NoneOnDryRun",
            "admissionReviewVersions": ["v1"], "failurePolicy": "Fail"}


def configuration(*entries):
    """The webhook configuration."""
    return {"metadata": {"name": "sidewire"}, "webhooks": list(entries)}


def namespace(name, annotations=None):
    """An enabled namespace, as large as real ones are."""
    return {"metadata": {"name": name, "uid": "0b6f0c7d-0000-4000-8000-000000000001", "creationTimestamp": "2026-01-01T00:00:00Z",
                         "labels": {"kubernetes.io/metadata.name": name, "sidewire.io/inject": "enabled"},
                         "annotations": {"example.org/owner": "team-a", **(annotations or {})},
                         "managedFields": [{"manager": "kubectl", "operation": "Apply", "apiVersion": "v1", "fieldsType": "FieldsV1",
                                            "fieldsV1": {"f:metadata": {"f:labels": {"f:sidewire.io/inject": {}}}}}]},
            "spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"}}


def node(name, kubelet="v1.35.0", runtime="containerd://2.1.0"):
    """A node as far as its versions go."""
    return {"metadata": {"name": name}, "status": {"nodeInfo": {
        "operatingSystem": "linux", "kubeletVersion": kubelet, "containerRuntimeVersion": runtime}}}


def own_pod(name):
    """A pod of ours, in which the webhook's container is not the first."""
    return {"metadata": {"name": name, "namespace": NAMESPACE},
            "spec": {"containers": [{"name": "other", "image": "example/other"}, {"name": "webhook", "image": IMAGE}]}}


class Exchange(http.server.BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def handle_one_request(self):
        with contextlib.suppress(ConnectionError, ssl.SSLError, OSError):
            super().handle_one_request()

    def log_message(self, *_):
        """Nobody reads it."""

    def reply(self, status, an_object):
        """A whole reply; Status objects get their message."""
        if isinstance(an_object, str):
            an_object = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": an_object, "code": status}
        data = json.dumps(an_object).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def answer(self):
        api = self.server.api
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or "null")
        if self.headers.get("Authorization") != f"Bearer {api.token}":
            return self.reply(401, "Unauthorized")
        if "watch" not in query:
            api.note(self.command, url.path, query, body, self.headers.get("Content-Type"))
        for (method, prefix), status in list(api.refused.items()):
            if method == self.command and url.path.startswith(prefix):
                return self.reply(status, f"{method} of {prefix} is forbidden by the test")
        if url.path in api.refused_paths:
            return self.reply(api.refused_paths[url.path], f"{url.path} is forbidden by the test")
        if query.get("watch") in ("1", "true"):
            api.note_watch(url.path, query)
            if url.path in api.refused_watches:
                return self.reply(api.refused_watches[url.path], f"a watch of {url.path} is forbidden by the test")
            return self.watch(url.path, query)
        return self.reply(*api.do(self.command, url.path, query, body))

    do_GET = do_POST = do_PUT = do_PATCH = answer

    def watch(self, collection, query):
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.close_connection = True
        for event in self.server.api.events(self.server, collection, query):
            data = json.dumps(event).encode() + b"\n"
            self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.write(b"0\r\n\r\n")


class Listener(http.server.ThreadingHTTPServer):
    """The socket of the server while it is up."""

    daemon_threads = True

    def handle_error(self, request, client_address):
        """Clients that go are part of tests."""


class ApiServer:
    """The server. Its objects outlive `go` and `come`, as those of a real one do."""

    def __init__(self, place):
        self.place = place
        self.token = "first"
        self.refused = {}  # (method, beginning of the path) -> HTTP status
        self.refused_paths = {}  # whole path -> HTTP status
        self.refused_watches = {}  # collection -> HTTP status of a watch
        self.before = {}  # (method, path) -> what happens before the request is dealt with
        self.calls = []  # (method, path, query, body, content type) of all but watches
        self.watches = []  # (collection, query) of those
        self.is_held = False  # watches tell nothing
        self.cuts = 0  # how often all watches were ended
        self.forgotten = 0  # the version from which one can no longer watch
        self.statuses = []  # (method, path, HTTP status) of those that were dealt with
        self.objects = {}
        self.log = []  # (version, path, type of event, object)
        self.version = 100
        self.changed = threading.Condition()
        self.port = 0
        self.listener = None
        self.serving = None
        self.make_service_account()
        self.come()

    def make_service_account(self):
        """What a pod finds mounted, and the server's own certificate."""
        authority, key = make_certificate()
        issuer = (serialization.load_pem_private_key(key.encode(), None), x509.load_pem_x509_certificate(authority.encode()).subject)
        self.place.mkdir()
        (self.place / "server.pem").write_text("".join(make_certificate(
            is_authority=False, issuer=issuer, address=ipaddress.ip_address("127.0.0.1"))))
        (self.place / "ca.crt").write_text(authority)
        (self.place / "token").write_text(self.token)

    def environment(self, pod):
        """What a pod's container has."""
        return {"KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": str(self.port),
                "POD_NAME": pod, "POD_NAMESPACE": NAMESPACE}

    def come(self):
        """Listens; on the port that it had, if it had one."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.place / "server.pem")
        self.listener = Listener(("127.0.0.1", self.port), Exchange)
        self.listener.api = self
        self.listener.is_over = False
        self.listener.socket = context.wrap_socket(self.listener.socket, server_side=True, do_handshake_on_connect=False)
        self.port = self.listener.server_address[1]
        self.serving = threading.Thread(target=self.listener.serve_forever, kwargs={"poll_interval": 0.02})
        self.serving.start()

    def go(self):
        """Nobody listens any more; watches end."""
        with self.changed:
            self.listener.is_over = True
            self.changed.notify_all()
        self.listener.shutdown()
        self.serving.join()
        self.listener.server_close()

    def note(self, *call):
        with self.changed:
            self.calls.append(call)
            self.changed.notify_all()

    def note_watch(self, collection, query):
        with self.changed:
            self.watches.append((collection, query))
            self.changed.notify_all()

    def writes(self):
        """Method and path of all that was to change something, in order."""
        with self.changed:
            return [call[:2] for call in self.calls if call[0] != "GET"]

    def wait(self, condition, what):
        """Waits until the condition holds."""
        with self.changed:
            assert self.changed.wait_for(condition, PATIENCE), f"never: {what}"

    # Objects, as tests and requests see and change them

    def get(self, path):
        """A copy of an object; None when there is none."""
        with self.changed:
            return copy.deepcopy(self.objects.get(path))

    def put(self, path, an_object):
        """Stores an object, or with None deletes it."""
        with self.changed:
            old = self.objects.pop(path, None)
            kind = "DELETED" if an_object is None else "MODIFIED" if old is not None else "ADDED"
            stored = copy.deepcopy(old if an_object is None else an_object)
            if an_object is not None and old is not None and \
                    {**stored["metadata"], "resourceVersion": 0} == {**old["metadata"], "resourceVersion": 0} and \
                    {**stored, "metadata": 0} == {**old, "metadata": 0}:
                self.objects[path] = old
                return old
            self.version += 1
            stored["metadata"]["resourceVersion"] = str(self.version)
            if an_object is not None:
                self.objects[path] = stored
            self.log.append((self.version, path, kind, stored))
            self.changed.notify_all()
            return copy.deepcopy(stored)

    def bundles(self):
        """The caBundles of all entries, as PEM."""
        return [decode(one["clientConfig"].get("caBundle", "")) for one in self.get(CONFIGURATION)["webhooks"]]

    def do(self, method, path, query, body):
        """Deals with a request. Returns status and object."""
        with self.changed:
            happens = self.before.get((method, path))
        if happens is not None:
            happens()
        with self.changed:
            status, reply = getattr(self, f"do_{method.lower()}")(path, query, body)
            self.statuses.append((method, path, status))
            return status, reply

    def selected(self, path, collection, query):
        name = path.rpartition("/")
        return name[0] == collection and query.get("fieldSelector", f"metadata.name={name[2]}") == f"metadata.name={name[2]}"

    def do_get(self, path, query, _):
        if path in self.objects:
            return 200, self.objects[path]
        if path in (SECRETS, CONFIGURATIONS, NAMESPACES, NODES):
            items = [an_object for name, an_object in sorted(self.objects.items()) if self.selected(name, path, query)]
            begin, limit = int(query.get("continue", 0)), int(query["limit"])
            metadata = {"resourceVersion": str(self.version)}
            if begin + limit < len(items):
                metadata["continue"] = str(begin + limit)
            return 200, {"kind": "List", "apiVersion": "v1", "metadata": metadata, "items": items[begin:begin + limit]}
        return 404, f"{path} not found"

    def do_post(self, path, _, body):
        name = body["metadata"].get("name") or f"{body['metadata']['generateName']}{self.version}"
        body = {**body, "metadata": {**body["metadata"], "name": name}}
        path = f"{path}/{name}"
        return (409, f"{path} already exists") if path in self.objects else (201, self.put(path, body))

    def do_put(self, path, _, body):
        old = self.objects.get(path)
        if old is None:
            return 404, f"{path} not found"
        if body["metadata"].get("resourceVersion") != old["metadata"]["resourceVersion"]:
            return 409, "the object has been modified"
        return 200, self.put(path, body)

    def do_patch(self, path, _, body):
        if path not in self.objects:
            return 404, f"{path} not found"
        try:
            return 200, self.put(path, jsonpatch.apply_patch(self.objects[path], body))
        except jsonpatch.JsonPatchException as exception:
            return 422, str(exception)

    def cut(self):
        """Ends all watches."""
        with self.changed:
            self.cuts += 1
            self.changed.notify_all()

    def forget(self):
        """Ends all watches, and none can begin where it was."""
        with self.changed:
            self.version += 1
            self.forgotten = self.version
            self.cut()

    def bookmark(self):
        """Tells all watches a version, and nothing else. Returns it."""
        with self.changed:
            self.version += 1
            self.log.append((self.version, None, "BOOKMARK", {"metadata": {"resourceVersion": str(self.version)}}))
            self.changed.notify_all()
            return self.version

    def let_go(self):
        """Watches tell again what happens, and what has happened."""
        with self.changed:
            self.is_held = False
            self.changed.notify_all()

    def events(self, listener, collection, query):
        """What happens to a collection after a version, as it happens, until the server goes or cuts."""
        version = int(query["resourceVersion"])
        with self.changed:
            cuts = self.cuts
            if version < self.forgotten:
                yield {"type": "ERROR", "object": {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old"}}
                return
        while True:
            with self.changed:
                self.changed.wait_for(lambda: listener.is_over or self.cuts > cuts
                                      or not self.is_held and self.log and self.log[-1][0] > version)
                if listener.is_over or self.cuts > cuts:
                    return
                news = [event for event in self.log if event[0] > version]
            for version, path, kind, an_object in news:
                if path is None or self.selected(path, collection, query):
                    yield {"type": kind, "object": an_object}
