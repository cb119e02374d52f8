// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import MCPAuthJSON

/// Where one issuer puts what the standard claims say: a claim transformer declared in JSON.
///
/// It runs once per token, on verified claims only, and can only name claims of the token itself.
public struct ClaimMapping: Sendable, Hashable {
    /// Claims that may hold the scopes; the first that is present counts alone, so that two that disagree never add up.
    public let scope: [String]
    /// Claims that may hold the client identifier; the first that is present counts.
    public let clientID: [String]

    /// - Parameters:
    ///   - scope: JSON Pointers, or plain claim names.
    ///   - clientID: JSON Pointers, or plain claim names.
    public init(scope: [String] = ["scope", "scp"], clientID: [String] = ["client_id", "azp"]) {
        self.scope = scope
        self.clientID = clientID
    }

    /// Normalises the claims of a token; `nil` when a mapped claim has a type or a character it must not have.
    package func apply(to claims: JSONValue) -> (claims: Claims, scopes: ScopeSet, clientID: String?)? {
        var scopes: ScopeSet = []
        if let value = firstPresent(scope, in: claims) {
            guard let read = Self.scopes(value) else { return nil }
            scopes = read
        }
        var client: String?
        if let value = firstPresent(clientID, in: claims) {
            guard let text = value.string, !text.isEmpty else { return nil }
            client = text
        }
        var normalised: [String: JSON] = ["scope": .array(scopes.map(JSON.string))]
        normalised["client_id"] = client.map(JSON.string)
        return (Claims(raw: claims, normalised: normalised), scopes, client)
    }

    private func firstPresent(_ names: [String], in claims: JSONValue) -> JSONValue? {
        for name in names {
            if let value = name.hasPrefix("/") ? JSONPointer(name).flatMap({ claims[$0] }) : claims[name] {
                return value
            }
        }
        return nil
    }

    /// A space-delimited string (RFC 6749 section 3.3) or an array of scope values.
    private static func scopes(_ value: JSONValue) -> ScopeSet? {
        if let text = value.string { return ScopeSet(spaceDelimited: text) }
        guard let elements = value.array else { return nil }
        let strings = elements.compactMap(\.string)
        guard strings.count == elements.count, strings.allSatisfy(ScopeSet.isScopeToken) else { return nil }
        return ScopeSet(strings)
    }
}
