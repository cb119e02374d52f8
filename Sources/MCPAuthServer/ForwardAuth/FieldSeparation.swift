// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import HTTPTypes
internal import MCPAuthCore
internal import MCPAuthHTTP

/// Separates the fields of a request with which a proxy asks: its own, those of the connection to it, and those of the
/// client.
///
/// A name is also that of a proxy's own field with `_` for `-`: servers that take one for the other see both.
struct FieldSeparation: Sendable {
    /// A name that is not that of a field of the client.
    private struct Known: Sendable {
        let name: HTTPField.Name
        /// The number of the proxy's own field; `nil` for a field of the connection.
        let index: Int?
    }

    /// The proxy's own fields, and those of the client.
    struct Separated {
        fileprivate(set) var own: [Own]
        fileprivate(set) var client = HTTPFields()
    }

    /// A field that the proxy sets.
    struct Own {
        fileprivate let name: HTTPField.Name
        fileprivate var text: String?
        fileprivate var count = 0

        /// The only value: a second one, in any spelling, came from the client.
        var value: Checked<String> {
            guard count == 1, let text else {
                let found = count == 0 ? "none" : "\(count), or another spelling"
                return .denied(
                    ForwardAuthDialect.unreadable(
                        "field `\(name.rawName)`",
                        expected: "one, from the proxy",
                        found: found
                    )
                )
            }
            return .passed(text)
        }
    }

    private let own: [Own]
    /// By the length of the name: most fields of a client are recognised by that alone.
    private let known: [[Known]]

    private static let ofTheConnection = [
        "Connection", "Content-Length", "Host", "Keep-Alive", "TE", "Transfer-Encoding", "Upgrade",
    ].compactMap { HTTPField.Name($0) }

    /// - Parameter own: The names of the proxy's own fields.
    init(own: [HTTPField.Name] = []) {
        self.own = own.map { Own(name: $0) }
        let all =
            own.enumerated().map { Known(name: $1, index: $0) }
            + Self.ofTheConnection.map { Known(name: $0, index: nil) }
        let longest = all.map(\.name.canonicalName.utf8.count).max() ?? 0
        known = (0...longest).map { length in all.filter { $0.name.canonicalName.utf8.count == length } }
    }

    func separate(_ fields: HTTPFields) -> Separated {
        var separated = Separated(own: own)
        separated.client.reserveCapacity(fields.count)
        for field in fields {
            guard let known = known(field.name) else {
                separated.client.append(field)
                continue
            }
            guard let index = known.index else { continue }
            separated.own[index].count += 1
            if field.name == known.name { separated.own[index].text = field.value }
        }
        return separated
    }

    private func known(_ name: HTTPField.Name) -> Known? {
        let length = name.canonicalName.utf8.count
        guard length < known.count else { return nil }
        return known[length].first { name.isTaken(for: $0.name) }
    }
}
