"""Settings: a flag beats the environment, which beats the file, which beats the default."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from perturbome.platform.errors import InputError

FILES = (Path.home() / ".config" / "perturbome" / "perturbome.toml", Path("perturbome.toml"))
"""Read in this order; the later one wins."""


class Settings(BaseSettings):
    """Everything that can be set once for all commands; environment names begin with PERTURBOME_."""

    model_config = SettingsConfigDict(env_prefix="PERTURBOME_", extra="forbid", toml_file=FILES)

    store: Path = Field(Path("perturbome-store"), description="Folder of the store.")
    graph: str | None = Field(None, description="Address of a graph server (bolt://host:7687); empty: embedded.")
    neo4j_user: str = Field("neo4j", description="User name at the graph server.")
    neo4j_password: SecretStr | None = Field(None, description="Password at the graph server.")
    neo4j_auth_file: Path | None = Field(None, description="File that holds user/password (a mounted secret).")
    neo4j_database: str | None = Field(None, description="Database at the graph server; empty: its default.")
    row_limit: int = Field(100_000, gt=0, description="Rows a typed query may return.")
    time_limit: float = Field(30.0, gt=0, description="Seconds a typed query may take.")
    query_memory_gb: float = Field(
        4.0, gt=0, description="Memory a typed query may take in the embedded engine, GB (on Linux)."
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Flags, environment, files: in this order of weight."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)

    @model_validator(mode="after")
    def _login_from_file(self) -> Settings:
        """A file in Neo4j's own form, `user/password`, stands in for a password that was not given."""
        if self.neo4j_auth_file is not None and self.neo4j_password is None:
            try:
                user, slash, password = self.neo4j_auth_file.read_text().strip().partition("/")
            except OSError as error:
                raise ValueError(f"the file {self.neo4j_auth_file} cannot be read: {error.strerror}") from error
            if not slash:
                raise ValueError(f"the file {self.neo4j_auth_file} should hold user/password, as in neo4j/secret")
            self.neo4j_user, self.neo4j_password = user, SecretStr(password)
        return self

    def password(self) -> str | None:
        """The graph server's password as plain text."""
        return None if self.neo4j_password is None else self.neo4j_password.get_secret_value()


def load_settings(**flags: Any) -> Settings:
    """Settings from flags (None means not given), environment and files; InputError names what is wrong."""
    try:
        return Settings(**{name: value for name, value in flags.items() if value is not None})
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        if not name:
            raise InputError(f"The settings do not fit: {first['msg'].removeprefix('Value error, ')}.") from error
        raise InputError(
            f"Setting '{name}' is {first.get('input')!r}: {first['msg']}. It is set by a flag, by "
            f"PERTURBOME_{name.upper()} or in one of {', '.join(map(str, FILES))}."
        ) from error
