// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import MCPAuthCore

extension DecisionRecord {
    /// What was decided and why, in one sentence for an operator.
    package var explanation: String {
        let who = caller.map { caller in
            let subject = caller.subject.map { " for `\($0.printable)`" } ?? ""
            return "a token of `\(caller.issuer.description.printable)`\(subject)"
        }
        let what = "`\(operation ?? "a request")`" + (resource.map { " at `\($0)`" } ?? "")
        guard let denial else { return "\(what) was allowed with \(who ?? "no token")" }
        let whom = who.map { " with \($0)" } ?? ""
        var text = "\(what)\(whom) was refused with status \(denial.status), \(denial.reason.rawValue.printable)"
        if let diagnosis = denial.diagnosis { text += ": \(diagnosis)" }
        if let scope = denial.challenge?.scope, !scope.isEmpty { text += "; a client is told to get `\(scope)`" }
        return text
    }
}
