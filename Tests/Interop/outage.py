#!/usr/bin/env python3
# This source file is part of the swift-mcp-auth project.
# SPDX-License-Identifier: Apache-2.0
"""Kills an issuer by its pid while our server gets 20 requests at a time with its opaque tokens, and starts it again.

Three kinds of token are used: one that our server knows from its cache, genuine ones it has never seen, and made-up
ones. The known one is 200 throughout. While the issuer is down the others are 503 with Retry-After: no genuine one is
ever 401, no made-up one ever 200. Afterwards everything is as before, without a restart of our server.
usage: outage.py ISSUER_PORT ISSUER_FOLDER RESOURCE
"""
import asyncio
import collections
import pathlib
import secrets
import subprocess
import sys
import time

import httpx

PORT, FOLDER, RESOURCE = sys.argv[1:4]
BASE = f"http://127.0.0.1:{PORT}"
SCRIPT = pathlib.Path(__file__).with_name("authlib_issuer.py")
RECOVERY = 2.0  # seconds after which no request may still suffer from the outage
WORKERS = {"known": 6, "unseen": 7, "made up": 7}
Answer = collections.namedtuple("Answer", "kind began ended status retry_after")


def start_issuer():
    process = subprocess.Popen([sys.executable, SCRIPT, PORT, "--opaque", FOLDER])
    for _ in range(300):
        try:
            httpx.get(f"{BASE}/jwks")
            return process
        except httpx.TransportError:
            time.sleep(0.1)
    raise SystemExit("the issuer does not start")


def mint(count):
    form = {"grant_type": "client_credentials", "scope": "files:read", "resource": RESOURCE}
    with httpx.Client(timeout=10) as client:
        for _ in range(count):
            response = client.post(f"{BASE}/token", auth=("rs", "rssecret"), data=form)
            yield response.raise_for_status().json()["access_token"]


class Load:
    """Every worker sends requests without a pause; an unseen token is sent again until it is decided."""

    def __init__(self, client, known, unseen):
        self.client, self.known, self.unseen = client, known, unseen
        self.answers = []
        self.running = True

    async def ask(self, kind, token):
        began = time.monotonic()
        response = await self.client.get(RESOURCE, headers={"Authorization": f"Bearer {token}"})
        retry_after = response.headers.get("retry-after")
        self.answers.append(Answer(kind, began, time.monotonic(), response.status_code, retry_after))
        return response.status_code

    async def work(self, kind):
        while self.running:
            if kind == "known":
                await self.ask(kind, self.known)
            elif kind == "made up":
                await self.ask(kind, secrets.token_urlsafe(32))
            elif not self.unseen:
                await asyncio.sleep(0.1)
            else:
                token = self.unseen.pop()
                if await self.ask(kind, token) == 503:
                    self.unseen.insert(0, token)

    def during(self, kind, since, until):
        """How often each status was the answer to requests that began and ended in this time."""
        found = [a for a in self.answers if a.kind == kind and a.began >= since and a.ended <= until]
        return collections.Counter(a.status for a in found)


async def main():
    issuer = start_issuer()
    try:
        known, unseen = next(mint(1)), list(mint(100))
        limits = httpx.Limits(max_connections=None)
        async with httpx.AsyncClient(timeout=30, limits=limits) as client:
            load = Load(client, known, unseen)
            await load.ask("known", known)
            workers = [asyncio.create_task(load.work(kind)) for kind, count in WORKERS.items() for _ in range(count)]
            started = time.monotonic()
            await asyncio.sleep(4)

            unseen += await asyncio.to_thread(lambda: list(mint(200)))
            kill_begins = time.monotonic()
            issuer.kill()
            await asyncio.to_thread(issuer.wait)
            killed = time.monotonic()
            await asyncio.sleep(5)

            restart_begins = time.monotonic()
            issuer = await asyncio.to_thread(start_issuer)
            restarted = time.monotonic()
            await asyncio.sleep(RECOVERY)
            unseen += await asyncio.to_thread(lambda: list(mint(50)))
            await asyncio.sleep(3)
            load.running = False
            await asyncio.gather(*workers)
            ended = time.monotonic()
    finally:
        issuer.kill()
        issuer.wait()

    phases = {"up": (started, kill_begins), "down": (killed, restart_begins), "up again": (restarted + RECOVERY, ended)}
    expected = {
        "known": {"up": {200}, "down": {200}, "up again": {200}},
        "unseen": {"up": {200}, "down": {503}, "up again": {200}},
        "made up": {"up": {401}, "down": {503}, "up again": {401}},
    }
    ever = {"known": {200}, "unseen": {200, 503}, "made up": {401, 503}}
    failures = []
    for kind, of_phase in expected.items():
        for phase, statuses in of_phase.items():
            seen = load.during(kind, *phases[phase])
            print(f"{kind}, issuer {phase}: {dict(seen)}")
            if set(seen) != statuses:
                failures.append(f"{kind}, issuer {phase}: expected {statuses}")
        if not {a.status for a in load.answers if a.kind == kind} <= ever[kind]:
            failures.append(f"{kind}: expected {ever[kind]} at any time")
    if not all(a.retry_after for a in load.answers if a.status == 503):
        failures.append("a 503 without Retry-After")
    last = max(a.ended for a in load.answers if a.status == 503)
    slowest = {k: max(a.ended - a.began for a in load.answers if a.kind == k) for k in WORKERS}
    print(f"the last 503 came {last - restarted:.1f} s after the issuer was back")
    print("slowest:", ", ".join(f"{kind} {seconds:.2f} s" for kind, seconds in slowest.items()))
    if failures:
        raise SystemExit("\n".join(failures))


asyncio.run(main())
