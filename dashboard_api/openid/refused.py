"""Why a sign-in through the identity provider failed: a sentence for the page, a word for the log."""

from __future__ import annotations

from contract.language import _
from dashboard_api.people.sign_in import SignInRefusedError

__all__ = ["ProviderRefusedError", "provider_is_down", "untrusted"]


class ProviderRefusedError(SignInRefusedError):
    """The provider failed, or its answer is refused; `reason` quotes nothing that it sent."""

    def __init__(self, sentence: str, reason: str, status: int = 403) -> None:
        super().__init__(sentence, status)
        self.reason = reason


def provider_is_down(reason: str) -> ProviderRefusedError:
    return ProviderRefusedError(
        _(
            "The sign-in service of your school account does not answer right now. Try again in a few "
            "minutes, or sign in with your password."
        ),
        reason,
        503,
    )


def untrusted(reason: str) -> ProviderRefusedError:
    return ProviderRefusedError(
        _(
            "The answer of your school account's sign-in service can't be trusted, so nobody was "
            "signed in. Try again; if that does not help, ask an administrator."
        ),
        reason,
    )
