#!/usr/bin/env python3
# This source file is part of the swift-mcp-auth project.
# SPDX-License-Identifier: Apache-2.0
"""Signs in at a fresh Canaille as a browser would, and gets tokens from it by authorization code with PKCE.

Writes `access`, `id`, `refresh`, `client_id` and `client_secret` to the folder. Fails unless Canaille's introspection
reports the refresh token as active, as it does for access tokens.
usage: canaille.py BASE FOLDER
"""
import base64
import hashlib
import html
import pathlib
import re
import secrets
import sys
import urllib.parse

import httpx

BASE, FOLDER = sys.argv[1], pathlib.Path(sys.argv[2])
CALLBACK = "http://localhost:9999/callback"
SCOPE = "openid profile email"
browser = httpx.Client(base_url=BASE, timeout=15)


def authorize(url):
    """Follows redirects and fills in forms until the callback is reached; returns its query."""
    for _ in range(12):
        response = browser.get(url)
        if response.status_code == 200:
            form = re.search(r'<form[^>]*?(?:action="([^"]*)")?[^>]*>', response.text)
            fields = dict(re.findall(r'<input[^>]*name="([^"]+)"[^>]*value="([^"]*)"', response.text))
            for name, value, mark in [
                ("login", "alice", 'name="login"'),
                ("password", "alicepw", 'name="password"'),
                ("answer", "accept", 'value="accept"'),
            ]:
                if mark in response.text:
                    fields[name] = value
            response = browser.post(urllib.parse.urljoin(url, html.unescape(form[1] or "")), data=fields)
        assert response.is_redirect, (response.request.url, response.status_code, response.text[:2000])
        url = urllib.parse.urljoin(url, response.headers["location"])
        if url.startswith(CALLBACK):
            return dict(urllib.parse.parse_qsl(urllib.parse.urlparse(url).query))
    raise SystemExit("the callback was not reached")


registration = {
    "client_name": "interop",
    "client_uri": "http://localhost:9999/",
    "redirect_uris": [CALLBACK],
    "grant_types": ["authorization_code", "refresh_token"],
    "response_types": ["code"],
    "scope": SCOPE,
    "token_endpoint_auth_method": "client_secret_basic",
}
client = browser.post("/oauth/register", json=registration).raise_for_status().json()
auth = (client["client_id"], client["client_secret"])

verifier = secrets.token_urlsafe(48)
challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
query = {
    "response_type": "code", "client_id": client["client_id"], "redirect_uri": CALLBACK, "scope": SCOPE,
    "state": "s", "nonce": secrets.token_urlsafe(8), "code_challenge": challenge, "code_challenge_method": "S256",
}
code = authorize(f"{BASE}/oauth/authorize?{urllib.parse.urlencode(query)}")["code"]
form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "code_verifier": verifier}
tokens = browser.post("/oauth/token", auth=auth, data=form).raise_for_status().json()

answer = browser.post("/oauth/introspect", auth=auth, data={"token": tokens["refresh_token"]}).json()
assert answer["active"] is True and answer["token_type"] == "Bearer", answer
for name in ["access_token", "id_token", "refresh_token"]:
    (FOLDER / name.removesuffix("_token")).write_text(tokens[name])
for name in ["client_id", "client_secret"]:
    (FOLDER / name).write_text(client[name])
