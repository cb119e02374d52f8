// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore
internal import MCPAuthJOSE
internal import MCPAuthJSON
internal import MCPAuthModuleHost

/// Reads one member of `modules`: loads the module, checks its `config`, and keeps what an instance for a resource needs.
struct ModuleReader {
    typealias Factory = (_ resource: String) throws -> AttachedVerifier

    let context: ReadingContext

    func module(_ name: String, _ object: ObjectReader) throws -> Factory {
        let library = try library(object)
        let issuer = IssuerIdentifier(try object.required("issuer", try object.string("issuer")))
        let secrets = try secrets(object)
        let configuration = try configuration(object, of: library)
        let onEvent = context.onEvent
        return { resource in
            do throws(ConfigurationError) {
                let verifier = try ModuleVerifier(
                    name: name,
                    configuration: configuration,
                    issuer: issuer,
                    audience: resource,
                    resource: resource,
                    secrets: { secrets[$0] },
                    onEvent: onEvent
                )
                return AttachedVerifier(verifier, issuer: issuer)
            } catch {
                throw object.error(error.code, error.message, at: "config")
            }
        }
    }

    private func library(_ object: ObjectReader) throws -> ModuleLibrary {
        let written = try object.required("path", try object.string("path"))
        let path = FileReading.resolve(written, relativeTo: context.moduleDirectory ?? context.directory)
        let pin = try object.string("sha256")
        context.files.note(path)
        do throws(ConfigurationError) {
            let library = try ModuleLibrary(path: path, expectedSHA256: pin, digest: Digest.hexadecimalSHA256)
            context.files.note(path, digest: library.digest)
            return library
        } catch {
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

    private func configuration(_ object: ObjectReader, of library: ModuleLibrary) throws -> ModuleConfiguration {
        let written = object.value["config"]
        do throws(ModuleConfiguration.Mistake) {
            return try ModuleConfiguration(written.map(JSON.init) ?? [:], of: library, resolvePath: context.path)
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
