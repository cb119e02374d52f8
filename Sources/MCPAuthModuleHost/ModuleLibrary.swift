// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import CMCPAuthModule
package import MCPAuthCore

/// A loaded module: the verifiers and transformers that it offers.
package final class ModuleLibrary: Sendable {
    package let name: String
    /// The module's own version, for logs.
    package let version: String
    /// The SHA-256 of the bytes that were loaded, in lower-case hexadecimal.
    package let digest: String
    /// The minor version of the ABI that it was built for.
    package let abiMinor: UInt32
    package let components: [ModuleComponent]

    /// Reads a file once and loads the bytes that were read.
    ///
    /// - Parameters:
    ///   - expectedSHA256: The pinned hash of the file, in hexadecimal.
    ///   - digest: Computes the SHA-256 of bytes, in lower-case hexadecimal.
    /// - Throws: ``ConfigurationError`` with the code `moduleRefused`.
    package convenience init(
        path: String,
        expectedSHA256: String?,
        digest: ([UInt8]) -> String
    ) throws(ConfigurationError) {
        let (bytes, digest) = try Self.file(path, expectedSHA256, digest)
        let image: ModuleImages.Image
        do throws(ModuleImages.Fault) {
            image = try ModuleImages.image(of: bytes, digest: digest, from: path)
        } catch {
            throw Self.refused(path, error.reason)
        }
        guard let symbol = unsafe image.function("mcp_auth_module_v1") else {
            throw Self.refused(path, "it exports no `mcp_auth_module_v1`")
        }
        typealias EntryPoint = @convention(c) () -> UnsafePointer<mcp_auth_module>?
        let entryPoint = unsafe unsafeBitCast(symbol, to: EntryPoint.self)
        try unsafe self.init(table: entryPoint(), path: path, digest: digest)
    }

    /// The bytes of a file and their hash, which must be the pinned one.
    private static func file(
        _ path: String,
        _ expectedSHA256: String?,
        _ digest: ([UInt8]) -> String
    ) throws(ConfigurationError) -> (bytes: [UInt8], digest: String) {
        let bytes = try ModuleFile(readingFrom: path).bytes
        let digest = digest(bytes)
        if let expectedSHA256, digest != expectedSHA256.lowercased() {
            throw refused(path, "its SHA-256 is \(digest), not the pinned \(expectedSHA256.printable)")
        }
        return (bytes, digest)
    }

    /// Reads the table of a module in this process.
    ///
    /// - Parameters:
    ///   - table: What `mcp_auth_module_v1` of the module returned.
    ///   - path: Where the module is, for messages.
    init(table: UnsafePointer<mcp_auth_module>?, path: String, digest: String) throws(ConfigurationError) {
        guard let module = unsafe table else { throw Self.refused(path, "`mcp_auth_module_v1` returns null") }
        if let reason = unsafe Self.fault(of: module) { throw Self.refused(path, reason) }
        self.digest = digest
        unsafe name = String(cString: module.pointee.name)
        unsafe version = String(cString: module.pointee.version)
        unsafe abiMinor = module.pointee.abi_minor
        do throws(ModuleComponent.Fault) {
            components = try unsafe Self.components(of: module)
        } catch {
            throw Self.refused(path, error.reason)
        }
    }

    /// Loads a library in a process of its own, which then ends, and keeps what it offers.
    ///
    /// Instances run in further processes, which load a library with the same bytes.
    ///
    /// - Throws: ``ConfigurationError`` with the code `moduleRefused`.
    package init(
        isolating path: String,
        expectedSHA256: String?,
        setupSeconds: Double = 30,
        digest: ([UInt8]) -> String
    ) throws(ConfigurationError) {
        // Here, because the process could report any hash.
        let (_, digest) = try Self.file(path, expectedSHA256, digest)
        let home = ModuleProgram(program: try ModuleProgram.path(for: path), library: path, digest: digest)
        let description: ModuleDescription
        do throws(ModuleProgram.Refusal) {
            let reply = try ModuleProgram.replies(of: home.program, to: [home.load], within: setupSeconds)
            guard let decoded = reply.first.flatMap(ModuleDescription.init) else {
                throw .init(reason: "it \(ModuleFault.invalidFrame)")
            }
            description = decoded
        } catch {
            throw error.error { Self.refused(path, $0) }
        }
        (name, version, abiMinor) = (description.name, description.version, description.abiMinor)
        self.digest = digest
        do throws(ModuleComponent.Fault) {
            var components: [ModuleComponent] = []
            for facts in description.components {
                components.append(try ModuleComponent(facts, of: description.name, home: .ownProcess(home)))
            }
            try Self.check(components)
            self.components = components
        } catch {
            throw Self.refused(path, error.reason)
        }
    }

    /// The verifier or transformer of this name; without a name, the only one.
    ///
    /// - Throws: ``ConfigurationError`` with the code `moduleRefused`.
    package func component(
        _ kind: ModuleComponent.Kind,
        named name: String?
    ) throws(ConfigurationError) -> ModuleComponent {
        let offered = components.filter { $0.kind == kind }
        let names = offered.map { "`\($0.name.printable)`" }.joined(separator: ", ")
        let list = offered.isEmpty ? "it has none" : "it has \(names)"
        guard let name else {
            guard offered.count == 1 else {
                throw ConfigurationError(
                    .moduleRefused,
                    "the module `\(self.name.printable)` has no single \(kind): \(list); name one with `\(kind)`"
                )
            }
            return offered[0]
        }
        guard let found = offered.first(where: { $0.name == name }) else {
            let message = "the module `\(self.name.printable)` has no \(kind) `\(name.printable)`: \(list)"
            throw ConfigurationError(.moduleRefused, message)
        }
        return found
    }

    /// The first fault of a table; `nil` when there is none.
    ///
    /// Members are checked in an order that makes each read safe.
    private static func fault(of module: UnsafePointer<mcp_auth_module>) -> String? {
        guard unsafe module.pointee.magic == MCP_AUTH_MODULE_MAGIC else {
            return "its table has the wrong magic; build it with mcp_auth_module.h"
        }
        guard unsafe module.pointee.struct_size >= MCP_AUTH_MODULE_SIZE_1_0 else {
            return unsafe "its table is too short: \(module.pointee.struct_size) of \(MCP_AUTH_MODULE_SIZE_1_0) bytes"
        }
        guard unsafe module.pointee.abi_major == MCP_AUTH_ABI_MAJOR else {
            return unsafe "it was built for ABI \(module.pointee.abi_major), this program uses \(MCP_AUTH_ABI_MAJOR)"
        }
        guard unsafe module.pointee.name != nil, unsafe module.pointee.version != nil else {
            return "its table has no name or no version"
        }
        let (verifiers, transformers) = unsafe (module.pointee.verifier_count, module.pointee.transformer_count)
        guard (0...mostComponents).contains(verifiers), (0...mostComponents).contains(transformers),
            verifiers + transformers > 0
        else { return "it offers no verifier and no transformer, or more than \(mostComponents)" }
        guard unsafe verifiers == 0 || module.pointee.verifiers != nil,
            unsafe transformers == 0 || module.pointee.transformers != nil
        else { return "its list of verifiers or transformers is null" }
        return nil
    }

    private static let mostComponents = 64

    private static func components(
        of module: UnsafePointer<mcp_auth_module>
    ) throws(ModuleComponent.Fault) -> [ModuleComponent] {
        let name = unsafe String(cString: module.pointee.name)
        var components: [ModuleComponent] = []
        for index in unsafe 0..<module.pointee.verifier_count {
            components.append(try unsafe ModuleFunctions.verifier(module.pointee.verifiers[index], of: name))
        }
        for index in unsafe 0..<module.pointee.transformer_count {
            components.append(try unsafe ModuleFunctions.transformer(module.pointee.transformers[index], of: name))
        }
        try check(components)
        return components
    }

    private static func check(_ components: [ModuleComponent]) throws(ModuleComponent.Fault) {
        guard components.count <= 2 * mostComponents else {
            throw .init(reason: "it offers more than \(mostComponents) verifiers or transformers")
        }
        for (index, component) in components.enumerated() {
            let isRepeated = components[..<index].contains { $0.kind == component.kind && $0.name == component.name }
            guard !isRepeated else {
                throw .init(reason: "it has two \(component.kind)s with the name `\(component.name.printable)`")
            }
        }
    }

    static func refused(_ path: String, _ reason: String) -> ConfigurationError {
        ConfigurationError(.moduleRefused, "the module `\(path.printable)` is refused: \(reason)")
    }
}
