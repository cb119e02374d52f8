// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Programs
internal import MCPAuth
internal import MCPAuthCore
internal import MCPAuthJSON

/// The configuration file of the demonstration, with other ports when these are requested.
///
/// Both servers are on 127.0.0.1, and the file contains their URLs. Only the ports in these URLs are replaced, so
/// errors still name the right line of the file.
struct DemoConfiguration {
    let path: String
    /// The file, with the ports replaced.
    let files: FileSnapshot
    let issuerPort: UInt16

    /// - Throws: ``CommandFailure`` when the file cannot be read or has other URLs, or when both ports are the same;
    ///   ``ConfigurationError`` when the file is not JSON.
    init(path: String, port: UInt16?, issuerPort: UInt16?) throws {
        let log = FileSnapshot()
        let bytes: [UInt8]
        do {
            bytes = try log.bytes(at: path)
        } catch {
            let advice = "run the demonstration in the folder of this package, or name a configuration with --config"
            throw CommandFailure(ProgramExit.invalid, "\(error); \(advice)")
        }
        let root = try DocumentReader(file: path, bytes: bytes).root
        let listen = root["server"]?["listen"]?.string
        let issuer = root["issuers"]?["dev"]?["issuer"]?.string
        guard let listenPort = Self.port(listen, after: "127.0.0.1:"),
            let writtenPort = Self.port(issuer, after: "http://127.0.0.1:")
        else {
            let expected = "`server.listen` as 127.0.0.1:PORT and the issuer `dev` as http://127.0.0.1:PORT"
            throw CommandFailure(ProgramExit.invalid, "\(path.printable): the demonstration needs \(expected)")
        }
        self.path = path
        self.issuerPort = issuerPort ?? writtenPort
        let ports = [listenPort: port ?? listenPort, writtenPort: self.issuerPort]
        let text = String(decoding: bytes, as: UTF8.self).replacing(/127\.0\.0\.1:([0-9]+)/) { match in
            let written = UInt16(match.1)
            return "127.0.0.1:\(written.flatMap { ports[$0] }.map(String.init) ?? String(match.1))"
        }
        files = FileSnapshot(given: [path: Array(text.utf8)])
        guard (port ?? listenPort) != self.issuerPort else {
            throw CommandFailure(ProgramExit.usage, "--port and --issuer-port must differ")
        }
    }

    private static func port(_ text: String?, after prefix: String) -> UInt16? {
        guard let text, text.hasPrefix(prefix) else { return nil }
        return UInt16(text.dropFirst(prefix.count))
    }
}
#endif
