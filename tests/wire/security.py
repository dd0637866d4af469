"""Keys, users, and what each side is told about them for NULL, PLAIN and CURVE."""

import re
from dataclasses import dataclass, field
from pathlib import Path

MECHANISMS = ("NULL", "PLAIN", "CURVE")

USER = "miller"
PASSWORD = "grist and grain"

Z85 = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"


def z85_decode(text: str) -> bytes:
    """RFC 32."""
    data = bytearray()
    for start in range(0, len(text), 5):
        number = 0
        for letter in text[start : start + 5]:
            number = number * 85 + Z85.index(letter)
        data += number.to_bytes(4, "big")
    return bytes(data)


@dataclass(frozen=True)
class Certificate:
    """A key pair in the two files that CZMQ and pyzmq use. Keys are in Z85."""

    path: Path

    @property
    def public(self) -> str:
        return self._entry(self.public_file, "public-key")

    @property
    def secret(self) -> str:
        return self._entry(self.secret_file, "secret-key")

    @property
    def public_file(self) -> Path:
        return self.path.with_name(self.path.name + ".key")

    @property
    def secret_file(self) -> Path:
        return self.path.with_name(self.path.name + ".key_secret")

    @staticmethod
    def _entry(file: Path, name: str) -> str:
        found = re.search(rf'^\s*{name}\s*=\s*"(.{{40}})"\s*$', file.read_text(), re.MULTILINE)
        if not found:
            raise ValueError(f"{file.name} has no {name} of 40 characters")
        return found[1]


@dataclass(frozen=True)
class Credentials:
    """What a foreign socket knows of security."""

    mechanism: str
    server: bool = False
    user: str = USER
    password: str = PASSWORD
    own: Certificate | None = None
    server_key: str = ""
    users: dict[str, str] = field(default_factory=dict)
    admitted: tuple[bytes, ...] = ()

    def options(self) -> dict[str, int | bytes]:
        match self.mechanism, self.server:
            case "PLAIN", True:
                return {"PLAIN_SERVER": 1}
            case "PLAIN", False:
                return {
                    "PLAIN_USERNAME": self.user.encode(),
                    "PLAIN_PASSWORD": self.password.encode(),
                }
            case "CURVE", True:
                assert self.own
                return {"CURVE_SERVER": 1, "CURVE_SECRETKEY": z85_decode(self.own.secret)}
            case "CURVE", False:
                assert self.own
                return {
                    "CURVE_PUBLICKEY": z85_decode(self.own.public),
                    "CURVE_SECRETKEY": z85_decode(self.own.secret),
                    "CURVE_SERVERKEY": z85_decode(self.server_key),
                }
        return {}


@dataclass(frozen=True)
class Ring:
    """All keys and users of a run. `wrong` is nobody's server and on nobody's list."""

    server: Certificate
    client: Certificate
    wrong: Certificate
    users: Path

    def ours(self, mechanism: str, server: bool) -> list[str]:
        """The tool's flags."""
        match mechanism, server:
            case "PLAIN", True:
                return ["--plain-server", str(self.users)]
            case "PLAIN", False:
                return self.login(USER, PASSWORD)
            case "CURVE", True:
                return ["--curve-server", "--curve-key", str(self.server.secret_file)]
            case "CURVE", False:
                return self.keys(self.client, str(self.server.public_file))
        return []

    def theirs(self, mechanism: str, server: bool) -> Credentials:
        return Credentials(
            mechanism,
            server,
            own=self.server if server else self.client,
            server_key=self.server.public,
            users={USER: PASSWORD} if server and mechanism == "PLAIN" else {},
            admitted=(z85_decode(self.client.public),) if server and mechanism == "CURVE" else (),
        )

    @staticmethod
    def login(user: str, password: str) -> list[str]:
        return ["--plain-user", user, "--plain-password", password]

    @staticmethod
    def keys(own: Certificate, server_key: str) -> list[str]:
        """`server_key` is a file or Z85."""
        return ["--curve-key", str(own.secret_file), "--curve-server-key", server_key]
