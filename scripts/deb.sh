#!/usr/bin/env bash
# Builds the Debian package: .build-deb/mcp-auth_VERSION_ARCHITECTURE.deb, for the release of Debian that it is run on.
#
#     scripts/deb.sh                            builds the programs, then the package
#     MCPAUTH_BIN_DIR=DIR scripts/deb.sh        takes finished programs: DIR/mcp-auth and DIR/mcp-auth-module
#     MCPAUTH_CHECKOUTS=DIR                     the sources of the packages in the programs, for their licences
#
# Two runs with the same programs write the same bytes: every time in the package is SOURCE_DATE_EPOCH, which is the time
# of the last commit unless it is set.
set -euo pipefail
umask 022
export LC_ALL=C.UTF-8
cd "$(dirname "$0")/.."
out=.build-deb
mkdir -p "$out"

fail() {
    echo "deb.sh: $*" >&2
    exit 1
}

missing=()
command -v dpkg-shlibdeps >/dev/null || missing+=(dpkg-dev)
command -v strip >/dev/null || missing+=(binutils)
command -v python3 >/dev/null || missing+=(python3)
if [ ${#missing[@]} -gt 0 ]; then
    as_root=()
    if [ "$(id -u)" != 0 ]; then as_root=(sudo); fi
    "${as_root[@]}" apt-get update -qq
    DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get -o DPkg::Lock::Timeout=300 install -y -qq \
        --no-install-recommends "${missing[@]}" >/dev/null
fi

# The version of the package is that of the program, with a revision for changes of the packaging alone.
program_version="$(sed -n 's/.*static let current = "\(.*\)".*/\1/p' Sources/MCPAuth/Version.swift)"
version="$(dpkg-parsechangelog -l packaging/debian/changelog -S Version)"
if [ "${version%-*}" != "$program_version" ]; then
    fail "packaging/debian/changelog begins with $version, but Version.swift has $program_version: add an entry"
fi
architecture="$(dpkg --print-architecture)"
if [ -z "${SOURCE_DATE_EPOCH:-}" ]; then
    SOURCE_DATE_EPOCH="$(git log -1 --format=%ct 2>/dev/null || dpkg-parsechangelog -l packaging/debian/changelog -S Timestamp)"
fi
export SOURCE_DATE_EPOCH

if [ -z "${MCPAUTH_BIN_DIR:-}" ]; then
    scripts/install-libraries.sh
    # The Swift runtime is in the programs, since Debian has no package of it. They find no library in their own
    # directory ($ORIGIN), and all addresses are resolved, and made read-only, before they start.
    build=(swift build -c release --scratch-path "$out" --static-swift-stdlib --traits Programs --disable-local-rpath
        -Xlinker -z -Xlinker relro -Xlinker -z -Xlinker now)
    "${build[@]}" --product mcp-auth
    "${build[@]}" --product mcp-auth-module
    MCPAUTH_BIN_DIR="$("${build[@]}" --show-bin-path)"
    MCPAUTH_CHECKOUTS="$out/checkouts"
fi

work="$(mktemp -d "$out/package.XXXXXX")"
trap 'rm -rf "$work"' EXIT
root="$work/root"

# Programs. mcp-auth looks for mcp-auth-module in the directory of its own file; nobody else should call that one, so both
# are in libexec, and /usr/bin has a link.
install -d "$root/usr/bin" "$root/usr/libexec/mcp-auth"
for program in mcp-auth mcp-auth-module; do
    [ -x "$MCPAUTH_BIN_DIR/$program" ] || fail "$MCPAUTH_BIN_DIR has no program $program"
    install -m 755 "$MCPAUTH_BIN_DIR/$program" "$root/usr/libexec/mcp-auth/$program"
    strip --strip-unneeded --remove-section=.comment --remove-section=.note "$root/usr/libexec/mcp-auth/$program"
done
ln -s ../libexec/mcp-auth/mcp-auth "$root/usr/bin/mcp-auth"
program="$root/usr/libexec/mcp-auth/mcp-auth"
[ "$("$program" --version)" = "$program_version" ] || fail "the program is not version $program_version"

# Units. There is no configuration in the package, since none is right for everybody: only its directory.
install -D -m 644 -t "$root/lib/systemd/system" packaging/mcp-auth.service packaging/mcp-auth.socket
install -d "$root/etc/mcp-auth"
install -D -m 644 packaging/debian/logrotate "$root/etc/logrotate.d/mcp-auth"

# For authors of modules.
install -D -m 644 -t "$root/usr/include" Sources/CMCPAuthModule/include/mcp_auth_module.h
install -d "$root/usr/share/pkgconfig"
sed 's|@PREFIX@|/usr|' scripts/mcp-auth-plugin.pc.in >"$root/usr/share/pkgconfig/mcp-auth-plugin.pc"

# What the program itself prints: completions and manual pages.
completion() { install -d "$(dirname "$2")" && "$program" --generate-completion-script "$1" >"$2"; }
completion bash "$root/usr/share/bash-completion/completions/mcp-auth"
# It is read by a shell, not started.
sed -i '1{/^#!/d}' "$root/usr/share/bash-completion/completions/mcp-auth"
completion zsh "$root/usr/share/zsh/vendor-completions/_mcp-auth"
completion fish "$root/usr/share/fish/vendor_completions.d/mcp-auth.fish"
python3 scripts/man.py --program "$program" --output "$work/man"
for page in "$work"/man/*; do
    section="${page##*.}"
    install -d "$root/usr/share/man/man$section"
    gzip -9n <"$page" >"$root/usr/share/man/man$section/${page##*/}.gz"
done

# Schemas, documents and examples. The documents keep their places, so that what one says about another is right.
install -D -m 644 -t "$root/usr/share/mcp-auth/schema" policies/schema/*.json
doc="$root/usr/share/doc/mcp-auth"
install -D -m 644 packaging/debian/copyright "$doc/copyright"
install -D -m 644 packaging/debian/lintian-overrides "$root/usr/share/lintian/overrides/mcp-auth"
gzip -9n <packaging/debian/changelog >"$work/changelog" && install -D -m 644 "$work/changelog" "$doc/changelog.Debian.gz"
gzip -9n <CHANGELOG.md >"$work/changelog" && install -D -m 644 "$work/changelog" "$doc/changelog.gz"
for file in README.md SECURITY.md docs/*.md Plugins/README.md policies/README.md; do
    install -D -m 644 "$file" "$doc/$file"
done
# The examples for proxies; the others are Swift packages.
for configuration in Examples/*/mcp-auth.json; do
    example="$(dirname "$configuration")"
    [ -f "$example/README.md" ] || continue
    install -D -m 644 -t "$doc/examples/${example#Examples/}" "$example"/*
done
install -D -m 644 -t "$doc/examples/policies" policies/examples/*.json
install -D -m 644 -t "$doc/examples/module-c" Plugins/hello-c/*

# The licences of what is in the programs, each text once.
if [ -d "${MCPAUTH_CHECKOUTS:-}" ]; then
    python3 - "$MCPAUTH_CHECKOUTS" "$(command -v swift || true)" >"$work/notices" <<'PYTHON'
import pathlib, re, sys

checkouts, swift = pathlib.Path(sys.argv[1]), sys.argv[2]
named = re.compile(r"(LICEN[CS]E|NOTICE|COPYING)(\.(txt|md))?$", re.IGNORECASE)
found = []
if swift:
    found.append(("the Swift runtime", pathlib.Path(swift).resolve().parent.parent / "share/swift/LICENSE.txt"))
for checkout in sorted(path for path in checkouts.iterdir() if path.is_dir()):
    # In the package's directory, and in the directories of its targets.
    for path in sorted([*checkout.glob("*"), *checkout.glob("Sources/*/*")]):
        if path.is_file() and named.match(path.name):
            found.append((f"{checkout.name}: {path.relative_to(checkout)}", path))
seen = {}
for name, path in found:
    text = path.read_text(encoding="utf-8", errors="replace").strip() if path.exists() else ""
    if text:
        seen.setdefault(text, []).append(name)
for text, names in seen.items():
    print("=" * 79, *names, "=" * 79, "", text, "", sep="\n")
PYTHON
    gzip -9n <"$work/notices" >"$doc/third-party-notices.txt.gz"
else
    echo "deb.sh: without MCPAUTH_CHECKOUTS, the licences of the packages in the programs are missing" >&2
fi

# What dpkg knows about the package. dpkg-shlibdeps wants a source package around it.
install -d "$root/DEBIAN" "$work/debian"
printf 'Source: mcp-auth\n\nPackage: mcp-auth\nArchitecture: any\n' >"$work/debian/control"
depends="$(cd "$work" && dpkg-shlibdeps -O root/usr/libexec/mcp-auth/mcp-auth root/usr/libexec/mcp-auth/mcp-auth-module)"
# In KiB, as dpkg-gencontrol counts: files rounded up, one for anything else.
size="$(cd "$root" && find . -path ./DEBIAN -prune -o -type f -printf '%s\n' -o -printf '1\n' |
    awk '{ total += int(($1 + 1023) / 1024) } END { print total }')"
sed -e "s|@VERSION@|$version|" -e "s|@ARCHITECTURE@|$architecture|" -e "s|@SIZE@|$size|" \
    -e "s|@DEPENDS@|${depends#shlibs:Depends=}|" packaging/debian/control.in >"$root/DEBIAN/control"
for script in postinst prerm postrm; do install -m 755 "packaging/debian/$script" "$root/DEBIAN/$script"; done
# A file in /etc that the package has is one that an administrator may change.
(cd "$root" && find etc -type f -printf '/%p\n' | sort) >"$root/DEBIAN/conffiles"
(cd "$root" && find . -path ./DEBIAN -prune -o -type f -printf '%P\0' | sort -z | xargs -0 md5sum) >"$root/DEBIAN/md5sums"
chmod 644 "$root/DEBIAN"/{control,conffiles,md5sums}
find "$root" -exec touch --no-dereference --date "@$SOURCE_DATE_EPOCH" {} +
package="$out/mcp-auth_${version}_$architecture.deb"
dpkg-deb --root-owner-group --uniform-compression -Zxz --threads-max=1 --build "$root" "$package" >/dev/null
echo "$package"
