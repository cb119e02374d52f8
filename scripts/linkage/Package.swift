// swift-tools-version:6.2
import PackageDescription

/// A program that uses only the core, to check what it links.
let package = Package(
    name: "linkage",
    platforms: [.macOS(.v15)],
    dependencies: [.package(name: "swift-mcp-auth", path: "../..")],
    targets: [
        .executableTarget(
            name: "linkage",
            dependencies: [
                .product(name: "MCPAuthCore", package: "swift-mcp-auth"),
                .product(name: "MCPAuthHTTP", package: "swift-mcp-auth"),
            ]
        )
    ]
)
