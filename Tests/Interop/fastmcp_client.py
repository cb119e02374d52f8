#!/usr/bin/env python3
# This source file is part of the swift-mcp-auth project.
# SPDX-License-Identifier: Apache-2.0
"""FastMCP's own client (PyPI `fastmcp`) against the demo: it signs in, lists the tools, calls one, and steps up.

All of its OAuth code is used, including its callback server; only the browser is simulated.
usage: fastmcp_client.py SERVER_URL READING_TOOL WRITING_TOOL ARGUMENT
"""
import asyncio
import os
import sys
import threading
import time
import webbrowser

os.environ["FASTMCP_LOG_LEVEL"] = "WARNING"

import httpx
from fastmcp import Client
from fastmcp.client.auth import OAuth

URL, READING, WRITING, ARGUMENT = sys.argv[1:5]
visited = []


def follow(url):
    """Opens the page as a browser does, and follows its redirect once the callback server listens."""
    location = httpx.get(url, timeout=10).headers["location"]
    for _ in range(100):
        try:
            visited.append(httpx.get(location, timeout=10).status_code)
            return
        except httpx.ConnectError:
            time.sleep(0.1)


def browse(url, *arguments):
    threading.Thread(target=follow, args=(url,), daemon=True).start()
    return True


webbrowser.open = browse


async def main():
    async with Client(URL, auth=OAuth(callback_timeout=30), timeout=30) as client:
        tools = [tool.name for tool in await client.list_tools()]
        print("tools:", tools)
        assert READING in tools and WRITING in tools, tools
        print("reading:", (await client.call_tool(READING, {})).content[0].text)
        print("writing:", (await client.call_tool(WRITING, {ARGUMENT: "from FastMCP"})).content[0].text)
    assert visited == [200, 200], f"a sign-in and a step-up were expected: {visited}"


asyncio.run(main())
