// swift-tools-version:6.2
import PackageDescription

let package = Package(
    name: "api-keys",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(name: "swift-mcp-auth", path: "../.."),
        .package(url: "https://github.com/apple/swift-crypto", "3.0.0"..<"5.0.0"),
    ],
    targets: [
        .target(
            name: "APIKeys",
            dependencies: [
                .product(name: "MCPAuth", package: "swift-mcp-auth"),
                .product(name: "Crypto", package: "swift-crypto"),
            ]
        ),
        .testTarget(
            name: "APIKeysTests",
            dependencies: ["APIKeys", .product(name: "MCPAuthTesting", package: "swift-mcp-auth")]
        ),
    ]
)
