"""Policy and persona read again while a session runs, and what changed by it in one line.

Invariant: a broken file changes nothing; the line names every rule that is another one now.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from greenroom.commands.answer import Answer, answer, counted
from greenroom.commands.live import Live
from greenroom.commands.policy.trial import failing_tests
from greenroom.core.inert import inert_line
from greenroom.policy.bounds import Role
from greenroom.policy.bundle import parted
from greenroom.policy.decide import RulePolicy
from greenroom.policy.load import compile_policies, load_file

if TYPE_CHECKING:
    from greenroom.core.events import Record
    from greenroom.engine.contract import Contract
    from greenroom.policy.active import ActiveRule
    from greenroom.policy.rules import PolicyFile
    from greenroom.regression.flips import Flip, Flips

_NAMED = 4
"""Rules named in the line; of more, how many there are."""
_PARTS = {"persona": "persona", "prompt": "prompt", "parameters": "model parameters", "tools": "tools"}


@dataclass(frozen=True, slots=True)
class Reloaded:
    """What changed, in a line ('' for nothing), and the past decisions of the session that would come out otherwise.

    `failing` says which of the policy's own tests fail, '' for none; the line has it too.
    """

    line: str = ""
    flips: tuple[Flip, ...] = ()
    failing: str = ""


async def reload(live: Live, words: str) -> Answer[Reloaded]:
    """Read everything again and work under it from here on.

    Raises:
        FileInvalid: a file is broken; the session goes on under what it has.
        UsageError: what would run is not what was trusted.
    """
    from greenroom.assembly import reloaded_contract

    session = live.session
    before = session.contract
    contract = await asyncio.to_thread(reloaded_contract, live.workspace, session)
    told = changes(before, contract)
    if not told:
        return answer(Reloaded(), ["nothing changed"])
    if not session.reload(contract):
        told += "; all but the policy counts when this turn has ended"
    if before.policy.digest == contract.policy.digest:
        return answer(Reloaded(told), [told])
    found, failing = await asyncio.to_thread(_judged, tuple(session.records), contract)
    told += f"; ATTENTION: {failing}" if failing else ""
    told += f"; {_counted(found)}"
    return answer(Reloaded(told, found.flips, failing), [told, *map(flip_line, found.flips)])


def flip_line(flip: Flip) -> str:
    """`turn 2 tool.call orders.refund: require_approval refund.large → deny refund.finance (stricter)`."""
    about = f"{flip.question.hook} {flip.question.subject}".rstrip()
    was, now = flip.outcomes()
    return inert_line(f"turn {flip.turn} {about}: {was} → {now} ({'looser' if flip.looser else 'stricter'})", 240)


def _judged(records: Sequence[Record], contract: Contract) -> tuple[Flips, str]:
    """What would differ, and which of its own tests fail, under the policy as it reads now, but with masks of its own: those of the live session belong to its own thread."""
    from greenroom.assembly.recorded import flips, recorded_tools

    tools = recorded_tools(contract)
    policy = compile_policies(parted(contract.texts["policy"]), tools, Role.of(contract.persona))
    return flips(records, policy), failing_tests(policy, tools)


def _counted(found: Flips) -> str:
    if found.problem:
        return f"past verdicts could not be compared ({found.problem})"
    if not found.decisions:
        return "no verdicts yet that it could change"
    looser = sum(flip.looser for flip in found.flips)
    said = f"{len(found.flips)} of {found.decisions} past verdicts of this session would differ"
    said += f" ({looser} looser)" if looser else ""
    return f"{said}, {found.moved} would be the same by another rule" if found.moved else said


def changes(before: Contract, after: Contract) -> str:
    """`policy support 2.3.0 → 2.3.1: refund.large changed, mail.vip added; prompt changed`; '' where all is the same."""
    parts = [_policy(before, after)] if before.policy.digest != after.policy.digest else []
    known = {**before.digests}
    named = [_PARTS[part] for part, digest in after.digests.items() if part in _PARTS and known.get(part) != digest]
    if before.model != after.model:
        parts.append(f"model {before.model} → {after.model}")
    if named:
        version = f" {after.persona.label}" if before.persona.version != after.persona.version else ""
        parts.append(f"{' and '.join(named)} changed{version}")
    return "; ".join(part for part in parts if part)


def _policy(before: Contract, after: Contract) -> str:
    old, new = _rules(before), _rules(after)
    changed = [name for name in new if name in old and _meaning(new[name]) != _meaning(old[name])]
    told = [
        *(f"{name} changed" for name in changed),
        *(f"{name} added" for name in new if name not in old),
        *(f"{name} removed" for name in old if name not in new),
    ]
    more = [f"{len(told) - _NAMED} more"] if len(told) > _NAMED else []
    what = ", ".join([*told[:_NAMED], *more, *_beside_rules(_files(before), _files(after))]) or "no rule changed"
    return f"policy {_versions(old, new)}: {what}"


def _files(contract: Contract) -> list[PolicyFile]:
    return [load_file(source).policy for source in parted(contract.texts.get("policy", ""))]


def _beside_rules(old: Sequence[PolicyFile], new: Sequence[PolicyFile]) -> Iterator[str]:
    """`bounds changed`, `1 exception added`: what files say beside their rules."""
    for key, said in (("envelope", "bounds"), ("detector", "detectors"), ("mode", "mode")):
        before, after = ({file.id: getattr(file, key) for file in files if getattr(file, key)} for files in (old, new))
        if key == "mode":  # of a file that came or went its rules are named
            before, after = ({id: side[id] for id in before.keys() & after.keys()} for side in (before, after))
        if before != after:
            yield f"{said} changed"
    before_aside, after_aside = ([(file.id, one) for file in files for one in file.exception] for files in (old, new))
    added = sum(one not in before_aside for one in after_aside)
    removed = sum(one not in after_aside for one in before_aside)
    if added:
        yield f"{counted(added, 'exception')} added"
    if removed:
        yield f"{counted(removed, 'exception')} removed"


def _rules(contract: Contract) -> dict[str, ActiveRule]:
    """The rules of a contract's own files by id; of two files' rules of one id both are named."""
    rules = contract.policy.rules if isinstance(contract.policy, RulePolicy) else ()
    own = [rule for rule in rules if not rule.policy.startswith("builtin@")]
    twice = {one.rule.id for one in own if sum(other.rule.id == one.rule.id for other in own) > 1}
    return {f"{_id(one)}/{one.rule.id}" if one.rule.id in twice else one.rule.id: one for one in own}


def _id(rule: ActiveRule) -> str:
    return rule.policy.partition("@")[0]


def _meaning(rule: ActiveRule) -> object:
    """What a rule says, whatever the version of its file and wherever it stands in it."""
    aside = [(one.owner, one.expires, one.why, [clause.source for clause in one.when]) for one in rule.exceptions]
    return rule.rule, rule.tools, rule.kinds, aside, rule.observed


def _versions(old: Mapping[str, ActiveRule], new: Mapping[str, ActiveRule]) -> str:
    """`support 2.3.0 → 2.3.1` for each file whose version is another one, else the files' labels."""
    before = dict(rule.policy.split("@", 1) for rule in old.values())
    after = dict(rule.policy.split("@", 1) for rule in new.values())
    moved = [f"{id} {before[id]} → {version}" for id, version in after.items() if before.get(id, version) != version]
    return ", ".join(moved or [f"{id} {version}" for id, version in after.items()] or ["files"])
