// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import MCPAuthCore
internal import MCPAuthJOSE
package import MCPAuthJSON
package import MCPAuthModuleHost

/// A module with a configuration, to be tried on its own.
package struct ModuleTrial {
    /// The resource for which a verifier is tried.
    package static let resource = "https://plugin.test/mcp"

    private let use: ModuleUse

    /// Loads a library, as a configuration would.
    ///
    /// - Throws: ``ConfigurationError`` with the code `moduleRefused`.
    package static func library(at path: String) throws(ConfigurationError) -> ModuleLibrary {
        try ModuleLibrary(path: path, expectedSHA256: nil, digest: Digest.hexadecimalSHA256)
    }

    /// The same, in a process of its own.
    ///
    /// - Throws: ``ConfigurationError`` with the code `moduleRefused`.
    package static func isolatedLibrary(at path: String) throws(ConfigurationError) -> ModuleLibrary {
        try ModuleLibrary(isolating: path, expectedSHA256: nil, digest: Digest.hexadecimalSHA256)
    }

    /// Reads a file that has the members of one of the `modules` of a configuration, without `path` and `sha256`.
    ///
    /// - Throws: ``ConfigurationError``.
    package init(
        library path: String,
        entry: String,
        environment: [String: String],
        onEvent: @escaping EngineEventHandler
    ) throws {
        let files = FileSnapshot()
        let document = try DocumentReader(file: entry, bytes: try files.bytes(at: entry))
        let keys = ConfigurationGrammar.module.keys.filter { $0 != "path" && $0 != "sha256" }
        let context = ReadingContext(
            directory: FileReading.directory(of: entry),
            moduleDirectory: nil,
            secrets: SecretSource(environment: environment, files: files),
            files: files,
            onEvent: onEvent
        )
        let reader = ModuleReader(context: context, libraryPath: path)
        let file = path.split(separator: "/").last.map(String.init) ?? path
        use = try reader.module(file, try document.rootObject(allowing: keys))
    }

    package var isTransformer: Bool {
        if case .transformer = use { return true }
        return false
    }

    /// A server whose only resource uses the verifier and allows every token that is accepted.
    package func configuration() throws -> MCPAuthConfiguration {
        var resource = try ResourceConfiguration(Self.resource, authorizationServers: [])
        if case .verifier(let make) = use { resource.modules = [try make(resource.metadata.resource)] }
        return MCPAuthConfiguration(resources: [resource])
    }

    /// The claims as a transformer changes them.
    ///
    /// - Throws: Any error, if it refuses them.
    package func transform(_ claims: [String: JSON], of issuer: IssuerIdentifier) throws -> [String: JSON] {
        guard case .transformer(let make) = use else { return claims }
        return try make().transform(claims, of: issuer)
    }
}
