// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import MCPAuthCore
import MCPAuthJSON
import MCPAuthPluginHost
import Testing

@Suite struct PluginLibraryTests {
    @Test func `a mistake in the configuration is named`() throws {
        let library = try Modules.library(Modules.hello)
        let unknown = #expect(throws: ConfigurationError.self) {
            try Modules.verifier(library, ["kee": "k", "scope": "s"])
        }
        #expect(unknown?.message == "unknown key `kee` in `config`, did you mean `key`")
        let missing = #expect(throws: ConfigurationError.self) { try Modules.verifier(library, ["key": "k"]) }
        #expect(missing?.code == .missingKey)
        let noSecret = #expect(throws: ConfigurationError.self) {
            try Modules.verifier(library, ["key": "other", "scope": "s"])
        }
        #expect(noSecret?.code == .moduleRefused)
    }

    @Test func `a pinned hash must be that of the file`() throws {
        #expect(throws: ConfigurationError(.moduleRefused, "")) {
            try PluginLibrary(path: Modules.hello, expectedSHA256: "00") { _ in "11" }
        }
    }

    @Test(arguments: [
        ("wrong magic", ".magic = 1"), ("too short", ".struct_size = 8"), ("ABI 2", ".abi_major = 2"),
        ("PURE and REENTRANT", ".flags = MCP_AUTH_MODULE_PURE"),
        ("PURE and REENTRANT", ".flags = MCP_AUTH_MODULE_REENTRANT"), ("empty places", ".verify = NULL"),
    ])
    func `a table that is not right is refused with the reason`(reason: String, change: String) throws {
        let error = #expect(throws: ConfigurationError.self) {
            try Modules.library(try Modules.compile(change: change))
        }
        #expect(error?.code == .moduleRefused)
        #expect(error?.message.contains(reason) == true, "\(error?.message ?? "")")
    }

    @Test func `a file that others may write is refused`() throws {
        let path = try Modules.compile()
        try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: path)
        let error = #expect(throws: ConfigurationError.self) { try Modules.library(path) }
        #expect(error?.message.contains("writable by group or others") == true)
        #expect(throws: ConfigurationError(.moduleRefused, "")) { try Modules.library("/nonexistent.so") }
    }

    @Test func `the file with the pinned hash is loaded and says its name and version`() throws {
        let library = try PluginLibrary(path: Modules.hello, expectedSHA256: "AB") { _ in "ab" }
        #expect(library.name == "hello-c")
        #expect(library.version == "1.0.0")
    }

    @Test func `a library without the entry point is refused`() throws {
        let path = try Modules.compile(source: "int unrelated(void) { return 1; }")
        let error = #expect(throws: ConfigurationError.self) { try Modules.library(path) }
        #expect(error?.message.contains("exports no `mcp_auth_module_v1`") == true)
    }

    @Test func `an entry point that returns nothing is refused`() throws {
        let path = try Modules.compile(source: "void *mcp_auth_module_v1(void) { return 0; }")
        let error = #expect(throws: ConfigurationError.self) { try Modules.library(path) }
        #expect(error?.message.contains("returns nothing") == true)
    }

    @Test(arguments: [0o775, 0o757, 0o1777])
    func `a module in a directory that others may write is refused, sticky or not`(mode: Int) throws {
        let path = try Modules.compile()
        let directory = URL(filePath: path).deletingLastPathComponent().path
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: directory)
        let error = #expect(throws: ConfigurationError.self) { try Modules.library(path) }
        #expect(error?.message.contains("writable by group or others") == true)
    }

    @Test func `a directory is not a module`() throws {
        let directory = URL(filePath: try Modules.compile()).deletingLastPathComponent().path
        let error = #expect(throws: ConfigurationError.self) { try Modules.library(directory) }
        #expect(error?.message.contains("it is not a file") == true)
    }

    @Test func `a table that has grown is accepted`() throws {
        #expect(try Modules.library(try Modules.compile(change: ".struct_size = 4096")).name == "test")
    }

    @Test func `the error that a module logs while it is made is the reason`() throws {
        let library = try Modules.library(Modules.hello)
        let error = #expect(throws: ConfigurationError.self) {
            try Modules.verifier(library, ["key": "short", "scope": "s"])
        }
        #expect(error?.message.contains("32 to 256 bytes") == true)
    }

    @Test func `an unknown key far from every known one is answered with the known ones`() throws {
        let library = try Modules.library(Modules.hello)
        let error = #expect(throws: ConfigurationError.self) {
            try Modules.verifier(library, ["key": "demo", "scope": "s", "endpoint": "x"])
        }
        #expect(error?.message == "unknown key `endpoint` in `config`, expected one of `key`, `scope`")
    }

    @Test func `what validate reports first is the mistake`() throws {
        let functions = """
            static void validate(const char *config, size_t length, void *context,
                                 void (*report)(void *, mcp_auth_bytes, mcp_auth_bytes)) {
                (void)config; (void)length;
                mcp_auth_bytes pointer = { "/a", 2 }, first = { "too odd", 7 }, second = { "other", 5 };
                report(context, pointer, first);
                report(context, pointer, second);
            }
            """
        let library = try Modules.library(try Modules.compile(change: ".validate = validate", functions: functions))
        let error = #expect(throws: ConfigurationError.self) { try Modules.verifier(library) }
        #expect(error?.code == .invalidValue)
        #expect(error?.message == "`config/a`: too odd")
    }

    @Test func `create gets the whole configuration as JSON`() throws {
        let path = try Modules.compile(create: "return length == 2 && config[0] == '{' && config[1] == '}' ? 0 : 1;")
        _ = try Modules.verifier(try Modules.library(path))
    }
}
