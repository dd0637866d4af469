"""The key pairs and users of a run: some made by `millhand keygen`, some by pyzmq."""

import subprocess
from pathlib import Path

from security import PASSWORD, USER, Certificate, Ring


def make_ring(binary: Path, python: Path, scratch: Path) -> Ring:
    """Raises RuntimeError if a key pair cannot be made, ValueError if its files cannot be read."""
    users = scratch / "users"
    users.write_text(f"{USER}:{PASSWORD}\nsecond:other\n")
    ring = Ring(
        server=keygen(binary, scratch / "server"),
        client=by_pyzmq(python, scratch / "client"),
        wrong=keygen(binary, scratch / "wrong"),
        users=users,
    )
    for certificate in (ring.server, ring.client, ring.wrong):
        _ = certificate.public, certificate.secret
    return ring


def keygen(binary: Path, path: Path) -> Certificate:
    succeed([binary, "keygen", "--out", path])
    return Certificate(path)


def by_pyzmq(python: Path, path: Path) -> Certificate:
    program = "import sys, zmq.auth; zmq.auth.create_certificates(*sys.argv[1:])"
    succeed([python, "-c", program, path.parent, path.name])
    return Certificate(path)


def read_by_pyzmq(python: Path, certificate: Certificate) -> list[str]:
    """The public and the secret key, as pyzmq reads them."""
    program = (
        "import sys, zmq.auth; print(*(k.decode() for k in zmq.auth.load_certificate(sys.argv[1])))"
    )
    return succeed([python, "-c", program, certificate.secret_file]).split()


def succeed(command: list[str | Path]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    if done.returncode:
        raise RuntimeError(
            f"{' '.join(map(str, command))}: {done.returncode}: {done.stderr.strip()}"
        )
    return done.stdout
