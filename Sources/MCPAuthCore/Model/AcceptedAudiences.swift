// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// The audiences that tokens for a resource may name (RFC 8707 section 2, RFC 9068 section 4).
///
/// The identifier of the resource unless configured otherwise.
package struct AcceptedAudiences: Sendable, CustomStringConvertible {
    private let values: [ResourceAudience]

    package init(_ values: [String]) {
        self.values = values.map(ResourceAudience.init)
    }

    package var isEmpty: Bool { values.isEmpty }

    /// Whether an audience value of a token names the resource.
    package func accepts(_ value: String) -> Bool {
        values.contains { $0.isNamed(by: value) }
    }

    /// Whether one of the audience values of a token names the resource.
    func accepts(_ audience: [String]) -> Bool {
        // Most tokens have one audience, exactly as configured; then no URL is parsed.
        if let first = values.first?.text, audience.first?.isExactly(first) ?? false { return true }
        return audience.contains(where: accepts)
    }

    /// The values for a diagnosis.
    package var description: String { values.map { "`\($0.text.printable)`" }.joined(separator: " or ") }
}

/// An audience value that a resource accepts.
package struct ResourceAudience: Sendable, Hashable {
    package let text: String
    private let url: HTTPURL?

    package init(_ text: String) {
        self.text = text
        url = HTTPURL(text)
    }

    /// Whether a value has the same bytes, or is a URL with the same canonical form; a prefix is not enough.
    package func isNamed(by value: String) -> Bool {
        if value.isExactly(text) { return true }
        guard let url else { return false }
        return HTTPURL(value) == url
    }
}
