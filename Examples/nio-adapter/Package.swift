// swift-tools-version:6.2
import PackageDescription

let package = Package(
    name: "nio-adapter",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(name: "swift-mcp-auth", path: "../.."),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    ],
    targets: [
        .target(
            name: "NIOAdapter",
            dependencies: [
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "MCPAuth", package: "swift-mcp-auth"),
                .product(name: "MCPAuthHTTP", package: "swift-mcp-auth"),
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOHTTP1", package: "swift-nio"),
            ],
            // Async functions run in the isolation of their caller, so the body is read where the guard asks for it.
            swiftSettings: [.enableUpcomingFeature("NonisolatedNonsendingByDefault")]
        ),
        .testTarget(
            name: "NIOAdapterTests",
            dependencies: [
                "NIOAdapter", .product(name: "MCPAuthTesting", package: "swift-mcp-auth"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ]
        ),
    ]
)
