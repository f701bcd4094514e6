"""Everything of a workspace that a fixture could touch: personas, acceptance criteria, tools, segments and documents.

Invariant: files are read and tools are loaded; nothing is ingested, written or run.
"""

from __future__ import annotations

from fnmatch import fnmatchcase

from greenroom.assembly.casting import workspace_tools
from greenroom.assembly.world import documents_of
from greenroom.persona.contract import Persona
from greenroom.persona.load import list_personas, load_persona
from greenroom.policy.load import LoadedPolicy, load_file, policy_paths, read_source
from greenroom.regression.coverage import Thing
from greenroom.retrieval.ingest import labels_of
from greenroom.workspace.layout import Workspace
from greenroom.workspace.settings import load_settings
from greenroom.workspace.trust import must_be_trusted


def inventory(workspace: Workspace) -> tuple[dict[Thing, str], tuple[LoadedPolicy, ...]]:
    """Things by kind and name with where they are said, and the policy files that bind a persona.

    Of an acceptance criterion the place is the fixture that it names.

    Raises:
        UsageError: the workspace is not trusted, so its tools are not known.
        FileInvalid: a persona, policy, tools or settings file is broken, or a document cannot be read.
    """
    must_be_trusted(workspace, None)
    personas = [load_persona(workspace, name) for name in list_personas(workspace)]
    specs = [spec.name for spec in workspace_tools(workspace).specs()]
    found: dict[Thing, str] = {}
    for loaded in personas:
        persona = loaded.persona
        found["persona", persona.id] = loaded.file
        for one in persona.acceptance:
            found["acceptance", f"{persona.id}: {one.id}"] = one.fixture
        for name in specs:
            if any(fnmatchcase(name, pattern) for pattern in persona.tools.allow):
                found["tool", name] = f"{loaded.file} tools.allow"
        for key in ("read", "write"):
            for segment in getattr(persona.memory, key):
                found["segment", f"{segment} ({key})"] = f"{loaded.file} memory.{key}"
    found |= _knowledge(workspace, [loaded.persona for loaded in personas])
    names = dict.fromkeys(name for loaded in personas for name in loaded.persona.policy.files)
    files = [load_file(read_source(path, workspace.root)) for path in policy_paths(workspace.policies, tuple(names))]
    return found, tuple(files)


def _knowledge(workspace: Workspace, personas: list[Persona]) -> dict[Thing, str]:
    """Collections that a persona may look into, their documents, and the passages these are cut into."""
    wanted = {name for persona in personas for name in persona.knowledge.collections}
    found: dict[Thing, str] = {}
    for collection, globs in load_settings(workspace).knowledge.collections.items():
        if collection not in wanted:
            continue
        found["collection", collection] = "greenroom.toml knowledge.collections"
        for path in documents_of(workspace, globs):
            name = path.relative_to(workspace.knowledge).as_posix()
            found["document", name] = collection
            found |= {("passage", label): name for label in labels_of(path, name)}
    return found
