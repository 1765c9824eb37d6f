"""How people are told: mails, hooks, and what stands in them."""

from __future__ import annotations

from collections.abc import Callable
from email.message import EmailMessage
from typing import TYPE_CHECKING

from topmast_service.config import Settings
from topmast_service.container.stores import Stores
from topmast_service.notify import hooks
from topmast_service.store.messages import Messages

if TYPE_CHECKING:
    from topmast_service.notify.commands import Endpoints
    from topmast_service.workflows.hooks import Hooks
    from topmast_service.workflows.notices import Notices
    from topmast_service.workflows.token_care import TokenCare


def notices(stores: Stores) -> Notices:
    """Tells who is owed a notice."""
    from topmast_service.workflows.notices import Notices

    settings = stores.settings
    return Notices(stores.jobs, settings.tables, endpoints(settings), delivery(settings), hooks_of(stores))


def token_care(stores: Stores, messages: Messages) -> TokenCare:
    """Looks after MAST tokens."""
    from topmast_service.workflows.token_care import TokenCare

    settings, call = stores.settings, messages.show_tokens
    return TokenCare(stores.tokens, stores.users, stores.jobs, endpoints(settings), delivery(settings), call)


def endpoints(settings: Settings) -> Endpoints:
    """What mails say of where things are."""
    from topmast_service.notify.commands import Endpoints

    ftps = settings.ftps_public_host or None
    port = settings.ftps_port if ftps else None
    return Endpoints(settings.public_url, ftps, port, settings.ftps_ca_file or None, settings.mail_from)


def hooks_of(stores: Stores) -> Hooks:
    """Runs the operator's commands."""
    from topmast_service.workflows.hooks import Hooks

    commands = hooks.named(stores.settings.hooks)
    hooks.check(commands)
    return Hooks(stores.jobs, stores.trees, commands)


def delivery(settings: Settings) -> Callable[[EmailMessage], None]:
    """Where mails go."""
    from topmast_service.notify.mailbox import Mailbox
    from topmast_service.notify.smtp import Smtp

    if not settings.smtp_host:
        return Mailbox(settings.mail).deliver
    user = settings.smtp_user or None
    return Smtp(
        settings.smtp_host,
        settings.smtp_port,
        starttls=settings.smtp_starttls,
        user=user,
        password=settings.smtp_password or None,
    ).deliver
