"""Nothing that a model, tool, document, file name or person wrote reaches a terminal raw, whichever command shows it."""

import os
import subprocess
import sys

import pytest

from greenroom.workspace.layout import Workspace
from greenroom.workspace.trust import trust
from tests.cli.terminal import terminal
from tests.hostile.attack import EVIL, RAW, as_toml, change, greenroom

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="file names and pseudo-terminals of Unix")

SCRIPT = """
schema = "script/1"
id = "evil"
title = "{evil}"
pace = {{ first_ms = 0, per_chunk_ms = 0 }}
[[rule]]
id = "after"
when = {{ tool = "*" }}
text = "after {evil}"
[[rule]]
id = "call"
when = {{ user = "call" }}
text = "say {evil}"
reasoning = "{evil}"
calls = [
  {{ tool = "orders.find", args = {{ name = "{evil}" }} }},
  {{ tool = "x{evil}" }},
  {{ tool = "tickets.create", args = {{ subject = "s", body = "b", "{evil}" = 1 }} }},
  {{ tool = "tickets.create", args = {{ subject = "{evil}", body = "b{evil}" }} }},
]
[[rule]]
id = "else"
text = "hello {evil} **bold**"
"""

LOOKS = (
    ("session", "list"),
    ("session", "show", "last"),
    ("session", "show", "last", "--events"),
    ("session", "show", "last", "--json"),
    ("session", "export", "last", "--name", "evil"),
    ("session", "replay", "last"),
    ("session", "tree"),
    ("session", "tree", "--json"),
    ("session", "rerun", "last"),
    ("session", "rerun", "last", "--json"),
    ("session", "show", "last", "--at", "9"),
    ("session", "show", "last", "--at", "9", "--json"),
    ("session", "show", "last", "--waterfall"),
    ("session", "prompt", "last"),
    ("session", "prompt", "last", "--json"),
    ("session", "what-if", "last"),
    ("session", "what-if", "last", "--json"),
    ("session", "disk", "last"),
    ("session", "disk", "last", "--json"),
    ("breakpoint", "list"),
    ("breakpoint", "list", "--json"),
    ("run", "aria", "call", "--break", "turn > 0"),
    ("approve", "list"),
    ("approve", "show", "last"),
    ("knowledge", "list"),
    ("knowledge", "search", "returns", "call"),
    ("knowledge", "search", "returns", "--json"),
    ("memory", "list"),
    ("doctor",),
    ("persona", "list"),
    ("persona", "show", "aria"),
    ("policy", "check", "aria"),
    ("policy", "test"),
    ("tool", "list"),
    ("model", "list"),
    ("trust", "--show"),
    ("session", "show", EVIL),
    ("persona", "show", EVIL),
    ("run", EVIL, "x"),
    ("run", "aria", "x", "--model", "scripted/" + EVIL),
    ("policy", "explain", EVIL),
    ("memory", "forget", EVIL),
    ("--" + EVIL,),
    (EVIL,),
)


@pytest.fixture
def evil_shop(stranger: Workspace) -> Workspace:
    """Everything a person may write holds hostile text."""
    root, evil = stranger.root, as_toml(EVIL)
    (stranger.scripts / "helpdesk.toml").write_text(SCRIPT.format(evil=evil), encoding="utf-8")
    change(
        stranger.tools / "orders.py",
        r"    if not email\.strip\(\)",
        "    raise RuntimeError(name)\n    if not email.strip()",
    )
    (stranger.knowledge / "returns.md").write_text(f"# Returns {EVIL}\n\nreturns call {EVIL}\n", encoding="utf-8")
    (stranger.knowledge / f"evil{EVIL.replace('/', '')}.md").write_text("# evil\n\nreturns call\n", encoding="utf-8")
    change(root / "greenroom.toml", r'"sizes-\*\.md"', '"evil*.md", "sizes-*.md"')
    change(root / "greenroom.toml", r"(?m)^name .*$", f'name = "{evil}"')
    change(stranger.policies / "support.toml", r"Refunds above 100 EUR need a person\.", evil)
    change(stranger.personas / "aria" / "persona.toml", r"(?m)^name .*$", f'name = "{evil}"')
    trust(stranger)
    return stranger


def test_no_command_prints_hostile_text_raw(evil_shop: Workspace) -> None:
    spoken = [
        greenroom(evil_shop.root, "run", "aria", f"call {EVIL}", "--approve", "deny"),
        greenroom(evil_shop.root, "run", "aria", f"my name is {EVIL}", "--json"),
        greenroom(evil_shop.root, "run", "aria", words=f"call {EVIL}\n".encode()),
    ]
    assert [done.returncode for done in spoken] == [0, 0, 6]
    assert b"\\x1b" in spoken[0].stdout  # shown, not dropped
    for arguments, done in [
        *zip("abc", spoken, strict=True),
        *((look, greenroom(evil_shop.root, *look)) for look in LOOKS),
    ]:
        out = done.stdout + done.stderr
        found = RAW.search(out)
        assert found is None, (arguments, out[max(0, found.start() - 60) : found.end() + 20])
        assert b"internal error" not in out, (arguments, out)


def test_a_terminal_gets_no_hostile_byte(evil_shop: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    with terminal(evil_shop.root, "run", "aria", "call me") as screen:
        seen = screen.until("| stop\r\n? ")
        screen.type("deny no\n")
        seen += screen.until("after ")
    assert RAW.search(seen.replace("\r\n", "\n").encode()) is None, ascii(seen)


def test_the_repl_gets_no_hostile_byte(evil_shop: Workspace) -> None:
    with terminal(evil_shop.root, "repl", "aria") as screen:
        seen = screen.until("you>")
        screen.type(f"call me {EVIL[-12:-2]}\r")
        seen += screen.until("simulate RESULT | stop")
        screen.type("deny no\r")
        seen += screen.until("after ")
        for word in ("/tools", "/policy", "/retrieval", "/prompt", "/trace", "/usage"):
            screen.type(f"{word}\r")
        seen += screen.until("in all ")
    for raw in ("\x1b]", "\x9b", "\u202e", "\u2066", "\u200b", "\U000e0041", "\x1b[2J", "\x07"):
        assert raw not in seen, ascii(seen[max(0, seen.index(raw) - 80) :][:160])


def test_pytest_shows_a_hostile_fixture_inert(evil_shop: Workspace) -> None:
    assert greenroom(evil_shop.root, "run", "aria", f"hello {EVIL}").returncode == 0
    assert greenroom(evil_shop.root, "session", "export", "last", "--name", "evil").returncode == 0
    case = evil_shop.fixtures / "evil.case.toml"
    kept = case.read_text(encoding="utf-8")
    for text in (kept, kept + f'\n"{as_toml(EVIL)}" = 1\n', f"{EVIL}\n", kept.replace("good", as_toml(EVIL))):
        case.write_text(text, encoding="utf-8")
        done = _pytest(evil_shop)
        assert RAW.search(done) is None, done
        assert b"Traceback" not in done
    tape = evil_shop.fixtures / "evil.tape.jsonl"
    tape.write_bytes(tape.read_bytes().replace(b"\\u001b", b"\x1b"))
    assert RAW.search(_pytest(evil_shop)) is None


def _pytest(shop: Workspace) -> bytes:
    plugin = ["-p", "greenroom.pytest_plugin", "-p", "no:cacheprovider", "-rA"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *plugin, str(shop.fixtures)],
        cwd=shop.root,
        capture_output=True,
        check=False,
        env={**os.environ, "NO_COLOR": "1", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
    )
    assert b"evil" in done.stdout
    return done.stdout + done.stderr
