// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import MCPAuthConcurrency
import MCPAuthCore
import MCPAuthJOSE
import MCPAuthJSON
import MCPAuthSigning

@testable import MCPAuthModuleHost

/// Modules compiled for a test, and verifiers made from them.
enum Modules {
    static let key = Array("0123456789abcdef0123456789abcdef".utf8)

    static func hmacVerifier() throws -> HostedVerifier {
        try verifier(try library(hmac), ["key": "demo", "scope": "read:notes"])
    }

    static func verifier(
        _ library: ModuleLibrary,
        _ configuration: JSON = [:],
        hosts: [String] = [],
        limits: ModuleLimits = ModuleLimits(),
        events: Events = Events()
    ) throws -> HostedVerifier {
        try HostedVerifier(
            name: "test",
            configuration: ModuleConfiguration(
                configuration,
                of: library.component(.verifier, named: nil),
                limits: limits
            ) { $0.hasPrefix("/") ? $0 : "/etc/mcp/" + $0 },
            issuer: "urn:example:hello",
            resource: ResourceIdentifier("https://h.example/mcp"),
            hosts: hosts,
            limits: limits,
            secrets: ["demo": key, "token": key, "short": Array(key.dropLast())],
            onEvent: events.add
        )
    }

    /// A verifier with a small module whose `verify` has this body.
    static func verifier(
        body: String,
        flags: String = pure,
        functions: String = "",
        hosts: [String] = [],
        limits: ModuleLimits = ModuleLimits(),
        events: Events = Events()
    ) throws -> HostedVerifier {
        let library = try library(try compile(change: ".flags = \(flags)", body: body, functions: functions))
        return try verifier(library, hosts: hosts, limits: limits, events: events)
    }

    static let pure = "MCP_AUTH_VERIFIER_PURE | MCP_AUTH_VERIFIER_REENTRANT"
    static let reentrant = "MCP_AUTH_VERIFIER_REENTRANT"

    /// Whether these tests run modules in processes of their own; `scripts/test.sh` runs them both ways.
    static let areIsolated = ProcessInfo.processInfo.environment["MCPAUTH_ISOLATED_MODULES"] == "1"

    static func library(_ path: String, pin: String? = nil, isolated: Bool = areIsolated) throws -> ModuleLibrary {
        if isolated {
            return try ModuleLibrary(isolating: path, expectedSHA256: pin, digest: Digest.hexadecimalSHA256)
        }
        return try ModuleLibrary(path: path, expectedSHA256: pin, digest: Digest.hexadecimalSHA256)
    }

    static func token(_ client: String, _ expiry: Int) -> AccessToken {
        let signed = "\(client).\(expiry)"
        let hash = KeyedHash.hexadecimalSHA256(Array(signed.utf8), key: key)
        return AccessToken(bytes: Array("hmac.\(signed).\(hash)".utf8))
    }

    /// hmac_token.c, compiled by hand as `Plugins/README.md` describes.
    static let hmac: String = {
        let source = repository + "/Plugins/hmac-token-c/hmac_token.c"
        return (try? compileFile(source, options: ["-lcrypto"])) ?? "/cannot-compile"
    }()

    /// hello.c, compiled by hand.
    static func hello() throws -> String {
        try compileFile(repository + "/Plugins/hello-c/hello.c", options: [])
    }

    /// tenant_claims.c, compiled by hand.
    static func tenantClaims() throws -> String {
        try compileFile(repository + "/Plugins/tenant-claims-c/tenant_claims.c", options: ["-ljansson"])
    }

    private static let repository = #filePath.replacingOccurrences(
        of: "/Tests/MCPAuthModuleHostTests/Modules.swift",
        with: ""
    )

    /// A small module with one verifier, whose table has this `change`, and whose `verify` has this body; `table` is a
    /// change of the table of the module.
    ///
    /// Modules with the same text share one image, so they must keep no instance data in global variables.
    static func compile(
        change: String = "",
        table: String = "",
        schema: String = #"{"properties":{}}"#,
        body: String = "",
        create: String = "",
        destroy: String = "",
        functions: String = "",
        after: String = "",
        source: String? = nil,
        options: [String] = []
    ) throws -> String {
        let source =
            source ?? """
                #define _GNU_SOURCE
                #include "mcp_auth_module.h"
                #include <signal.h>
                #include <stdio.h>
                #include <stdlib.h>
                #include <string.h>
                #include <unistd.h>
                #define answer(call, kind, claims) give(the_host, call, kind, claims)
                static inline mcp_auth_verdict a_verdict(int32_t kind, const char *claims) {
                    mcp_auth_verdict verdict;
                    memset(&verdict, 0, sizeof verdict);
                    verdict.struct_size = sizeof verdict;
                    verdict.kind = kind;
                    verdict.claims_json.data = claims;
                    verdict.claims_json.length = strlen(claims);
                    return verdict;
                }
                static inline void give(const mcp_auth_host *host, uint64_t call, int32_t kind, const char *claims) {
                    mcp_auth_verdict verdict = a_verdict(kind, claims);
                    host->complete(host, call, &verdict);
                }
                /* The path of the configuration's member with this name. */
                static inline char *path_of(const mcp_auth_host *host, const char *name) {
                    static _Thread_local char path[1024];
                    int64_t length = host->config_string(host, (mcp_auth_bytes){ name, strlen(name) }, path, 1023);
                    path[length < 0 ? 0 : length] = 0;
                    return path;
                }
                static inline void note(const mcp_auth_host *host, const char *name, const char *line) {
                    FILE *file = fopen(path_of(host, name), "a");
                    if (file != NULL) { fprintf(file, "%s\\n", line); fclose(file); }
                }
                static inline void wait_for(const mcp_auth_host *host, const char *name) {
                    while (access(path_of(host, name), F_OK) != 0) usleep(1000);
                }
                \(functions)
                static int32_t create(const mcp_auth_host *host, const char *config, size_t length, void **instance) {
                    const mcp_auth_host *the_host = host;
                    *instance = (void *)host; (void)config; (void)length; (void)the_host;
                    \(create)
                    return 0;
                }
                static void destroy(void *instance) {
                    const mcp_auth_host *the_host = instance; (void)the_host;
                    \(destroy)
                }
                static void verify(void *instance, const mcp_auth_request *request, uint64_t call) {
                    const mcp_auth_host *the_host = instance;
                    (void)the_host; (void)request; (void)call;
                    \(body)
                }
                static const mcp_auth_verifier verifier = { .struct_size = sizeof(mcp_auth_verifier),
                    .flags = MCP_AUTH_VERIFIER_PURE | MCP_AUTH_VERIFIER_REENTRANT, .name = "test",
                    .config_schema_json = \(literal(schema)), .create = create, .destroy = destroy, .verify = verify,
                    \(change) };
                static const mcp_auth_verifier *const verifiers[] = { &verifier, NULL };
                \(after)
                static const mcp_auth_module module = { .magic = MCP_AUTH_MODULE_MAGIC,
                    .struct_size = sizeof(mcp_auth_module), .abi_major = 1, .name = "test", .version = "1",
                    .verifiers = verifiers, .verifier_count = 1, \(table) };
                const mcp_auth_module *mcp_auth_module_v1(void) { return &module; }
                """
        let path = try directory() + "/module.c"
        try source.write(toFile: path, atomically: true, encoding: .utf8)
        return try compileFile(path, options: options)
    }

    /// The text as a C string literal.
    static func literal(_ text: String) -> String {
        "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n") + "\""
    }

    /// Where all files of these tests are, until the process ends.
    private static let base: String = {
        atexit { try? FileManager.default.removeItem(atPath: Modules.base) }
        let base = FileManager.default.temporaryDirectory.path + "/modules-\(UUID().uuidString)"
        try? FileManager.default.createDirectory(
            atPath: base,
            withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o755]
        )
        return base
    }()

    /// A new directory that only its owner may write.
    static func directory() throws -> String {
        let directory = base + "/\(UUID().uuidString)"
        try FileManager.default.createDirectory(
            atPath: directory,
            withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o755]
        )
        return directory
    }

    private static func compileFile(_ source: String, options: [String]) throws -> String {
        let output = try directory() + "/module.so"
        let compiler = Process()
        compiler.executableURL = URL(filePath: "/usr/bin/env")
        let include = repository + "/Sources/CMCPAuthModule/include"
        compiler.arguments =
            ["cc", "-std=c11", "-w", "-shared", "-fPIC", "-I", include, source, "-o", output] + options
        try compiler.run()
        compiler.waitUntilExit()
        guard compiler.terminationStatus == 0 else { throw ConfigurationError(.moduleRefused, "does not compile") }
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: output)
        return output
    }
}

extension ModuleComponent {
    /// Where the table of a verifier in this process is.
    var table: UInt? {
        guard case .thisProcess(let functions) = home else { return nil }
        return unsafe functions.verifier.map { UInt(bitPattern: $0) }
    }
}

/// The events that were reported.
final class Events: Sendable {
    private let list = Lock<[EngineEvent]>([])

    var all: [EngineEvent] { list.withLock { $0 } }

    @Sendable func add(_ event: EngineEvent) {
        list.withLock { $0.append(event) }
    }
}

/// A file for which a module waits, and one to which it writes what it does.
struct Gate {
    let path: String
    let journal: String

    /// The schema of a module that uses both.
    static let schema = """
        {"properties":{"gate":{"type":"string"},"journal":{"type":"string"}}}
        """

    init() throws {
        let directory = try Modules.directory()
        path = directory + "/gate"
        journal = directory + "/journal"
    }

    var configuration: JSON { ["gate": .string(path), "journal": .string(journal)] }

    func open() {
        _ = FileManager.default.createFile(atPath: path, contents: nil)
    }

    /// The lines that were written.
    var lines: [String] {
        let text = FileManager.default.contents(atPath: journal).map { String(decoding: $0, as: UTF8.self) } ?? ""
        return text.split(separator: "\n").map(String.init)
    }

    /// Waits until this many lines were written.
    func waitForLines(_ count: Int) async throws {
        while lines.count < count { try await Task.sleep(for: .milliseconds(2)) }
    }
}
