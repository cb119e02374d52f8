// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import HTTPTypes
internal import MCPAuthCore
internal import MCPAuthHTTP
internal import MCPAuthJSON
internal import MCPAuthPolicy

/// A record of the requests that policies decide, for `mcp-auth policy diff --replay`.
///
/// Each request is one line of JSON. It has the operation with the names, URIs and paths that the client sent; the
/// issuer, the client, the scopes, and whether the caller is a user or a client; and of the other claims and of the
/// arguments only those that are listed. Tokens are never recorded. A record contains personal data if the listed
/// claims do, and a URI or path may itself give access to something: keep a record as such.
public struct RequestRecording: Sendable {
    /// The names of the claims that are recorded beside `iss`, `client_id` and `scope`.
    ///
    /// A replay says if a policy reads a claim that is not recorded.
    public var claims: Set<String>
    /// The names of the arguments that are recorded.
    public var arguments: Set<String>
    /// Receives each line, without a line break, on any thread and before the request is decided.
    ///
    /// It delays the request and receives as much as clients send, so it must be fast and limit what it keeps.
    public var write: @Sendable (String) -> Void

    /// Records these claims and arguments.
    public init(claims: Set<String>, arguments: Set<String> = [], write: @escaping @Sendable (String) -> Void) {
        self.claims = claims
        self.arguments = arguments
        self.write = write
    }

    @Sendable func record(_ input: PolicyInput) {
        write(String(decoding: JSON.object(members(of: input)).encodedExactly(), as: UTF8.self))
    }

    /// The request in the form that `RecordedRequest` reads.
    private func members(of input: PolicyInput) -> [String: JSON] {
        var members: [String: JSON] = ["path": .string(input.request.path.description)]
        switch input.request.operation {
        case .http: members["http_method"] = .string(input.request.method.rawValue)
        case .unknown: members["messages"] = .null
        case .mcp(let messages): members["messages"] = .array(messages.map(recorded))
        }
        if let authInfo = input.authInfo {
            members["claims"] = .object(recorded(authInfo))
            members["subject_kind"] = .string(SubjectKind(authInfo).rawValue)
        }
        if !claims.isEmpty { members["recorded_claims"] = .array(claims.sorted().map(JSON.string)) }
        if !arguments.isEmpty { members["recorded_arguments"] = .array(arguments.sorted().map(JSON.string)) }
        return members
    }

    private func recorded(_ authInfo: AuthInfo) -> [String: JSON] {
        var recorded: [String: JSON] = [:]
        for name in claims { recorded[name] = authInfo.claims[name] }
        recorded["iss"] = .string(authInfo.issuer.description)
        recorded["client_id"] = authInfo.clientID.map(JSON.string)
        recorded["scope"] = .string(authInfo.scopes.description)
        return recorded
    }

    private func recorded(_ message: MCPMessage) -> JSON {
        guard case .call(let method, let name, let sent) = message else { return .string(message.description) }
        var members: [String: JSON] = ["method": .string(method)]
        members["name"] = name.map(JSON.string)
        members["arguments"] = sent.flatMap(recorded)
        return .object(members)
    }

    /// The listed arguments; `nil` if they are not known, as for the policy.
    private func recorded(_ sent: MCPArguments) -> JSON? {
        guard !arguments.isEmpty else { return .object([:]) }
        let text = Array(sent.text[sent.range])
        guard let document = try? JSONDocument(parsing: text, limits: MCPMessageReading.limits),
            let members = document.root.members
        else { return nil }
        let listed = members.filter { arguments.contains($0.name) }
        return .object(Dictionary(listed.map { ($0.name, JSON($0.value)) }, uniquingKeysWith: { first, _ in first }))
    }
}
