"""Addresses of this machine that only it can reach."""

import socket


def free_port():
    """A port that nobody listened on a moment ago."""
    with socket.socket() as chosen:
        chosen.bind(("127.0.0.1", 0))
        return chosen.getsockname()[1]
