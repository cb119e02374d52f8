#!/usr/bin/env python3
"""Writes the manual pages, so that they say what the program and docs/configuration.md say.

    man.py --program PATH [--output DIR]      asks the program what its commands and options are
    man.py --help-json FILE [--output DIR]    the same, from the output of `mcp-auth --experimental-dump-help`
    man.py … --check                          writes nothing, and fails if a page is not the current one

The pages are mcp-auth.1 and mcp-auth.json.5 in docs/man. Version and date are those of the newest entry of
packaging/debian/changelog, so that two runs write the same bytes.
"""

import argparse
import email.utils
import json
import pathlib
import re
import subprocess
import sys
import textwrap

ROOT = pathlib.Path(__file__).resolve().parent.parent
SPECIAL = {"–": r"\(en", "—": r"\(em", "…": "...", "→": r"\(->", "’": r"\(cq", "“": r"\(lq", "”": r"\(rq"}


def escaped(text):
    """Text in which nothing is a command of the formatter."""
    text = text.replace("\\", r"\e").replace("-", r"\-")
    # These two are other characters in some output devices.
    text = text.replace("`", r"\(ga").replace("^", r"\(ha").replace("~", r"\(ti")
    return "".join(SPECIAL.get(c, c if ord(c) < 128 else f"\\[u{ord(c):04X}]") for c in text)


def inline(text):
    """Markdown within a paragraph: code, strong text and links."""
    parts = []
    pattern = re.compile(r"``(.+?)``|`([^`]*)`|\*\*(.+?)\*\*|\[([^\]]+)\]\([^)]*\)")
    end = 0
    for match in pattern.finditer(text):
        parts.append(escaped(text[end : match.start()]))
        double, code, strong, link = match.groups()
        if link is not None:
            parts.append(inline(link))
        else:
            # An inner code span can only be the end of one and the beginning of another.
            shown = double.replace("`", "") if double else (code or strong or '""')
            parts.append(rf"\fB{escaped(shown)}\fR")
        end = match.end()
    parts.append(escaped(text[end:]))
    return "".join(parts)


def filled(formatted):
    """Lines of at most 78 characters, none of which is taken for a command."""
    lines = textwrap.wrap(formatted, 78, break_long_words=False, break_on_hyphens=False)
    return [rf"\&{line}" if line[0] in ".'" else line for line in lines]


def paragraph(text):
    return [".PP", *filled(inline(" ".join(text.split())))]


def preformatted(lines):
    body = [escaped(line) for line in textwrap.dedent("\n".join(lines)).splitlines()]
    return [".PP", ".RS 4", ".nf", *[rf"\&{line}" if line[:1] in ".'" else line for line in body], ".fi", ".RE"]


def item(tag, text):
    return [".TP", tag, *filled(text)]


def heading(kind, text):
    return f'.{kind} "{escaped(text)}"' if " " in text else f".{kind} {escaped(text)}"


def title(name, section, what):
    """The head of a page, with the version and date of the last entry of the changelog."""
    changelog = (ROOT / "packaging/debian/changelog").read_text(encoding="utf-8")
    version = re.match(r"mcp-auth \((\S+)-\S+\)", changelog)
    signed = re.search(r"^ -- .*>  (.+)$", changelog, re.MULTILINE)
    if not version or not signed:
        sys.exit("man.py: packaging/debian/changelog does not begin with an entry")
    date = email.utils.parsedate_to_datetime(signed[1]).strftime("%Y-%m-%d")
    return [
        r'.\" Written by scripts/man.py. Do not edit.',
        f'.TH {escaped(name.upper())} {section} {date} "mcp\\-auth {version[1]}" "{what}"',
        r'.\" Names of options and keys must not be broken.',
        ".nh",
        ".ad l",
    ]


# mcp-auth(1)


def spelling(name):
    return ("-" if name["kind"] == "short" else "--") + name["name"]


def names_of(argument):
    """`-c, --config VALUE`, with the short name first."""
    names = sorted(argument["names"], key=lambda name: name["kind"] != "short")
    text = ", ".join(rf"\fB{escaped(spelling(name))}\fR" for name in names)
    return text if argument["kind"] == "flag" else rf"{text} \fI{escaped(argument['valueName'])}\fR"


def is_shown(argument):
    """Not `--help` and `--version`, which every command has: they are described once."""
    names = [name["name"] for name in argument.get("names", [])]
    return argument["shouldDisplay"] and "help" not in names and "version" not in names


def synopsis(path, command):
    parts = [rf"\fB{escaped(path)}\fR"]
    for argument in command["arguments"]:
        if not is_shown(argument):
            continue
        if argument["kind"] == "positional":
            part = rf"\fI{escaped(argument['valueName'])}\fR"
        else:
            part = rf"\fB{escaped(spelling(argument['preferredName']))}\fR"
            if argument["kind"] == "option":
                part += rf" \fI{escaped(argument['valueName'])}\fR"
        if argument["isOptional"]:
            part = f"[{part}]"
        parts.append(part + (" ..." if argument["isRepeating"] else ""))
    return " ".join(parts)


def described(argument):
    text = argument.get("abstract", "")
    # A list of values that the text has already is not repeated.
    values = argument.get("allValues", [])
    if values and not all(f"`{value}`" in text for value in values):
        text += f" One of {', '.join(f'`{value}`' for value in values)}."
    if argument.get("defaultValue") is not None:
        text += f" Default: `{argument['defaultValue']}`."
    return inline(text.strip())


def discussed(text):
    lines = []
    for block in re.split(r"\n\s*\n", text.strip("\n")):
        is_code = all(line.startswith("  ") for line in block.splitlines())
        lines += preformatted(block.splitlines()) if is_code else paragraph(block)
    return lines


def commands(command, path):
    """Every command that does something, with its path; not the generated `help`."""
    below = [sub for sub in command.get("subcommands", []) if sub["shouldDisplay"] and sub["commandName"] != "help"]
    for sub in below:
        yield from commands(sub, f"{path} {sub['commandName']}")
    if not below:
        yield path, command


def exit_codes(discussion):
    """The codes that the discussion of the program lists, and the rest of the discussion."""
    match = re.search(r"Exit codes: ((?:\d+ [^,.]+(?:, )?)+)\.\s*", discussion)
    if not match:
        sys.exit("man.py: the discussion of the program does not list `Exit codes: 0 ok, …`")
    codes = [code.split(" ", 1) for code in match[1].split(", ")]
    return codes, discussion.replace(match[0], "").strip()


SIGNALS = [
    ("SIGTERM, SIGINT", "`mcp-auth serve` accepts no more connections, answers the requests that it has begun to receive, for at most 10 seconds, and ends."),
    ("SIGHUP", "It reads its configuration again. If the new one is invalid, the old one stays in force and the log says why."),
    ("SIGUSR1", "It discards fetched keys and metadata and the remembered tokens."),
]
ENVIRONMENT = [
    ("SSL_CERT_FILE, SSL_CERT_DIR", "The certificate authorities to trust for authorization servers, in place of those of the system."),
    ("MCP_AUTH_ADMIN_TOKEN", "The token that `mcp-auth admin` presents to an admin listener with a port."),
    ("NOTIFY_SOCKET", "Where `mcp-auth serve` reports to the service manager that it listens; see **sd_notify**(3)."),
    ("LISTEN_FDS, LISTEN_PID, LISTEN_FDNAMES", "Sockets that the service manager passes on. One with the address of a configured listener takes its place; see **sd_listen_fds**(3)."),
]
FILES = [
    ("/etc/mcp-auth/mcp-auth.json", "The configuration of the system service; see **mcp-auth.json**(5)."),
    ("/usr/share/doc/mcp-auth/examples", "A configuration for each proxy."),
    ("/usr/share/mcp-auth/schema", "The JSON Schemas of configurations, policies and their tests."),
]


def command_page(help_of_all):
    root = help_of_all["command"]
    name = root["commandName"]
    codes, discussion = exit_codes(root.get("discussion", ""))
    lines = title(name, 1, "User Commands")
    lines += [".SH NAME", rf"{escaped(name)} \- {escaped(root['abstract'][:1].lower() + root['abstract'][1:].rstrip('.'))}"]
    lines += [".SH SYNOPSIS", rf"\fB{escaped(name)}\fR \fIcommand\fR [\fIoption\fR ...]", ".br"]
    lines += [rf"\fB{escaped(name)}\fR \fB\-\-help\fR | \fB\-\-version\fR"]
    lines += [".SH DESCRIPTION"]
    about = f"`{name}` serves, checks and explains configurations of authorization. It cannot create tokens. {discussion}"
    lines += paragraph(about)[1:]
    lines += [".SH OPTIONS", "These are for every command."]
    for argument in root["arguments"]:
        lines += item(names_of(argument), described(argument))
    lines += [".SH COMMANDS"]
    for path, command in commands(root, name):
        lines += [heading("SS", path.removeprefix(f"{name} ")), *filled(synopsis(path, command))]
        lines += paragraph(command.get("abstract", ""))
        lines += discussed(command["discussion"]) if command.get("discussion") else []
        for argument in filter(is_shown, command["arguments"]):
            positional = argument["kind"] == "positional"
            tag = rf"\fI{escaped(argument['valueName'])}\fR" if positional else names_of(argument)
            lines += item(tag, described(argument))
    lines += [".SH EXIT STATUS"]
    for code, meaning in codes:
        lines += item(rf"\fB{code}\fR", inline(meaning))
    for section, entries in (("SIGNALS", SIGNALS), ("ENVIRONMENT", ENVIRONMENT), ("FILES", FILES)):
        lines += [f".SH {section}"]
        for tag, text in entries:
            lines += item(rf"\fB{escaped(tag)}\fR", inline(text))
    lines += [".SH SEE ALSO", r"\fBmcp\-auth.json\fR(5)"]
    lines += paragraph("The documents in `/usr/share/doc/mcp-auth`: `docs/operations.md` for running it as a service.")
    return lines


# mcp-auth.json(5)


def table_row(line):
    return [cell.strip().replace(r"\|", "|") for cell in re.split(r"(?<!\\)\|", line.strip())[1:-1]]


def table(rows):
    """The rows of a table `key | default | meaning`, each as an item."""
    lines = []
    for key, default, meaning in rows:
        tag = inline(key)
        if default == "required":
            tag += " (required)"
        elif default not in ("–", ""):
            tag += rf" (default {inline(default)})"
        text = meaning if meaning.endswith((".", ":")) else f"{meaning}."
        lines += item(tag, inline(text))
    return lines


def bullets(rows):
    """The items of a list, each of which may continue on indented lines."""
    lines = []
    for text in re.split(r"^- ", "\n".join(rows), flags=re.MULTILINE)[1:]:
        lines += [r".IP \(bu 2", *filled(inline(" ".join(text.split())))]
    return lines


def is_label(rows, following):
    """Whether the rows are the name of the table that follows, such as "`tls`:"."""
    line = rows[0]
    return following.startswith("<!-- keys") and len(rows) == 1 and len(line) <= 60 and re.search(r"^[^,]+:$", line)


def configuration_page():
    lines = title("mcp-auth.json", 5, "File Formats")
    lines += [".SH NAME", r"mcp\-auth.json \- configuration of mcp\-auth", ".SH DESCRIPTION"]
    source = (ROOT / "docs/configuration.md").read_text(encoding="utf-8")
    blocks = re.split(r"\n\s*\n", source)
    is_first = True
    for block, following in zip(blocks, [*blocks[1:], ""]):
        rows = [line for line in block.splitlines() if line and not line.startswith("<!--")]
        if not rows or rows[0].startswith("# "):
            continue
        if rows[0].startswith("#") and len(rows) > 1:
            sys.exit(f"man.py: docs/configuration.md has no empty line below {rows[0]}")
        if rows[0].startswith("## "):
            lines.append(heading("SH", rows[0][3:].replace("`", "").upper()))
        elif rows[0].startswith("### "):
            lines.append(heading("SS", rows[0][4:].replace("`", "")))
        elif is_label(rows, following):
            lines.append(heading("SS", rows[0][:-1].replace("`", "")))
        elif rows[0].startswith("|"):
            cells = [table_row(row) for row in rows]
            if cells[0] != ["key", "default", "meaning"]:
                sys.exit(f"man.py: docs/configuration.md has a table that is not key, default, meaning: {cells[0]}")
            lines += table(cells[2:])
        elif all(row.startswith("    ") for row in rows):
            lines += preformatted(rows)
        elif rows[0].startswith("- ") and all(row.startswith(("- ", "  ")) for row in rows):
            lines += bullets(rows)
        elif re.match(r"[-*#>]|\d+\. ", rows[0]) or any(row.startswith(("|", "    ", "- ")) for row in rows):
            sys.exit(f"man.py: docs/configuration.md has a block that this script does not know: {rows[0]}")
        else:
            lines += paragraph(" ".join(rows))[1 if is_first else 0 :]
        # Below a heading, a paragraph needs no space above it.
        is_first = lines[-1].startswith((".SH", ".SS"))
    lines += [".SH FILES", *item(r"\fB/etc/mcp\-auth/mcp\-auth.json\fR", inline("The configuration of the system service."))]
    lines += [".SH SEE ALSO", r"\fBmcp\-auth\fR(1)"]
    return lines


def main():
    parser = argparse.ArgumentParser(description="Writes the manual pages.")
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--program", type=pathlib.Path, help="the program mcp-auth")
    source.add_argument("--help-json", type=pathlib.Path, help="the output of mcp-auth --experimental-dump-help")
    parser.add_argument("--output", type=pathlib.Path, default=ROOT / "docs/man", help="the directory for the pages")
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a page is not the current one")
    arguments = parser.parse_args()
    if arguments.program:
        command = [arguments.program.resolve(), "--experimental-dump-help"]
        text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    else:
        text = arguments.help_json.read_text(encoding="utf-8")
    pages = {"mcp-auth.1": command_page(json.loads(text)), "mcp-auth.json.5": configuration_page()}
    stale = False
    for name, lines in pages.items():
        path = arguments.output / name
        content = "\n".join(lines) + "\n"
        if arguments.check:
            if not path.exists() or path.read_text(encoding="utf-8") != content:
                print(f"{path} is not the current one: run `make man` and commit it", file=sys.stderr)
                stale = True
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")
    sys.exit(1 if stale else 0)


main()
