// swift-tools-version:6.2
import PackageDescription

/// The settings of every Swift target of this package; a warning is an error.
let shared: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
]

/// Sources also mark every use of an unsafe construct, so that each one can be found and reviewed.
let strict = shared + [.strictMemorySafety()]

/// A library target in `Sources/` with the shared settings.
func library(
    _ name: String,
    _ dependencies: [Target.Dependency] = [],
    exclude: [String] = [],
    resources: [Resource]? = nil
) -> Target {
    .target(name: name, dependencies: dependencies, exclude: exclude, resources: resources, swiftSettings: strict)
}

/// A test target in `Tests/` with the shared settings, without the marks of unsafe constructs.
func tests(_ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []) -> Target {
    .testTarget(
        name: name,
        dependencies: dependencies,
        exclude: exclude,
        swiftSettings: shared
    )
}

/// A product of another package that is fetched and built only when one of `traits` is enabled.
func product(_ name: String, _ package: String, _ traits: String...) -> Target.Dependency {
    .product(name: name, package: package, condition: traits.isEmpty ? nil : .when(traits: Set(traits)))
}

let httpTypes = product("HTTPTypes", "swift-http-types")

let package = Package(
    name: "swift-mcp-auth",
    platforms: [.macOS(.v15)],
    products: [
        .library(name: "MCPAuth", targets: ["MCPAuth"]),
        .library(name: "MCPAuthCore", targets: ["MCPAuthCore"]),
        .library(name: "MCPAuthHTTP", targets: ["MCPAuthHTTP"]),
        .library(name: "MCPAuthHummingbird", targets: ["MCPAuthHummingbird"]),
        .library(name: "MCPAuthFlyingFox", targets: ["MCPAuthFlyingFox"]),
        .library(name: "MCPAuthNIO", targets: ["MCPAuthNIO"]),
        .library(name: "MCPAuthGRPC", targets: ["MCPAuthGRPC"]),
        .library(name: "MCPAuthModule", targets: ["MCPAuthModule"]),
        .library(name: "MCPAuthTesting", targets: ["MCPAuthTesting"]),
        .library(name: "MCPAuthAPIKeys", targets: ["MCPAuthAPIKeys"]),
        .library(name: "hmac-token-c", type: .dynamic, targets: ["HMACTokenC"]),
        .library(name: "api-key", type: .dynamic, targets: ["APIKeyModule"]),
        .library(name: "github-token", type: .dynamic, targets: ["GitHubTokenModule"]),
        .library(name: "edge-identity", type: .dynamic, targets: ["EdgeIdentityModule"]),
        .library(name: "static-token", type: .dynamic, targets: ["StaticTokenModule"]),
        .plugin(name: "MCPAuthPolicyCheck", targets: ["MCPAuthPolicyCheck"]),
        .executable(name: "mcp-auth", targets: ["mcp-auth"]),
        .executable(name: "mcp-auth-dev", targets: ["mcp-auth-dev"]),
        .executable(name: "mcp-auth-module", targets: ["mcp-auth-module"]),
    ],
    traits: [
        .trait(name: "AsyncHTTPClient", description: "Fetches metadata, keys and introspection with async-http-client"),
        .trait(
            name: "Hummingbird",
            description: "The adapter for Hummingbird 2",
            enabledTraits: ["AsyncHTTPClient", "NIO"]
        ),
        .trait(name: "FlyingFox", description: "The adapter for FlyingFox", enabledTraits: ["AsyncHTTPClient"]),
        .trait(name: "NIO", description: "The channel handler for SwiftNIO", enabledTraits: ["AsyncHTTPClient"]),
        .trait(name: "GRPC", description: "The interceptor for grpc-swift 2", enabledTraits: ["AsyncHTTPClient"]),
        .trait(name: "Server", description: "The server of mcp-auth serve", enabledTraits: ["NIO"]),
        .trait(
            name: "Programs",
            description: "The mcp-auth and mcp-auth-dev programs",
            enabledTraits: ["AsyncHTTPClient", "Hummingbird", "FlyingFox", "Server"]
        ),
        .default(enabledTraits: []),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0", traits: []),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
        .package(url: "https://github.com/swhitty/FlyingFox", from: "0.27.1"),
        .package(url: "https://github.com/grpc/grpc-swift-2", from: "2.4.3"),
        .package(url: "https://github.com/grpc/grpc-swift-nio-transport", from: "2.9.2"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-distributed-tracing", from: "1.7.3"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
        .package(url: "https://github.com/apple/swift-nio-http2", from: "1.46.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        .systemLibrary(
            name: "CJansson",
            pkgConfig: "jansson",
            providers: [.apt(["libjansson-dev"]), .brew(["jansson"])]
        ),
        .systemLibrary(
            name: "COpenSSL",
            pkgConfig: "libcrypto",
            providers: [.apt(["libssl-dev"]), .brew(["openssl@3"])]
        ),
        .target(name: "CMCPAuthModule"),

        .target(name: "CMCPAuthSystem"),
        library("MCPAuthConcurrency"),
        library("MCPAuthJSON", ["CJansson"]),
        library("MCPAuthJOSE", ["COpenSSL", "MCPAuthJSON", "MCPAuthConcurrency"]),
        library("MCPAuthCore", ["MCPAuthJSON", "MCPAuthConcurrency", httpTypes]),
        library("MCPAuthPolicy", ["MCPAuthCore", "MCPAuthJSON"]),
        library("MCPAuthPolicyTools", ["MCPAuthCore", "MCPAuthJSON", "MCPAuthPolicy", httpTypes]),
        library(
            "MCPAuthVerification",
            ["MCPAuthCore", "MCPAuthJOSE", "MCPAuthJSON", "MCPAuthConcurrency", "MCPAuthSigning"]
        ),
        library(
            "MCPAuthModuleHost",
            ["CMCPAuthModule", "CMCPAuthSystem", "MCPAuthCore", "MCPAuthJSON", "MCPAuthConcurrency", httpTypes]
        ),
        library("MCPAuthModule", ["CMCPAuthModule", "MCPAuthConcurrency", "MCPAuthCore", "MCPAuthJSON", httpTypes]),
        library("MCPAuthHTTP", ["MCPAuthConcurrency", "MCPAuthCore", "MCPAuthJSON", httpTypes]),
        library(
            "MCPAuth",
            [
                "MCPAuthCore", "MCPAuthHTTP", "MCPAuthJOSE", "MCPAuthJSON", "MCPAuthConcurrency", "MCPAuthModuleHost",
                "MCPAuthPolicy", "MCPAuthPolicyTools", "MCPAuthSigning", "MCPAuthVerification", httpTypes,
                product("Logging", "swift-log"),
                product("AsyncHTTPClient", "async-http-client", "AsyncHTTPClient"),
                product("NIOCore", "swift-nio", "AsyncHTTPClient"), product("NIOHTTP1", "swift-nio", "AsyncHTTPClient"),
                product("NIOPosix", "swift-nio", "AsyncHTTPClient"),
                product("NIOSSL", "swift-nio-ssl", "AsyncHTTPClient"),
            ],
            resources: [.embedInCode("Providers")]
        ),
        library(
            "MCPAuthHummingbird",
            [
                "MCPAuth", "MCPAuthHTTP", "MCPAuthNIO", httpTypes,
                product("Hummingbird", "hummingbird", "Hummingbird"),
                product("HummingbirdCore", "hummingbird", "Hummingbird"),
                product("Logging", "swift-log", "Hummingbird"), product("NIOCore", "swift-nio", "Hummingbird"),
                product("NIOHTTPTypes", "swift-nio-extras", "Hummingbird"),
            ]
        ),
        library(
            "MCPAuthFlyingFox",
            [
                "MCPAuth", "MCPAuthHTTP", httpTypes, product("FlyingFox", "FlyingFox", "FlyingFox"),
                product("FlyingSocks", "FlyingFox", "FlyingFox"),
            ]
        ),

        library(
            "MCPAuthNIO",
            [
                "MCPAuth", "MCPAuthCore", "MCPAuthHTTP", "MCPAuthJSON", httpTypes,
                product("NIOCore", "swift-nio", "NIO"),
                product("NIOHTTP1", "swift-nio", "NIO"),
                product("NIOHTTPTypes", "swift-nio-extras", "NIO"),
                product("NIOHTTPTypesHTTP1", "swift-nio-extras", "NIO"),
            ]
        ),
        library(
            "MCPAuthGRPC",
            ["MCPAuth", "MCPAuthCore", "MCPAuthHTTP", httpTypes, product("GRPCCore", "grpc-swift-2", "GRPC")]
        ),

        library(
            "MCPAuthServer",
            [
                "CMCPAuthSystem", "MCPAuth", "MCPAuthCore", "MCPAuthHTTP", "MCPAuthJSON", "MCPAuthConcurrency",
                "MCPAuthNIO",
                "MCPAuthSigning", "MCPAuthVerification", httpTypes,
                product("NIOCore", "swift-nio", "Server"), product("NIOPosix", "swift-nio", "Server"),
                product("NIOHTTP1", "swift-nio", "Server"),
                product("NIOHTTP2", "swift-nio-http2", "Server"), product("NIOSSL", "swift-nio-ssl", "Server"),
                product("GRPCCore", "grpc-swift-2", "Server"),
                product("GRPCNIOTransportHTTP2Posix", "grpc-swift-nio-transport", "Server"),
                product("NIOHTTPTypes", "swift-nio-extras", "Server"),
                product("NIOHTTPTypesHTTP2", "swift-nio-extras", "Server"),
                product("ServiceLifecycle", "swift-service-lifecycle", "Server"),
                product("CoreMetrics", "swift-metrics", "Server"), product("Logging", "swift-log", "Server"),
                product("Tracing", "swift-distributed-tracing", "Server"),
            ]
        ),

        library("MCPAuthSigning", ["COpenSSL", "MCPAuthJOSE", "MCPAuthJSON"]),
        library(
            "MCPAuthTesting",
            [
                "MCPAuth", "MCPAuthCore", "MCPAuthHTTP", "MCPAuthJOSE", "MCPAuthJSON", "MCPAuthConcurrency",
                "MCPAuthPolicy",
                "MCPAuthPolicyTools",
                "MCPAuthSigning", httpTypes,
            ]
        ),
        library(
            "MCPAuthDevIssuer",
            [
                "MCPAuthJOSE", "MCPAuthJSON", "MCPAuthSigning", product("FlyingFox", "FlyingFox", "FlyingFox"),
                product("FlyingSocks", "FlyingFox", "FlyingFox"),
            ]
        ),
        .executableTarget(
            name: "mcp-auth",
            dependencies: [
                "CMCPAuthSystem", "MCPAuth", "MCPAuthAPIKeys", "MCPAuthConcurrency", "MCPAuthCore", "MCPAuthJOSE",
                "MCPAuthJSON", "MCPAuthModuleHost", "MCPAuthPolicy", "MCPAuthPolicyTools", "MCPAuthServer",
                "MCPAuthVerification",
                httpTypes,
                product("ArgumentParser", "swift-argument-parser", "Programs"),
                product("AsyncHTTPClient", "async-http-client", "AsyncHTTPClient"),
                product("Logging", "swift-log", "Programs"), product("Metrics", "swift-metrics", "Programs"),
                product("NIOCore", "swift-nio", "Programs"), product("NIOHTTP1", "swift-nio", "Programs"),
                product("ServiceLifecycle", "swift-service-lifecycle", "Programs"),
                product("UnixSignals", "swift-service-lifecycle", "Programs"),
            ],
            resources: [.embedInCode("Templates")],
            swiftSettings: strict
        ),
        .executableTarget(
            name: "mcp-auth-module",
            dependencies: ["MCPAuthJOSE", "MCPAuthModuleHost"],
            swiftSettings: strict
        ),
        .executableTarget(
            name: "mcp-auth-dev",
            dependencies: [
                "MCPAuth", "MCPAuthCore", "MCPAuthDevIssuer", "MCPAuthHummingbird", "MCPAuthJOSE", "MCPAuthJSON",
                "MCPAuthSigning", httpTypes,
                product("ArgumentParser", "swift-argument-parser", "Programs"),
                product("AsyncHTTPClient", "async-http-client", "AsyncHTTPClient"),
                product("Hummingbird", "hummingbird", "Hummingbird"),
                product("Logging", "swift-log", "Programs"), product("NIOCore", "swift-nio", "Programs"),
                product("NIOHTTP1", "swift-nio", "Programs"),
                product("ServiceLifecycle", "swift-service-lifecycle", "Programs"),
            ],
            swiftSettings: strict
        ),
        .executableTarget(
            name: "mcp-auth-policy-check",
            dependencies: ["MCPAuthCore", "MCPAuthJSON", "MCPAuthPolicy", "MCPAuthPolicyTools"],
            swiftSettings: strict
        ),
        // In Sources, since Plugins has the verifier modules.
        .plugin(
            name: "MCPAuthPolicyCheck",
            capability: .buildTool(),
            dependencies: ["mcp-auth-policy-check"],
            path: "Sources/MCPAuthPolicyCheck"
        ),
        .target(
            name: "HMACTokenC",
            dependencies: ["CMCPAuthModule", "COpenSSL"],
            path: "Plugins/hmac-token-c",
            exclude: ["README.md"],
            publicHeadersPath: "."
        ),

        library("MCPAuthAPIKeys", ["MCPAuthConcurrency", "MCPAuthCore", "MCPAuthJOSE", "MCPAuthJSON"]),
        .target(
            name: "APIKeyModule",
            dependencies: ["MCPAuthAPIKeys", "MCPAuthCore", "MCPAuthJSON", "MCPAuthModule"],
            path: "Plugins/api-key",
            exclude: ["README.md"],
            swiftSettings: strict
        ),

        .target(
            name: "GitHubTokenModule",
            dependencies: [
                "MCPAuthConcurrency", "MCPAuthJOSE", "MCPAuthModule",
            ],
            path: "Plugins/github-token",
            exclude: ["README.md"],
            swiftSettings: strict
        ),
        .target(
            name: "EdgeIdentityModule",
            dependencies: ["MCPAuthConcurrency", "MCPAuthJOSE", "MCPAuthModule"],
            path: "Plugins/edge-identity",
            exclude: ["README.md"],
            swiftSettings: strict
        ),
        .target(
            name: "StaticTokenModule",
            dependencies: ["MCPAuthJOSE", "MCPAuthModule"],
            path: "Plugins/static-token",
            exclude: ["README.md"],
            swiftSettings: strict
        ),

        .target(
            name: "TestSupport",
            dependencies: ["MCPAuthCore", "MCPAuthJSON", "MCPAuthConcurrency", "MCPAuthVerification"],
            path: "Tests/TestSupport",
            swiftSettings: shared
        ),
        tests("MCPAuthJSONTests", ["MCPAuthJSON"]),
        tests("MCPAuthTestingTests", ["MCPAuth", "MCPAuthTesting", httpTypes]),
        tests("MCPAuthJOSETests", ["MCPAuthJOSE", "MCPAuthJSON", "MCPAuthSigning", "TestSupport"]),
        tests("MCPAuthCoreTests", ["MCPAuthConcurrency", "MCPAuthCore", "MCPAuthJSON", "TestSupport", httpTypes]),
        tests("MCPAuthPolicyTests", ["MCPAuthCore", "MCPAuthJSON", "MCPAuthPolicy", "MCPAuthPolicyTools", httpTypes]),
        tests(
            "MCPAuthAPIKeysTests",
            [
                "MCPAuth", "MCPAuthAPIKeys", "MCPAuthConcurrency", "MCPAuthCore", "MCPAuthJSON", "MCPAuthTesting",
                httpTypes,
            ]
        ),
        tests("MCPAuthHTTPTests", ["MCPAuthCore", "MCPAuthHTTP", "MCPAuthJSON", "TestSupport", httpTypes]),
        tests(
            "MCPAuthModuleHostTests",
            [
                "HMACTokenC", "MCPAuth", "MCPAuthAPIKeys", "MCPAuthTesting", "MCPAuthCore", "MCPAuthHTTP",
                "MCPAuthJOSE", "MCPAuthJSON", "MCPAuthConcurrency",
                "CMCPAuthModule", "MCPAuthModule", "MCPAuthModuleHost", "MCPAuthSigning", "TestSupport",
                "mcp-auth-module",
                httpTypes,
            ],
            exclude: ["Fixtures"]
        ),
        tests(
            "MCPAuthVerificationTests",
            [
                "MCPAuthCore", "MCPAuthJOSE", "MCPAuthJSON", "MCPAuthConcurrency", "MCPAuthSigning",
                "MCPAuthVerification",
                "TestSupport", httpTypes,
            ]
        ),
        tests(
            "MCPAuthTests",
            [
                "MCPAuth", "MCPAuthCore", "MCPAuthHTTP", "MCPAuthJOSE", "MCPAuthJSON", "MCPAuthConcurrency",
                "MCPAuthPolicy",
                "MCPAuthPolicyTools",
                "MCPAuthSigning", "MCPAuthTesting", "MCPAuthVerification", "TestSupport", httpTypes,
            ]
        ),
        tests(
            "MCPAuthServerTests",
            [
                "MCPAuth", "MCPAuthConcurrency", "MCPAuthCore", "MCPAuthHTTP", "MCPAuthJOSE", "MCPAuthJSON",
                "MCPAuthNIO", "MCPAuthServer", "MCPAuthSigning", "MCPAuthTesting", "TestSupport", httpTypes,
                product("CoreMetrics", "swift-metrics", "Server"), product("Logging", "swift-log", "Server"),
                product("NIOCore", "swift-nio", "Server"), product("NIOEmbedded", "swift-nio", "Server"),
                product("NIOHTTP1", "swift-nio", "Server"), product("NIOHTTPTypes", "swift-nio-extras", "Server"),
                product("Tracing", "swift-distributed-tracing", "Server"),
            ]
        ),
        tests(
            "MCPAuthDevIssuerTests",
            [
                "MCPAuthDevIssuer", "MCPAuthJOSE", "MCPAuthJSON", "MCPAuthSigning",
                product("AsyncHTTPClient", "async-http-client", "AsyncHTTPClient"),
                product("NIOCore", "swift-nio", "AsyncHTTPClient"), product("NIOHTTP1", "swift-nio", "AsyncHTTPClient"),
            ]
        ),
        tests(
            "MCPAuthProxyTests",
            [
                "MCPAuth", "MCPAuthConcurrency", "MCPAuthJSON", "MCPAuthServer", "MCPAuthTesting", "TestSupport",
                product("NIOCore", "swift-nio", "Server"), product("NIOHTTP1", "swift-nio", "Server"),
                product("NIOPosix", "swift-nio", "Server"),
            ]
        ),
        tests(
            "ProgramTests",
            ["mcp-auth", "mcp-auth-dev", "mcp-auth-policy-check", "MCPAuthJOSE", "MCPAuthJSON", "MCPAuthSigning"]
        ),
        tests(
            "MCPAuthGRPCTests",
            [
                "MCPAuth", "MCPAuthGRPC", "MCPAuthTesting", product("GRPCCore", "grpc-swift-2", "GRPC"),
                product("GRPCInProcessTransport", "grpc-swift-2", "GRPC"),
            ]
        ),
        tests(
            "MCPAuthHostTests",
            [
                "MCPAuth", "MCPAuthCore", "MCPAuthDevIssuer", "MCPAuthFlyingFox", "MCPAuthHummingbird", "MCPAuthJSON",
                "MCPAuthConcurrency", "MCPAuthNIO", "MCPAuthPolicy", "MCPAuthPolicyTools", "MCPAuthSigning",
                "MCPAuthTesting",
                "MCPAuthVerification",
                "TestSupport",
                httpTypes,
                product("AsyncHTTPClient", "async-http-client", "AsyncHTTPClient"),
                product("FlyingFox", "FlyingFox", "FlyingFox"), product("FlyingSocks", "FlyingFox", "FlyingFox"),
                product("Hummingbird", "hummingbird", "Hummingbird"),
                product("HummingbirdCore", "hummingbird", "Hummingbird"),
                product("HummingbirdTesting", "hummingbird", "Hummingbird"),
                product("Logging", "swift-log", "Hummingbird"), product("NIOCore", "swift-nio", "Hummingbird"),
                product("NIOHTTP1", "swift-nio", "Hummingbird"),
                product("NIOHTTP2", "swift-nio-http2", "NIO"),
                product("NIOHTTPTypes", "swift-nio-extras", "NIO"),
                product("NIOHTTPTypesHTTP1", "swift-nio-extras", "NIO"),
                product("NIOHTTPTypesHTTP2", "swift-nio-extras", "NIO"),
                product("NIOPosix", "swift-nio", "AsyncHTTPClient"),
                product("NIOSSL", "swift-nio-ssl", "AsyncHTTPClient"),
            ]
        ),
    ],
    swiftLanguageModes: [.v6]
)

// The scripts that run benchmarks set this. They measure package declarations, so they cannot be another package.
if Context.environment["MCPAUTH_BENCHMARKS"] != nil {
    package.products.append(.library(name: "benchmark-module", type: .dynamic, targets: ["BenchmarkModule"]))
    package.targets += [
        .executableTarget(
            name: "decision-benchmark",
            dependencies: [
                "MCPAuth", "MCPAuthCore", "MCPAuthJOSE", "MCPAuthJSON", "MCPAuthSigning", "MCPAuthVerification",
                httpTypes,
            ],
            path: "Benchmarks/decision",
            swiftSettings: strict
        ),
        .target(name: "CAllocations", path: "Benchmarks/allocations"),
        .executableTarget(
            name: "policy-benchmark",
            dependencies: [
                "CAllocations", "MCPAuthCore", "MCPAuthJSON", "MCPAuthPolicy", "MCPAuthPolicyTools", httpTypes,
            ],
            path: "Benchmarks/policy",
            swiftSettings: strict
        ),
        .target(name: "BenchmarkModule", dependencies: ["CMCPAuthModule"], path: "Benchmarks/module-library"),
        .executableTarget(
            name: "module-benchmark",
            dependencies: ["MCPAuth", "MCPAuthCore", "MCPAuthJSON", "MCPAuthModuleHost", httpTypes],
            path: "Benchmarks/module",
            swiftSettings: strict
        ),
        .executableTarget(
            name: "bounds-benchmark",
            dependencies: [
                "CAllocations", "MCPAuth", "MCPAuthCore", "MCPAuthHTTP", "MCPAuthHummingbird", "MCPAuthPolicyTools",
                httpTypes, product("Hummingbird", "hummingbird", "Hummingbird"),
                product("Logging", "swift-log", "Hummingbird"),
                product("NIOCore", "swift-nio", "Hummingbird"),
            ],
            path: "Benchmarks/bounds",
            swiftSettings: strict
        ),
        .executableTarget(
            name: "middleware-benchmark",
            dependencies: [
                "MCPAuth", "MCPAuthHummingbird", "MCPAuthNIO", "MCPAuthTesting", httpTypes,
                product("Hummingbird", "hummingbird", "Hummingbird"), product("Logging", "swift-log", "Hummingbird"),
                product("NIOCore", "swift-nio", "NIO"), product("NIOHTTP1", "swift-nio", "NIO"),
                product("NIOHTTPTypes", "swift-nio-extras", "NIO"),
                product("NIOHTTPTypesHTTP1", "swift-nio-extras", "NIO"), product("NIOPosix", "swift-nio", "NIO"),
            ],
            path: "Benchmarks/middleware",
            exclude: ["measure.py"],
            swiftSettings: strict
        ),
    ]
}

// `make fuzz` sets this: the fuzz program needs a main function from a sanitizer, which other builds do not have.
if Context.environment["MCPAUTH_FUZZ"] != nil {
    package.targets.append(
        .executableTarget(
            name: "mcp-auth-fuzz",
            dependencies: [
                "MCPAuth", "MCPAuthCore", "MCPAuthHTTP", "MCPAuthJOSE", "MCPAuthJSON", "MCPAuthConcurrency",
                "MCPAuthPolicy",
                "MCPAuthPolicyTools",
                "MCPAuthSigning", "MCPAuthVerification", "TestSupport", httpTypes,
            ],
            path: "Tests/Fuzz",
            exclude: ["Dictionaries", "leaks.suppressions"],
            swiftSettings: shared
        )
    )
}
