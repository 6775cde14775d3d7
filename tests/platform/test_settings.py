"""A flag beats the environment, which beats the file, which beats the default."""

from __future__ import annotations

from pathlib import Path

import pytest

from perturbome.platform.errors import InputError
from perturbome.platform.settings import Settings, load_settings


@pytest.fixture(autouse=True)
def clean(monkeypatch, tmp_path):
    for name in Settings.model_fields:
        monkeypatch.delenv(f"PERTURBOME_{name.upper()}", raising=False)
    monkeypatch.chdir(tmp_path)
    files = (tmp_path / "home.toml", Path("perturbome.toml"))
    monkeypatch.setitem(Settings.model_config, "toml_file", files)


def test_each_source_gives_way_to_the_one_above_it(monkeypatch, tmp_path):
    assert load_settings().row_limit == 100_000
    (tmp_path / "home.toml").write_text("row_limit = 10\ntime_limit = 5\n")
    assert load_settings().row_limit == 10
    Path("perturbome.toml").write_text("row_limit = 20\n")
    assert (load_settings().row_limit, load_settings().time_limit) == (20, 5)
    monkeypatch.setenv("PERTURBOME_ROW_LIMIT", "30")
    assert load_settings().row_limit == 30
    assert load_settings(row_limit=40).row_limit == 40
    assert load_settings(row_limit=None).row_limit == 30, "a flag that was not given says nothing"


@pytest.mark.parametrize(("name", "value"), [("row_limit", "many"), ("time_limit", "-1")])
def test_a_bad_value_names_the_setting_and_where_it_is_set(monkeypatch, name, value):
    monkeypatch.setenv(f"PERTURBOME_{name.upper()}", value)
    with pytest.raises(InputError, match=f"Setting '{name}' is '{value}'.*PERTURBOME_{name.upper()}"):
        load_settings()


def test_a_misspelt_setting_in_the_file_is_not_passed_over():
    Path("perturbome.toml").write_text("rowlimit = 20\n")
    with pytest.raises(InputError, match="rowlimit"):
        load_settings()


def test_the_login_comes_from_a_secret_file_in_neo4js_own_form(tmp_path):
    secret = tmp_path / "auth"
    secret.write_text("reader/pass/word\n")
    settings = load_settings(neo4j_auth_file=secret)
    assert (settings.neo4j_user, settings.password()) == ("reader", "pass/word")
    assert "pass/word" not in repr(settings)
    secret.write_text("password-only")
    with pytest.raises(InputError, match="user/password"):
        load_settings(neo4j_auth_file=secret)
    with pytest.raises(InputError, match="cannot be read"):
        load_settings(neo4j_auth_file=tmp_path / "absent")
