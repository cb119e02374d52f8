// swift-tools-version:6.2
import PackageDescription

let package = Package(
    name: "grpc-notes",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(name: "swift-mcp-auth", path: "../..", traits: ["GRPC"]),
        .package(url: "https://github.com/grpc/grpc-swift-2", from: "2.4.3"),
    ],
    targets: [
        .target(
            name: "GRPCNotes",
            dependencies: [
                .product(name: "GRPCCore", package: "grpc-swift-2"),
                .product(name: "MCPAuth", package: "swift-mcp-auth"),
                .product(name: "MCPAuthGRPC", package: "swift-mcp-auth"),
            ]
        ),
        .testTarget(
            name: "GRPCNotesTests",
            dependencies: [
                "GRPCNotes",
                .product(name: "GRPCInProcessTransport", package: "grpc-swift-2"),
                .product(name: "MCPAuthTesting", package: "swift-mcp-auth"),
            ]
        ),
    ]
)
