"""The claims of all sites that one ingest keeps."""

from __future__ import annotations

from contract.clock import Clock
from contract.errors import LinkError
from ingest.claims.claim import SiteClaim, Word
from ingest.settings import ServerSettings

__all__ = ["SiteClaims"]


class SiteClaims:
    """Claims every site of the settings; what is said is said on each of them."""

    def __init__(
        self, *, settings: ServerSettings, clock: Clock, instance: str, place: str
    ) -> None:
        started_utc_ns = clock.utc_ns()
        self._said: Word = ""
        self._claims = [
            SiteClaim(
                site=site, broker=settings.broker, clock=clock, instance=instance, place=place,
                started_utc_ns=started_utc_ns,
            )
            for site in settings.sites
        ]  # fmt: skip

    def start(self) -> None:
        """Ask for all of them."""
        for claim in self._claims:
            claim.start()

    @property
    def are_held(self) -> bool:
        """Whether all of them are this ingest's."""
        return all(claim.is_held for claim in self._claims)

    @property
    def have_said_up(self) -> bool:
        """Whether the nodes of all of them read that they may send."""
        return all(claim.has_said_up for claim in self._claims)

    @property
    def trouble(self) -> str:
        """Why one of them has no connection to the broker, or nothing."""
        return next((claim.trouble for claim in self._claims if claim.trouble), "")

    def require(self) -> None:
        """Raise LinkError, if another ingest turned out to keep one of them."""
        for claim in self._claims:
            if claim.is_refused:
                raise LinkError(claim.refusal)

    def say(self, word: Word) -> None:
        """Say on every site's state that this ingest is up, or that it is down for the moment."""
        if word != self._said:
            self._said = word
            for claim in self._claims:
                claim.say(word)

    def stop(self) -> None:
        """Say on every site that is held that ingest has gone."""
        for claim in self._claims:
            claim.stop()
