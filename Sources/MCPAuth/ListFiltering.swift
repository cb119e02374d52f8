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
    /// An entry is shown when the policy could allow its use with some arguments, or would allow it after a newer
    /// sign-in, so that a client can ask for that. The scopes that the route of the request requires count too. The
    /// result is marked `cacheScope: private`, because it applies to this caller only. Hiding an entry does not protect
    /// it: every call is decided when it is made.
    ///
    /// Resource templates are not filtered.
    ///
    /// - Parameters:
    ///   - result: The `result` member of the response.
    ///   - list: What is listed.
    ///   - authInfo: The caller, as passed to the handler; `nil` without a token.
    ///   - request: The request that asks for the list. Without a token, its authority and path tell the resource.
    ///   - now: The time, for rules about the age of a sign-in.
    /// - Returns: The result to send.
    /// - Throws: ``NotAListResult`` when `result` is not an object with such a list.
    public func filter(
        _ result: JSON,
        _ list: MCPList,
        for authInfo: AuthInfo?,
        answering request: HTTPRequest,
        now: NumericDate = .now()
    ) throws -> JSON {
        guard case .object(var members) = result, case .array(let entries)? = members[list.rawValue] else {
            throw NotAListResult(description: "the result is not an object with an array `\(list.rawValue)`")
        }
        let caller = ListCaller(authInfo, request, now, of: self)
        members[list.rawValue] = .array(
            entries.filter { entry in
                guard let name = list.use.parameter.flatMap({ entry[$0]?.string }) else { return false }
                return caller?.mayUse(list.use.name, name) ?? false
            }
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

    func mayUse(_ method: String, _ name: String) -> Bool {
        let request = ProtectedResourceRequest(
            method: .post,
            path: path,
            operation: .mcp([.call(method: method, name: name)])
        )
        let input = PolicyInput(authInfo: authInfo, request: request, now: now, withAnyArguments: true)
        switch policy.evaluate(input).kind {
        case .allow, .insufficientAuthentication: return true
        case .deny, .insufficientScope: return false
        }
    }
}
