"""`greenroom compare` as a person and a script meet it: real sessions, nothing done to the world, and a table."""

import csv
import io
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from greenroom.core.errors import ServiceUnavailable
from greenroom.core.events import ToolStarted
from greenroom.engine.session import Session
from greenroom.log.file_log import read_records
from greenroom.regression.compare.journal import Journal, read
from greenroom.workspace.layout import Workspace
from greenroom.workspace.trust import trust
from tests.cli.conftest import Run
from tests.cli.suites import DEAR
from tests.models.loopback import loopback

REFUND = ["I want a refund for order 1002", "yes, 20 EUR"]
NAMED = ["My name is Mara and I wear size 42", "What size do I wear?"]


@pytest.fixture
def inputs(tmp_path: Path) -> str:
    path = tmp_path / "in.jsonl"
    path.write_text("\n".join(json.dumps(one) for one in (REFUND, NAMED)))
    return str(path)


@pytest.fixture
def versions(shop: Workspace) -> Workspace:
    """A shop with a bolder version of Aria, who refunds without asking."""
    persona = shop.personas / "aria"
    older = persona / "versions" / "1.2.0"
    older.mkdir(parents=True)
    (older / "prompt.md").write_text((persona / "prompt.md").read_text())
    text = (persona / "persona.toml").read_text()
    (older / "persona.toml").write_text(
        text.replace('version = "1.3.0"', 'version = "1.2.0"').replace("autonomy = 2", "autonomy = 3")
    )
    return shop


def listed(run: Run) -> list[str]:
    """The ids of a listing."""
    data = run.json()
    assert isinstance(data, list)
    return [one["id"] for one in data]


def begun(shop: Workspace) -> list[ToolStarted]:
    """Every call that was really made."""
    records = [record for path in shop.sessions.glob("*.jsonl") for record in read_records(path)]
    return [record.event for record in records if isinstance(record.event, ToolStarted)]


def test_two_versions_over_conversations(
    versions: Workspace, inputs: str, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    asked = ["--persona", "aria@1.2.0", "--persona", "aria", "--input", inputs, "--out", str(tmp_path / "out")]
    assert run("compare", *asked, "--repeat", "2", "--name", "both") == 0
    assert "8/8" in run.err
    lines = run.out.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[0] == "A  aria@1.2.0 on scripted/helpdesk"
    assert [line.split()[-2:] for line in lines if line.startswith(("runs ", "calls denied"))] == [
        ["4/4"] * 2,
        ["2"] * 2,
    ]
    assert "no input differs" in run.out
    assert {event.tool for event in begun(versions)} == {"orders.get"}
    rows = list(csv.DictReader(io.StringIO((tmp_path / "out" / "runs.csv").read_text())))
    assert len(rows) == 8
    assert {row["outcome"] for row in rows} == {"answered answered"}
    data = json.loads((tmp_path / "out" / "comparison.json").read_text())
    assert [one["agreement"] for one in data["combinations"]] == [1.0, 1.0]
    assert (tmp_path / "out" / "table.txt").read_text().startswith("A  aria@1.2.0")


def test_where_policy_is_made_the_approver_tools_do_run(versions: Workspace, run: Run, tmp_path: Path) -> None:
    path = tmp_path / "refund.jsonl"
    path.write_text(json.dumps(REFUND))
    assert run("compare", "--persona", "aria@1.2.0", "--input", str(path), "--approve", "policy") == 0
    assert "orders.refund" in {event.tool for event in begun(versions)}


def test_a_combination_that_fails_three_times_is_left(
    shop: Workspace, inputs: str, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def turn(self: Session, words: str, origin: str = "person") -> object:
        raise ServiceUnavailable("the model is away")

    monkeypatch.setattr(Session, "turn", turn)
    assert run("compare", "--input", inputs, "--repeat", "3") == 4
    assert "failed 3 times in a row" in run.err
    assert len(list(shop.sessions.glob("*.jsonl"))) == 3


def test_runs_do_not_see_one_another_and_a_persons_own_sessions_are_not_buried(
    shop: Workspace, inputs: str, run: Run
) -> None:
    run("run", "aria", "Where is order 1001?")
    run("compare", "--persona", "aria", "--input", inputs)
    assert run("memory", "list") == 0
    assert "nothing is remembered" in run.err
    assert run("session", "list", "--json") == 0
    assert len(listed(run)) == 1
    run("session", "list")
    assert "not listed: 2 sessions of comparisons; --all lists them too" in run.err
    run("session", "list", "--all", "--json")
    made = [name for name in listed(run) if name.startswith("cmp")]
    assert len(made) == 2
    assert run("session", "show", "last") == 0
    assert "order 1001" in run.out
    assert run("session", "diff", *made) == 1
    assert run("session", "verify", made[0]) == 0
    assert run("session", "replay", made[0]) == 0
    assert run("session", "export", made[0], "--name", "kept") == 0


def test_policies_make_combinations_and_what_differs_is_named(shop: Workspace, run: Run, tmp_path: Path) -> None:
    strict = tmp_path / "strict.toml"
    strict.write_text(
        'schema = "policy/1"\nid = "strict"\nversion = "1.0.0"\n[[rule]]\nid = "no.lookups"\nwhy = "By people only."\n'
        'hook = "tool.call"\ntools = ["orders.get"]\nthen = "deny"\n'
    )
    (tmp_path / "in.txt").write_text("Where is order 1001?\n")
    asked = ["--policy", str(strict), "--policy", "policies/support.toml", "--input", str(tmp_path / "in.txt")]
    assert run("compare", *asked, "--json") == 0
    data = run.json()
    assert isinstance(data, dict)
    assert [one["denied"] for one in data["combinations"]] == [1, 0]
    (differs,) = data["differing"]
    assert {"tools", "verdicts", "words"} <= set(differs["what"])
    assert run("session", "diff", *differs["sessions"]) == 1


def test_a_model_that_fails_is_told_and_the_rest_can_be_made_later(
    shop: Workspace, inputs: str, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Session.turn
    broken = ["broken"]

    async def turn(self: Session, words: str, origin: str = "person") -> object:
        if broken and words == NAMED[1]:
            raise ServiceUnavailable("the model is away")
        return await real(self, words, origin)

    monkeypatch.setattr(Session, "turn", turn)
    assert run("compare", "--input", inputs, "--name", "later") == 4
    assert "error: the model is away" in run.out
    assert "go on with: greenroom compare --resume --name later" in run.err
    broken.clear()
    assert run("compare", "--resume", "--name", "later") == 0
    assert "runs" in run.out
    assert run("compare", "--resume") == 0
    assert "/2" not in run.err


def test_a_budget_is_looked_at_before_each_run(shop: Workspace, inputs: str, run: Run) -> None:
    with loopback([DEAR]) as address:
        serve_beside(shop, address)
        both = ("--model", "served", "--model", "scripted/helpdesk")
        assert run("compare", "--input", inputs, *both, "--budget", "0", "--jobs", "1") == 1
        assert address.requests == [], "nothing may be spent"
        assert "0 USD pays for no model that is not known to be free" in run.err
        assert "2 runs not made" in run.err and run.out.split("runs")[1].split()[:2] == ["0/2", "2/2"]
        assert run("compare", "--resume", "--budget", "0.3", "--jobs", "1") == 1
        assert "0.3 USD may not suffice for more" in run.err
        assert len(address.requests) == 2


def serve_beside(shop: Workspace, address: str) -> None:
    """Have `served` stand for a model that has a price, beside those of the shop."""
    settings = shop.settings_file.read_text()
    shop.settings_file.write_text(f'{settings}\n[models.served]\nuse = "openai/gpt-4o-mini"\napi_base = "{address}"\n')
    trust(shop)


def test_a_fallback_that_costs_something_is_not_asked_for_nothing_over_and_over(shop: Workspace, run: Run) -> None:
    persona = shop.personas / "aria" / "persona.toml"
    persona.write_text(persona.read_text().replace("fallback = []", 'fallback = ["served"]'))
    many = shop.root / "many.txt"
    many.write_text("\n".join(f"Is it down {number}?" for number in range(8)))
    with loopback([DEAR]) as address:
        serve_beside(shop, address)
        assert run("compare", "--input", str(many), "--model", "scripted/outage", "--budget", "0", "--jobs", "1") == 1
        assert address.requests == []
    assert run.err.count("cut: this run may cost nothing, and openai/gpt-4o-mini is not known to be free") == 3
    assert "8 runs not made" in run.err


def test_what_makes_no_sense_is_one_line(shop: Workspace, inputs: str, run: Run, tmp_path: Path) -> None:
    empty = tmp_path / "empty.csv"
    empty.write_text("words\nhello\n")
    for arguments, code, said in [
        ([], 2, "compare over which inputs?"),
        (["--input", str(empty)], 3, "empty.csv:1: has no column `text`"),
        (["--input", inputs, "--persona", "nobody"], 2, "nobody"),
        (["--input", inputs, "--repeat", "0"], 2, "so many runs"),
        (["--input", inputs, "--budget", "much"], 2, "--budget must be an amount of US dollars"),
        (["--resume", "--repeat", "3"], 2, "--repeat is what the comparison began with"),
        (["--resume"], 2, "no comparison to go on with"),
    ]:
        assert run("compare", *arguments) == code, arguments
        assert said in run.err
        assert run.err.count("\n") == 1
    assert not list(shop.sessions.glob("*"))


def test_other_inputs_or_another_persona_end_it(shop: Workspace, inputs: str, run: Run) -> None:
    assert run("compare", "--input", inputs, "--model", "hosted", "--budget", "0", "--name", "old") == 1
    prompt = shop.personas / "aria" / "prompt.md"
    before = prompt.read_text()
    prompt.write_text(f"{before}\nBe brief.\n")
    assert run("compare", "--resume", "--budget", "1") == 2
    assert "is not what it was when this comparison began" in run.err
    prompt.write_text(before)
    Path(inputs).write_text('"Hello"')
    assert run("compare", "--resume", "--budget", "1") == 2
    assert "holds other inputs" in run.err


def table_of(shop: Workspace, folder: Path) -> tuple[list[dict[str, str]], str]:
    """What was written: the rows without what differs from one run to the next, and the table without its times."""
    rows = list(csv.DictReader(io.StringIO((folder / "runs.csv").read_text())))
    for row in rows:
        assert (shop.sessions / f"{row.pop('session')}.jsonl").is_file()
        del row["milliseconds"]
    lines = (folder / "table.txt").read_text().splitlines()
    return rows, "\n".join(line for line in lines if not line.startswith(("turn, ", "      greenroom session diff")))


def test_several_jobs_at_a_time_come_to_the_same_in_the_same_order(
    versions: Workspace, inputs: str, run: Run, tmp_path: Path
) -> None:
    asked = ["--persona", "aria@1.2.0", "--persona", "aria", "--input", inputs, "--repeat", "2"]
    assert run("compare", *asked, "--jobs", "1", "--name", "one", "--out", str(tmp_path / "one")) == 0
    assert "running" not in run.err
    assert run("compare", *asked, "--jobs", "3", "--name", "three", "--out", str(tmp_path / "three")) == 0
    assert "2 running" in run.err and "8/8" in run.err
    assert table_of(versions, tmp_path / "one") == table_of(versions, tmp_path / "three")
    assert run("compare", *asked, "--jobs", "0") == 2
    assert "so many processes cannot be started" in run.err


def test_a_comparison_killed_with_several_jobs_goes_on_where_it_was(
    shop: Workspace, inputs: str, run: Run, tmp_path: Path
) -> None:
    words = [sys.executable, "-m", "greenroom", "compare", "--input", inputs, "--repeat", "12", "--name", "cut"]
    with subprocess.Popen([*words, "--jobs", "2"], cwd=shop.root, stderr=subprocess.PIPE, text=True) as whole:
        assert whole.stderr is not None
        for line in whole.stderr:
            if (done := re.search(r"\b(\d+)/24 ", line)) and int(done[1]) >= 3:
                break
        whole.kill()
    _, rows = read(shop.state / "compare" / "cut.jsonl")
    assert 3 <= len(rows) < 24
    journal = Journal.resume(shop.state, "cut")
    assert len(journal.missing()) == 24 - len(rows)
    journal.__exit__(None, None, None)
    assert run("compare", "--resume", "--jobs", "3", "--out", str(tmp_path / "out")) == 0
    _, after = read(shop.state / "compare" / "cut.jsonl")
    assert after[: len(rows)] == rows and len({row.run for row in after}) == len(after) == 24
    assert len(list(csv.DictReader(io.StringIO((tmp_path / "out" / "runs.csv").read_text())))) == 24
