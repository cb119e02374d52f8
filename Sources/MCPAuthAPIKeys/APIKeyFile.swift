// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

public import MCPAuthCore
internal import MCPAuthJOSE
internal import MCPAuthJSON

/// The text of a file of API keys: `{"version": 1, "prefix": "mak", "keys": […]}`.
public struct APIKeyFile: Sendable, Hashable {
    /// What every key begins with, followed by `_`.
    public var prefix: String
    /// The keys, in the order of the file.
    public var keys: [APIKey]

    /// A file without keys.
    public init(prefix: String = "mak") {
        self.prefix = prefix
        keys = []
    }

    /// Reads a file.
    ///
    /// - Throws: `ConfigurationError` with file, line and column of the first mistake.
    public init(file: String, bytes: [UInt8]) throws(ConfigurationError) {
        let document = try DocumentReader(file: file, bytes: bytes)
        let root = try document.rootObject(allowing: ["version", "prefix", "keys"])
        guard try root.required("version", try root.integer("version", in: 0...1000)) == 1 else {
            throw root.error(.unsupportedVersion, "this program reads version 1", at: "version")
        }
        prefix = try root.required("prefix", try root.string("prefix"))
        guard APIKey.isPrefix(prefix) else {
            throw root.error(.invalidValue, "a prefix has 2 to 16 letters and digits", at: "prefix")
        }
        keys = []
        var ids = Set<String>()
        for (value, pointer) in try root.elements("keys") ?? [] {
            let object = try document.object(value, at: pointer, allowing: Self.members)
            let key = try APIKey(object)
            guard ids.insert(key.id).inserted else {
                throw object.error(.duplicate, "another key has this id", at: "id")
            }
            keys.append(key)
        }
    }

    fileprivate static let members = [
        "id", "subject", "client_id", "scopes", "expires", "created", "revoked", "salt", "sha256",
    ]

    /// The text of the file.
    public func encoded() -> [UInt8] {
        let document: JSON = ["version": 1, "prefix": .string(prefix), "keys": .array(keys.map(\.json))]
        return document.encoded(pretty: true) + [UInt8(ascii: "\n")]
    }
}

extension APIKey {
    fileprivate init(_ object: ObjectReader) throws(ConfigurationError) {
        id = try object.required("id", try object.string("id"))
        guard id.utf8.count == 16, Self.bytes(hexadecimal: id) != nil else {
            throw object.error(.invalidValue, "an id has 16 hexadecimal digits", at: "id")
        }
        subject = try object.string("subject")
        clientID = try object.required("client_id", try object.string("client_id"))
        guard !clientID.isEmpty, subject?.isEmpty != true else {
            throw object.error(.invalidValue, "client and subject must not be empty", at: "client_id")
        }
        scopes = try object.strings("scopes") ?? []
        guard scopes.allSatisfy(ScopeSet.isScopeToken) else {
            throw object.error(.invalidValue, "an entry is not a scope (RFC 6749 section 3.3)", at: "scopes")
        }
        expires = try object.time("expires")
        created = try object.required("created", try object.time("created"))
        revoked = try object.time("revoked")
        salt = try object.hexadecimal("salt", count: 16)
        hash = try object.hexadecimal("sha256", count: 32)
    }

    fileprivate var json: JSON {
        var members: [String: JSON] = [
            "id": .string(id), "client_id": .string(clientID), "scopes": .array(scopes.map(JSON.string)),
            "created": .integer(created), "salt": .string(Digest.hexadecimal(salt)),
            "sha256": .string(Digest.hexadecimal(hash)),
        ]
        members["subject"] = subject.map(JSON.string)
        members["expires"] = expires.map(JSON.integer)
        members["revoked"] = revoked.map(JSON.integer)
        return .object(members)
    }
}

extension ObjectReader {
    /// A time in seconds since 1970.
    fileprivate func time(_ key: String) throws(ConfigurationError) -> Int64? {
        try integer(key, in: 0...253_402_300_799).map { Int64($0) }
    }

    fileprivate func hexadecimal(_ key: String, count: Int) throws(ConfigurationError) -> [UInt8] {
        let text = try required(key, try string(key))
        guard let bytes = APIKey.bytes(hexadecimal: text), bytes.count == count else {
            throw error(.invalidValue, "expected \(2 * count) hexadecimal digits", at: key)
        }
        return bytes
    }
}
