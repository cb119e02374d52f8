// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import MCPAuthCore
internal import MCPAuthJSON
internal import MCPAuthPolicy

/// A request that a server recorded, to be decided once more.
///
/// An object with `call`, `path`, `claims` and `arguments`; without `claims`, the caller had no token.
package struct RecordedRequest: Sendable {
    private let operation: ComparedOperation
    private let claims: JSON?
    private let arguments: JSON?

    /// Reads a file with one request on each line.
    ///
    /// - Throws: `ConfigurationError` with the line of the first mistake.
    package static func all(file: String, _ bytes: [UInt8]) throws(ConfigurationError) -> [RecordedRequest] {
        var requests: [RecordedRequest] = []
        for (index, line) in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated() {
            guard !line.allSatisfy({ $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\r") }) else { continue }
            let place = ConfigurationError.Location(file: file, line: index + 1, column: 1)
            requests.append(try RecordedRequest(Array(line), at: place))
        }
        return requests
    }

    private init(_ line: [UInt8], at place: ConfigurationError.Location) throws(ConfigurationError) {
        let expected = "expected an object with `call`, and with `path`, `claims` and `arguments` if they are known"
        guard let json = try? JSON(parsing: line), let members = json.members else {
            throw ConfigurationError(.invalidJSON, "the line is not a JSON object; \(expected)", at: place)
        }
        let names = ["call", "path", "claims", "arguments"]
        if let other = members.keys.sorted().first(where: { !names.contains($0) }) {
            throw ConfigurationError(.unknownKey, "unknown key `\(other.printable)`; \(expected)", at: place)
        }
        guard let text = members["call"]?.string else {
            throw ConfigurationError(.missingKey, "missing key `call`; \(expected)", at: place)
        }
        claims = members["claims"]
        arguments = members["arguments"]
        guard claims.map({ $0.members != nil }) ?? true, arguments.map({ $0.members != nil }) ?? true,
            members["path"].map({ $0.string != nil }) ?? true
        else {
            throw ConfigurationError(
                .wrongType,
                "`claims` or `arguments` is not an object, or `path` not a text",
                at: place
            )
        }
        do throws(PolicyCall.Mistake) {
            // Clients send methods that no rule would name, so a method that looks misspelt is none.
            let call = try PolicyCall(recorded: text)
            let path = call.path ?? RequestPath(members["path"]?.string ?? "/mcp")
            guard let path else {
                throw PolicyCall.Mistake(description: "the path could be read in two ways, so servers refuse it")
            }
            operation = ComparedOperation(path: path, call: call)
        } catch {
            throw ConfigurationError(.invalidValue, "\(error)", at: place)
        }
    }

    /// The request as a witness, if the two policies decide differently about it.
    package func change(
        _ old: PolicyText,
        _ new: PolicyText,
        at resource: ResourceIdentifier,
        now: NumericDate
    )
        -> PolicyWitness?
    {
        let witness = PolicyWitness(
            [PolicySet([old.policy]), PolicySet([new.policy])],
            operation,
            claims: claims,
            arguments: operation.takesArguments ? arguments : nil,
            at: resource,
            now: now
        )
        return witness.old == witness.new ? nil : witness
    }
}
