#!/usr/bin/env bash
# Installs the Debian package in a new, minimal system, runs it there as its unit would, removes it, and looks for what
# it left. Needs root, for debootstrap and chroot.
#
#     scripts/test-deb.sh             builds the package first
#     scripts/test-deb.sh PACKAGE     takes a finished one
#
# The system has the release and the mirror of this machine. Its base is kept in .build-deb: delete it for a new one.
set -euo pipefail
cd "$(dirname "$0")/.."

fail() {
    echo "test-deb: $*" >&2
    exit 1
}

# Everything runs in namespaces of its own: when the outer script ends, for whatever reason, every process and every mount
# in them is gone, and nothing but files is left to remove.
if [ "${1:-}" != --inside ]; then
    package="${1:-}"
    [ -n "$package" ] || package="$(scripts/deb.sh | tail -1)"
    [ -f "$package" ] || fail "there is no package $package"
    if [ "$(id -u)" != 0 ]; then exec sudo "$0" "$package"; fi
    if ! command -v debootstrap >/dev/null; then
        apt-get update -qq
        DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -y -qq \
            --no-install-recommends debootstrap >/dev/null
    fi
    temporary="$(mktemp -d /tmp/mcp-auth-deb.XXXXXX)"
    chmod 755 "$temporary"
    # unshare ignores SIGTERM, so it is killed; the kernel then ends everything in its namespace.
    trap 'kill -KILL "$inner" 2>/dev/null || true; wait "$inner" || true; rm -rf --one-file-system "$temporary"' EXIT
    trap 'exit 143' TERM INT HUP
    unshare --mount --pid --fork --kill-child --mount-proc "$0" --inside "$package" "$temporary" &
    inner=$!
    wait "$inner"
    exit
fi

package="$2"
temporary="$3"
root="$temporary/root"
mkdir "$root"
step() { echo "== $*"; }
inside() {
    env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive chroot "$root" "$@"
}
# Shows what a command printed only if it fails.
quietly() {
    "$@" >"$temporary/log" 2>&1 || {
        cat "$temporary/log" >&2
        fail "failed: $*"
    }
}
apt() { quietly inside apt-get -y -qq -o Dpkg::Use-Pty=0 --no-install-recommends "$@"; }
as_service() {
    inside setpriv --reuid=mcp-auth --regid=mcp-auth --init-groups --no-new-privs --bounding-set=-all --inh-caps=-all "$@"
}

step "a new system"
# shellcheck source=/dev/null
codename="$(. /etc/os-release && echo "$VERSION_CODENAME")"
# The mirrors of this machine, without repositories of others.
mirrors() {
    # shellcheck disable=SC2016 # apt-get replaces the names
    apt-get indextargets --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' 'Origin: Debian' |
        grep -E " $codename(-[a-z]+)? " | sort -u
}
mapfile -t sources < <(mirrors)
# Without its lists, apt does not know whose repositories it has.
if [ ${#sources[@]} -eq 0 ]; then
    quietly apt-get update
    mapfile -t sources < <(mirrors)
fi
[ ${#sources[@]} -gt 0 ] || fail "apt has no mirror of Debian $codename"
base=".build-deb/debian-$codename-$(dpkg --print-architecture).tar"
if [ ! -f "$base" ]; then
    mirror="$(printf '%s\n' "${sources[@]}" | awk -v release="$codename" '$3 == release { print $2; exit }')"
    eval "$(apt-config shell http_proxy Acquire::http::Proxy https_proxy Acquire::https::Proxy)"
    export http_proxy="${http_proxy:-}" https_proxy="${https_proxy:-}"
    quietly debootstrap --variant=minbase "$codename" "$root" "$mirror"
    tar --one-file-system -C "$root" -cf "$base.new" .
    mv "$base.new" "$base"
    rm -rf --one-file-system "$root"
    mkdir "$root"
fi
tar -C "$root" -xf "$base"
printf '%s\n' "${sources[@]}" >"$root/etc/apt/sources.list"
apt-config dump Acquire | grep -vE '^Acquire::Languages' >"$root/etc/apt/apt.conf.d/00host"
cp -L /etc/resolv.conf /etc/hosts "$root/etc/"
# Services are not started here.
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
chmod 755 "$root/usr/sbin/policy-rc.d"
mount -t proc proc "$root/proc"
apt update
# systemd is here for the checks of the units; it is not started.
apt install systemd
apt satisfy "$(dpkg-deb --field "$package" Depends)"
apt clean
cp "$package" "$root/tmp/mcp-auth.deb"

# Every path with its kind, mode and owner. apt, dpkg and the programs that add users keep lists, logs and copies of their
# files for themselves.
listed() {
    (cd "$root" && find . -xdev \
        \( -path ./proc -o -path ./tmp -o -path ./run -o -path ./var/cache -o -path ./var/lib/apt -o -path ./var/log/apt \
        -o -path './var/lib/dpkg/*-old' -o -path './etc/*-' -o -path './etc/.pwd.lock' \) -prune \
        -o -printf '%y %M %u %g %p %l\n' | sort)
}
accounts() { cat "$root"/etc/{passwd,group,shadow,gshadow}; }
listed >"$temporary/before"
accounts >"$temporary/accounts-before"

step "install"
apt install /tmp/mcp-auth.deb
version="$(dpkg-deb --field "$package" Version)"
printed="$(inside mcp-auth --version)"
[ "$printed" = "${version%-*}" ] || fail "the package has version $version, and the program is $printed"
user="$(inside id mcp-auth)"
[ "$(inside stat -c '%U %a' /etc/mcp-auth)" = "root 755" ] || fail "/etc/mcp-auth has other rights"
[ ! -e "$root/etc/mcp-auth/mcp-auth.json" ] || fail "there is a configuration that nobody wrote"
[ -L "$root/etc/systemd/system/multi-user.target.wants/mcp-auth.service" ] || fail "the service is not enabled"
[ ! -e "$root/etc/systemd/system/sockets.target.wants/mcp-auth.socket" ] || fail "the socket is enabled"
for page in docs/man/*; do
    # `make man` writes them; here they must be those of the program in the package.
    zcat "$root/usr/share/man/man${page##*.}/${page##*/}.gz" | cmp - "$page" || fail "$page is not the current one: make man"
done

step "units"
inside systemd-analyze verify --man=no /lib/systemd/system/mcp-auth.service /lib/systemd/system/mcp-auth.socket
# 20 is an exposure of 2.0.
inside systemd-analyze security --offline=true --threshold=20 --no-pager /lib/systemd/system/mcp-auth.service |
    tail -1 | sed 's/^[^a-zA-Z]*//' || fail "the unit gives the server more rights than before"

step "an isolated module"
# Built with the header of the package; mcp-auth must find mcp-auth-module.
install -d "$root/usr/local/lib/mcp-auth"
"${CC:-cc}" -std=c11 -O2 -fPIC -shared -fvisibility=hidden -I "$root/usr/include" \
    "$root/usr/share/doc/mcp-auth/examples/module-c/hello.c" -o "$root/usr/local/lib/mcp-auth/hello-c.so"
install -d -m 755 "$root/tmp/module"
echo '{ "isolation": "process", "issuer": "urn:example:hello", "secrets": { "token": { "file": "token.txt" } } }' \
    >"$root/tmp/module/hello.json"
echo 0123456789abcdef0123456789abcdef >"$root/tmp/module/token.txt"
quietly as_service mcp-auth plugin test /usr/local/lib/mcp-auth/hello-c.so --config /tmp/module/hello.json \
    --token-file /tmp/module/token.txt
rm -r "$root/usr/local/lib/mcp-auth"

step "serve"
# As the unit and systemd do it: the example is for trying, so it has paths in /tmp and beside itself.
install_state() { inside install -d -o mcp-auth -g mcp-auth -m 700 /var/lib/mcp-auth /var/log/mcp-auth; }
install_state
inside install -d -o mcp-auth -g mcp-auth -m 750 /run/mcp-auth
sed -e 's|unix:/tmp/|unix:/run/mcp-auth/|' -e 's|"file": "\([^/"]*\)"|"file": "/var/log/mcp-auth/\1"|' \
    "$root/usr/share/doc/mcp-auth/examples/nginx/mcp-auth.json" >"$root/etc/mcp-auth/mcp-auth.json"
as_service mcp-auth check --config /etc/mcp-auth/mcp-auth.json
unshare --net python3 scripts/test-deb.py "$root"

step "install again, remove, purge"
apt install --reinstall /tmp/mcp-auth.deb
[ "$(inside id mcp-auth)" = "$user" ] || fail "the user is another one after the second installation"
[ -f "$root/etc/mcp-auth/mcp-auth.json" ] || fail "the second installation removed the configuration"
apt remove mcp-auth
[ -f "$root/etc/mcp-auth/mcp-auth.json" ] || fail "remove removed the configuration"
[ -d "$root/var/lib/mcp-auth" ] || fail "remove removed the state"
quietly inside dpkg --purge mcp-auth
[ -f "$root/etc/mcp-auth/mcp-auth.json" ] || fail "purge removed a file that the administrator wrote"
if [ -e "$root/var/lib/mcp-auth" ] || [ -e "$root/var/log/mcp-auth" ]; then fail "purge left the state"; fi
[ "$(inside id mcp-auth)" = "$user" ] || fail "purge removed the user, but not the files in /etc/mcp-auth"

step "purge without files of an administrator"
apt install /tmp/mcp-auth.deb
install_state
rm "$root/etc/mcp-auth/mcp-auth.json"
apt purge mcp-auth
listed >"$temporary/after"
accounts >"$temporary/accounts-after"
diff -u "$temporary/before" "$temporary/after" || fail "purge left or changed the files above"
diff -u "$temporary/accounts-before" "$temporary/accounts-after" || fail "purge left or changed the accounts above"
echo "The package installs, serves and is removed without a trace."
