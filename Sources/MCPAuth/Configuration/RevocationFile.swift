// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore
internal import MCPAuthJSON

extension RevocationList {
    /// Reads a revocation list from a JSON file.
    ///
    /// `{"version": 1, "entries": [{"issuer": …, "jti": …, "sub": …, "client_id": …, "issued_before": …}]}`: an entry
    /// refuses the tokens of its issuer that match all its members. `issued_before` is in seconds since 1970.
    ///
    /// - Throws: `ConfigurationError` with the place of the mistake.
    public init(file path: String) throws {
        try self.init(file: path, bytes: try FileReading.bytes(at: path))
    }

    init(file path: String, bytes: [UInt8]) throws {
        let document = try DocumentReader(file: path, bytes: bytes)
        let root = try document.rootObject(allowing: ConfigurationGrammar.revocations.keys)
        guard try root.required("version", try root.integer("version", in: 0...1000)) == 1 else {
            throw root.error(.unsupportedVersion, "this program reads version 1", at: "version")
        }
        let entries = try root.required("entries", try root.elements("entries"))
        self.init(
            try entries.map { element in
                try Entry(
                    document.object(
                        element.value,
                        at: element.pointer,
                        allowing: ConfigurationGrammar.revocation.keys
                    )
                )
            }
        )
    }
}

extension RevocationList.Entry {
    fileprivate init(_ entry: ObjectReader) throws {
        self.init(
            issuer: IssuerIdentifier(try entry.required("issuer", try entry.string("issuer"))),
            tokenID: try entry.string("jti"),
            subject: try entry.string("sub"),
            clientID: try entry.string("client_id"),
            issuedBefore: try entry.integer("issued_before", in: 0...ConfigurationGrammar.latestDate).map {
                NumericDate(Double($0))
            }
        )
    }

    /// Reads one entry, in the form of the entries of a revocation file.
    ///
    /// - Parameter name: Where the text comes from, for messages.
    /// - Throws: `ConfigurationError` with the place of the mistake.
    package init(named name: String, bytes: [UInt8]) throws {
        let document = try DocumentReader(file: name, bytes: bytes)
        try self.init(document.rootObject(allowing: ConfigurationGrammar.revocation.keys))
    }
}
