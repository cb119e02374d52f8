// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import CMCPAuthModule
package import MCPAuthCore

/// A loaded verifier module: its checked table, its name and its version.
// SAFETY: the table is constant data of a library that is never unloaded; it is checked in `init` and only read after.
@safe package final class ModuleLibrary: @unchecked Sendable {
    package let name: String
    /// The module's own version, for logs.
    package let version: String
    /// The SHA-256 of the bytes that were loaded, in lower-case hexadecimal.
    package let digest: String
    let module: UnsafePointer<mcp_auth_module>
    let schema: ModuleSchema

    /// Reads a file once and loads the bytes that were read.
    ///
    /// - Parameters:
    ///   - expectedSHA256: The pinned hash of the file, in hexadecimal.
    ///   - digest: Computes the SHA-256 of bytes, in lower-case hexadecimal.
    /// - Throws: ``ConfigurationError`` with the code `moduleRefused`.
    package init(path: String, expectedSHA256: String?, digest: ([UInt8]) -> String) throws(ConfigurationError) {
        let bytes = try ModuleFile(readingFrom: path).bytes
        let digest = digest(bytes)
        if let expectedSHA256, digest != expectedSHA256.lowercased() {
            throw Self.refused(path, "its SHA-256 is \(digest), not the pinned \(expectedSHA256.printable)")
        }
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
        guard let module = unsafe entryPoint() else { throw Self.refused(path, "`mcp_auth_module_v1` returns null") }
        if let reason = unsafe Self.fault(of: module) { throw Self.refused(path, reason) }
        do throws(ModuleSchema.Fault) {
            schema = try unsafe ModuleSchema(text: String(cString: module.pointee.config_schema_json))
        } catch {
            throw Self.refused(path, error.reason)
        }
        unsafe self.module = module
        self.digest = digest
        unsafe name = String(cString: module.pointee.name)
        unsafe version = String(cString: module.pointee.version)
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
        guard unsafe module.pointee.create != nil, unsafe module.pointee.destroy != nil,
            unsafe module.pointee.verify != nil, unsafe module.pointee.name != nil,
            unsafe module.pointee.version != nil, unsafe module.pointee.config_schema_json != nil
        else { return "its table has null members; only `cancel` and `validate` may be null" }
        let inline = MCP_AUTH_MODULE_PURE | MCP_AUTH_MODULE_REENTRANT
        guard unsafe module.pointee.flags & inline == inline else {
            return
                unsafe "its flags are \(module.pointee.flags); this version needs both PURE and REENTRANT"
        }
        return nil
    }

    static func refused(_ path: String, _ reason: String) -> ConfigurationError {
        ConfigurationError(.moduleRefused, "the module `\(path.printable)` is refused: \(reason)")
    }
}
