# Sourced by run.sh: functions that count steps, start and stop programs on loopback, and check the answers to requests.

passed=0
failed=0
# step NAME COMMAND…: runs the command and counts it.
step() {
    local name="$1"
    shift
    if "$@"; then
        echo "ok    $name"
        passed=$((passed + 1))
    else
        echo "FAIL  $name"
        failed=$((failed + 1))
    fi
}

listens() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
# free_port: prints a port of this machine that nobody listens on.
free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}
pids=()
# start NAME PORT COMMAND…: starts the command in a new process group, whose id is `pid`, and waits until it listens.
start() {
    local name="$1" port="$2"
    shift 2
    if listens "$port"; then
        echo "127.0.0.1:$port, which $name needs, is taken" >&2
        return 1
    fi
    setsid "$@" >"$work/$name.log" 2>&1 &
    pid=$!
    pids+=("$pid")
    for _ in $(seq 1 300); do
        if listens "$port"; then return 0; fi
        kill -0 "$pid" 2>/dev/null || break
        sleep 0.1
    done
    echo "$name does not listen on 127.0.0.1:$port" >&2
    return 1
}
# stop PID: ends a process group that `start` started, and waits for it.
stop() {
    kill -TERM -- "-$1" 2>/dev/null || return 0
    for _ in $(seq 1 50); do
        if ! kill -0 -- "-$1" 2>/dev/null; then return 0; fi
        sleep 0.1
    done
    kill -KILL -- "-$1" 2>/dev/null || true
}
# serve NAME PORT: starts our server with the configuration `$work/NAME/server.json`, which later steps use too.
serve() {
    config="$work/$1/server.json"
    start "$1-server" "$2" "$bin/mcp-auth" serve --config "$config"
}

# status ARGUMENTS OF CURL…: prints the status, and saves head and body.
status() { curl -s -m 30 -o "$work/body" -D "$work/head" -w '%{http_code}' "$@"; }
# answers STATUS URL [TOKEN_FILE]: checks the status of the answer to a request with this token.
answers() {
    local got
    got="$(status "$2" ${3:+-H "Authorization: Bearer $(cat "$3")"})"
    [ "$got" = "$1" ] || { echo "      $got instead of $1" >&2 && return 1; }
}
# refused REASON URL TOKEN_FILE: checks that the answer is 401, for this reason, which only the operator sees.
refused() {
    local trace
    answers 401 "$2" "$3" || return 1
    trace="$("$bin/mcp-auth" token verify --config "$config" --resource "$2" "$3" || true)"
    [[ "$trace" == *"deny: $1, status 401"* ]] || { echo "      $trace" >&2 && return 1; }
}
# challenged TEXT: checks that the last challenge contains the text.
challenged() { grep -i '^www-authenticate:' "$work/head" | grep -qF "$1"; }
# named MEMBER VALUE: checks that the last answer has this member about the caller.
named() { grep -qF "\"$1\":\"$2\"" "$work/body"; }
# quietly COMMAND…: shows the end of its output only when it fails.
quietly() { "$@" >"$work/output" 2>&1 || { tail -20 "$work/output" >&2 && return 1; }; }
# reports TEXT COMMAND…: checks that its output contains the text, whatever its exit status.
reports() {
    local output
    output="$("${@:2}" 2>&1 || true)"
    [[ "$output" == *"$1"* ]] || { echo "      $output" >&2 && return 1; }
}
# shown COMMAND…: shows its output, indented.
shown() { "$@" 2>&1 | sed 's/^/      /'; }
