from __future__ import annotations

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions

from tests.hygiene.source import PACKAGE, ROOT, hidden, sources

FORBIDDEN = {"util", "utils", "helper", "helpers", "manager", "managers", "base", "common", "misc"}
VISIBLE = {"CHANGELOG.md", "LICENSE", "README.md", "pyproject.toml", "src", "tests", "themes", "workspaces"}
BUILT = {"build", "dist", "venv"}
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|NotImplementedError)\b|pragma:")
SUPPRESSION = re.compile(r"#\s*(type: ignore|noqa)(?P<code>\[[\w, -]+\]|: [A-Z]+[0-9]+(, ?[A-Z]+[0-9]+)*)?(?P<rest>.*)")


def test_no_module_package_or_class_has_a_name_that_says_nothing() -> None:
    paths = [path for path in PACKAGE.rglob("*") if not hidden(path) and (path.is_dir() or path.suffix == ".py")]
    named = [path.relative_to(ROOT).as_posix() for path in paths if FORBIDDEN & set(path.stem.lower().split("_"))]
    classes = [
        f"{source.place}:{node.lineno} {node.name}"
        for source in sources("src")
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ClassDef)
        and FORBIDDEN & {word.lower() for word in re.findall("[A-Z][a-z]+", node.name)}
    ]
    assert named + classes == []


def test_every_module_of_the_package_says_what_it_is_for() -> None:
    assert [source.place for source in sources("src") if not ast.get_docstring(source.tree)] == []


def test_nothing_is_left_unfinished() -> None:
    found = [
        f"{source.place}:{number}"
        for source in sources("src")
        for number, line in enumerate(source.text.splitlines(), 1)
        if UNFINISHED.search(line)
    ]
    assert found == []


def test_every_suppressed_complaint_names_its_code_and_its_reason() -> None:
    found = [
        f"{source.place}:{number} {line.strip()}"
        for folder in ("src", "tests")
        for source in sources(folder)
        for number, line in enumerate(source.text.splitlines(), 1)
        if (match := SUPPRESSION.search(line)) and "SUPPRESSION" not in line and not _reasoned(match)
    ]
    assert found == []


def _reasoned(match: re.Match[str]) -> bool:
    """A reason stands behind the code, after a second `#` or in plain words."""
    return bool(match["code"]) and len(match["rest"].strip(" #")) > 8


def test_the_visible_root_stays_small() -> None:
    seen = {path.name for path in ROOT.iterdir() if not path.name.startswith(".")}
    assert seen - BUILT - VISIBLE == set()


def test_every_dependency_is_justified_in_a_line_of_its_own() -> None:
    lines = [line.strip() for line in (ROOT / "pyproject.toml").read_text(encoding="utf-8").splitlines()]
    project = tomllib.loads("\n".join(lines))["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["test"]]
    places = {name: next(i for i, line in enumerate(lines) if line.startswith(f'"{name}"')) for name in wanted}
    assert [name for name, place in places.items() if not lines[place - 1].startswith("# ")] == []


def test_everything_imported_is_a_declared_dependency() -> None:
    """What only comes along with something else can leave with it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]["scale"]
    declared = {re.split(r"[<>=!~\[ ]", text, maxsplit=1)[0].lower() for text in [*project["dependencies"], *extras]}
    owners = packages_distributions()
    imported = {
        (source.place, module)
        for source in sources("src")
        for node in ast.walk(source.tree)
        for module in _top_levels(node)
        if module not in sys.stdlib_module_names and module != "greenroom"
    }
    found = [
        f"{place} {module}"
        for place, module in sorted(imported)
        if declared.isdisjoint(name.lower().replace("_", "-") for name in owners.get(module, (module,)))
    ]
    assert found == []


def _top_levels(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name.partition(".")[0] for alias in node.names]
    if isinstance(node, ast.ImportFrom) and not node.level and node.module:
        return [node.module.partition(".")[0]]
    return []
