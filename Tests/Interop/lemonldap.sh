# LemonLDAP::NG as the issuer (Debian packages): its issuer identifier ends with "/", its key has no `alg`, and its ID
# tokens name our resource too.
echo "== LemonLDAP::NG as the issuer"
issuer_port=$(free_port)
server_port=$(free_port)
folder="$work/lemonldap"
issuer="http://127.0.0.1:$issuer_port"
files="http://127.0.0.1:$server_port/files"
mkdir "$folder"
"$python" "$here/lemonldap.py" configure "$folder" "$issuer" "$files"
export LLNG_DEFAULTCONFFILE="$folder/lemonldap-ng.ini"
start lemonldap $issuer_port starman --listen 127.0.0.1:$issuer_port --workers 1 /usr/share/lemonldap-ng/portal/htdocs/index.psgi
lemonldap=$pid
step "a user gets tokens" quietly "$python" "$here/lemonldap.py" tokens "$folder" "$issuer"

# Its introspection names no audience.
cat >"$folder/server.json" <<C
{ "version": 1, "server": { "listen": "127.0.0.1:$server_port" },
  "issuers": {
    "plain": { "issuer": "$issuer/",
      "introspection": { "client_id": "opaque", "client_secret": { "file": "secret" } } },
    "assuming": { "issuer": "$issuer/",
      "introspection": { "client_id": "opaque", "client_secret": { "file": "secret" }, "assume_audience": "$files" } },
    "unslashed": { "issuer": "$issuer" } },
  "resources": [
    { "resource": "$files", "protocol": "http", "issuers": ["plain"], "policies": ["policy.json"] },
    { "resource": "$files/assuming", "protocol": "http", "issuers": ["assuming"], "policies": ["policy.json"],
      "audiences": ["$files"] },
    { "resource": "$files/unslashed", "protocol": "http", "issuers": ["unslashed"], "policies": ["policy.json"],
      "audiences": ["$files"] } ] }
C
echo '{ "version": 1, "required_scopes": ["files:read"] }' >"$folder/policy.json"
echo "rpsecret" >"$folder/secret"
serve lemonldap $server_port
step "a JWT passes" answers 200 "$files" "$folder/jwt-access"
step "the caller is named" named sub dwho
step "the ID token, for this resource too, is refused" refused wrong_token_type "$files" "$folder/jwt-id"
step "without its slash the issuer is another one" refused untrusted_issuer "$files/unslashed" "$folder/jwt-access"
step "an opaque token without audience is refused" refused audience_mismatch "$files" "$folder/opaque-access"
step "it passes where the audience is assumed" answers 200 "$files/assuming" "$folder/opaque-access"
step "the refresh token is refused" refused inactive_token "$files/assuming" "$folder/opaque-refresh"
step "the ID token of that client is refused" refused wrong_token_type "$files/assuming" "$folder/opaque-id"
stop "$pid"
stop "$lemonldap"
