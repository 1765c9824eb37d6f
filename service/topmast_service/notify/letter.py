"""What every message has, whatever it is about: sender, recipient, one line of subject, a Message-ID that stays."""

from __future__ import annotations

from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from hashlib import sha256
from importlib.resources import files
from string import Template

from topmast_service.errors import Invalid
from topmast_service.notify.wording import plain

_LONGEST_LINE = 998
"""Characters in a line of a message, without its end (RFC 5322 §2.1.1)."""


def letter(sender: str, recipient: str, *, subject: str, date: datetime, ident: str, body: str) -> EmailMessage:
    """A message; `ident` is of what is told, for ever, and makes the Message-ID together with the recipient.

    Raises
    ------
    Invalid
        `sender` or `recipient` is not one e-mail address.
    """
    message = EmailMessage(policy=SMTP)
    origin = _address(sender)
    message["From"] = origin
    message["To"] = _address(recipient)
    message["Subject"] = plain(subject, 300)
    message["Date"] = format_datetime(date)
    message["Message-ID"] = f"<{ident}.{sha256(recipient.encode()).hexdigest()[:12]}@{origin.domain}>"
    message["Auto-Submitted"] = "auto-generated"
    # Command lines must stay whole and readable in the raw file, so ASCII goes as it is, however wide.
    body = body.strip() + "\n"
    wide = body.isascii() and max(map(len, body.splitlines())) <= _LONGEST_LINE
    message.set_content(body, cte="7bit" if wide else "quoted-printable")
    return message


def filled(name: str, /, **values: str) -> str:
    """The template of this name with its values."""
    template = files("topmast_service.notify").joinpath("templates", f"{name}.txt").read_text(encoding="utf-8")
    return Template(template).substitute(values)


def _address(text: str) -> Address:
    try:
        address = Address(addr_spec=text)
    except (MessageError, ValueError, IndexError) as error:
        raise _not_an_address(text) from error
    if not (address.username and address.domain and text.isprintable() and " " not in text):
        raise _not_an_address(text)
    return address


def _not_an_address(text: str) -> Invalid:
    return Invalid(f"{plain(text)!r} is not one e-mail address.", hint="Give one address, as name@host.")
