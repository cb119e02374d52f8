#!/usr/bin/env python3
# This source file is part of the swift-mcp-auth project.
# SPDX-License-Identifier: Apache-2.0
"""CanMCP (PyPI `canmcp`) inspects the demo: metadata, registration, sign-in, then the MCP endpoint with the token.

CanMCP inspects only public https endpoints: it refuses http, loopback addresses and names that resolve to them. So it
is given public names, and two parts of it are replaced: its resolver, and its transport, which forwards requests for
those names to the servers on this machine and translates the names in both directions. All checks and decisions are
CanMCP's own.
usage: canmcp_scan.py SERVER_URL ISSUER
"""
import asyncio
import json
import sys
import urllib.parse

import canmcp.oauth
import httpx
from canmcp.checks.network import Response, validate_url
from canmcp.oauth import OAuthOptions
from canmcp.scanner import scan

URL, ISSUER = sys.argv[1:3]
ORIGIN = "{0.scheme}://{0.netloc}".format(urllib.parse.urlparse(URL))
NAMES = {"https://mcp.example.com": ORIGIN, "https://issuer.example.com": ISSUER}


def local(text):
    """The text with the public names replaced by those of this machine, also in percent-encoding."""
    for public, here in NAMES.items():
        text = text.replace(public, here)
        text = text.replace(urllib.parse.quote(public, safe=""), urllib.parse.quote(here, safe=""))
    return text


def public(text):
    for name, here in NAMES.items():
        text = text.replace(here, name)
        text = text.replace(urllib.parse.quote(here, safe=""), urllib.parse.quote(name, safe=""))
    return text


class Transport:
    async def request(self, method, url, *, headers=None, payload=None, headers_only=False, form=None,
                      follow_redirects=True, credential=None):
        validate_url(url)
        sent = dict(headers or {})
        if credential is not None:
            sent["Authorization"] = credential.header(url)
        body = None
        if payload is not None:
            sent["Content-Type"] = "application/json"
            body = local(json.dumps(payload))
        elif form is not None:
            sent["Content-Type"] = "application/x-www-form-urlencoded"
            body = local(urllib.parse.urlencode(form))
        async with httpx.AsyncClient(timeout=10) as client:
            answer = await client.request(method, local(url), headers=sent, content=body)
        print(f"  {answer.status_code} {method} {url}", flush=True)
        received = {name.lower(): public(value) for name, value in answer.headers.items()}
        return Response(answer.status_code, received, public(answer.text).encode(), url, [])


class Resolver:
    """Stands in for DNS and accepts the public name of the issuer."""

    async def resolve(self, host, port=0):
        assert host == "issuer.example.com", host
        return []


async def sign_in(url):
    """Acts as the browser up to the callback server of CanMCP."""
    async with httpx.AsyncClient(timeout=10) as browser:
        answer = await browser.get(local(url))
        assert answer.status_code == 302, answer.text
        answer = await browser.get(public(answer.headers["location"]))
        assert answer.status_code == 200, answer.text


async def main():
    canmcp.oauth.PublicResolver = Resolver
    report = await scan(public(URL), http=Transport(), oauth=OAuthOptions(), present=sign_in)
    for check in report.generic.checks:
        print(f"  {check.status} [{check.id}] {check.message}")
    for name, profile in report.clients.items():
        print(f"  {name}: {profile.status}", *(reason.message for reason in profile.reasons))
    assert report.generic.status == "pass", report.generic.status
    assert all(profile.status == "pass" for profile in report.clients.values())
    assert report.protocol_version == "2026-07-28", report.protocol_version
    passed = {check.id for check in report.generic.checks}
    assert {"oauth.registration", "oauth.token_exchange", "oauth.authenticated_mcp", "tools.list"} <= passed, passed


asyncio.run(main())
