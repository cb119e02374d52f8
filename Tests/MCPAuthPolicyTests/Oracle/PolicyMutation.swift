// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import MCPAuthCore
import MCPAuthJSON
import MCPAuthPolicyTools

/// Changes to policies and requests whose possible effect on the decision is known.
enum PolicyMutation {
    /// Adds a rule at the end: a deny or a require can only restrict.
    static func adding(_ rule: JSON, to policy: JSON) -> JSON {
        setting("rules", of: policy, to: .array((policy["rules"]?.elements ?? []) + [rule]))
    }

    /// Adds the short form, or more scopes to it: when there is an allow rule, this can only restrict.
    static func adding(requiredScopes scopes: [String], to policy: JSON) -> JSON {
        let before = policy["required_scopes"]?.elements ?? []
        let more = scopes.map(JSON.string).filter { !before.contains($0) }
        return setting("required_scopes", of: policy, to: .array(before + more))
    }

    /// Puts a whole policy into shadow mode: nothing in it allows, and nothing in it denies.
    static func shadowed(_ policy: JSON) -> JSON {
        setting("enforce", of: policy, to: false)
    }

    /// The same rules in the opposite order: only a tie between challenges may change.
    static func reversed(_ policy: JSON) -> JSON {
        guard let rules = policy["rules"]?.elements else { return policy }
        return setting("rules", of: policy, to: .array(rules.reversed()))
    }

    /// Whether some rule allows, in shadow mode or not.
    static func hasAllowRule(_ policy: JSON) -> Bool {
        (policy["rules"]?.elements ?? []).contains { $0["effect"] == .string("allow") }
    }

    /// Removes one claim from the token: when no condition tests presence, this can only restrict.
    ///
    /// Issuer, subject, client and scopes are separate members of the request and stay.
    static func removing(claim name: String, from request: NaiveRequest) -> NaiveRequest {
        var request = request
        request.claims = setting(name, of: request.claims, to: nil)
        request.rawClaims = setting(name, of: request.rawClaims, to: nil)
        return request
    }

    /// Leaves nothing of the token: only rules for anyone can then allow.
    static func removeToken(from request: inout NaiveRequest) {
        request.hasToken = false
        (request.claims, request.rawClaims) = ([:], [:])
        (request.issuer, request.subject, request.clientID) = ("", nil, nil)
        (request.scopes, request.grantable, request.hasProof) = ([], nil, false)
    }

    /// The same policy without its rules for anyone.
    static func withoutOpenRules(_ policy: JSON) -> JSON {
        guard let rules = policy["rules"]?.elements else { return policy }
        return setting("rules", of: policy, to: .array(rules.filter { $0["subject_kind"] != .string("anyone") }))
    }

    /// Removes one argument from every call: when no condition tests presence, this can only restrict.
    static func removing(argument name: String, from request: NaiveRequest) -> NaiveRequest {
        guard case .mcp(let messages) = request.operation else { return request }
        var request = request
        request.operation = .mcp(
            messages.map { message in
                guard case .call(let method, let object, let arguments?) = message,
                    let read = try? JSON(parsing: Array(arguments.text[arguments.range]))
                else { return message }
                let text = setting(name, of: read, to: nil).encoded()
                return .call(method: method, name: object, arguments: MCPArguments(text, at: 0..<text.count))
            }
        )
        return request
    }

    /// The names of the claims, sorted.
    static func claimNames(of request: NaiveRequest) -> [String] {
        guard case .object(let members) = request.claims else { return [] }
        return members.keys.sorted()
    }

    private static func setting(_ name: String, of object: JSON, to value: JSON?) -> JSON {
        guard case .object(var members) = object else { return object }
        members[name] = value
        return .object(members)
    }
}
