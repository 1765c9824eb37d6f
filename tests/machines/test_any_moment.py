"""One bundle, and one thing that happens to one of its processes: at every moment there is, one after the other."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import fakeredis
import pytest

from tests.machines.healing import heal
from tests.machines.interruptions import KINDS, Interruption, to_fake
from tests.machines.mast import Mast
from tests.machines.world import ALICE, Process, World
from topmast_service.errors import IllegalMove

URIS = [f"mast:JWST/product/jw01_{name}_asn.json" for name in ("a", "gone", "b")]
REQUEST = {"from": {"uris": URIS}}


def bundle(process: Process) -> object:
    """The request, with a key: whoever got no answer sends it again."""
    return process.api.submissions.bundle(ALICE, REQUEST, "key")


def to_publish(world: World) -> None:
    """Everything up to publishing; its message is the last."""
    world.do(bundle)
    while world.messages[-1][0] != "publish":
        world.heard += 1
        world.answer(world.messages[world.heard - 1])


def everything(world: World) -> None:
    """Up to the end."""
    world.do(bundle)
    world.deliver_all()


def closed(world: World) -> None:
    """Up to the end, and nobody looks after it any more."""
    everything(world)
    world.upkeep()


def held(world: World) -> None:
    """Held with its files waiting."""
    resolved(world)
    world.do(by_user("hold")(world))


def resolved(world: World) -> None:
    """Up to the first file."""
    world.do(bundle)
    world.answer(world.messages[0])
    world.heard = 1


def the(step: str) -> Callable[[World], Callable[[Process], object]]:
    """A process answers the call for a step."""
    return lambda world: lambda process: process.answer(next(m for m in world.messages if m[0] == step))


def by_user(verb: str, **more: object) -> Callable[[World], Callable[[Process], object]]:
    """The API does what the user asks, or answers that it is too late."""

    def act(world: World) -> Callable[[Process], object]:
        def ask(process: Process) -> None:
            with suppress(IllegalMove):
                getattr(process.api.control, verb)(ALICE, world.jobs()[0].id, **more)

        return ask

    return act


SCENES: dict[str, tuple[Callable[[World], None], Callable[[World], Callable[[Process], object]]]] = {
    "submit": (lambda _: None, lambda _: bundle),
    "resolve": (lambda world: world.do(bundle) and None, the("resolve")),
    "transfer": (resolved, the("transfer")),
    "publish": (to_publish, the("publish")),
    "upkeep": (resolved, lambda _: lambda process: process.upkeep.round()),
    "upkeep at the end": (everything, lambda _: lambda process: process.upkeep.round()),
    "hold": (resolved, by_user("hold")),
    "run": (held, by_user("run")),
    "retry": (closed, by_user("retry", everything=False)),
    "abort": (resolved, by_user("abort")),
}


def others_go_on(world: World) -> None:
    """What happens while one process stands still for minutes."""
    for _ in range(3):
        world.pass_time(61)
        world.upkeep()
        world.deliver_all()


def the_user_begins_anew(world: World) -> None:
    """Likewise; and then everything is listed again, and one file waits to be moved again."""
    others_go_on(world)
    world.do(by_user("retry", everything=True)(world))
    world.answer(world.messages[-1])


Meanwhile = Callable[[World], None]


def at_moments(
    scene: str, kind: str, moments: range, *, folder: Path, mast: Mast, meanwhile: Meanwhile = others_go_on
) -> None:
    """The scene with `kind` happening at each of these commands, until it has no more."""
    prepare, act = SCENES[scene]
    for at in moments:
        world = World(folder / f"{at}", to_fake(fakeredis.FakeServer()), mast.url)
        interruption = Interruption(kind, at, stall=lambda w=world: meanwhile(w))  # type: ignore[misc]
        prepare(world)
        try:
            world.do(act(world), interruption)
            world.do(bundle)
            heal(world, mast)
        except AssertionError as error:
            raise AssertionError(f"{scene}, {kind} at command {at}: {error}") from error
        if not interruption.happened:
            return
    raise AssertionError("it never came to an end")


@pytest.mark.parametrize("scene", SCENES)
@pytest.mark.parametrize("kind", KINDS)
def test_at_some_moments(scene: str, kind: str, tmp_path: Path, mast: Mast) -> None:
    """Every fifth, each kind beginning at another one; all where a stopped worker could publish."""
    every = (scene, kind) == ("publish", "stall")
    some = range(1, 100) if every else range(1 + KINDS.index(kind), 100, len(KINDS))
    at_moments(scene, kind, some, folder=tmp_path, mast=mast)


@pytest.mark.parametrize("scene", ["transfer", "publish", "upkeep at the end"])
def test_who_wakes_up_in_the_next_revision_spoils_nothing(scene: str, tmp_path: Path, mast: Mast) -> None:
    at_moments(scene, "stall", range(1, 100), folder=tmp_path, mast=mast, meanwhile=the_user_begins_anew)


@pytest.mark.chaos
@pytest.mark.parametrize("scene", SCENES)
@pytest.mark.parametrize("kind", KINDS)
def test_at_every_moment(scene: str, kind: str, tmp_path: Path, mast: Mast) -> None:
    at_moments(scene, kind, range(1, 100), folder=tmp_path, mast=mast)
