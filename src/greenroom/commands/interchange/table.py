"""The commands between fixtures and other tools' files: rows of `fixture_table`."""

from __future__ import annotations

from greenroom.commands.declare import Argument, Command

_AT = "greenroom.commands."
_WRITTEN = ("promptfoo", "inspect", "openai", "adk")
_READ = ("auto", *_WRITTEN, "vcr", "log")

NAMES = Argument("name", "fixtures by name or pattern such as 'refund-*'; all of them without", "*")

INTERCHANGE: tuple[Command, ...] = (
    Command(
        ("fixture", "import"),
        "Take another tool's tests or logs over as draft fixtures; what cannot be expressed is listed",
        _AT + "interchange.imported:import_file",
        (
            Argument("file", "promptfoo, Inspect, OpenAI messages, ADK eval set, VCR cassette or plain chat log"),
            Argument("--format", "what the file is; told from its content unless given", choices=_READ, default="auto"),
            Argument("--persona", "who says it again; the workspace's default unless given", metavar="ID"),
            Argument("--model", "the model in place of the persona's", metavar="MODEL"),
            Argument("--name", "what the fixtures' names begin with", metavar="PREFIX"),
            Argument(
                "--tool",
                "what a tool of theirs is called here, as orders_get=orders.get; may be given several times",
                metavar="THEIRS=OURS",
                repeated=True,
            ),
            Argument("--record", "have the persona's model answer tests that come without a reply", flag=True),
            Argument("--dry-run", "say what would be written, and write nothing", flag=True),
        ),
    ),
    Command(
        ("fixture", "export"),
        "Write fixtures as another tool's file; what cannot be expressed is listed",
        _AT + "interchange.exported:export_fixtures",
        (
            NAMES,
            Argument("--format", "whose file", choices=_WRITTEN, needed=True),
            Argument("--out", "the file to write", metavar="FILE", needed=True),
            Argument("--replace", "write over a file that exists", flag=True),
        ),
    ),
)
