// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore
internal import MCPAuthJSON
internal import MCPAuthPolicy

/// Reads one element of `resources`.
struct ResourceReader {
    let context: ReadingContext
    let issuers: [String: [AuthorizationServer]]
    let modules: [String: ModuleUse]

    func resource(_ object: ObjectReader) throws -> ResourceConfiguration {
        let identifier = try object.required("resource", try object.string("resource"))
        var resource: ResourceConfiguration
        do {
            resource = try ResourceConfiguration(
                identifier,
                authorizationServers: [],
                audiences: try object.strings("audiences") ?? [],
                scopesSupported: try object.strings("scopes_supported") ?? [],
                name: try object.string("name"),
                speaksMCP: try object.word("protocol", as: ResourceProtocol.self) != .http
            )
        } catch let error as ConfigurationError where error.location == nil {
            throw object.error(error.code, error.message, at: "resource")
        }
        resource.metadata.resourceDocumentation = try object.string("documentation")
        if let members = try object.object("metadata", allowing: ConfigurationGrammar.metadata.keys) {
            try readMetadata(of: &resource.metadata, members)
        }
        resource.challengeInToolResult = try object.boolean("challenge_in_tool_result") ?? false
        guard resource.speaksMCP || !resource.challengeInToolResult else {
            let message = "with `\"protocol\": \"http\"` there are no tool results to put a challenge in"
            throw object.error(.conflict, message, at: "challenge_in_tool_result")
        }
        resource.upstreamValidatesMCPHeaders = try object.boolean("upstream_validates_mcp_headers") ?? false
        guard resource.speaksMCP || !resource.upstreamValidatesMCPHeaders else {
            let message = "with `\"protocol\": \"http\"` there are no `Mcp-*` fields"
            throw object.error(.conflict, message, at: "upstream_validates_mcp_headers")
        }
        resource.tokenField = try object.string("token_field")
        if let reason = resource.tokenField.flatMap(TokenFieldRule.violation) {
            throw object.error(.invalidValue, reason, at: "token_field")
        }
        resource.allowedOrigins = try OriginReader.origins("allowed_origins", object, allowingAny: false)
        resource.metadataPlaces = try metadataPlaces(object)
        try readIssuers(of: &resource, object)
        for (index, name) in (try object.strings("modules") ?? []).enumerated() {
            guard let module = modules[name] else {
                throw ReadingContext.unknownName(name, "module", among: modules.keys, object, "modules", index)
            }
            guard case .verifier(let make) = module else {
                let place = object.pointer.appending("modules").appending(String(index))
                let message = "the module `\(name.printable)` is a transformer; name it in `transformers`"
                throw object.document.error(.conflict, message, at: place)
            }
            resource.modules.append(try make(resource.metadata.resource))
        }
        resource.transformers += try ModuleReader.transformers(object, modules)
        resource.policies = try policies(object)
        return resource
    }

    private func readMetadata(of metadata: inout ProtectedResourceMetadata, _ members: ObjectReader) throws {
        metadata.jwksURI = try members.string("jwks_uri")
        metadata.resourcePolicyURI = try members.string("resource_policy_uri")
        metadata.resourceTOSURI = try members.string("resource_tos_uri")
        metadata.resourceSigningAlgValuesSupported =
            try members.strings("resource_signing_alg_values_supported") ?? []
        guard !metadata.resourceSigningAlgValuesSupported.contains("none") else {
            throw members.error(
                .invalidValue,
                "`none` must not be among them (RFC 9728 section 2)",
                at: "resource_signing_alg_values_supported"
            )
        }
        metadata.tlsClientCertificateBoundAccessTokens =
            try members.boolean("tls_client_certificate_bound_access_tokens") ?? false
        metadata.authorizationDetailsTypesSupported =
            try members.strings("authorization_details_types_supported") ?? []
        metadata.dpopSigningAlgValuesSupported = try members.strings("dpop_signing_alg_values_supported") ?? []
        metadata.dpopBoundAccessTokensRequired = try members.boolean("dpop_bound_access_tokens_required") ?? false
        metadata.signedMetadata = try members.string("signed_metadata")
    }

    private func metadataPlaces(_ object: ObjectReader) throws -> [String: ConfigurationError.Location] {
        var places: [String: ConfigurationError.Location] = [:]
        places["resource_documentation"] = object.error(.invalidValue, "", at: "documentation").location
        places["scopes_supported"] = object.error(.invalidValue, "", at: "scopes_supported").location
        guard let members = try object.object("metadata", allowing: ConfigurationGrammar.metadata.keys) else {
            return places
        }
        for key in ConfigurationGrammar.metadata.keys {
            places[key] = members.error(.invalidValue, "", at: key).location
        }
        return places
    }

    private func readIssuers(of resource: inout ResourceConfiguration, _ object: ObjectReader) throws {
        for (index, element) in (try object.elements("issuers") ?? []).enumerated() {
            let bounded =
                element.value.string == nil
                ? try object.document.object(
                    element.value,
                    at: element.pointer,
                    allowing: ConfigurationGrammar.resourceIssuer.keys
                )
                : nil
            let name = try bounded.map { try $0.required("name", try $0.string("name")) } ?? element.value.string ?? ""
            guard let servers = issuers[name] else {
                throw ReadingContext.unknownName(name, "issuer", among: issuers.keys, object, "issuers", index)
            }
            let scopes = try bounded?.strings("allowed_scopes").map(ScopeSet.init)
            let claims = try bounded.map(allowedClaims) ?? [:]
            for server in servers {
                resource.authorizationServers.append(server)
                resource.allowedScopes[server.issuerOfTokens] = scopes
                resource.allowedClaims[server.issuerOfTokens] = claims
            }
        }
    }

    private func allowedClaims(_ entry: ObjectReader) throws -> [String: Set<String>] {
        var allowed: [String: Set<String>] = [:]
        for (name, value, pointer) in try entry.dictionary("allowed_claims") {
            let strings = value.array?.compactMap(\.string)
            guard let strings, strings.count == value.array?.count else {
                throw entry.document.error(.wrongType, "expected a list of the values it may have", at: pointer)
            }
            guard !ResourceConfiguration.claimsWithoutBounds.contains(name) else {
                let hint = name == "scope" ? "scopes are bounded by `allowed_scopes`" : "`\(name)` cannot be bounded"
                throw entry.document.error(.conflict, hint, at: pointer)
            }
            allowed[name] = Set(strings)
        }
        return allowed
    }

    private func policies(_ object: ObjectReader) throws -> [Policy] {
        if let word = try object.string("policy") {
            guard word == "authenticated", object.value["policies"] == nil else {
                throw object.error(
                    .invalidValue,
                    "`policy` is \"authenticated\", or left out beside `policies`",
                    at: "policy"
                )
            }
            return []
        }
        let paths = try object.required("policies", try object.strings("policies"))
        guard !paths.isEmpty else {
            throw object.error(
                .invalidValue,
                "`policies` is empty; write \"policy\": \"authenticated\" if that is meant"
            )
        }
        return try paths.enumerated().map { index, path in
            let resolved = context.path(path)
            guard let bytes = try? context.files.bytes(at: resolved) else {
                let pointer = object.pointer.appending("policies").appending(String(index))
                throw object.document.error(
                    .unreadableFile,
                    "cannot read the file `\(resolved.printable)`",
                    at: pointer
                )
            }
            // Read with the policy, so that both are of the same moment; most policies have tests, some have none.
            _ = try? context.files.bytesIfPresent(at: PolicyFiles.testPath(for: resolved))
            return Policy(try PolicyFiles.policy(resolved, bytes))
        }
    }
}
