// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import MCPAuthCore
import MCPAuthJSON
import MCPAuthVerification
import Testing

/// What MCP clients require of an authorization server, with the codes of the existing SDKs.
@Suite struct MetadataValidationTests {
    private static let complete: JSON = [
        "issuer": "https://issuer.example", "authorization_endpoint": "https://issuer.example/authorize",
        "token_endpoint": "https://issuer.example/token", "registration_endpoint": "https://issuer.example/register",
        "response_types_supported": ["code"], "grant_types_supported": ["authorization_code"],
        "code_challenge_methods_supported": ["S256"],
    ]

    @Test(
        arguments: [
            ([:], []), (["grant_types_supported": .null], []),
            (["grant_types_supported": []], ["authorization_code_grant_not_supported"]),
            (["grant_types_supported": ["implicit"]], ["authorization_code_grant_not_supported"]),
            (["response_types_supported": ["code token"]], []),
            (["response_types_supported": ["codes"]], ["code_response_type_not_supported"]),
            (
                ["response_types_supported": ["token"], "code_challenge_methods_supported": .null],
                ["code_response_type_not_supported", "pkce_not_supported"]
            ),
            (["code_challenge_methods_supported": []], ["pkce_not_supported"]),
            (["code_challenge_methods_supported": ["plain"]], ["s256_code_challenge_method_not_supported"]),
            (["code_challenge_methods_supported": ["plain", "S256"]], []),
            (["authorization_endpoint": .null], ["invalid_server_metadata"]),
            (["token_endpoint": 7], ["invalid_server_metadata"]),
            (["token_endpoint": "/token"], ["invalid_server_metadata"]),
            (["response_types_supported": .null], ["invalid_server_metadata", "code_response_type_not_supported"]),
        ] as [(JSON, [String])]
    )
    func `all defects of the metadata are reported at once, by their codes`(changes: JSON, errors: [String]) throws {
        let metadata = try AuthorizationServerMetadata(Self.complete.merging(patch: changes))
        let validation = MetadataValidation(metadata)
        #expect(validation.errors.map(\.code) == errors)
        #expect(validation.isValid == errors.isEmpty)
        #expect(validation.warnings.isEmpty)
    }

    @Test func `a server without dynamic registration is valid, with one warning`() throws {
        let metadata = Self.complete.merging(patch: ["registration_endpoint": .null])
        let validation = MetadataValidation(try AuthorizationServerMetadata(metadata))
        #expect(validation.isValid)
        #expect(validation.warnings.map(\.code) == ["dynamic_registration_not_supported"])
    }

    @Test func `client ID metadata documents can replace dynamic registration`() throws {
        let changes: JSON = ["registration_endpoint": .null, "client_id_metadata_document_supported": true]
        let validation = MetadataValidation(try AuthorizationServerMetadata(Self.complete.merging(patch: changes)))
        #expect(validation.isValid && validation.warnings.isEmpty)
        #expect(validation.successes.last?.code == "client_id_metadata_document_supported")
    }

    @Test func `an endpoint with plain http is a warning, except on this machine`() throws {
        for (url, codes) in [("http://issuer.example/token", ["endpoint_not_https"]), ("http://[::1]:9/token", [])] {
            let metadata = Self.complete.merging(patch: ["token_endpoint": .string(url)])
            let validation = MetadataValidation(try AuthorizationServerMetadata(metadata))
            #expect(validation.isValid && validation.warnings.map(\.code) == codes)
        }
    }

    @Test func `supported features are listed too`() throws {
        let validation = MetadataValidation(try AuthorizationServerMetadata(Self.complete))
        #expect(
            validation.successes.map(\.code) == [
                "server_metadata_valid", "code_response_type_supported", "authorization_code_grant_supported",
                "pkce_supported", "s256_code_challenge_method_supported", "dynamic_registration_supported",
            ]
        )
    }

    @Test(arguments: [.null, [], "text", 7, [:], ["issuer": 7]] as [JSON])
    func `a document that is not an object with an issuer is refused`(document: JSON) {
        #expect(throws: ConfigurationError(.invalidServerMetadata, "")) {
            try AuthorizationServerMetadata(document)
        }
    }
}
