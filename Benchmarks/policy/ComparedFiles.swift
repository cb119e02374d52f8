// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import MCPAuthPolicyTools

/// Two policies with as many rules, some of which differ, for `mcp-auth policy diff`.
enum ComparedFiles: String, CaseIterable {
    case tools = "a tool, a scope and a limit for each rule"
    case paths = "a path with a capture for each rule"
    case patterns = "overlapping patterns of tools"
    case claims = "every rule for any target, each for a tenant"
    case conditions = "nested conditions on eight claims"
    case same = "rules in another order"
    case hard = "scopes on every one of forty conditions, reordered"

    func pair(rules count: Int) throws -> (old: PolicyText, new: PolicyText) {
        let old = (0..<count).map { rule($0, isNew: false) }
        var new = (0..<count).map { rule($0, isNew: $0 % 10 == 0) }
        if self == .same || self == .hard { new.swapAt(0, count - 1) }
        return (try text(old), try text(new))
    }

    private func text(_ rules: [String]) throws -> PolicyText {
        let text = #"{"version":1,"rules":[\#(rules.joined(separator: ","))]}"#
        return try PolicyText(file: "compared.json", bytes: Array(text.utf8))
    }

    private func rule(_ number: Int, isNew: Bool) -> String {
        let start = #"{"id":"r\#(number)","effect":"allow","#
        let limit = isNew ? 1000 : 100
        switch self {
        case .tools:
            let condition = #""when":{"argument":"/amount","lte":\#(limit)}"#
            return start + #""tools":["tool_\#(number)"],"scopes":{"all":["s\#(number)"]},\#(condition)}"#
        case .paths:
            let condition = #""when":{"capture":"tenant","equals":{"claim":"/\#(isNew ? "tenant" : "org")"}}"#
            return start + #""paths":["/area\#(number)/{tenant}/**"],\#(condition)}"#
        case .patterns:
            let pattern = number % 2 == 0 ? "team\(number)_*" : "*_kind\(number % 12)"
            return start + #""tools":["\#(pattern)"],"scopes":{"any":["s\#(number % 7)","s\#(isNew ? 8 : 9)"]}}"#
        case .claims:
            return start + #""targets":"any","scopes":{"all":["s\#(number % 10)"]},"#
                + #""when":{"claim":"/tenant","equals":"t\#(isNew ? number + 1000 : number)"}}"#
        case .conditions, .same, .hard:
            let parts = (0..<4).map { #"{"claim":"/c\#((number + $0 * $0) % 8)","equals":"v\#((number + $0) % 3)"}"# }
            let nested = #"{"any":[{"all":[\#(parts[0]),\#(parts[1])]},{"not":\#(parts[2])}]}"#
            let last = isNew && self == .conditions ? #"{"claim":"/c7","exists":true}"# : parts[3]
            let effect = number % 4 == 3 ? "deny" : "allow"
            let scopes = self == .hard && effect == "allow" ? #""scopes":{"all":["s\#(number % 9)"]},"# : ""
            return #"{"id":"r\#(number)","effect":"\#(effect)",\#(scopes)"tools":["tool_\#(number % 5)"],"#
                + #""when":{"all":[\#(nested),\#(last)]}}"#
        }
    }
}
