#!/usr/bin/env python3
# This source file is part of the swift-mcp-auth project.
# SPDX-License-Identifier: Apache-2.0
"""The official MCP Python client against the demo, without a user interface.

401, metadata, registration, code with PKCE and `resource`, token, tools/list, tools/call; then a tool that needs more:
403, step-up, success. MODE is `legacy` (a session that `initialize` opens), `2026-07-28` (no session, and a stream of
changes), or `auto` (the client asks the server which it speaks). Prints every exchange; exits non-zero unless all
of this happened.
usage: mcp_client.py MODE SERVER_URL READING_TOOL WRITING_TOOL ARGUMENT
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

MODE, URL, READING, WRITING, ARGUMENT = sys.argv[1:6]
NEWEST = "2026-07-28"
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
    """Acts as the browser up to the callback."""
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
        method = json.loads(request.content).get("method") if str(request.url) == URL and request.content else None
        statuses.append((request.method, str(request.url), response.status_code, method))
        print(f"  {response.status_code} {request.method} {request.url} {method or ''}", flush=True)
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
        async with Client(streamable_http_client(URL, http_client=http), mode=MODE) as client:
            print("revision:", client.protocol_version)
            assert (client.protocol_version == NEWEST) == (MODE != "legacy"), client.protocol_version
            tools = [tool.name for tool in (await client.list_tools()).tools]
            assert READING in tools and WRITING in tools, tools
            result = await client.call_tool(READING, {})
            print("reading:", result.content[0].text)
            scope_before = storage.tokens.scope
            result = await client.call_tool(WRITING, {ARGUMENT: "from the official client"})
            print("writing:", result.content[0].text)
            if MODE != "legacy":
                async with client.listen(tools_list_changed=True) as changes:
                    print("listening, honoured:", changes.honored)
    seen = [status for method, url, status, _ in statuses if url == URL and method == "POST"]
    assert seen[0] == 401, seen
    assert 403 in seen and seen[-1] == 200, seen
    opening = {"legacy": "initialize", "auto": "server/discover", NEWEST: "tools/list"}
    assert [m for _, url, status, m in statuses if url == URL and status == 200][0] == opening[MODE], statuses
    assert storage.tokens.scope != scope_before, "the scope did not grow"
    print("scope grew from", scope_before, "to", storage.tokens.scope)


asyncio.run(main())
