// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore
internal import MCPAuthJOSE
internal import MCPAuthJSON

/// Reads `introspection` of an issuer.
struct IntrospectionReader {
    let context: ReadingContext

    private enum Method: String, CaseIterable {
        case clientSecretBasic = "client_secret_basic"
        case clientSecretPost = "client_secret_post"
        case privateKeyJWT = "private_key_jwt"
        case bearer
        case mutualTLS = "tls_client_auth"

        /// The keys that say the credentials.
        var keys: [String] {
            switch self {
            case .clientSecretBasic, .clientSecretPost: ["client_id", "client_secret"]
            case .privateKeyJWT: ["client_id", "private_key", "assertion_algorithm", "assertion_audience"]
            case .bearer: ["bearer_token"]
            case .mutualTLS: ["client_id", "tls"]
            }
        }
    }

    func introspection(_ issuer: ObjectReader) throws -> AuthorizationServer.Introspection? {
        guard let object = try issuer.object("introspection", allowing: FileKeys.introspection) else { return nil }
        let method = try object.word("method", as: Method.self) ?? .clientSecretBasic
        for key in Set(Method.allCases.flatMap(\.keys)).subtracting(method.keys).sorted() where object.value[key] != nil
        {
            throw object.error(.conflict, "`\(key)` has no meaning with the method `\(method.rawValue)`", at: key)
        }
        return AuthorizationServer.Introspection(
            endpoint: try object.string("endpoint"),
            authentication: try authentication(method, object),
            tokens: try object.word("tokens", as: AuthorizationServer.Introspection.Tokens.self) ?? .opaque,
            tokenPrefix: try object.string("token_prefix") ?? "",
            assumedAudience: try object.string("assume_audience"),
            cacheSeconds: Double(try object.integer("cache_seconds", in: 0...3600) ?? 30),
            negativeCacheSeconds: Double(try object.integer("negative_cache_seconds", in: 0...3600) ?? 10),
            maximumConcurrency: Int(try object.integer("max_concurrent", in: 1...10_000) ?? 64),
            maximumPerSecond: Int(try object.integer("max_per_second", in: 1...100_000) ?? 500),
            maximumSecondsWithoutExpiry: try object.integer("max_seconds_without_exp", in: 1...86_400).map(Double.init)
        )
    }

    private func authentication(
        _ method: Method,
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
                try object.object("tls", allowing: FileKeys.tls)
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
