// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import HTTPTypes
internal import MCPAuthCore
internal import MCPAuthJSON

/// A record of the requests that policies decide, for `mcp-auth policy diff --replay`.
///
/// Each request is one line of JSON: the operation, the path, and of the claims and arguments only those that are
/// listed. Tokens are never recorded. A record contains personal data if the listed claims do; keep it as such.
public struct RequestRecording: Sendable {
    /// The names of the claims that are recorded, such as `scope`; a policy that reads others decides otherwise in a
    /// replay.
    public var claims: Set<String>
    /// The names of the arguments that are recorded.
    public var arguments: Set<String>
    /// Receives each line, without a line break; called from any thread, before the request is decided.
    public var write: @Sendable (String) -> Void

    /// Records these claims and arguments.
    public init(claims: Set<String>, arguments: Set<String> = [], write: @escaping @Sendable (String) -> Void) {
        self.claims = claims
        self.arguments = arguments
        self.write = write
    }

    /// The lines for a request, one for each message.
    func lines(_ input: PolicyInput) -> [String] {
        let claims = input.authInfo.map { JSON.object(recorded($0.claims)) }
        return calls(input.request).map { call, arguments in
            var members: [String: JSON] = ["call": .string(call), "path": .string(input.request.path.description)]
            members["claims"] = claims
            members["arguments"] = arguments
            return String(decoding: JSON.object(members).encoded(), as: UTF8.self)
        }
    }

    /// The listed claims; `scope` as a token has it.
    private func recorded(_ all: Claims) -> [String: JSON] {
        var recorded: [String: JSON] = [:]
        for name in claims { recorded[name] = all[name] }
        if let scopes = recorded["scope"]?.strings {
            recorded["scope"] = scopes.isEmpty ? nil : .string(scopes.joined(separator: " "))
        }
        return recorded
    }

    private func calls(_ request: ProtectedResourceRequest) -> [(String, JSON?)] {
        switch request.operation {
        case .http: [("\(request.method.rawValue) \(request.path)", nil)]
        case .unknown: [("@unknown", nil)]
        case .mcp(let messages): messages.map { ($0.description, recorded($0.arguments)) }
        }
    }

    private func recorded(_ all: MCPArguments?) -> JSON? {
        guard let all, let members = (try? JSON(parsing: Array(all.text[all.range])))?.members else { return nil }
        return .object(members.filter { arguments.contains($0.key) })
    }
}

/// Records every request before a policy decides it.
struct RecordedPolicy: PolicyEvaluator {
    let policy: any PolicyEvaluator
    let recording: RequestRecording

    func evaluate(_ input: PolicyInput) -> PolicyDecision {
        // A list is filtered without arguments; nobody asked for those operations.
        if !input.withAnyArguments { for line in recording.lines(input) { recording.write(line) } }
        return policy.evaluate(input)
    }

    func explain(_ input: PolicyInput, revealingClaims: Bool) -> PolicyExplanation {
        policy.explain(input, revealingClaims: revealingClaims)
    }

    var mayAllowAnyone: Bool { policy.mayAllowAnyone }

    func scopesToRequest(for request: ProtectedResourceRequest) -> ScopeSet { policy.scopesToRequest(for: request) }

    var identities: [PolicyIdentity] { policy.identities }
}
