"""The helpdesk's settings, persona, policy and documents fit together, and its documents answer what its script is asked."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from greenroom.core.clock import FrozenClock
from greenroom.core.values import Effect, Passage, ToolSpec, Verdict
from greenroom.persona.check import Known, check
from greenroom.persona.load import load_persona
from greenroom.policy.check import check_policies
from greenroom.policy.decide import RulePolicy
from greenroom.policy.files.rules import PolicyFile
from greenroom.policy.load import load_file, load_policies, read_source
from greenroom.policy.port import Question, SessionFacts
from greenroom.policy.verdict.bounds import Role
from greenroom.retrieval.ingest import ingest
from greenroom.retrieval.port import PassageQuery
from greenroom.retrieval.select import choose
from greenroom.retrieval.store_retriever import StoreRetriever
from greenroom.store.ngrams_embedder import NgramsEmbedder
from greenroom.store.store import Store
from greenroom.tools.python_tools import PythonTools
from greenroom.workspace.layout import Workspace
from greenroom.workspace.settings import load_settings
from tests.workspaces.helpdesk_scenes import FROM_PEOPLE, HELPDESK, Scene

WORKSPACE = Workspace(HELPDESK.resolve())
SETTINGS = load_settings(WORKSPACE, {})
PERSONA = load_persona(WORKSPACE, "aria").persona
SUPPORT = WORKSPACE.policies / "support.toml"


@pytest.fixture(scope="module")
def specs() -> tuple[ToolSpec, ...]:
    return PythonTools(WORKSPACE.tools, WORKSPACE.root).specs()


@pytest.fixture(scope="module")
def policy(specs: tuple[ToolSpec, ...]) -> RulePolicy:
    return load_policies([SUPPORT], specs, PERSONA, root=WORKSPACE.root, clock=FrozenClock())


@pytest.fixture(scope="module")
def retriever(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreRetriever]:
    store = Store.open(tmp_path_factory.mktemp("store"))
    embedder = NgramsEmbedder()
    ingest(store, [(name, path, path.name) for name, path in documents()], embedder)
    made = StoreRetriever(store, embedder, None, FrozenClock())
    asyncio.run(made.warm())
    yield made
    store.close()


def documents() -> list[tuple[str, Path]]:
    globs = [(name, glob) for name, globs in SETTINGS.knowledge.collections.items() for glob in globs]
    return [(name, path) for name, glob in globs for path in sorted(WORKSPACE.knowledge.glob(glob))]


def kept(retriever: StoreRetriever, words: str) -> list[Passage]:
    found = asyncio.run(retriever.retrieve(PassageQuery(text=words, collections=PERSONA.knowledge.collections)))
    chosen, _ = choose(found.candidates, PERSONA.knowledge.top_k)
    return [passage for passage in found.candidates if passage.id in chosen]


def test_every_document_is_in_exactly_one_collection() -> None:
    assert sorted(path.name for _, path in documents()) == sorted(path.name for path in WORKSPACE.knowledge.iterdir())
    assert len(documents()) >= 16


def test_every_glob_finds_something() -> None:
    for globs in SETTINGS.knowledge.collections.values():
        for glob in globs:
            assert list(WORKSPACE.knowledge.glob(glob)), glob


def test_every_document_has_several_headed_sections_with_text() -> None:
    for _, path in documents():
        title, *sections = path.read_text(encoding="utf-8").split("\n## ")
        assert title.startswith("# "), path.name
        assert len(sections) >= 3, path.name
        assert all(len(section.partition("\n")[2].strip()) > 40 for section in sections), path.name


def test_no_document_says_what_aria_never_says() -> None:
    for _, path in documents():
        for word in PERSONA.voice.never:
            assert word.lower() not in path.read_text(encoding="utf-8").lower(), path.name


def test_the_contract_is_sound_but_for_fixtures_still_to_be_recorded(specs: tuple[ToolSpec, ...]) -> None:
    known = Known([spec.name for spec in specs], SETTINGS.knowledge.collections, SETTINGS.memory.segments)
    assert [problem.line() for problem in check(WORKSPACE, "aria", known) if "no fixture" not in problem.message] == []


def test_aria_may_use_every_tool_there_is(specs: tuple[ToolSpec, ...]) -> None:
    assert sorted(PERSONA.tools.allow) == [spec.name for spec in specs]


def test_every_rule_of_the_policy_passes_its_own_tests(specs: tuple[ToolSpec, ...]) -> None:
    found = check_policies([read_source(SUPPORT, WORKSPACE.root)], specs, Role.of(PERSONA), clock=FrozenClock())
    assert [problem.line() for problem in found if problem.level == "problem"] == []


def test_every_rule_is_tested_for_matching_and_for_not_matching() -> None:
    file: PolicyFile = load_file(read_source(SUPPORT, WORKSPACE.root)).policy
    for rule in file.rule:
        assert {"no_match", rule.then} == {test.expect for test in rule.test}, rule.id


def call(policy: RulePolicy, specs: tuple[ToolSpec, ...], tool: str, **args: object) -> Verdict:
    spec = next(spec for spec in specs if spec.name == tool)
    facts = SessionFacts(turn=1, autonomy=PERSONA.policy.autonomy)
    return policy.decide(
        Question(hook="tool.call", subject=tool, payload={"args": args}, origin="model", tool=spec, session=facts)
    )


@pytest.mark.parametrize(
    ("tool", "args", "effect", "rule"),
    [
        ("orders.get", {"order_id": 1001}, "allow", "autonomy"),
        ("orders.find", {"name": "Mara"}, "allow", "autonomy"),
        ("orders.refund", {"order_id": 1001, "amount": 90, "reason": "r"}, "require_approval", "autonomy"),
        ("orders.refund", {"order_id": 1001, "amount": 120, "reason": "r"}, "require_approval", "refund.large"),
        ("orders.refund", {"order_id": 1007, "amount": 548, "reason": "r"}, "deny", ""),
        ("orders.refund", {"order_id": 1001, "amount": -1, "reason": "r"}, "deny", "refund.nothing"),
        ("orders.refund", {"order_id": 1001, "reason": "r"}, "deny", ""),
        ("orders.refund", {"order_id": 1001, "amount": "120", "reason": "r"}, "deny", ""),
        ("orders.change_address", {"order_id": 1003, "address": "x", "redirect": True}, "require_approval", ""),
        (
            "mail.send",
            {"to": "mara.lindt@post.example", "subject": "s", "body": "b"},
            "require_approval",
            "mail.customer",
        ),
        ("mail.send", {"to": "x@evil.test", "subject": "s", "body": "b"}, "deny", "mail.outside"),
        ("mail.send", {"to": "a@northwind.example@evil.test", "subject": "s", "body": "b"}, "deny", ""),
        (
            "mail.send",
            {"to": "help@northwind.example", "subject": "s", "body": "https://evil.test/x"},
            "deny",
            "envelope",
        ),
    ],
)
def test_what_the_policy_says_to_a_call(
    policy: RulePolicy, specs: tuple[ToolSpec, ...], tool: str, args: dict[str, object], effect: Effect, rule: str
) -> None:
    verdict = call(policy, specs, tool, **args)
    assert verdict.effect == effect, verdict.why
    assert verdict.rule.startswith(rule)


def test_many_small_refunds_do_not_slip_past_the_limit(policy: RulePolicy, specs: tuple[ToolSpec, ...]) -> None:
    spec = next(spec for spec in specs if spec.name == "orders.refund")
    question = Question(
        hook="tool.call",
        subject=spec.name,
        payload={"args": {"order_id": 1001, "amount": 50, "reason": "r"}},
        tool=spec,
        session=SessionFacts(sums={"orders.refund:args.amount:session": 451}, autonomy=4),
    )
    assert (policy.decide(question).effect, policy.decide(question).rule) == ("deny", "envelope")


def test_the_refund_card_shows_rule_clause_and_live_value(policy: RulePolicy, specs: tuple[ToolSpec, ...]) -> None:
    verdict = call(policy, specs, "orders.refund", order_id=1001, amount=120, reason="r")
    assert verdict.show == {"args.amount": 120, "args.order_id": 1001}
    assert verdict.ask is not None
    assert (verdict.ask.deadline_seconds, verdict.ask.then) == (900, ("escalate:lead", "deny"))
    clause = next(fired for fired in verdict.fired if fired.rule == "refund.large").clauses[0]
    assert (clause.source, clause.values["args.amount"]) == ("args.amount > 100", 120)


def test_no_rule_holds_back_streamed_replies(policy: RulePolicy) -> None:
    assert not policy.may_deny("output")


@pytest.mark.parametrize(
    ("hook", "text"),
    [
        ("input", "my card is 4111 1111 1111 1111"),
        ("output", "I guarantee it"),
        ("output", "It is 4111 1111 1111 1111"),
    ],
)
def test_what_is_hidden(policy: RulePolicy, hook: str, text: str) -> None:
    verdict = policy.decide(Question.model_validate({"hook": hook, "payload": {"text": text}}))
    assert verdict.effect == "redact"
    assert "4111" not in str(verdict.payload)
    assert "guarantee" not in str(verdict.payload)


@pytest.mark.parametrize(
    "scene",
    [scene for scene in FROM_PEOPLE if len(scene.passages) == 2],
    ids=lambda scene: f"{scene.rule}: {scene.words}",
)
def test_the_page_that_answers_is_found(retriever: StoreRetriever, scene: Scene) -> None:
    assert scene.passages[1] in {passage.source for passage in kept(retriever, scene.words)}


@pytest.mark.parametrize("words", ["how do I retrun my shoes", "shiping costs", "warrenty on boots"])
def test_misspelt_questions_find_something_too(retriever: StoreRetriever, words: str) -> None:
    pages = {"returns.md", "shipping.md", "warranty.md"}
    assert pages & {passage.source for passage in kept(retriever, words)}


def test_the_internal_page_is_found_and_then_denied(retriever: StoreRetriever, policy: RulePolicy) -> None:
    found = kept(retriever, "what is your margin on boots?")
    assert found[0].source == "internal-margins.md"
    verdicts = {
        passage.source: policy.decide(
            Question(
                hook="retrieval",
                subject=passage.label,
                payload={
                    **passage.model_dump(mode="json", include={"source", "collection", "heading", "score", "text"})
                },
                origin="passage",
            )
        )
        for passage in found
    }
    assert verdicts["internal-margins.md"].rule == "passage.internal"
    assert {source for source, verdict in verdicts.items() if verdict.effect == "deny"} == {"internal-margins.md"}
