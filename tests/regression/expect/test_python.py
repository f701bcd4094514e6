"""`from greenroom.regression import expect`: the same sentences as a case, on whatever a test has in hand."""

from __future__ import annotations

import asyncio
import pkgutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from greenroom.core.errors import FileInvalid, GreenroomError, UsageError
from greenroom.models.scripted_model import ScriptedModel
from greenroom.regression import expect
from greenroom.regression.expect import failures
from greenroom.regression.expect.fluent import EXPECT, Expecting
from greenroom.regression.expect.words import Spec
from greenroom.regression.tape.tape import Line, read
from tests.engine.stage import says, stage
from tests.regression.expect.runs import RUN, case_of
from tests.regression.judge.test_judge import SCRIPT

HELPDESK = Path(__file__).parents[3] / "workspaces" / "helpdesk" / "fixtures"


def test_the_issues_own_example_on_a_shipped_tape() -> None:
    run = expect(HELPDESK / "refund-over-limit.tape.jsonl").turn(1)
    run.called("orders.refund", order_id=1001, amount=expect.approx(90))
    run.called("orders.refund", {"amount": expect.at_most(100)}, match="subset").approval(decision="allow", asked=True)
    run.tools("orders.get", {"tool": "orders.refund", "args": {"order_id": expect.of_type("integer")}})
    run.text(contains="R-0001", similar=0.9).never(text={"contains": "guarantee"}, tool="mail.send")
    run.verdict(rule="refund.large", effect="require_approval").finished("answered")
    run.passages("refunds.md#refund-limits", at_most_rank=1).limits(tool_calls=2).voice(never=["guarantee"])
    run.holds(expect.called("orders.refund").approval(decision="edit").verdict(rule="autonomy"))
    run.any_of(expect.text(contains="nothing"), expect.finished("answered"))
    run.not_(expect.called("orders.refund", note=expect.anything()))


def test_words_in_a_row_are_judged_alone_and_in_one_expectation_together() -> None:
    expect(RUN).text(contains="30 days").called("orders.refund")
    with pytest.raises(AssertionError) as raised:
        expect(RUN).holds(expect.text(contains="30 days").called("orders.refund"))
    assert str(raised.value).startswith('in none of turns 1-3, nearest turn 2: the reply does not contain "30 days"')
    with pytest.raises(UsageError, match="'text' is said twice"):
        expect.text(contains="a").text(contains="b")


@pytest.mark.parametrize(
    "table",
    [
        {"call": {"tool": "orders.refund", "args": {"amount": 90}}},
        {"text": {"contains": "nowhere"}},
        {"tools": {"order": "strict", "calls": ["mail.send"]}},
        {"limits": {"tokens": 1}},
        {"not": {"finish": "answered"}},
        {"any_of": [{"finish": "stopped"}, {"text": {"contains": "nowhere"}}]},
    ],
)
def test_python_and_toml_say_the_same(table: dict[str, Any]) -> None:
    said = failures(case_of({"turn": 2, **table}), RUN)
    with pytest.raises(AssertionError) as raised:
        expect(RUN).turn(2).holds(Spec(table))
    assert [f"assert[0] {line}" for line in str(raised.value).splitlines()] == list(said)


def test_what_cannot_be_judged_here_does_not_pass_unseen() -> None:
    unknown: list[Callable[[], object]] = [
        lambda: expect(RUN).limits(milliseconds=5),
        lambda: expect(RUN).text(similar=0.1),
        lambda: expect(RUN).voice(never=True),
        lambda: expect(RUN).not_(expect.limits(milliseconds=5)),
    ]
    for asked in unknown:
        with pytest.raises(AssertionError, match="cannot be judged here"):
            asked()


def test_a_live_session_is_judged_by_what_it_did() -> None:
    made = stage(says("Let me see.", ("orders.get", {"order_id": 1001})), says("It comes on Monday, no guarantee."))

    async def talk() -> Any:
        session = made.session()
        await session.turn("Where is order 1001?")
        return session

    session = asyncio.run(talk())
    for held in (session, list(session.records), _Holder(session.records, session.contract)):
        run = expect(held).turn(1)
        run.called("orders.get", order_id=1001, match="exact").text(contains="Monday").limits(milliseconds=60_000)
        with pytest.raises(AssertionError, match=r"orders\.refund was not called; there was orders\.get"):
            run.called("orders.refund")
    with pytest.raises(AssertionError, match=r"there is no turn 2: the recording has 1"):
        expect(session).turn(2).finished("answered")
    assert session.contract.persona.voice.never == ()
    expect(session).voice(never=True, words={"at_most": 6})
    asyncio.run(session.aclose())


@dataclass
class _Holder:
    """Anything with records and a contract, such as the session a pytest fixture gives."""

    records: Any
    contract: Any


def test_a_run_is_compared_with_a_recorded_one() -> None:
    tape = HELPDESK / "refund-over-limit.tape.jsonl"
    expect(tape).as_recorded()
    lines = list(read(tape.read_bytes(), tape.name).events)
    expect(lines, recorded=tape).as_recorded("any_order", {"orders.*": "subset"}).text(similar=0.9)
    other: list[Line] = [{**line, "calls": []} if line.get("reply") == 2 else line for line in lines]
    with pytest.raises(
        AssertionError, match=r"turn 1: by its tape there are exactly these calls, .* orders\.refund with"
    ):
        expect(other, recorded=lines).as_recorded()
    with pytest.raises(AssertionError, match="no recorded run to compare with"):
        expect(lines).as_recorded()
    with pytest.raises(UsageError, match=r"args\.x: must be 'exact'"):
        expect(tape).as_recorded(args={"x": "exat"})


def test_what_is_no_run_or_no_expectation_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="int is nothing that can be judged"):
        expect(3)
    with pytest.raises(FileInvalid, match="cannot be read"):
        expect(tmp_path / "no.tape.jsonl")
    with pytest.raises(FileInvalid, match="not lines of a tape"):
        expect([{"turn": "x", "user": 1}])
    with pytest.raises(FileInvalid, match="not lines of a tape"):
        expect([1, 2])
    with pytest.raises(UsageError, match=r"text\.contians: unknown key 'contians' \(did you mean 'contains'"):
        expect(RUN).text(contians="x")
    with pytest.raises(UsageError, match="did you mean 'number'"):
        expect(RUN).called("x", n=expect.of_type("numbr"))


def test_importing_it_is_light() -> None:
    code = (
        "import sys; from greenroom.regression import expect; expect.approx(90); expect.called('x', a=1); "
        "print(sorted({'numpy', 'jsonschema', 'litellm', 'textual', 'chromadb', 're2', 'importlib.metadata', "
        "'cel_expr_python'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() in ("[]", "['importlib.metadata']")


def test_no_module_of_the_package_hides_a_word() -> None:
    words = {name for name in dir(EXPECT) if not name.startswith("_")}
    package = sys.modules[Expecting.__module__.rpartition(".")[0]]
    assert words.isdisjoint(module.name for module in pkgutil.iter_modules(package.__path__))
    assert all(getattr(package, word) == getattr(EXPECT, word) for word in words)
    with pytest.raises(AttributeError, match=r"there is no 'nothing' of an expectation \(did you mean 'anything'"):
        package.nothing  # noqa: B018  # asking is the test


def test_a_judge_can_be_asked(tmp_path: Path) -> None:
    path = tmp_path / "judge.toml"
    path.write_text(SCRIPT)
    model = ScriptedModel.from_file(path, instant=True)
    expect(RUN).turn("1-3").judged("Be kind.", model, votes=3)
    rude: list[Line] = [{**line, "text": "You idiot."} if line.get("text") == "Roses." else line for line in RUN[:-4]]
    rude.append({"finish": "answered"})
    with pytest.raises(AssertionError, match="turn 3: the reply does not meet the rubric: It is rude"):
        expect(rude).judged("Be kind.", model)
    with pytest.raises(AssertionError, match="turn 1: the reply cannot be judged: not the JSON"):
        expect([{"turn": 1, "user": ""}, {"release": "unreadable"}, {"finish": "answered"}]).judged("x", model)
    with pytest.raises(AssertionError, match=r"there is no turn 9"):
        expect(RUN).turn(9).judged("x", model)

    async def within() -> None:
        expect(RUN).judged("x", model)

    with pytest.raises(UsageError, match="an async test must not"):
        asyncio.run(within())


def test_pytest_shows_the_tests_own_line_only(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(f"""
        from greenroom.regression import expect
        def test_it():
            expect({RUN!r}).turn(2).called("orders.refund", amount=expect.approx(90))
    """)
    done = pytester.runpytest_inprocess("-q", "-p", "no:greenroom")
    done.stdout.fnmatch_lines(
        ["*AssertionError: turn 2: orders.refund was called, but with amount = 120, expected about 90"]
    )
    assert "fluent.py" not in done.stdout.str()


@pytest.mark.parametrize("what", ["nosuch.tape.jsonl", None])
def test_pytest_shows_the_line_that_asked_where_there_is_nothing_to_judge(what: Any) -> None:
    with pytest.raises(GreenroomError) as raised:
        expect(what).text(contains="x")
    assert [Path(entry.path) for entry in raised.traceback.filter(raised)] == [Path(__file__)]
