"""A session written as a fixture that pytest replays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, get_args

from greenroom.commands.answer import Answer, answer
from greenroom.commands.invocation import Invocation
from greenroom.core.errors import UsageError
from greenroom.core.events import ContractLoaded, Record
from greenroom.workspace.layout import Workspace

if TYPE_CHECKING:
    from greenroom.engine.contract import Contract
    from greenroom.regression.record import Exported

Expect = Literal["good", "bad", "observe"]


def export(asked: Invocation) -> Answer[Exported]:
    """Write `<name>.tape.jsonl` and `<name>.case.toml`, and say how to replay them.

    Raises:
        UsageError: no name, a name that is taken, or no finished turn.
        FileInvalid, LogDamaged: the session cannot be read.
        CheckFailed: the policy forbids the export.
    """
    from greenroom.assembly import load_contract, read_session

    workspace = asked.workspace()
    records = read_session(workspace, asked.text("session"))
    loaded = [record.event for record in records if isinstance(record.event, ContractLoaded)]
    contract = load_contract(workspace, loaded[-1].persona if loaded else "", loaded[-1].model if loaded else "")
    return written(
        workspace,
        records,
        contract,
        asked.text("name"),
        expect=asked.text("expect"),
        why=asked.text("why"),
        replace=asked.flag("replace"),
    )


def written(
    workspace: Workspace,
    records: Sequence[Record],
    contract: Contract,
    name: str,
    *,
    expect: str = "good",
    why: str = "",
    replace: bool = False,
) -> Answer[Exported]:
    """Write one fixture. Raises as `export` does."""
    from greenroom.regression import record

    if not name:
        raise UsageError("a fixture needs a name", hint="such as refund-over-limit", code="export.name")
    stands: Expect | None = next((one for one in get_args(Expect) if one == (expect or "good")), None)
    if stands is None:
        raise UsageError(f"'{expect}' is not what a fixture can stand for", hint="good, bad or observe")
    done = record.export(records, contract, workspace.fixtures, name, why=why, expect=stands, replace=replace)
    notes = [f"replaced by placeholders: {len(done.redactions)}"] if done.redactions else []
    if done.case_kept:
        notes.append(f"{workspace.shown(done.case)} was there already and is left as it is")
    lines = [workspace.shown(done.tape), workspace.shown(done.case), f"replay it with: {done.command}"]
    data = {
        "tape": str(done.tape),
        "case": str(done.case),
        "redactions": len(done.redactions),
        "command": done.command,
        "case_kept": done.case_kept,
    }
    return answer(done, lines, data, notes=notes)
