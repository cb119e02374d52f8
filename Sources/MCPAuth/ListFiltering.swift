// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

public import HTTPTypes
public import MCPAuthCore
internal import MCPAuthHTTP
public import MCPAuthJSON

/// A list of MCP that may differ between callers (MCP 2026-07-28, server/tools, prompts and resources).
public enum MCPList: String, Sendable, CaseIterable {
    /// `tools/list`: entries of `tools`, used with `tools/call`.
    case tools
    /// `prompts/list`: entries of `prompts`, used with `prompts/get`.
    case prompts
    /// `resources/list`: entries of `resources`, used with `resources/read`.
    case resources

    /// The method that uses an entry; the parameter of that method is a member of the entry.
    fileprivate var use: MCPMethod {
        switch self {
        case .tools: .callTool
        case .prompts: .getPrompt
        case .resources: .readResource
        }
    }
}

/// An error: the text is not the result of a list method.
public struct NotAListResult: Error, Sendable, CustomStringConvertible {
    /// What is wrong, in one line.
    public let description: String
}

extension MCPAuth {
    /// Removes the entries that the caller may not use from the result of a list method.
    ///
    /// An entry is shown when the policy could allow its use with some arguments, or, with a token, would allow it after
    /// a newer sign-in, so that a client can ask for that. The scopes that the route of the request requires count too. The
    /// result is marked `cacheScope: private`, because it applies to this caller only. Hiding an entry does not protect
    /// it: every call is decided when it is made.
    ///
    /// Resource templates are not filtered.
    ///
    /// With `addingSecuritySchemes`, each tool that is left gets `securitySchemes` (the form of the OpenAI Apps SDK and
    /// of the MCP proposal SEP-1488). They replace those of the entry, also in its `_meta` if they are there. They say
    /// what the policy demands of any client, not of this caller:
    ///
    /// - `{"type": "noauth"}`: with some arguments, a call without a token could be allowed.
    /// - `{"type": "oauth2", "scopes": […]}`: a call without a token may be refused, and these are the scopes that a
    ///   client without a token needs to ask for. Without such scopes, `scopes` is left out, and the scheme is left out
    ///   beside `noauth`.
    ///
    /// - Parameters:
    ///   - result: The `result` member of the response.
    ///   - list: What is listed.
    ///   - authInfo: The caller, as passed to the handler; `nil` without a token.
    ///   - request: The request that asks for the list. Without a token, its authority and path tell the resource.
    ///   - addingSecuritySchemes: Whether entries of `tools/list` get `securitySchemes`; other lists never do.
    ///   - now: The time, for rules about the age of a sign-in.
    /// - Returns: The result to send.
    /// - Throws: ``NotAListResult`` when `result` is not an object with such a list.
    public func filter(
        _ result: JSON,
        _ list: MCPList,
        for authInfo: AuthInfo?,
        answering request: HTTPRequest,
        addingSecuritySchemes: Bool = false,
        now: NumericDate = .now()
    ) throws -> JSON {
        guard case .object(var members) = result, case .array(let entries)? = members[list.rawValue] else {
            throw NotAListResult(description: "the result is not an object with an array `\(list.rawValue)`")
        }
        let caller = ListCaller(authInfo, request, now, of: self)
        members[list.rawValue] = .array(
            entries.compactMap { caller?.shown($0, of: list, addingSecuritySchemes: addingSecuritySchemes) }
        )
        members["cacheScope"] = "private"
        return .object(members)
    }
}

/// A caller that asks for a list, and the policy of the route.
private struct ListCaller {
    private let policy: any PolicyEvaluator
    private let authInfo: AuthInfo?
    private let path: RequestPath
    private let now: NumericDate

    /// `nil` if the configuration in force no longer has the resource.
    init?(_ authInfo: AuthInfo?, _ request: HTTPRequest, _ now: NumericDate, of mcpAuth: MCPAuth) {
        let resource =
            authInfo.map { info in mcpAuth.engine.resources.first { $0.identifier == info.resource } }
            ?? mcpAuth.resource(of: request)
        guard let resource else { return nil }
        // Without a token, a route that requires scopes allows nothing, so there is no list to filter.
        policy = resource.policy.requiring(authInfo?.routeScopes ?? [])
        self.authInfo = authInfo
        path = RequestPath(RequestReading.path(of: request)) ?? resource.identifier.path
        self.now = now
    }

    /// The entry as the caller sees it; `nil` if the caller may not use it.
    func shown(_ entry: JSON, of list: MCPList, addingSecuritySchemes: Bool) -> JSON? {
        guard let name = list.use.parameter.flatMap({ entry[$0]?.string }) else { return nil }
        let use = ProtectedResourceRequest(
            method: .post,
            path: path,
            operation: .mcp([.call(method: list.use.name, name: name)])
        )
        guard mayMake(use) else { return nil }
        return addingSecuritySchemes && list == .tools ? entry.replacing(securitySchemes(of: use)) : entry
    }

    private func mayMake(_ use: ProtectedResourceRequest) -> Bool {
        // Only such a policy may be asked about a caller without a token.
        guard authInfo != nil || policy.mayAllowAnyone else { return false }
        let input = PolicyInput(authInfo: authInfo, request: use, now: now, withAnyArguments: true)
        switch policy.evaluate(input).kind {
        case .allow: return true
        // Without a token, a newer sign-in is not what is lacking.
        case .insufficientAuthentication: return authInfo != nil
        case .deny, .insufficientScope: return false
        }
    }

    /// What a client needs for a call of a tool; the same for every caller.
    private func securitySchemes(of call: ProtectedResourceRequest) -> JSON {
        var schemes: [JSON] = []
        if isOpen(call, withAnyArguments: true) { schemes.append(["type": "noauth"]) }
        // While the arguments are unknown, only a call that is open whatever they are is allowed.
        guard !isOpen(call, withAnyArguments: false) else { return .array(schemes) }
        let scopes = policy.scopesToRequest(for: call)
        // Without scopes to ask for, nothing tells whether a token allows more than none.
        guard schemes.isEmpty || !scopes.isEmpty else { return .array(schemes) }
        var oauth2: [String: JSON] = ["type": "oauth2"]
        if !scopes.isEmpty { oauth2["scopes"] = .array(scopes.map(JSON.string)) }
        schemes.append(.object(oauth2))
        return .array(schemes)
    }

    /// Whether the policy allows a call without a token.
    private func isOpen(_ call: ProtectedResourceRequest, withAnyArguments: Bool) -> Bool {
        // Only such a policy may be asked about a caller without a token.
        guard policy.mayAllowAnyone else { return false }
        let input = PolicyInput(authInfo: nil, request: call, now: now, withAnyArguments: withAnyArguments)
        guard case .allow = policy.evaluate(input).kind else { return false }
        return true
    }
}

extension JSON {
    /// This entry of `tools/list` with these security schemes, also in `_meta` if that has some.
    fileprivate func replacing(_ securitySchemes: JSON) -> JSON {
        guard case .object(var members) = self else { return self }
        let key = "securitySchemes"
        members[key] = securitySchemes
        if case .object(var meta)? = members["_meta"], meta[key] != nil {
            meta[key] = securitySchemes
            members["_meta"] = .object(meta)
        }
        return .object(members)
    }
}
