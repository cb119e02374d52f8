# This source file is part of the swift-mcp-auth project.
# SPDX-License-Identifier: Apache-2.0
"""Measures how long the Python libraries take for a token: `python_peers.py DIRECTORY`.

Keys are made once, before the clock starts. Each library checks signature, exp, iss and aud; mcpauth's verify function
checks neither iss nor aud, so its caller does, as its middleware would.
"""
import json
import pathlib
import statistics
import sys
import time

import jwt
from joserfc import jwk as joserfc_jwk
from joserfc import jwt as joserfc_jwt
from mcpauth.utils import create_verify_jwt

ROUNDS = 5
ISSUER = "https://issuer.example"
RESOURCE = "https://api.example.com/notes"


def with_pyjwt(jwk, algorithm):
    key = jwt.PyJWK(jwk, algorithm=algorithm).key
    options = {"require": ["exp", "iss", "aud"]}
    return lambda token: jwt.decode(
        token, key, algorithms=[algorithm], issuer=ISSUER, audience=RESOURCE, options=options
    )


def with_joserfc(jwk, algorithm):
    key = joserfc_jwk.import_key(jwk)
    registry = joserfc_jwt.JWTClaimsRegistry(
        iss={"essential": True, "value": ISSUER},
        aud={"essential": True, "value": RESOURCE},
        exp={"essential": True},
    )
    return lambda token: registry.validate(joserfc_jwt.decode(token, key, algorithms=[algorithm]).claims)


def with_mcpauth(jwk, algorithm):
    verify_jwt = create_verify_jwt(jwt.PyJWK(jwk, algorithm=algorithm), algorithms=[algorithm])

    def verify(token):
        info = verify_jwt(token)
        if info.issuer != ISSUER or info.audience != RESOURCE:
            raise ValueError("wrong issuer or audience")

    return verify


def median(verify, tokens):
    """Nanoseconds of processor time for one token: the median of rounds over all tokens, after one to warm up."""
    times = []
    for _ in range(ROUNDS + 1):
        start = time.process_time_ns()
        for token in tokens:
            verify(token)
        times.append((time.process_time_ns() - start) / len(tokens))
    return statistics.median(times[1:])


def main():
    directory = pathlib.Path(sys.argv[1])
    for algorithm in ("RS256", "ES256"):
        jwk = json.loads((directory / f"{algorithm}.jwk.json").read_text())
        tokens = (directory / f"{algorithm}.tokens").read_text().split()
        for peer, make in (("PyJWT", with_pyjwt), ("joserfc", with_joserfc), ("mcpauth", with_mcpauth)):
            nanoseconds = round(median(make(jwk, algorithm), tokens))
            print(json.dumps({"peer": peer, "what": "uncached", "algorithm": algorithm, "ns": nanoseconds}))


main()
