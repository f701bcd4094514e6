"""One sample of every file format, written or read by the code that owns it.

Invariant: a sample that its own reader refuses raises here, so a wrong sample cannot be printed.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from greenroom.approval.answers import AnswerFile
from greenroom.approval.kill_switch import StopFile
from greenroom.commands.formats.case_sample import every_kind
from greenroom.core.clock import FrozenClock
from greenroom.core.events import AnyEvent, ReplyGenerated, ReplyReleased, SessionOpened, TurnFinished, TurnStarted
from greenroom.core.ids import CountedIds
from greenroom.core.toml_text import parse
from greenroom.core.values import ApprovalReply, Json, Stop
from greenroom.detectors.corpus import CorpusFile
from greenroom.ledger.entries import FIELDS
from greenroom.ledger.ledger import Ledger
from greenroom.log.file_log import FileLog
from greenroom.log.memory_log import MemoryLog
from greenroom.models.script_file import ScriptFile
from greenroom.persona.contract import Persona
from greenroom.policy.load import PolicySource, load_file
from greenroom.regression.live.history import Entry, written
from greenroom.regression.record.telling import tell
from greenroom.regression.tape.tape import Line, Tape, read, sealed, write
from greenroom.workspace.settings import Settings

_WORKSPACE = """\
schema  = "workspace/1"
id      = "helpdesk"
persona = "aria"

[knowledge.collections]
returns = ["returns.md", "refunds-*.md"]

[memory.segments.customer]
sensitivity    = "personal"
retention_days = 365

[models.hosted]
use = "openai/gpt-5-mini"
key = "OPENAI_API_KEY"
"""

_PERSONA = """\
schema  = "persona/1"
id      = "aria"
version = "1.3.0"
name    = "Aria"

[story]
as_a    = "customer-support persona of a small shop"
i_want  = "to resolve order, return and refund questions"
so_that = "a customer leaves with an answer or a named next step"

[prompt]
file      = "prompt.md"
variables = { shop = "Northwind" }

[model]
use = "scripted/helpdesk"

[tools]
allow = ["orders.get", "orders.refund"]

[policy]
files    = ["support"]
autonomy = 2
"""

_POLICY = """\
schema  = "policy/1"
id      = "support"
version = "2.3.0"

[[detector]]
id      = "shop.gift_code"
why     = "The code of a gift card is cash."
pattern = '\\bNW-[A-Z0-9]{4}-[A-Z0-9]{4}\\b'
  [[detector.test]]
  text   = "my code is NW-7Q2M-4K9D"
  expect = ["NW-7Q2M-4K9D"]

[[rule]]
id    = "refund.large"
why   = "Refunds above 100 EUR need a person."
hook  = "tool.call"
tools = ["orders.refund"]
when  = ["args.amount > 100"]
then  = "require_approval"
risk  = { base = 40 }
ask   = { role = "operator", deadline = "15m", then = ["escalate:lead", "deny"] }
  [[rule.test]]
  name   = "exactly 100 passes"
  with   = { args = { amount = 100 } }
  expect = "no_match"
"""

_CORPUS = """\
schema = "corpus/1"
id     = "money"
about  = "Card numbers, and numbers that look like them."
found  = [
  ["personal.card", "my card is 4111 1111 1111 1111", "4111 1111 1111 1111"],
]
clean  = ["order 1234 5678 9012 3456 is on its way"]
"""

_SCRIPT = """\
schema = "script/1"
id     = "helpdesk"
pace   = { first_ms = 200, per_chunk_ms = 18, chunk_words = 1 }

[[rule]]
id   = "order"
when = { user = 'order (?P<order>\\d+)' }
text = "Let me look at order {order}."
calls = [ { tool = "orders.get", args = { order_id = "{order:int}" } } ]

[[rule]]
id   = "fallback"
text = "Tell me more."
"""


def workspace() -> str:
    parse(_WORKSPACE, Settings, "greenroom.toml")
    return _WORKSPACE


def persona() -> str:
    parse(_PERSONA, Persona, "persona.toml")
    return _PERSONA


def policy() -> str:
    load_file(PolicySource("support.toml", _POLICY))
    return _POLICY


def corpus() -> str:
    parse(_CORPUS, CorpusFile, "money.toml")
    return _CORPUS


def script() -> str:
    parse(_SCRIPT, ScriptFile, "helpdesk.toml")
    return _SCRIPT


def log() -> str:
    """The first records of a session, as its writer writes them."""
    events: tuple[AnyEvent, ...] = (
        SessionOpened(
            session="s0001", persona="aria", version="1.3.0", workspace="helpdesk", model="scripted/helpdesk"
        ),
        TurnStarted(turn=1, words="Where is my parcel?"),
        ReplyReleased(step="t1/release", turn=1, text="What is your order number?"),
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "s0001.jsonl"
        written = FileLog.create(path, FrozenClock(), CountedIds())
        for event in events:
            written.append(event)
        written.close()
        return path.read_text(encoding="utf-8")


def ledger() -> str:
    """A policy, an anchor and a stop, as the ledger writes them."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.jsonl"
        ledger = Ledger(path, FrozenClock(), ids=CountedIds())
        ledger.policy_loaded("s0001", "aria", "0" * 64, "support@2.3.0")
        ledger.anchor("s0001", 2, "0" * 64)
        ledger.note("stop_pressed", scope="everything", target="", by="mara", reason="It sends mails twice.")
        return path.read_text(encoding="utf-8")


def live() -> str:
    """Two of three runs of a fixture, where three of three passed before."""
    first = Entry(
        fixture="refund-over-limit",
        persona="aria@1.3.0",
        model="openai/gpt-5-mini",
        at="2026-11-20T10:00:00.000000Z",
        asked=3,
        needed=3,
        runs=3,
        passed=3,
        pass_k=1.0,
        micro_usd=5_400,
        milliseconds=6_200,
        outcome="passed",
    )
    then = first.model_copy(
        update={
            "persona": "aria@1.4.0",
            "at": "2026-11-21T10:00:00.000000Z",
            "passed": 2,
            "pass_k": 0.0,
            "outcome": "failed",
        }
    )
    return b"".join(map(written, (first, then))).decode()


def stop() -> str:
    """What the switch writes."""
    one = Stop(scope="tool", target="orders.*", reason="wrong prices", by="kim", at="2026-11-20T10:00:00.000000Z")
    return StopFile(schema="stop/1", stops=(one,)).model_dump_json(by_alias=True, indent=1)


def left() -> str:
    """What `approve yes` leaves for another process; `record` is the hash of the record that asked."""
    reply = ApprovalReply(decision="allow", approver="kim", established="terminal")
    return AnswerFile(session="s1", step="t1/ask:c1", record="0" * 64, reply=reply).model_dump_json(
        by_alias=True, indent=1
    )


def _recorded() -> Tape:
    """The tape of one turn, told by the code that tells sessions."""
    log_ = MemoryLog("s0001", FrozenClock(), CountedIds())
    for event in (
        TurnStarted(turn=1, words="Where is my parcel?"),
        ReplyGenerated(step="t1/generate:1", turn=1, model="scripted/helpdesk", text="What is your order number?"),
        ReplyReleased(step="t1/release", turn=1, text="What is your order number?"),
        TurnFinished(step="t1/finish", turn=1, outcome="answered"),
    ):
        log_.append(event)
    lines, _ = tell(log_.records, "scripted/helpdesk")
    header: Line = {"persona": "aria@1.3.0", "model": "scripted/helpdesk", "digests": {"persona": "0123456789ab"}}
    return sealed(header, lines)


def tape() -> str:
    """A recording of one turn, written and read back."""
    data = write(_recorded())
    if write(read(data, "sample.tape.jsonl")) != data:
        raise AssertionError("a tape that was read is not written as it was")
    return data.decode()


def case() -> str:
    """A case with every kind of expectation; an export proposes the plain ones."""
    return every_kind()


def _chained(body: str, contents: dict[str, Json]) -> dict[str, Json]:
    """The schema of one line of a hash chain whose facts stand under `body`."""
    properties: dict[str, Json] = {
        "v": {"const": 1},
        "seq": {"type": "integer", "minimum": 0},
        "at": {"type": "string", "format": "date-time"},
        body: {"type": "object", **contents},
        "prev": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
        "hash": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
    }
    return {"type": "object", "properties": properties, "required": list(properties)}


def log_schema() -> Json:
    """The schema of one line; a content field of an event is `{"$": commitment}` and stands under `content`.

    What is not kept (`inputs`) has its salt there, and `{"$": commitment, "salt": mark of the salt}` in the event.
    """
    schema = _chained("event", {"required": ["kind"], "properties": {"kind": {"type": "string"}}})
    entry = {"type": "array", "minItems": 1, "maxItems": 2, "prefixItems": [{"type": "string"}, {}]}
    schema["properties"]["content"] = {"type": "object", "additionalProperties": entry}
    return schema


def ledger_schema() -> Json:
    """The schema of one line of the ledger; a reason is `{"$": commitment}` and its text stands under `content`."""
    schema = _chained("entry", {"required": ["kind"], "oneOf": [_entry(kind) for kind in FIELDS]})
    schema["properties"]["content"] = {"type": "object"}
    return schema


def _entry(kind: str) -> Json:
    fields = {name: {"type": {str: "string", int: "integer"}[type_]} for name, type_ in FIELDS[kind].items()}
    return {"properties": {"kind": {"const": kind}, **fields}, "required": ["kind", *fields]}
