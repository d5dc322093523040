"""Asks the site's authority beside the pages' loop; what it can't answer is a sentence, not a fault."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from fastapi import FastAPI

from contract.errors import LinkError, StoreError
from ingest.authority.records import NodeState
from ingest.commissioning.codes import CodeMaker, KitSetUp

__all__ = ["authority_of", "kits_of", "known_nodes", "locked_out_nodes"]


def authority_of(app: FastAPI) -> CodeMaker | None:
    """None where these pages have none, as in the demo."""
    return kits_of(app).codes


def kits_of(app: FastAPI) -> KitSetUp:
    """What this application sets kits up with."""
    found = app.state.kits
    assert isinstance(found, KitSetUp)
    return found


async def known_nodes(app: FastAPI) -> tuple[Mapping[str, NodeState], str]:
    """What the authority knows of kits, and what is wrong if it can't be asked."""
    maker = authority_of(app)
    if maker is None:
        return {}, ""
    try:
        return await asyncio.to_thread(maker.nodes), ""
    except (LinkError, StoreError) as error:
        return {}, str(error)


async def locked_out_nodes(app: FastAPI) -> frozenset[str]:
    """The kits that are locked out, as far as the authority can be asked."""
    nodes, _trouble = await known_nodes(app)
    return frozenset(name for name, node in nodes.items() if node.revoked_at is not None)
