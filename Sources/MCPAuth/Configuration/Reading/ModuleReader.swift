// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore
internal import MCPAuthJOSE
internal import MCPAuthJSON
internal import MCPAuthModuleHost
internal import MCPAuthVerification

/// One member of `modules`, ready to be used.
enum ModuleUse {
    /// Creates an instance for a resource.
    case verifier((ResourceIdentifier) throws -> AttachedVerifier)
    /// Creates an instance for a resource or an issuer.
    case transformer(() throws -> any ClaimTransformer)
}

/// Reads one member of `modules`: loads the module, checks its `config`, and keeps what an instance needs.
struct ModuleReader {
    let context: ReadingContext
    /// Replaces `path`.
    var libraryPath: String?

    func module(_ name: String, _ object: ObjectReader) throws -> ModuleUse {
        let (component, library) = try component(object)
        let build = "\(library.version.printable), ABI 1.\(library.abiMinor), sha256 \(library.digest)"
        let message = "\(name.printable): \(library.name.printable) \(build)"
        context.onEvent(EngineEvent(.info, .moduleLoaded, message))
        let secrets = try secrets(object)
        let configuration = try configuration(object, of: component)
        guard component.kind == .verifier else { return try transformerUse(name, object, configuration, secrets) }
        return try verifierUse(name, object, configuration, secrets)
    }

    /// The verifier or transformer that the object selects, and the library that offers it.
    func component(_ object: ObjectReader) throws -> (ModuleComponent, ModuleLibrary) {
        let library = try library(object)
        let (verifier, transformer) = (try object.string("verifier"), try object.string("transformer"))
        guard verifier == nil || transformer == nil else {
            let message = "a module is used as a verifier or as a transformer, not as both"
            throw object.error(.conflict, message, at: "transformer")
        }
        let kind: ModuleComponent.Kind = transformer == nil ? .verifier : .transformer
        do throws(ConfigurationError) {
            return (try library.component(kind, named: verifier ?? transformer), library)
        } catch {
            throw object.error(error.code, error.message, at: verifier ?? transformer == nil ? "path" : kind.rawValue)
        }
    }

    private func verifierUse(
        _ name: String,
        _ object: ObjectReader,
        _ configuration: ModuleConfiguration,
        _ secrets: [String: [UInt8]]
    ) throws -> ModuleUse {
        let written = try object.required("issuer", try object.string("issuer"))
        guard !written.isEmpty else {
            let message = "`issuer` is empty, expected a name for who issues the tokens"
            throw object.error(.invalidValue, message, at: "issuer")
        }
        let issuer = IssuerIdentifier(written)
        let hosts = try object.strings("hosts") ?? []
        for (index, host) in hosts.enumerated() {
            guard HTTPURL("https://\(host)/")?.authority == host else {
                throw object.document.error(
                    .invalidValue,
                    "`\(host.printable)` is not a host, expected the form `api.example.com` or `127.0.0.1:8080`",
                    at: object.pointer.appending("hosts").appending(String(index))
                )
            }
        }
        let (limits, onEvent) = (try limits(object), context.onEvent)
        return .verifier { resource in
            do throws(ConfigurationError) {
                let verifier = try HostedVerifier(
                    name: name,
                    configuration: configuration,
                    issuer: issuer,
                    resource: resource,
                    hosts: hosts,
                    limits: limits,
                    readIssuer: { UnverifiedJWT.read($0)?.claims.optional("iss")?.string },
                    secrets: secrets,
                    onEvent: onEvent
                )
                return AttachedVerifier(verifier, issuer: issuer)
            } catch {
                throw object.error(error.code, error.message, at: "config")
            }
        }
    }

    private func transformerUse(
        _ name: String,
        _ object: ObjectReader,
        _ configuration: ModuleConfiguration,
        _ secrets: [String: [UInt8]]
    ) throws -> ModuleUse {
        for key in ["issuer", "hosts"] where object.value[key] != nil {
            throw object.error(.conflict, "a transformer has no `\(key)`", at: key)
        }
        let (limits, onEvent) = (try limits(object), context.onEvent)
        return .transformer {
            do throws(ConfigurationError) {
                return try HostedTransformer(
                    name: name,
                    configuration: configuration,
                    limits: limits,
                    secrets: secrets,
                    onEvent: onEvent
                )
            } catch {
                throw object.error(error.code, error.message, at: "config")
            }
        }
    }

    /// The instances that the member `transformers` names.
    static func transformers(
        _ object: ObjectReader,
        _ modules: [String: ModuleUse]
    ) throws -> [any ClaimTransformer] {
        try (try object.strings("transformers") ?? []).enumerated().map { index, name in
            guard let module = modules[name] else {
                throw ReadingContext.unknownName(name, "module", among: modules.keys, object, "transformers", index)
            }
            guard case .transformer(let make) = module else {
                let place = object.pointer.appending("transformers").appending(String(index))
                let message = "the module `\(name.printable)` is a verifier; name it in `modules` of a resource"
                throw object.document.error(.conflict, message, at: place)
            }
            return try make()
        }
    }

    private func isolation(_ object: ObjectReader) throws -> ModuleIsolation {
        try object.word("isolation", as: ModuleIsolation.self) ?? .thread
    }

    private func limits(_ object: ObjectReader) throws -> ModuleLimits {
        var limits = ModuleLimits()
        limits.usesRequestThread = try isolation(object) == .noIsolation
        return limits
    }

    private func library(_ object: ObjectReader) throws -> ModuleLibrary {
        let path =
            try libraryPath
            ?? FileReading.resolve(
                try object.required("path", try object.string("path")),
                relativeTo: context.moduleDirectory ?? context.directory
            )
        let pin = try object.string("sha256")
        let isolation = try isolation(object)
        context.files.note(path)
        do throws(ConfigurationError) {
            let library =
                try isolation == .process
                ? ModuleLibrary(isolating: path, expectedSHA256: pin, digest: Digest.hexadecimalSHA256)
                : ModuleLibrary(path: path, expectedSHA256: pin, digest: Digest.hexadecimalSHA256)
            context.files.note(path, digest: library.digest)
            return library
        } catch {
            // No member of the object names it.
            if libraryPath != nil { throw error }
            throw object.error(error.code, error.message, at: "path")
        }
    }

    private func secrets(_ object: ObjectReader) throws -> [String: [UInt8]] {
        var secrets: [String: [UInt8]] = [:]
        for (name, value, pointer) in try object.dictionary("secrets") {
            let source = try object.document.object(value, at: pointer, allowing: ConfigurationGrammar.secret.keys)
            secrets[name] = try context.secrets.secret(source, relativeTo: context.directory).bytes
        }
        return secrets
    }

    private func configuration(_ object: ObjectReader, of component: ModuleComponent) throws -> ModuleConfiguration {
        let written = object.value["config"]
        do throws(ModuleConfiguration.Mistake) {
            return try ModuleConfiguration(written.map(JSON.init) ?? [:], of: component, resolvePath: context.path)
        } catch {
            let config = object.pointer.appending("config")
            let place = JSONPointer(tokens: config.tokens + error.place.tokens)
            // Not all that a module names is there.
            let isThere = written?[error.place] != nil
            throw object.document.error(
                error.code,
                error.message,
                at: isThere ? place : written == nil ? object.pointer : config,
                part: error.isAboutName ? .name : .value
            )
        }
    }
}
