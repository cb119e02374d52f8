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
            if let replay { return try decide(requestsIn: replay, sides, at: identifier) }
            let comparison = PolicyComparison(old: [sides[0]], new: [sides[1]], at: identifier, now: .now())
            let changes = comparison.changes.map { change in
                var calls = [title(change.witness, at: identifier)] + change.alike
                let others = change.alikeCount - calls.count
                if others > 0 { calls.append("and \(others) more") }
                return (title: calls.joined(separator: ", "), witness: change.witness)
            }
            report(changes, comparison.undecided, decided: nil)
            guard changes.isEmpty, comparison.undecided.isEmpty else { throw ProgramExit.denied }
        }

        /// Lets both policies decide recorded requests.
        private func decide(
            requestsIn path: String,
            _ sides: [PolicyText],
            at resource: ResourceIdentifier
        ) throws {
            guard let bytes = Input.bytes(from: path, atMost: RecordFile.mostMegabytes << 20) else {
                let message = "cannot read `\(path.printable)`, or it has more than \(RecordFile.mostMegabytes) MiB"
                throw ConfigurationError(.unreadableFile, message)
            }
            let file = RecordedRequest.File(file: path, bytes)
            if file.requests.isEmpty, let error = file.firstError { throw error }
            let policies = sides.map { PolicySet([$0.policy]) }
            let now = NumericDate.now()
            let changes = file.requests.compactMap { $0.change(policies, at: resource, now: now) }
            let missing = file.requests.reduce(into: Set<String>()) { $0.formUnion($1.unrecorded(policies)) }
            var undecided = missing.sorted().map { "a policy reads \($0), which was not recorded" }
            if let error = file.firstError {
                undecided.append("lines that are not requests: \(file.unreadableLines); the first is \(error)")
            }
            report(changes.map { (title($0, at: resource), $0) }, undecided, decided: file.requests.count)
            guard changes.isEmpty, undecided.isEmpty else { throw ProgramExit.denied }
        }

        /// The operation, with its path if that is not the one of the resource.
        private func title(_ witness: PolicyWitness, at resource: ResourceIdentifier) -> String {
            let isElsewhere = witness.request.operation != .http && witness.path != resource.path.description
            return witness.call + (isElsewhere ? " at \(witness.path.printable)" : "")
        }

        private func report(
            _ changes: [(title: String, witness: PolicyWitness)],
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
            for (title, witness) in changes {
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
