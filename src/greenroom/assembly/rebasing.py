"""Stale fixtures of a workspace run live under the persona at work, one after another.

Invariant: only what is stale is paid for, and never more than the budget; what was run by then stays, whatever ends it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from greenroom.assembly import load_contract
from greenroom.assembly.fixtures import Fixtures
from greenroom.assembly.live import live_builder
from greenroom.core.errors import FileInvalid, UsageError
from greenroom.engine.contract import Contract
from greenroom.regression.find import name_of
from greenroom.regression.live import Budget, LiveOptions
from greenroom.regression.live.rebase import Rebased, rebase
from greenroom.regression.replay.outcome import broken
from greenroom.regression.stale.stale import changes
from greenroom.workspace.layout import Workspace

OnDone = Callable[[Rebased, int, int], None]
"""Told of each fixture as it is over, with its number and how many there are."""


async def rebase_all(
    workspace: Workspace,
    names: Sequence[str],
    options: LiveOptions,
    on_done: OnDone = lambda one, number, of: None,
    *,
    trusted: bool | None = None,
) -> list[Rebased]:
    """Run the named fixtures live, or all, each once if it is stale; `options.usd` is the most for all of them.

    Recordings of what must not come back stay as they are, and so does what is not stale: neither is in what is returned.

    Raises:
        UsageError: no such fixture or persona, or the persona is not the one that fixtures are replayed under.
        FileInvalid, DiskFailed: what they say.
        CancelledError: a person stopped it; what was over by then is kept.
    """
    fixtures = Fixtures(workspace, trusted=trusted)
    fixtures.must_be_trusted()
    budget = Budget(options.usd, "this rebase")
    build = live_builder(workspace, trusted=trusted)
    one_by_one = LiveOptions(model=options.model, persona=options.persona)
    paths = fixtures.paths(names)
    found: list[Rebased] = []
    for number, path in enumerate(paths, 1):
        try:
            fixture = fixtures.load(path)
        except FileInvalid as error:
            found.append(Rebased(name_of(path), broken(error, path.name)))
            continue
        contract = load_contract(workspace, options.persona or fixture.tape.persona, options.model, trusted=trusted)
        _must_be_at_work(workspace, contract, options.persona, trusted)
        changed = changes(fixture.tape, contract.digests, contract.texts, fixture.parts)
        if changed and fixture.case.expect != "bad":
            found.append(await rebase(fixture, build, one_by_one, budget, fixtures.runs, changed))
            on_done(found[-1], number, len(paths))
    return found


def _must_be_at_work(workspace: Workspace, contract: Contract, persona: str, trusted: bool | None) -> None:
    """A fixture is replayed under the persona at work; told by a frozen version it would be stale at once."""
    name, _, version = persona.partition("@")
    if not version:
        return
    at_work = load_contract(workspace, name, contract.model, trusted=trusted)
    if at_work.digests != contract.digests:
        raise UsageError(
            f"{persona} is not what fixtures are replayed under, which is {name}@{at_work.persona.version} as it is at work",
            hint=f"rebase to {name}, or try that version without keeping it: greenroom test --live --persona {persona}",
            code="rebase.version",
        )
