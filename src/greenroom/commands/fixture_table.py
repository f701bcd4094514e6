"""The commands over fixtures: recorded sessions and what is expected of them."""

from __future__ import annotations

from greenroom.commands.declare import Argument, Command
from greenroom.commands.interchange_table import INTERCHANGE
from greenroom.commands.matrix_table import MATRIX

_NAMES = Argument("name", "fixtures by name or pattern such as 'refund-*'; all of them without", "*")


def _at(place: str) -> str:
    return f"greenroom.commands.{place}"


FIXTURE: tuple[Command, ...] = (
    Command(
        ("fixture", "list"),
        "The fixtures of this workspace: what each was recorded under and stands for",
        _at("fixture:list_all"),
    ),
    Command(
        ("fixture", "show"),
        "Show a fixture: the conversation with its verdicts and approvals, and what is expected",
        _at("fixture:show"),
        (Argument("name", "a fixture, such as refund-over-limit"),),
    ),
    Command(
        ("fixture", "check"),
        "Read fixtures without running anything: whole, as expected, recorded under what holds today",
        _at("fixture:check"),
        (_NAMES,),
    ),
    Command(
        ("fixture", "status"),
        "Replay fixtures offline: how they go, one line a cause, and what could be accepted",
        _at("fixture_status:status"),
        (_NAMES,),
        slash="fixtures",
    ),
    Command(
        ("fixture", "diff"),
        "What the last run of each fixture has otherwise: by component, then event by event",
        _at("fixture_status:diff"),
        (_NAMES,),
    ),
    Command(
        ("fixture", "accept"),
        "Take over what the last run came to as the recording; nothing is run again",
        _at("fixture_accept:accept"),
        (
            _NAMES,
            Argument(
                "--only",
                "only changes about these: persona, tools, text, args, policy, memory, retrieval",
                metavar="KIND,KIND",
            ),
            Argument("-i", "ask for each: yes, no, diff, quit", flag=True),
            Argument("--force", "even where an expectation of its case fails", flag=True),
        ),
    ),
    Command(
        ("fixture", "rebase"),
        "Run stale fixtures live under the persona at work; what comes of it waits for diff and accept",
        _at("fixture_rebase:rebase"),
        (
            _NAMES,
            Argument("--persona", "this persona, or its version at work as aria@1.4.0", metavar="ID[@VERSION]"),
            Argument("--model", "ask this model in place of the persona's", metavar="MODEL"),
            Argument("--usd", "the most that all of them may cost", metavar="USD"),
        ),
    ),
    Command(
        ("fixture", "prune"),
        "List what no fixture uses any more; remove it with --yes",
        _at("fixture_prune:prune"),
        (
            Argument("--yes", "remove it", flag=True),
            Argument("--cases", "with --yes: cases without a tape too, which people wrote", flag=True),
        ),
    ),
    Command(
        ("fixture", "judge"),
        "Have a model judge labelled replies by a rubric: how far it agrees with people, and where not",
        "greenroom.commands.judge:judge",
        (
            Argument("rubric", "a rubric of the workspace, such as rubrics/tone.md"),
            Argument("labelled", "a JSON Lines file: words, reply, and label pass or fail on each line"),
            Argument("--model", "the judging model, such as openai/gpt-5-mini", metavar="MODEL", needed=True),
            Argument("--votes", "how many votes decide about a reply; 3 unless given", number=True, metavar="N"),
        ),
    ),
    Command(
        ("fixture", "mutate"),
        "What the suite is worth: change what governs one thing at a time, and see which fixture notices",
        "greenroom.commands.mutate:mutate",
        (
            Argument("name", "fixtures; all unless named", "*"),
            Argument("--kinds", "of persona,prompt,policy,tools,world; all unless named", metavar="KINDS"),
            Argument("--limit", "run so many mutants, drawn evenly from the kinds", number=True, metavar="N"),
            Argument("--seed", "draw others", number=True, metavar="N"),
        ),
    ),
    Command(
        ("fixture", "coverage"),
        "Rules, tools, acceptance criteria, passages and the like that no passing fixture touches",
        "greenroom.commands.coverage:coverage",
        (
            Argument(
                "--fail-under",
                "exit 1 when less than this is touched, on average over the kinds",
                number=True,
                metavar="PERCENT",
            ),
        ),
    ),
    *INTERCHANGE,
    *MATRIX,
)
