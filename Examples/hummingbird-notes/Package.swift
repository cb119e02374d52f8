// swift-tools-version:6.2
import PackageDescription

let package = Package(
    name: "hummingbird-notes",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(name: "swift-mcp-auth", path: "../..", traits: ["Hummingbird"]),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
    ],
    targets: [
        .target(
            name: "Notes",
            dependencies: [
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "MCPAuth", package: "swift-mcp-auth"),
                .product(name: "MCPAuthHummingbird", package: "swift-mcp-auth"),
            ]
        ),
        .executableTarget(
            name: "NotesServer",
            dependencies: ["Notes", .product(name: "Hummingbird", package: "hummingbird")]
        ),
        .testTarget(
            name: "NotesTests",
            dependencies: [
                "Notes",
                .product(name: "HummingbirdTesting", package: "hummingbird"),
                .product(name: "MCPAuthTesting", package: "swift-mcp-auth"),
            ]
        ),
    ]
)
