"""The REPL's parts without a terminal: history, completion, what is printed."""

import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document

from greenroom.core.clock import FrozenClock
from greenroom.core.events import Event, Record, ReplyGenerated, ReplyReleased, TurnStarted
from greenroom.core.ids import CountedIds
from greenroom.core.inert import hidden_count
from greenroom.core.signals import TextArrived
from greenroom.log.memory_log import MemoryLog
from greenroom.repl.completer import SlashCompleter
from greenroom.repl.history import LONGEST, MaskedHistory
from greenroom.repl.out import Out


def record(event: Event) -> Record:
    return MemoryLog("s1", FrozenClock(), CountedIds()).append(event)


def test_history_is_its_owners_alone_and_comes_back_newest_first(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    history = MaskedHistory(path)
    history.keep("one")
    history.keep("two\nlines ☃")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(MaskedHistory(path).load_history_strings()) == ["two\nlines ☃", "one"]


def test_what_is_typed_does_not_reach_the_disk_by_itself(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    history = MaskedHistory(path)
    history.append_string("my card is 4111 1111 1111 1111")
    assert not path.exists()


def test_history_is_cut_and_survives_damage(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    path.write_text("\n".join(f'"{number}"' for number in range(LONGEST)) + "\n")
    history = MaskedHistory(path)
    history.keep("newest")
    kept = list(history.load_history_strings())
    assert len(kept) == LONGEST
    assert (kept[0], kept[-1]) == ("newest", "1")
    path.write_text("{broken")
    assert list(history.load_history_strings()) == []


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("/ver", ["verify"]),
        ("/mode t", ["tools"]),
        ("hello /ver", []),
        ("what", []),
        ("/mode ", ["run", "tools", "step"]),
    ],
)
def test_completion(typed: str, offered: list[str]) -> None:
    found = SlashCompleter().get_completions(Document(typed), CompleteEvent())
    assert [one.text for one in found] == offered


def streamed(out: Out, *pieces: str) -> None:
    out.follow(record(TurnStarted(turn=1, words="hi")))
    for piece in pieces:
        out.follow(TextArrived(1, "t1/generate:1", piece))
    out.follow(record(ReplyGenerated(turn=1, model="m", text="".join(pieces))))


def test_a_reply_is_shown_once_when_it_was_streamed(capsys: pytest.CaptureFixture[str]) -> None:
    out = Out("Aria")
    streamed(out, "Hello ", "there.")
    out.follow(record(ReplyReleased(turn=1, text="Hello there.")))
    assert capsys.readouterr().out == "Aria: Hello there.\n"


def test_what_policy_released_is_the_last_word(capsys: pytest.CaptureFixture[str]) -> None:
    out = Out("Aria")
    streamed(out, "Your card")
    out.follow(record(ReplyReleased(turn=1, text="I can't say that.", changed=True)))
    assert capsys.readouterr().out == "Aria: Your card\nAria: I can't say that.\n"


def test_reasoning_is_not_mixed_into_the_reply(capsys: pytest.CaptureFixture[str]) -> None:
    Out("Aria").follow(TextArrived(1, "t1/generate:1", "hmm", reasoning=True))
    assert capsys.readouterr().out == ""


@given(st.lists(st.text(), max_size=5))
def test_streamed_pieces_are_harmless(pieces: list[str]) -> None:
    written: list[str] = []
    out = Out("Aria")
    out._write = written.append  # type: ignore[assignment, method-assign]  # capsys cannot be used inside given
    streamed(out, *pieces)
    assert hidden_count("".join(written)) == 0
