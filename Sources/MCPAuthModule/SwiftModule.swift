// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import CMCPAuthModule
internal import MCPAuthConcurrency
public import MCPAuthCore

/// Why a verifier or transformer of a module refuses its configuration; the message is shown to the operator.
public struct ModuleConfigurationError: Error, Sendable, CustomStringConvertible {
    /// What is wrong, and what would be right.
    public let description: String

    /// Creates an error with a message.
    public init(_ description: String) {
        self.description = description
    }
}

/// A verifier that can be loaded as a module.
///
/// One instance is created for each resource that uses it. The functions of an instance may run at the same time.
public protocol ModuleVerifier: TokenVerifier {
    /// Its name in the module.
    static var moduleName: String { get }
    /// The JSON Schema of its configuration, as text; the host enforces it.
    static var configurationSchema: String { get }
    /// Whether the verdict depends on the token, the configuration and the clock alone; false by default.
    ///
    /// A pure verifier is told nothing else, and its verdict may be kept for the time that its evidence says.
    static var isPure: Bool { get }
    /// Whether it uses the operation of the request, so that the body is read first; false by default.
    static var needsOperation: Bool { get }
    /// The names of the header fields that it reads from the request, in lower case; none by default.
    static var requestFields: [String] { get }

    /// Creates an instance.
    ///
    /// - Throws: ``ModuleConfigurationError`` for a mistake that the schema cannot find, or a missing secret.
    init(_ host: ModuleHost) throws
}

extension ModuleVerifier {
    /// False.
    public static var isPure: Bool { false }
    /// False.
    public static var needsOperation: Bool { false }
    /// The same as for all instances.
    public var needsOperation: Bool { Self.needsOperation }
    /// None.
    public static var requestFields: [String] { [] }
    /// The name in the module.
    public var name: String { Self.moduleName }
}

/// A claim transformer that can be loaded as a module.
public protocol ModuleTransformer: ClaimTransformer {
    /// Its name in the module.
    static var moduleName: String { get }
    /// The JSON Schema of its configuration, as text; the host enforces it.
    static var configurationSchema: String { get }

    /// Creates an instance.
    ///
    /// - Throws: ``ModuleConfigurationError`` for a mistake that the schema cannot find, or a missing secret.
    init(_ host: ModuleHost) throws
}

extension ModuleTransformer {
    /// The name in the module.
    public var name: String { Self.moduleName }
}

/// Makes a module of Swift types.
///
/// A dynamic library exports it with one line:
///
/// ```swift
/// @_cdecl("mcp_auth_module_v1") public func module() -> UnsafeRawPointer {
///     SwiftModule.table("my-module", version: "1.0.0", verifiers: [MyVerifier.self])
/// }
/// ```
public enum SwiftModule {
    /// The table of a module, which lives until the process ends.
    ///
    /// The host calls the exported function each time that it reads its configuration; only the first call makes a table,
    /// and later ones return it. At most 16 verifiers and transformers together; the host refuses a module with more.
    public static func table(
        _ name: String,
        version: String,
        verifiers: [any ModuleVerifier.Type] = [],
        transformers: [any ModuleTransformer.Type] = []
    ) -> UnsafeRawPointer {
        let table = made.withLock { made in
            if let made { return made }
            let table = unsafe MadeTable(pointer: make(name, version, verifiers, transformers))
            made = table
            return table
        }
        return unsafe table.pointer
    }

    // SAFETY: the table is never changed or freed.
    @safe private struct MadeTable: @unchecked Sendable {
        let pointer: UnsafeRawPointer
    }

    private static let made = Lock<MadeTable?>(nil)

    private static func make(
        _ name: String,
        _ version: String,
        _ verifiers: [any ModuleVerifier.Type],
        _ transformers: [any ModuleTransformer.Type]
    ) -> UnsafeRawPointer {
        let verifierTables = unsafe permanent(verifiers.map { unsafe VerifierTable.make($0) })
        let transformerTables = unsafe permanent(transformers.map { unsafe TransformerTable.make($0) })
        let table = UnsafeMutablePointer<mcp_auth_module>.allocate(capacity: 1)
        unsafe table.initialize(
            to: mcp_auth_module(
                magic: MCP_AUTH_MODULE_MAGIC,
                struct_size: UInt32(MemoryLayout<mcp_auth_module>.size),
                abi_major: MCP_AUTH_ABI_MAJOR,
                abi_minor: MCP_AUTH_ABI_MINOR,
                name: text(name),
                version: text(version),
                verifiers: verifierTables,
                transformers: transformerTables,
                verifier_count: verifiers.count,
                transformer_count: transformers.count
            )
        )
        return UnsafeRawPointer(table)
    }

    /// A copy of the array that is never freed; `nil` if it is empty.
    static func permanent<Element>(_ elements: [Element]) -> UnsafePointer<Element>? {
        guard !elements.isEmpty else { return nil }
        let place = UnsafeMutablePointer<Element>.allocate(capacity: elements.count)
        for (index, element) in elements.enumerated() { unsafe (place + index).initialize(to: element) }
        return unsafe UnsafePointer(place)
    }

    /// A C string that is never freed.
    static func text(_ text: String) -> UnsafePointer<CChar>? {
        unsafe permanent(Array(text.utf8CString))
    }
}
