// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import HTTPTypes
internal import MCPAuthCore
internal import MCPAuthHTTP

/// The fields of a request with which a proxy asks: some are its own, the others those of the client.
struct ForwardedFields {
    private let fields: HTTPFields

    init(_ fields: HTTPFields) {
        self.fields = fields
    }

    /// The value of the only field with this name.
    ///
    /// A second one is refused, also with `_` for `-`: the client sent one of them, and servers that take `_` for `-` see
    /// both.
    func only(_ name: HTTPField.Name) -> Checked<String> {
        var value: String?
        var count = 0
        for field in fields where field.name.isTaken(for: name) {
            count += 1
            if field.name == name { value = field.value }
        }
        guard count == 1, let value else {
            let found = count == 0 ? "none" : "\(count), or another spelling"
            return .denied(
                ForwardAuthDialect.unreadable("field `\(name.rawName)`", expected: "one, from the proxy", found: found)
            )
        }
        return .passed(value)
    }

    /// Fields of the connection to the proxy.
    private static let ofTheConnection = [
        "Connection", "Content-Length", "Host", "Keep-Alive", "TE", "Transfer-Encoding", "Upgrade",
    ].compactMap { HTTPField.Name($0) }

    /// The fields of the client: all but these, and those of the connection.
    func without(_ names: [HTTPField.Name]) -> HTTPFields {
        let others = names + Self.ofTheConnection
        var rest = HTTPFields()
        rest.reserveCapacity(fields.count)
        for field in fields where !others.contains(where: { field.name.isTaken(for: $0) }) { rest.append(field) }
        return rest
    }
}
