// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// The listener for operators.
package struct AdminSettings: Sendable, Hashable {
    /// A loopback address or a unix socket.
    package let listener: ConfigurationFile.Listener
    /// What an operator presents over TCP; `nil` to show only health, metrics and status there.
    package let token: BearerSecret?

    package init(_ listener: ConfigurationFile.Listener, token: BearerSecret? = nil) {
        self.listener = listener
        self.token = token
    }
}

/// Where decisions are written to.
package struct DecisionLogSettings: Sendable, Hashable {
    /// A path, or `-` for standard output.
    package let file: String
    /// The fraction of allowed requests that is written, 0 to 1; refused ones are always written.
    package let allowedFraction: Double
    /// The maximum number of decisions that wait to be written.
    package let queue: Int

    package init(file: String, allowedFraction: Double = 1, queue: Int = Self.standardQueue) {
        self.file = file
        self.allowedFraction = allowedFraction
        self.queue = queue
    }

    /// Stands for standard output.
    package static let standardOutput = "-"
    package static let standardQueue = 16_384
}
