# This source file is part of the swift-mcp-auth project.
# SPDX-License-Identifier: Apache-2.0
"""Measures Cedar and Rego with the decisions from standard input, which `policy-benchmark --decisions` prints.

Policies, claims and scopes are read before the clock starts, as far as each library can.
"""
import json
import pathlib
import statistics
import sys
import time

import cedarpy

ROUNDS = 11
CALLS = 500
NOW = 1_000_000
HERE = pathlib.Path(__file__).parent


def entity(kind, name, parents=(), /, **attributes):
    return {"uid": {"type": kind, "id": name}, "attrs": attributes, "parents": list(parents)}


def scopes(decision):
    return decision["claims"].get("scope", "").split()


def with_cedar():
    """A function from a decision to a call that decides it."""
    policies = cedarpy.PolicySet.from_str((HERE / "notes.cedar").read_text())
    basics = [{"type": "Action", "id": "@basics"}]
    common = [entity("Action", name, basics) for name in ("initialize", "server/discover", "ping")]
    common.append(entity("Scope", "admin:notes", [{"type": "Scope", "id": "write:notes"}]))
    common.append(entity("Scope", "write:notes", [{"type": "Scope", "id": "read:notes"}]))

    def prepare(decision):
        claims, tool = decision["claims"], decision.get("tool", "")
        granted = [{"type": "Scope", "id": scope} for scope in scopes(decision)]
        own = [entity("User", claims["sub"], granted, **claims), entity("Tool", tool, name=tool)]
        entities = cedarpy.Entities.from_json_str(json.dumps(common + own))
        request = {
            "principal": {"type": "User", "id": claims["sub"]},
            "action": {"type": "Action", "id": decision["method"]},
            "resource": {"type": "Tool", "id": tool},
            "context": json.dumps({"now": NOW}),
        }
        return lambda: cedarpy.is_authorized(request, policies, entities)

    return prepare


def with_rego():
    """A function from a decision to a call that decides it."""
    import regopy  # here, so that Cedar is measured even if this library cannot be loaded

    rego = regopy.Interpreter()
    rego.add_module("notes", (HERE / "notes.rego").read_text())
    bundle = rego.build(None, ["notes/allow"])

    def prepare(decision):
        question = regopy.Input({"tool": "", **decision, "scopes": scopes(decision), "now": NOW})

        def decide():
            rego.set_input(question)
            return rego.query_bundle_entrypoint(bundle, "notes/allow")[0][0]

        return decide

    return prepare


def rounds(call):
    """The results and the nanoseconds of processor time for one call, for each round after one to warm up."""
    for number in range(ROUNDS + 1):
        start = time.process_time_ns()
        answers = [call() for _ in range(CALLS)]
        if number > 0:
            yield answers, (time.process_time_ns() - start) / CALLS


def report(peer, decision, allowed, times):
    line = {"peer": peer, "what": "policy", "decision": decision["name"], "allowed": allowed}
    print(json.dumps({**line, "ns": round(statistics.median(times))}))


def main():
    decisions = json.load(sys.stdin)
    prepare = with_cedar()
    for decision in decisions:
        results = list(rounds(prepare(decision)))
        answer = results[0][0][0]
        if answer.diagnostics.errors:
            sys.exit(f"cedarpy: {decision['name']}: {answer.diagnostics.errors}")
        report("cedarpy", decision, answer.allowed, [time for _, time in results])
        inside = [each.metrics["authz_duration_micros"] * 1000 for answers, _ in results for each in answers]
        report("Cedar alone", decision, answer.allowed, inside)
    try:
        prepare = with_rego()
        measured = [(decision, list(rounds(prepare(decision)))) for decision in decisions]
    except Exception as error:
        print(f"regopy is left out: {error}", file=sys.stderr)
        return
    for decision, results in measured:
        report("regopy", decision, results[0][0][0], [time for _, time in results])


main()
