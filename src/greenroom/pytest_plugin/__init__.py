"""Exported sessions as pytest items: every `fixtures/*.tape.jsonl` of a workspace is replayed offline.

Invariant: until a tape is collected, or the `greenroom` fixture asked for, nothing of Greenroom but this file is
imported; a replay cannot reach the network.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from greenroom.pytest_plugin.sessions import Sessions
    from greenroom.pytest_plugin.tapes import TapeFile

_SUFFIX = ".tape.jsonl"
_CASE = ".case.toml"
_SETTINGS = "greenroom.toml"
_REFUSED = "greenroom_refused"
_REPORTING = "greenroom-reporting"
_STALE = ("fail", "warn", "xfail")
_LIVE_OPTIONS = tuple(f"--greenroom-{name}" for name in ("model", "persona", "repeat", "usd", "from"))


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options, and what may stand in a team's pyproject.toml. None has a type: for what is of another, pytest
    prints its whole usage.
    """
    group = parser.getgroup("greenroom", "replayed sessions")
    group.addoption(
        "--greenroom-stale",
        metavar=f"{{{','.join(_STALE)}}}",
        help="a fixture whose persona, prompt, policy or tools changed since: fail (a count of its own; the default), "
        "warn (replay it under what holds today) or xfail",
    )
    group.addoption(
        "--greenroom-html", metavar="PATH", help="write one self-contained page with every conversation and difference"
    )
    group.addoption("--greenroom-json", metavar="PATH", help="write how each fixture went as one JSON document")
    parser.addini(
        "greenroom_workspace",
        "a workspace, or several: their fixtures are collected too when pytest starts without paths, and the greenroom "
        "fixture talks to the personas of the first",
        type="paths",
        default=[],
    )
    parser.addini("greenroom_stale", "as --greenroom-stale: fail, warn or xfail", default="fail")
    live = parser.getgroup("greenroom live", "sessions run live: a model is asked and may cost money")
    live.addoption("--greenroom-live", action="store_true", help="ask the model, with the person's words from the tape")
    live.addoption("--greenroom-model", metavar="MODEL", help="this model in place of the persona's")
    live.addoption("--greenroom-persona", metavar="ID[@VERSION]", help="this persona or version in place of the tape's")
    live.addoption("--greenroom-repeat", metavar="N", help="so many runs of each, in place of the case's")
    live.addoption("--greenroom-usd", metavar="USD", help="the most that all of them may cost; 0: only free models")
    live.addoption("--greenroom-from", metavar="EVENT", help="the tape up to this event (t2, t2/c1, a line), then live")


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker that all fixtures carry, and take in the workspaces of the ini file.

    Raises:
        pytest.UsageError: one is no workspace, or an option or the ini file says what nobody knows.
    """
    config.addinivalue_line("markers", "greenroom: a recorded session that is replayed")
    option = ("--greenroom-stale", config.getoption("--greenroom-stale"))
    for name, stale in (("greenroom_stale =", config.getini("greenroom_stale")), option):
        if stale not in (None, *_STALE):
            raise pytest.UsageError(f"{name} {stale!r}: write one of {', '.join(_STALE)}")
    for workspace in config.getini("greenroom_workspace"):
        if not (workspace / _SETTINGS).is_file():
            raise pytest.UsageError(f"greenroom_workspace: there is no {_SETTINGS} in {workspace}")
        _collect_too(config, workspace / "fixtures")
    if config.getoption("--greenroom-html") or config.getoption("--greenroom-json"):
        _report(config)
    if config.getoption("--greenroom-live"):
        from greenroom.pytest_plugin.live import open_live

        open_live(config)
    elif given := [name for name in _LIVE_OPTIONS if config.getoption(name) is not None]:
        raise pytest.UsageError(f"{given[0]} is for live runs: add --greenroom-live")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> TapeFile | None:
    """Take a tape that lies in a workspace, or that was named on the command line. A case stands for its tape where it was
    named itself, or where the tape is missing.
    """
    if file_path.name.endswith(_CASE):
        return _by_case(file_path, parent)
    if not file_path.name.endswith(_SUFFIX):
        return None
    if not _in_workspace(file_path) and not parent.session.isinitpath(file_path):
        return None
    return _tape(file_path, parent)


def _by_case(case: Path, parent: pytest.Collector) -> TapeFile | None:
    """The tape of a case, unless it is collected by itself."""
    tape = case.with_name(case.name.removesuffix(_CASE) + _SUFFIX)
    if not parent.session.isinitpath(case):
        return _tape(tape, parent) if _in_workspace(case) and not tape.exists() else None
    _report(parent.config)
    from greenroom.pytest_plugin.tapes import TapeFile

    named = TapeFile.from_parent(parent, path=case)
    named.tape = tape
    return named


def _tape(file_path: Path, parent: pytest.Collector) -> TapeFile:
    """Take it. A name that is not fit to be shown is told when it runs."""
    _report(parent.config)
    from greenroom.pytest_plugin.garbage import tape_file
    from greenroom.regression.tape.file_name import harmless, unfit

    kind = tape_file()
    if problem := unfit(file_path):
        shown = harmless(file_path)
        misnamed = kind.from_parent(parent, path=shown, name=shown.name, nodeid=shown.name)
        misnamed.problem = problem
        return misnamed
    if file_path.is_relative_to(parent.config.rootpath):
        return kind.from_parent(parent, path=file_path)
    # Outside the root pytest would call two workspaces' fixtures alike.
    return kind.from_parent(parent, path=file_path, nodeid=file_path.as_posix())


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Tell a Python test that Greenroom refused without Greenroom's own lines."""
    report = yield
    if call.excinfo is not None and "greenroom" in getattr(item, "fixturenames", ()):
        from greenroom.pytest_plugin.refused import tell

        tell(item, call, report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_report_from_serializable(data: dict[str, Any]) -> Generator[None, Any, Any]:
    """Such a report that came from another process has its text again."""
    report = yield
    if _REFUSED in data:
        from greenroom.pytest_plugin.refused import restore

        restore(report)
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What several Python tests were refused for, once."""
    reports = [one for kind in ("failed", "error") for one in terminalreporter.stats.get(kind, ())]
    if any(hasattr(one, _REFUSED) for one in reports):
        from greenroom.pytest_plugin.refused import shared

        if rows := shared(reports):
            terminalreporter.section("greenroom: several tests for one reason", sep="-", red=True)
            for row in rows:
                terminalreporter.write_line(row)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_node_collection_finished(node: Any, ids: list[str]) -> None:
    """Whoever only gathers what other processes report learns here that there are tapes."""
    if any(f"{_SUFFIX}::" in one for one in ids):
        _report(node.config)


@pytest.fixture(name="greenroom")
def greenroom_sessions(request: pytest.FixtureRequest) -> Iterator[Sessions]:
    """Conversations with personas: `session = greenroom("aria")`, `reply = session.say("...")`.

    They are real sessions in a sealed copy of the workspace, without network; nothing is left behind.

    `greenroom("aria", approve="allow")` answers what a person is asked: "deny" unless given, "allow", or a function of the
    card that returns True, False or an `ApprovalReply` (from greenroom.core.values; an edit, a simulated result). More:
    `model=` in place of the persona's, `network=True` where tools may reach it, `workspace=` for another one.

    `from greenroom.regression import expect` says what must hold (`greenroom help expectations`); `session.export(NAME)`
    makes a fixture of the conversation.
    """
    from greenroom.pytest_plugin.sessions import Sessions

    with Sessions(request.config, request.path) as sessions:
        yield sessions


def _collect_too(config: pytest.Config, fixtures: Path) -> None:
    """Have a run that was given no paths, and begins at the root, collect the fixtures as well."""
    given = config.args_source is pytest.Config.ArgsSource.ARGS
    if not given and config.invocation_params.dir == config.rootpath and fixtures.is_dir():
        config.args.append(str(fixtures))


def _report(config: pytest.Config) -> None:
    """Have fixtures reported in their own way from here on; any other run does without."""
    if not config.pluginmanager.has_plugin(_REPORTING):
        from greenroom.pytest_plugin.reporting import Reporting

        config.pluginmanager.register(Reporting(config), _REPORTING)


def _in_workspace(path: Path) -> bool:
    return path.parent.name == "fixtures" and (path.parent.parent / _SETTINGS).is_file()
