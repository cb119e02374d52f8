// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import MCPAuthCore
package import MCPAuthJSON
internal import MCPAuthPolicy

/// What a client sees of a decision.
package enum ComparedDecision: Sendable, Hashable {
    case allowed
    case denied
    /// A challenge for these scopes.
    case needsScopes([String])
    /// A challenge for a sign-in.
    case needsSignIn(acrValues: [String], maxAge: Int?)
    /// A challenge for a token with these scopes.
    case needsToken([String])

    init(_ policies: PolicySet, _ input: PolicyInput) {
        switch policies.evaluate(input).kind {
        case .allow: self = .allowed
        case _ where input.authInfo == nil:
            self = .needsToken(Array(policies.scopesToRequest(for: input.request)).sorted())
        case .deny: self = .denied
        case .insufficientScope(let scopes, _): self = .needsScopes(Array(scopes).sorted())
        case .insufficientAuthentication(let needed, _):
            self = .needsSignIn(acrValues: needed.acrValues, maxAge: needed.maxAge)
        }
    }

    package var words: String {
        switch self {
        case .allowed: "allowed"
        case .denied: "denied"
        case .needsScopes(let scopes): "denied, needs the scopes \(scopes.joined(separator: " "))"
        case .needsSignIn(let values, let age):
            "denied, needs a sign-in" + (values.isEmpty ? "" : " of class \(values.joined(separator: " or "))")
                + (age.map { " within \($0) s" } ?? "")
        case .needsToken(let scopes):
            "denied, needs a token" + (scopes.isEmpty ? "" : " with the scopes \(scopes.joined(separator: " "))")
        }
    }
}

/// A request about which two sets of policies decide differently.
package struct PolicyWitness: Sendable {
    /// The operation, such as `tools/call:create_note`, as in policy tests.
    package let call: String
    /// The path of the resource.
    package var path: String { request.path.description }
    /// The request without credentials.
    package let request: ProtectedResourceRequest
    /// `nil` for a caller without a token.
    package let claims: JSON?
    /// `nil` if the call has none, or if they are not known.
    package let arguments: JSON?
    package let old: ComparedDecision
    package let new: ComparedDecision

    init(
        _ sides: [PolicySet],
        _ operation: ComparedOperation,
        claims: JSON?,
        arguments: JSON?,
        at resource: ResourceIdentifier,
        now: NumericDate
    ) {
        let request = operation.request(operation.message?.with(arguments: arguments))
        self.init(sides, request, claims: claims, arguments: arguments, at: resource, now: now)
    }

    init(
        _ sides: [PolicySet],
        _ request: ProtectedResourceRequest,
        claims: JSON?,
        arguments: JSON?,
        at resource: ResourceIdentifier,
        now: NumericDate
    ) {
        self.claims = claims
        self.arguments = arguments
        self.request = request
        call = PolicyCall(request.operation, request.method, path: request.path).text
        let authInfo = claims.map { AuthInfo.assumed($0, at: resource) }
        let input = PolicyInput(authInfo: authInfo, request: request, now: now)
        old = ComparedDecision(sides[0], input)
        new = ComparedDecision(sides[1], input)
    }

    /// Who calls, in words.
    package var caller: String {
        guard let claims else { return "anyone without a token" }
        switch (claims["sub"], claims["client_id"]) {
        case (nil, nil): return "a token without subject and client"
        case (nil, _): return "a client for itself"
        case (let subject, let client): return subject == client ? "a client for itself" : "a user"
        }
    }

    package var json: JSON {
        var members: [String: JSON] = [
            "call": .string(call), "path": .string(path), "old": .string(old.words), "new": .string(new.words),
        ]
        members["claims"] = claims
        members["arguments"] = arguments
        return .object(members)
    }
}

extension MCPMessage {
    fileprivate func with(arguments: JSON?) -> MCPMessage {
        guard let arguments, case .call(let method, let name, _) = self else { return self }
        let text = arguments.encoded()
        return .call(method: method, name: name, arguments: MCPArguments(text, at: 0..<text.count))
    }
}
