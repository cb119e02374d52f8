// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import MCPAuthJSON

/// A whole number that a configuration may set: its key, range and default, each written once.
///
/// The reader of files, the check of configurations in code, the published schema and the documentation use it.
package struct NumberSetting: Sendable {
    package let key: String
    package let range: ClosedRange<Int64>
    /// The value when the configuration does not set it.
    package let standard: Int64
    private let meaning: String

    private init(_ key: String, in range: ClosedRange<Int64>, default standard: Int64, _ meaning: String) {
        self.key = key
        self.range = range
        self.standard = standard
        self.meaning = meaning
    }

    /// The range as messages write it.
    package var rangeText: String { "\(range.lowerBound) to \(range.upperBound)" }

    package func contains(_ value: Double) -> Bool {
        (Double(range.lowerBound)...Double(range.upperBound)).contains(value)
    }

    /// The JSON Schema of the value.
    package var schema: JSON {
        [
            "type": "integer", "minimum": .integer(range.lowerBound), "maximum": .integer(range.upperBound),
            "default": .integer(standard), "description": .string(meaning),
        ]
    }

    package static let tokenBytes = NumberSetting(
        "max_token_bytes",
        in: 1024...262_144,
        default: 16_384,
        "The maximum length of a token in bytes; a longer one gets status 431. With `invalid_token` its client would sign in "
            + "again and send another long one"
    )
    package static let bodyBytesWithoutToken = NumberSetting(
        "max_body_bytes_without_token",
        in: 1024...1_048_576,
        default: 65_536,
        "The maximum size in bytes of a body that is read without a token, where a policy has rules for `anyone`; with a "
            + "token it is 1 MiB"
    )
    package static let tokenCacheEntries = NumberSetting(
        "token_cache_entries",
        in: 0...10_000_000,
        default: 100_000,
        "The number of verified tokens that are cached; 0 to verify each time"
    )
    package static let assertionSeconds = NumberSetting(
        "lifetime_seconds",
        in: 5...3600,
        default: 60,
        "How long such a JWT may be used; it never outlives the token of the caller"
    )
    package static let decisionLogQueue = NumberSetting(
        "queue",
        in: 256...1_000_000,
        default: 16_384,
        "The maximum number of decisions that wait to be written; further ones are counted and left out"
    )
    package static let leewaySeconds = NumberSetting(
        "leeway_seconds",
        in: 0...300,
        default: 60,
        "The tolerated difference between the clocks of the issuer and this server, in seconds"
    )
    package static let cacheSeconds = NumberSetting(
        "cache_seconds",
        in: 0...3600,
        default: 30,
        "How long the response for an accepted token is cached, in seconds; 0 to ask each time"
    )
    package static let negativeCacheSeconds = NumberSetting(
        "negative_cache_seconds",
        in: 0...3600,
        default: 10,
        "How long the response for a refused token is cached, in seconds"
    )
    package static let maxConcurrent = NumberSetting(
        "max_concurrent",
        in: 1...10_000,
        default: 64,
        "The maximum number of concurrent requests; a client whose token would need another one gets status 503"
    )
    package static let maxPerSecond = NumberSetting(
        "max_per_second",
        in: 1...100_000,
        default: 500,
        "The maximum number of requests that start in a second"
    )
    /// The range of `max_seconds_without_exp`, which has no default: without it, tokens without `exp` are refused.
    package static let secondsWithoutExpiry: ClosedRange<Int64> = 1...86_400
}
