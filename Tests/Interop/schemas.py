# This source file is part of the swift-mcp-auth project.
# SPDX-License-Identifier: Apache-2.0
"""Checks, with another implementation, that the JSON Schemas accept every example and refuse every bad sample."""

import copy
import json
import pathlib
import sys

from jsonschema import Draft202012Validator

root = pathlib.Path(__file__).resolve().parents[2]


def load(path):
    return json.loads((root / path).read_text())


def changed(document, edit):
    document = copy.deepcopy(document)
    edit(document)
    return document


def validator(name):
    schema = load(f"policies/schema/{name}-1.schema.json")
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


policy, tests, server, provider, revocations = (
    validator(n) for n in ("policy", "policy-test", "server", "provider", "revocations"))
examples = {".test.json": tests, ".server.json": server, ".json": policy}
rule = {"id": "r", "effect": "allow", "targets": "any"}
demo = load("Examples/demo/mcp-auth.json")
good = [(next(v for end, v in examples.items() if path.name.endswith(end)), str(path), json.loads(path.read_text()))
        for path in sorted((root / "policies/examples").glob("*.json"))]
good += [(provider, str(path), json.loads(path.read_text()))
         for path in sorted((root / "Sources/MCPAuth/Providers").glob("*.json"))]
good += [(revocations, "a revocation list", {"version": 1, "entries": [{"issuer": "https://a.example", "jti": "x"}]})]
good += [(server, "the demo", demo)]
good += [(policy, "the short form", {"version": 1, "required_scopes": ["read:notes"]})]
bad = [
    (tests, "a test without an expectation", {"version": 1, "policy": "p.json", "tests": [{"name": "n", "call": "ping"}]}),
    (tests, "a policy and policies", {"version": 1, "policy": "p.json", "policies": ["p.json"],
     "tests": [{"name": "n", "call": "ping", "expect": {"decision": "deny"}}]}),
    (policy, "an unknown version", {"version": 2, "rules": []}),
    (policy, "no version", {"rules": []}),
    (policy, "an unknown key", {"version": 1, "rulez": []}),
    (policy, "an unknown effect", {"version": 1, "rules": [rule | {"effect": "permit"}]}),
    (policy, "an unknown rule key", {"version": 1, "rules": [rule | {"tool": ["x"]}]}),
    (policy, "a rule without id", {"version": 1, "rules": [{"effect": "allow", "targets": "any"}]}),
    (policy, "an unknown operator", {"version": 1, "rules": [rule | {"when": {"claim": "/a", "matches": "x"}}]}),
    (policy, "a scope that is a number", {"version": 1, "rules": [rule | {"scopes": {"all": [1]}}]}),
    (server, "an unknown key", changed(demo, lambda d: d.update(resource=[]))),
    (server, "no resources", changed(demo, lambda d: d.pop("resources"))),
    (server, "a secret as a literal",
     changed(demo, lambda d: d["issuers"]["dev"]["introspection"].update(client_secret="s3cret"))),
    (server, "a leeway beyond its bounds", changed(demo, lambda d: d["issuers"]["dev"].update(leeway_seconds=301))),
    (server, "an algorithm that is none", changed(demo, lambda d: d["issuers"]["dev"].update(algorithms=["none"]))),
    (policy, "a deny rule that demands a sign-in",
     {"version": 1, "rules": [rule | {"effect": "deny", "max_age_seconds": 5}]}),
    (server, "a bearer method with a secret",
     changed(demo, lambda d: d["issuers"]["dev"]["introspection"].update(method="bearer"))),
    (server, "a mapping of exp", changed(demo, lambda d: d["issuers"]["dev"]["claims"].update(exp=["x"]))),
    (server, "a rule with an unknown step",
     changed(demo, lambda d: d["issuers"]["dev"]["claims"].update(roles={"from": ["r"], "lower": True}))),
    (server, "an HMAC algorithm that is none", changed(demo, lambda d: d["issuers"]["dev"].update(
        hmac_secrets=[{"algorithm": "none", "secret": {"env": "X"}}]))),
    (provider, "a profile without issuer", {"version": 1, "provider": "x"}),
    (revocations, "an entry without issuer", {"version": 1, "entries": [{"jti": "x"}]}),
    (server, "an issuer without name", changed(demo, lambda d: d["resources"][0].update(issuers=[{}]))),
]
failed = [f"refuses {what}: {next(v.iter_errors(d)).message}" for v, what, d in good if not v.is_valid(d)]
failed += [f"accepts {what}" for v, what, d in bad if v.is_valid(d)]
for line in failed:
    print(f"the schema {line}", file=sys.stderr)
sys.exit(1 if failed else 0)
