// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import MCPAuthJSON
internal import Synchronization

/// The claims of a verified token (RFC 7519 section 4), read by JSON Pointer.
///
/// Lookups see the normalised claims: those of the token, with `scope` as an array, `client_id` in its standard place
/// and whatever else the claim mapping of its issuer says.
public struct Claims: Sendable {
    /// An object, so that handing on claims copies one reference.
    final class Contents: Sendable {
        fileprivate let payload: [UInt8]
        fileprivate let scopes: ScopeSet
        fileprivate let clientID: String?
        /// Top-level members that stand in place of the token's own; `null` for one that is hidden.
        fileprivate let mapped: [String: JSON]
        /// Whether the document of a payload is kept once somebody looked at it.
        fileprivate let keepsDocument: Bool
        /// The document where it was here from the beginning, which is found faster.
        private let given: JSONDocument?
        private let document = AtomicLazyReference<JSONDocument>()

        fileprivate init(
            _ payload: [UInt8],
            _ parsed: JSONDocument?,
            keepsDocument: Bool = true,
            _ scopes: ScopeSet,
            _ clientID: String?,
            _ mapped: [String: JSON]
        ) {
            self.payload = payload
            self.scopes = scopes
            self.clientID = clientID
            self.mapped = mapped
            self.keepsDocument = keepsDocument
            given = parsed
        }

        /// The parsed payload, if it is here.
        fileprivate var parsed: JSONDocument? { given ?? document.load() }

        /// The claims object; never `nil` for a text that a verifier accepted.
        ///
        /// Most decisions need no claim beyond those that every token has, so a token that was verified before is not
        /// parsed again for them.
        fileprivate var root: JSONView? {
            if let parsed { return parsed.root }
            guard let parsed = try? JSONDocument(parsing: payload, limits: .fetched) else { return nil }
            return keepsDocument ? document.storeIfNil(parsed).root : parsed.root
        }
    }

    let contents: Contents

    /// - Parameters:
    ///   - payload: The JSON text of the claims object.
    ///   - parsed: The same, parsed, where it is its document's top.
    package init(
        payload: [UInt8],
        parsed: JSONDocument? = nil,
        scopes: ScopeSet,
        clientID: String?,
        mapped: [String: JSON] = [:]
    ) {
        contents = Contents(payload, parsed, scopes, clientID, mapped)
    }

    init(_ contents: Contents) {
        self.contents = contents
    }

    package var scopes: ScopeSet { contents.scopes }
    package var clientID: String? { contents.clientID }

    /// The string that `pointer` names; `nil` when absent, of another type, or when the pointer is not well formed.
    public func string(at pointer: String) -> String? {
        value(at: pointer)?.string
    }

    /// The strings of the array that `pointer` names; `nil` unless every element is a string.
    public func strings(at pointer: String) -> [String]? {
        value(at: pointer)?.strings
    }

    /// The number that `pointer` names.
    public func number(at pointer: String) -> Double? {
        value(at: pointer)?.double
    }

    /// The boolean that `pointer` names.
    public func boolean(at pointer: String) -> Bool? {
        guard case .boolean(let value) = value(at: pointer) else { return nil }
        return value
    }

    /// The JSON text of the value that `pointer` names; the empty pointer gives all normalised claims.
    public func json(at pointer: String) -> String? {
        value(at: pointer).map { String(decoding: $0.encoded(), as: UTF8.self) }
    }

    private func value(at pointer: String) -> JSON? {
        JSONPointer(pointer).flatMap(value(at:))
    }

    /// The normalised value that `pointer` names.
    package func value(at pointer: JSONPointer) -> JSON? {
        guard let first = pointer.tokens.first else { return everything }
        guard let replaced = replacement(of: first) else { return rawValue(at: pointer) }
        if case .null = replaced { return nil }
        return pointer.tokens.dropFirst().reduce(Optional(replaced)) { value, token in value?[token] }
    }

    /// The token's own value, before any mapping.
    package func rawValue(at pointer: JSONPointer) -> JSON? {
        root?[pointer].map(JSON.init)
    }

    /// The same claims within bounds, to be handed out: these scopes, and these members in place of the token's own.
    package func bounded(scopes: ScopeSet, members: [String: JSON]) -> Claims {
        let mapped = members.isEmpty ? contents.mapped : contents.mapped.merging(members) { $1 }
        return Claims(Contents(contents.payload, contents.parsed, scopes, contents.clientID, mapped))
    }

    /// As they are kept: the text alone.
    package func unparsed() -> Claims {
        Claims(
            Contents(contents.payload, nil, keepsDocument: false, contents.scopes, contents.clientID, contents.mapped)
        )
    }

    var root: JSONView? { contents.root }

    /// The length of the JSON text.
    var payloadBytes: Int { contents.payload.count }

    func replacement(of name: String) -> JSON? {
        if let member = contents.mapped[name] { return member }
        switch name {
        case "scope": return .array(scopes.map(JSON.string))
        // Hidden where the mapping found none, whatever the token calls by that name.
        case "client_id": return clientID.map(JSON.string) ?? .null
        default: return nil
        }
    }

    private var everything: JSON {
        var members: [String: JSON] = [:]
        for (name, value) in root?.members ?? [] { members[name] = JSON(value) }
        for name in Set(["scope", "client_id"]).union(contents.mapped.keys) {
            // Put in its place as a whole, so that nothing of the token's own shows through.
            let member = replacement(of: name)
            if case .null = member { members[name] = nil } else { members[name] = member }
        }
        return .object(members)
    }
}
