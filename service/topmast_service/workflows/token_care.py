"""Tokens between their uses: kept alive at MAST, and their users told in time what they must do.

Upkeep's single slot finds what is due and delivers the messages; MAST is asked by the query worker, so that a slow MAST
holds up no round. A message belongs to no job: what its user was told stands in the token's own record.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from email.message import EmailMessage
from typing import TYPE_CHECKING

from topmast_service.domain.token import Token
from topmast_service.domain.token_life import REFUSED, TokenFacts, owed, wants_showing
from topmast_service.errors import BadMastToken, Invalid, NeedsMastToken, NotFound, TopmastError
from topmast_service.notify import token_mail
from topmast_service.notify.commands import Endpoints
from topmast_service.notify.smtp import MailDelayed, MailRefused
from topmast_service.store.jobs import JobStore
from topmast_service.store.tokens import Tokens
from topmast_service.store.users import Users

if TYPE_CHECKING:
    from topmast_service.archive.tokens import Who

log = logging.getLogger(__name__)

AGAIN = timedelta(hours=1)
"""How long after one look at idle tokens another is called for: also how long a MAST that is away is left alone."""

AT_ONCE = 5
"""Tokens that one look shows to MAST: at most so many times its timeout in the query worker."""

RETRY = timedelta(minutes=1)
"""Pause between two tries to hand one mail over."""


@dataclass(frozen=True)
class KeepAlive:
    """The query worker's part: shows MAST the tokens that would end for want of use."""

    tokens: Tokens
    whoami: Callable[[Token], Who]

    def run(self) -> None:
        """A few of them, those that idle longest first; a MAST that is away is asked another time."""
        now = self.tokens.now()
        due = [(facts.used, user) for user, facts in self.tokens.everybody() if wants_showing(facts, now)]
        try:
            for _, user in sorted(due)[:AT_ONCE]:
                self._show(user)
        except TopmastError as error:
            log.warning("idle tokens are shown to MAST later: %s", error)

    def _show(self, user: str) -> None:
        try:
            token = self.tokens.look(user)
        except NeedsMastToken:  # forgotten or refused meanwhile, or its key is gone, which is noted by looking
            return
        try:
            self.whoami(token)
        except BadMastToken as error:
            log.info("the MAST token of %s: %s", user, error)
            self.tokens.refuse(user, token)
        else:
            self.tokens.note_use(user, token)


@dataclass(frozen=True)
class TokenCare:
    """Upkeep's part: calls for `KeepAlive` when a token idles, and delivers what users are owed."""

    tokens: Tokens
    users: Users
    jobs: JobStore
    endpoints: Endpoints
    deliver: Callable[[EmailMessage], None]
    call: Callable[[], None]

    def round(self) -> None:
        """Once over all tokens; a user who cannot be told does not keep the others from it."""
        now = self.tokens.now()
        found = list(self.tokens.everybody())
        if any(wants_showing(facts, now) for _, facts in found) and self.jobs.once("idle-tokens", AGAIN):
            self.call()
        for user, facts in found:
            if notice := owed(facts, now):
                self._tell(user, facts, notice)

    def _tell(self, user: str, facts: TokenFacts, notice: str) -> None:
        address = self._address(user)
        if not address or not self.jobs.once(f"mail:token:{facts.serial}:{notice}", RETRY):
            return
        try:
            self.deliver(self._message(user, facts, notice, address))
        except (MailRefused, Invalid) as error:
            log.error("%s of the MAST token of %s will never be told: %s", notice, user, error)
        except (MailDelayed, OSError) as error:
            log.warning("%s of the MAST token of %s is not told yet: %s", notice, user, error)
            return
        self.tokens.note_told(user, facts, notice)

    def _address(self, user: str) -> str:
        """Where the user is told things; who has no address looks at ``GET /v1/me/mast-token``."""
        try:
            return self.users.get(user).email
        except NotFound:
            return ""

    def _message(self, user: str, facts: TokenFacts, notice: str, address: str) -> EmailMessage:
        write = token_mail.refused if notice == REFUSED else token_mail.ending
        return write(user, facts, notice, self.endpoints, address)
