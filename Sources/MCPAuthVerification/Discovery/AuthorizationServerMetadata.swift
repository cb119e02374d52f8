// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import MCPAuthCore
package import MCPAuthJSON

/// The metadata of an authorization server (RFC 8414 section 2, OpenID Connect Discovery 1.0 section 3).
package struct AuthorizationServerMetadata: Sendable {
    package let issuer: IssuerIdentifier
    package let document: JSON

    /// - Throws: ``ConfigurationError`` when it is not an object that names its issuer.
    package init(_ document: JSON) throws(ConfigurationError) {
        guard case .object(let members) = document, case .string(let issuer) = members["issuer"] else {
            throw ConfigurationError(.invalidServerMetadata, "the metadata is not an object with an `issuer`")
        }
        self.issuer = IssuerIdentifier(issuer)
        self.document = document
    }

    /// The exact string member; `nil` when absent or of another type.
    package func string(_ name: String) -> String? {
        guard case .object(let members) = document else { return nil }
        return members[name]?.string
    }

    /// The member as a URL.
    package func url(_ name: String) -> HTTPURL? {
        string(name).flatMap(HTTPURL.init)
    }

    /// The member as an array of strings; `nil` when absent or of another type.
    package func strings(_ name: String) -> [String]? {
        guard case .object(let members) = document else { return nil }
        return members[name]?.strings
    }
}
