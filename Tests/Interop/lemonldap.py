#!/usr/bin/env python3
# This source file is part of the swift-mcp-auth project.
# SPDX-License-Identifier: Apache-2.0
"""Configures a LemonLDAP::NG portal as an OpenID provider, and gets tokens from it with the password of a demo user.

`configure` writes its two configuration files. It has two clients: access tokens for `jwt` are JWTs for RESOURCE, those
for `opaque` are opaque. `tokens` writes, for each client, `CLIENT-access`, `CLIENT-id` and `CLIENT-refresh`.
usage: lemonldap.py configure FOLDER BASE RESOURCE; lemonldap.py tokens FOLDER BASE
"""
import json
import pathlib
import sys

import httpx
from joserfc.jwk import RSAKey

ACTION, FOLDER, BASE = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3]
INI = """
[all]
logLevel = warn
[configuration]
type = File
dirName = {0}/conf
localStorage = Cache::FileCache
localStorageOptions = {{ 'namespace' => 'configuration', 'cache_root' => '{0}/cache' }}
[portal]
staticPrefix = /static
templateDir = /usr/share/lemonldap-ng/portal/templates
"""


def client(name, **options):
    options |= {
        "ClientID": name,
        "ClientSecret": "rpsecret",
        "RedirectUris": "http://localhost:9999/callback",
        "BypassConsent": 1,
        "IDTokenSignAlg": "RS256",
        "AllowPasswordGrant": 1,
        "RefreshToken": 1,
    }
    return {f"oidcRPMetaDataOptions{key}": value for key, value in options.items()}


def configure(resource):
    for name in ["conf", "cache", "sessions/lock", "psessions/lock"]:
        (FOLDER / name).mkdir(parents=True)
    key = RSAKey.generate_key(2048)
    jwt = {"AccessTokenJWT": 1, "AccessTokenSignAlg": "RS256", "AdditionalAudiences": resource}
    configuration = {
        "cfgNum": 1, "cfgAuthor": "interop", "cfgDate": 1, "key": "loopback only",
        "portal": f"{BASE}/", "domain": "127.0.0.1", "cookieName": "lemonldap", "securedCookie": 0,
        "authentication": "Demo", "userDB": "Same", "passwordDB": "Demo", "requireToken": 0, "locationRules": {},
        "demoExportedVars": {"cn": "cn", "mail": "mail", "uid": "uid"},
        "globalStorage": "Apache::Session::File",
        "globalStorageOptions": {"Directory": f"{FOLDER}/sessions", "LockDirectory": f"{FOLDER}/sessions/lock"},
        "persistentStorage": "Apache::Session::File",
        "persistentStorageOptions": {"Directory": f"{FOLDER}/psessions", "LockDirectory": f"{FOLDER}/psessions/lock"},
        "issuerDBOpenIDConnectActivation": 1, "issuerDBOpenIDConnectPath": "^/oauth2/",
        "issuerDBOpenIDConnectRule": 1, "oidcServiceMetaDataIssuer": f"{BASE}/",
        "oidcServicePrivateKeySig": key.as_pem(private=True).decode(),
        "oidcServicePublicKeySig": key.as_pem(private=False).decode(),
        "oidcServiceKeyIdSig": "key1",
        "oidcRPMetaDataOptions": {"jwt": client("jwt", **jwt), "opaque": client("opaque")},
        "oidcRPMetaDataExportedVars": {"jwt": {}, "opaque": {}},
        "oidcRPMetaDataScopeRules": {"jwt": {"files:read": "1"}, "opaque": {"files:read": "1"}},
    }
    (FOLDER / "conf" / "lmConf-1.json").write_text(json.dumps(configuration))
    (FOLDER / "lemonldap-ng.ini").write_text(INI.format(FOLDER))


def get_tokens():
    form = {"grant_type": "password", "username": "dwho", "password": "dwho", "scope": "openid files:read"}
    for name in ["jwt", "opaque"]:
        response = httpx.post(f"{BASE}/oauth2/token", auth=(name, "rpsecret"), data=form, timeout=30)
        assert response.status_code == 200, response.text
        for kind in ["access", "id", "refresh"]:
            (FOLDER / f"{name}-{kind}").write_text(response.json()[f"{kind}_token"])


if ACTION == "configure":
    configure(sys.argv[4])
else:
    get_tokens()
