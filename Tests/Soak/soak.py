# This source file is part of the swift-mcp-auth project.
# SPDX-License-Identifier: Apache-2.0
"""Runs `mcp-auth serve` behind real proxies for a long time, under load, while what it depends on is killed, restarted and
changed. Each request has an answer that is known before.

usage: soak.py MCP_AUTH        the program, of a release build

SOAK_SECONDS (600) says for how long. Envoy is a second proxy if it is in the folder $MCPAUTH_PROXIES. Exit code 1 after a
violation: a wrong identity, an allowed request that had to be refused, a refusal or an error without a reason, no answer
within 10 s, a slow client that is not closed, a wrong exit code, growing memory, a decision that is missing in the log, or a
token in a log. The temporary folder is kept then.
"""
import asyncio
import json
import os
import pathlib
import random
import re
import shutil
import signal
import sys
import tempfile
import time

from clients import Load
from tokens import ALLOW, COOL_DOWN, Key
from world import Outage, World

SECONDS = float(os.environ.get("SOAK_SECONDS", "600"))
# How much the memory may grow, in MiB and as a factor, and the number of open descriptors.
MEMORY_FACTOR, MEMORY_MORE, FILES_MORE = 1.10, 8, 20


class Disturbances:
    """What happens while requests are under way, one after the other."""

    def __init__(self, world):
        self.world = world
        self.withdrawn = []
        # How long mcp-auth took to end after SIGTERM under load, in seconds.
        self.drains = []

    async def run(self, until):
        world = self.world
        last_kill = world.begin + SECONDS / 3 - 5
        steps = [self.kill_mcp_auth, self.sighup, self.change_issuers, self.rotate, self.kill_issuer, self.end_mcp_auth]
        steps += [self.purge, *[lambda proxy=proxy: self.kill_proxy(proxy) for proxy in world.proxies], self.withdraw]
        steps += [self.change_issuers, self.purge, self.hold_issuer, self.break_configuration]
        await asyncio.sleep(min(4, SECONDS / 20))
        while True:
            for step in steps:
                if step in (self.kill_mcp_auth, self.end_mcp_auth) and time.time() > last_kill:
                    continue
                if time.time() > until - 8 or world.is_ending:
                    return
                name = await step()
                if name:
                    world.steps[name] += 1
                    await asyncio.sleep(random.uniform(1, 3))

    def begins(self, name):
        self.world.last_steps.append((name, time.time()))
        return name

    # mcp-auth

    async def restart_mcp_auth(self, number, code):
        world = self.world
        outage = Outage("mcp-auth")
        world.outages.append(outage)
        world.since = float("inf")
        for key in self.withdrawn:
            key.history.now(ALLOW, 401, 503)
        ended = await world.end("mcp-auth", number)
        if number == signal.SIGTERM:
            self.drains.append(time.time() - outage.begin)
        if ended != code:
            world.violation(f"mcp-auth ended with code {ended} after {signal.Signals(number).name}, not with {code}")
        await asyncio.sleep(random.uniform(0, 1.5))
        await world.start_mcp_auth()
        self.forget()
        outage.end = time.time()

    async def kill_mcp_auth(self):
        name = self.begins("mcp-auth killed")
        await self.restart_mcp_auth(signal.SIGKILL, -signal.SIGKILL)
        return name

    async def end_mcp_auth(self):
        name = self.begins("mcp-auth ended with SIGTERM")
        await self.restart_mcp_auth(signal.SIGTERM, 0)
        return name

    def forget(self):
        """mcp-auth begins with the keys that are published now."""
        for key in self.withdrawn:
            key.history.now(401)
        for key in self.world.main.keys:
            if key.settled > time.time():
                key.settle(time.time() + 0.5)

    async def generation(self):
        status, body = await self.world.admin("GET", "/status")
        return json.loads(body) if status == 200 else {"generation": 0, "issuers": []}

    async def sighup(self):
        name = self.begins("SIGHUP")
        before = (await self.generation())["generation"]
        self.world.processes["mcp-auth"].send_signal(signal.SIGHUP)

        async def is_reloaded():
            return (await self.generation())["generation"] > before

        await self.world.until(is_reloaded, "a reload after SIGHUP", 15)
        return name

    async def change_issuers(self):
        """Adds the second issuer to the configuration, or removes it; mcp-auth sees that the file changed."""
        world = self.world
        world.has_second = not world.has_second
        name = self.begins("second issuer added" if world.has_second else "second issuer removed")
        world.second.history.now(ALLOW, 401)
        world.write_configuration()

        async def is_in_force():
            issuers = [each["issuer"] for each in (await self.generation())["issuers"]]
            return (world.second.url in issuers) == world.has_second

        await world.until(is_in_force, f"in force: {name}", 15)
        await asyncio.sleep(0.1)
        world.second.history.now(ALLOW if world.has_second else 401)
        return name

    async def break_configuration(self):
        world = self.world
        name = self.begins("broken configuration")
        world.write_configuration(broken=True)

        async def is_refused():
            return await world.metric("mcpauth_reload_refused") == 1

        async def is_mended():
            return await world.metric("mcpauth_reload_refused") == 0

        await world.until(is_refused, "a broken configuration is refused", 15)
        world.write_configuration()
        await world.until(is_mended, "a mended configuration is accepted", 15)
        return name

    async def purge(self):
        name = self.begins("purge")
        for key in self.withdrawn:
            key.history.now(ALLOW, 401, 503)
        status, body = await self.world.admin("POST", "/purge")
        if status != 200:
            self.world.violation(f"POST /purge: {status} {body[:100]}")
            return name
        self.forget()
        return name

    # Issuer

    async def rotate(self):
        """Publishes a new key beside those before, and gives every subject tokens that it signed."""
        world, main = self.world, self.world.main
        if main.keys[-1].settled > time.time():
            return None
        name = self.begins("new key")
        key = await asyncio.to_thread(Key, str(int(main.keys[-1].id) + 1))
        main.keys.append(key)
        main.publish()
        key.settle(time.time() + COOL_DOWN + 5)
        # So that no token is older than the keys that mcp-auth has without this one.
        await asyncio.sleep(1.1)
        for subject in world.subjects:
            for number in range(3):
                token = subject.token(main, f"key{key.id}-{number}", key)
                world.fragments.add(token)
                subject.good.append(token)
            await asyncio.sleep(0)
        return name

    async def withdraw(self):
        """Publishes the oldest key no longer. Its tokens stay valid until mcp-auth forgets what it has fetched."""
        world, main = self.world, self.world.main
        if len(main.keys) < 2 or main.keys[1].settled > time.time():
            return None
        name = self.begins("old key withdrawn")
        key = main.keys.pop(0)
        key.withdrawn = True
        self.withdrawn.append(key)
        main.publish()
        for subject in world.subjects:
            subject.old = [token for token in subject.good if token.key is key]
            subject.good = [token for token in subject.good if token.key is not key]
        return name

    async def kill_issuer(self):
        name = self.begins("issuer killed")
        await self.without_issuer(self.killed_issuer())
        return name

    async def hold_issuer(self):
        name = self.begins("issuer held")
        await self.without_issuer(self.held_issuer())
        return name

    async def without_issuer(self, meanwhile):
        outage = Outage("issuer")
        self.world.outages.append(outage)
        for key in self.world.main.keys:
            if key.settled > time.time():
                key.settle(float("inf"))
        await meanwhile
        for key in self.world.main.keys:
            if key.settled > time.time():
                key.settle(time.time() + COOL_DOWN + 5)
        outage.end = time.time()

    async def killed_issuer(self):
        world = self.world
        await world.end("main", signal.SIGKILL)
        await asyncio.sleep(random.uniform(1, 4))
        world.start_issuer(world.main)
        await world.until(lambda: world.listens(world.main.port), "the issuer listens")

    async def held_issuer(self):
        """It accepts connections and does not answer."""
        process = self.world.processes["main"]
        process.send_signal(signal.SIGSTOP)
        await asyncio.sleep(random.uniform(3, 7))
        process.send_signal(signal.SIGCONT)

    # Proxies

    async def kill_proxy(self, proxy):
        world = self.world
        name = self.begins(f"{proxy.name} killed")
        outage = Outage(proxy.name)
        world.outages.append(outage)
        await world.end(proxy.name, signal.SIGKILL)
        await asyncio.sleep(random.uniform(0, 1))
        world.start_proxy(proxy)
        await world.until_ready(proxy)
        outage.end = time.time()
        return name


async def renew_short_tokens(world):
    """Gives each subject in turn a token that expires soon, and is then sent for some time longer."""
    while True:
        for subject in world.subjects:
            subject.short = subject.token(world.main, "short", lifetime=random.randrange(5, 15), expires=True)
            world.fragments.add(subject.short)
            await asyncio.sleep(0.5)


async def tell(world):
    while True:
        await asyncio.sleep(30)
        _, memory, files = world.samples[-1] if world.samples else (0, 0, 0)
        world.say(
            f"{time.time() - world.begin:5.0f} s: {world.requests} requests, {world.allowed} allowed, "
            f"{world.refused} refused, {world.pending} told to come again, {world.outage_errors} errors in outages, "
            f"slowest answer {world.slowest:.2f} s, "
            f"mcp-auth {memory:.1f} MiB, {files} descriptors"
        )


def check_memory(world, end):
    """Compares the begin of the last two thirds with their end; returns a text for the summary."""
    begin = world.begin + (end - world.begin) / 3
    sixth = (end - begin) / 6
    first = [each for each in world.samples if begin <= each[0] <= begin + sixth]
    last = [each for each in world.samples if end - sixth <= each[0] <= end]
    if len(first) < 2 or len(last) < 2:
        world.violation(f"too few samples of the memory: {len(first)} and {len(last)}")
        return "memory not known"
    memory = [max(each[1] for each in samples) for samples in (first, last)]
    files = [max(each[2] for each in samples) for samples in (first, last)]
    if memory[1] > memory[0] * MEMORY_FACTOR + MEMORY_MORE:
        world.violation(f"the memory grew from {memory[0]:.1f} to {memory[1]:.1f} MiB")
    if files[1] > files[0] + FILES_MORE:
        world.violation(f"the open descriptors grew from {files[0]} to {files[1]}")
    return (
        f"memory {memory[0]:.1f} MiB at the begin of the last two thirds, {memory[1]:.1f} MiB at their end; "
        f"descriptors {files[0]} and {files[1]}"
    )


async def end_mcp_auth(world):
    """Reads the last metrics, then ends mcp-auth with SIGTERM while some connections are open."""

    async def has_written():
        return await world.metric("mcpauth_decision_log_waiting") == 0

    await world.until(has_written, "every decision is written to the log", 15)
    dropped = await world.metric("mcpauth_decision_log_dropped_total")
    decisions = await world.metric("mcpauth_decisions_total")
    writers = []
    for text in (b"", b"", b"GET /mcp HTTP/1.1\r\nHo"):
        _, writer = await asyncio.open_connection("127.0.0.1", world.ports["clients"])
        writer.write(text)
        writers.append(writer)
    begin = time.monotonic()
    code = await world.end("mcp-auth", signal.SIGTERM)
    seconds = time.monotonic() - begin
    if code != 0:
        world.violation(f"mcp-auth ended with code {code} after SIGTERM")
    for writer in writers:
        writer.close()
    return int(dropped), int(decisions), seconds


def check_decision_log(world, dropped, decisions):
    """Compares the decision log of the last process with what its clients got; returns a text for the summary.

    Every answer counts whose request began after this process was ready. nginx passes on the id of each decision, so that
    each answer must have its own line, with the same decision and the same client. Envoy passes on the ids of refusals; of
    its allowed requests only the number is known. A client that got no answer may have caused a decision, so there may be
    more decisions than answers, never fewer.
    """
    lines, wrong, found = 0, 0, set()
    doors = {"nginx": 0, "ext_authz": 0}
    with open(world.folder / "decisions.ndjson", encoding="utf-8") as file:
        for line in file:
            lines += 1
            try:
                record = json.loads(line)
            except ValueError:
                world.violation(f"a line of the decision log is not JSON: {line[:100]}")
                continue
            doors[record["door"]] = doors.get(record["door"], 0) + 1
            number = int(record["id"].replace("-", ""), 16)
            if number not in world.ids:
                continue
            found.add(number)
            is_allowed, client = world.ids[number]
            if is_allowed != (record["decision"] == "allow") or (is_allowed and record.get("client_id") != client):
                wrong += 1
    missing = len(world.ids) - len(found)
    if wrong:
        world.violation(f"{wrong} answers differ from their lines in the decision log")
    if missing > dropped:
        text = f"{missing} decisions whose id a client got are not in the decision log; {dropped} were dropped"
        world.violation(text)
    for proxy, door in (("nginx", "nginx"), ("envoy-grpc", "ext_authz")):
        if doors[door] + dropped < world.answered[proxy]:
            world.violation(f"{doors[door]} decisions at {door} in the log, but {world.answered[proxy]} answers")
    # The half request of `end_mcp_auth` is refused after the metrics were read.
    if not decisions <= lines + dropped <= decisions + 1:
        text = f"{lines} lines in the decision log and {dropped} dropped, but {decisions} decisions in the metrics"
        world.violation(text)
    answers = sum(world.answered.values())
    return f"last process: {answers} answers, {lines} decisions in its log, {dropped} dropped, {decisions} in its metrics"


def check_secrets(world):
    """Searches all logs for pieces of tokens."""
    run = re.compile(rb"[A-Za-z0-9_-]{%d,}" % world.fragments.LENGTH)
    size = 0
    for path in world.folder.glob("**/*"):
        if path.suffix not in (".log", ".ndjson"):
            continue
        with open(path, "rb") as file:
            for line in file:
                size += len(line)
                for match in run.findall(line):
                    if world.fragments.found(match.decode()):
                        world.violation(f"a piece of a token is in {path.name}: {line[:300]}")
    return size


async def soak(folder, mcp_auth):
    world = World(folder, mcp_auth, os.environ.get("MCPAUTH_PROXIES"))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, asyncio.current_task().cancel)
    background = []
    try:
        await world.start_all()
        if world.violations:
            return world
        names = " and ".join(proxy.name for proxy in world.proxies)
        world.say(f"{len(world.subjects)} subjects at {names} for {SECONDS:.0f} s, in {folder}")
        world.begin = time.time()
        until = world.begin + SECONDS
        disturbances = Disturbances(world)
        slow = asyncio.create_task(world.slow.run())
        watching = [world.watch_memory(), world.watch_lag(), tell(world), renew_short_tokens(world)]
        background = [slow, *(asyncio.create_task(each) for each in watching)]
        clients = [Load(world, subject, proxy) for subject in world.subjects for proxy in world.proxies]
        loads = [asyncio.create_task(client.run()) for client in clients]
        disturbing = asyncio.create_task(disturbances.run(until))
        background += [*loads, disturbing]
        while time.time() < until and not world.is_ending:
            await asyncio.sleep(0.2)
            for task in background:
                if task.done():
                    # Raises what it raised.
                    task.result()
        await disturbing
        end = time.time()
        world.is_ending = True
        await asyncio.gather(*loads)
        if world.processes["mcp-auth"].poll() is not None:
            return world
        memory = check_memory(world, end)
        for task in background:
            task.cancel()
        # Those of mcp-auth that are still under way.
        await asyncio.sleep(0.5)
        dropped, decisions, seconds = await end_mcp_auth(world)
        log = check_decision_log(world, dropped, decisions)
        size = check_secrets(world)
        arrived = (world.folder / "arrived.txt").read_text(encoding="utf-8").splitlines()
        if arrived:
            world.violation(f"{len(arrived)} requests that had to be refused came to the MCP server, such as {arrived[0]}")
        closed = ", ".join(
            f"{name} {len(each)} after {min(each):.1f} to {max(each):.1f} s"
            for name, each in sorted(world.slow.closed.items())
        )
        world.say(
            f"{world.requests} requests, {world.allowed} allowed, {world.refused} refused, {world.pending} told to come "
            f"again because of a new key, {world.outage_errors} errors in outages"
        )
        late = world.worst_lag(0)
        world.say(f"slowest answer {world.slowest:.2f} s; the clients themselves were late by up to {late:.2f} s")
        world.say(memory)
        world.say("disturbances: " + ", ".join(f"{name} {count}" for name, count in sorted(world.steps.items())))
        world.say(f"slow clients closed: {closed or 'none'}")
        world.say(log)
        drains = "" if not disturbances.drains else (
            f"{min(disturbances.drains):.1f} to {max(disturbances.drains):.1f} s after SIGTERM under load, and "
        )
        world.say(f"mcp-auth ended {drains}{seconds:.1f} s after SIGTERM at the end")
        world.say(f"{size / 1e6:.1f} MB of logs searched for pieces of {world.fragments.tokens} tokens")
    finally:
        for task in background:
            task.cancel()
        world.kill_all()
    return world


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    mcp_auth = pathlib.Path(sys.argv[1]).resolve()
    folder = tempfile.mkdtemp(prefix="soak-")
    keeps = True
    try:
        world = asyncio.run(soak(folder, mcp_auth))
        keeps = bool(world.violations)
    except (KeyboardInterrupt, asyncio.CancelledError):
        sys.exit("soak: interrupted")
    finally:
        if keeps:
            print(f"soak: the logs are in {folder}", flush=True)
        else:
            shutil.rmtree(folder)
    if world.violations:
        print(f"soak: {world.number_of_violations} violations:")
        for each in world.violations:
            print(f"  {each}")
        sys.exit(1)
    print("soak: no violation")


if __name__ == "__main__":
    main()
