# This source file is part of the swift-mcp-auth project.
# SPDX-License-Identifier: Apache-2.0
"""Lets three policy engines make the same ten decisions, and prints whether they agree and how long each takes.

usage: compare.py BENCHMARK PEERS where PEERS is a command that reads the decisions of BENCHMARK.

It fails when the engines disagree or a program fails; nothing is asserted about time.
"""
import json
import os
import shlex
import statistics
import subprocess
import sys

US = "mcp-auth"
HEADER = """\
POLICY
microseconds of processor time for one decision, one thread; median of 11 rounds
In brackets, how many times as long as {us} it takes. Load of this machine: {load:.1f} on {cpus} processors.
"""
METHOD = """\
Every engine is asked inside its process, with the policy `notes` in its own language. Read or compiled before the clock
starts: policy, claims, scopes, and what is asked about. What each call includes:
mcp-auth     evaluating; if denied, also which scopes or sign-in would do
cedarpy      evaluating; the names in the request and its context, {"now": ...}, as text; the answer by way of JSON
Cedar alone  what Cedar itself reports for evaluating in these calls, in whole microseconds of wall clock
regopy       evaluating with rego-cpp; setting the input; the answer by way of JSON
"""


def run(command, given=None):
    done = subprocess.run(command, input=given, stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"compare: {shlex.join(command)} failed")
    return done.stdout


def print_row(name, allowed, cells):
    print(f"{name:<36}{allowed:<9}" + "".join(f"{cell:>18}" for cell in cells))


def print_times(name, allowed, times):
    cells = [f"{time / 1000:.2f}" + (f" ({time / times[0]:.0f}x)" if index else "") for index, time in enumerate(times)]
    print_row(name, allowed, cells)


def main():
    benchmark, peers = sys.argv[1:]
    text = run([benchmark, "--lines"]) + run(shlex.split(peers), given=run([benchmark, "--decisions"]))
    by_peer = {}
    for line in map(json.loads, text.splitlines()):
        by_peer.setdefault(line["peer"], {})[line["decision"]] = line
    print(HEADER.format(us=US, load=os.getloadavg()[0], cpus=os.cpu_count()))
    print_row("decision", "allowed", by_peer)
    ours = by_peer[US]
    for name, line in ours.items():
        print_times(name, "yes" if line["allowed"] else "no", [decisions[name]["ns"] for decisions in by_peer.values()])
    means = [statistics.mean(line["ns"] for line in decisions.values()) for decisions in by_peer.values()]
    print_times("mean", "", means)
    print(f"\n{METHOD}")
    for peer, decisions in by_peer.items():
        differing = [name for name in decisions if decisions[name]["allowed"] != ours[name]["allowed"]]
        if differing or len(decisions) != 10:
            sys.exit(f"compare: {peer} makes {len(decisions)} decisions, and these otherwise than {US}: {differing}")
    print("all engines decide all ten alike")


main()
