// swift-tools-version:6.2
import PackageDescription

let package = Package(
    name: "checked-policies",
    platforms: [.macOS(.v15)],
    dependencies: [.package(name: "swift-mcp-auth", path: "../..")],
    targets: [
        .target(
            name: "CheckedPolicies",
            dependencies: [.product(name: "MCPAuth", package: "swift-mcp-auth")],
            resources: [.copy("Policies")],
            // A mistake in a policy, or a test of it that fails, is an error of the build.
            plugins: [.plugin(name: "MCPAuthPolicyCheck", package: "swift-mcp-auth")]
        ),
        .testTarget(
            name: "CheckedPoliciesTests",
            dependencies: ["CheckedPolicies", .product(name: "MCPAuthTesting", package: "swift-mcp-auth")]
        ),
    ]
)
