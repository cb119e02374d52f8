#!/usr/bin/env python3
"""Runs `mcp-auth serve` in the root of a system, as its unit would: with the configuration in /etc/mcp-auth, as the user
mcp-auth, without rights. `scripts/test-deb.sh` starts it in a network of its own.

    test-deb.py ROOT

Checks that it reports readiness, publishes metadata, decides for a proxy, answers operators, survives SIGHUP and ends
after SIGTERM; then the same with a socket that is passed to it.
"""

import contextlib
import fcntl
import http.client
import json
import os
import pathlib
import signal
import socket
import struct
import subprocess
import sys
import time

ROOT = pathlib.Path(sys.argv[1]).resolve()
# The addresses of Examples/nginx/mcp-auth.json.
CLIENTS, PROXY = ("127.0.0.1", 9000), ("127.0.0.1", 9001)
HOST = "mcp.example"
# Where systemd hands over the first socket.
FIRST_PASSED = 3


def check(holds, what):
    if not holds:
        sys.exit(f"test-deb: {what}")


def bring_loopback_up():
    """A new network has a loopback interface that is down."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sh14x", b"lo", 0)
        flags = struct.unpack("16sh14x", fcntl.ioctl(any_socket, 0x8913, request))[1]  # SIOCGIFFLAGS
        fcntl.ioctl(any_socket, 0x8914, struct.pack("16sh14x", b"lo", flags | 1))  # SIOCSIFFLAGS, IFF_UP


def get(address, path, **fields):
    connection = http.client.HTTPConnection(*address, timeout=10)
    with contextlib.closing(connection):
        connection.request("GET", path, headers={"Host": HOST} | {k.replace("_", "-"): v for k, v in fields.items()})
        response = connection.getresponse()
        return response.status, response.headers, response.read()


def as_service(*command):
    """A command of mcp-auth in the root, as the unit would run it, with the configuration."""
    user = ["setpriv", "--reuid=mcp-auth", "--regid=mcp-auth", "--init-groups", "--no-new-privs"]
    user += ["--bounding-set=-all", "--inh-caps=-all"]
    return ["chroot", ROOT, *user, "/usr/bin/mcp-auth", *command, "--config", "/etc/mcp-auth/mcp-auth.json"]


ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}


def start(extra):
    """The server. `$$` stays its process: each program replaces the one before."""
    shell = ["sh", "-c", 'if [ -n "${LISTEN_FDS:-}" ]; then export LISTEN_PID=$$; fi; exec "$@"', "sh"]
    environment = ENVIRONMENT | {"NOTIFY_SOCKET": "/run/mcp-auth-notify"} | extra
    passed = [FIRST_PASSED] if "LISTEN_FDS" in extra else []
    return subprocess.Popen([*shell, *as_service("serve")], env=environment, pass_fds=passed, stdin=subprocess.DEVNULL)


def received(notifications, seconds):
    """The next notification as a dictionary; `None` if there is none in time."""
    notifications.settimeout(seconds)
    try:
        lines = notifications.recv(4096).decode().splitlines()
    except TimeoutError:
        return None
    return dict(line.split("=", 1) for line in lines if "=" in line)


def wait_until_ready(server, notifications):
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        message = received(notifications, 0.5)
        if message and message.get("READY") == "1":
            return
        check(server.poll() is None, f"the server ended with {server.returncode} before it was ready")
    check(False, "the server did not report READY=1 within 30 s")


def check_answers():
    status, _, body = get(CLIENTS, "/.well-known/oauth-protected-resource/mcp")
    check(status == 200, f"the metadata has status {status}")
    metadata = json.loads(body)
    check(metadata["resource"] == f"https://{HOST}/mcp", f"the metadata is {metadata}")
    check(metadata["authorization_servers"] == ["https://auth.example.com/"], f"the metadata is {metadata}")
    asked = {"X_Original_Method": "POST", "X_Original_URI": "/mcp", "X_Forwarded_Host": HOST}
    status, headers, _ = get(PROXY, "/verify", **asked)
    challenge = headers.get("WWW-Authenticate", "")
    check(status == 401 and "resource_metadata" in challenge, f"without a token: {status}, {challenge!r}")
    # What the health check of the container image asks.
    answer = subprocess.run(as_service("admin", "status"), env=ENVIRONMENT, capture_output=True, text=True)
    check(answer.returncode == 0, f"admin status: {answer.returncode}, {answer.stderr}")


def run(notifications, extra):
    server = start(extra)
    try:
        wait_until_ready(server, notifications)
        check_answers()
        server.send_signal(signal.SIGHUP)
        time.sleep(1.5)
        check(server.poll() is None, f"SIGHUP ended the server with {server.returncode}")
        check_answers()
        server.send_signal(signal.SIGTERM)
        try:
            server.wait(timeout=15)
        except subprocess.TimeoutExpired:
            check(False, "SIGTERM did not end the server within 15 s")
        check(server.returncode == 0, f"after SIGTERM the server ended with {server.returncode}")
    finally:
        if server.poll() is None:
            server.kill()
            server.wait()


def main():
    # What systemd would pass on; it has its number from the beginning, so that nothing else gets it.
    opened = socket.socket(socket.AF_INET, socket.SOCK_STREAM).detach()
    if opened != FIRST_PASSED:
        os.dup2(opened, FIRST_PASSED)
        os.close(opened)
    clients = socket.socket(fileno=FIRST_PASSED)
    bring_loopback_up()
    path = ROOT / "run/mcp-auth-notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notifications:
        notifications.bind(str(path))
        try:
            path.chmod(0o777)
            run(notifications, {})
            print("serve: ready, metadata, decision, admin, SIGHUP, SIGTERM")
            while received(notifications, 0.1):
                pass
            clients.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            clients.bind(CLIENTS)
            clients.listen(16)
            # If the server did not take this socket, it could not listen at its address.
            run(notifications, {"LISTEN_FDS": "1", "LISTEN_FDNAMES": "clients"})
            print("serve: the same with a passed socket")
        finally:
            path.unlink()


main()
