# This source file is part of the swift-mcp-auth project.
# SPDX-License-Identifier: Apache-2.0
"""Everything that runs in the soak test, when what was down, and what was counted."""
import asyncio
import collections
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import sys
import time

from clients import Closed, Connection, Slow
from tokens import ALLOW, AUDIENCE, COOL_DOWN, Fragments, History, Issuer, Key, Subject

HERE = pathlib.Path(__file__).resolve().parent
EXAMPLES = HERE.parent.parent / "Examples"
SUBJECTS = 50
# How long after a start an error may still be a consequence of the outage, in seconds.
MARGIN = 1.5
LONGEST_START = 30
MOST_VIOLATIONS = 40


def free_ports(count):
    """Ports that the system gives to no outgoing connection: one would be in the way when a program starts again."""
    with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="ascii") as file:
        first = int(file.read().split()[0])
    found = []
    candidates = list(range(max(1024, first - 12_000), first))
    random.shuffle(candidates)
    for port in candidates:
        with socket.socket() as one:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                one.bind(("127.0.0.1", port))
            except OSError:
                continue
        found.append(port)
        if len(found) == count:
            return found
    sys.exit("soak: there are no free ports")


class Proxy:
    """A proxy with the configuration of its example, with other ports."""

    COMMANDS = {
        "nginx": ["nginx", "-p", ".", "-c", "nginx.conf", "-g", "daemon off; master_process off;"],
        "envoy-grpc": ["envoy", "-c", "envoy.yaml", "--concurrency", "1", "--disable-hot-restart", "-l", "warn"],
    }

    def __init__(self, name, program, folder, ports, asked):
        self.name = name
        self.port = ports[name]
        self.command = [program, *self.COMMANDS[name][1:]]
        self.folder = folder / name
        self.folder.mkdir()
        written = {"8000": self.port, "9000": ports["clients"], "9001": asked, "9002": ports["echo"]}
        for source in (EXAMPLES / name).iterdir():
            if source.name in ("README.md", "mcp-auth.json"):
                continue
            text = source.read_text(encoding="utf-8")
            # In two steps, because a port that is used may be one that is written.
            for port in written:
                text = text.replace(port, f"PORT-{port[0]}-{port[3]}-")
            for port, used in written.items():
                text = text.replace(f"PORT-{port[0]}-{port[3]}-", str(used))
            (self.folder / source.name).write_text(text, encoding="utf-8")


class Outage:
    def __init__(self, what):
        self.what = what
        self.begin = time.time()
        self.end = float("inf")


class World:
    def __init__(self, folder, mcp_auth, programs):
        self.folder = pathlib.Path(folder)
        self.mcp_auth = mcp_auth
        self.processes = {}
        self.is_ending = False
        self.begin = time.time()
        names = ["clients", "verify", "ext_authz", "echo", "main", "second", "nginx", "envoy-grpc"]
        self.ports = dict(zip(names, free_ports(len(names))))
        self.proxies = [Proxy("nginx", shutil.which("nginx"), self.folder, self.ports, self.ports["verify"])]
        if programs and (program := shutil.which("envoy", path=programs)):
            self.proxies.append(Proxy("envoy-grpc", program, self.folder, self.ports, self.ports["ext_authz"]))
        self.main = Issuer(self.folder / "main", self.ports["main"])
        self.second = Issuer(self.folder / "second", self.ports["second"], History(401))
        self.has_second = False
        self.subjects = [Subject(number) for number in range(SUBJECTS)]
        attacker = Key("attacker")
        for subject in self.subjects:
            subject.equip(self.main, self.second, attacker)
        for subject, other in zip(self.subjects, self.subjects[1:] + self.subjects[:1]):
            subject.splice(other)
        self.fragments = Fragments()
        for subject in self.subjects:
            for token in [*subject.good, *subject.second, *subject.bad]:
                self.fragments.add(token)
        self.slow = Slow(self)
        # What happened.
        self.outages = []
        self.last_steps = collections.deque(maxlen=3)
        self.lags = [(time.time(), 0.0)]
        self.starts = 0
        # The current process of mcp-auth.
        self.since = float("inf")
        self.samples = []
        self.ids = {}
        self.answered = collections.Counter()
        # Totals.
        self.requests = self.allowed = self.refused = self.pending = self.outage_errors = 0
        self.slowest = 0.0
        self.violations = []
        self.number_of_violations = 0
        self.steps = collections.Counter()

    # What was counted.

    def next_request(self):
        self.requests += 1
        return self.requests

    def count(self, proxy, case, got, answer, begin, end, seconds):
        self.slowest = max(self.slowest, seconds)
        if answer is None:
            return
        is_allowed = 200 <= got < 300
        self.allowed += is_allowed
        self.refused += not is_allowed and got < 500
        identifier = answer.fields.get("decision-id")
        # Only what the process that runs now has certainly decided.
        if begin <= self.since or (identifier is None and not is_allowed):
            return
        self.answered[proxy.name] += 1
        if identifier is None:
            return
        number = int(identifier.replace("-", ""), 16)
        if number in self.ids:
            self.violation(f"{proxy.name}: the decision {identifier} was the answer to two requests")
        client = case.token.caller["x-auth-client"] if is_allowed and case.token and case.token.caller else None
        self.ids[number] = (is_allowed, client)

    def violation(self, text, is_cause=False):
        """Notes a violation. There may be many, of which only some are shown, and each that causes others."""
        self.number_of_violations += 1
        text = f"at {time.time() - self.begin:.1f} s: {text}"
        if is_cause or len(self.violations) < MOST_VIOLATIONS:
            self.violations.append(text)
            print(f"soak: VIOLATION {text}", flush=True)

    def say(self, text):
        print(f"soak: {text}", flush=True)

    def happened(self, begin, end):
        """The last disturbances, as seen from a request, for messages."""
        steps = ", ".join(f"{name} {begin - moment:+.1f} s" for name, moment in self.last_steps)
        return f"began relative to: {steps or 'no disturbance'}; the client was late by {self.worst_lag(begin):.2f} s"

    # What was down.

    def is_down(self, proxy, begin, end):
        return any(
            each.what in ("mcp-auth", proxy.name) and each.begin <= end and begin <= each.end + MARGIN
            for each in self.outages
        )

    def issuer_is_down(self, begin, end):
        return any(each.what == "issuer" and each.begin <= end and begin <= each.end + MARGIN for each in self.outages)

    def is_restarted(self, since):
        return any(each.what == "mcp-auth" and each.end >= since for each in self.outages)

    def worst_lag(self, since):
        """How late the tasks of this program were since then: what it measures is late by as much."""
        return max((lag for moment, lag in self.lags if moment >= since - 1), default=0.0)

    async def watch_lag(self):
        while True:
            begin = time.monotonic()
            await asyncio.sleep(0.1)
            lag = time.monotonic() - begin - 0.1
            if lag > 0.1:
                self.lags.append((time.time(), lag))

    # Processes.

    def start(self, name, command, folder=None):
        log = open(self.folder / f"{name}.log", "ab")
        with log:
            self.processes[name] = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder or self.folder
            )
        return self.processes[name]

    async def end(self, name, number, seconds=15):
        """Ends a process; returns its exit code."""
        process = self.processes[name]
        if process.poll() is not None:
            self.violation(f"{name} ended by itself with code {process.returncode}", is_cause=True)
            return process.returncode
        process.send_signal(number)
        until = time.monotonic() + seconds
        while process.poll() is None:
            if time.monotonic() > until:
                self.violation(f"{name} did not end within {seconds} s after {signal.Signals(number).name}")
                process.kill()
                process.wait()
                break
            await asyncio.sleep(0.02)
        return process.returncode

    def kill_all(self):
        for process in self.processes.values():
            if process.poll() is None:
                process.kill()
                process.wait()

    def start_issuer(self, issuer):
        name = issuer.folder.name
        self.start(name, [sys.executable, HERE / "servers.py", "issuer", str(issuer.port), issuer.folder])

    def start_proxy(self, proxy):
        self.start(proxy.name, proxy.command, proxy.folder)

    def write_configuration(self, broken=False):
        issuers = {"main": {"issuer": self.main.url, "discovery": "oauth", "leeway_seconds": 0}}
        if self.has_second:
            issuers["second"] = {"issuer": self.second.url, "discovery": "oauth", "leeway_seconds": 0}
        server = {
            "listen": f"127.0.0.1:{self.ports['clients']}",
            "forward_auth": [{"listen": f"127.0.0.1:{self.ports['verify']}", "proxy": "nginx"}],
            "admin": {"listen": f"unix:{self.folder}/admin.sock"},
            "decision_log": {"file": "decisions.ndjson"},
        }
        if len(self.proxies) > 1:
            server["ext_authz"] = {"listen": f"127.0.0.1:{self.ports['ext_authz']}", "sends_body": True}
        names = list(issuers)
        admin = {
            "resource": "https://mcp.example/admin", "protocol": "http", "audiences": [AUDIENCE], "issuers": names,
            "policies": ["admin.json"],
        }
        configuration = {
            "version": 1, "server": server, "issuers": issuers,
            "resources": [{"resource": AUDIENCE, "issuers": names, "policy": "authenticated"}, admin],
        }
        (self.folder / "admin.json").write_text('{"version": 1, "required_scopes": ["admin"]}')
        new = self.folder / "mcp-auth.new"
        text = json.dumps(configuration, indent=2)
        new.write_text(text[: len(text) // 2] if broken else text)
        new.rename(self.folder / "mcp-auth.json")

    async def start_all(self):
        self.write_configuration()
        arrived = self.folder / "arrived.txt"
        self.start("echo", [sys.executable, HERE / "servers.py", "echo", str(self.ports["echo"]), arrived])
        for issuer in (self.main, self.second):
            self.start_issuer(issuer)
        for name in ("echo", "main", "second"):
            await self.until(lambda name=name: self.listens(self.ports[name]), f"{name} listens")
        await self.start_mcp_auth()
        for proxy in self.proxies:
            self.start_proxy(proxy)
            await self.until_ready(proxy)

    async def until(self, holds, what, seconds=LONGEST_START):
        until = time.monotonic() + seconds
        while not await holds():
            if time.monotonic() > until:
                self.violation(f"not within {seconds} s: {what}")
                return False
            await asyncio.sleep(0.05)
        return True

    async def listens(self, port):
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            return True
        except OSError:
            return False

    async def until_ready(self, proxy):
        async def answers():
            connection = Connection(lambda: asyncio.open_connection("127.0.0.1", proxy.port))
            try:
                return (await asyncio.wait_for(connection.ask("GET", "/mcp"), 2)).status == 401
            except (Closed, asyncio.TimeoutError):
                return False
            finally:
                connection.close()

        await self.until(answers, f"{proxy.name} answers")

    async def admin(self, method, path):
        """Asks the admin listener; an answer with status 0 if it does not answer."""
        connection = Connection(lambda: asyncio.open_unix_connection(self.folder / "admin.sock"))
        try:
            answer = await asyncio.wait_for(connection.ask(method, path), 10)
            return answer.status, answer.body
        except (Closed, asyncio.TimeoutError) as error:
            return 0, str(error).encode()
        finally:
            connection.close()

    async def metric(self, name):
        """The sum of a metric over its labels."""
        _, body = await self.admin("GET", "/metrics")
        lines = [line for line in body.decode().splitlines() if line.startswith((name + " ", name + "{"))]
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines)

    async def start_mcp_auth(self):
        command = [self.mcp_auth, "serve", "--config", self.folder / "mcp-auth.json", "--log-level", "debug"]
        log = self.folder / "decisions.ndjson"
        self.starts += 1
        if log.exists():
            log.rename(self.folder / f"decisions-{self.starts - 1}.ndjson")
        process = self.start("mcp-auth", command)

        async def is_healthy():
            if process.poll() is not None:
                return True
            return (await self.admin("GET", "/healthz"))[0] == 200

        await self.until(is_healthy, "mcp-auth is healthy")
        if len(self.proxies) > 1:
            await self.until(lambda: self.listens(self.ports["ext_authz"]), "mcp-auth listens for gRPC")
        if process.poll() is not None:
            self.violation(f"mcp-auth did not start; it ended with code {process.returncode}")
        self.samples = []
        self.ids = {}
        self.answered.clear()
        self.since = time.time()

    async def watch_memory(self):
        """Samples the memory and the descriptors of mcp-auth each second.

        The number of descriptors is the smallest in a second, because a proxy has more connections for moments, and
        without those of the slow clients.
        """
        memory = 0
        while True:
            pid = self.processes["mcp-auth"].pid
            files = []
            for _ in range(5):
                await asyncio.sleep(0.2)
                try:
                    files.append(len(os.listdir(f"/proc/{pid}/fd")) - self.slow.open)
                    with open(f"/proc/{pid}/status", encoding="ascii") as status:
                        memory = next(int(line.split()[1]) for line in status if line.startswith("VmRSS:"))
                except (OSError, StopIteration):
                    break
            if len(files) == 5 and pid == self.processes["mcp-auth"].pid and self.since < time.time() - 1:
                self.samples.append((time.time(), memory / 1024, min(files)))
            for name, process in self.processes.items():
                if process.poll() is not None and not any(each.end > time.time() for each in self.outages):
                    self.violation(f"{name} ended by itself with code {process.returncode}", is_cause=True)
                    self.is_ending = True
                    return
