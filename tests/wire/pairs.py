"""The legal pairs of socket types, and who of a pair says what."""

#: Each line is legal both ways round.
LEGAL = (
    ("PAIR", "PAIR"),
    ("PUB", "SUB"),
    ("PUB", "XSUB"),
    ("XPUB", "SUB"),
    ("XPUB", "XSUB"),
    ("PUSH", "PULL"),
    ("REQ", "REP"),
    ("REQ", "ROUTER"),
    ("DEALER", "REP"),
    ("DEALER", "ROUTER"),
    ("DEALER", "DEALER"),
    ("ROUTER", "ROUTER"),
)

PUBLISHERS = ("PUB", "XPUB")
SUBSCRIBERS = ("SUB", "XSUB")

SUBSCRIBE = b"\x01"
CANCEL = b"\x00"


def all_pairs() -> list[tuple[str, str]]:
    """(ours, theirs), each legal pair both ways round."""
    return [*LEGAL, *((second, first) for first, second in LEGAL if first != second)]


def we_begin(ours: str, theirs: str) -> bool:
    """Whether our side speaks first, or alone.

    A ROUTER knows nobody until it has heard him. Between two of them the foreign one makes itself
    known, so ours begins.
    """
    speakers = ("PUSH", "PUB", "XPUB", "REQ", "PAIR")
    if ours == theirs or ours in speakers:
        return True
    if theirs in speakers:
        return False
    return ours == "DEALER"


def one_way(ours: str, theirs: str) -> bool:
    return bool({ours, theirs} & {"PUSH", *PUBLISHERS})


def in_lockstep(ours: str, theirs: str) -> bool:
    """Whether each message must be answered before the next."""
    return bool({ours, theirs} & {"REQ", "REP"})
