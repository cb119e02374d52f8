// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore
internal import MCPAuthJOSE
internal import MCPAuthJSON
internal import MCPAuthPluginHost
internal import MCPAuthPolicy

internal import enum MCPAuthVerification.AccessTokenProfile

/// Reads a server configuration file, with the policies, secrets and modules it names.
///
/// Paths in it are relative to its own directory. Every error says where it stands.
public struct ConfigurationFile: Sendable {
    /// What the file describes.
    public let configuration: Configuration
    /// Where the server listens.
    public let listener: Listener

    /// An address to listen on.
    public struct Listener: Sendable, Hashable {
        /// A host name or an address, without brackets.
        public let host: String
        /// 0 to 65535; 0 picks a free one.
        public let port: Int
    }

    /// Reads and checks the file; opens no connection.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - environment: Where `{"env": …}` secrets are looked up.
    ///   - pluginPath: Replaces the directory of relative module paths, where given.
    /// - Throws: ``ConfigurationError``.
    public init(path: String, environment: [String: String], pluginDirectory: String? = nil) throws {
        let document = try DocumentReader(file: path, bytes: try FileReading.bytes(at: path))
        let root = try document.rootObject(allowing: ["version", "server", "issuers", "plugins", "resources"])
        guard try root.required("version", try root.integer("version", in: 0...1000)) == 1 else {
            throw root.error(.unsupportedVersion, "this program reads version 1", at: "version")
        }
        var reader = Reader(
            directory: FileReading.directory(of: path),
            pluginDirectory: pluginDirectory,
            secrets: SecretSource(environment: environment)
        )
        try reader.readIssuers(root)
        try reader.readModules(root)
        let server = try root.object("server", allowing: ["listen", "authority", "dangerously_allow_http"])
        listener = try Self.listener(server)
        var configuration = try reader.configuration(root)
        configuration.dangerouslyAllowHTTP = try server?.boolean("dangerously_allow_http") ?? false
        configuration.authorityRule = try server?.word("authority", as: ResourceRouter.AuthorityRule.self) ?? .exact
        self.configuration = configuration
    }

    private static func listener(_ server: ObjectReader?) throws -> Listener {
        let text = try server?.string("listen") ?? "127.0.0.1:8080"
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]),
            colon > text.startIndex
        else {
            let message = "`\(text.printable)` is not an address to listen on, expected host:port"
            throw server?.error(.invalidValue, message, at: "listen") ?? ConfigurationError(.invalidValue, message)
        }
        let host = text[..<colon]
        return Listener(host: String(host).filter { $0 != "[" && $0 != "]" }, port: Int(port))
    }
}

/// Reads the parts of a configuration file in the order in which they refer to each other.
private struct Reader {
    let directory: String
    let pluginDirectory: String?
    let secrets: SecretSource
    private var issuers: [String: AuthorizationServer] = [:]
    private var modules: [String: ModuleFactory] = [:]

    private typealias ModuleFactory = (_ resource: String) throws -> ModuleInstance

    init(directory: String, pluginDirectory: String?, secrets: SecretSource) {
        self.directory = directory
        self.pluginDirectory = pluginDirectory
        self.secrets = secrets
    }

    mutating func readIssuers(_ root: ObjectReader) throws {
        for (name, value, pointer) in try root.dictionary("issuers") {
            let keys = [
                "issuer", "discovery", "metadata_url", "metadata", "overrides", "algorithms", "profile",
                "leeway_seconds", "claims", "introspection",
            ]
            let object = try root.document.object(value, at: pointer, allowing: keys)
            issuers[name] = try issuer(object)
        }
    }

    private enum DiscoveryWord: String, CaseIterable { case oidc, oauth }

    private func issuer(_ object: ObjectReader) throws -> AuthorizationServer {
        let identifier = try object.required("issuer", try object.string("issuer"))
        guard HTTPURL(identifier) != nil || object.value["metadata_url"] != nil || object.value["metadata"] != nil
        else {
            throw object.error(.invalidValue, "`\(identifier.printable)` is not an absolute https URL", at: "issuer")
        }
        let ways = ["discovery", "metadata_url", "metadata"].filter { object.value[$0] != nil }
        guard ways.count <= 1 else {
            throw object.error(.conflict, "`\(ways[0])` and `\(ways[1])` say two ways to get the metadata", at: ways[1])
        }
        var server = AuthorizationServer(issuer: IssuerIdentifier(identifier), discovery: .oidc)
        if let url = try object.string("metadata_url") {
            guard HTTPURL(url) != nil else {
                throw object.error(.invalidValue, "`\(url.printable)` is not an absolute https URL", at: "metadata_url")
            }
            server.discovery = .metadataURL(url)
        } else if let metadata = object.value["metadata"] {
            server.discovery = .inline(json: Self.text(metadata))
        } else if try object.word("discovery", as: DiscoveryWord.self) == .oauth {
            server.discovery = .oauth
        }
        server.overrides = object.value["overrides"].map(Self.text)
        if let names = try object.strings("algorithms") {
            let algorithms = names.compactMap(SignatureAlgorithm.init(name:))
            guard algorithms.count == names.count, !algorithms.isEmpty else {
                let known = SignatureAlgorithm.allCases.map(\.rawValue).joined(separator: ", ")
                throw object.error(.invalidValue, "`algorithms` must name some of \(known)", at: "algorithms")
            }
            server.algorithms = Set(algorithms)
        }
        server.profile = try object.word("profile", as: AccessTokenProfile.self) ?? .lenient
        server.leeway = Double(try object.integer("leeway_seconds", in: 0...300) ?? 60)
        if let claims = try object.object("claims", allowing: ["scope", "client_id"]) {
            let standard = ClaimMapping()
            server.claims = ClaimMapping(
                scope: try claims.strings("scope") ?? standard.scope,
                clientID: try claims.strings("client_id") ?? standard.clientID
            )
        }
        server.introspection = try introspection(object)
        return server
    }

    private func introspection(_ object: ObjectReader) throws -> AuthorizationServer.Introspection? {
        let keys = ["endpoint", "client_id", "client_secret", "token_prefix"]
        guard let object = try object.object("introspection", allowing: keys) else { return nil }
        let secret = try object.required(
            "client_secret",
            try object.object("client_secret", allowing: ["env", "file"])
        )
        return AuthorizationServer.Introspection(
            endpoint: try object.string("endpoint"),
            clientID: try object.required("client_id", try object.string("client_id")),
            clientSecret: try secrets.secret(secret, relativeTo: directory),
            tokenPrefix: try object.string("token_prefix") ?? ""
        )
    }

    mutating func readModules(_ root: ObjectReader) throws {
        for (name, value, pointer) in try root.dictionary("plugins") {
            let keys = ["path", "sha256", "issuer", "config", "secrets"]
            let object = try root.document.object(value, at: pointer, allowing: keys)
            modules[name] = try module(name, object)
        }
    }

    private func module(_ name: String, _ object: ObjectReader) throws -> ModuleFactory {
        let written = try object.required("path", try object.string("path"))
        let path = FileReading.resolve(written, relativeTo: pluginDirectory ?? directory)
        let issuer = IssuerIdentifier(try object.required("issuer", try object.string("issuer")))
        var moduleSecrets: [String: [UInt8]] = [:]
        for (secret, value, pointer) in try object.dictionary("secrets") {
            let source = try object.document.object(value, at: pointer, allowing: ["env", "file"])
            moduleSecrets[secret] = try secrets.secret(source, relativeTo: directory).bytes
        }
        let configuration = object.value["config"].map(JSON.init) ?? [:]
        let pin = try object.string("sha256")
        let secretsByName = moduleSecrets
        do throws(ConfigurationError) {
            let library = try PluginLibrary(path: path, expectedSHA256: pin, digest: Digest.hexadecimalSHA256)
            return { resource in
                let verifier = try PluginVerifier(
                    library: library,
                    name: name,
                    configuration: configuration,
                    issuer: issuer,
                    audience: resource,
                    resource: resource,
                    secrets: { secretsByName[$0] }
                )
                return ModuleInstance(issuer: issuer, verifier: verifier)
            }
        } catch {
            throw object.error(error.code, error.message, at: "path")
        }
    }

    func configuration(_ root: ObjectReader) throws -> Configuration {
        let entries = try root.required("resources", try root.elements("resources"))
        var configuration = Configuration(resources: [])
        for (value, pointer) in entries {
            let keys = [
                "resource", "name", "documentation", "issuers", "audiences", "plugins", "policy", "policies",
                "scopes_supported", "protocol", "root_metadata",
            ]
            let object = try root.document.object(value, at: pointer, allowing: keys)
            let resource = try resource(object)
            if try object.boolean("root_metadata") ?? false {
                guard configuration.rootResource == nil else {
                    throw object.error(.conflict, "another resource has `root_metadata` already", at: "root_metadata")
                }
                configuration.rootResource = resource.metadata.resource
            }
            configuration.resources.append(resource)
        }
        return configuration
    }

    private enum ProtocolWord: String, CaseIterable { case mcp, http }

    private func resource(_ object: ObjectReader) throws -> ResourceConfiguration {
        let identifier = try object.required("resource", try object.string("resource"))
        var resource: ResourceConfiguration
        do {
            resource = try ResourceConfiguration(
                identifier,
                authorizationServers: [],
                audiences: try object.strings("audiences") ?? [],
                scopesSupported: try object.strings("scopes_supported") ?? [],
                name: try object.string("name"),
                speaksMCP: try object.word("protocol", as: ProtocolWord.self) != .http
            )
        } catch let error as ConfigurationError where error.location == nil {
            throw object.error(error.code, error.message, at: "resource")
        }
        resource.metadata.resourceDocumentation = try object.string("documentation")
        try readIssuers(of: &resource, object)
        for (index, name) in (try object.strings("plugins") ?? []).enumerated() {
            guard let make = modules[name] else {
                throw unknownName(name, "plugin", among: modules.keys, object, "plugins", index)
            }
            resource.modules.append(try make(identifier))
        }
        resource.policies = try policies(object)
        return resource
    }

    private func readIssuers(of resource: inout ResourceConfiguration, _ object: ObjectReader) throws {
        for (index, element) in (try object.elements("issuers") ?? []).enumerated() {
            let bounded =
                element.value.string == nil
                ? try object.document.object(element.value, at: element.pointer, allowing: ["name", "allowed_scopes"])
                : nil
            let name = try bounded.map { try $0.required("name", try $0.string("name")) } ?? element.value.string ?? ""
            guard let issuer = issuers[name] else {
                throw unknownName(name, "issuer", among: issuers.keys, object, "issuers", index)
            }
            resource.authorizationServers.append(issuer)
            if let scopes = try bounded?.strings("allowed_scopes") {
                resource.allowedScopes[issuer.issuer] = ScopeSet(scopes)
            }
        }
    }

    private func policies(_ object: ObjectReader) throws -> [CompiledPolicy] {
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
            let resolved = FileReading.resolve(path, relativeTo: directory)
            guard let bytes = try? FileReading.bytes(at: resolved) else {
                let pointer = object.pointer.appending("policies").appending(String(index))
                throw object.document.error(
                    .unreadableFile,
                    "cannot read the file `\(resolved.printable)`",
                    at: pointer
                )
            }
            return try CompiledPolicy(file: resolved, bytes: bytes)
        }
    }

    private func unknownName(
        _ name: String,
        _ kind: String,
        among known: some Sequence<String>,
        _ object: ObjectReader,
        _ key: String,
        _ index: Int
    ) -> ConfigurationError {
        object.document.error(
            .unknownName,
            "no \(kind) is named `\(name.printable)`\(Suggestion.text(for: name, among: known))",
            at: object.pointer.appending(key).appending(String(index))
        )
    }

    private static func text(_ value: JSONValue) -> String {
        String(decoding: JSON(value).encoded(), as: UTF8.self)
    }
}
