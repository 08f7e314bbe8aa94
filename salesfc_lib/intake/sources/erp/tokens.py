"""Signing in by a user's password, by a bearer token, or by OAuth 2.0 with a token that expires."""

from __future__ import annotations

import base64
from typing import Any

from salesfc_lib.intake.sources.erp.door import Door, Unclear, parse


class Tokens(Door):
    """A door that signs with what the connection names: client, bearer token, or password."""

    token_path = ""  # of the OAuth 2.0 endpoint, where the parameters do not say

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._token, self._pair = "", ""

    def sign(self) -> dict[str, str]:
        """The authorisation of a request."""
        if self.connection.client_id_env:
            if not self._token:
                self._fetch()
            return {"Authorization": f"Bearer {self._token}"}
        if self.connection.token_env:
            return {"Authorization": f"Bearer {self.secret('token_env')}"}
        return {"Authorization": self._basic("user_env", "password_env")}

    @property
    def is_renewable(self) -> bool:
        """Whether there is a client that gets tokens; a password is not tried twice."""
        return bool(self.connection.client_id_env)

    def renew(self) -> None:
        """Get a new token for the next request."""
        self._token = ""

    def _secrets(self) -> list[str]:
        return [*super()._secrets(), *filter(None, [self._token, self._pair])]

    def _basic(self, user: str, password: str) -> str:
        pair = f"{self.secret(user)}:{self.secret(password)}".encode()
        self._pair = base64.b64encode(pair).decode()
        return f"Basic {self._pair}"

    def _fetch(self) -> None:
        refresh = self.connection.refresh_token_env
        form = {"grant_type": "refresh_token" if refresh else "client_credentials"}
        if refresh:
            form["refresh_token"] = self.secret("refresh_token_env")
        headers = {"Authorization": self._basic("client_id_env", "client_secret_env")}
        path = self.connection.token_path or self.token_path
        response = self.exchange("POST", path, data=form, headers=headers)
        answer, why = None, ""
        try:
            answer = parse(response) if response.is_success else None
        except ValueError:
            why = "half of a token's answer"
        if why:
            raise Unclear(str(self.refuse(why)))
        if not isinstance(answer, dict) or not answer.get("access_token"):
            raise self.refuse(
                f"it gave no access token (HTTP {response.status_code}: {response.text})",
                "Correct the client's id and secret in the environment, or `token_path`",
            )
        self._token = str(answer["access_token"])
