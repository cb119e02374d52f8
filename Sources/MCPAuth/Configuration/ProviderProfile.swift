// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore
internal import MCPAuthJOSE
internal import MCPAuthJSON

internal import enum MCPAuthVerification.AccessTokenProfile

/// What is known of the tokens of one authorization server product: settings that a configuration then need not make.
///
/// Profiles are JSON files. Those of `Providers/` come with the library; a configuration may name other files.
package struct ProviderProfile: Sendable {
    /// The name by which configurations refer to it.
    package let name: String
    /// What its tokens look like, in one sentence.
    package let summary: String
    /// The URL of the vendor's documentation.
    package let documentation: String
    /// The form of its issuer identifier, with placeholders.
    package let issuerForm: String
    /// Notes for the operator.
    package let notes: [String]
    private let discovery: AuthorizationServer.Discovery
    private let algorithms: Set<SignatureAlgorithm>?
    private let profile: AccessTokenProfile
    private let accessTokenMarks: Set<String>
    private let claims: ClaimMapping

    /// - Throws: `ConfigurationError`.
    package init(file path: String) throws {
        try self.init(name: path, bytes: try FileReading.bytes(at: path))
    }

    init(name file: String, bytes: [UInt8]) throws {
        let document = try DocumentReader(file: file, bytes: bytes)
        let root = try document.rootObject(allowing: ConfigurationGrammar.provider.keys)
        guard try root.required("version", try root.integer("version", in: 0...1000)) == 1 else {
            throw root.error(.unsupportedVersion, "this program reads version 1", at: "version")
        }
        name = try root.required("provider", try root.string("provider"))
        summary = try root.string("description") ?? ""
        documentation = try root.string("documentation") ?? ""
        issuerForm = try root.required("issuer", try root.string("issuer"))
        notes = try root.strings("notes") ?? []
        if let url = try root.string("metadata_url") {
            discovery = .metadataURL(url)
        } else {
            discovery = try root.word("discovery", as: DiscoveryWord.self) == .oauth ? .oauth : .oidc
        }
        algorithms = try IssuerReader.algorithms(root)
        profile = try root.word("profile", as: AccessTokenProfile.self) ?? .lenient
        accessTokenMarks = try IssuerReader.marks(root) ?? []
        claims = try ClaimMappingReader.mapping(root, over: ClaimMapping())
    }

    /// Applies the settings of the profile, which a configuration may override afterwards.
    package func apply(to server: inout AuthorizationServer) {
        server.discovery = discovery
        server.algorithms = algorithms ?? server.algorithms
        server.profile = profile
        server.accessTokenMarks = accessTokenMarks
        server.claims = claims
    }

    /// The names of the profiles that come with the library.
    package static var names: [String] { texts.keys.sorted() }

    /// The profile with this name; `nil` when there is none.
    package static func named(_ name: String) throws -> ProviderProfile? {
        try texts[name].map { try ProviderProfile(name: "provider \(name)", bytes: $0) }
    }

    private static let texts: [String: [UInt8]] = [
        "adfs": PackageResources.adfs_json,
        "asgardeo": PackageResources.asgardeo_json,
        "auth0": PackageResources.auth0_json,
        "authentik": PackageResources.authentik_json,
        "cognito": PackageResources.cognito_json,
        "descope": PackageResources.descope_json,
        "entra-v1": PackageResources.entra_v1_json,
        "entra-v2": PackageResources.entra_v2_json,
        "github-actions": PackageResources.github_actions_json,
        "google": PackageResources.google_json,
        "keycloak": PackageResources.keycloak_json,
        "kubernetes": PackageResources.kubernetes_json,
        "logto": PackageResources.logto_json,
        "okta": PackageResources.okta_json,
        "workos": PackageResources.workos_json,
    ]
}
