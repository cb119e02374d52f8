// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import HTTPTypes
import MCPAuthCore
import MCPAuthJOSE
import MCPAuthJSON
import TestSupport
import Testing

@testable import MCPAuthModuleHost

@Suite struct ModuleLibraryTests {
    @Test func `a file with the pinned hash is loaded and has its name and version`() throws {
        let bytes = [UInt8](try #require(FileManager.default.contents(atPath: Modules.hello)))
        let hash = Digest.hexadecimalSHA256(bytes)
        for pin in [hash, hash.uppercased()] {
            let library = try Modules.library(Modules.hello, pin: pin)
            #expect(library.name == "hello-c")
            #expect(library.version == "1.0.0")
            #expect(library.digest == hash)
        }
    }

    @Test func `a pinned hash must be the complete hash of the file`() throws {
        let hash = try Modules.library(Modules.hello).digest
        for pin in ["", "00", String(hash.dropLast()), hash + "0", String(hash.reversed())] {
            let error = #expect(throws: ConfigurationError.self) { try Modules.library(Modules.hello, pin: pin) }
            #expect(error?.code == .moduleRefused)
            #expect(error?.message.contains("its SHA-256 is \(hash), not the pinned") == true)
        }
    }

    @Test(arguments: [
        ("wrong magic", ".magic = 1"), ("too short", ".struct_size = 8"), ("too short", ".struct_size = 87"),
        ("ABI 2", ".abi_major = 2"), ("ABI 0", ".abi_major = 0"), ("PURE and REENTRANT", ".flags = 0"),
        ("PURE and REENTRANT", ".flags = MCP_AUTH_MODULE_PURE"),
        ("PURE and REENTRANT", ".flags = MCP_AUTH_MODULE_REENTRANT"), ("null members", ".verify = NULL"),
        ("null members", ".create = NULL"), ("null members", ".destroy = NULL"), ("null members", ".name = NULL"),
        ("null members", ".version = NULL"), ("null members", ".config_schema_json = NULL"),
    ])
    func `an invalid module table is refused with the reason`(reason: String, change: String) throws {
        let error = #expect(throws: ConfigurationError.self) {
            try Modules.library(try Modules.compile(change: change))
        }
        #expect(error?.code == .moduleRefused)
        #expect(error?.message.contains(reason) == true, "\(error?.message ?? "")")
    }

    @Test(arguments: [".struct_size = 88", ".struct_size = 4096", ".abi_minor = 7", ".flags = 0xFF"])
    func `a larger table, or one of a later minor version, is accepted`(change: String) throws {
        #expect(try Modules.library(try Modules.compile(change: change)).name == "test")
    }

    @Test func `a library without the entry point is refused`() throws {
        let path = try Modules.compile(source: "int unrelated(void) { return 1; }")
        let error = #expect(throws: ConfigurationError.self) { try Modules.library(path) }
        #expect(error?.message.contains("exports no `mcp_auth_module_v1`") == true)
    }

    @Test func `an entry point that returns nothing is refused`() throws {
        let path = try Modules.compile(source: "void *mcp_auth_module_v1(void) { return 0; }")
        let error = #expect(throws: ConfigurationError.self) { try Modules.library(path) }
        #expect(error?.message.contains("returns null") == true)
    }

    @Test func `a file that is not a library is refused with its path`() throws {
        for contents in ["", "#!/bin/sh\n"] {
            let path = try Modules.directory() + "/module.so"
            try contents.write(toFile: path, atomically: false, encoding: .utf8)
            let error = #expect(throws: ConfigurationError.self) { try Modules.library(path) }
            #expect(error?.message.contains("it cannot be loaded: \(path)") == true, "\(error?.message ?? "")")
        }
    }
}

/// The bytes that were read are the bytes that are loaded.
@Suite struct ModuleImageTests {
    private static func module(_ name: String) throws -> String {
        try Modules.compile(change: #".name = "\#(name)""#)
    }

    @Test(arguments: [false, true])
    func `a replaced file is another module, and the earlier one keeps running`(inPlace: Bool) async throws {
        let verdict = { (kind: String) in try Modules.compile(body: "answer(call, MCP_AUTH_VERDICT_\(kind), \"\");") }
        let path = try verdict("REJECT")
        let before = try Modules.verifier(try Modules.library(path))
        let replacement = try #require(FileManager.default.contents(atPath: try verdict("NOT_MINE")))
        if inPlace {
            let file = try #require(FileHandle(forWritingAtPath: path))
            try file.truncate(atOffset: 0)
            try file.write(contentsOf: replacement)
            try file.close()
        } else {
            try FileManager.default.removeItem(atPath: path)
            try replacement.write(to: URL(filePath: path))
        }
        let after = try Modules.verifier(try Modules.library(path))
        for _ in 0..<2 {
            guard case .rejected = await before.ask() else {
                Issue.record("the module before is another one")
                return
            }
            guard case .notMine = await after.ask() else {
                Issue.record("the module after is the one before")
                return
            }
        }
    }

    @Test func `each version of a file under one path is a separate module`() throws {
        let path = try Modules.directory() + "/module.so"
        for number in 0..<5 {
            let contents = try #require(FileManager.default.contents(atPath: try Self.module("v\(number)")))
            try contents.write(to: URL(filePath: path))
            #expect(try Modules.library(path).name == "v\(number)")
        }
    }

    @Test func `the same bytes are loaded once, whatever their path`() throws {
        let path = try Self.module("once")
        let copy = try Modules.directory() + "/copy.so"
        try FileManager.default.copyItem(atPath: path, toPath: copy)
        let libraries = try [path, path, copy].map { try Modules.library($0) }
        let isSame = libraries.allSatisfy { unsafe $0.module == libraries[0].module }
        #expect(isSame)
    }

    @Test func `a library that needs another one next to it is refused with advice`() throws {
        let other = try Modules.compile(source: "int other(void) { return 1; }")
        let directory = URL(filePath: other).deletingLastPathComponent().path
        let path = try Modules.compile(
            source: "int other(void); void *mcp_auth_module_v1(void) { return other() ? 0 : 0; }",
            options: ["-L\(directory)", "-l:module.so", "-Wl,-rpath,$ORIGIN"]
        )
        try FileManager.default.copyItem(atPath: other, toPath: path.replacing("module.so", with: "other.so"))
        let error = #expect(throws: ConfigurationError.self) { try Modules.library(path) }
        #expect(error?.message.contains("it is loaded from a copy") == true, "\(error?.message ?? "")")
    }
}

extension ModuleVerifier {
    /// The verdict about a token, at the time that all these tests use.
    func ask(_ token: [UInt8] = [1], now: NumericDate = NumericDate(1_795_425_000)) async -> TokenVerdict {
        let request = ProtectedResourceRequest(
            method: .post,
            authority: "h.example",
            path: "/mcp",
            credentials: .none
        )
        return await verify(AccessToken(bytes: token), of: request, now: now)
    }
}
