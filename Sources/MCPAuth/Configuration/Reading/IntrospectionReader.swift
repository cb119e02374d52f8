// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore
internal import MCPAuthJOSE
internal import MCPAuthJSON

internal import enum MCPAuthVerification.TokenForm

/// Reads `introspection` of an issuer.
struct IntrospectionReader {
    let context: ReadingContext

    func introspection(_ issuer: ObjectReader) throws -> AuthorizationServer.Introspection? {
        guard let object = try issuer.object("introspection", allowing: ConfigurationGrammar.introspection.keys) else {
            return nil
        }
        let method = try object.word("method", as: IntrospectionMethod.self) ?? .clientSecretBasic
        for key in Set(IntrospectionMethod.allCases.flatMap(\.keys)).subtracting(method.keys).sorted()
        where object.value[key] != nil {
            throw object.error(.conflict, "`\(key)` has no meaning with the method `\(method.rawValue)`", at: key)
        }
        var settings = AuthorizationServer.Introspection(authentication: try authentication(method, object))
        settings.endpoint = try object.string("endpoint")
        if let tokens = try object.word("tokens", as: TokenForm.self) { settings.tokens = tokens }
        settings.tokenPrefix = try object.string("token_prefix") ?? settings.tokenPrefix
        settings.assumedAudience = try object.string("assume_audience")
        if let seconds = try object.integer(.cacheSeconds) { settings.cacheSeconds = Double(seconds) }
        if let seconds = try object.integer(.negativeCacheSeconds) { settings.negativeCacheSeconds = Double(seconds) }
        if let most = try object.integer(.maxConcurrent) { settings.maximumConcurrency = Int(most) }
        if let most = try object.integer(.maxPerSecond) { settings.maximumPerSecond = Int(most) }
        let longest = try object.integer("max_seconds_without_exp", in: NumberSetting.secondsWithoutExpiry)
        settings.maximumSecondsWithoutExpiry = longest.map(Double.init)
        return settings
    }

    private func authentication(
        _ method: IntrospectionMethod,
        _ object: ObjectReader
    ) throws -> AuthorizationServer.Introspection.Authentication {
        func clientID() throws -> String { try object.required("client_id", try object.string("client_id")) }
        switch method {
        case .clientSecretBasic:
            return .clientSecretBasic(clientID: try clientID(), secret: try context.secret("client_secret", object))
        case .clientSecretPost:
            return .clientSecretPost(clientID: try clientID(), secret: try context.secret("client_secret", object))
        case .privateKeyJWT:
            return .privateKeyJWT(
                clientID: try clientID(),
                privateKey: try context.secret("private_key", object),
                algorithm: try object.word("assertion_algorithm", as: SignatureAlgorithm.self),
                audience: try object.string("assertion_audience")
            )
        case .bearer:
            return .bearer(token: try context.secret("bearer_token", object))
        case .mutualTLS:
            let files = try object.required(
                "tls",
                try object.object("tls", allowing: ConfigurationGrammar.tls.keys)
            )
            return .mutualTLS(
                clientID: try clientID(),
                .init(
                    certificate: try file("certificate", files),
                    privateKey: try file("private_key", files),
                    trustRoots: try files.value["trust_roots"].map { _ in try file("trust_roots", files) }
                )
            )
        }
    }

    /// A file that is there to be read.
    private func file(_ key: String, _ object: ObjectReader) throws -> String {
        let path = context.path(try object.required(key, try object.string(key)))
        guard (try? context.files.bytes(at: path)) != nil else {
            throw object.error(.unreadableFile, "cannot read the file `\(path.printable)`", at: key)
        }
        return path
    }
}
