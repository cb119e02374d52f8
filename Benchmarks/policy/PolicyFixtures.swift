// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import HTTPTypes
internal import MCPAuthCore
internal import MCPAuthJSON
internal import MCPAuthPolicy
internal import MCPAuthPolicyTools

/// Policies, callers and resources for the measurements.
enum PolicyFixtures {
    /// The targets of the rules in a growing file.
    enum RuleKind: String, CaseIterable {
        case names = "rules by name"
        case patterns = "rules by pattern"
        case uris = "rules by URI pattern"
        case uriCaptures = "rules by URI with captures"
        case paths = "rules by path"
        case pathCaptures = "rules by path with captures"
        case methods = "rules by method"
        /// Such rules are all compared: what the index saves the others.
        case unindexed = "rules without an index"
    }

    static func typical() throws -> PolicySet {
        PolicySet([try CompiledPolicy(file: "notes.json", bytes: Array(notes.utf8))])
    }

    /// Calls for the policy in the documentation, from one that every session makes to one with nested conditions.
    static func typicalInputs() async throws -> [(String, PolicyInput)] {
        let caller = try await caller([
            "iss": "https://auth.example.com/", "sub": "alice", "client_id": "c", "tenant": "acme",
            "groups": ["staff", "ops"], "auth_time": 999_900, "scope": "read:notes write:notes admin:notes",
        ])
        return [
            ("ping, allowed", input(caller, "ping", nil)),
            ("create_note, allowed by scope", input(caller, "tools/call", "create_note")),
            ("purge_all, allowed by conditions and sign-in", input(caller, "tools/call", "purge_all")),
            ("a tool without a rule, denied", input(caller, "tools/call", "other")),
        ]
    }

    static func policies(rules count: Int, _ kind: RuleKind) throws -> PolicySet {
        let rules = (0..<count).map { index in
            let target =
                switch kind {
                case .names: #""tools":["tool_\#(index)"]"#
                case .patterns: #""tools":["tool_\#(index)_*"]"#
                case .uris: #""resource_uris":["notes://\#(index)/**"]"#
                case .uriCaptures: #""resource_uris":["notes://{tenant}/\#(index)/{id}"],"when":\#(isOwn)"#
                case .paths: #""paths":["/notes/\#(index)/**"]"#
                case .pathCaptures: #""paths":["/tenants/{tenant}/\#(index)/**"],"when":\#(isOwn)"#
                case .methods: #""mcp_methods":["method\#(index)/do"]"#
                case .unindexed: #""tools":["*_\#(index)"]"#
                }
            return #"{"id":"r\#(index)","effect":"allow",\#(target),"scopes":{"all":["scope\#(index % 50)"]}}"#
        }
        let text = #"{"version":1,"rules":[\#(rules.joined(separator: ","))]}"#
        return PolicySet([try CompiledPolicy(file: "many.json", bytes: Array(text.utf8))])
    }

    static func call(of kind: RuleKind) async throws -> PolicyInput {
        let caller = try await caller(["sub": "alice", "scope": "scope5 scope6", "tenant": "acme"])
        return switch kind {
        case .names: input(caller, "tools/call", "tool_5")
        case .patterns: input(caller, "tools/call", "tool_5_x")
        case .uris: input(caller, "resources/read", "notes://5/a")
        case .uriCaptures: input(caller, "resources/read", "notes://acme/5/a")
        case .paths: input(caller, at: "/notes/5/a")
        case .pathCaptures: input(caller, at: "/tenants/acme/5/a")
        case .methods: input(caller, "method5/do", nil)
        case .unindexed: input(caller, "tools/call", "tool_5")
        }
    }

    /// The condition that a captured tenant is that of the caller.
    private static let isOwn = #"{"capture":"tenant","equals":{"claim":"/tenant"}}"#

    /// A call of `pay` with these arguments, under a policy that reads one of them or none.
    static func argument(isRead: Bool, _ arguments: String) async throws -> (PolicySet, PolicyInput) {
        let when = isRead ? #","when":{"argument":"/amount","lte":10000}"# : ""
        let text = #"{"version":1,"rules":[{"id":"pay","effect":"allow","tools":["pay"]\#(when)}]}"#
        let caller = try await caller(["sub": "alice"])
        let input = input(caller, "pay", arguments: Array(arguments.utf8))
        return (PolicySet([try CompiledPolicy(file: "pay.json", bytes: Array(text.utf8))]), input)
    }

    /// A call of a tool with these arguments.
    static func request(_ tool: String, arguments text: [UInt8]) -> ProtectedResourceRequest {
        let arguments = MCPArguments(text, at: 0..<text.count)
        let call = MCPMessage.call(method: "tools/call", name: tool, arguments: arguments)
        return ProtectedResourceRequest(method: .post, path: path("/notes"), operation: .mcp([call]))
    }

    static func input(_ caller: AuthInfo, _ tool: String, arguments text: [UInt8]) -> PolicyInput {
        let request = request(tool, arguments: text)
        return PolicyInput(authInfo: caller, request: request, now: NumericDate(1_000_000))
    }

    private static func input(_ caller: AuthInfo, at text: String) -> PolicyInput {
        PolicyInput(
            authInfo: caller,
            request: ProtectedResourceRequest(method: .get, path: path(text), operation: .http),
            now: NumericDate(1_000_000)
        )
    }

    static func resources(_ count: Int) throws -> [ProtectedResource] {
        try (0..<count).map { index in
            let identifier = try ResourceIdentifier("https://api.example.com/tenant\(index)/mcp")
            return ProtectedResource(
                identifier: identifier,
                issuers: [],
                audiences: AcceptedAudiences([identifier.description]),
                verification: TokenVerification([]),
                policy: AuthenticatedPolicy(),
                metadata: ProtectedResourceMetadata(resource: identifier)
            )
        }
    }

    /// Requests for some of the resources, half of them for a path below one.
    static func requests(among count: Int) -> [ProtectedResourceRequest] {
        (0..<10).map { index in
            ProtectedResourceRequest(
                method: .post,
                authority: "api.example.com",
                path: path("/tenant\(index * count / 10)/mcp\(index % 2 == 0 ? "" : "/a")")
            )
        }
    }

    /// A literal path.
    private static func path(_ text: String) -> RequestPath {
        guard let path = RequestPath(text) else { preconditionFailure("not a path: \(text)") }
        return path
    }

    static func input(_ caller: AuthInfo, _ method: String, _ name: String?) -> PolicyInput {
        PolicyInput(
            authInfo: caller,
            request: ProtectedResourceRequest(
                method: .post,
                path: path("/notes"),
                operation: .mcp([.call(method: method, name: name)])
            ),
            now: NumericDate(1_000_000)
        )
    }

    /// The caller that a handler would get, made as for every request.
    static func caller(_ claims: [String: JSON]) async throws -> AuthInfo {
        let open = #"{"version":1,"rules":[{"id":"open","effect":"allow","targets":"any"}]}"#
        let policy = try CompiledPolicy(file: "open.json", bytes: Array(open.utf8))
        let trial = try PolicyTrial([policy], resource: "https://api.example.com/notes", claims: .object(claims))
        let ping = try PolicyCall(reading: "ping")
        guard
            case .allow(let authInfo?)? = await trial.decide(ping, now: NumericDate(1_000_000), revealingClaims: false)
                .decision
        else { throw NoCaller() }
        return authInfo
    }

    private struct NoCaller: Error {}

    private static let notes = """
        { "version": 1,
          "scope_implies": { "admin:notes": ["write:notes"], "write:notes": ["read:notes"] },
          "rules": [
            { "id": "basics", "effect": "allow", "mcp_methods": ["@basics"] },
            { "id": "list", "effect": "allow", "mcp_methods": ["tools/list"], "scopes": { "all": ["read:notes"] } },
            { "id": "write-tools", "effect": "allow", "tools": ["create_note", "update_note"],
              "scopes": { "all": ["write:notes"] } },
            { "id": "purge-staff-only", "effect": "allow", "tools": ["purge_*"], "scopes": { "all": ["admin:notes"] },
              "when": { "any": [
                { "all": [ { "claim": "/iss", "equals": "https://auth.example.com/" }, { "claim": "/groups", "contains": "staff" } ] },
                { "all": [ { "claim": "/iss", "equals": "https://login.partner.example/" },
                           { "claim": "/tenant", "in": ["acme", "globex"] } ] } ] },
              "max_age_seconds": 300 },
            { "id": "tenant-bound", "effect": "require", "targets": "any", "when": { "claim": "/tenant", "exists": true } },
            { "id": "no-suspended", "effect": "deny", "targets": "any",
              "when": { "all": [ { "claim": "/suspended", "exists": true }, { "claim": "/suspended", "equals": true } ] } } ] }
        """
}
