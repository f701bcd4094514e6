"""What governed a recorded session, put together from its log alone, and its decisions under other policies.

Invariant: nothing of the workspace is read and none of its code runs: files that changed since change nothing here.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from greenroom.assembly.casting import CEILINGS, KNOWLEDGE, OTHER_TOOLS, PARAMETERS, cast_of
from greenroom.assembly.past.tools import recorded_specs, recorded_tools
from greenroom.core.canonical import canonical
from greenroom.core.clock import FrozenClock, SystemClock, parse_stamp
from greenroom.core.errors import FileInvalid, UsageError
from greenroom.core.events import ApprovalGiven, ContractLoaded, Record, ReplyGenerated, ToolReturned, VerdictReached
from greenroom.core.ids import CountedIds
from greenroom.core.toml_text import parse
from greenroom.core.values import Json, ToolCall, ToolResult, ToolSpec
from greenroom.engine.contract import Contract
from greenroom.engine.replay.again import LogRecording
from greenroom.engine.session import Session
from greenroom.persona.contract import Knowledge, Persona
from greenroom.persona.prompt import fill
from greenroom.persona.voice import lines as voice_lines
from greenroom.policy.files.bundle import parted
from greenroom.policy.load import compile_policies, load_file, read_source
from greenroom.policy.port import Policy
from greenroom.policy.verdict.bounds import Role
from greenroom.regression.flips import Build, Flips, Judged, compare, judge_again, session_of
from greenroom.regression.replay.closed_session import closed_session
from greenroom.retrieval.port import Retriever
from greenroom.workspace.layout import Workspace


def recorded_contract(records: Sequence[Record]) -> Contract:
    """What governed a session last, as its log has it.

    Raises:
        UsageError: the log does not hold the texts any more, or never did.
        FileInvalid: a text is broken, or was written by a Greenroom that kept them in another form.
    """
    contracts = recorded_contracts(records)
    if not contracts:
        raise UsageError("this session's log names no persona", code="recorded.contract")
    return contracts[max(contracts)]


def recorded_contracts(records: Sequence[Record]) -> dict[int, Contract]:
    """The contract of each `ContractLoaded` record, by its number; a session has several when it was reloaded.

    Exceptions count by the day of the record. Raises as `recorded_contract`.
    """
    texts: dict[str, str] = {}
    found: dict[int, Contract] = {}
    for record in records:
        if isinstance(record.event, ContractLoaded):
            texts |= record.event.texts
            found[record.seq] = _contract(record, record.event, texts)
    return found


def recorded_session(records: Sequence[Record], contracts: Mapping[int, Contract]) -> Session:
    """A session over a log in memory, answered by a recording, that begins under the first of its own contracts."""
    return _closed(records)(contracts[min(contracts)], LogRecording(records))


def recorded_build(records: Sequence[Record], retriever: Retriever | None = None) -> Build:
    """Makes closed sessions that such a log answers; `retriever` looks up what it has no answer to."""
    return _closed(records, retriever)


def judged_again(records: Sequence[Record], others: Sequence[Policy] = ()) -> Judged:
    """A session run again as its log has it: every decision with the very question it answered.

    Cheap: no model, tool, disk or hash. It blocks, and has an event loop of its own: from a loop, call it in a thread.
    What does not come out as recorded is said in `problem`; it never raises for what a log or an older file holds.
    """
    try:
        contracts = recorded_contracts(records)
    except (UsageError, FileInvalid) as error:
        return Judged(session_of(records), problem=error.line())
    return asyncio.run(judge_again(records, contracts, _closed(records), others))


def flips(records: Sequence[Record], after: Policy, before: Policy | None = None) -> Flips:
    """The decisions of a session that come out otherwise under `after` than under what it was recorded under, or than
    under `before`. Blocks: from a loop, `await asyncio.to_thread(flips, records, policy)`. Never raises; see `problem`.
    """
    others = [policy for policy in (before, after) if policy is not None]
    return compare(judged_again(records, others), after, before)


def _contract(record: Record, event: ContractLoaded, texts: Mapping[str, str]) -> Contract:
    known = {part: texts[digest] for part, digest in event.digests.items() if digest in texts}
    for part in ("persona", "prompt", "policy", "tools", OTHER_TOOLS):
        if part not in known:
            raise UsageError(
                f"the log does not hold the {part.replace('_', ' ')} of its persona",
                hint="it was erased, or the session was recorded by an older Greenroom",
                code="recorded.text",
            )
    persona = recorded_persona(event, known)
    tools = recorded_specs(known["tools"])
    policy = compile_policies(
        parted(known["policy"]),
        (*tools, *recorded_specs(known[OTHER_TOOLS])),
        Role.of(persona),
        clock=FrozenClock(parse_stamp(record.at)),
    )
    return Contract(
        persona=persona,
        system=fill(known["prompt"], persona.prompt.variables, "the recorded prompt"),
        voice="\n".join(voice_lines(persona.voice)),
        policy=policy,
        tools=tools,
        model=event.model,
        table=event.table,
        texts=known,
        digests=dict(event.digests),
        own=event.own,
    )


def recorded_persona(event: ContractLoaded, known: Mapping[str, str]) -> Persona:
    """The persona within the ceilings that held then."""
    persona = parse(known["persona"], Persona, "the recorded persona")
    if PARAMETERS in known:  # a rerun may have had others than its persona says
        model = persona.model.model_copy(update={"params": json.loads(known[PARAMETERS])})
        persona = persona.model_copy(update={"model": model})
    if KNOWLEDGE in known:
        knowledge = Knowledge.model_validate(json.loads(known[KNOWLEDGE]))
        persona = persona.model_copy(update={"knowledge": knowledge})
    if CEILINGS not in known:
        return persona
    return persona.model_copy(update={"limits": persona.limits.model_copy(update=json.loads(known[CEILINGS]))})


class RecordedTools:
    """The tools of a recorded session: their specs, and of each call whether it could be decided about."""

    def __init__(self, specs: Sequence[ToolSpec], records: Sequence[Record]) -> None:
        self._specs = tuple(specs)
        self._problems = _problems(records)

    def specs(self) -> tuple[ToolSpec, ...]:
        return self._specs

    def problem(self, call: ToolCall) -> str:
        return self._problems.get(_key(call.id, call.arguments), "")

    async def call(self, call: ToolCall, idempotency_key: str) -> ToolResult:
        return ToolResult(status="failed", error="a recording runs nothing")

    async def aclose(self) -> None:
        """Nothing is held."""


def _problems(records: Sequence[Record]) -> dict[tuple[str, bytes], str]:
    """What was wrong with the calls that ended as invalid, by call and by the arguments it was wrong with."""
    arguments: dict[str, dict[str, Json]] = {}
    found: dict[tuple[str, bytes], str] = {}
    verdicts = (r.event for r in records if isinstance(r.event, VerdictReached) and r.event.hook == "tool.call")
    decided = {event.step.rpartition(":")[2] for event in verdicts}
    for record in records:
        match record.event:
            case ReplyGenerated(calls=calls):
                arguments |= {call.id: call.arguments for call in calls}
            case ApprovalGiven(decision="edit", call=call, arguments=edited):
                arguments[call] = edited or {}
                decided.discard(call)
            case ToolReturned(status="invalid", call=call, error=error) if call not in decided:
                found[_key(call, arguments.get(call, {}))] = error
            case _:
                pass
    return found


def _key(call: str, arguments: Mapping[str, Json]) -> tuple[str, bytes]:
    return call, canonical(dict(arguments))


def _closed(records: Sequence[Record], retriever: Retriever | None = None) -> Build:
    def build(contract: Contract, recording: LogRecording) -> Session:
        tools = RecordedTools(contract.tools, records)
        return closed_session(contract, tools, recording, FrozenClock(), CountedIds(), retriever)

    return build


class Candidates:
    """Policies that recorded decisions are held against, each compiled once for sessions that ran under the same.

    `files` are policy files by the word a person gave for them.

    Raises:
        FileInvalid: a file is broken or cannot be read.
    """

    def __init__(self, workspace: Workspace, files: Mapping[str, Path]) -> None:
        self._workspace = workspace
        self._files = {word: load_file(read_source(path)) for word, path in files.items()}
        self._known: dict[tuple[str, ...], Policy] = {}

    def recorded(self, records: Sequence[Record]) -> Policy:
        """What a session ran under last. Raises as `recorded_contract`."""
        return recorded_contract(records).policy

    def on_disk(self, records: Sequence[Record]) -> Policy:
        """The policies of a session's persona as they are now. Raises as `load_contract`."""
        persona = recorded_contract(records).persona.id
        if (persona,) not in self._known:
            self._known[persona,] = cast_of(self._workspace, persona, "", SystemClock(), trusted=None).contract.policy
        return self._known[persona,]

    def with_file(self, word: str, records: Sequence[Record]) -> Policy:
        """What a session ran under, with a file in the place of the one of its id, or beside them.

        Raises:
            FileInvalid: it cannot be compiled with the tools that the session had. Else as `recorded_contract`.
        """
        file = self._files[word]
        contract = recorded_contract(records)
        key = (word, *(contract.digests.get(part, "") for part in ("policy", "persona", "tools", OTHER_TOOLS)))
        if key not in self._known:
            sources = parted(contract.texts["policy"])
            kept = [source for source in sources if load_file(source).policy.id != file.policy.id]
            role = Role.of(contract.persona)
            self._known[key] = compile_policies([*kept, file.source], recorded_tools(contract), role)
        return self._known[key]
