// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore
internal import MCPAuthJSON
internal import MCPAuthPolicy

// Properties of the parts of a rule that lint needs.

extension MCPMethod.Object {
    /// The key of a rule that lists such objects.
    var list: String {
        switch self {
        case .tool: "tools"
        case .prompt: "prompts"
        case .resourceURI: "resource_uris"
        }
    }
}

extension Predicate {
    /// Whether the result is also known when the claim is missing.
    var alwaysKnows: Bool { [.exists, .absent].contains(self.operator) }
}

extension PolicyRule {
    /// Whether the rule denies every caller, whatever its token has.
    var alwaysDenies: Bool {
        effect == .deny && isEnforced && condition == nil && allScopes.isEmpty && anyScopes.isEmpty && issuers == nil
            && clientIDs == nil && subjectKind == nil
    }

    /// Whether the rule requires of every caller what a caller without a token never has.
    var alwaysNeedsToken: Bool {
        effect == .require && isEnforced
            && (!allScopes.isEmpty || !anyScopes.isEmpty || acrValues != nil || maxAge != nil || requiresProof)
    }

    /// The position of the first condition on a claim of this name.
    func place(ofClaim name: String) -> JSONPointer {
        let places = zip(condition?.leaves ?? [], leafPointers)
        return places.first { $0.0.reference.claim?.tokens.first == name }?.1 ?? pointer.appending("when")
    }

    /// The issuers that the rule is for, or that its condition compares `iss` with.
    var issuersNamed: Set<String> {
        var named = Set((issuers ?? []).map(\.text))
        for leaf in condition?.leaves ?? [] where leaf.reference.claim?.tokens == ["iss"] {
            switch leaf.predicate {
            case .equals(let value): if let text = value.string { named.insert(text) }
            case .isIn(let values): named.formUnion(values.compactMap(\.string))
            default: break
            }
        }
        return named
    }
}

extension Targets {
    /// Whether these targets include every operation of `other`; not every such case is recognised.
    func cover(_ other: Targets) -> Bool {
        if matchesAny { return true }
        guard !other.matchesAny, httpMethods.isEmpty, paths.isEmpty, other.restrictsMCP else { return false }
        func covers(_ globs: [Glob], _ others: [Glob]) -> Bool {
            others.allSatisfy { one in
                globs.contains { $0.pattern == one.pattern || (one.isExact && $0.matches(one.pattern)) }
            }
        }
        return (includesBasics || !other.includesBasics) && covers(methods, other.methods)
            && (covers(tools, other.tools) || methods.contains { $0.matches("tools/call") })
            && covers(prompts, other.prompts) && covers(resourceURIs, other.resourceURIs)
    }
}
