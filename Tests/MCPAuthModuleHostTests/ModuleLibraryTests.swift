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
        let bytes = [UInt8](try #require(FileManager.default.contents(atPath: Modules.hmac)))
        let hash = Digest.hexadecimalSHA256(bytes)
        for pin in [hash, hash.uppercased()] {
            let library = try Modules.library(Modules.hmac, pin: pin)
            #expect(library.name == "hmac-token-c")
            #expect(library.version == "1.0.0")
            #expect(library.digest == hash)
        }
    }

    @Test func `a pinned hash must be the complete hash of the file`() throws {
        let hash = try Modules.library(Modules.hmac).digest
        for pin in ["", "00", String(hash.dropLast()), hash + "0", String(hash.reversed())] {
            let error = #expect(throws: ConfigurationError.self) { try Modules.library(Modules.hmac, pin: pin) }
            #expect(error?.code == .moduleRefused)
            #expect(error?.message.contains("its SHA-256 is \(hash), not the pinned") == true)
        }
    }

    @Test(arguments: [
        ("wrong magic", ".magic = 1"), ("too short", ".struct_size = 8"), ("too short", ".struct_size = 63"),
        ("ABI 2", ".abi_major = 2"), ("ABI 0", ".abi_major = 0"), ("no name or no version", ".name = NULL"),
        ("no name or no version", ".version = NULL"), ("offers no verifier", ".verifier_count = 0"),
        ("more than 64", ".verifier_count = 65"), ("more than 64", ".verifier_count = SIZE_MAX"),
        ("is null", ".verifiers = NULL"), ("is null", ".transformer_count = 1"),
        ("a verifier is null", ".verifiers = verifiers + 1"),
    ])
    func `an invalid module table is refused with the reason`(reason: String, change: String) throws {
        Self.expectRefused(try Modules.compile(table: change), reason)
    }

    @Test(arguments: [
        ("too short", ".struct_size = 71"), ("null members", ".verify = NULL"), ("null members", ".create = NULL"),
        ("null members", ".destroy = NULL"), ("null members", ".name = NULL"),
        ("null members", ".config_schema_json = NULL"),
        ("`request_fields` has `X-A`", #".request_fields = (const char *const[]){ "x-b", "X-A", NULL }"#),
        ("`request_fields` has `cookie`", #".request_fields = (const char *const[]){ "cookie", NULL }"#),
        ("`request_fields` has `authorization`", #".request_fields = (const char *const[]){ "authorization", NULL }"#),
    ])
    func `an invalid table of a verifier is refused with the reason`(reason: String, change: String) throws {
        Self.expectRefused(try Modules.compile(change: change), reason)
    }

    private static func expectRefused(_ path: String, _ reason: String) {
        let error = #expect(throws: ConfigurationError.self) { try Modules.library(path) }
        #expect(error?.code == .moduleRefused)
        #expect(error?.message.contains(reason) == true, "\(error?.message ?? "")")
    }

    @Test(arguments: [".struct_size = 64", ".struct_size = 4096", ".abi_minor = 7"])
    func `a larger table, or one of a later minor version, is accepted`(change: String) throws {
        #expect(try Modules.library(try Modules.compile(table: change)).name == "test")
    }

    @Test(arguments: [".struct_size = 72", ".struct_size = 4096", ".flags = 0", ".flags = 0xFFF0"])
    func `a larger table of a verifier, or one with other flags, is accepted`(change: String) throws {
        #expect(try Modules.library(try Modules.compile(change: change)).components.map(\.name) == ["test"])
    }

    @Test func `a library may offer several verifiers, and one must be named`() throws {
        let functions = "static const mcp_auth_verifier *const two[2];"
        let path = try Modules.compile(
            table: ".verifiers = two, .verifier_count = 2",
            functions: functions,
            after: """
                static const mcp_auth_verifier other = { .struct_size = sizeof(mcp_auth_verifier), .name = "other",
                    .config_schema_json = "{}", .create = create, .destroy = destroy, .verify = verify };
                static const mcp_auth_verifier *const two[2] = { &verifier, &other };
                """
        )
        let library = try Modules.library(path)
        #expect(try library.component(.verifier, named: "other").name == "other")
        for (name, kind) in [(nil, ModuleComponent.Kind.verifier), ("third", .verifier), (nil, .transformer)] {
            let error = #expect(throws: ConfigurationError.self) { try library.component(kind, named: name) }
            #expect(error?.message.contains(kind == .verifier ? "it has `test`, `other`" : "it has none") == true)
        }
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
        try Modules.compile(table: #".name = "\#(name)""#)
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
        #expect(Set(libraries.map { $0.components[0].table }).count == 1)
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

extension HostedVerifier {
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
