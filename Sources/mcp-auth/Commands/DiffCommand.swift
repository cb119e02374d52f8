// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Programs
internal import ArgumentParser
internal import MCPAuth
internal import MCPAuthCore
internal import MCPAuthJSON
internal import MCPAuthPolicy
internal import MCPAuthPolicyTools

extension PolicyCommand {
    /// `mcp-auth policy diff`.
    struct Diff: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show which decisions a change of a policy changes.",
            discussion: """
                For each operation and kind of caller whose decision can change, one request is shown about which the \
                two policies decide differently. What could not be decided is listed too. With --replay, only the \
                recorded requests are decided by both. The exit code is 0 when nothing changes, and 11 when \
                something does, or when something was not decided.

                  mcp-auth policy diff main/notes.json notes.json
                  mcp-auth policy diff main/notes.json notes.json --replay decisions.jsonl
                """
        )

        @Option(help: "A file of recorded requests, one JSON object on each line; `-` for standard input.")
        var replay: String?

        @Option(help: "The resource identifier.")
        var resource = "https://resource.test/mcp"

        @Flag(help: "Print JSON.")
        var json = false

        @Argument(help: "The policy before the change.")
        var old: String

        @Argument(help: "The policy after the change.")
        var new: String

        func run() throws {
            let sides = try [old, new].map { try PolicyFiles.text(at: $0) }
            let identifier = try ResourceIdentifier(resource)
            if let replay {
                guard let bytes = Input.bytes(from: replay) else {
                    throw ConfigurationError(.unreadableFile, "cannot read the requests from `\(replay.printable)`")
                }
                let requests = try RecordedRequest.all(file: replay, bytes)
                let changes = requests.compactMap { $0.change(sides[0], sides[1], at: identifier, now: .now()) }
                report(changes.map { ($0, []) }, [], decided: requests.count)
                if !changes.isEmpty { throw ProgramExit.denied }
                return
            }
            let comparison = PolicyComparison(old: [sides[0]], new: [sides[1]], at: identifier, now: .now())
            let changes = comparison.changes.map { change in
                (change.witness, change.alikeCount > 1 ? change.alike : [])
            }
            report(changes, comparison.undecided, decided: nil)
            guard changes.isEmpty, comparison.undecided.isEmpty else { throw ProgramExit.denied }
        }

        private func report(
            _ changes: [(witness: PolicyWitness, alike: [String])],
            _ undecided: [String],
            decided: Int?
        ) {
            guard !json else {
                Output.json([
                    "changes": .array(changes.map { $0.witness.json }),
                    "undecided": .array(undecided.map(JSON.string)),
                ])
                return
            }
            var last: String?
            for (witness, alike) in changes {
                let others = alike.isEmpty ? "" : ", also \(alike.joined(separator: ", "))"
                let title = "\(witness.call)\(others)"
                if title != last { Output.line(title) }
                last = title
                Output.line("  \(witness.caller): \(witness.old.words) -> \(witness.new.words)")
                if let claims = witness.claims { Output.line("    claims    \(Self.text(claims))") }
                if let arguments = witness.arguments { Output.line("    arguments \(Self.text(arguments))") }
            }
            for line in undecided { Output.line("not decided: \(line)") }
            let count = decided.map { " of \($0) requests" } ?? ""
            if changes.isEmpty, undecided.isEmpty {
                Output.line(decided == nil ? "no decision changes" : "no decision\(count) changes")
            } else if decided != nil {
                Output.line("\(changes.count)\(count) change")
            }
        }

        private static func text(_ value: JSON) -> String {
            String(decoding: value.encoded(), as: UTF8.self).escaped
        }
    }
}
#endif
