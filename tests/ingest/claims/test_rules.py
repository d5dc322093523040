"""Of several ingests that ask for a site exactly one goes on, however their messages interleave."""

from __future__ import annotations

from collections import deque
from random import Random

import pytest

from contract.clock import SECOND_NS
from contract.wire.messages import IngestClaim, IngestState
from ingest.claims.rules import ClaimRules

Said = IngestClaim | IngestState


def claim(who: str, says: str = "asks") -> IngestClaim:
    return IngestClaim.model_validate({"instance": who, "says": says, "where": f"{who}:/data"})


def state(who: str, *, is_up: bool = True) -> IngestState:
    return IngestState(is_up=is_up, started_utc_ns=1, instance=who)


class Broker:
    """Passes all that is published to everybody in one order, and keeps the last state."""

    def __init__(self) -> None:
        self.retained: IngestState | None = None
        self.ingests: list[Ingest] = []

    def publish(self, said: Said) -> None:
        if isinstance(said, IngestState):
            self.retained = said
        for each in self.ingests:
            each.inbox.append((said, False))


class Ingest:
    """One ingest with its connection; `step` does one of the things that it may do next."""

    def __init__(self, name: str, broker: Broker) -> None:
        self.rules = ClaimRules(name)
        self.broker = broker
        self.inbox: deque[tuple[Said, bool]] = deque()
        self.is_up = False
        self.connect()

    def connect(self) -> None:
        self.inbox.clear()
        self.is_up = False
        if self.broker.retained is not None:
            self.inbox.append((self.broker.retained, True))
        if self not in self.broker.ingests:
            self.broker.ingests.append(self)
        self.rules.linked()

    def cut(self) -> None:
        """The connection is lost: its will comes, and nothing of the others any more."""
        self.broker.ingests.remove(self)
        self.broker.publish(state("", is_up=False))

    def step(self, now_ns: int) -> bool:
        name = self.rules.me
        self.rules.pass_time(now_ns)
        if not self.rules.has_asked:
            self.broker.publish(claim(name))
            self.rules.asked()
            return True
        if self.rules.phase == "held" and not self.is_up:
            self.is_up = True
            self.broker.publish(state(name))
            return True
        if not self.inbox:
            return False
        said, is_retained = self.inbox.popleft()
        if isinstance(said, IngestClaim):
            answers = self.rules.hear(said, now_ns)
        else:
            answers = self.rules.hear_state(said, is_retained=is_retained)
            self.is_up = self.is_up and said.instance == name
        if answers:
            self.broker.publish(claim(name, "holds"))
        return True


def settle(ingests: list[Ingest], chance: Random, now_ns: int = 0) -> int:
    """Until nobody has anything to do, in any order; time stands still while they may act."""
    while True:
        able = list(ingests)
        chance.shuffle(able)
        if any(each.step(now_ns) for each in able):
            continue
        due = [d for each in ingests if (d := each.rules.due_in_ns(now_ns)) is not None]
        if not due:
            return now_ns
        now_ns += min(due)


def phases(ingests: list[Ingest]) -> list[str]:
    return sorted(each.rules.phase for each in ingests)


@pytest.mark.parametrize("seed", range(200))
def test_exactly_one_of_those_that_ask_at_once_goes_on(seed: int) -> None:
    chance, broker = Random(seed), Broker()
    if seed % 3 == 0:
        broker.retained = state("dead")  # of an ingest that died with an earlier broker
    now_ns = 0
    ingests = [Ingest(f"i{n}", broker) for n in range(chance.randint(1, 3))]
    for each in ingests:
        for _ in range(chance.randint(0, 4)):
            each.step(now_ns)
    ingests += [Ingest(f"late{n}", broker) for n in range(chance.randint(0, 2))]
    now_ns = settle(ingests, chance)
    assert phases(ingests) == ["held"] + ["refused"] * (len(ingests) - 1)
    (holder,) = (each for each in ingests if each.rules.phase == "held")
    assert broker.retained == state(holder.rules.me)
    for each in ingests:
        if each is not holder:
            assert each.rules.holder in {f"{other.rules.me}:/data" for other in ingests} | {""}
    # Who comes later is refused by the one that holds.
    broker.ingests = [holder]
    late = Ingest("very-late", broker)
    settle([holder, late], chance, now_ns)
    assert (holder.rules.phase, late.rules.phase) == ("held", "refused")
    assert late.rules.holder == f"{holder.rules.me}:/data"


@pytest.mark.parametrize("seed", range(60))
def test_a_lost_connection_leaves_one_whoever_is_quicker(seed: int) -> None:
    chance, broker = Random(seed), Broker()
    first = Ingest("first", broker)
    now_ns = settle([first], chance)
    first.cut()
    second = Ingest("second", broker)
    for _ in range(chance.randint(0, 3)):
        second.step(now_ns)
    first.connect()
    settle([first, second], chance, now_ns)
    assert phases([first, second]) == ["held", "refused"]


def test_alone_it_waits_a_moment_and_with_a_word_of_another_some_seconds() -> None:
    alone = ClaimRules("me")
    alone.linked()
    alone.asked()
    alone.hear(claim("me"), 0)
    assert alone.phase == "waiting"
    assert 0 < (alone.due_in_ns(0) or 0) < SECOND_NS
    doubtful = ClaimRules("me")
    doubtful.linked()
    doubtful.hear_state(state("other"), is_retained=True)
    doubtful.hear(claim("me"), 0)
    assert (doubtful.due_in_ns(0) or 0) > SECOND_NS
    doubtful.pass_time(4 * SECOND_NS)
    assert doubtful.due_in_ns(4 * SECOND_NS) == SECOND_NS
    doubtful.pass_time(5 * SECOND_NS)
    assert doubtful.phase == "held"


def test_its_own_word_is_no_reason_to_wait() -> None:
    rules = ClaimRules("me")
    rules.linked()
    rules.hear_state(state("me"), is_retained=True)
    rules.hear(claim("me"), 7)
    rules.pass_time(7)
    assert rules.phase == "held"


def test_one_that_is_down_for_the_moment_still_holds_its_site() -> None:
    broker = Broker()
    holder = Ingest("holder", broker)
    now_ns = settle([holder], Random(1))
    broker.publish(state("holder", is_up=False))
    late = Ingest("late", broker)
    settle([holder, late], Random(2), now_ns)
    assert (holder.rules.phase, late.rules.phase) == ("held", "refused")
