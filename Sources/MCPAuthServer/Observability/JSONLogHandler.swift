// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Server
internal import Foundation
package import Logging
internal import MCPAuthCore
internal import MCPAuthJSON

/// Writes each line of a log as one JSON object to standard error.
///
/// The keys are always `time`, `level`, `logger` and `message`; what belongs to a line stands beside them under its own
/// name, or after `meta.` if it has the name of one of these four.
package struct JSONLogHandler: LogHandler {
    package var logLevel = Logger.Level.notice
    package var metadata: Logger.Metadata = [:]
    private let label: String
    private let write: @Sendable ([UInt8]) -> Void

    /// - Parameter write: Receives each line with its line break; standard error if not given.
    package init(label: String, write: @escaping @Sendable ([UInt8]) -> Void = Self.toStandardError) {
        self.label = label
        self.write = write
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        let fixed: [String: JSON] = [
            "time": .string(Timestamp.text(NumericDate.now().secondsSinceEpoch)),
            "level": .string(event.level.rawValue),
            "logger": .string(label), "message": .string(event.message.description),
        ]
        var members = fixed
        for (key, value) in metadata.merging(event.metadata ?? [:], uniquingKeysWith: { $1 }) {
            members[fixed[key] == nil ? key : "meta.\(key)"] = Self.json(value)
        }
        write(JSON.object(members).encoded() + [UInt8(ascii: "\n")])
    }

    private static func json(_ value: Logger.Metadata.Value) -> JSON {
        switch value {
        case .string(let text): .string(text)
        case .stringConvertible(let value): .string(value.description)
        case .array(let values): .array(values.map(json))
        case .dictionary(let values): .object(values.mapValues(json))
        }
    }

    /// Writes to standard error.
    package static let toStandardError: @Sendable ([UInt8]) -> Void = { line in
        try? FileHandle.standardError.write(contentsOf: Data(line))
    }
}
#endif
