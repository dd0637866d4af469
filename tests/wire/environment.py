"""The Python environment with pyzmq, and the check that both peers are there."""

import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path

from peer import LIBRARIES, Peer

#: Pinned: what the peers are must not change by itself.
PYZMQ = "27.3.0"

VERSIONS = {"pyzmq": "4.3.5", "libzmq": "4.3.4"}

REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Environment:
    python: Path

    @classmethod
    def ready(cls) -> "Environment":
        """Makes it under `target/`, or takes the one that is there. Fails if pyzmq cannot be
        installed.
        """
        place = (
            REPOSITORY
            / "target"
            / f"wire-pyzmq-{PYZMQ}-{sys.version_info.major}.{sys.version_info.minor}"
        )
        python = place / "bin" / "python"
        finished = place / "finished"
        if not finished.exists():
            venv.create(place, clear=True, with_pip=True)
            install: list[str | Path] = [
                python,
                "-m",
                "pip",
                "install",
                "--quiet",
                f"pyzmq=={PYZMQ}",
            ]
            done = subprocess.run(install, capture_output=True, text=True)
            if done.returncode:
                raise RuntimeError(f"pyzmq {PYZMQ} cannot be installed: {done.stderr.strip()}")
            finished.touch()
        return cls(python)

    def versions(self) -> list[str]:
        """What each peer says it is. Fails if one is missing or of another version."""
        found = []
        for library in LIBRARIES:
            with Peer(self.python, library) as peer:
                version = peer.call("version")
            if version != VERSIONS[library]:
                raise RuntimeError(
                    f"{library} has libzmq {version} instead of {VERSIONS[library]}: "
                    "install that, or change environment.py"
                )
            found.append(f"{library} ({version})")
        return found
