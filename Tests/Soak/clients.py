# This source file is part of the swift-mcp-auth project.
# SPDX-License-Identifier: Apache-2.0
"""The clients of the soak test: one connection, the load of a subject, and slow clients."""
import asyncio
import dataclasses
import json
import random
import time

from tokens import ALLOW

# An answer that is later is a hang, in seconds.
LATEST = 10
# Errors of a proxy whose counterpart is down, and the end of a connection.
OUTAGE_ANSWERS = {"closed", 500, 502, 503, 504}


class Closed(Exception):
    """The connection ended in place of an answer."""


@dataclasses.dataclass
class Answer:
    status: int
    fields: dict
    body: bytes


class Connection:
    """A connection of HTTP/1.1 that stays open between requests."""

    def __init__(self, open_connection):
        self.open_connection = open_connection
        self.reader = self.writer = None

    async def ask(self, method, path, fields=(), body=b""):
        try:
            if self.writer is None or self.reader.at_eof() or self.writer.is_closing():
                self.close()
                self.reader, self.writer = await self.open_connection()
            lines = [f"{method} {path} HTTP/1.1", "Host: mcp.example", *(f"{name}: {value}" for name, value in fields)]
            if body:
                lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
            self.writer.write("\r\n".join([*lines, "\r\n"]).encode() + body)
            answer = await self.read()
        except (OSError, EOFError) as error:
            self.close()
            raise Closed(str(error)) from error
        except BaseException:
            self.close()
            raise
        if answer.fields.get("connection", "").lower() == "close":
            self.close()
        return answer

    async def read(self):
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.rstrip("\r\n").split("\r\n")
        fields = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        if fields.get("transfer-encoding", "").lower() == "chunked":
            body = b""
            while size := int(await self.reader.readuntil(b"\r\n"), 16):
                body += (await self.reader.readexactly(size + 2))[:-2]
            await self.reader.readuntil(b"\r\n")
        else:
            body = await self.reader.readexactly(int(fields.get("content-length", 0)))
        return Answer(int(first.split(" ")[1]), fields, body)

    def close(self):
        if self.writer is not None:
            self.writer.close()
        self.reader = self.writer = None


class Case:
    """A request, and what is right as its answer."""

    def __init__(self, subject, proxy):
        self.token = None
        self.kind = "without a token"
        message = b'{"jsonrpc":"2.0","id":1,"method":"tools/list"}'
        self.method, self.path, self.body = random.choice(
            [("GET", "/mcp", b""), ("POST", "/mcp", message), ("GET", "/admin", b"")]
        )
        self.fields = []
        # The status that is right whatever the token is.
        self.fixed = None
        choice = random.random()
        if choice < 0.03:
            self.fixed = 401
        elif choice < 0.06:
            self.kind, self.fixed = "with malformed credentials", 400
            self.fields.append(("Authorization", "Bearer a b"))
        else:
            self.token = self.pick(subject)
            self.kind = f"with a token {self.token.kind}"
            self.fields.append(("Authorization", f"Bearer {self.token.text}"))
            if choice < 0.09:
                self.path, self.fixed = "/nowhere", 404
            elif choice < 0.19:
                # A client that claims to be somebody else.
                other = random.randrange(1000)
                self.fields += [("X-Auth-Subject", f"user-{other}"), ("X-Auth-Client", f"client-{other}-good0")]
            elif choice < 0.22:
                self.fields.append(("X-Auth-Role", "admin"))
                # Over gRPC it is removed.
                if proxy.name == "nginx":
                    self.fixed = 400

    @staticmethod
    def pick(subject):
        choice = random.random()
        if choice < 0.5:
            return random.choice(subject.good)
        if choice < 0.6 and subject.short:
            return subject.short
        if choice < 0.7:
            return random.choice(subject.second)
        if choice < 0.8 and subject.old:
            return random.choice(subject.old)
        return random.choice(subject.bad)

    @property
    def is_refused(self):
        """Whether no allow can be right, whenever it is asked."""
        return self.fixed is not None or self.token.caller is None

    def answers(self, begin, end):
        if self.fixed is not None:
            return {self.fixed}
        found = self.token.answers(begin, end)
        if ALLOW in found and self.path == "/admin" and "admin" not in self.token.scopes:
            found = (found - {ALLOW}) | {403}
        return found


class Load:
    """A client of a subject at a proxy."""

    def __init__(self, world, subject, proxy):
        self.world = world
        self.subject = subject
        self.proxy = proxy
        self.connection = Connection(lambda: asyncio.open_connection("127.0.0.1", proxy.port))

    async def run(self):
        try:
            while not self.world.is_ending:
                await self.one()
                await asyncio.sleep(random.uniform(0.05, 0.35))
        finally:
            self.connection.close()

    async def one(self):
        case = Case(self.subject, self.proxy)
        number = self.world.next_request()
        fields = [*case.fields, ("X-Request", number)]
        if case.is_refused:
            fields.append(("X-Expect", "refused"))
        begin, ticks = time.time(), time.monotonic()
        answer = None
        try:
            answer = await asyncio.wait_for(self.connection.ask(case.method, case.path, fields, case.body), LATEST)
            got = answer.status
        except Closed:
            got = "closed"
        except asyncio.TimeoutError:
            got = "nothing"
        seconds = time.monotonic() - ticks
        end = begin + seconds
        wrong = self.judge(case, got, answer, number, begin, end)
        self.world.count(self.proxy, case, got, answer, begin, end, seconds)
        if wrong:
            self.world.violation(
                f"{self.proxy.name}: {case.method} {case.path} of {self.subject.name} {case.kind}: {wrong}"
                f" (after {seconds:.2f} s; {self.world.happened(begin, end)})"
            )

    def judge(self, case, got, answer, number, begin, end):
        """What is wrong with an answer; `None` if it is right."""
        if got == "nothing":
            return f"no answer within {LATEST} s"
        right = case.answers(begin, end)
        if got != "closed" and 200 <= got < 300:
            if ALLOW not in right:
                return f"was allowed, but {right} is right"
            return self.misidentified(case, answer, number)
        if got in right:
            if got == 401 and "bearer" not in answer.fields.get("www-authenticate", "").lower():
                return "401 without a challenge"
            self.world.pending += got == 503
            return None
        if got in OUTAGE_ANSWERS and self.world.is_down(self.proxy, begin, end):
            self.world.outage_errors += 1
            return None
        if got == 503 and (case.token is None or case.token.asks) and self.world.issuer_is_down(begin, end):
            # Nothing but a key that mcp-auth already has can be used without the issuer.
            if ALLOW not in right or 503 in right:
                self.world.outage_errors += 1
                return None
        return f"{got} in place of {right}"

    def misidentified(self, case, answer, number):
        try:
            seen = json.loads(answer.body)
        except ValueError:
            return f"an answer that is not from the MCP server: {answer.body[:100]}"
        if seen["request"] != str(number):
            return f"the answer to another request, {seen['request']} in place of {number}"
        if seen["authorization"]:
            return "the MCP server got the token"
        caller = [(name, value) for name, value in seen["caller"] if value]
        if sorted(caller) != sorted(case.token.caller.items()):
            return f"THE IDENTITY IS WRONG: {sorted(caller)} in place of {sorted(case.token.caller.items())}"
        return None


class Slow:
    """Clients that take their time, at the listeners of mcp-auth itself."""

    def __init__(self, world):
        self.world = world
        self.open = 0
        self.closed = {}

    async def run(self):
        """Starts some every 10 s, until it is cancelled."""
        async with asyncio.TaskGroup() as group:
            while True:
                for client in self.clients():
                    group.create_task(client)
                await asyncio.sleep(10)

    def clients(self):
        ports = self.world.ports
        head = b"GET /mcp HTTP/1.1\r\nHost: mcp.example\r\nX-Slow: "
        token = self.world.subjects[0].good[0].text
        body = (
            "POST /mcp HTTP/1.1\r\nHost: mcp.example\r\nContent-Type: application/json\r\n"
            f"Content-Length: 1000\r\nAuthorization: Bearer {token}\r\n\r\n"
        ).encode()
        metadata = b"GET /.well-known/oauth-protected-resource/mcp HTTP/1.1\r\nHost: mcp.example\r\n\r\n"
        yield self.client("head", ports["clients"], head, 10, trickles=True)
        yield self.client("head", ports["verify"], head.replace(b"/mcp", b"/verify"), 10, trickles=True)
        yield self.client("body", ports["clients"], body, 30, trickles=True)
        yield self.client("idle", ports["clients"], b"", 75)
        yield self.client("idle", ports["verify"], b"", 75)
        yield self.client("idle after a request", ports["clients"], metadata, 75)

    async def client(self, name, port, first, deadline, trickles=False):
        """Sends `first`, then a byte each half second or nothing; it must be closed at the deadline."""
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            # It is down; that is not what is tested here.
            return
        self.open += 1
        begin = time.time()
        try:
            writer.write(first)
            slack = 3
            received = await asyncio.wait_for(self.until_closed(reader, writer, trickles), deadline + slack)
        except asyncio.TimeoutError:
            slack += self.world.worst_lag(begin)
            if time.time() < begin + deadline + slack or self.world.is_restarted(begin):
                return
            self.world.violation(f"slow client ({name}): not closed within {deadline} s + {slack:.0f} s")
            return
        finally:
            self.open -= 1
            writer.close()
        if self.world.is_restarted(begin):
            return
        seconds = time.time() - begin
        self.closed.setdefault(name, []).append(seconds)
        if seconds < deadline - 1 and not (name == "body" and received):
            self.world.violation(f"slow client ({name}): closed after {seconds:.1f} s already, not after {deadline} s")
        if trickles and received.startswith(b"HTTP/1.1 2"):
            self.world.violation(f"slow client ({name}): was allowed: {received[:60]}")

    @staticmethod
    async def until_closed(reader, writer, trickles):
        received = b""
        reading = asyncio.ensure_future(reader.read(65536))
        try:
            while True:
                done, _ = await asyncio.wait([reading], timeout=0.5)
                try:
                    if done:
                        data = reading.result()
                        if not data:
                            return received
                        received += data
                        reading = asyncio.ensure_future(reader.read(65536))
                    elif trickles:
                        writer.write(b"a")
                        await writer.drain()
                except OSError:
                    return received
        finally:
            reading.cancel()
