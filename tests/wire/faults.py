"""The faults that the double can have, and the group of cells that must find each."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    #: What the double is told.
    name: str
    what: str
    #: Which cells are run, a pattern of the matrix; all of them are of one group.
    cells: str
    #: Part of what a failing cell must say.
    finding: str


FAULTS = (
    Fault(
        "drop-frame",
        "a long message loses a frame",
        "^exchange PUSH-PULL ours binds tcp",
        "multipart",
    ),
    Fault(
        "swap-frames",
        "the last two frames change places",
        "^exchange PULL-PUSH theirs binds ipc",
        "multipart",
    ),
    Fault(
        "lose-empty", "empty frames are left out", "^exchange DEALER-DEALER ours binds tcp", "empty"
    ),
    Fault(
        "short-size", "a size of 256 is read as 0", "^exchange PAIR-PAIR ours binds tcp", "edges"
    ),
    Fault(
        "flip",
        "one bit of a frame of 64 KiB is turned",
        "^exchange SUB-PUB theirs binds ipc",
        "edges",
    ),
    Fault("truncate", "1 MiB loses its last byte", "^exchange REP-REQ ours binds ipc", "large"),
    Fault(
        "lose-message",
        "the seventh message is lost",
        "^exchange PULL-PUSH theirs binds ipc",
        "small",
    ),
    Fault(
        "repeat", "the fifth message is sent twice", "^exchange PUSH-PULL ours binds tcp", "small"
    ),
    Fault(
        "routing-id",
        "a ROUTER shows a wrong routing id",
        "^exchange ROUTER-.* theirs binds tcp NULL",
        "small",
    ),
    Fault(
        "no-security",
        "a client uses no security",
        "^exchange PUSH-PULL theirs .*(PLAIN|CURVE)",
        "small",
    ),
    Fault(
        "no-reconnect",
        "a lost connection stays lost",
        "^reconnect (PUSH|SUB)-.*theirs binds.*theirs killed",
        "after",
    ),
    Fault(
        "freeze",
        "it stops after a second",
        "^heartbeat PINGs are answered, (NULL|CURVE) pyzmq",
        "no answer to PINGs",
    ),
    Fault(
        "no-ttl",
        "a peer's TTL is not believed",
        "^heartbeat a stopped peer is given up, tcp",
        "still gets its share",
    ),
    Fault(
        "late-subscription",
        "only the first subscription counts",
        "^subscription PUB-SUB ours binds .*pyzmq",
        "before",
    ),
    Fault(
        "after-subscription",
        "subscriptions after the first two are ignored",
        "^subscription PUB-SUB ours binds .*pyzmq",
        "after",
    ),
    Fault(
        "cancel",
        "a cancelled subscription stays",
        "^subscription PUB-XSUB ours binds",
        "cancelled",
    ),
    Fault(
        "any-password",
        "a server lets every user in",
        "^refusal PLAIN ours refuses a wrong password, server receives",
        "refused",
    ),
    Fault(
        "wrong-server",
        "a server has another key",
        "^refusal CURVE ours refuses a wrong server",
        "refused",
    ),
    Fault(
        "any-server",
        "a client believes every server",
        "^refusal CURVE theirs refuses a wrong server key, server sends",
        "refused",
    ),
    Fault(
        "wrong-key",
        "a client has another key",
        "^refusal CURVE theirs refuses an unlisted key, server sends",
        "refused",
    ),
    Fault(
        "any-mechanism",
        "a server takes the client's mechanism",
        "^refusal (PLAIN|CURVE) ours refuses NULL, server receives",
        "refused",
    ),
    Fault(
        "no-flush",
        "what is not yet sent is lost at the end",
        "^command line push flushes",
        "proven",
    ),
    Fault("miscount", "one more is counted", "^command line .*after count", "proven"),
    Fault("no-timeout-status", "silence is a success", "^command line silence", "exit status"),
    Fault("overwrite-keys", "keygen overwrites", "^command line keygen overwrites", "exit status"),
    Fault(
        "open-key-file", "everybody may read the secret key", "^command line keygen makes", "0o644"
    ),
    Fault("insecure", "an open endpoint needs no keys", "^command line an open endpoint", "proven"),
)
