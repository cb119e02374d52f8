// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

public import MCPAuthCore
internal import MCPAuthJSON
internal import MCPAuthPolicy
internal import MCPAuthPolicyTools

/// A server configuration file, read with the policies, secrets and modules it names.
///
/// Paths in it are relative to its directory. Every error names its place in the file.
public struct ConfigurationFile: Sendable {
    /// The configuration that was read.
    public let configuration: MCPAuthConfiguration
    /// Where the server listens.
    public let listener: Listener
    /// The paths of all files that a change should be noticed in, including the test files of policies.
    public let files: [String]
    private let log: FileSnapshot

    /// An address to listen on.
    public struct Listener: Sendable, Hashable, CustomStringConvertible {
        /// A host name or an address, without brackets.
        public let host: String
        /// 0 to 65535; with 0 the system picks a free port.
        public let port: Int

        /// The form `host:port`, an IPv6 address in brackets.
        public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

        /// Reads the form `host:port`; `nil` for anything else.
        init?(_ text: String) {
            guard let colon = text.lastIndex(of: ":") else { return nil }
            let digits = text[text.index(after: colon)...].utf8
            guard digits.allSatisfy({ (0x30...0x39).contains($0) }), let port = UInt16(Substring(digits)) else {
                return nil
            }
            // Only the host is read as in a URL: a port has other rules there. A host has colons only in brackets.
            let name = text[..<colon]
            guard name.hasSuffix("]") || !name.contains(":"), let authority = HTTPURL.Authority(name, scheme: "http")
            else { return nil }
            host = authority.host.filter { $0 != "[" && $0 != "]" }
            self.port = Int(port)
        }
    }

    /// Reads and checks the file; opens no connection.
    ///
    /// - Parameters:
    ///   - path: The configuration file.
    ///   - environment: Where `{"env": …}` secrets are looked up.
    ///   - moduleDirectory: Replaces the directory of relative module paths, when given.
    ///   - onEvent: Receives the events of the engine.
    /// - Throws: `ConfigurationError`.
    public init(
        path: String,
        environment: [String: String],
        moduleDirectory: String? = nil,
        onEvent: @escaping EngineEventHandler = EngineEvent.log()
    ) throws {
        try self.init(
            path: path,
            environment: environment,
            moduleDirectory: moduleDirectory,
            onEvent: onEvent,
            files: FileSnapshot()
        )
    }

    /// The same, reading each file through `files`, which keeps what was read even when this throws.
    package init(
        path: String,
        environment: [String: String],
        moduleDirectory: String? = nil,
        onEvent: @escaping EngineEventHandler = EngineEvent.log(),
        files: FileSnapshot
    ) throws {
        let document = try DocumentReader(file: path, bytes: try files.bytes(at: path))
        let root = try document.rootObject(allowing: ConfigurationGrammar.configuration.keys)
        guard try root.required("version", try root.integer("version", in: 0...1000)) == 1 else {
            throw root.error(.unsupportedVersion, "this program reads version 1", at: "version")
        }
        let context = ReadingContext(
            directory: FileReading.directory(of: path),
            moduleDirectory: moduleDirectory,
            secrets: SecretSource(environment: environment, files: files),
            files: files,
            onEvent: onEvent
        )
        var configuration = try Self.resources(root, context)
        configuration.onEvent = onEvent
        let server = try root.object("server", allowing: ConfigurationGrammar.server.keys)
        if let server { try ServerReader(context: context).read(server, into: &configuration) }
        listener = try ServerReader.listener(server)
        configuration.files = files
        self.configuration = configuration
        self.files = files.paths
        log = files
    }

    /// Runs the test files of its policies, with the content they had when the configuration was read.
    ///
    /// - Throws: `ConfigurationError` for the first test that fails or cannot be read; it also contains the others.
    public func runPolicyTests() async throws {
        var mistakes = Mistakes()
        for (policy, _) in configuration.policyUses {
            let tests = PolicyFiles.testPath(for: policy)
            guard try log.bytesIfPresent(at: tests) != nil else { continue }
            do {
                let run = try await PolicyFiles.run(testsAt: tests, files: log)
                for failure in run.failures { mistakes.add(failure.error) }
            } catch let error as ConfigurationError {
                mistakes.add(error)
            }
        }
        try mistakes.check()
    }

    /// The lint warnings for its policies as its resources use them, each warning once.
    package func lintWarnings() throws -> [ConfigurationError] {
        var seen = Set<String>()
        return try configuration.policyUses.flatMap { path, uses in
            try PolicyFiles.lint(path, uses: uses, files: log)
        }.filter { seen.insert($0.description).inserted }
    }

    private static func resources(_ root: ObjectReader, _ context: ReadingContext) throws -> MCPAuthConfiguration {
        var modules: [String: ModuleUse] = [:]
        for (name, value, pointer) in try root.dictionary("modules") {
            let object = try root.document.object(value, at: pointer, allowing: ConfigurationGrammar.module.keys)
            modules[name] = try ModuleReader(context: context).module(name, object)
        }
        var issuers: [String: [AuthorizationServer]] = [:]
        for (name, value, pointer) in try root.dictionary("issuers") {
            let object = try root.document.object(value, at: pointer, allowing: ConfigurationGrammar.issuer.keys)
            let transformers = try ModuleReader.transformers(object, modules)
            issuers[name] = try IssuerReader(context: context).servers(object).map { server in
                var server = server
                server.transformers = transformers
                return server
            }
        }
        let reader = ResourceReader(context: context, issuers: issuers, modules: modules)
        var configuration = MCPAuthConfiguration(resources: [])
        for (value, pointer) in try root.required("resources", try root.elements("resources")) {
            let object = try root.document.object(value, at: pointer, allowing: ConfigurationGrammar.resource.keys)
            let resource = try reader.resource(object)
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
}
