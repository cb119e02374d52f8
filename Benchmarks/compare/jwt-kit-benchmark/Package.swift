// swift-tools-version:6.2
import PackageDescription

// A package of its own, so that nobody who uses swift-mcp-auth fetches what is measured beside it. Its directory cannot
// be called jwt-kit: the name of the directory is the identity of a package, and the library has that one.
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
