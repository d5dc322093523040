"""Sends links and digests to the people whom they are for, by the school's mail server."""

from __future__ import annotations

import asyncio
import logging
import smtplib
import ssl
from concurrent.futures import ThreadPoolExecutor
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from typing import Final

from pydantic import SecretStr

from contract.errors import RoomtoneError
from contract.language import N_, _, language, speaking
from dashboard_api.language.choosing import language_of
from school.people.records import Person
from school.people.settings import SmtpSettings

__all__ = ["MailError", "Mailer", "message"]

log = logging.getLogger("dashboard")

_AT_ONCE: Final = 2
_MAX_WAITING: Final = 20
_LINK: Final = N_("""\
Hello,

an administrator of your school has made this link for you. With it you choose
how you sign in to Roomtone:

{link}

It works once, within seven days. If you did not expect it, do not open it, and
ask an administrator of your school.
""")


class MailError(RoomtoneError):
    """The message was not sent; the sentence says why and holds nothing secret."""


def message(sender: str, recipient: str, subject: str, text: str) -> EmailMessage:
    """The message, in plain text; raises MailError for what is no address."""
    built = EmailMessage()
    try:
        built["From"] = Address(addr_spec=sender)
        built["To"] = Address(addr_spec=recipient)
    except (MessageError, ValueError, IndexError, TypeError) as error:
        raise MailError(_("The name to sign in with is no e-mail address.")) from error
    built["Subject"] = subject
    built.set_content(text)
    return built


class Mailer:
    """Sends in threads of its own, since a mail server may be slow or silent."""

    def __init__(self, settings: SmtpSettings, password: SecretStr | None) -> None:
        self._settings = settings
        self._password = password
        self._threads = ThreadPoolExecutor(max_workers=_AT_ONCE, thread_name_prefix="mail")
        self._waiting = 0

    async def send_link(self, person: Person, link: str) -> None:
        """Send a link to choose a password; raises MailError, after `timeout_s` at the latest.

        Who has chosen no language gets it in that of who sends it.
        """
        with speaking(language_of(person.language) if person.language else language()):
            subject, text = _("Your link for Roomtone"), _(_LINK, link=link)
        await self.send(person.sign_in_name, subject, text)

    async def send(self, recipient: str, subject: str, text: str) -> None:
        """Send plain text; raises MailError, after `timeout_s` at the latest."""
        built = message(self._settings.sender or "", recipient, subject, text)
        if self._waiting >= _MAX_WAITING:
            raise MailError(_("The mail server has not taken the earlier messages yet."))
        self._waiting += 1
        work = asyncio.get_running_loop().run_in_executor(self._threads, self._send, built)
        work.add_done_callback(self._done)
        try:
            async with asyncio.timeout(self._settings.timeout_s):
                await asyncio.shield(work)
        except TimeoutError:
            raise self._failed(N_("it takes too long")) from None
        except smtplib.SMTPAuthenticationError:
            raise self._failed(N_("it refuses our name or password")) from None
        except smtplib.SMTPRecipientsRefused:
            raise self._failed(N_("it refuses the recipient")) from None
        except (smtplib.SMTPException, OSError, ValueError) as error:
            # The library may notice before we do, and calls it a lost connection.
            is_late = isinstance(error.__context__, TimeoutError)
            # Only the kind: the server's words may hold names.
            reason = N_("it takes too long") if is_late else type(error).__name__
            raise self._failed(reason) from None

    async def close(self) -> None:
        """Wait for no message any more."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _done(self, work: asyncio.Future[None]) -> None:
        self._waiting -= 1
        if not work.cancelled():
            work.exception()  # whoever gave up waiting has said that it failed

    def _failed(self, reason: str) -> MailError:
        log.warning("the mail server did not take a message: %s", reason)
        return MailError(_("The mail server did not take the message: {reason}.", reason=_(reason)))

    def _send(self, built: EmailMessage) -> None:
        settings, password = self._settings, self._password
        host, context = settings.host or "", None
        if settings.security != "none":
            context = ssl.create_default_context(cafile=settings.ca_file)
        if settings.security == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                host, settings.port, timeout=settings.timeout_s, context=context
            )
        else:
            server = smtplib.SMTP(host, settings.port, timeout=settings.timeout_s)
        with server:
            if settings.security == "starttls":
                server.starttls(context=context)
            if settings.user is not None and password is not None:
                server.login(settings.user, password.get_secret_value())
            server.send_message(built)
