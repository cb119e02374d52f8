// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Programs
internal import MCPAuthCore

/// A decision trace as text for people.
struct TraceText {
    private let trace: DecisionTrace

    init(_ trace: DecisionTrace) {
        self.trace = trace
    }

    /// The stages, the rules and the decision.
    var whole: String {
        var lines = trace.operation.map { ["\($0) at \(trace.resource?.description ?? "no resource")"] } ?? []
        for policy in trace.policies {
            lines.append("policy \(policy.file) sha256 \(policy.sha256.isEmpty ? "-" : policy.sha256)")
        }
        if let verifier = trace.verifier {
            lines.append("verified by \(verifier)\(trace.cache == .hit ? " (cached)" : "")")
        }
        lines += trace.steps.map { "\($0.stage): \($0.finding)" }
        if !trace.rules.isEmpty { lines.append(rules(onlyApplicable: false)) }
        if !trace.wouldDeny.isEmpty { lines.append("would deny: \(trace.wouldDeny.joined(separator: ", "))") }
        lines.append(answer)
        return lines.map(\.escapedLines).joined(separator: "\n")
    }

    /// The same, with the value that caused a denial: for the operator's own terminal only.
    var revealed: String {
        guard case .deny(let denial)? = trace.decision, let diagnosis = denial.diagnosis else { return whole }
        var lines = whole.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        // The decision stays the last line, which scripts read.
        lines.insert("why: \(diagnosis.revealed)".escaped, at: lines.count - 1)
        return lines.joined(separator: "\n")
    }

    /// One line for each rule: its result, where that was decided, and why.
    func rules(onlyApplicable: Bool) -> String {
        let shown = trace.rules.filter { !onlyApplicable || $0.result != .notApplicable }
        let widths = (
            shown.map(\.id.count).max() ?? 0, shown.map(\.effect.count).max() ?? 0,
            shown.map(\.result.rawValue.count).max() ?? 0
        )
        return shown.map { finding in
            let mark = trace.decidingRules.contains(finding.id) ? "*" : " "
            let shadow = finding.isEnforced ? "" : " (shadow)"
            return "  \(mark) \(Self.padded(finding.id, widths.0))  \(Self.padded(finding.effect, widths.1))  "
                + "\(Self.padded(finding.result.rawValue, widths.2))  \(finding.pointer): \(finding.why)\(shadow)"
        }.map(\.escaped).joined(separator: "\n")
    }

    private static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }

    private var answer: String {
        switch trace.decision {
        case nil: return "no decision"
        case .allow(nil)?: return "allow: a caller without a token"
        case .allow(let authInfo?)?:
            let (subject, client) = (authInfo.subject ?? "-", authInfo.clientID ?? "-")
            return "allow: subject \(subject), client \(client), scope \(authInfo.scopes)"
        case .deny(let denial)?:
            var text = "deny: \(denial.reason), status \(denial.status)"
            if let scope = denial.challenge?.scope, !scope.isEmpty { text += ", asks for scope \(scope)" }
            if let needed = denial.challenge?.authentication {
                if !needed.acrValues.isEmpty { text += ", asks for acr \(needed.acrValues.joined(separator: " "))" }
                if let maxAge = needed.maxAge { text += ", asks for a sign-in within \(maxAge) seconds" }
            }
            return text
        }
    }
}

extension String {
    /// Several lines, each escaped.
    fileprivate var escapedLines: String {
        split(separator: "\n", omittingEmptySubsequences: false).map { String($0).escaped }.joined(separator: "\n")
    }
}
#endif
