#!/usr/bin/env python3
# This source file is part of the swift-mcp-auth project.
# SPDX-License-Identifier: Apache-2.0
"""Configures a fresh Glewlwyd as three OpenID providers, `rsa`, `ec` and `ed`, and gets tokens from them.

Writes to the folder: `rsa`, `ec` and `ed`, access tokens by client credentials; `access`, `id` and `refresh`, the
tokens of a user of `rsa`; `introspect`, a token that allows introspection at `rsa`. Fails unless introspection reports
the ID token and the refresh token as active.
usage: glewlwyd.py BASE FOLDER RESOURCE
"""
import json
import pathlib
import sys
import urllib.parse

import httpx
from joserfc.jwk import ECKey, KeySet, OKPKey, RSAKey

BASE, FOLDER, RESOURCE = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3]
SCOPES = ["openid", "files:read", "introspect"]
CALLBACK = "http://localhost:9999/callback"
SECRET = ("svc", "svcsecret")
admin = httpx.Client(base_url=BASE, timeout=10)


def done(response, *also):
    assert response.status_code in (200, 302, *also), (response.request.url, response.status_code, response.text[:500])
    return response


def add_provider(name, kind, algorithm, key):
    keys = KeySet([key])
    private, public = keys.as_dict(private=True), keys.as_dict(private=False)
    for each in private["keys"] + public["keys"]:
        each["use"], each["alg"] = "sig", algorithm
    parameters = {
        "iss": f"{BASE}/api/{name}", "subject-type": "public", "jwt-type": kind, "jwt-key-size": "256",
        "jwks-private": json.dumps(private), "jwks-public": json.dumps(public),
        "default-kid": private["keys"][0]["kid"], "jwks-show": True,
        "access-token-duration": 3600, "refresh-token-duration": 1209600, "code-duration": 600,
        "refresh-token-rolling": True, "allow-non-oidc": True,
        "auth-type-code-enabled": True, "auth-type-code-revoke-replayed": True, "auth-type-token-enabled": True,
        "auth-type-id-token-enabled": True, "auth-type-none-enabled": False, "auth-type-password-enabled": True,
        "auth-type-client-enabled": True, "auth-type-device-enabled": False, "auth-type-refresh-enabled": True,
        "pkce-allowed": True, "pkce-method-plain-allowed": False, "pkce-required": False,
        "introspection-revocation-allowed": True, "introspection-revocation-allow-target-client": True,
        "introspection-revocation-auth-scope": ["introspect"], "register-client-allowed": False,
        "resource-allowed": True, "resource-scope": {"files:read": [RESOURCE]},
        "resource-client-property": "resource", "resource-scope-and-client-property": False,
        "oauth-dpop-allowed": False, "oauth-as-iss-id": True, "oauth-par-allowed": False,
        "session-management-allowed": False, "encrypt-out-token-allow": False, "request-parameter-allow": True,
        "claims": [], "additional-parameters": [], "allowed-scope": SCOPES,
    }
    plugin = {"module": "oidc", "name": name, "display_name": name, "parameters": parameters, "enabled": True}
    done(admin.post("/api/mod/plugin/", json=plugin))


def client_token(provider, **form):
    form["grant_type"] = "client_credentials"
    return done(admin.post(f"/api/{provider}/token", auth=SECRET, data=form)).json()["access_token"]


def user_tokens(provider):
    scope = "openid files:read"
    user = httpx.Client(base_url=BASE, timeout=10)
    done(user.post("/api/auth/", json={"username": "alice", "password": "alicepw"}))
    done(user.put("/api/auth/grant/svc", json={"scope": scope}))
    query = {
        "response_type": "code", "client_id": "svc", "redirect_uri": CALLBACK, "scope": scope, "state": "state",
        "nonce": "nonce123456", "resource": RESOURCE, "g_continue": "",
    }
    location = user.get(f"/api/{provider}/auth", params=query).headers["location"]
    code = dict(urllib.parse.parse_qsl(urllib.parse.urlparse(location).query))["code"]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "resource": RESOURCE}
    return done(user.post(f"/api/{provider}/token", auth=SECRET, data=form)).json()


done(admin.post("/api/auth/", json={"username": "admin", "password": "password"}))
for scope in SCOPES[1:]:
    body = {"name": scope, "display_name": scope, "password_required": True, "password_max_age": 0, "scheme": {}}
    done(admin.post("/api/scope/", json=body), 400)
add_provider("rsa", "rsa", "RS256", RSAKey.generate_key(2048, auto_kid=True))
add_provider("ec", "ecdsa", "ES256", ECKey.generate_key("P-256", auto_kid=True))
add_provider("ed", "eddsa", "EdDSA", OKPKey.generate_key("Ed25519", auto_kid=True))
user = {
    "username": "alice", "password": "alicepw", "name": "Alice", "email": "alice@example.test",
    "scope": [*SCOPES, "g_profile"], "enabled": True,
}
done(admin.post("/api/user/", json=user))
client = {
    "client_id": "svc", "name": "svc", "client_secret": "svcsecret", "password": "svcsecret", "confidential": True,
    "scope": SCOPES, "redirect_uri": [CALLBACK], "authorization_type": ["code", "client_credentials", "refresh_token"],
    "token_endpoint_auth_method": ["client_secret_basic"], "resource": [RESOURCE], "enabled": True,
}
done(admin.post("/api/client/", json=client), 400)

for provider in ["rsa", "ec", "ed"]:
    (FOLDER / provider).write_text(client_token(provider, scope="files:read", resource=RESOURCE))
introspect = client_token("rsa", scope="introspect")
(FOLDER / "introspect").write_text(introspect)
tokens = user_tokens("rsa")
for kind in ["access", "id", "refresh"]:
    token = tokens[f"{kind}_token"]
    (FOLDER / kind).write_text(token)
    headers = {"Authorization": f"Bearer {introspect}"}
    answer = done(admin.post("/api/rsa/introspect", headers=headers, data={"token": token})).json()
    assert answer["active"] is True, (kind, answer)
    print(kind, answer)
