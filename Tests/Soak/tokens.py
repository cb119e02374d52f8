# This source file is part of the swift-mcp-auth project.
# SPDX-License-Identifier: Apache-2.0
"""The tokens of the soak test, and what is right as an answer to each of them at each moment."""
import base64
import hashlib
import hmac
import json
import pathlib
import secrets
import time

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

AUDIENCE = "https://mcp.example/mcp"
ALLOW = "allow"
# mcp-auth fetches the keys of an issuer at most once in this time, in seconds.
COOL_DOWN = 30


def encoded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class History:
    """What is right over time: a list of moments, from each of which other answers are right."""

    def __init__(self, *answers):
        self.moments = [(0.0, frozenset(answers))]

    def now(self, *answers):
        self.at(time.time(), *answers)

    def at(self, moment, *answers):
        """Replaces what was said about the time after the moment."""
        self.moments = [each for each in self.moments if each[0] < moment] + [(moment, frozenset(answers))]

    def during(self, begin, end):
        """Every answer that is right for a request that took from `begin` to `end`."""
        found = set()
        for index, (moment, answers) in enumerate(self.moments):
            until = self.moments[index + 1][0] if index + 1 < len(self.moments) else float("inf")
            if moment <= end and begin < until:
                found |= answers
        return found


class Key:
    """A key of an issuer."""

    def __init__(self, identifier):
        self.id = identifier
        self.private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.withdrawn = False
        # From when on mcp-auth must know it.
        self.settled = 0.0
        # What is right for valid tokens that it signed.
        self.history = History(ALLOW)

    def settle(self, moment):
        """mcp-auth must know it from this moment on, and may know it before."""
        self.settled = moment
        self.history.now(ALLOW, 503)
        self.history.at(moment, ALLOW)

    @property
    def public(self):
        public = jwt.algorithms.RSAAlgorithm.to_jwk(self.private.public_key(), as_dict=True)
        public.pop("key_ops", None)
        return public | {"kid": self.id, "alg": "RS256", "use": "sig"}


class Issuer:
    """What an issuer publishes in its folder, and the tokens that it issues."""

    def __init__(self, folder, port, history=None):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir()
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        # What is right for its valid tokens, where that does not depend on the key.
        self.history = history
        metadata = {"issuer": self.url, "jwks_uri": self.url + "/jwks", "response_types_supported": ["code"]}
        (self.folder / "metadata.json").write_text(json.dumps(metadata))
        self.keys = [Key("1")]
        self.publish()

    @property
    def key(self):
        """The newest key that mcp-auth must know."""
        return [key for key in self.keys if key.settled <= time.time() and not key.withdrawn][-1]

    def publish(self):
        new = self.folder / "jwks.new"
        new.write_text(json.dumps({"keys": [key.public for key in self.keys]}))
        new.rename(self.folder / "jwks.json")


class Token:
    """A token and what is right for it."""

    def __init__(self, kind, text, *, issuer=None, caller=None, key=None, expires=None, asks=True):
        self.kind = kind
        self.text = text
        self.issuer = issuer
        # The fields that the MCP server must get; `None` if the token must always be refused.
        self.caller = caller
        self.key = key
        self.expires = expires
        # Whether it may make mcp-auth ask the issuer, so that its client may get 503 while that does not answer.
        self.asks = asks

    @property
    def scopes(self):
        return self.caller["x-auth-scope"].split()

    def answers(self, begin, end):
        """What is right for a request with it that took from `begin` to `end`."""
        if self.caller is None:
            return {401}
        history = self.issuer.history or self.key.history
        found = set(history.during(begin, end))
        if self.expires is not None and end >= self.expires:
            found.add(401)
            if begin >= self.expires:
                found.discard(ALLOW)
        return found


def signed(key, claims, header=None, algorithm="RS256"):
    return jwt.encode(claims, key.private, algorithm, {"kid": key.id, "typ": "at+jwt"} | (header or {}))


class Subject:
    """A subject with its tokens."""

    def __init__(self, number):
        self.number = number
        self.name = f"user-{number}"
        self.good = []
        self.old = []
        self.short = None
        self.second = []
        self.bad = []

    def claims(self, issuer, name, lifetime=7200, **other):
        now = int(time.time())
        # Each token has a client and a scope of its own, so that it is seen if one is taken for another one.
        scope = f"notes:{self.number}-{name}" + (" admin" if self.number % 2 == 0 else "")
        return {
            "iss": issuer.url, "sub": self.name, "aud": AUDIENCE, "client_id": f"client-{self.number}-{name}",
            "scope": scope, "iat": now, "exp": now + lifetime, "jti": secrets.token_hex(8),
        } | other

    def token(self, issuer, name, key=None, lifetime=7200, expires=False):
        key = key or issuer.key
        claims = self.claims(issuer, name, lifetime)
        caller = {
            "x-auth-subject": self.name, "x-auth-issuer": issuer.url, "x-auth-client": claims["client_id"],
            "x-auth-scope": claims["scope"],
        }
        expiry = claims["exp"] if expires else None
        return Token(name, signed(key, claims), issuer=issuer, caller=caller, key=key, expires=expiry)

    def equip(self, main, second, attacker):
        """Gives it valid tokens, and those that must be refused, but for that of ``splice``."""
        self.good = [self.token(main, f"good{n}") for n in range(3)]
        self.second = [self.token(second, "second")]
        one = self.good[0].text
        head, payload, signature = one.split(".")
        flipped = ("A" if signature[0] != "A" else "B") + signature[1:]
        confused = encoded(json.dumps({"alg": "HS256", "kid": main.key.id, "typ": "at+jwt"}).encode()) + "." + payload
        pem = main.key.private.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        claims = self.claims(main, "bad")
        self.bad = [
            Token("expired", signed(main.key, claims | {"iat": claims["iat"] - 900, "exp": claims["iat"] - 300})),
            Token("for another audience", signed(main.key, claims | {"aud": "https://other.example/mcp"})),
            Token("with a changed signature", f"{head}.{payload}.{flipped}"),
            Token("with alg none", encoded(b'{"alg":"none","typ":"at+jwt"}') + f".{payload}.", asks=False),
            Token("with the public key as HMAC secret",
                  confused + "." + encoded(hmac.digest(pem, confused.encode(), hashlib.sha256))),
            Token("signed by another key under the same kid", signed(attacker, claims, {"kid": main.key.id})),
            Token("with an unknown kid", signed(attacker, claims, {"kid": "unknown"})),
            Token("of an unknown issuer", signed(attacker, claims | {"iss": "https://attacker.example"}), asks=False),
            Token("that is garbage", secrets.token_urlsafe(60), asks=False),
        ]

    def splice(self, other):
        """A token with the claims of another subject, and a signature over the claims of this one."""
        head, payload, _ = other.good[0].text.split(".")
        signature = self.good[0].text.split(".")[2]
        self.bad.append(Token("with the claims of another one", f"{head}.{payload}.{signature}"))


class Fragments:
    """Finds pieces of tokens in texts."""

    LENGTH = 24

    def __init__(self):
        self.pieces = set()
        self.tokens = 0

    def add(self, token):
        """Takes the payload and the signature, in pieces: any text with twice their length of a token has a whole one."""
        self.tokens += 1
        for part in token.text.split(".")[-2:]:
            for begin in range(0, len(part) - self.LENGTH + 1, self.LENGTH):
                self.pieces.add(part[begin : begin + self.LENGTH])

    def found(self, text):
        return any(text[at : at + self.LENGTH] in self.pieces for at in range(len(text) - self.LENGTH + 1))
