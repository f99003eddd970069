# SPDX-License-Identifier: GPL-2.0-or-later
"""Certificates of the tests' own servers."""

import subprocess


def self_signed(directory, name):
    """Files of a key, and of its own certificate for that name and 127.0.0.1."""
    key, certificate = directory / "key.pem", directory / "certificate.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
                    f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate],
                   check=True, capture_output=True)
    return key, certificate
