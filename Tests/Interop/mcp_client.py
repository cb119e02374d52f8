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
import sys

import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from official_client import NEWEST, Log, Storage, provider

MODE, URL, READING, WRITING, ARGUMENT = sys.argv[1:6]


async def main():
    storage = Storage()
    log = Log(URL)
    async with httpx2.AsyncClient(auth=provider(URL, storage), timeout=20, transport=log) as http:
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
    seen = [message.status for message in log.messages]
    assert seen[0] == 401, seen
    assert 403 in seen and seen[-1] == 200, seen
    opening = {"legacy": "initialize", "auto": "server/discover", NEWEST: "tools/list"}
    assert [message.call for message in log.messages if message.status == 200][0] == opening[MODE], log.messages
    assert storage.tokens.scope != scope_before, "the scope did not grow"
    print("scope grew from", scope_before, "to", storage.tokens.scope)


asyncio.run(main())
