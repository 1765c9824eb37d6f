"""The messages about a user's MAST token: it does not work any more, or will not soon. No message holds a token."""

from __future__ import annotations

from datetime import datetime
from email.message import EmailMessage

from topmast_service.domain.token import NEW_TOKEN
from topmast_service.domain.token_life import TokenFacts, moment_of
from topmast_service.notify import commands
from topmast_service.notify.commands import Endpoints
from topmast_service.notify.letter import filled, letter
from topmast_service.notify.wording import moment, plain


def refused(user: str, facts: TokenFacts, notice: str, endpoints: Endpoints, recipient: str) -> EmailMessage:
    """The message that MAST does not accept the stored token any more.

    Raises
    ------
    Invalid
        `recipient` is not one e-mail address.
    """
    when = moment_of(facts, notice)
    body = filled("token_refused", refused=moment(when), **_told(user, facts, endpoints))
    return _message(user, facts, notice, endpoints, recipient, "MAST does not accept your token any more", when, body)


def ending(user: str, facts: TokenFacts, notice: str, endpoints: Endpoints, recipient: str) -> EmailMessage:
    """The message that the stored token ends soon.

    Raises
    ------
    Invalid
        `recipient` is not one e-mail address.
    """
    when, subject = moment_of(facts, notice), f"your MAST token ends on {moment(facts.end)}"
    body = filled("token_ending", end=moment(facts.end), **_told(user, facts, endpoints))
    return _message(user, facts, notice, endpoints, recipient, subject, when, body)


def _told(user: str, facts: TokenFacts, endpoints: Endpoints) -> dict[str, str]:
    return {
        "user": user,
        "name": plain(facts.name, 100) or "(no name)",
        "since": moment(facts.since),
        "used": moment(facts.used),
        "make": NEW_TOKEN,
        "store": commands.store_token(endpoints).replace("\n", "\n    "),
    }


def _message(  # noqa: PLR0917 - each is a line of the message
    user: str, facts: TokenFacts, notice: str, endpoints: Endpoints, recipient: str, subject: str, date: datetime,
    body: str,
) -> EmailMessage:  # fmt: skip
    ident = f"mast-token.{user}.{notice}.{facts.serial}"
    return letter(endpoints.from_address, recipient, subject=f"topmast: {subject}", date=date, ident=ident, body=body)
