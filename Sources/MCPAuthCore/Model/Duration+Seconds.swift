// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

extension Duration {
    /// The duration in seconds, with fractions.
    package var inSeconds: Double { self / .seconds(1) }
}
