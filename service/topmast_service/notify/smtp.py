"""Messages to a mail server: at least once, under a fixed Message-ID.

A message is repeated only if the process dies between the server's 250 and the record of it; readers and servers
that look at Message-IDs drop the second one.
"""

from __future__ import annotations

import contextlib
import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage

from topmast_service.errors import TopmastError


class MailDelayed(TopmastError):
    """Trying again later may help: the server is away, busy or greylisting, or its settings are wrong."""

    code, kind, title = "mail_delayed", "upstream", "The mail server does not take messages now"
    hint = "Nothing to do: it is tried again. If it stays, whoever runs this topmast checks the SMTP settings."


class MailRefused(TopmastError):
    """The server will never take this message."""

    code, kind, title = "mail_refused", "fatal", "The mail server refused the message"
    hint = "Check the e-mail address; the result itself is ready."


@dataclass(frozen=True)
class Smtp:
    """A mail server.

    Parameters
    ----------
    starttls
        Demand TLS, with a certificate that verifies (against `ca_file` if given). Always on with a password.
    timeout
        Seconds that each step may take.
    """

    host: str
    port: int = 25
    starttls: bool = False
    user: str | None = None
    password: str | None = None
    timeout: float = 30.0
    ca_file: str | None = None

    def __repr__(self) -> str:
        return f"Smtp({self.host!r}, {self.port})"

    def deliver(self, message: EmailMessage) -> None:
        """Hand the message over; when this returns, the server has taken responsibility for it.

        Raises
        ------
        MailDelayed
            Again later.
        MailRefused
            Not this message, not to this recipient (a 5xx answer to one of them).
        """
        connection = self._connect()
        try:
            _send(connection, message)
            with contextlib.suppress(OSError, smtplib.SMTPException):
                connection.quit()  # the message is theirs already, whatever happens to the goodbye
        finally:
            connection.close()

    def _connect(self) -> smtplib.SMTP:
        try:
            connection = smtplib.SMTP(self.host, self.port, timeout=self.timeout)
            with contextlib.ExitStack() as unfinished:
                unfinished.callback(connection.close)
                self._secure(connection)
                unfinished.pop_all()
        except (OSError, smtplib.SMTPException) as error:
            raise MailDelayed(f"Mail server {self.host}:{self.port}: {_reason(error)}") from error
        except UnicodeError:  # not its cause: that has the password in it
            raise MailDelayed("The login at the mail server has characters beyond ASCII.") from None
        return connection

    def _secure(self, connection: smtplib.SMTP) -> None:
        if self.starttls or self.password:
            connection.starttls(context=ssl.create_default_context(cafile=self.ca_file))
        if self.user and self.password:
            connection.login(self.user, self.password)


def _send(connection: smtplib.SMTP, message: EmailMessage) -> None:
    try:
        connection.send_message(message)
    except smtplib.SMTPRecipientsRefused as error:
        code, answer = next(iter(error.recipients.values()))
        raise _refusal(code, answer) from error
    except smtplib.SMTPResponseException as error:
        raise _refusal(error.smtp_code, error.smtp_error) from error
    except smtplib.SMTPNotSupportedError as error:
        raise MailRefused("The mail server takes no addresses beyond ASCII.") from error
    except (OSError, smtplib.SMTPException) as error:
        raise MailDelayed(f"Mail server: {_reason(error)}") from error


def _refusal(code: int, answer: bytes | str) -> TopmastError:
    told = f"Mail server: {code} {_text(answer)}"
    return MailRefused(told) if 500 <= code < 600 else MailDelayed(told)


def _reason(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{error.smtp_code} {_text(error.smtp_error)}"
    return _text(str(error)) or type(error).__name__


def _text(answer: bytes | str) -> str:
    text = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
    return " ".join(text.split())[:300]
