"""server.toml: a key that was renamed is refused, and the sentence has its new name."""

from __future__ import annotations

import pytest

from contract.errors import ConfigurationError
from ingest.settings import ServerSettings


@pytest.mark.parametrize(("old", "new"), ServerSettings.renamed.items())
def test_a_key_that_was_renamed_is_refused_with_its_new_name(old: str, new: str) -> None:
    (table, old_key), (_, new_key) = old.split("."), new.split(".")
    with pytest.raises(ConfigurationError) as refused:
        ServerSettings.checked({"site": "school", table: {old_key: 500}}, where="server.toml")
    assert f"server.toml: {old} is called {new} now" in str(refused.value)
    fields = {"site": "school", table: {new_key: 500}}
    settings = ServerSettings.checked(fields, where="server.toml")
    assert getattr(getattr(settings, table), new_key) == 500
