// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore

/// Checks what a configuration says of the whole server; a file is checked when it is read too, with its places.
enum ConfigurationCheck {
    static let tokenBytes: ClosedRange<Int64> = 1024...262_144

    /// - Throws: ``ConfigurationError``.
    static func check(_ configuration: MCPAuthConfiguration) throws {
        guard tokenBytes.contains(Int64(configuration.maximumTokenBytes)) else {
            throw ConfigurationError(
                .invalidValue,
                "the longest token must be \(tokenBytes.lowerBound) to \(tokenBytes.upperBound) bytes long"
            )
        }
        let origins = configuration.corsAllowedOrigins
        if origins != ["*"] { try check(origins) }
        for resource in configuration.resources { try check(resource.allowedOrigins ?? []) }
    }

    private static func check(_ origins: [String]) throws {
        for text in origins where OriginReader.canonical(text) != text {
            let form = OriginReader.canonical(text) ?? "https://app.example.com"
            throw ConfigurationError(
                .invalidValue,
                "`\(text.printable)` is not an origin as browsers send it, expected the form \(form.printable)"
            )
        }
    }
}
