// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import CMCPAuthPlugin
package import MCPAuthCore

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// A loaded verifier module: the one owner of a library handle and its table.
///
/// The handle is never closed: code that may still run on some thread must stay. New code needs a new process.
// SAFETY: the table is constant data of a library that is never unloaded; it is checked in `init` and only read after.
@safe package final class PluginLibrary: @unchecked Sendable {
    package let name: String
    /// The module's own version, for logs.
    package let version: String
    let module: UnsafePointer<mcp_auth_module>

    /// Loads and checks a library.
    ///
    /// - Parameters:
    ///   - expectedSHA256: The pinned hash of the file, in hexadecimal.
    ///   - digest: Gives the SHA-256 of bytes, in lower-case hexadecimal.
    /// - Throws: ``ConfigurationError`` with the code `moduleRefused`.
    package init(path: String, expectedSHA256: String?, digest: ([UInt8]) -> String) throws(ConfigurationError) {
        let path = try Self.checkedPath(path)
        if let expectedSHA256 {
            guard let bytes = Self.contents(of: path) else { throw Self.refused(path, "it cannot be read") }
            let actual = digest(bytes)
            guard actual == expectedSHA256.lowercased() else {
                throw Self.refused(path, "its SHA-256 is \(actual), not the pinned \(expectedSHA256.printable)")
            }
        }
        guard let handle = unsafe dlopen(path, RTLD_NOW | RTLD_LOCAL) else {
            let reason = unsafe dlerror().map { unsafe String(cString: $0) } ?? "no reason given"
            throw Self.refused(path, "it cannot be loaded: \(reason.printable)")
        }
        guard let symbol = unsafe dlsym(handle, "mcp_auth_module_v1") else {
            throw Self.refused(path, "it exports no `mcp_auth_module_v1`")
        }
        typealias EntryPoint = @convention(c) () -> UnsafePointer<mcp_auth_module>?
        let entryPoint = unsafe unsafeBitCast(symbol, to: EntryPoint.self)
        guard let module = unsafe entryPoint() else { throw Self.refused(path, "`mcp_auth_module_v1` returns nothing") }
        if let reason = unsafe Self.fault(of: module) { throw Self.refused(path, reason) }
        unsafe self.module = module
        unsafe name = String(cString: module.pointee.name)
        unsafe version = String(cString: module.pointee.version)
    }

    /// What is wrong with a table; members are looked at in the order that makes looking safe.
    private static func fault(of module: UnsafePointer<mcp_auth_module>) -> String? {
        guard unsafe module.pointee.magic == MCP_AUTH_MODULE_MAGIC else {
            return "its table has the wrong magic; build it with mcp_auth_plugin.h"
        }
        guard unsafe module.pointee.struct_size >= MCP_AUTH_MODULE_SIZE_1_0 else {
            return unsafe "its table is too short, \(module.pointee.struct_size) bytes of \(MCP_AUTH_MODULE_SIZE_1_0)"
        }
        guard unsafe module.pointee.abi_major == MCP_AUTH_ABI_MAJOR else {
            return unsafe "it was built for ABI \(module.pointee.abi_major), this program has \(MCP_AUTH_ABI_MAJOR)"
        }
        guard unsafe module.pointee.create != nil, unsafe module.pointee.destroy != nil,
            unsafe module.pointee.verify != nil, unsafe module.pointee.name != nil,
            unsafe module.pointee.version != nil, unsafe module.pointee.config_schema_json != nil
        else { return "its table has empty places; only `cancel` and `validate` may be null" }
        let inline = MCP_AUTH_MODULE_PURE | MCP_AUTH_MODULE_REENTRANT
        guard unsafe module.pointee.flags & inline == inline else {
            return
                unsafe "its flags are \(module.pointee.flags); this version needs both PURE and REENTRANT"
        }
        return nil
    }

    /// The real path, if nobody but its owner can have changed what is there.
    private static func checkedPath(_ path: String) throws(ConfigurationError) -> String {
        guard let resolved = unsafe realpath(path, nil) else { throw refused(path, "there is no such file") }
        defer { unsafe free(resolved) }
        let real = unsafe String(cString: resolved)
        let directory = real.lastIndex(of: "/").map { String(real[..<$0]) } ?? "."
        for place in [real, directory.isEmpty ? "/" : directory] {
            var status = stat()
            guard unsafe stat(place, &status) == 0 else { throw refused(path, "`\(place.printable)` cannot be read") }
            guard place != real || status.st_mode & S_IFMT == S_IFREG else { throw refused(path, "it is not a file") }
            guard status.st_mode & 0o022 == 0 else {
                throw refused(path, "`\(place.printable)` is writable by group or others; chmod go-w it")
            }
        }
        return real
    }

    private static func contents(of path: String) -> [UInt8]? {
        guard let file = unsafe fopen(path, "rb") else { return nil }
        defer { unsafe fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 * 1024)
        while true {
            let count = unsafe fread(&buffer, 1, buffer.count, file)
            guard count > 0 else { return bytes }
            bytes += buffer.prefix(count)
        }
    }

    private static func refused(_ path: String, _ reason: String) -> ConfigurationError {
        ConfigurationError(.moduleRefused, "the module `\(path.printable)` is refused: \(reason)")
    }
}
