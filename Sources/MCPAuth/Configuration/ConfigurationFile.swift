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
    /// Where the server listens for requests of clients.
    public var listener: Listener { server.listener }
    /// Where `mcp-auth serve` listens, and what it answers there.
    package let server: ServerSettings
    /// The paths of all files that a change should be noticed in, including the test files of policies.
    public let files: [String]
    private let log: FileSnapshot

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
        let settings = try root.object("server", allowing: ConfigurationGrammar.server.keys)
        if let settings { try ServerReader(context: context).read(settings, into: &configuration) }
        server = try ListenerReader(context: context).settings(settings)
        configuration.files = files
        self.configuration = configuration
        self.files = files.paths
        log = files
    }

    /// The admin listener of a configuration file; the rest may have mistakes, and no secret or module is read.
    ///
    /// - Throws: `ConfigurationError` when the file cannot be read, or this part has a mistake.
    package static func adminListener(path: String) throws -> Listener? {
        let document = try DocumentReader(file: path, bytes: try FileSnapshot().bytes(at: path))
        let root = try document.rootObject(allowing: ConfigurationGrammar.configuration.keys)
        let server = try root.object("server", allowing: ConfigurationGrammar.server.keys)
        guard let admin = try server?.object("admin", allowing: ConfigurationGrammar.admin.keys) else { return nil }
        return try admin.required("listen", try ListenerReader.listener("listen", admin))
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
