"""Either side is killed with SIGKILL and started again on the same endpoint: the other finds it,
and messages pass again, with the subscriptions that were there before.
"""

from collections.abc import Iterator
from functools import partial

from cell import TRANSPORTS, Bench, Cell
from exchange import turn
from link import Link, Plan, plans
from messages import SMALL
from peer import CONNECTED, GONE, LIBRARIES
from security import MECHANISMS

PAIRS = [
    ("PAIR", "PAIR"),
    ("PUSH", "PULL"),
    ("PULL", "PUSH"),
    ("PUB", "SUB"),
    ("SUB", "PUB"),
    ("XPUB", "SUB"),
    ("SUB", "XPUB"),
    ("XSUB", "XPUB"),
    ("REQ", "REP"),
    ("REP", "REQ"),
    ("DEALER", "ROUTER"),
    ("ROUTER", "DEALER"),
    ("ROUTER", "ROUTER"),
]

PARTS = ("before", "after")


def cells(full: bool) -> list[Cell]:
    """In the short form transports, mechanisms and libraries take turns."""
    found = []
    for place, pair in enumerate(PAIRS):
        every = plans([pair], TRANSPORTS, MECHANISMS, LIBRARIES)
        for who, killed in enumerate(("ours", "theirs")):
            found += [
                Cell(
                    f"{plan}, {killed} killed",
                    PARTS,
                    partial(prove, plan=plan, killed=killed),
                )
                for plan in every
                if can_meet_again(plan, killed)
                if full or in_turn(plan, place + who)
            ]
    return found


def can_meet_again(plan: Plan, killed: str) -> bool:
    """A ROUTER that has connected, and connects anew, does not make itself known again: nobody
    could begin.
    """
    return not (plan.ours == plan.theirs == "ROUTER" and plan.we_bind and killed == "ours")


def in_turn(plan: Plan, number: int) -> bool:
    """One transport, mechanism and library for each pair, side and death."""
    number += int(plan.we_bind)
    return (
        plan.mechanism == MECHANISMS[number % 3]
        and plan.library == LIBRARIES[number // 2 % 2]
        and TRANSPORTS.index(plan.transport) == turn(plan)
    )


def prove(bench: Bench, plan: Plan, killed: str) -> Iterator[str]:
    link = Link(bench, plan, alone=True)
    link.meet()
    link.carry(SMALL)
    yield "before"
    if killed == "ours":
        link.tool.kill()
        link.socket.wait(GONE)
        link.start_ours()
    else:
        assert link.peer
        link.peer.kill()
        link.start_theirs()
    # What is sent while the other is away may be lost with the old connection, so wait for the new
    # one.
    link.socket.wait(CONNECTED)
    link.meet(ours_is_new=killed == "ours", theirs_is_new=killed == "theirs")
    link.carry(SMALL)
    yield "after"
