// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore
internal import MCPAuthJOSE
internal import MCPAuthJSON

internal import enum MCPAuthVerification.AccessTokenProfile

/// Reads one member of `issuers`.
struct IssuerReader {
    let context: ReadingContext

    /// The authorization servers that an entry stands for: one, or one for each tenant.
    func servers(_ object: ObjectReader) throws -> [AuthorizationServer] {
        let profile = try object.string("provider").map { try provider($0, object) }
        let template = try object.required("issuer", try Self.issuer("issuer", object))
        var server = AuthorizationServer(issuer: IssuerIdentifier(template), discovery: .oidc)
        profile?.apply(to: &server)
        if let discovery = try discovery(object) { server.discovery = discovery }
        server.overrides = object.value["overrides"].map(JSON.init)
        if let algorithms = try Self.algorithms(object) { server.algorithms = algorithms }
        server.tokenIssuer = try Self.issuer("token_issuer", object).map { IssuerIdentifier($0) }
        server.caFile = try caFile(object)
        server.profile = try object.word("profile", as: AccessTokenProfile.self) ?? server.profile
        if let marks = try Self.marks(object) { server.accessTokenMarks = marks }
        if let leeway = try object.integer(.leewaySeconds) { server.leeway = Double(leeway) }
        server.claims = try ClaimMappingReader.mapping(object, over: server.claims)
        server.introspection = try IntrospectionReader(context: context).introspection(object)
        server.hmacSecrets = try hmacSecrets(object)
        return try expanded(server, object)
    }

    private static func issuer(_ key: String, _ object: ObjectReader) throws -> String? {
        guard let text = try object.string(key) else { return nil }
        guard !text.isEmpty else {
            throw object.error(.invalidValue, "`\(key)` is empty, expected what tokens have in `iss`", at: key)
        }
        return text
    }

    private func provider(_ name: String, _ object: ObjectReader) throws -> ProviderProfile {
        if name.contains("/") || name.hasSuffix(".json") {
            let path = context.path(name)
            return try ProviderProfile(name: path, bytes: try context.files.bytes(at: path))
        }
        guard let profile = try ProviderProfile.named(name) else {
            let suggestion = Suggestion.text(for: name, among: ProviderProfile.names)
            let known = ProviderProfile.names.sorted().joined(separator: ", ")
            let advice = suggestion.isEmpty ? "; there are \(known)" : suggestion
            throw object.error(.unknownName, "no provider is named `\(name.printable)`\(advice)", at: "provider")
        }
        return profile
    }

    private func discovery(_ object: ObjectReader) throws -> AuthorizationServer.Discovery? {
        let ways = ["discovery", "metadata_url", "metadata"].filter { object.value[$0] != nil }
        guard ways.count <= 1 else {
            throw object.error(
                .conflict,
                "`\(ways[0])` and `\(ways[1])` are two ways to get the metadata; keep one",
                at: ways[1]
            )
        }
        if let url = try object.string("metadata_url") { return .metadataURL(url) }
        if let metadata = object.value["metadata"] { return .inline(JSON(metadata)) }
        switch try object.word("discovery", as: DiscoveryWord.self) {
        case .oidc: return .oidc
        case .oauth: return .oauth
        case nil: return nil
        }
    }

    static func algorithms(_ object: ObjectReader) throws -> Set<SignatureAlgorithm>? {
        guard let names = try object.strings("algorithms") else { return nil }
        let algorithms = names.compactMap(SignatureAlgorithm.init(name:))
        guard algorithms.count == names.count, !algorithms.isEmpty else {
            let known = SignatureAlgorithm.allCases.map(\.rawValue).joined(separator: ", ")
            throw object.error(.invalidValue, "`algorithms` must name some of \(known)", at: "algorithms")
        }
        return Set(algorithms)
    }

    static func marks(_ object: ObjectReader) throws -> Set<String>? {
        guard let marks = try object.strings("access_token_marks") else { return nil }
        if let index = marks.firstIndex(where: { !TokenMarks.allNames.contains($0) }) {
            throw object.document.error(
                .unknownName,
                ServerCheck.unknownMark(marks[index]),
                at: object.pointer.appending("access_token_marks").appending(String(index))
            )
        }
        return Set(marks)
    }

    private func caFile(_ object: ObjectReader) throws -> String? {
        guard let path = try object.string("ca_file").map(context.path) else { return nil }
        guard (try? context.files.bytes(at: path)) != nil else {
            throw object.error(.unreadableFile, "cannot read the file `\(path.printable)`", at: "ca_file")
        }
        return path
    }

    private func hmacSecrets(_ object: ObjectReader) throws -> [HMACSecret] {
        try (object.elements("hmac_secrets") ?? []).map { element in
            let entry = try object.document.object(
                element.value,
                at: element.pointer,
                allowing: ConfigurationGrammar.hmacSecret.keys
            )
            let algorithm = try entry.required("algorithm", try entry.word("algorithm", as: HMACAlgorithm.self))
            let secret = try context.secret("secret", entry)
            guard secret.bytes.count >= algorithm.minimumSecretBytes else {
                let least = algorithm.minimumSecretBytes
                throw entry.error(
                    .invalidValue,
                    "the secret is shorter than the \(least) bytes that \(algorithm.rawValue) needs",
                    at: "secret"
                )
            }
            return HMACSecret(algorithm, keyID: try entry.string("key_id"), secret: secret)
        }
    }

    /// One server for each tenant where the issuer says `{tenant}`: an exact identifier each, never a pattern.
    private func expanded(_ server: AuthorizationServer, _ object: ObjectReader) throws -> [AuthorizationServer] {
        let template = server.issuer.description
        let placeholder = "{tenant}"
        let tenants = try object.strings("tenants")
        guard template.contains(placeholder) else {
            if tenants != nil {
                throw object.error(.conflict, "`tenants` is given, and `issuer` has no `{tenant}`", at: "tenants")
            }
            try check(server, object)
            return [server]
        }
        guard let tenants, !tenants.isEmpty else {
            throw object.error(.missingKey, "`issuer` has `{tenant}`: list the allowed `tenants`", at: "issuer")
        }
        let provider = try object.string("provider")
        let isEntra = ServerCheck.isOfEntra(template) || provider?.hasPrefix("entra-") ?? false
        return try tenants.enumerated().map { index, tenant in
            if isEntra, let advice = ServerCheck.sharedTenantAdvice(tenant) {
                let place = object.pointer.appending("tenants").appending(String(index))
                throw object.document.error(.invalidValue, advice, at: place)
            }
            guard !tenant.isEmpty, tenant.utf8.allSatisfy(Self.isTenantCharacter) else {
                throw object.error(.invalidValue, "`\(tenant.printable)` is not a tenant identifier", at: "tenants")
            }
            var one = server
            one.issuer = IssuerIdentifier(template.replacing(placeholder, with: tenant))
            one.tokenIssuer = server.tokenIssuer.map { issuer in
                IssuerIdentifier(issuer.description.replacing(placeholder, with: tenant))
            }
            if case .metadataURL(let url) = server.discovery {
                one.discovery = .metadataURL(url.replacing(placeholder, with: tenant))
            }
            try check(one, object)
            return one
        }
    }

    private static func isTenantCharacter(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    private func check(_ server: AuthorizationServer, _ object: ObjectReader) throws {
        if let advice = ServerCheck.sharedTenant(server.issuer) {
            throw object.error(.invalidValue, advice, at: "issuer")
        }
        if let advice = server.tokenIssuer.flatMap(ServerCheck.sharedTenant) {
            throw object.error(.invalidValue, advice, at: "token_issuer")
        }
        switch server.discovery {
        case .metadataURL(let url):
            guard HTTPURL(url) != nil else {
                throw object.error(.invalidValue, "`\(url.printable)` is not an absolute https URL", at: "metadata_url")
            }
        case .oidc, .oauth:
            guard HTTPURL(server.issuer.description) != nil || !server.needsMetadata else {
                let text = server.issuer.description.printable
                throw object.error(.invalidValue, "`\(text)` is not an absolute https URL", at: "issuer")
            }
        case .inline: break
        }
    }
}
