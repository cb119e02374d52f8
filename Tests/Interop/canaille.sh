# Canaille as the issuer (PyPI): access tokens look like ID tokens, and a refresh token is reported as an active Bearer.
echo "== Canaille as the issuer"
issuer_port=$(free_port)
server_port=$(free_port)
folder="$work/canaille"
issuer="http://127.0.0.1:$issuer_port"
files="http://127.0.0.1:$server_port/files"
mkdir "$folder"
export CANAILLE_CONFIG="$folder/config.toml"
cat >"$CANAILLE_CONFIG" <<C
SECRET_KEY = "loopback-only"
SERVER_NAME = "127.0.0.1:$issuer_port"
PREFERRED_URL_SCHEME = "http"
[CANAILLE]
LOGO = ""
[CANAILLE_SQL]
DATABASE_URI = "sqlite:///$folder/db"
[CANAILLE_OIDC]
DYNAMIC_CLIENT_REGISTRATION_OPEN = true
REQUIRE_NONCE = false
ACTIVE_JWKS = [$("$venv/bin/canaille" jwk create rsa --format toml 2>/dev/null)]
C
"$venv/bin/canaille" install >"$work/canaille-install.log" 2>&1
"$venv/bin/canaille" create user --user-name alice --password alicepw --emails alice@example.test \
    --given-name Alice --family-name Doe --formatted-name "Alice Doe" >"$work/canaille-user.log" 2>&1
start canaille $issuer_port "$venv/bin/canaille" run --bind 127.0.0.1:$issuer_port
canaille=$pid
step "a user signs in; introspection calls the refresh token an active Bearer" \
    quietly "$python" "$here/canaille.py" "$issuer" "$folder"

# Its tokens name the client as their only audience and have no scope; only introspection gives the scope.
cat >"$folder/server.json" <<C
{ "version": 1, "server": { "listen": "127.0.0.1:$server_port" },
  "issuers": {
    "keys": { "issuer": "$issuer", "claims": { "client_id": ["/aud/0"] } },
    "ask": { "issuer": "$issuer",
      "introspection": { "client_id": "$(cat "$folder/client_id")", "client_secret": { "file": "client_secret" },
        "tokens": "jwt" } } },
  "resources": [
    { "resource": "$files", "protocol": "http", "issuers": ["keys"], "policy": "authenticated" },
    { "resource": "$files/client", "protocol": "http", "issuers": ["keys"], "policy": "authenticated",
      "audiences": ["$(cat "$folder/client_id")"] },
    { "resource": "$files/scope", "protocol": "http", "issuers": ["keys"], "policies": ["policy.json"],
      "audiences": ["$(cat "$folder/client_id")"] },
    { "resource": "$files/ask", "protocol": "http", "issuers": ["ask"], "policies": ["policy.json"],
      "audiences": ["$(cat "$folder/client_id")"] } ] }
C
echo '{ "version": 1, "required_scopes": ["profile"] }' >"$folder/policy.json"
serve canaille $server_port
step "a token for the client only is refused" refused audience_mismatch "$files" "$folder/access"
step "it passes where the client is an accepted audience" answers 200 "$files/client" "$folder/access"
step "the caller is named, as the claim mapping says" named client_id "$(cat "$folder/client_id")"
step "it has no scope, so where one is needed it is 403" answers 403 "$files/scope" "$folder/access"
step "… and the challenge names the scope" challenged 'error="insufficient_scope", scope="profile"'
step "the ID token is refused" refused wrong_token_type "$files/client" "$folder/id"
step "by introspection, the same access token has its scope and passes" answers 200 "$files/ask" "$folder/access"
step "… the ID token is refused" refused inactive_token "$files/ask" "$folder/id"
step "… the refresh token is never shown, and refused" refused unrecognized_token "$files/ask" "$folder/refresh"
stop "$pid"
stop "$canaille"
