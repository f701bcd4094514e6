"""All that people write read again while a session runs, and what changed by it in one line.

Invariant: a broken file changes nothing, and what is sound beside it counts; the line names every rule that is another
one now.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, get_args

from greenroom.commands.answer import Answer, answer, counted
from greenroom.commands.live.actions import Live
from greenroom.commands.policy.trial import failing_tests
from greenroom.core.errors import FileInvalid, ServiceUnavailable
from greenroom.core.inert import inert_line
from greenroom.policy.decide import RulePolicy
from greenroom.policy.files.bundle import parted
from greenroom.policy.load import compile_policies, load_file
from greenroom.policy.verdict.bounds import Role
from greenroom.workspace.trust import must_be_trusted
from greenroom.workspace.watched import Kind

if TYPE_CHECKING:
    from greenroom.assembly.reloading import OnDisk
    from greenroom.core.events import Record
    from greenroom.engine.contract import Contract
    from greenroom.engine.outside import Renewed
    from greenroom.engine.session import Session
    from greenroom.policy.files.rules import PolicyFile
    from greenroom.policy.verdict.active_rule import ActiveRule
    from greenroom.regression.flips import Flip, Flips
    from greenroom.workspace.layout import Workspace

KINDS: tuple[Kind, ...] = get_args(Kind)
_READ = {"knowledge", "settings"}
"""Kinds of files by which documents may be others."""
_NAMED = 4
"""Rules, or documents, named in the line; of more, how many there are."""
_PARTS = {
    "persona": "persona",
    "prompt": "prompt",
    "parameters": "model parameters",
    "tools": "tools",
    "ceilings": "limits of the workspace",
    "models": "names of models",
}


@dataclass(frozen=True, slots=True)
class Reloaded:
    """What changed, in a line ('' for nothing), and the past decisions of the session that would come out otherwise.

    `failing` says which of the policy's own tests fail, '' for none; the line has it too. `problems` are the files that
    are broken, a line each; what was read of them before still holds. `untrusted`: code or hosts are there that nobody
    trusted, and nothing is read until a person does. `contract` is what is on disk, None where that cannot be said;
    `waits`: all of it but the policy counts when the open turn has ended. `beside` is what changed that is no part of a
    contract: documents, a script, the code of tools.
    """

    line: str = ""
    flips: tuple[Flip, ...] = ()
    failing: str = ""
    problems: tuple[str, ...] = ()
    untrusted: bool = False
    contract: Contract | None = None
    waits: bool = False
    beside: tuple[str, ...] = ()


async def reload(live: Live, words: str) -> Answer[Reloaded]:
    """Read everything again and work under it from here on.

    Raises:
        FileInvalid: a file is broken; the session goes on under what it has, and all that is sound was taken over.
        UsageError: what would run is not what was trusted.
    """
    done = await take(live)
    if done.untrusted:
        must_be_trusted(live.workspace)
    if done.problems:
        raise FileInvalid("; ".join((*done.problems, *([done.line] if done.line else []))))
    return answer(done, [done.line or "nothing changed", *map(flip_line, done.flips)])


async def take(live: Live, kinds: Collection[Kind] = KINDS) -> Reloaded:
    """Take over what is on disk; with `kinds`, only files of these were written. What is broken stays as it was.

    Raises:
        DiskFailed: the store or the ledger could not be written.
    """
    from greenroom.assembly.reloading import read_disk

    knowledge, problems = await asyncio.to_thread(_documents, live.workspace) if _READ & {*kinds} else ("", ())
    disk = await asyncio.to_thread(read_disk, live.workspace, live.session)
    problems = (*disk.problems, *(line for line in problems if line not in disk.problems))
    done = await _taken(live.session, disk)
    line = "; ".join(part for part in (done.line, knowledge) if part)
    beside = (*done.beside, *filter(None, [knowledge]))
    return replace(done, line=line, problems=problems, untrusted=disk.untrusted, contract=disk.contract, beside=beside)


async def _taken(session: Session, disk: OnDisk) -> Reloaded:
    """Put what was read in force, and say what it changes."""
    before, contract, renewed = session.awaited, disk.contract, disk.renewed
    beside = tuple(_told_renewed(session.contract, contract, renewed))
    if contract is None:
        session.outside.renew(renewed)
        return Reloaded("; ".join(beside), beside=beside)
    other = changed(before, contract)
    told = [said for said in (changes(before, contract), *beside) if said]
    waits = not session.reload(contract if other else before, renewed)
    line = "; ".join(told) + ("; all but the policy counts when this turn has ended" if told and waits else "")
    if before.policy.digest == contract.policy.digest:
        return Reloaded(line, waits=waits, beside=beside)
    found, failing = await asyncio.to_thread(_judged, tuple(session.records), contract)
    line += f"; ATTENTION: {failing}" if failing else ""
    return Reloaded(f"{line}; {_counted(found)}", found.flips, failing, waits=waits, beside=beside)


def _told_renewed(now: Contract, contract: Contract | None, renewed: Renewed) -> list[str]:
    """What stands behind the ports anew; another model is told of with the contract that names it."""
    model = (contract or now).model
    script = f"script of {model} changed" if model.startswith("scripted/") else f"the way to {model} changed"
    told = [script] if renewed.model is not None and model == now.model else []
    return [*told, *(["code of the tools changed"] if renewed.tools is not None else [])]


def changed(before: Contract, after: Contract) -> bool:
    """Whether anything of it is another."""
    return (before.digests, before.model, before.retention_days) != (after.digests, after.model, after.retention_days)


def _documents(workspace: Workspace) -> tuple[str, tuple[str, ...]]:
    """Take the documents in; how many passages changed by it, and what is broken."""
    from greenroom.assembly import ingest_knowledge
    from greenroom.assembly.reloading import broken_documents, lines

    try:
        report = ingest_knowledge(workspace)
    except (FileInvalid, ServiceUnavailable) as error:
        return "", lines(workspace, broken_documents(workspace) or [error])
    touched = (*report.added, *report.changed, *report.removed)
    if not touched:
        return "", ()
    named = ", ".join(touched[:_NAMED]) + (f" and {len(touched) - _NAMED} more" if len(touched) > _NAMED else "")
    return f"knowledge: {counted(report.passages, 'passage')} changed in {named}", ()


def flip_line(flip: Flip) -> str:
    """`turn 2 tool.call orders.refund: require_approval refund.large → deny refund.finance (stricter)`."""
    about = f"{flip.question.hook} {flip.question.subject}".rstrip()
    was, now = flip.outcomes()
    return inert_line(f"turn {flip.turn} {about}: {was} → {now} ({'looser' if flip.looser else 'stricter'})", 240)


def _judged(records: Sequence[Record], contract: Contract) -> tuple[Flips, str]:
    """What would differ, and which of its own tests fail, under the policy as it reads now, but with masks of its own: those of the live session belong to its own thread."""
    from greenroom.assembly.past.recorded import flips
    from greenroom.assembly.past.tools import recorded_tools

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
