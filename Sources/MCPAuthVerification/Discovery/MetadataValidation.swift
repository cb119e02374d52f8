// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore

/// Whether an authorization server offers what MCP clients need.
///
/// The codes are those of the MCP Auth SDKs, so that tools for those SDKs understand them.
package struct MetadataValidation: Sendable {
    /// One finding.
    package struct Finding: Sendable, Hashable {
        package let code: String
        package let description: String

        package init(code: String, description: String) {
            self.code = code
            self.description = description
        }
    }

    package private(set) var errors: [Finding] = []
    package private(set) var warnings: [Finding] = []
    package private(set) var successes: [Finding] = []

    package var isValid: Bool { errors.isEmpty }

    package init(_ metadata: AuthorizationServerMetadata) {
        let endpoints = ["authorization_endpoint", "token_endpoint"]
        let missing = endpoints.filter { metadata.url($0) == nil }
        let responseTypes = metadata.strings("response_types_supported")
        check(
            missing.isEmpty && responseTypes != nil,
            "invalid_server_metadata",
            "the metadata is an object with `issuer`, `response_types_supported`, and the absolute URLs "
                + "`authorization_endpoint` and `token_endpoint`",
            success: "server_metadata_valid"
        )
        check(
            (responseTypes ?? []).contains { $0.split(separator: " ").contains("code") },
            "code_response_type_not_supported",
            "the \"code\" response type is among `response_types_supported`",
            success: "code_response_type_supported"
        )
        let grantTypes = metadata.strings("grant_types_supported") ?? ["authorization_code", "implicit"]
        check(
            grantTypes.contains("authorization_code"),
            "authorization_code_grant_not_supported",
            "the \"authorization_code\" grant type is supported",
            success: "authorization_code_grant_supported"
        )
        let methods = metadata.strings("code_challenge_methods_supported") ?? []
        check(
            !methods.isEmpty,
            "pkce_not_supported",
            "Proof Key for Code Exchange (PKCE) is supported",
            success: "pkce_supported"
        )
        if !methods.isEmpty {
            check(
                methods.contains("S256"),
                "s256_code_challenge_method_not_supported",
                "the \"S256\" code challenge method is supported",
                success: "s256_code_challenge_method_supported"
            )
        }
        lookAtRegistration(metadata)
        for name in endpoints {
            guard let url = metadata.url(name), !url.isSecure else { continue }
            warnings.append(Finding(code: "endpoint_not_https", description: "`\(name)` is plain http: `\(url)`"))
        }
    }

    /// Checks how an unregistered client can identify itself: MCP prefers client id metadata documents, but either way
    /// is enough.
    private mutating func lookAtRegistration(_ metadata: AuthorizationServerMetadata) {
        let documents = "client id metadata documents"
        let registration = "Dynamic Client Registration (RFC 7591)"
        if metadata.boolean("client_id_metadata_document_supported") == true {
            let message = "\(documents) are supported"
            successes.append(Finding(code: "client_id_metadata_document_supported", description: message))
        }
        if metadata.string("registration_endpoint") != nil {
            let message = "\(registration) is supported"
            successes.append(Finding(code: "dynamic_registration_supported", description: message))
        } else if metadata.boolean("client_id_metadata_document_supported") != true {
            warnings.append(
                Finding(
                    code: "dynamic_registration_not_supported",
                    description: "neither \(registration) nor \(documents) are supported"
                )
            )
        }
    }

    private mutating func check(_ holds: Bool, _ code: String, _ statement: String, success: String) {
        if holds {
            successes.append(Finding(code: success, description: statement))
        } else {
            errors.append(Finding(code: code, description: "not true: \(statement)"))
        }
    }
}
