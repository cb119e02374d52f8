#!/usr/bin/env python3
# This source file is part of the swift-mcp-auth project.
# SPDX-License-Identifier: Apache-2.0
"""The official MCP Python client at a server that anyone may read, and that asks for a token only when it writes.

1. Without a token: the session, the list of the tools, a tool for anyone.
2. In the same session a tool that needs a token: 401, the client signs in by itself, and the call succeeds.
3. A client that sees only the results of tools, at RESULTS_URL, where a 401 would not reach it: the call has status
   200, and the challenge is in the result.
4. With what that challenge says, the client's OAuth code signs in there too.

MODE is `legacy` (a session that `initialize` opens), `2026-07-28` (no session), or `auto` (the client asks the server
which it speaks). Prints every exchange; exits non-zero unless all of this happened.
usage: public_client.py MODE SERVER_URL RESULTS_URL READING_TOOL WRITING_TOOL ARGUMENT
"""
import asyncio
import json
import sys

import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from official_client import NEWEST, Log, Storage, provider

MODE, URL, RESULTS_URL, READING, WRITING, ARGUMENT = sys.argv[1:7]
CHALLENGE = "mcp/www_authenticate"
OPENING = {"legacy": "initialize", "auto": "server/discover", NEWEST: "tools/list"}


class ReadsResults(Log):
    """A host that reads the results of tools: a challenge in one is for its OAuth code what a 401 is."""

    async def handle_async_request(self, request):
        response = await super().handle_async_request(request)
        if str(request.url) != self.url or response.status_code != 200:
            return response
        result = json.loads(await response.aread()).get("result", {})
        challenges = result.get("_meta", {}).get(CHALLENGE)
        if not challenges:
            return response
        return httpx2.Response(401, headers={"WWW-Authenticate": challenges[0]}, request=request)


async def read(client):
    """What needs no token."""
    print("revision:", client.protocol_version)
    assert (client.protocol_version == NEWEST) == (MODE != "legacy"), client.protocol_version
    tools = [tool.name for tool in (await client.list_tools()).tools]
    assert READING in tools and WRITING in tools, tools
    result = await client.call_tool(READING, {})
    assert not result.is_error, result
    print("reading:", result.content[0].text)


async def write(client):
    result = await client.call_tool(WRITING, {ARGUMENT: f"from the official client, {MODE}"})
    if not result.is_error:
        print("writing:", result.content[0].text)
    return result


async def signs_in_when_challenged():
    storage, log = Storage(), Log(URL)
    async with httpx2.AsyncClient(auth=provider(URL, storage), timeout=20, transport=log) as http:
        async with Client(streamable_http_client(URL, http_client=http), mode=MODE) as client:
            await read(client)
            before = list(log.exchanges)
            assert storage.tokens is None and not any(each.has_token for each in before), before
            assert {each.url for each in before} == {URL}, "it looked for an authorization server"
            assert all(each.status in (200, 202) for each in before), before
            assert before[0].call == OPENING[MODE], before
            print("no token was sent, and nothing was refused")

            result = await write(client)
            assert not result.is_error, result
            assert MODE in (await client.call_tool(READING, {})).content[0].text, "the line was not kept"
    after = log.messages[len(before):]
    seen = [(each.call, each.status, each.has_token) for each in after]
    writing, reading = "tools/call:" + WRITING, "tools/call:" + READING
    assert seen == [(writing, 401, False), (writing, 200, True), (reading, 200, True)], seen
    print("signed in for", storage.tokens.scope, "in the same session")


async def finds_the_challenge_in_the_result():
    """Has no OAuth code, and never looks at a status."""
    log = Log(RESULTS_URL)
    async with httpx2.AsyncClient(timeout=20, transport=log) as http:
        async with Client(streamable_http_client(RESULTS_URL, http_client=http), mode=MODE) as client:
            await read(client)
            result = await write(client)
    assert result.is_error and len(result.meta[CHALLENGE]) == 1, result
    challenge = result.meta[CHALLENGE][0]
    assert challenge.startswith('Bearer error="insufficient_scope", scope="'), challenge
    origin, path = RESULTS_URL[:RESULTS_URL.index("/", 8)], RESULTS_URL[RESULTS_URL.index("/", 8):]
    assert f'resource_metadata="{origin}/.well-known/oauth-protected-resource{path}"' in challenge, challenge
    assert all(each.status in (200, 202) for each in log.exchanges), log.exchanges
    print("the result says:", result.content[0].text)
    print("its challenge:", challenge)


async def signs_in_after_the_result():
    storage, log = Storage(), ReadsResults(RESULTS_URL)
    async with httpx2.AsyncClient(auth=provider(RESULTS_URL, storage), timeout=20, transport=log) as http:
        async with Client(streamable_http_client(RESULTS_URL, http_client=http), mode=MODE) as client:
            result = await write(client)
            assert not result.is_error, result
    seen = [(each.status, each.has_token) for each in log.messages if each.call == "tools/call:" + WRITING]
    assert seen == [(200, False), (200, True)], seen
    print("signed in for", storage.tokens.scope, "with the challenge of the result")


async def main():
    print("== a client that reacts to 401")
    await signs_in_when_challenged()
    print("== a client that sees only results")
    await finds_the_challenge_in_the_result()
    print("== a host that passes such a challenge to its OAuth code")
    await signs_in_after_the_result()


asyncio.run(main())
