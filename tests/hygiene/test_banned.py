from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from tests.hygiene.source import Source, sources

FACES = ("src/greenroom/__main__.py", "src/greenroom/cli/", "src/greenroom/repl/", "src/greenroom/tui/")
CLOCK = ("src/greenroom/core/clock.py",)
IDS = ("src/greenroom/core/ids.py",)
TOOLS = ("src/greenroom/tools/load.py",)
ENVIRONMENT = ("src/greenroom/workspace/settings.py", "src/greenroom/models/litellm_start.py")

LOADERS = {("src/greenroom/models/litellm_start.py", "litellm")}


@pytest.mark.parametrize(
    ("names", "owners"),
    [
        (("datetime.now", "datetime.utcnow", "datetime.today", "date.today"), CLOCK),
        (("time.time", "time.time_ns", "time.monotonic"), CLOCK),
        (("uuid.uuid1", "uuid.uuid4", "uuid1", "uuid4", "os.urandom"), IDS),
        (("os.environ", "os.getenv", "os.environb", "os.putenv"), ENVIRONMENT),
        (("print",), FACES),
        (("asyncio.gather", "asyncio.get_event_loop", "asyncio.run_coroutine_threadsafe"), ()),
        (("exec",), TOOLS),
        (("os.system", "os.popen", "eval"), ()),
    ],
)
def test_some_names_are_used_only_by_those_who_own_them(names: tuple[str, ...], owners: tuple[str, ...]) -> None:
    found = [
        f"{source.place}:{line} {name}"
        for source in _strangers(owners)
        for line, name in source.calls()
        if any(name == banned or name.endswith(f".{banned}") for banned in names if "." in banned) or name in names
    ]
    assert found == []


@pytest.mark.parametrize(
    ("module", "names", "owners"),
    [
        ("random", (), IDS),
        ("secrets", (), IDS),
        ("uuid", (), IDS),
        ("time", ("time", "time_ns", "monotonic"), CLOCK),
        ("os", ("environ", "environb", "getenv"), ENVIRONMENT),
        ("asyncio", ("gather",), ()),
    ],
)
def test_some_modules_are_imported_only_by_those_who_own_them(
    module: str, names: tuple[str, ...], owners: tuple[str, ...]
) -> None:
    found = [
        f"{source.place}:{line} {module}.{name}"
        for source in _strangers(owners)
        for line, imported, name in _imports(source)
        if imported == module and (not names or name in names)
    ]
    assert found == []


def test_heavy_modules_are_loaded_by_name_only_by_those_who_own_them() -> None:
    """The import contracts see statements; this sees `import_module("litellm")`."""
    found = [
        f"{source.place}:{node.lineno} {loaded.value}"
        for source in sources("src")
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("import_module", "__import__"))
        for loaded in node.args[:1]
        if isinstance(loaded, ast.Constant)
        and isinstance(loaded.value, str)
        and not _may_load(source.place, loaded.value)
    ]
    assert found == []


def _may_load(place: str, module: str) -> bool:
    return module.startswith("greenroom.") or (place, module) in LOADERS


def test_a_task_outside_a_group_has_an_owner() -> None:
    """A task whose handle is thrown away can be collected in mid-flight, and its error is heard by nobody."""
    found = [
        f"{source.place}:{node.lineno}"
        for source in sources("src")
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and _makes_loose_task(node.value)
    ]
    assert found == []


def test_no_subprocess_has_a_shell() -> None:
    found = [
        f"{source.place}:{node.value.lineno}"
        for source in sources("src")
        for node in ast.walk(source.tree)
        if isinstance(node, ast.keyword) and node.arg == "shell" and not _is_false(node.value)
    ]
    assert found == []


def _strangers(owners: tuple[str, ...]) -> list[Source]:
    return [source for source in sources("src") if not source.place.startswith(owners or ("nobody",))]


def _imports(source: Source) -> Iterator[tuple[int, str, str]]:
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield from ((node.lineno, node.module or "", alias.name) for alias in node.names)


def _makes_loose_task(call: ast.Call) -> bool:
    """`asyncio.create_task(...)` or a loop's; a group keeps its own tasks."""
    name = ast.unparse(call.func)
    return name in {"asyncio.create_task", "asyncio.ensure_future"} or name.endswith("loop.create_task")


def _is_false(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is False
