"""Which server and key a model's name stands for, where several tables of greenroom.toml use one model."""

from __future__ import annotations

import pytest

from greenroom.core.errors import FileInvalid
from greenroom.workspace.model_tables import reached, require_same, table_of
from greenroom.workspace.settings import ModelSettings, Settings

_FULL = "openai/gpt-5-mini"
_HOSTED = ModelSettings(use=_FULL, key="OPENAI_API_KEY")
_LOCAL = ModelSettings(use=_FULL, api_base="http://127.0.0.1:9/v1", key="LOCAL_KEY")


def _settings(**tables: ModelSettings) -> Settings:
    return Settings.model_validate({"schema": "workspace/1", "id": "a", "models": tables})


def test_a_tables_own_name_counts_first() -> None:
    settings = _settings(hosted=_HOSTED, flaky=_LOCAL)
    assert reached(settings, "flaky") == (_FULL, _LOCAL)
    assert reached(settings, "hosted") == (_FULL, _HOSTED)


def test_a_full_name_that_two_tables_reach_differently_is_refused_and_both_are_named() -> None:
    with pytest.raises(FileInvalid) as caught:
        reached(_settings(hosted=_HOSTED, flaky=_LOCAL), _FULL)
    assert "[models.flaky] and [models.hosted]" in caught.value.line()
    assert "flaky or hosted" in caught.value.line()


def test_a_full_name_that_two_tables_reach_alike_stands_for_that() -> None:
    settings = _settings(hosted=_HOSTED, judge=_HOSTED.model_copy(update={"timeout": 5.0}))
    assert reached(settings, _FULL) == (_FULL, _HOSTED)


def test_a_table_that_is_named_as_the_model_is_counts_for_the_full_name() -> None:
    own = ModelSettings(key="OWN_KEY")
    settings = _settings(**{_FULL: own, "flaky": _LOCAL})
    assert reached(settings, _FULL) == (_FULL, own)
    assert table_of(settings, _FULL) == ""


def test_a_full_name_of_no_table_is_reached_as_its_service_has_it() -> None:
    assert reached(_settings(hosted=_HOSTED), "mistral/small") == ("mistral/small", ModelSettings())


@pytest.mark.parametrize("tables", [{"hosted": _HOSTED}, {"flaky": ModelSettings(use="mistral/small")}])
def test_a_table_that_is_gone_or_stands_for_another_model_is_not_replaced_by_the_one_that_is_left(
    tables: dict[str, ModelSettings],
) -> None:
    with pytest.raises(FileInvalid, match=r"models\.flaky"):
        require_same(_settings(**tables), "flaky", _FULL)
