# This source file is part of the swift-mcp-auth project.
# SPDX-License-Identifier: Apache-2.0
"""The servers of the soak test, each in a process of its own.

usage: servers.py issuer PORT FOLDER     publishes metadata.json and jwks.json of the folder, as they are now
       servers.py echo PORT FILE         the MCP server: answers with what it got about the caller; notes in the file
                                         each request that should have been refused
"""
import asyncio
import http.server
import json
import pathlib
import sys


def issuer(port, folder):
    documents = {
        "/.well-known/oauth-authorization-server": "metadata.json",
        "/.well-known/openid-configuration": "metadata.json",
        "/jwks": "jwks.json",
    }

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            name = documents.get(self.path)
            body = (pathlib.Path(folder) / name).read_bytes() if name else b"{}"
            self.send_response(200 if name else 404)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()


class Echo(asyncio.Protocol):
    """A connection of a proxy. It is never closed from this side, so that no request meets a connection that ends."""

    def __init__(self, note):
        self.note = note
        self.buffer = b""

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            lines = self.buffer[:end].decode("latin-1").split("\r\n")
            pairs = [each.partition(":") for each in lines[1:]]
            fields = [(name.strip().lower(), value.strip()) for name, _, value in pairs]
            length = int(dict(fields).get("content-length", 0))
            if any(name == "transfer-encoding" for name, _ in fields):
                return self.transport.abort()
            if len(self.buffer) < end + 4 + length:
                return None
            self.buffer = self.buffer[end + 4 + length :]
            self.answer(lines[0], fields)
        return None

    def answer(self, line, fields):
        named = dict(fields)
        if named.get("x-expect") == "refused":
            self.note(f"{line} {json.dumps(fields)}")
        body = json.dumps({
            "request": named.get("x-request"),
            "authorization": "authorization" in named,
            # With each repetition, and under every spelling that a server may take for the same name.
            "caller": [each for each in fields if each[0].replace("_", "-").startswith("x-auth-")],
        }).encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        self.transport.write(head.encode() + body)


async def echo(port, path):
    with open(path, "a", buffering=1, encoding="utf-8") as file:
        server = await asyncio.get_running_loop().create_server(
            lambda: Echo(lambda text: print(text, file=file)), "127.0.0.1", port, backlog=1024
        )
        await server.serve_forever()


if __name__ == "__main__":
    if sys.argv[1] == "issuer":
        issuer(int(sys.argv[2]), sys.argv[3])
    else:
        asyncio.run(echo(int(sys.argv[2]), sys.argv[3]))
