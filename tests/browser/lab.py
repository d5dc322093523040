"""A room that is described, whose kit has no certificate yet, and an authority to make codes."""

from __future__ import annotations

from typing import Any

from ingest.commissioning.codes import CodeMaker, KitSetUp
from school.audit.actor import Actor
from school.rooms.defaults import default_hubs
from school.rooms.layout import plan_of_size, zones_by_layout
from school.rooms.records import Kit, Room
from tests.kit_authority import FakeAuthority

__all__ = ["BY", "NODE", "describe_lab"]

NODE = "lab-kit"
BY = Actor(name="roomtone room", utc_ns=1)


def describe_lab(school: Any) -> FakeAuthority:
    """Make it as new, whatever a test before has left."""
    rooms, plan = school.stores.rooms, plan_of_size(12)
    rooms.remove_room("lab", BY)
    room = Room(name="lab", site="school", title="The lab", plan=plan, zones=zones_by_layout(plan))
    kit = Kit(node=NODE, hubs=default_hubs(range(1, 13)))
    rooms.add_room(room, kit, BY, now_utc_ns=school.clock.utc_ns())
    made = FakeAuthority()
    school.app.state.kits = KitSetUp(codes=CodeMaker(made, broker="server"), server="server")
    return made
