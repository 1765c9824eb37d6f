"""Who the client's user is, and their MAST token."""

from __future__ import annotations

from typing import Any

from ._errors import UsageError
from ._held import HOW_TO_STORE
from ._messages import Request
from ._session import Session

ME = "/v1/me"
TOKEN = f"{ME}/mast-token"


class Account:
    """Part of `Client`; answers are the service's documents."""

    _session: Session

    def me(self) -> dict[str, Any]:
        """Who you are to the service: ``name``, ``email``, ``role``, the ``scopes`` of this key, and ``quotas``:
        ``limit`` (None: any) and ``used`` of ``open_jobs``, ``staged_bytes`` and ``requests_per_minute``.
        """
        return self._session.get(ME)

    def change_me(self, *, email: str) -> dict[str, Any]:
        """Have notices sent to this address unless a request says otherwise; empty for none."""
        return self._session.call(Request("PATCH", ME, json={"email": email})).json()

    def set_mast_token(self, token: str) -> None:
        """Let the service use your token of MAST (auth.mast.stsci.edu) for what is yours: exclusive and engineering
        data. The service asks MAST whether it is good, keeps it encrypted, and never shows it again.

        Raises
        ------
        Invalid
            MAST does not take it.
        """
        if not isinstance(token, str) or not token.strip():
            raise UsageError("a token is needed", hint=HOW_TO_STORE)
        self._session.call(Request("PUT", TOKEN, json={"token": token.strip()}))

    def mast_token(self) -> dict[str, Any]:
        """Whether the service has a token of yours, whether MAST takes it, and when it ends; never the token."""
        return self._session.get(TOKEN)

    def forget_mast_token(self) -> None:
        """Have the service forget it; that there is none is no error."""
        self._session.call(Request("DELETE", TOKEN))
