#!/usr/bin/env python3
"""The official MCP Python client against the demo, without a screen.

401, metadata, registration, code with PKCE and `resource`, token, initialize, tools/list, tools/call; then a tool that
needs more: 403, step-up, success. Prints every exchange; exits non-zero unless all of it happened.
usage: mcp_client.py SERVER_URL READING_TOOL WRITING_TOOL ARGUMENT
"""
import asyncio
import json
import sys
import urllib.parse

import httpx
import httpx2
from mcp import Client
from mcp.client.auth import OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import AuthorizationCodeResult, OAuthClientMetadata

URL, READING, WRITING, ARGUMENT = sys.argv[1:5]
CALLBACK = "http://127.0.0.1:9999/callback"
answer = {}
statuses = []


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


async def redirect(url):
    """Plays the browser up to the callback."""
    assert "code_challenge_method=S256" in url and "resource=" in url, url
    async with httpx.AsyncClient(timeout=10) as browser:
        response = await browser.get(url)
        assert response.status_code == 302, response.text
        query = urllib.parse.urlparse(response.headers["location"]).query
        answer.update(dict(urllib.parse.parse_qsl(query)))


async def callback():
    return AuthorizationCodeResult(code=answer["code"], state=answer.get("state"), iss=answer.get("iss"))


class Log(httpx2.AsyncHTTPTransport):
    async def handle_async_request(self, request):
        response = await super().handle_async_request(request)
        statuses.append((request.method, str(request.url), response.status_code))
        print(f"  {response.status_code} {request.method} {request.url}", flush=True)
        return response


async def main():
    storage = Storage()
    metadata = OAuthClientMetadata(
        client_name="interop",
        redirect_uris=[CALLBACK],
        grant_types=["authorization_code", "refresh_token"],
        response_types=["code"],
        token_endpoint_auth_method="none",
    )
    oauth = OAuthClientProvider(
        server_url=URL, client_metadata=metadata, storage=storage, redirect_handler=redirect, callback_handler=callback
    )
    async with httpx2.AsyncClient(auth=oauth, timeout=20, transport=Log()) as http:
        async with Client(streamable_http_client(URL, http_client=http), mode="legacy") as client:
            tools = [tool.name for tool in (await client.list_tools()).tools]
            assert READING in tools and WRITING in tools, tools
            result = await client.call_tool(READING, {})
            print("reading:", result.content[0].text)
            scope_before = storage.tokens.scope
            result = await client.call_tool(WRITING, {ARGUMENT: "from the official client"})
            print("writing:", result.content[0].text)
    seen = [status for method, url, status in statuses if url == URL and method == "POST"]
    assert seen[0] == 401, seen
    assert 403 in seen and seen[-1] == 200, seen
    assert storage.tokens.scope != scope_before, "the scope did not grow"
    print("scope grew from", scope_before, "to", storage.tokens.scope)


asyncio.run(main())
