// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import HTTPTypes
public import MCPAuthCore
internal import MCPAuthJSON

/// A list of MCP that may differ from caller to caller (MCP 2026-07-28, server/tools, prompts and resources).
public enum MCPList: String, Sendable, CaseIterable {
    /// `tools/list`: entries of `tools`, used with `tools/call`.
    case tools
    /// `prompts/list`: entries of `prompts`, used with `prompts/get`.
    case prompts
    /// `resources/list`: entries of `resources`, used with `resources/read`.
    case resources

    /// The method that uses an entry; an entry has the parameter of that method as a member.
    fileprivate var use: MCPMethod {
        switch self {
        case .tools: .callTool
        case .prompts: .getPrompt
        case .resources: .readResource
        }
    }
}

/// A text that is not the result of listing something.
public struct NotAListResult: Error, Sendable, CustomStringConvertible {
    /// What is wrong, in one line.
    public let description: String
}

extension MCPAuth {
    /// Leaves in the result of a list only what the caller may use.
    ///
    /// The rules that decide about using an entry decide whether it is shown. An entry that needs nothing but a newer
    /// sign-in is shown too, or no client could ask for it. The result is marked `cacheScope: private`, since it holds
    /// for this caller only. Hiding protects nothing by itself: every call is decided about when it is made.
    ///
    /// Templates of resources are not entries that are used, and are not looked at.
    ///
    /// - Parameters:
    ///   - result: The JSON text of the `result` member of the response.
    ///   - list: What is listed.
    ///   - authInfo: The caller, as the handler was given it.
    ///   - now: The time, for rules about the age of a sign-in.
    /// - Returns: The JSON text of the result to send.
    /// - Throws: ``NotAListResult`` when `result` is no object with such a list.
    public func filter(
        _ result: String,
        _ list: MCPList,
        for authInfo: AuthInfo,
        now: NumericDate = .now()
    ) throws -> String {
        // The result is written anew, so what cannot be represented would come out changed.
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
