"""The commands that branch a session off: fork and say, rerun under changes, the tree, a replay under another policy."""

import asyncio
import shutil
from pathlib import Path

import pytest

from greenroom.assembly import find_workspace, open_session, read_session
from greenroom.commands.invocation import Invocation
from greenroom.commands.session.fork import fork
from greenroom.commands.session.replay import replay_session
from greenroom.commands.session.rerun import numbered, parameter, rerun
from greenroom.commands.session.tree import tree
from greenroom.core.errors import FileInvalid, UsageError
from greenroom.core.events import Record, ToolStarted, TurnFinished, TurnStarted
from greenroom.core.signals import Signal
from greenroom.core.values import ApprovalReply, Card, GateReply
from greenroom.engine.gates.pending import Pending
from greenroom.workspace.layout import Workspace
from greenroom.workspace.trust import trust

HELPDESK = Path(__file__).parents[3] / "workspaces" / "helpdesk"
TALK = ("hi, my name is Tom", "where is my order 1001?")
RULE = """
[[rule]]
id   = "nothing.leaves"
why  = "For this test nothing is said."
hook = "output"
when = ["text.length > 0"]
then = "deny"
"""


class Nobody:
    """A face at which nobody sits; it keeps what it is told."""

    interactive = False

    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)

    def follow(self, item: Record | Signal) -> None:
        """Nothing is shown."""

    def lines_in(self) -> list[str]:
        return []

    def confirm(self, question: str) -> bool:
        return False

    def pick(self, question: str, letters: str) -> str:
        return ""

    async def ask(self, step: str, card: Card) -> ApprovalReply:
        raise AssertionError("nobody is here")

    async def at_gate(self, pending: Pending, problem: str) -> GateReply:
        raise AssertionError("nobody is here")


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("recorded") / "shop"
    shutil.copytree(HELPDESK, target, ignore=shutil.ignore_patterns(".greenroom", "outbox", "__pycache__"))
    shop = find_workspace(target)

    async def talk() -> None:
        session = await open_session(shop, instant=True, trusted=True)
        for words in TALK:
            await session.turn(words)
        await session.aclose()

    asyncio.run(talk())
    return target


@pytest.fixture
def shop(recorded: Path, tmp_path: Path) -> Workspace:
    workspace = find_workspace(shutil.copytree(recorded, tmp_path / "shop"))
    trust(workspace)
    return workspace


@pytest.fixture
def name(shop: Workspace) -> str:
    return next(path.stem for path in shop.sessions.glob("*.jsonl"))


def asked(shop: Workspace, **options: object) -> Invocation:
    return Invocation({"workspace": str(shop.root), **options}, Nobody())


def test_a_rerun_says_what_was_kept_and_how_to_compare(shop: Workspace, name: str) -> None:
    told = asyncio.run(rerun(asked(shop, session=name, say=["2=where is my order 1002?"])))
    child = told.value[0].session.id
    assert told.exit_code == 0
    assert told.lines[0] == f"{child} · fork of {name} at turn 2: words of turn 2 changed"
    assert told.lines[1] == "you: where is my order 1002?"
    assert told.lines[-1].split() == ["turn", "2", "redone", "memories,", "passages,", "reply", "x2,", "orders.get"]
    assert f"compare with: greenroom session diff {name} {child}" in told.notes
    data = told.data[0]
    assert (data["parent"], data["turns"], data["changed"]) == (name, [2], ["words of turn 2"])


def test_a_new_call_with_effects_is_refused_where_nobody_is(shop: Workspace, name: str) -> None:
    told = asyncio.run(rerun(asked(shop, session=name, say=["2=please refund 20 euro of order 1001, it is broken"])))
    records = told.value[0].session.records
    assert not [r for r in records if isinstance(r.event, ToolStarted) and r.event.effects == "once"]
    assert "orders.refund denied" in told.lines[-1]


def test_policy_does_not_answer_for_a_person_in_a_rerun(shop: Workspace, name: str) -> None:
    words = ["2=please refund 20 euro of order 1001, it is broken"]
    told = asyncio.run(rerun(asked(shop, session=name, say=words, approve="policy")))
    assert "orders.refund denied" in told.lines[-1]


def test_so_many_variants_ask_the_model_so_many_times(shop: Workspace, name: str) -> None:
    told = asyncio.run(rerun(asked(shop, session=name, repeat=2)))
    assert len({one.session.id for one in told.value}) == 2
    assert all([step.what for step in one.redone] == ["reply", "reply"] for one in told.value)


def test_the_tree_shows_each_branch_below_its_parent(shop: Workspace, name: str) -> None:
    first = asyncio.run(rerun(asked(shop, session=name))).value[0].session.id
    second = asyncio.run(rerun(asked(shop, session=first, since=1))).value[0].session.id
    told = tree(asked(shop, session=second[:6]))
    assert [(one["id"], one["parent"], one["depth"]) for one in told.data] == [
        (name, None, 0),
        (first, name, 1),
        (second, first, 2),
    ]
    assert [line.split()[0] for line in told.lines] == [name, "└─", "└─"]


def test_words_are_said_at_once_where_a_session_is_forked(shop: Workspace, name: str) -> None:
    records = read_session(shop, name)
    end = next(r.seq for r in records if isinstance(r.event, TurnFinished))
    told = asyncio.run(fork(asked(shop, session=name, at=str(end), say="do you ship to France?")))
    words = [r.event.words for r in read_session(shop, told.value) if isinstance(r.event, TurnStarted)]
    assert words == [TALK[0], "do you ship to France?"]


def test_nothing_else_is_said_inside_a_turn(shop: Workspace, name: str) -> None:
    begun = [r.seq for r in read_session(shop, name) if isinstance(r.event, TurnStarted)][-1]
    with pytest.raises(UsageError, match="turn 2 is not over") as found:
        asyncio.run(fork(asked(shop, session=name, at=str(begun), say="other words")))
    assert found.value.hint == f"fork just before it: --at {begun - 1}"


def test_a_replay_under_another_policy_names_what_it_decides_otherwise(
    shop: Workspace, name: str, tmp_path: Path
) -> None:
    policy = tmp_path / "support.toml"
    text = (shop.policies / "support.toml").read_text(encoding="utf-8")
    policy.write_text(text, encoding="utf-8")
    assert asyncio.run(replay_session(asked(shop, session=name, policy=[str(policy)]))).exit_code == 0
    policy.write_text(text + RULE, encoding="utf-8")
    told = asyncio.run(replay_session(asked(shop, session=name, policy=[str(policy)])))
    assert told.exit_code == 1
    assert told.lines[0].startswith("diverged at t")


@pytest.mark.parametrize(("text", "value"), [("temperature=0", 0), ('stop=["a"]', ["a"]), ("user=ann", "ann")])
def test_a_parameter_is_json_or_text(text: str, value: object) -> None:
    assert parameter(text)[1] == value


@pytest.mark.parametrize("text", ["three=words", "3", "3=", "=words", "-1=words"])
def test_words_need_a_turn(text: str) -> None:
    with pytest.raises(UsageError):
        numbered("--say", text)


def test_a_prompt_that_is_not_there_is_one_line(shop: Workspace, name: str, tmp_path: Path) -> None:
    with pytest.raises(FileInvalid, match="missing"):
        asyncio.run(rerun(asked(shop, session=name, prompt=str(tmp_path / "none.md"))))


@pytest.mark.parametrize("given", ["seed=NaN", "seed=1e999", "=1", "stop"])
def test_a_parameter_that_no_log_can_keep_is_refused(given: str) -> None:
    with pytest.raises(UsageError):
        parameter(given)


def test_huge_and_deep_words_of_options_end_in_a_line() -> None:
    assert parameter("stop=" + "[" * 100_000)[1] == "[" * 100_000
    with pytest.raises(UsageError) as caught:
        numbered("--say", "9" * 5_000 + "=x")
    assert len(caught.value.line()) < 200
