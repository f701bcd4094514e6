from __future__ import annotations

from pathlib import Path

import pytest

from greenroom.core.canonical import digest
from greenroom.core.errors import FileInvalid, UsageError
from greenroom.persona.load import list_personas, list_versions, load_persona
from greenroom.workspace.layout import Workspace


def change(shop: Workspace, old: str, new: str) -> None:
    path = shop.personas / "aria" / "persona.toml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def freeze(shop: Workspace, version: str) -> Path:
    working = shop.personas / "aria"
    frozen = working / "versions" / version
    frozen.mkdir(parents=True)
    text = (working / "persona.toml").read_text().replace('"1.3.0"', f'"{version}"')
    (frozen / "persona.toml").write_text(text)
    (frozen / "prompt.md").write_text("Older words of {{ shop }}.")
    return frozen


def test_a_persona_comes_with_its_prompt_texts_and_digests(shop: Workspace) -> None:
    loaded = load_persona(shop, "aria")
    assert loaded.persona.label == "aria@1.3.0"
    assert loaded.prompt == "# Aria\n\nYou work for Northwind.\n"
    assert loaded.texts["prompt"] == "# Aria\n\nYou work for {{ shop }}.\n"
    assert loaded.digests == {"persona": digest(loaded.texts["persona"]), "prompt": digest(loaded.texts["prompt"])}
    assert loaded.file == "personas/aria/persona.toml"


def test_one_changed_word_of_the_prompt_changes_its_digest_alone(shop: Workspace) -> None:
    before = load_persona(shop, "aria")
    (shop.personas / "aria" / "prompt.md").write_text("# Aria\n\nYou toil for {{ shop }}.\n")
    after = load_persona(shop, "aria")
    assert (after.digest, after.prompt_digest) == (before.digest, digest(after.texts["prompt"]))
    assert after.prompt_digest != before.prompt_digest


def test_line_ends_and_a_byte_order_mark_are_not_a_change(shop: Workspace) -> None:
    before = load_persona(shop, "aria")
    for name in ("persona.toml", "prompt.md"):
        path = shop.personas / "aria" / name
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert load_persona(shop, "aria").digests == before.digests


def test_an_unknown_persona_is_suggested(shop: Workspace) -> None:
    with pytest.raises(UsageError) as found:
        load_persona(shop, "arai")
    assert found.value.line() == "no persona 'arai' (did you mean 'aria'?)"


@pytest.mark.parametrize("name", ["../aria", "aria/../aria", ".", "", "aria\x00"])
def test_a_name_is_never_a_path(shop: Workspace, name: str) -> None:
    with pytest.raises(UsageError):
        load_persona(shop, name)


def test_a_missing_prompt_names_the_line_that_asks_for_it(shop: Workspace) -> None:
    (shop.personas / "aria" / "prompt.md").unlink()
    with pytest.raises(FileInvalid) as found:
        load_persona(shop, "aria")
    assert found.value.where == "personas/aria/persona.toml:16 prompt.file"
    assert found.value.hint == "write personas/aria/prompt.md"


def test_an_undeclared_variable_names_the_line_of_the_prompt(shop: Workspace) -> None:
    (shop.personas / "aria" / "prompt.md").write_text("Hello\n\n{{ shoop }}")
    with pytest.raises(FileInvalid) as found:
        load_persona(shop, "aria")
    assert found.value.where == "personas/aria/prompt.md:3"


def test_a_prompt_that_leads_out_of_the_workspace_is_refused(shop: Workspace, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("hush")
    prompt = shop.personas / "aria" / "prompt.md"
    prompt.unlink()
    prompt.symlink_to(tmp_path / "secret.txt")
    with pytest.raises(FileInvalid, match="leads out of the workspace"):
        load_persona(shop, "aria")


def test_id_and_folder_must_agree(shop: Workspace) -> None:
    change(shop, 'id = "aria"', 'id = "ben"')
    with pytest.raises(FileInvalid, match="the id is 'ben', but the folder is 'aria'") as found:
        load_persona(shop, "aria")
    assert found.value.where == "personas/aria/persona.toml:2 id"


def test_text_that_is_not_utf8_names_its_line(shop: Workspace) -> None:
    (shop.personas / "aria" / "prompt.md").write_bytes(b"fine\nfine\n\xff\xfe")
    with pytest.raises(FileInvalid, match="not UTF-8") as found:
        load_persona(shop, "aria")
    assert found.value.where == "personas/aria/prompt.md:3"


def test_a_frozen_version_is_read_from_its_own_folder(shop: Workspace) -> None:
    freeze(shop, "1.2.0")
    assert load_persona(shop, "aria", "1.2.0").prompt == "Older words of Northwind."
    assert load_persona(shop, "aria", "1.3.0").persona.version == "1.3.0"
    assert list_versions(shop, "aria") == ("1.2.0",)
    with pytest.raises(UsageError, match=r"no version '1\.2\.1'") as found:
        load_persona(shop, "aria", "1.2.1")
    assert found.value.hint.startswith("did you mean '1.2.0'")


def test_a_version_is_never_a_path(shop: Workspace) -> None:
    freeze(shop, "1.2.0")
    for version in ("..", "1.2.0/../1.2.0", "../versions/1.2.0"):
        with pytest.raises(UsageError):
            load_persona(shop, "aria", version)


def test_a_frozen_version_that_was_edited_to_another_is_refused(shop: Workspace) -> None:
    path = freeze(shop, "1.2.0") / "persona.toml"
    path.write_text(path.read_text().replace('"1.2.0"', '"1.2.5"'))
    with pytest.raises(FileInvalid, match=r"the version is '1\.2\.5'"):
        load_persona(shop, "aria", "1.2.0")


def test_personas_are_listed_without_being_read(shop: Workspace) -> None:
    (shop.personas / "ben").mkdir()
    (shop.personas / "ben" / "persona.toml").write_text("broken [")
    (shop.personas / "notes").mkdir()
    assert list_personas(shop) == ("aria", "ben")
