"""Policy files read, checked against the tools and the vocabulary, and compiled into one policy.

Invariant: a policy that loads has no rule that silently does nothing; every problem names file, line and key path.
Layers (built in, workspace, persona) are joined, so a lower one can only add to what an upper one restricts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from greenroom.core.canonical import clean_text, digest
from greenroom.core.clock import Clock, SystemClock
from greenroom.core.errors import FileInvalid
from greenroom.core.toml_text import Path as KeyPath
from greenroom.core.toml_text import dotted, line_of, parse, positions, suggest
from greenroom.core.values import Hook, ToolSpec
from greenroom.detectors.masks import Masks
from greenroom.policy.decide import RulePolicy
from greenroom.policy.files.finding_kinds import OwnKind, kinds_of, own_kinds
from greenroom.policy.files.rules import AUTONOMY, PolicyFile, Rule, RuleException, matching
from greenroom.policy.language.arguments import Declared, declare
from greenroom.policy.language.conditions import ClauseInvalid, Condition, Environment
from greenroom.policy.language.vocabulary import names_at
from greenroom.policy.verdict.active_rule import ActiveRule, Setting
from greenroom.policy.verdict.bounds import Bound, Role
from greenroom.workspace.own_file import read_written

if TYPE_CHECKING:
    from greenroom.persona.contract import Persona

BUILTIN_FILE = "builtin.toml"


@dataclass(frozen=True, slots=True)
class PolicySource:
    """The text of a policy file, and the name errors call it by."""

    file: str
    text: str


@dataclass(frozen=True, slots=True)
class LoadedPolicy:
    """A policy file that is well formed, with the lines its keys stand on."""

    source: PolicySource
    policy: PolicyFile
    lines: dict[KeyPath, int]

    def where(self, path: KeyPath) -> str:
        """`policies/support.toml:12 rule[0].when` for a key path."""
        return f"{self.source.file}:{line_of(self.lines, path)} {dotted(path)}"


def builtin_source() -> PolicySource:
    """The pack that holds under every workspace."""
    text = files("greenroom.policy").joinpath(BUILTIN_FILE).read_text(encoding="utf-8")
    return PolicySource(f"<{BUILTIN_FILE}>", text)


def policy_paths(folder: Path, names: Sequence[str]) -> tuple[Path, ...]:
    """The files behind the names a persona gives in `policy.files`: `support` is `policies/support.toml`.

    Raises:
        FileInvalid: there is no such file; the nearest name is suggested.
    """
    known = sorted(path.stem for path in folder.glob("*.toml"))
    for name in names:
        if name.removesuffix(".toml") not in known:
            hint = suggest(name, known) if known else f"{folder.name}/ has no policy files"
            raise FileInvalid(f"no policy file '{name}'", where=f"{folder.name}/{name}.toml", hint=hint)
    return tuple(folder / f"{name.removesuffix('.toml')}.toml" for name in names)


def read_source(path: Path, root: Path | None = None) -> PolicySource:
    """The text of a policy file; errors name it relative to `root`.

    Raises:
        FileInvalid: missing, unreadable or not UTF-8.
    """
    shown = path.relative_to(root).as_posix() if root and path.is_relative_to(root) else str(path)
    try:
        return PolicySource(shown, clean_text(read_written(path)))
    except FileNotFoundError:
        raise FileInvalid("the file is missing", where=shown, code="file.missing") from None
    except UnicodeDecodeError:
        raise FileInvalid("not UTF-8 text", where=shown, hint="save it as UTF-8") from None
    except OSError as error:
        raise FileInvalid(f"cannot be read: {error.strerror}", where=shown) from None


def load_policies(
    paths: Sequence[Path],
    tools: Sequence[ToolSpec],
    persona: Persona | None = None,
    *,
    root: Path | None = None,
    masks: Masks | None = None,
    clock: Clock | None = None,
) -> RulePolicy:
    """The policy of a session: the built-in pack, then the files at `paths`, for the role of `persona`.

    `tools` are all tools of the workspace, whether the persona may use them or not. An exception counts until the day
    it expires, by `clock` at this moment.

    Raises:
        FileInvalid: a file is broken, or names something that does not exist.
    """
    sources = [builtin_source(), *(read_source(path, root) for path in paths)]
    return compile_policies(sources, tools, Role.of(persona), masks=masks, clock=clock)


def compile_policies(
    sources: Sequence[PolicySource],
    tools: Sequence[ToolSpec],
    role: Role,
    *,
    masks: Masks | None = None,
    clock: Clock | None = None,
    beside: Sequence[PolicySource] = (),
) -> RulePolicy:
    """The same from texts. The first source whose id is `builtin` cannot be set aside by exceptions.

    Of the files `beside` only the detectors count.

    Raises:
        FileInvalid: as `load_policies`.
    """
    pack = builtin_source()
    loaded = [load_file(source) for source in sources]
    kinds = own_kinds([*loaded, *(load_file(source) for source in beside)])
    compiler = _Compiler(tuple(sorted(tools, key=lambda tool: tool.name)), clock or SystemClock(), kinds)
    rules = [active for file in loaded for active in compiler.rules(file)]
    bounds = [bound for file in loaded for bound in compiler.bounds(file, role)]
    own = sorted(file.policy.label for file in loaded if file.source != pack or len(loaded) == 1)
    return RulePolicy(
        rules,
        bounds,
        role,
        compiler.tools,
        label="+".join(own) or "none",
        digest=_digest(loaded, role, compiler.tools),
        masks=masks or Masks(),
        own=kinds,
        asides=[setting for file in loaded for setting in compiler.asides(file)],
    )


def load_file(source: PolicySource) -> LoadedPolicy:
    """A policy file read and checked by itself.

    Raises:
        FileInvalid: not TOML, unknown keys, wrong values, or two rules of the same id.
    """
    loaded = LoadedPolicy(source, parse(source.text, PolicyFile, source.file), positions(source.text))
    seen: set[str] = set()
    for index, rule in enumerate(loaded.policy.rule):
        if rule.id in seen:
            raise FileInvalid(f"rule '{rule.id}' is there twice", where=loaded.where(("rule", index, "id")))
        seen.add(rule.id)
    return loaded


def _digest(loaded: Sequence[LoadedPolicy], role: Role, tools: Sequence[ToolSpec]) -> str:
    # Without what is left at its default, so that a key which later versions add changes no digest.
    policies = sorted(
        digest(file.policy.model_dump(mode="json", by_alias=True, exclude_defaults=True)) for file in loaded
    )
    bounds = {"tools": role.tools, "read": role.memory_read, "write": role.memory_write, "never": role.never}
    return digest([policies, bounds, [digest(tool.model_dump(mode="json")) for tool in tools]])


class _Compiler:
    """Rules against one set of tools; environments with the same names are made once."""

    def __init__(self, tools: tuple[ToolSpec, ...], clock: Clock, own: Sequence[OwnKind]) -> None:
        self.tools = tools
        self._own = own
        self._names = tuple(tool.name for tool in tools)
        self._today = clock.now().date()
        self._environments: dict[tuple[tuple[str, str], ...], Environment] = {}

    def rules(self, file: LoadedPolicy) -> Iterable[ActiveRule]:
        settings = self._exceptions(file)
        for index, rule in enumerate(file.policy.rule):
            yield self._rule(file, index, rule, settings.get(rule.id, ()))

    def bounds(self, file: LoadedPolicy, role: Role) -> Iterable[Bound]:
        for name, envelope in file.policy.envelope.items():
            for pattern in envelope.tools or ():
                self._known_tools(pattern, file, ("envelope", name, "tools"))
            for pattern in envelope.limits.calls:
                self._known_tools(pattern, file, ("envelope", name, "limits", "calls", pattern))
            for path in envelope.limits.sum:
                self._known_sum(path, file, ("envelope", name, "limits", "sum", path))
            if name in (role.id, role.kind):
                yield Bound(file.policy.label, envelope)

    def _rule(self, file: LoadedPolicy, index: int, rule: Rule, settings: tuple[Setting, ...]) -> ActiveRule:
        here: KeyPath = ("rule", index)
        named = [name for pattern in rule.tools for name in self._known_tools(pattern, file, (*here, "tools"))]
        specs = [tool for tool in self.tools if tool.name in named] if rule.tools else list(self.tools)
        declared = declare(specs) if set(rule.hook) == {"tool.call"} else Declared({}, {})
        environment = self._environment({**names_at(rule.hook), **declared.types})

        def compiled(sources: Sequence[str], key: str) -> tuple[Condition, ...]:
            return tuple(_compiled(environment, source, lambda: file.where((*here, key))) for source in sources)

        when = compiled(rule.when, "when")
        alternatives = tuple(compiled(group, "any") for group in rule.any)
        added = compiled([clause for clause, _ in rule.risk.add], "risk")
        _check_guards([*when, *(c for group in alternatives for c in group)], declared, file.where((*here, "when")))
        for name in rule.show:
            _compiled(environment, f"{name} == {name}", lambda: file.where((*here, "show")), said=name)
        return ActiveRule(
            rule=rule,
            policy=file.policy.label,
            where=file.where((*here, "id")),
            environment=environment,
            tools=frozenset(named) if rule.tools else None,
            kinds=kinds_of(rule, self._own, file.where((*here, "find"))),
            when=when,
            any=alternatives,
            risk=tuple(zip(added, (points for _, points in rule.risk.add), strict=True)),
            exceptions=settings,
            observed="observe" in (rule.mode, file.policy.mode),
            tests_at=tuple(file.where((*here, "test", at, "name")) for at in range(len(rule.test))),
        )

    def _exceptions(self, file: LoadedPolicy) -> dict[str, tuple[Setting, ...]]:
        """The exceptions to rules that are still in force, by rule, in an order that follows from them alone."""
        known = {rule.id: rule for rule in file.policy.rule}
        found: dict[str, tuple[Setting, ...]] = {}
        for index, entry in enumerate(file.policy.exception):
            if entry.rule == AUTONOMY:
                continue
            if entry.rule not in known:
                where = file.where(("exception", index, "rule"))
                hint = suggest(entry.rule, [*known, AUTONOMY])
                raise FileInvalid(f"no rule '{entry.rule}' in this file", where=where, hint=hint)
            rule = known[entry.rule]
            setting = self._setting(file, index, entry, rule.tools, rule.hook)
            if entry.expires >= self._today:
                found[entry.rule] = tuple(sorted((*found.get(entry.rule, ()), setting), key=lambda one: one.text))
        return found

    def asides(self, file: LoadedPolicy) -> Iterable[Setting]:
        """The exceptions to autonomy that are still in force."""
        for index, entry in enumerate(file.policy.exception):
            if entry.rule == AUTONOMY:
                setting = self._setting(file, index, entry, entry.tools, ("tool.call",))
                if entry.expires >= self._today:
                    yield setting

    def _setting(
        self, file: LoadedPolicy, index: int, entry: RuleException, patterns: Sequence[str], hooks: Sequence[Hook]
    ) -> Setting:
        """An exception with its clauses typed as those of what it sets aside."""
        here: KeyPath = ("exception", index)
        named = [name for pattern in patterns for name in self._known_tools(pattern, file, (*here, "tools"))]
        specs = [tool for tool in self.tools if tool.name in named or not patterns]
        declared = declare(specs) if set(hooks) == {"tool.call"} else Declared({}, {})
        environment = self._environment({**names_at(hooks), **declared.types})
        return Setting(
            owner=entry.owner,
            expires=entry.expires.isoformat(),
            why=entry.why,
            when=tuple(_compiled(environment, clause, lambda: file.where((*here, "when"))) for clause in entry.when),
            text=entry.text,
            policy=file.policy.label,
            where=file.where((*here, "rule")),
            environment=environment,
            tools=frozenset(named) if entry.rule == AUTONOMY else None,
            tests=entry.test,
            tests_at=tuple(file.where((*here, "test", at, "name")) for at in range(len(entry.test))),
        )

    def _environment(self, types: dict[str, str]) -> Environment:
        key = tuple(sorted(types.items()))
        if key not in self._environments:
            self._environments[key] = Environment(types)
        return self._environments[key]

    def _known_tools(self, pattern: str, file: LoadedPolicy, path: KeyPath) -> tuple[str, ...]:
        found = matching(pattern, self._names)
        if not found:
            said = f"no tool matches '{pattern}'" if "*" in pattern else f"unknown tool '{pattern}'"
            hint = suggest(pattern, list(self._names)) if self._names else "this workspace has no tools"
            raise FileInvalid(said, where=file.where(path), hint=hint, code="policy.unknown_tool")
        return found

    def _known_sum(self, path: str, file: LoadedPolicy, where: KeyPath) -> None:
        names = {name for tool in self.tools for name in declare([tool]).types}
        plain = path.partition("[]")[0]
        if plain not in names:
            raise FileInvalid(
                f"no tool has an argument '{path}'", where=file.where(where), hint=suggest(plain, sorted(names))
            )


def _compiled(environment: Environment, source: str, where: Callable[[], str], said: str = "") -> Condition:
    """A clause ready to evaluate; `said` is what the person wrote, where that is not the clause itself."""
    try:
        return environment.compile(source)
    except ClauseInvalid as error:
        column = f" (column {error.column})" if error.column and not said else ""
        raise FileInvalid(
            f'in "{said or source}"{column}: {error}', where=where(), hint=error.hint, code="policy.clause"
        ) from None


def _check_guards(conditions: Sequence[Condition], declared: Declared, where: str) -> None:
    """A name that some tools lack must be guarded, else the rule would fire on every call of those."""
    guarded = frozenset().union(*(condition.guarded for condition in conditions))
    for condition in conditions:
        for name, _ in condition.reads:
            if name in declared.partial and name not in guarded:
                lacking = ", ".join(declared.partial[name][:3])
                raise FileInvalid(
                    f"'{name}' is not an argument of {lacking}",
                    where=where,
                    hint=f"guard it with has({name})",
                    code="policy.unguarded",
                )
