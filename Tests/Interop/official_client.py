# This source file is part of the swift-mcp-auth project.
# SPDX-License-Identifier: Apache-2.0
"""What the scripts with the official MCP Python client share: a sign-in without a user interface, and a log."""
import json
import typing
import urllib.parse

import httpx
import httpx2
from mcp.client.auth import OAuthClientProvider
from mcp.shared.auth import AuthorizationCodeResult, OAuthClientMetadata

NEWEST = "2026-07-28"
CALLBACK = "http://127.0.0.1:9999/callback"


class Storage:
    tokens = client = None

    async def get_tokens(self):
        return self.tokens

    async def set_tokens(self, tokens):
        self.tokens = tokens

    async def get_client_info(self):
        return self.client

    async def set_client_info(self, client):
        self.client = client


def provider(url, storage):
    """The client's own OAuth code; only the browser is simulated."""
    answer = {}

    async def redirect(url):
        """Acts as the browser up to the callback."""
        assert "code_challenge_method=S256" in url and "resource=" in url, url
        async with httpx.AsyncClient(timeout=10) as browser:
            response = await browser.get(url)
            assert response.status_code == 302, response.text
            query = urllib.parse.urlparse(response.headers["location"]).query
            answer.update(dict(urllib.parse.parse_qsl(query)))

    async def callback():
        return AuthorizationCodeResult(code=answer["code"], state=answer.get("state"), iss=answer.get("iss"))

    metadata = OAuthClientMetadata(
        client_name="interop",
        redirect_uris=[CALLBACK],
        grant_types=["authorization_code", "refresh_token"],
        response_types=["code"],
        token_endpoint_auth_method="none",
    )
    return OAuthClientProvider(
        server_url=url, client_metadata=metadata, storage=storage, redirect_handler=redirect, callback_handler=callback
    )


class Exchange(typing.NamedTuple):
    """One request and the status of its answer; `call` is the MCP method, and the tool after a colon."""

    method: str
    url: str
    status: int
    call: str | None
    has_token: bool


class Log(httpx2.AsyncHTTPTransport):
    """Prints and keeps every exchange; messages are those that were posted to the MCP server."""

    def __init__(self, url):
        super().__init__()
        self.url = url
        self.exchanges = []

    @property
    def messages(self):
        return [each for each in self.exchanges if each.url == self.url and each.method == "POST"]

    async def handle_async_request(self, request):
        response = await super().handle_async_request(request)
        message = json.loads(request.content) if str(request.url) == self.url and request.content else {}
        call = message.get("method")
        if call == "tools/call":
            call += ":" + message["params"]["name"]
        has_token = "authorization" in request.headers
        self.exchanges.append(Exchange(request.method, str(request.url), response.status_code, call, has_token))
        print(f"  {response.status_code} {request.method} {request.url} {call or ''}", flush=True)
        return response
