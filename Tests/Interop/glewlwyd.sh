# Glewlwyd as the issuer (Debian package): JWTs of three algorithms; introspection reports every token as active.
echo "== Glewlwyd as the issuer"
issuer_port=$(free_port)
server_port=$(free_port)
hintless_port=$(free_port)
folder="$work/glewlwyd"
issuer="http://127.0.0.1:$issuer_port"
files="http://127.0.0.1:$server_port/files"
mkdir "$folder"
sqlite3 "$folder/db" </usr/share/dbconfig-common/data/glewlwyd/install/sqlite3
cat >"$folder/glewlwyd.conf" <<C
port=$issuer_port
bind_address="127.0.0.1"
external_url="$issuer"
login_url="login.html"
api_prefix="api"
log_mode="console"
log_level="WARNING"
cookie_secure=0
cookie_same_site="lax"
session_key="G_SID"
admin_scope="g_admin"
profile_scope="g_profile"
user_module_path="/usr/lib/glewlwyd/user"
client_module_path="/usr/lib/glewlwyd/client"
user_auth_scheme_module_path="/usr/lib/glewlwyd/scheme"
plugin_module_path="/usr/lib/glewlwyd/plugin"
hash_algorithm="SHA512"
database = { type = "sqlite3"; path = "$folder/db"; };
C
# The resources that use introspection accept the client as audience too: ID and refresh tokens have no other.
cat >"$folder/server.json" <<C
{ "version": 1, "server": { "listen": "127.0.0.1:$server_port" },
  "issuers": {
    "rsa": { "issuer": "$issuer/api/rsa" },
    "ec": { "issuer": "$issuer/api/ec" },
    "ed": { "issuer": "$issuer/api/ed" },
    "ask-any": { "issuer": "$issuer/api/rsa",
      "introspection": { "method": "bearer", "bearer_token": { "file": "introspect" }, "tokens": "any" } },
    "ask-jwt": { "issuer": "$issuer/api/rsa",
      "introspection": { "method": "bearer", "bearer_token": { "file": "introspect" }, "tokens": "jwt" } },
    "no-hint": { "issuer": "$issuer/api/rsa",
      "introspection": { "method": "bearer", "bearer_token": { "file": "introspect" }, "tokens": "any",
        "endpoint": "http://127.0.0.1:$hintless_port/" } } },
  "resources": [
    { "resource": "$files", "protocol": "http", "policies": ["policy.json"], "issuers": [
        { "name": "rsa", "allowed_scopes": ["files:read"] }, { "name": "ec", "allowed_scopes": ["files:read"] },
        { "name": "ed", "allowed_scopes": ["files:read"] } ] },
    { "resource": "$files/ask-any", "protocol": "http", "policies": ["policy.json"],
      "issuers": ["ask-any"], "audiences": ["$files", "svc"] },
    { "resource": "$files/ask-jwt", "protocol": "http", "policies": ["policy.json"],
      "issuers": ["ask-jwt"], "audiences": ["$files", "svc"] },
    { "resource": "$files/no-hint", "protocol": "http", "policies": ["policy.json"],
      "issuers": ["no-hint"], "audiences": ["$files", "svc"] } ] }
C
echo '{ "version": 1, "required_scopes": ["files:read"] }' >"$folder/policy.json"
echo "unknown-yet" >"$folder/introspect"

serve glewlwyd $server_port
server=$pid
step "our server runs while its issuer does not; no token is 401" answers 401 "$files"
start glewlwyd $issuer_port glewlwyd --config-file="$folder/glewlwyd.conf"
glewlwyd=$pid
step "a user and a client get tokens; introspection calls ID and refresh tokens active" \
    quietly "$python" "$here/glewlwyd.py" "$issuer" "$folder" "$files"
for kind in rsa ec ed; do
    sed 's/....$/AAAA/' "$folder/$kind" >"$folder/$kind-changed"
    step "a changed token is refused ($kind)" refused invalid_signature "$files" "$folder/$kind-changed"
    step "the token itself passes ($kind)" answers 200 "$files" "$folder/$kind"
done
step "the caller is named" named client_id svc
step "the ID token is refused" refused wrong_token_type "$files" "$folder/id"
step "provider check reports on it" reports code_response_type_supported "$bin/mcp-auth" provider check "$issuer/api/rsa"

stop "$server"
serve glewlwyd $server_port
# Our server sends the hint that the token is an access token, and Glewlwyd uses the hint.
for tokens in any jwt; do
    asked="$files/ask-$tokens"
    step "by introspection of $tokens tokens, an access token passes" answers 200 "$asked" "$folder/access"
    step "… the ID token is refused" refused inactive_token "$asked" "$folder/id"
done
step "… a refresh token is refused" refused inactive_token "$files/ask-any" "$folder/refresh"
step "… a refresh token is not even shown where only JWTs are" \
    refused unrecognized_token "$files/ask-jwt" "$folder/refresh"
server=$pid
# Without that hint, its answer about these tokens is only `"active":true` and another `token_type`.
start without-hint $hintless_port "$python" "$here/without_hint.py" $hintless_port "$issuer/api/rsa/introspect"
step "by introspection without a hint, an access token passes" answers 200 "$files/no-hint" "$folder/access"
step "… the ID token, called active, is refused" refused wrong_token_type "$files/no-hint" "$folder/id"
step "… a refresh token, called active, is refused" refused wrong_token_type "$files/no-hint" "$folder/refresh"
stop "$pid"
stop "$server"
stop "$glewlwyd"
