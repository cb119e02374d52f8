// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// The version of this software.
package enum Version {
    package static let current = "0.1.0"
}
