// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

public import MCPAuthJSON
internal import Synchronization

/// The claims of a verified token (RFC 7519 section 4), by name, by JSON Pointer or as a Swift type.
///
/// Lookups return the normalised claims: those of the token, with `scope` as an array, `client_id` in its standard
/// place, and the changes of the issuer's claim mapping and transformers. An example is
/// `authInfo.claims["tenant"]?.string`.
public struct Claims: Sendable {
    /// A class, so that a copy of the claims copies one reference.
    final class Contents: Sendable {
        fileprivate let payload: [UInt8]
        fileprivate let scopes: ScopeSet
        fileprivate let clientID: String?
        /// Top-level members that replace those of the token; `null` for a member that is hidden.
        fileprivate let mapped: [String: JSON]
        /// The claims of the token itself, if a transformer changed them.
        fileprivate let own: Contents?
        /// Whether the parsed payload is kept after its first use.
        fileprivate let keepsDocument: Bool
        /// The parsed payload if it was passed in; it is found faster.
        private let given: JSONDocument?
        private let document = AtomicLazyReference<JSONDocument>()

        fileprivate init(
            _ payload: [UInt8],
            _ parsed: JSONDocument?,
            keepsDocument: Bool = true,
            _ scopes: ScopeSet,
            _ clientID: String?,
            _ mapped: [String: JSON],
            own: Contents?
        ) {
            self.own = own
            self.payload = payload
            self.scopes = scopes
            self.clientID = clientID
            self.mapped = mapped
            self.keepsDocument = keepsDocument
            given = parsed
        }

        /// The form in which claims are cached: only the JSON text.
        fileprivate func unparsed() -> Contents {
            Contents(payload, nil, keepsDocument: false, scopes, clientID, mapped, own: own?.unparsed())
        }

        /// The parsed payload, if it is available.
        fileprivate var parsed: JSONDocument? { given ?? document.load() }

        /// The claims object; never `nil` for a text that a verifier accepted.
        ///
        /// It is parsed when it is needed: most decisions about cached tokens need no other claims than those in their
        /// facts.
        fileprivate var root: JSONView? {
            if let parsed { return parsed.root }
            guard let parsed = try? JSONDocument(parsing: payload, limits: .fetched) else { return nil }
            return keepsDocument ? document.storeIfNil(parsed).root : parsed.root
        }
    }

    let contents: Contents

    /// - Parameters:
    ///   - payload: The JSON text of the claims object.
    ///   - parsed: The parsed payload; its root is the claims object.
    ///   - claims: The claims from which a transformer made these.
    package init(
        payload: [UInt8],
        parsed: JSONDocument? = nil,
        scopes: ScopeSet,
        clientID: String?,
        mapped: [String: JSON] = [:],
        madeOf claims: Claims? = nil
    ) {
        let own = claims.map { $0.contents.own ?? $0.contents }
        contents = Contents(payload, parsed, scopes, clientID, mapped, own: own)
    }

    init(_ contents: Contents) {
        self.contents = contents
    }

    package var scopes: ScopeSet { contents.scopes }
    package var clientID: String? { contents.clientID }

    /// The normalised claim of this name; `nil` when there is none.
    public subscript(name: String) -> JSON? {
        value(at: JSONPointer(tokens: [name]))
    }

    /// The normalised value at a JSON Pointer (RFC 6901) such as `/realm_access/roles`; `nil` if there is none, or if
    /// the pointer is malformed.
    public func value(at pointer: String) -> JSON? {
        JSONPointer(pointer).flatMap(value(at:))
    }

    /// All normalised claims as a Swift type: `try claims.decode(Roles.self)`.
    ///
    /// - Throws: `DecodingError`, which contains the place and never a value.
    public func decode<Value: Decodable>(_ type: Value.Type = Value.self) throws -> Value {
        try everything.decode(type)
    }

    /// The normalised value at `pointer`.
    package func value(at pointer: JSONPointer) -> JSON? {
        guard let first = pointer.tokens.first else { return everything }
        guard let replaced = replacement(of: first) else { return root?[pointer].map(JSON.init) }
        if case .null = replaced { return nil }
        return pointer.tokens.dropFirst().reduce(Optional(replaced)) { value, token in value?[token] }
    }

    /// The value in the token itself, before any mapping and transformer.
    package func rawValue(at pointer: JSONPointer) -> JSON? {
        ownRoot?[pointer].map(JSON.init)
    }

    /// The same claims with these scopes, and with these members instead of those of the token.
    package func bounded(scopes: ScopeSet, members: [String: JSON]) -> Claims {
        let mapped = members.isEmpty ? contents.mapped : contents.mapped.merging(members) { $1 }
        return Claims(
            Contents(contents.payload, contents.parsed, scopes, contents.clientID, mapped, own: contents.own)
        )
    }

    /// The form in which claims are cached: only the JSON text.
    package func unparsed() -> Claims {
        Claims(contents.unparsed())
    }

    var root: JSONView? { contents.root }
    /// Whether a transformer made them from other claims.
    var isTransformed: Bool { contents.own != nil }
    /// The claims object of the token itself.
    var ownRoot: JSONView? { (contents.own ?? contents).root }

    /// The length of the JSON text, plus that of the token's own claims if a transformer changed them.
    var payloadBytes: Int { contents.payload.count + (contents.own?.payload.count ?? 0) }

    func replacement(of name: String) -> JSON? {
        if let member = contents.mapped[name] { return member }
        switch name {
        case "scope": return .array(scopes.map(JSON.string))
        // Hidden if the mapping found none, even if the token has a claim of that name.
        case "client_id": return clientID.map(JSON.string) ?? .null
        default: return nil
        }
    }

    /// All normalised claims.
    package var members: [String: JSON] { everything.members ?? [:] }

    private var everything: JSON {
        var members: [String: JSON] = [:]
        for (name, value) in root?.members ?? [] { members[name] = JSON(value) }
        for name in Set(["scope", "client_id"]).union(contents.mapped.keys) {
            // Replaced as a whole, so that nothing of the token's own value remains.
            let member = replacement(of: name)
            if case .null = member { members[name] = nil } else { members[name] = member }
        }
        return .object(members)
    }
}
