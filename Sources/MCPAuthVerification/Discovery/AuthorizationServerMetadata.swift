// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import MCPAuthCore
package import MCPAuthJSON

/// The metadata of an authorization server (RFC 8414 section 2, OpenID Connect Discovery 1.0 section 3).
package struct AuthorizationServerMetadata: Sendable {
    package let issuer: IssuerIdentifier
    package let document: JSON
    /// Who chose its URLs; `nil` when an operator or developer wrote the whole document.
    private var origin: MetadataOrigin?

    /// - Throws: ``ConfigurationError`` when the document is not an object with an `issuer`.
    package init(_ document: JSON) throws(ConfigurationError) {
        guard case .object(let members) = document, case .string(let issuer) = members["issuer"] else {
            throw ConfigurationError(.invalidServerMetadata, "the metadata is not an object with an `issuer`")
        }
        self.issuer = IssuerIdentifier(issuer)
        self.document = document
    }

    /// Applies the changes of an operator or developer to a document and reads the result.
    ///
    /// - Parameter url: Where it was fetched from; `nil` for a document that an operator wrote.
    /// - Throws: ``ConfigurationError`` when the result is not an object with an `issuer`, and any error of `override`.
    package init(_ document: JSON, fetchedFrom url: HTTPURL?, changedBy override: MetadataOverride?) async throws {
        try self.init(try await override?(document) ?? document)
        origin = url.map { MetadataOrigin(url: $0, fetched: document, override: override) }
    }

    /// Who chose the URL in this member.
    package func provenance(of name: String) -> FetchRequest.Provenance {
        guard let origin, let url = url(name) else { return .configured }
        return origin.provenance(of: name, url)
    }

    /// The exact string member; `nil` when absent or of another type.
    package func string(_ name: String) -> String? {
        guard case .object(let members) = document else { return nil }
        return members[name]?.string
    }

    /// The boolean member; `nil` when absent or of another type.
    package func boolean(_ name: String) -> Bool? {
        guard case .object(let members) = document, case .boolean(let value) = members[name] else { return nil }
        return value
    }

    /// The member as a URL; `nil` when absent or not a URL.
    package func url(_ name: String) -> HTTPURL? {
        string(name).flatMap(HTTPURL.init)
    }

    /// The member as an array of strings; `nil` when absent or of another type.
    package func strings(_ name: String) -> [String]? {
        guard case .object(let members) = document else { return nil }
        return members[name]?.strings
    }
}
