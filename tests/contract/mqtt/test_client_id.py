"""Ids that nobody can guess."""

from __future__ import annotations

import re

from contract.mqtt.client_id import program_client_id


def test_each_id_is_another_one_and_names_its_program() -> None:
    ids = {program_client_id("ingest") for _ in range(100)}
    assert len(ids) == 100
    assert all(re.fullmatch(r"roomtone-ingest-[0-9a-f]{16}", each) for each in ids)
