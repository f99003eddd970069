# SPDX-License-Identifier: GPL-2.0-or-later
"""What a pod calls: a stock that answers requests, and a collector of OpenTelemetry on OTLP, http/protobuf."""

import collections
import http.server
import threading

STOCK_PORT = 80
COLLECTOR_PORT = 4318

# A span, the attributes of its resource that are texts, and the caller's address of the connection that brought it.
Span = collections.namedtuple("Span", "resource name kind trace_id span_id parent_id brought_by")
SERVER, CLIENT = 2, 3  # Span.SpanKind of opentelemetry/proto/trace/v1


def varint(data, at):
    """(value, where it ends)."""
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def fields(data):
    """(number, value) of each field of a protobuf message: bytes, or a number of variable length; those of fixed
    length are left out."""
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        kind = key & 7
        if kind == 0:
            value, at = varint(data, at)
            yield key >> 3, value
        elif kind == 2:
            length, at = varint(data, at)
            yield key >> 3, data[at:at + length]
            at += length
        else:
            at += {1: 8, 5: 4}[kind]


def every(data, *path):
    """The values of a field in all messages on the way to it, by numbers."""
    for number, value in fields(data):
        if number == path[0]:
            yield from every(value, *path[1:]) if path[1:] else (value,)


def read_spans(export, brought_by):
    """The spans of an ExportTraceServiceRequest."""
    for resource_spans in every(export, 1):
        attributes = {next(every(entry, 1)).decode(): next(every(entry, 2, 1), b"").decode()
                      for entry in every(resource_spans, 1, 1)}
        for data in every(resource_spans, 2, 2):
            span = dict(fields(data))
            yield Span(attributes, span[5].decode(), span[6], span[1].hex(), span[2].hex(), span.get(4, b"").hex(),
                       brought_by)


class Outside:
    """Both servers, in a pod's namespace. `asked` has (caller's address, headers) of each request to the stock."""

    def __init__(self, pod):
        self.host = pod.ipv4
        self.spans = []
        self.asked = []
        self._servers = [self._start(pod, port) for port in (STOCK_PORT, COLLECTOR_PORT)]

    def _start(self, pod, port):
        outside = self

        class Handler(http.server.BaseHTTPRequestHandler):
            """A connection for each request."""

            def do_GET(self):
                """The stock."""
                outside.asked.append((self.client_address[:2], self.headers))
                self._answer(b"7 left")

            def do_POST(self):
                """The collector; metrics and logs are not read."""
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.path == "/v1/traces":
                    outside.spans.extend(read_spans(body, self.client_address[:2]))
                self._answer(b"")

            def _answer(self, body):
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                """Says nothing."""

        server = http.server.ThreadingHTTPServer(("", port), Handler, bind_and_activate=False)
        server.socket.close()
        server.socket = pod.listen("0.0.0.0", port)
        threading.Thread(target=server.serve_forever, args=(0.05,)).start()
        return server

    def close(self):
        """Ends the servers."""
        for server in self._servers:
            server.shutdown()
            server.server_close()
