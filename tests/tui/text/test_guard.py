"""Nothing a terminal would obey comes out of any widget, proven on a real pseudo-terminal."""

import os
import pty
import re
import select
import subprocess
import sys
import time
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from greenroom.tui.text.guard import safe_strip, safe_text

HOSTILE = "A\x1b]52;c;SGVsbG8=\x07B\x1b]0;title\x07C\x1b[2J\x9b31mD\x00\x08E\u202eF\U000e0041G\x1b_HX\x1b\\"
SINKS = Path(__file__).with_name("sinks_app.py")
# What Textual itself may send: colours, cursor moves, modes and queries, pointer shape, and the bell of a notification.
ALLOWED = re.compile(r"\x1b\[[0-9;]*[mH]|\x1b\[[?>=<][0-9;]*\$?[a-zA-Z]|\x1b\[<u|\x1b\]22;[a-z-]*\x07{1,2}|[\r\n]")


@given(st.text())
def test_safe_text_is_printable_and_as_long(text: str) -> None:
    safe = safe_text(text)
    assert len(safe) == len(text)
    assert not re.search("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\U000e0000-\U000e0fff]", safe)
    assert safe_text(safe) == safe


@given(st.lists(st.text(max_size=20), max_size=5))
def test_a_cleaned_strip_keeps_its_width_and_loses_its_links(texts: list[str]) -> None:
    strip = Strip([Segment(text, Style(link="http://x\x1b")) for text in texts])
    safe = safe_strip(strip)
    assert safe.cell_length == strip.cell_length
    assert all(not (style and style.link) for _, style, _ in safe)
    plain = Strip([Segment("plain")])
    assert safe_strip(plain) is plain


def on_a_terminal(argument: str) -> str:
    """Everything the sinks app writes to a terminal of 100 by 40 until it ends by itself."""
    master, slave = pty.openpty()
    os.set_blocking(master, False)
    environment = {
        **os.environ,
        "TERM": "xterm-256color",
        "COLUMNS": "100",
        "LINES": "150",
        "TEXTUAL_ANIMATIONS": "none",
    }
    command = [sys.executable, str(SINKS), argument]
    process = subprocess.Popen(
        command, stdin=slave, stdout=slave, stderr=slave, env=environment, start_new_session=True
    )
    os.close(slave)
    heard = b""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        ready, _, _ = select.select([master], [], [], 0.1)
        if not ready:
            if process.poll() is not None:
                break
            continue
        try:
            heard += os.read(master, 65536)
        except OSError:
            break
    process.kill()
    process.wait()
    os.close(master)
    return heard.decode("utf-8")


def test_no_sink_lets_a_control_code_through() -> None:
    heard = on_a_terminal("guarded")
    left = ALLOWED.sub("", heard)
    bad = re.findall("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\U000e0000-\U000e0fff].{0,12}", left, re.DOTALL)
    assert not bad, [ascii(piece) for piece in bad[:5]]
    assert "\x1b[2J" not in heard
    shown = set(re.findall(r"sink-[a-z-]+", left))
    missing = {f"sink-{name}" for name in SINK_NAMES} - shown
    assert not missing


SINK_NAMES = (
    "static", "label", "input", "area", "options", "border", "toast", "table", "markdown", "tree", "button",
    "transcript", "header", "hints", "composer", "card", "link",
    "pane", "sheet", "section", "slot",
)  # fmt: skip


def test_without_the_guard_they_do() -> None:
    """The proof can fail: the same app without the guard sends the codes."""
    assert "\x1b]52;c;SGVsbG8=" in on_a_terminal("bare")


def test_a_crash_is_one_line_without_the_words_of_the_error() -> None:
    heard = on_a_terminal("crash")
    assert "the screen failed (RuntimeError)" in heard
    assert "sink-crash" not in heard
    assert "Traceback" not in heard
    assert "locals" not in heard
    assert "\x1b]52" not in heard
