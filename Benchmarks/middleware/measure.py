# This source file is part of the swift-mcp-auth project.
# SPDX-License-Identifier: Apache-2.0
"""Measures what authorization adds to a server on Hummingbird and on NIO alone, for a remembered token.

Three variants: the server as it is (bare), with authorization and the HTTP/1.1 codec of MCPAuthNIO in place of that of the
host (strict), and with authorization behind the codec of the host (guarded).

usage: measure.py MIDDLEWARE_BENCHMARK

The server runs on the first processor, wrk on the second; the variants take turns. Printed are requests per second and the
processor time of a request, and how much more than the bare server a variant needs: the median of the turns. Nothing is
asserted.
"""
import os
import re
import socket
import statistics
import subprocess
import sys
import time

VARIANTS = ("bare", "strict", "guarded")
TURNS = 7
SECONDS = 3
CONNECTIONS = 32


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def processor_seconds(process):
    with open(f"/proc/{process.pid}/stat", encoding="ascii") as file:
        values = file.read().rsplit(")", 1)[1].split()
    return (int(values[11]) + int(values[12])) / os.sysconf("SC_CLK_TCK")


def measure(program, host, variant):
    port = free_port()
    server = subprocess.Popen(
        ["taskset", "-c", "0", program, host, variant, str(port)], stdout=subprocess.PIPE, text=True
    )
    try:
        token = server.stdout.readline().strip()
        for _ in range(100):
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                time.sleep(0.05)
        url = f"http://127.0.0.1:{port}/notes"
        command = ["wrk", "-t1", f"-c{CONNECTIONS}", "-H", f"Authorization: Bearer {token}", url]
        subprocess.run(["taskset", "-c", "1", *command, "-d1s"], check=True, stdout=subprocess.DEVNULL)
        before = processor_seconds(server)
        text = subprocess.run(
            ["taskset", "-c", "1", *command, f"-d{SECONDS}s"], check=True, stdout=subprocess.PIPE, text=True
        ).stdout
        used = processor_seconds(server) - before
        if "Non-2xx" in text:
            sys.exit(f"measure: {host} {variant} refused the token\n{text}")
        requests = int(re.search(r"(\d+) requests in", text).group(1))
        return float(re.search(r"Requests/sec:\s+([0-9.]+)", text).group(1)), used / requests * 1e6
    finally:
        server.kill()
        server.wait()


def main():
    program = sys.argv[1]
    print(f"remembered token, one processor, {CONNECTIONS} connections; median of {TURNS} turns")
    for host in ("hummingbird", "nio"):
        turns = [[measure(program, host, variant) for variant in VARIANTS] for _ in range(TURNS)]
        for index, variant in enumerate(VARIANTS):
            rate, used = (statistics.median(turn[index][value] for turn in turns) for value in (0, 1))
            more = statistics.median(turn[index][1] / turn[0][1] for turn in turns) - 1
            slower = statistics.median(turn[index][0] / turn[0][0] for turn in turns) - 1
            compared = f"   processor time {more:+.1%}, rate {slower:+.1%}" if index else ""
            print(f"{host:<12} {variant:<8} {rate:8,.0f}/s {used:6.2f} us{compared}")


if __name__ == "__main__":
    main()
