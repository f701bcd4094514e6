"""Every command, declared once: words, arguments, help, handler, and its names in the REPL and on the screen.

Invariant: importing this costs nothing; a handler is a dotted path that is imported when its command runs.
"""

from __future__ import annotations

from greenroom.commands.answering.table import ANSWERING
from greenroom.commands.compare.table import COMPARE
from greenroom.commands.control.table import CONTROL
from greenroom.commands.declare import Action, Argument, Command
from greenroom.commands.fixture.table import FIXTURE
from greenroom.commands.policy.table import POLICY
from greenroom.commands.session.branching_table import BRANCHING
from greenroom.commands.session.looking_table import LOOKING
from greenroom.commands.stepping.table import AT_GATE, BREAK, BREAK_AT, BREAKPOINTS
from greenroom.commands.suite.testing_table import TESTING

TOPICS = ("formats", "expectations", "policy", "audit", "interop", "keys", "replay")
"""What `help` knows beside the commands."""

_PERSONA = Argument("persona", "the persona, as aria or aria@1.3.0", "?")
_SESSION = Argument("session", "a session's id, the beginning of one, or 'last'")
_MODEL = Argument("--model", "the model in place of the persona's, such as scripted/helpdesk", metavar="MODEL")
_APPROVE = Argument(
    "--approve",
    "who answers questions: ask: you, and where nobody is at the terminal they stay open; wait: another terminal; "
    "deny: no to each; policy: yes to what autonomy alone asks about, no to what a rule asks about",
    choices=("ask", "wait", "deny", "policy"),
    default="ask",
)
_HANDLERS = "greenroom.commands."


def _at(place: str) -> str:
    return _HANDLERS + place


COMMANDS: tuple[Command, ...] = (
    Command(
        ("demo",),
        "Open the helpdesk demo: offline, no key needed",
        _at("workbench:demo"),
        (Argument("path", "keep the copy here, and go on with it next time", "?"),),
    ),
    Command(
        ("init",),
        "Make a new workspace from one that Greenroom ships",
        _at("workbench:init"),
        (
            Argument("path", "a folder that does not exist yet"),
            Argument("--from", "which one to start from", default="helpdesk", metavar="NAME"),
        ),
    ),
    Command(
        ("open",),
        "Open the workbench (the same as greenroom [WORKSPACE])",
        _at("workbench:open_workbench"),
        (
            Argument("path", "a folder in the workspace", "?"),
            Argument("--persona", "the persona to begin with", metavar="ID"),
            _MODEL,
            Argument("--session", "go on with this session", metavar="ID"),
            Argument("--mode", "where to stop", choices=("run", "tools", "step"), default="run"),
            BREAK,
        ),
    ),
    Command(
        ("run",),
        "Talk to a persona without a screen: TEXT, or one turn per line of stdin",
        _at("run:run"),
        (
            Argument("persona", "the persona, as aria or aria@1.3.0", "?"),
            Argument("text", "what to say", "?"),
            _MODEL,
            _APPROVE,
            Argument("--session", "go on with this session", metavar="ID"),
            BREAK,
        ),
    ),
    Command(
        ("repl",),
        "Talk to a persona line by line, with slash commands",
        _at("workbench:open_repl"),
        (_PERSONA, _MODEL, Argument("--session", "go on with this session", metavar="ID"), BREAK),
    ),
    Command(
        ("session", "list"),
        "The sessions of this workspace, newest first, each with its branches below it",
        _at("session.sessions:list_sessions"),
        (Argument("--all", "those too that nothing was said in, or that greenroom compare made", flag=True),),
        slash="sessions",
    ),
    Command(
        ("session", "show"),
        "Show a session: the conversation with its verdicts, tools and approvals",
        _at("session.show:show"),
        (
            _SESSION,
            Argument("--at", "as it was at this event: its number, a turn (t3) or a time (14:05)", metavar="EVENT"),
            Argument("--turn", "this turn alone", number=True, metavar="N"),
            Argument("--events", "every event, one line each", flag=True),
            Argument(
                "--grep",
                "events that say these words; also --kind, --tool, --rule, --effect",
                metavar="TEXT",
                repeated=True,
            ),
            Argument("--kind", "events of this kind, such as tool_returned or 'tool_*'", metavar="KIND", repeated=True),
            Argument("--tool", "events about this tool", metavar="TOOL", repeated=True),
            Argument("--rule", "events in which this rule had a say", metavar="RULE", repeated=True),
            Argument("--effect", "verdicts of this effect", metavar="EFFECT", repeated=True),
            Argument(
                "--pane", "what a pane shows", choices=("memory", "retrieval", "policy", "tools", "prompt", "usage")
            ),
            Argument("--waterfall", "where the time of each turn went", flag=True),
        ),
    ),
    Command(
        ("session", "verify"),
        "Check a session's chain, and say who approved what and what is anchored",
        _at("session.verify:verify"),
        (_SESSION, Argument("--full", "with what each approver was shown", flag=True)),
    ),
    Command(
        ("session", "resume"),
        "Go on with an interrupted turn: answer its open question, pass the gate it waits at",
        _at("session.resume:resume"),
        (
            Argument("session", "a session's id, the beginning of one, or 'last'", "?", default="last"),
            Argument("--answer", "answer the open question", choices=("allow", "deny")),
            Argument("--reason", "why, for the model to read", metavar="TEXT"),
            *AT_GATE,
            _APPROVE,
        ),
    ),
    Command(
        ("session", "abandon"),
        "Give an unfinished turn up; nothing of it goes into later prompts",
        _at("session.resume:abandon"),
        (_SESSION, Argument("--reason", "why", metavar="TEXT")),
    ),
    Command(
        ("session", "replay"),
        "Run a session again with nothing outside, and name the first difference",
        _at("session.replay:replay_session"),
        (
            _SESSION,
            Argument("--persona", "with this persona or version", metavar="ID"),
            _MODEL,
            Argument(
                "--policy", "with this policy file in the place of the one of its id", metavar="FILE", repeated=True
            ),
        ),
    ),
    Command(
        ("session", "diff"),
        "Set sessions beside one another: words, tools, verdicts, passages, costs; exit 1 where they differ",
        _at("session.diff:diff"),
        (
            _SESSION._replace(nargs="+"),
            Argument("--turn", "only this turn", number=True, metavar="N"),
            Argument("--whole", "from the first turn on, and also what is the same", flag=True),
        ),
    ),
    *BRANCHING,
    Command(
        ("session", "what-if"),
        "What a turn would have had otherwise: passages, prompt, verdicts; no model is asked",
        _at("session.what_if:what_if"),
        (
            _SESSION,
            Argument("--turn", "which turn (the last)", number=True, metavar="N"),
            Argument("--call", "which model call of it (the first)", number=True, metavar="N"),
            Argument("--without", "without this passage or memory: its id, or 2 as cited", metavar="ID", repeated=True),
            Argument("--top-k", "so many passages at the most", number=True, metavar="N"),
            Argument("--min-score", "passages that reach this score, 0 to 1", metavar="X"),
            Argument("--budget-chars", "so many characters of passages", number=True, metavar="N"),
            Argument("--collection", "look in this collection instead", metavar="NAME", repeated=True),
            Argument("--policy", "under this policy file (the policies on disk)", metavar="FILE"),
        ),
    ),
    Command(
        ("session", "bisect"),
        "Find the version, or the commit of the workspace, that changed how a session goes",
        _at("session.bisect:bisect"),
        (
            _SESSION,
            Argument("--good", "the last known to be good: aria@1.1.0, or a commit", metavar="VERSION"),
            Argument("--bad", "one known to be bad: aria@1.3.0, aria (as it is now), or a commit", metavar="VERSION"),
            Argument("--expect", "the fixture whose expectations say what good is", metavar="FIXTURE"),
            _MODEL,
            Argument("--repeat", "how often each is run, for what its case says", number=True, metavar="N"),
            Argument(
                "--usd", "the most that all runs may cost, in US dollars; with 0 only free models run", metavar="USD"
            ),
            Argument("--trust", "run the tools of commits whose code is not what is trusted now", flag=True),
        ),
    ),
    Command(
        ("session", "export"),
        "Write a session as a fixture that pytest replays",
        _at("session.export:export"),
        (
            _SESSION,
            Argument("--name", "the fixture's name", metavar="NAME", needed=True),
            Argument("--turns", "only these, with those before them as their context: 3 or 2-4", metavar="RANGE"),
            Argument(
                "--expect",
                "good, bad or observe, and what is proposed: trajectory, verdicts, passages, memory, contains, never, limits",
                metavar="WORDS",
                default="good",
            ),
            Argument("--why", "why it exists; shown when it fails", metavar="TEXT"),
            Argument("--tag", "a word to select it by (pytest -m WORD)", metavar="WORD", repeated=True),
            Argument("--replace", "write over a tape of that name", flag=True),
        ),
    ),
    Command(("persona", "list"), "The personas of this workspace", _at("persona.persona:list_all"), slash="personas"),
    Command(
        ("persona", "show"),
        "A persona's contract and its filled prompt",
        _at("persona.persona:show"),
        (_PERSONA,),
        slash="persona",
    ),
    Command(
        ("persona", "check"),
        "Everything wrong with a contract, with file, line and key",
        _at("persona.persona:check"),
        (_PERSONA,),
    ),
    *BREAKPOINTS,
    *LOOKING,
    *POLICY,
    COMPARE,
    *TESTING,
    *FIXTURE,
    Command(
        ("knowledge", "add"),
        "Read documents into the store (all of knowledge/ without PATH)",
        _at("knowledge:add"),
        (Argument("path", "files or folders to copy into knowledge/ first", "*"),),
    ),
    Command(("knowledge", "list"), "The documents in the store", _at("knowledge:list_documents"), slash="knowledge"),
    Command(
        ("knowledge", "search"),
        "Search the documents as a persona would",
        _at("knowledge:search"),
        (
            Argument("query", "what to look for", "+"),
            Argument("--top", "how many", number=True, default=6, metavar="N"),
            Argument("--persona", "with this persona's collections", metavar="ID"),
        ),
        slash="search",
    ),
    Command(
        ("memory", "list"),
        "What is remembered, and about whom",
        _at("memory:list_memories"),
        (
            Argument("--segment", "only this segment", metavar="NAME"),
            Argument("--subject", "only about them", metavar="NAME"),
        ),
    ),
    Command(
        ("memory", "search"), "Search the memories", _at("memory:search"), (Argument("query", "what to look for", "+"),)
    ),
    Command(("memory", "forget"), "Remove a memory for good", _at("memory:forget"), (Argument("memory", "its id"),)),
    Command(
        ("model", "list"),
        "Models: declared, scripted, and found on this machine",
        _at("model:list_models"),
        (Argument("--offline", "do not look for local servers", flag=True),),
        slash="models",
    ),
    Command(
        ("tool", "list"), "The tools of this workspace and what they may do", _at("tool.tool:list_tools"), (_PERSONA,)
    ),
    Command(
        ("tool", "call"),
        "Run one tool by hand, outside any session and any policy",
        _at("tool.tool:call"),
        (Argument("tool", "its name"), Argument("given", "order_id=1001 note='two words'", "*")),
    ),
    *ANSWERING,
    Command(
        ("ledger", "list"),
        "The entries of the ledger: anchored sessions, policy changes, stops",
        _at("ledger:list_entries"),
        (
            Argument("--session", "only of this session", metavar="ID"),
            Argument("--all", "signatures too", flag=True),
        ),
    ),
    Command(("ledger", "head"), "The head of the ledger as one line to keep elsewhere", _at("ledger:head")),
    Command(
        ("ledger", "verify"),
        "Check the ledger and its signatures, and that it still holds an exported head",
        _at("ledger:verify"),
        (Argument("--head", "a line of `ledger head`, a file of such lines, or a fingerprint", metavar="HEAD"),),
    ),
    Command(("ledger", "sign"), "Sign the ledger as it stands (the key is in the environment)", _at("ledger:sign")),
    Command(
        ("ledger", "keygen"),
        "A new signing key; who has it and the files can still rewrite both (help audit)",
        _at("ledger:keygen"),
    ),
    Command(
        ("trust",),
        "Allow this workspace to run its tools and reach its hosts",
        _at("trust:trust"),
        (
            Argument("--show", "only show what would be trusted", flag=True),
            Argument("--revoke", "take trust back", flag=True),
        ),
    ),
    Command(("doctor",), "Check Python, packages, the workspace, its store and models", _at("doctor:doctor")),
    Command(
        ("help",),
        "Help on a topic or command",
        _at("topics:topic"),
        (Argument("topic", f"{', '.join(TOPICS)}, formats NAME, or a command", "*"),),
    ),
)


ACTIONS: tuple[Action, ...] = (
    Action("help", "these commands", _at("live.actions:actions"), palette="Help", key="f1"),
    Action(
        "mode",
        "where the session stops: run, tools or step",
        _at("live.actions:mode"),
        "MODE",
        ("run", "tools", "step"),
        "Step mode",
        "f4",
    ),
    BREAK_AT,
    Action(
        "policy", "the verdicts of the last turn, or of turn N", _at("live.actions:policy"), "[N]", (), "Policy pane"
    ),
    Action("memory", "what was recalled, proposed and kept", _at("live.actions:memory"), "[N]", (), "Memory pane"),
    Action(
        "retrieval",
        "the passages with their scores, kept or dropped and why",
        _at("live.actions:retrieval"),
        "[N]",
        (),
        "Retrieval pane",
    ),
    Action("tools", "the tool calls", _at("live.actions:tools"), "[N]", (), "Tools pane"),
    Action("prompt", "what the model would be given now", _at("live.actions:prompt"), "", (), "Prompt pane"),
    Action("trace", "every event of the session", _at("live.actions:trace"), "[N]", (), "Trace pane"),
    Action("usage", "tokens, money and time", _at("live.actions:usage"), "", (), "Usage pane"),
    Action("forget", "remove a memory for good", _at("live.actions:forget"), "ID", (), "Forget a memory"),
    Action("resume", "go on with an interrupted turn", _at("live.actions:resume"), "", (), "Resume the turn"),
    Action("abandon", "give an unfinished turn up", _at("live.actions:abandon"), "[REASON]", (), "Abandon the turn"),
    Action(
        "export",
        "write this session as a fixture",
        _at("live.actions:export"),
        "NAME [good|bad|observe] [TURNS] [WHY]",
        (),
        "Export a fixture",
        "x",
    ),
    Action("verify", "check this session's chain", _at("live.actions:verify"), "", (), "Verify the log"),
    *CONTROL,
    Action("quit", "leave; the session stays on disk", "", "", (), "Quit", "ctrl+q"),
)


def find(words: list[str]) -> tuple[Command | None, int]:
    """The command that `words` begin with, and how many of them name it."""
    for size in (2, 1):
        for command in COMMANDS:
            if len(command.words) == size and command.words == tuple(words[:size]):
                return command, size
    return None, 0


def groups() -> tuple[str, ...]:
    """The nouns that have commands of their own below them, in the table's order."""
    return tuple(dict.fromkeys(command.words[0] for command in COMMANDS if len(command.words) == 2))


def of_group(noun: str) -> tuple[Command, ...]:
    return tuple(command for command in COMMANDS if command.words[0] == noun)
