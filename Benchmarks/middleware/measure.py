# This source file is part of the swift-mcp-auth project.
# SPDX-License-Identifier: Apache-2.0
"""Measures what authorization adds to a server on Hummingbird and on NIO alone, for a remembered token.

usage: measure.py MIDDLEWARE_BENCHMARK

The server runs on the first processor, wrk on the second; the two variants take turns. Printed are requests per second and
the processor time of a request, and how much more the second variant needs: the median of the turns. Nothing is asserted.
"""
import os
import re
import socket
import statistics
import subprocess
import sys
import time

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
        turns = [[measure(program, host, variant) for variant in ("bare", "guarded")] for _ in range(TURNS)]
        rates = [statistics.median(turn[index][0] for turn in turns) for index in (0, 1)]
        times = [statistics.median(turn[index][1] for turn in turns) for index in (0, 1)]
        more = statistics.median(turn[1][1] / turn[0][1] for turn in turns) - 1
        slower = 1 - statistics.median(turn[1][0] / turn[0][0] for turn in turns)
        print(
            f"{host:<12} bare {rates[0]:8,.0f}/s {times[0]:6.2f} us   guarded {rates[1]:8,.0f}/s {times[1]:6.2f} us"
            f"   processor time {more:+.1%}, rate {-slower:+.1%}"
        )


if __name__ == "__main__":
    main()
