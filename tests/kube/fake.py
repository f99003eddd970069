# SPDX-License-Identifier: GPL-2.0-or-later
"""An HTTPS server that answers as a test tells it: the faults that a real API server would not show on demand."""

import collections
import contextlib
import http.server
import json
import queue
import socket
import ssl
import subprocess
import threading

from client import PATIENCE


def make_authority(place, name="fake"):
    """A CA and a certificate of it for 127.0.0.1. Returns the paths of CA, chain and key."""
    key_type = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    ca, ca_key, chain, key = (place / f"{name}-{what}.pem" for what in ("ca", "ca-key", "chain", "key"))

    def run(*arguments):
        subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)

    run("req", "-x509", *key_type, "-subj", f"/CN={name}", "-keyout", ca_key, "-out", ca)
    run("req", "-x509", *key_type, "-subj", "/CN=server", "-keyout", key, "-out", chain, "-CA", ca, "-CAkey", ca_key,
        "-addext", "subjectAltName=IP:127.0.0.1", "-addext", "basicConstraints=critical,CA:false")
    return ca, chain, key


Request = collections.namedtuple("Request", "method path headers body client")


class Exchange(http.server.BaseHTTPRequestHandler):
    """One connection: each request gets the next of the server's answers."""

    protocol_version = "HTTP/1.1"
    # Every line of a watch leaves at once.
    disable_nagle_algorithm = True

    def handle_one_request(self):
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            super().handle_one_request()

    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.requests.put(Request(self.command, self.path, self.headers, body, self.client_address))
        self.server.answers.get(timeout=PATIENCE)(self)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer

    def log_message(self, *_):
        """Nobody reads it."""

    def reply(self, status, body, **headers):
        """A whole reply: bytes, or what becomes JSON."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def begin_watch(self):
        """The head of a stream."""
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def send(self, data):
        """A part of a stream; the empty part ends it."""
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))

    def break_off(self):
        """Cuts the connection where it is."""
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)


class Fake(http.server.ThreadingHTTPServer):
    """A server with a certificate of its own authority."""

    daemon_threads = True

    def __init__(self, place, authority=None):
        super().__init__(("127.0.0.1", 0), Exchange)
        self.ca, chain, key = authority or make_authority(place)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(chain, key)
        self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        self.url = f"https://127.0.0.1:{self.server_address[1]}"
        self.token = place / "token"
        self.token.write_text("first\n")
        self.requests = queue.Queue()
        self.answers = queue.Queue()
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05})
        self.thread.start()

    def handle_error(self, request, client_address):
        """Handshakes that fail are part of tests."""

    def will(self, *answers):
        """The answers to the next requests, each a function of the exchange."""
        for answer in answers:
            self.answers.put(answer)

    def request(self):
        """The next request that came."""
        return self.requests.get(timeout=PATIENCE)

    def stop(self):
        """Ends it, with answers that still hang."""
        self.over.set()
        self.shutdown()
        self.thread.join()
        self.server_close()


def says(status, body, **headers):
    """An answer that is whole."""
    return lambda exchange: exchange.reply(status, body, **headers)


def breaks(exchange):
    """An answer that never begins: the connection is cut."""
    exchange.break_off()


def hangs(exchange):
    """An answer that never begins: nothing comes."""
    exchange.server.over.wait(PATIENCE)
    exchange.break_off()


def thing(name, version="1"):
    """An object."""
    return {"metadata": {"name": name, "resourceVersion": version}}


def lists(version, *names):
    """The answer to a list."""
    return says(200, {"metadata": {"resourceVersion": version}, "items": [thing(name) for name in names]})


def pages(version, token, *names):
    """The answer to a list that goes on behind the token."""
    return says(200, {"metadata": {"resourceVersion": version, "continue": token}, "items": [thing(name) for name in names]})


def event(kind, an_object):
    """A line of a watch."""
    return json.dumps({"type": kind, "object": an_object}).encode() + b"\n"


def streams(*parts, end):
    """A watch that sends these parts, each in a record of its own, and then does `end` (a function)."""
    def answer(exchange):
        exchange.begin_watch()
        for part in parts:
            exchange.send(part)
        end(exchange)
    return answer


def ends(exchange):
    """The end of a stream, as it should be."""
    exchange.send(b"")
