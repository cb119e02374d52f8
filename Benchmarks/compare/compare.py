# This source file is part of the swift-mcp-auth project.
# SPDX-License-Identifier: Apache-2.0
"""Runs this library and its peers in turns, then prints how they compare.

usage: compare.py FIXTURES BENCHMARK PEER... where every PEER is a command that gets FIXTURES as its last argument.

Every program prints one JSON object per line. Nothing is asserted about time: it fails only when a program does.
"""
import json
import os
import shlex
import statistics
import subprocess
import sys

TURNS = 9
RUNS = 5
US = "mcp-auth"
ALGORITHMS = ("RS256", "ES256")
CACHED = ("cached, 1 token", "cached", "cached, with a log")
HEADER = """\
microseconds of processor time for one token, one thread; median of {turns} turns
In each turn, one program after the other verifies the same {tokens} tokens of about 450 bytes of claims with the same key:
signature, exp, iss and aud. Each does so once to warm up and 5 times with the clock inside the process; the median counts.
For {us} it is the whole decision: resource, token, floor rules and policy. Load of this machine: {load:.1f} on {cpus} processors.
"""


def lines(command):
    """The measurements of a program, by (peer, what, algorithm)."""
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"compare: {shlex.join(command)} failed")
    found = [json.loads(line) for line in done.stdout.splitlines()]
    return {(line["peer"], line["what"], line.get("algorithm")): line.get("ns", line.get("mib")) for line in found}


def medians(runs):
    return {key: statistics.median(run[key] for run in runs) for key in runs[0]}


def in_turns(commands):
    return medians([{k: v for command in commands for k, v in lines(command).items()} for _ in range(TURNS)])


def print_row(name, cells):
    print(f"{name:<28}" + "".join(f"{cell:>20}" for cell in cells))


def print_peers(times):
    print_row("not remembered", ALGORITHMS)
    for peer in dict.fromkeys(peer for peer, _, _ in times):
        print_row(peer, [f"{times[peer, 'uncached', algorithm] / 1000:.2f}" for algorithm in ALGORITHMS])
    print()
    print_row("remembered, RS256", CACHED)
    for peer in (US, "liboauth2"):
        cells = [times.get((peer, what, "RS256"), times[peer, "cached", "RS256"]) for what in CACHED]
        print_row(peer, [f"{cell / 1000:.2f}" for cell in cells])
    print()


def print_own(own):
    print(f"decision-benchmark, median of {RUNS} runs; claims of 271 bytes, in memory of 450")
    for (_, what, algorithm), value in own.items():
        cell = f"{value:.1f} MiB" if what == "memory" else f"{value / 1000:.2f} us"
        print(f"{algorithm or '':<8}{what:<36}{cell:>12}")
    print()


def scaling(own):
    """How many times as much two threads do as one: in one engine, and with nothing shared (the machine's limit)."""
    alone, together, apart = (
        own[US, what, "RS256"]
        for what in ("cached, wall clock", "cached, 2 threads, wall clock", "cached, 2 engines, wall clock")
    )
    return alone / together, alone / apart


def verdicts(times, own):
    """Each requirement: what, the value, its unit, and the limits (kind, limit, whether it is a maximum)."""
    for what in CACHED:
        ours = times.get((US, what, "RS256"), times[US, "cached", "RS256"])
        ratio = times["liboauth2", what, "RS256"] / ours
        yield f"liboauth2 / {US}, {what}", ratio, "x", [("required", 5, False), ("aim", 10, False)]
    for algorithm in ALGORITHMS:
        others = {p: v for (p, what, a), v in times.items() if p != US and (what, a) == ("uncached", algorithm)}
        best = min(others, key=others.get)
        ratio = others[best] / times[US, "uncached", algorithm]
        yield f"fastest peer ({best}) / {US}, {algorithm}", ratio, "x", [("required", 1, False)]
    for algorithm in (*ALGORITHMS, "EdDSA"):
        beyond = (own[US, "uncached", algorithm] - own[US, "raw", algorithm]) / 1000
        yield f"beyond raw OpenSSL, {algorithm}", beyond, "us", [("required", 8, True)]
    # Two processors can be one core that two programs share, and then nothing runs twice as fast on them.
    measured, possible = scaling(own)
    name = f"two cores / one ({measured:.2f} here, {possible:.2f} unshared)"
    yield name, 2 * measured / possible, "x", [("required", 1.8, False)]
    yield "100,000 remembered tokens", own[US, "memory", None], "MiB", [("required", 128, True)]


def print_verdicts(times, own):
    print("RATIOS")
    print("two cores / one: twice what two threads of one engine do here, by what threads of two engines apart do here")
    for what, value, unit, limits in verdicts(times, own):
        said = []
        for kind, limit, is_maximum in limits:
            is_met = value <= limit if is_maximum else value >= limit
            verdict = "ok" if is_met else "MISSED"
            said.append(f"{kind} {'at most' if is_maximum else 'at least'} {limit}: {verdict}")
        print(f"{what:<46}{value:>8.2f} {unit:<5}{', '.join(said)}")


def main():
    fixtures, benchmark, *peers = sys.argv[1:]
    commands = [[benchmark, "--peer", fixtures]] + [[*shlex.split(peer), fixtures] for peer in peers]
    with open(os.path.join(fixtures, "RS256.tokens")) as file:
        tokens = len(file.read().split())
    load, cpus = os.getloadavg()[0], os.cpu_count()
    times = in_turns(commands)
    own = medians([lines([benchmark, "--lines"]) for _ in range(RUNS)])
    print(HEADER.format(turns=TURNS, tokens=tokens, us=US, load=load, cpus=cpus))
    print_peers(times)
    print_own(own)
    print_verdicts(times, own)


main()
