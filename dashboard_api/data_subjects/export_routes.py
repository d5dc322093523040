"""All that is held about whoever is signed in, as one archive that is sent while it is made."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime, tzinfo

from fastapi import APIRouter, Request
from starlette.responses import Response, StreamingResponse

from contract.clock import SECOND_NS
from dashboard_api.data_subjects.export import Piece, export_pieces
from dashboard_api.data_subjects.zip_stream import ZipStream
from dashboard_api.web.access import SignedIn, secret_of
from dashboard_api.web.limits.export_places import export_places, without_place
from dashboard_api.web.secret import Secret
from dashboard_api.web.store_thread import StoreDep, Stores, StoreThread
from dashboard_api.web.viewer import Viewer

__all__ = ["router"]

router = APIRouter(include_in_schema=False)


@router.post("/account/export")
async def export_own(request: Request, viewer: SignedIn, store: StoreDep) -> Response:
    """Recorded before the first byte, and each lesson when its turn comes."""
    if (refusal := without_place(request, viewer.person.id)) is not None:
        return refusal
    places = export_places(request)
    zone = request.app.state.zone

    def begin(stores: Stores) -> Iterator[Piece]:
        stores.people.held.record_export(viewer.person.id, viewer.actor)
        return export_pieces(
            stores, viewer.person, viewer.actor, now_utc_ns=viewer.utc_ns, zone=zone
        )

    pieces = await store.run(begin)
    made_at = _local(viewer, zone)
    name = f"roomtone-{made_at:%Y-%m-%d}.zip"
    return StreamingResponse(
        _archive(pieces, ZipStream(made_at), store, secret_of(request), places.held, viewer),
        media_type="application/zip",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


async def _archive(
    pieces: Iterator[Piece],
    archive: ZipStream,
    store: StoreThread,
    secret: Secret,
    place: Callable[[str], AbstractContextManager[None]],
    viewer: Viewer,
) -> AsyncIterator[bytes]:
    """Its bytes; without an end, so that it can't be opened, if the session ends meanwhile."""

    def next_piece(stores: Stores) -> Piece | None:
        if secret.holder(stores, store.people_clock.utc_ns()) is None:
            raise _SessionEndedError
        return next(pieces, None)

    with place(viewer.person.id):
        try:
            while (piece := await store.run(next_piece)) is not None:
                if ready := archive.write(*piece):
                    yield ready
        except _SessionEndedError:
            return
        yield archive.close()


class _SessionEndedError(Exception):
    """The person is not signed in any more."""


def _local(viewer: Viewer, zone: tzinfo | None) -> datetime:
    return datetime.fromtimestamp(viewer.people_utc_ns // SECOND_NS, UTC).astimezone(zone)
