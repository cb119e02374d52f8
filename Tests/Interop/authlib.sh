# An issuer built with Authlib and controlled by the test: `resource`, new and removed keys, opaque tokens, an outage.
echo "== Authlib as the issuer"
issuer_port=$(free_port)
opaque_port=$(free_port)
server_port=$(free_port)
folder="$work/authlib"
issuer="http://127.0.0.1:$issuer_port"
opaque_issuer="http://127.0.0.1:$opaque_port"
files="http://127.0.0.1:$server_port/files"
opaque="http://127.0.0.1:$server_port/opaque"
mkdir "$folder" "$folder/tokens"
cat >"$folder/server.json" <<C
{ "version": 1, "server": { "listen": "127.0.0.1:$server_port" },
  "issuers": {
    "jwt": { "issuer": "$issuer", "discovery": "oauth", "profile": "rfc9068" },
    "opaque": { "issuer": "$opaque_issuer", "discovery": "oauth",
      "introspection": { "client_id": "rs", "client_secret": { "file": "secret" }, "cache_seconds": 60,
        "max_per_second": 5000 } } },
  "resources": [
    { "resource": "$files", "protocol": "http", "issuers": ["jwt"], "policies": ["policy.json"] },
    { "resource": "$opaque", "protocol": "http", "issuers": ["opaque"], "policies": ["policy.json"] } ] }
C
echo '{ "version": 1, "required_scopes": ["files:read"] }' >"$folder/policy.json"
echo "rssecret" >"$folder/secret"
# mint ISSUER RESOURCE FILE: writes a token to FILE.
mint() {
    curl -sf -m 20 -u rs:rssecret "$1/token" -d grant_type=client_credentials -d scope=files:read -d "resource=$2" |
        sed -E 's/.*"access_token": *"([^"]+)".*/\1/' >"$3"
}
steer() { curl -sf -m 20 -o "$work/output" -X POST "$issuer/_test/$1"; }
retry_after() { sed -nE 's/^retry-after: *([0-9]+).*/\1/ip' "$work/head"; }

start authlib $issuer_port "$python" "$here/authlib_issuer.py" $issuer_port
authlib=$pid
serve authlib $server_port
server=$pid
mint "$issuer" "$files" "$folder/first"
mint "$issuer" "$opaque" "$folder/elsewhere"
step "a token for this resource passes" answers 200 "$files" "$folder/first"
fetched=$SECONDS
step "a token for another one does not" refused audience_mismatch "$files" "$folder/elsewhere"

# The keys were fetched a moment ago, and an unknown key causes at most one fetch in 30 seconds.
sleep 1
steer rotate
mint "$issuer" "$files" "$folder/second"
step "a token of a newer key is undecided for now, not refused" answers 503 "$files" "$folder/second"
step "… for half a minute at most" test "$(retry_after)" -le 30

start authlib-opaque $opaque_port "$python" "$here/authlib_issuer.py" $opaque_port --opaque "$folder/tokens"
mint "$opaque_issuer" "$opaque" "$folder/opaque"
mint "$opaque_issuer" "$files" "$folder/opaque-elsewhere"
step "an opaque token passes by introspection" answers 200 "$opaque" "$folder/opaque"
step "one for another resource does not" refused audience_mismatch "$opaque" "$folder/opaque-elsewhere"
stop "$pid"
step "the issuer is killed under load: known 200, undecided 503, then as before" \
    shown "$python" "$here/outage.py" $opaque_port "$folder/tokens" "$opaque"

while [ $((SECONDS - fetched)) -le 31 ]; do sleep 1; done
step "the token of the newer key passes" answers 200 "$files" "$folder/second"
step "the token of the first key still passes" answers 200 "$files" "$folder/first"
sleep 31
steer rotate
steer drop
mint "$issuer" "$files" "$folder/third"
step "when only a third key is published, its token passes at once" answers 200 "$files" "$folder/third"
step "… and so, for a grace, does that of the first key" answers 200 "$files" "$folder/first"
step "… and that of the second" answers 200 "$files" "$folder/second"
stop "$server"
stop "$authlib"
