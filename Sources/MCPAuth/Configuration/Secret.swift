// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// A secret value; it always prints as `<redacted>`.
public struct Secret: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package let bytes: [UInt8]

    /// Stores the UTF-8 bytes of a text.
    public init(_ text: String) {
        self.init(bytes: Array(text.utf8))
    }

    /// Stores bytes unchanged; a secret for HMAC need not be text.
    public init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// Always `<redacted>`.
    public var description: String { "<redacted>" }
    /// Always `<redacted>`.
    public var debugDescription: String { "<redacted>" }
    /// Empty, so that reflection and `dump` show nothing.
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// Where the secrets of a configuration file come from: the environment, or files that it names.
package struct SecretSource: Sendable {
    private let environment: [String: String]
    private let files: FileSnapshot

    init(environment: [String: String], files: FileSnapshot) {
        self.environment = environment
        self.files = files
    }

    /// Reads `{"env": "NAME"}` or `{"file": "path"}`; a line break at the end of the file is not part of the secret.
    package func secret(_ object: ObjectReader, relativeTo directory: String) throws -> Secret {
        switch (try object.string("env"), try object.string("file")) {
        case (let name?, nil):
            guard let value = environment[name], !value.isEmpty else {
                throw object.error(.missingSecret, "the environment variable `\(name.printable)` is not set", at: "env")
            }
            return Secret(value)
        case (nil, let path?):
            guard var bytes = try? files.bytes(at: FileReading.resolve(path, relativeTo: directory)) else {
                throw object.error(.missingSecret, "the secret file `\(path.printable)` cannot be read", at: "file")
            }
            // Bytes, not text: invalid UTF-8 must not become replacement characters, which can be guessed.
            if bytes.last == UInt8(ascii: "\n") {
                bytes.removeLast()
                if bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
            }
            guard !bytes.isEmpty else {
                throw object.error(.missingSecret, "the secret file `\(path.printable)` is empty", at: "file")
            }
            return Secret(bytes: bytes)
        default:
            throw object.error(.missingKey, "a secret is either {\"env\": \"NAME\"} or {\"file\": \"path\"}")
        }
    }
}
