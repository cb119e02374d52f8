#!/usr/bin/env python3
# This source file is part of the swift-mcp-auth project.
# SPDX-License-Identifier: Apache-2.0
"""An authorization server built with Authlib and Flask that a test can control.

It has metadata (RFC 8414 and OpenID Connect), a JWK Set, client credentials with `resource` (RFC 8707), access tokens
that are JWTs (RFC 9068), and introspection (RFC 7662). Its one client is `rs`. With --opaque its tokens are random
text, kept in a folder, so that they outlive the process.

POST /_test/rotate   sign with a new key; the old ones stay published
POST /_test/drop     publish the newest key only

usage: authlib_issuer.py PORT [--opaque FOLDER]
"""
import json
import os
import pathlib
import secrets
import sys
import time

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2 import rfc6749, rfc7662
from authlib.oauth2.rfc9068 import JWTBearerTokenGenerator
from flask import Flask, jsonify, request
from joserfc import jwt
from joserfc.jwk import ECKey
from werkzeug.serving import WSGIRequestHandler, make_server

os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"  # loopback only

PORT = int(sys.argv[1])
OPAQUE = pathlib.Path(sys.argv[3]) if "--opaque" in sys.argv else None
ISSUER = f"http://127.0.0.1:{PORT}"
LIFETIME = 3600
keys = []


def rotate():
    keys.append(ECKey.generate_key("P-256", auto_kid=True))


class Client(rfc6749.ClientMixin):
    client_id = "rs"

    def get_client_id(self):
        return self.client_id

    def get_allowed_scope(self, scope):
        return scope

    def check_client_secret(self, secret):
        return secrets.compare_digest(secret, "rssecret")

    def check_endpoint_auth_method(self, method, endpoint):
        return method == "client_secret_basic"

    def check_grant_type(self, grant_type):
        return grant_type == "client_credentials"


class AccessTokens(JWTBearerTokenGenerator):
    """Authlib's tokens name the client as their audience; these name the `resource` of the request."""

    def access_token_generator(self, client, grant_type, user, scope):
        if OPAQUE:
            return secrets.token_urlsafe(32)
        now = int(time.time())
        claims = {
            "iss": ISSUER,
            "sub": client.client_id,
            "client_id": client.client_id,
            "aud": request.form.getlist("resource") or ISSUER,
            "scope": scope,
            "iat": now,
            "exp": now + LIFETIME,
            "jti": secrets.token_hex(8),
        }
        return jwt.encode({"alg": "ES256", "typ": "at+jwt", "kid": keys[-1].kid}, claims, keys[-1])


class Token(rfc6749.TokenMixin):
    def __init__(self, description):
        self.description = description

    def is_expired(self):
        return self.description["exp"] <= time.time()

    def is_revoked(self):
        return False


class Introspection(rfc7662.IntrospectionEndpoint):
    def query_token(self, token, hint):
        if OPAQUE and token.replace("-", "").replace("_", "").isalnum() and (OPAQUE / token).exists():
            return Token(json.loads((OPAQUE / token).read_text()))
        return None

    def check_permission(self, token, client, request):
        return True

    def introspect_token(self, token):
        return token.description


def save_token(token, saved):
    if not OPAQUE:
        return
    now = int(time.time())
    description = {
        "active": True,
        "iss": ISSUER,
        "sub": saved.client.client_id,
        "client_id": saved.client.client_id,
        "token_type": "Bearer",
        "scope": token["scope"],
        "aud": request.form.getlist("resource"),
        "iat": now,
        "exp": now + LIFETIME,
    }
    (OPAQUE / token["access_token"]).write_text(json.dumps(description))


rotate()
app = Flask(__name__)
server = AuthorizationServer(app, query_client={"rs": Client()}.get, save_token=save_token)
server.register_token_generator("default", AccessTokens(ISSUER))
server.register_grant(rfc6749.ClientCredentialsGrant)
server.register_endpoint(Introspection)


@app.get("/.well-known/oauth-authorization-server")
@app.get("/.well-known/openid-configuration")
def metadata():
    return jsonify(
        issuer=ISSUER,
        token_endpoint=f"{ISSUER}/token",
        introspection_endpoint=f"{ISSUER}/introspect",
        jwks_uri=f"{ISSUER}/jwks",
        response_types_supported=["code"],
        grant_types_supported=["client_credentials"],
        token_endpoint_auth_methods_supported=["client_secret_basic"],
    )


@app.get("/jwks")
def key_set():
    return jsonify(keys=[key.as_dict(private=False) | {"use": "sig", "alg": "ES256"} for key in keys])


@app.post("/token")
def token():
    return server.create_token_response()


@app.post("/introspect")
def introspect():
    return server.create_endpoint_response("introspection")


@app.post("/_test/<what>")
def steer(what):
    if what == "rotate":
        rotate()
    elif what == "drop":
        del keys[:-1]
    return jsonify([key.kid for key in keys])


class Quiet(WSGIRequestHandler):
    def log_request(self, *arguments):
        pass


make_server("127.0.0.1", PORT, app, threaded=True, request_handler=Quiet).serve_forever()
