// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import HTTPTypes
public import MCPAuthCore
internal import MCPAuthJSON

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
    /// An entry is shown when the policy allows its use, or would allow it after a newer sign-in, so that a client can
    /// ask for that. The result is marked `cacheScope: private`, because it applies to this caller only. Hiding an
    /// entry does not protect it: every call is decided when it is made.
    ///
    /// Resource templates are not filtered.
    ///
    /// - Parameters:
    ///   - result: The JSON text of the `result` member of the response.
    ///   - list: What is listed.
    ///   - authInfo: The caller, as passed to the handler.
    ///   - now: The time, for rules about the age of a sign-in.
    /// - Returns: The JSON text of the result to send.
    /// - Throws: ``NotAListResult`` when `result` is not a JSON object with such a list.
    public func filter(
        _ result: String,
        _ list: MCPList,
        for authInfo: AuthInfo,
        now: NumericDate = .now()
    ) throws -> String {
        // The result is encoded again, which would change values that cannot be represented.
        let limits = JSONDocument.Limits(bytes: 16 * 1024 * 1024, depth: 256, acceptsUnrepresentable: false)
        guard let root = try? JSONDocument(parsing: Array(result.utf8), limits: limits).root,
            case .object(var members) = JSON(root), case .array(let entries)? = members[list.rawValue]
        else { throw NotAListResult(description: "the result is not a JSON object with an array `\(list.rawValue)`") }
        let resource = engine.resources.first { $0.identifier == authInfo.resource }
        members[list.rawValue] = .array(
            entries.filter { entry in
                guard let resource, let name = list.use.parameter.flatMap({ entry[$0]?.string }) else { return false }
                return resource.mayUse(list.use.name, name, authInfo, now)
            }
        )
        members["cacheScope"] = "private"
        return String(decoding: JSON.object(members).encoded(), as: UTF8.self)
    }
}

extension ProtectedResource {
    fileprivate func mayUse(_ method: String, _ name: String, _ authInfo: AuthInfo, _ now: NumericDate) -> Bool {
        let request = ProtectedResourceRequest(
            method: .post,
            path: identifier.path,
            operation: .mcp([.call(method: method, name: name)])
        )
        switch policy.evaluate(PolicyInput(authInfo: authInfo, request: request, now: now)).kind {
        case .allow, .insufficientAuthentication: return true
        case .deny, .insufficientScope: return false
        }
    }
}
