"""Every legal pair, bound by either side, over every transport, with every mechanism, with both
libraries: all kinds of messages arrive whole and in their order.
"""

from collections.abc import Iterator
from functools import partial

from cell import TRANSPORTS, Bench, Cell
from link import Link, Plan, plans
from messages import BATCHES, SMALL
from pairs import all_pairs
from peer import LIBRARIES
from security import MECHANISMS


def cells(full: bool) -> list[Cell]:
    """In the short form each cell has one of the two transports, so that a pair, a side and a
    mechanism meet both.
    """
    every = plans(all_pairs(), TRANSPORTS, MECHANISMS, LIBRARIES)
    return [
        Cell(
            str(plan),
            tuple(batch.name for batch in BATCHES),
            partial(prove, plan=plan),
        )
        for plan in every
        if full or TRANSPORTS.index(plan.transport) == turn(plan)
    ]


def role_cells(full: bool) -> list[Cell]:
    """The server of a mechanism may as well be the one that connects."""
    every = plans(
        [("PUSH", "PULL"), ("DEALER", "ROUTER"), ("SUB", "PUB")],
        TRANSPORTS if full else ("tcp",),
        ("PLAIN", "CURVE"),
        LIBRARIES,
    )
    return [
        Cell(f"{plan} client binds", ("small",), partial(prove_role, plan=plan)) for plan in every
    ]


def prove_role(bench: Bench, plan: Plan) -> Iterator[str]:
    link = Link(bench, plan, server_binds=False)
    link.meet()
    link.carry(SMALL)
    yield "small"


def turn(plan: Plan) -> int:
    """0 and 1 in turn, as the library, the mechanism and the side change."""
    parts = (LIBRARIES.index(plan.library), MECHANISMS.index(plan.mechanism), int(plan.we_bind))
    return sum(parts) % 2


def prove(bench: Bench, plan: Plan) -> Iterator[str]:
    link = Link(bench, plan)
    link.meet()
    for batch in BATCHES:
        link.carry(batch.messages)
        yield batch.name
