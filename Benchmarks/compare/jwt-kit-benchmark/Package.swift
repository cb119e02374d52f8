// swift-tools-version:6.2
import PackageDescription

// A separate package, so that users of swift-mcp-auth do not fetch what it is compared with. Its directory cannot be
// called jwt-kit: the name of the directory is the identity of a package, and the library already has that identity.
let package = Package(
    name: "jwt-kit-benchmark",
    platforms: [.macOS(.v15)],
    dependencies: [.package(url: "https://github.com/vapor/jwt-kit", from: "5.7.1")],
    targets: [
        .executableTarget(
            name: "jwt-kit-benchmark",
            dependencies: [.product(name: "JWTKit", package: "jwt-kit")],
            path: ".",
            sources: ["JWTKitBenchmark.swift"]
        )
    ],
    swiftLanguageModes: [.v6]
)
