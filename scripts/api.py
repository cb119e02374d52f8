#!/usr/bin/env python3
"""Writes docs/api.md from the symbol graphs in a directory: every public type with its summary and its members."""

import json
import sys
from pathlib import Path

# In the order of a reader: applications, host authors, extenders, tests, adapters.
MODULES = [
    ("MCPAuth", "for applications"),
    ("MCPAuthCore", "the model, and what extenders implement; comes with `import MCPAuth`"),
    ("MCPAuthJSON", "JSON; comes with `import MCPAuth`"),
    ("MCPAuthJOSE", "algorithms; comes with `import MCPAuth`"),
    ("MCPAuthVerification", "settings of verification; comes with `import MCPAuth`"),
    ("MCPAuthHTTP", "for authors of adapters"),
    ("MCPAuthHummingbird", "trait `Hummingbird`"),
    ("MCPAuthFlyingFox", "trait `FlyingFox`"),
    ("MCPAuthNIO", "trait `NIO`"),
    ("MCPAuthGRPC", "trait `GRPC`"),
    ("MCPAuthTesting", "for tests"),
]
TYPES = {"swift.struct": "struct", "swift.class": "class", "swift.enum": "enum", "swift.protocol": "protocol",
         "swift.actor": "actor", "swift.extension": "extension", "swift.typealias": "typealias"}
# What conformances to these protocols add says nothing about a type.
ROUTINE = {"hash(into:)", "hashValue", "==(_:_:)", "!=(_:_:)", "encode(to:)", "init(from:)", "debugDescription",
           "customMirror", "init(stringLiteral:)", "init(integerLiteral:)", "init(floatLiteral:)",
           "init(booleanLiteral:)", "init(arrayLiteral:)", "init(dictionaryLiteral:)", "init(unicodeScalarLiteral:)",
           "init(extendedGraphemeClusterLiteral:)", "RawValue", "ArrayLiteralElement", "Element", "Iterator",
           "AllCases", "StringLiteralType", "InboundIn", "InboundOut", "OutboundIn", "OutboundOut", "$current",
           "handlerAdded(context:)", "handlerRemoved(context:)", "channelInactive(context:)", "channelRead(context:data:)",
           "read(context:)", "write(context:data:promise:)", "flush(context:)", "channelReadComplete(context:)", "errorCaught(context:error:)"}


def summary(symbol):
    lines = [line["text"].strip() for line in symbol.get("docComment", {}).get("lines", [])]
    text = " ".join(lines).split("  ")[0] if lines else ""
    return text.replace("``", "`")


def main(graphs: Path, target: Path) -> int:
    out = ["# The public API", "",
           "Generated from the sources by `scripts/docs.sh`; the comments in the sources are the full contract. "
           "Adding to it is a minor version, anything else a major one.", ""]
    undocumented = []
    for module, purpose in MODULES:
        files = sorted(graphs.glob(f"{module}.symbols.json")) + sorted(graphs.glob(f"{module}@*.symbols.json"))
        symbols, members = {}, {}
        for file in files:
            graph = json.loads(file.read_text())
            for symbol in graph["symbols"]:
                symbols[symbol["identifier"]["precise"]] = symbol
            for relation in graph["relationships"]:
                if relation["kind"] in ("memberOf", "requirementOf", "optionalRequirementOf"):
                    members.setdefault(relation["target"], set()).add(relation["source"])
        types = [s for s in symbols.values()
                 if s["kind"]["identifier"] in TYPES and s["pathComponents"][-1] not in ROUTINE]
        if not types:
            continue
        out += [f"## {module}: {purpose}", ""]
        for symbol in sorted(types, key=lambda s: s["pathComponents"]):
            name = ".".join(symbol["pathComponents"])
            kind = TYPES[symbol["kind"]["identifier"]]
            text = summary(symbol)
            if not text and kind != "extension":
                undocumented.append(f"{module}.{name}")
            own = [symbols[m] for m in members.get(symbol["identifier"]["precise"], ()) if m in symbols]
            names = sorted({m["pathComponents"][-1].replace("subscript(_:)", "[]").split("(")[0] for m in own
                            if m["kind"]["identifier"] not in TYPES and m["pathComponents"][-1] not in ROUTINE
                            and m["pathComponents"][-1] not in ("description", "rawValue", "init(rawValue:)")
                            and not m["pathComponents"][-1].startswith(("_", "$"))})
            if len(names) > 16:
                names = [f"{len(names)} names"]
            for member in own:
                title = member["pathComponents"][-1]
                if title not in ROUTINE and title not in ("description", "rawValue", "init(rawValue:)") \
                        and member["kind"]["identifier"] not in TYPES and not summary(member):
                    undocumented.append(f"{module}.{name}.{title}")
            listed = f" `{', '.join(names)}`" if names else ""
            out.append(f"- {kind} **{name}**: {text}{listed}")
        out.append("")
    target.write_text("\n".join(out))
    for name in undocumented:
        print(f"api: {name} has no documentation", file=sys.stderr)
    return 1 if undocumented else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
