// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import MCPAuthCore
import MCPAuthJSON
import MCPAuthPluginHost
import MCPAuthSigning

/// Modules compiled for a test, and verifiers made of them.
enum Modules {
    static let key = Array("0123456789abcdef0123456789abcdef".utf8)

    static func helloVerifier() throws -> PluginVerifier {
        try verifier(try library(hello), ["key": "demo", "scope": "read:notes"])
    }

    static func verifier(
        _ library: PluginLibrary,
        _ configuration: JSON = [:],
        log: @escaping @Sendable (Int32, String) -> Void = { _, _ in }
    ) throws -> PluginVerifier {
        try PluginVerifier(
            library: library,
            name: "test",
            configuration: configuration,
            issuer: "urn:example:hello",
            audience: "https://h.example/mcp",
            resource: "https://h.example/mcp",
            secrets: { ["demo": key, "short": Array(key.dropLast())][$0] },
            log: log
        )
    }

    static func library(_ path: String) throws -> PluginLibrary {
        try PluginLibrary(path: path, expectedSHA256: nil) { _ in "" }
    }

    static func token(_ client: String, _ expiry: Int) -> AccessToken {
        let signed = "\(client).\(expiry)"
        let hash = KeyedHash.hexadecimalSHA256(Array(signed.utf8), key: key)
        return AccessToken(bytes: Array("hello.\(signed).\(hash)".utf8))
    }

    /// hello.c compiled by hand, as `Plugins/README.md` says.
    static let hello: String = {
        let source = repository + "/Plugins/hello-c/hello.c"
        return (try? compileFile(source, libraries: ["-lcrypto"])) ?? "/cannot-compile"
    }()

    private static let repository = #filePath.replacingOccurrences(
        of: "/Tests/MCPAuthPluginHostTests/Modules.swift",
        with: ""
    )

    /// A small module whose table is changed in one place, or whose `verify` does what `body` says.
    static func compile(
        change: String = "",
        body: String = "",
        create: String = "",
        functions: String = "",
        source: String? = nil
    ) throws -> String {
        let source =
            source ?? """
                #include "mcp_auth_plugin.h"
                #include <string.h>
                static const mcp_auth_host *the_host;
                static inline void answer(uint64_t call, int32_t kind, const char *claims) {
                    mcp_auth_verdict verdict;
                    memset(&verdict, 0, sizeof verdict);
                    verdict.struct_size = sizeof verdict;
                    verdict.kind = kind;
                    verdict.claims_json.data = claims;
                    verdict.claims_json.length = strlen(claims);
                    the_host->complete(the_host, call, &verdict);
                }
                static int32_t create(const mcp_auth_host *host, const char *config, size_t length, void **instance) {
                    the_host = host; *instance = 0; (void)config; (void)length;
                    \(create)
                    return 0;
                }
                \(functions)
                static void destroy(void *instance) { (void)instance; }
                static void verify(void *instance, const mcp_auth_request *request, uint64_t call) {
                    (void)instance; (void)request; (void)call;
                    \(body)
                }
                static const mcp_auth_module module = { .magic = MCP_AUTH_MODULE_MAGIC, .struct_size = sizeof(mcp_auth_module),
                    .abi_major = 1, .flags = MCP_AUTH_MODULE_PURE | MCP_AUTH_MODULE_REENTRANT, .name = "test", .version = "1",
                    .config_schema_json = "{\\"properties\\":{}}", .create = create, .destroy = destroy, .verify = verify,
                    \(change) };
                const mcp_auth_module *mcp_auth_module_v1(void) { return &module; }
                """
        let path = NSTemporaryDirectory() + "/module-\(UUID().uuidString).c"
        try source.write(toFile: path, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(atPath: path) }
        return try compileFile(path, libraries: [])
    }

    private static func compileFile(_ source: String, libraries: [String]) throws -> String {
        let directory = NSTemporaryDirectory() + "/modules-\(UUID().uuidString)"
        let attributes: [FileAttributeKey: Any] = [.posixPermissions: 0o755]
        try FileManager.default.createDirectory(
            atPath: directory,
            withIntermediateDirectories: true,
            attributes: attributes
        )
        let output = directory + "/module.so"
        let compiler = Process()
        compiler.executableURL = URL(filePath: "/usr/bin/env")
        let include = repository + "/Sources/CMCPAuthPlugin/include"
        compiler.arguments =
            ["cc", "-std=c11", "-w", "-shared", "-fPIC", "-I", include, source, "-o", output] + libraries
        try compiler.run()
        compiler.waitUntilExit()
        guard compiler.terminationStatus == 0 else { throw ConfigurationError(.moduleRefused, "does not compile") }
        try FileManager.default.setAttributes(attributes, ofItemAtPath: output)
        return output
    }
}
