"""Free ports on the loopback address, remembered between starts."""

from __future__ import annotations

import socket
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from runtime.private_file import read_json, write_json

LOOPBACK = "127.0.0.1"
PREFERRED_AIRFLOW_PORT = 8080


@dataclass(frozen=True)
class Ports:
    """One TCP port on 127.0.0.1 for each listening program."""

    airflow: int
    postgres: int
    supervisor: int
    sandbox: int
    smtp: int
    feed: int


def is_free(port: int) -> bool:
    """Whether somebody could listen on `port` now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def _pick(taken: set[int], wanted: int | None) -> int:
    if wanted is not None and wanted not in taken and is_free(wanted):
        return wanted
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.bind((LOOPBACK, 0))
            port: int = probe.getsockname()[1]
        if port not in taken:
            return port


def read_ports(path: Path) -> Ports | None:
    """The ports of the last start, or None."""
    stored = read_json(path)
    return None if stored is None else Ports(**stored)


def choose_ports(path: Path) -> Ports:
    """Keep the remembered ports that are free, choose the others anew, remember the result.

    Call it only while none of the programs runs: a port held by one of ours counts as taken.
    """
    remembered = read_json(path) or {"airflow": PREFERRED_AIRFLOW_PORT}
    chosen: dict[str, int] = {}
    for field in fields(Ports):
        chosen[field.name] = _pick(set(chosen.values()), remembered.get(field.name))
    ports = Ports(**chosen)
    write_json(path, asdict(ports))
    return ports
