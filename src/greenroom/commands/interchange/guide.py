"""What becomes of what when other tools' files are imported and exported, as a help topic.

Invariant: the table of assertions is what the importer makes of them, so it cannot lie.
"""

from __future__ import annotations

from greenroom.commands.answer import table
from greenroom.core.values import Json
from greenroom.regression.inline_toml import toml
from greenroom.regression.interop.conversation import Losses
from greenroom.regression.interop.detect import FORMATS
from greenroom.regression.interop.expected import keep
from greenroom.regression.interop.promptfoo_asserts import read_assert

_PARTS = (
    ("a person's words", "the prompt with its variables", "input", "user", "user_content", "user", "the other speaker"),
    ("replies", "providerOutput", "metadata.recorded", "assistant", "final_response", "responses", "the persona"),
    ("calls, results", "in messages", "tool_calls, tool", "tool_calls, tool", "intermediate_data", "tool_calls", "no"),
    ("a failed call", "its words", "error", "its words", "error", "its words", "no"),
    ("expectations", "assert", "target", "no", "calls, replies", "no", "no"),
    ("why", "description", "description", "no", "no", "no", "no"),
    ("tool definitions", "no", "no", "tools, written only", "no", "no", "no"),
    ("tokens", "no", "no", "no", "no", "usage", "no"),
)
_ASSERTS: tuple[dict[str, Json], ...] = (
    {"type": "contains", "value": "30 days"},
    {"type": "not-contains", "value": "guarantee"},
    {"type": "icontains", "value": "thank you"},
    {"type": "contains-all", "value": ["a", "b"]},
    {"type": "contains-any", "value": ["a", "b"]},
    {"type": "equals", "value": "Yes."},
    {"type": "starts-with", "value": "Yes"},
    {"type": "regex", "value": "[0-9]+ EUR"},
    {"type": "is-json"},
    {"type": "word-count", "value": {"max": 60}},
    {"type": "cost", "threshold": 0.01},
    {"type": "latency", "threshold": 3000},
    {"type": "trajectory:tool-used", "value": "orders.get"},
    {"type": "trajectory:tool-args-match", "value": {"name": "orders.get", "args": {"order_id": 1001}}},
    {"type": "trajectory:tool-sequence", "value": ["orders.get", "orders.refund"]},
    {"type": "similar", "value": "Yes."},
    {"type": "llm-rubric", "value": "is polite"},
    {"type": "javascript", "value": "output.length < 500"},
)
_WORDS = """\
An imported conversation is said again to a session of the persona: its replies answer for the model, its results for
the tools, and the policy decides for real. What ran there counts as allowed by `imported`; memories and passages are
empty. Where the policy or a tool's schema says no, or an expectation does not hold, the draft only observes, and its why
says so. Tests without a reply need --record: the persona's model answers them once, and questions are answered as with
run --approve policy. An export reads the tape, which was redacted when it was made.
What cannot be expressed is listed as a loss, with its place and why; with --json as data."""


def lines() -> list[str]:
    """The topic as text."""
    formats = [(one.name, one.about, "yes", "yes" if one.write else "no") for one in FORMATS]
    return [
        *_WORDS.splitlines(),
        "",
        *table(("format", "what it is", "import", "export"), formats),
        "",
        *table(("greenroom", "promptfoo", "inspect", "openai", "adk", "vcr", "log"), _PARTS),
        "",
        *table(
            ("promptfoo assertion", "in a case"), [(row["assertion"], row["case"] or row["loss"]) for row in _rows()]
        ),
    ]


def data() -> Json:
    """The topic for a program."""
    return {
        "formats": [{"name": one.name, "about": one.about, "export": one.write is not None} for one in FORMATS],
        "assertions": _rows(),
    }


def _rows() -> list[dict[str, str]]:
    rows = []
    for entry in _ASSERTS:
        losses = Losses()
        found = keep(read_assert(entry, "", losses, lambda value: value), 1, "", "", losses)
        kept = [f"{key} = {toml(item)}" for one in found for key, item in one.items() if key != "turn"]
        shown = next((str(entry[key]) for key in ("value", "threshold") if key in entry), "")
        loss = f"loss: {losses[0].why}" if losses else ""
        rows.append({"assertion": f"{entry['type']} {shown}".strip(), "case": ", ".join(kept), "loss": loss})
    return rows
