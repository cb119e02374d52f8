// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore

/// Checks the settings of a configuration for the whole server; a file is also checked when it is read, with places.
enum ConfigurationCheck {
    /// - Throws: `ConfigurationError`.
    static func check(_ configuration: MCPAuthConfiguration) throws {
        let bounds = NumberSetting.tokenBytes
        guard bounds.contains(Double(configuration.maximumTokenBytes)) else {
            throw ConfigurationError(.invalidValue, "the maximum token length must be \(bounds.rangeText) bytes")
        }
        let body = NumberSetting.bodyBytesWithoutToken
        guard body.contains(Double(configuration.maximumBodyBytesWithoutToken)) else {
            let message = "the maximum size of a body without a token must be \(body.rangeText) bytes"
            throw ConfigurationError(.invalidValue, message)
        }
        let entries = NumberSetting.tokenCacheEntries
        guard entries.contains(Double(configuration.tokenCacheCapacity)) else {
            throw ConfigurationError(.invalidValue, "the token cache must have \(entries.rangeText) entries")
        }
        let origins = configuration.corsAllowedOrigins
        if origins != ["*"] { try check(origins) }
        for resource in configuration.resources {
            try check(resource.allowedOrigins ?? [])
            if let reason = resource.tokenField.flatMap(TokenFieldRule.violation) {
                throw ConfigurationError(.invalidValue, reason)
            }
            guard resource.speaksMCP || !resource.challengeInToolResult else {
                let name = resource.metadata.resource
                let message = "`\(name)` carries no MCP messages, so there are no tool results to put a challenge in"
                throw ConfigurationError(.conflict, message)
            }
            guard resource.speaksMCP || !resource.upstreamValidatesMCPHeaders else {
                let name = resource.metadata.resource
                let message = "`\(name)` carries no MCP messages, so there are no `Mcp-*` fields to validate"
                throw ConfigurationError(.conflict, message)
            }
        }
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
