#!/usr/bin/env python3
"""Configures a fresh Glewlwyd on loopback as an OpenID provider and gets tokens from it by client credentials.

usage: glewlwyd.py BASE RESOURCE PLUGIN_NAME ALGORITHM; prints the access token
"""
import json
import sys

import httpx
from joserfc.jwk import ECKey, KeySet, OKPKey, RSAKey

BASE, RESOURCE, NAME, ALGORITHM = sys.argv[1:5]
SCOPES = ["openid", "files:read", "files:write"]
admin = httpx.Client(base_url=BASE, timeout=10)


def done(response, *also):
    assert response.status_code in (200, 302, *also), (response.request.url, response.status_code, response.text[:500])
    return response


KEYS = {
    "RS256": ("rsa", lambda: RSAKey.generate_key(2048, auto_kid=True)),
    "ES256": ("ecdsa", lambda: ECKey.generate_key("P-256", auto_kid=True)),
    "EdDSA": ("eddsa", lambda: OKPKey.generate_key("Ed25519", auto_kid=True)),
}
kind, make = KEYS[ALGORITHM]
keys = KeySet([make()])
private, public = keys.as_dict(private=True), keys.as_dict(private=False)
for key in private["keys"] + public["keys"]:
    key["use"], key["alg"] = "sig", ALGORITHM

done(admin.post("/api/auth/", json={"username": "admin", "password": "password"}))
for scope in SCOPES[1:]:
    body = {"name": scope, "display_name": scope, "password_required": True, "password_max_age": 0, "scheme": {}}
    done(admin.post("/api/scope/", json=body), 400)
parameters = {
    "iss": f"{BASE}/api/{NAME}", "subject-type": "public", "jwt-type": kind, "jwt-key-size": "256",
    "jwks-private": json.dumps(private), "jwks-public": json.dumps(public),
    "default-kid": private["keys"][0]["kid"], "jwks-show": True,
    "access-token-duration": 3600, "refresh-token-duration": 1209600, "code-duration": 600,
    "refresh-token-rolling": True, "allow-non-oidc": True,
    "auth-type-code-enabled": True, "auth-type-code-revoke-replayed": True, "auth-type-token-enabled": True,
    "auth-type-id-token-enabled": True, "auth-type-none-enabled": False, "auth-type-password-enabled": True,
    "auth-type-client-enabled": True, "auth-type-device-enabled": False, "auth-type-refresh-enabled": True,
    "pkce-allowed": True, "pkce-method-plain-allowed": False, "pkce-required": False,
    "introspection-revocation-allowed": False, "register-client-allowed": False,
    "resource-allowed": True, "resource-scope": {scope: [RESOURCE] for scope in SCOPES[1:]},
    "resource-client-property": "resource", "resource-scope-and-client-property": False,
    "oauth-dpop-allowed": False, "oauth-as-iss-id": True, "oauth-par-allowed": False,
    "session-management-allowed": False, "encrypt-out-token-allow": False, "request-parameter-allow": True,
    "claims": [], "additional-parameters": [], "allowed-scope": SCOPES,
}
plugin = {"module": "oidc", "name": NAME, "display_name": NAME, "parameters": parameters, "enabled": True}
done(admin.post("/api/mod/plugin/", json=plugin))
client = {
    "client_id": "svc", "name": "svc", "client_secret": "svcsecret", "password": "svcsecret", "confidential": True,
    "scope": SCOPES, "redirect_uri": ["http://localhost:9999/callback"],
    "authorization_type": ["client_credentials"], "token_endpoint_auth_method": ["client_secret_basic"],
    "resource": [RESOURCE], "enabled": True,
}
done(admin.post("/api/client/", json=client), 400)
form = {"grant_type": "client_credentials", "scope": "files:read", "resource": RESOURCE}
token = done(admin.post(f"/api/{NAME}/token", auth=("svc", "svcsecret"), data=form)).json()
print(token["access_token"])
