// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore
internal import MCPAuthJOSE
internal import MCPAuthJSON
internal import MCPAuthPluginHost

/// Reads one member of `plugins`: loads the module and keeps what an instance for a resource is made of.
struct ModuleReader {
    typealias Factory = (_ resource: String) throws -> ModuleInstance

    let context: ReadingContext

    func module(_ name: String, _ object: ObjectReader) throws -> Factory {
        let written = try object.required("path", try object.string("path"))
        let path = FileReading.resolve(written, relativeTo: context.pluginDirectory ?? context.directory)
        let issuer = IssuerIdentifier(try object.required("issuer", try object.string("issuer")))
        var moduleSecrets: [String: [UInt8]] = [:]
        for (secret, value, pointer) in try object.dictionary("secrets") {
            let source = try object.document.object(value, at: pointer, allowing: FileKeys.secret)
            moduleSecrets[secret] = try context.secrets.secret(source, relativeTo: context.directory).bytes
        }
        let configuration = object.value["config"].map(JSON.init) ?? [:]
        let pin = try object.string("sha256")
        let secretsByName = moduleSecrets
        let onEvent = context.onEvent
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
                    secrets: { secretsByName[$0] },
                    log: { level, line in
                        onEvent(EngineEvent(.module(level), .module, "\(name.printable): \(line)"))
                    }
                )
                return ModuleInstance(issuer: issuer, verifier: verifier)
            }
        } catch {
            throw object.error(error.code, error.message, at: "path")
        }
    }
}

extension EngineEvent.Level {
    /// The level of a module's line: 0 for debug to 3 for error.
    fileprivate static func module(_ level: Int32) -> EngineEvent.Level {
        switch level {
        case ..<1: .debug
        case 1: .info
        case 2: .warning
        default: .error
        }
    }
}
