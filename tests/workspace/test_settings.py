from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom.core.errors import FileInvalid, ServiceUnavailable
from greenroom.workspace.layout import Workspace
from greenroom.workspace.settings import VARIABLES, Settings, explain, load_settings, secret, variable

FULL = """\
schema = "workspace/1"
id = "helpdesk"
name = "Northwind helpdesk"
persona = "aria"

[knowledge.collections]
returns = ["returns.md", "refunds.md"]
shipping = ["shipping/**"]

[memory.segments.customer]
sensitivity = "personal"
retention_days = 365
write = ["aria"]

[models.house]
use = "hosted_vllm/qwen3"
api_base = "http://localhost:8000/v1"
key = "HOUSE_KEY"

[store]
chroma = "http://127.0.0.1:9000"

[limits]
usd = 0.5
"""


def workspace(folder: Path, text: str) -> Workspace:
    (folder / "greenroom.toml").write_text(text, encoding="utf-8")
    return Workspace(folder)


def test_every_section_is_read(tmp_path: Path) -> None:
    settings = load_settings(workspace(tmp_path, FULL), {})
    assert settings.persona == "aria"
    assert settings.knowledge.collections["returns"] == ("returns.md", "refunds.md")
    assert settings.memory.segments["customer"].retention_days == 365
    assert settings.memory.segments["customer"].read == ("*",)
    assert settings.store.chroma == "http://127.0.0.1:9000"
    assert settings.limits.usd == 0.5
    assert settings.limits.tokens is None


def test_an_alias_leads_to_the_full_name_and_any_other_name_is_full(tmp_path: Path) -> None:
    settings = load_settings(workspace(tmp_path, FULL), {})
    assert settings.model_name("house") == "hosted_vllm/qwen3"
    assert settings.model("house").key == "HOUSE_KEY"
    assert settings.model_name("openai/gpt-5-mini") == "openai/gpt-5-mini"
    assert settings.model("openai/gpt-5-mini").timeout == 60.0


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            'persona = "aria"',
            'perona = "aria"',
            "greenroom.toml:4 perona: unknown key 'perona' (did you mean 'persona'?)",
        ),
        ("retention_days = 365", "retention_days = 0", "greenroom.toml:12 memory.segments.customer.retention_days: "),
        (
            'sensitivity = "personal"',
            'sensitivity = "private"',
            "greenroom.toml:11 memory.segments.customer.sensitivity",
        ),
        (
            '"shipping/**"',
            '"../secrets/**"',
            "greenroom.toml:8 knowledge.collections.shipping[0]: '../secrets/**' must stay",
        ),
        (
            '"http://127.0.0.1:9000"',
            '"file:///etc"',
            "greenroom.toml:21 store.chroma: 'file:///etc' must begin with http",
        ),
        ('key = "HOUSE_KEY"', 'key = "sk-123"', "greenroom.toml:18 models.house.key: "),
        ('id = "helpdesk"', 'id = "Help Desk"', "greenroom.toml:2 id: "),
        ('schema = "workspace/1"', 'schema = "workspace/2"', "greenroom.toml:1 schema: must be 'workspace/1'"),
    ],
)
def test_a_wrong_setting_names_line_key_and_what_was_meant(tmp_path: Path, old: str, new: str, said: str) -> None:
    with pytest.raises(FileInvalid) as found:
        load_settings(workspace(tmp_path, FULL.replace(old, new, 1)), {})
    assert found.value.line().startswith(said)


def test_files_that_cannot_be_read_are_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(FileInvalid, match=r"greenroom\.toml: the file is missing"):
        load_settings(Workspace(tmp_path), {})
    (tmp_path / "greenroom.toml").write_bytes(b"id = '\xff'")
    with pytest.raises(FileInvalid, match="not UTF-8"):
        load_settings(Workspace(tmp_path), {})


def test_a_byte_order_mark_is_no_obstacle(tmp_path: Path) -> None:
    assert load_settings(workspace(tmp_path, "\ufeff" + FULL), {}).id == "helpdesk"


def test_the_environment_overrides_and_says_so(tmp_path: Path) -> None:
    place = workspace(tmp_path, FULL)
    environment = {"GREENROOM_PERSONA": "ben", "GREENROOM_CHROMA": "https://chroma.example"}
    settings = load_settings(place, environment)
    assert (settings.persona, settings.store.chroma) == ("ben", "https://chroma.example")
    sources = {one.key: (one.value, one.source) for one in explain(place, environment)}
    assert sources["persona"] == ("ben", "GREENROOM_PERSONA")
    with pytest.raises(FileInvalid, match="GREENROOM_CHROMA"):
        load_settings(place, {"GREENROOM_CHROMA": "nonsense"})


def test_each_setting_says_where_it_comes_from(tmp_path: Path) -> None:
    sources = {one.key: one.source for one in explain(workspace(tmp_path, FULL), {})}
    assert sources["id"] == "greenroom.toml:2"
    assert sources["knowledge.collections.shipping"] == "greenroom.toml:8"
    assert sources["memory.segments.customer.retention_days"] == "greenroom.toml:12"
    assert sources["memory.segments.customer.read"] == "default"
    assert sources["limits.usd"] == "greenroom.toml:24"
    assert sources["limits.tokens"] == "default"
    assert sources["retention.sessions_days"] == "default"


def test_an_inline_table_states_only_what_it_holds(tmp_path: Path) -> None:
    text = 'schema = "workspace/1"\nid = "x"\nmodels = { fast = { use = "openai/a" } }\n'
    sources = {one.key: one.source for one in explain(workspace(tmp_path, text), {})}
    assert sources["models.fast.use"] == "greenroom.toml:3"
    assert sources["models.fast.timeout"] == "default"


def test_explain_leaves_no_setting_out(tmp_path: Path) -> None:
    explained = {one.key.split(".")[0] for one in explain(workspace(tmp_path, FULL), {})}
    assert explained >= {info.alias or name for name, info in Settings.model_fields.items()}


def test_a_missing_secret_says_which_and_is_never_shown(tmp_path: Path) -> None:
    assert secret("HOUSE_KEY", {"HOUSE_KEY": "hush"}) == "hush"
    with pytest.raises(ServiceUnavailable, match="HOUSE_KEY is not set") as missing:
        secret("HOUSE_KEY", {"HOUSE_KEY": ""})
    assert missing.value.hint == "export HOUSE_KEY=..."


def test_only_declared_variables_are_read() -> None:
    assert all(meaning for meaning in VARIABLES.values())
    assert variable("NO_COLOR", {"NO_COLOR": "1"}) == "1"
    assert variable("NO_COLOR", {}) == ""
    with pytest.raises(KeyError):
        variable("PATH", {"PATH": "/bin"})


@given(st.text(max_size=200))
def test_no_text_of_greenroom_toml_gives_anything_but_settings_or_one_error(text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "greenroom.toml").write_text(text, encoding="utf-8", errors="surrogatepass", newline="")
        with contextlib.suppress(FileInvalid):
            assert load_settings(Workspace(Path(folder)), {}).id
