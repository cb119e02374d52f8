// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import HTTPTypes
package import MCPAuthCore
internal import MCPAuthJSON
package import MCPAuthPolicy

/// A request that a server recorded, to be decided once more.
///
/// An object with `path`, and `http_method` for plain HTTP or `messages` for MCP: an array of `@response`, `@stream`,
/// `@session-end`, or objects with `method`, `name` and `arguments`; `null` for an operation that was not known. A
/// caller with a token has `claims` and `subject_kind`. `recorded_claims` and `recorded_arguments` name what would be
/// there if the request had it, beside `iss`, `client_id` and `scope`.
package struct RecordedRequest: Sendable {
    private let request: ProtectedResourceRequest
    private let claims: JSON?
    private let recordedClaims: Set<String>
    private let recordedArguments: Set<String>

    /// The requests of a file, one on each line.
    package struct File: Sendable {
        package private(set) var requests: [RecordedRequest] = []
        /// The number of lines that are not requests, such as one that was cut when the disk was full.
        package private(set) var unreadableLines = 0
        /// The first of these.
        package private(set) var firstError: ConfigurationError?

        package init(file: String, _ bytes: [UInt8]) {
            for (index, line) in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
                .enumerated()
            {
                guard !line.allSatisfy({ $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\r") }) else { continue }
                let place = ConfigurationError.Location(file: file, line: index + 1, column: 1)
                do throws(ConfigurationError) {
                    requests.append(try RecordedRequest(Array(line), at: place))
                } catch {
                    unreadableLines += 1
                    if firstError == nil { firstError = error }
                }
            }
        }
    }

    private static let alwaysRecorded: Set<String> = ["iss", "client_id", "scope"]
    private static let keys: Set<String> = [
        "path", "http_method", "messages", "claims", "subject_kind", "recorded_claims", "recorded_arguments",
    ]

    private init(_ line: [UInt8], at place: ConfigurationError.Location) throws(ConfigurationError) {
        let expected = "expected an object with `path` and `http_method` or `messages`"
        guard let json = try? JSON(JSONDocument(parsing: line, limits: .recorded).root), let members = json.members
        else {
            throw ConfigurationError(.invalidJSON, "the line is not a JSON object; \(expected)", at: place)
        }
        if let other = members.keys.sorted().first(where: { !Self.keys.contains($0) }) {
            throw ConfigurationError(.unknownKey, "unknown key `\(other.printable)`; \(expected)", at: place)
        }
        guard let pathText = members["path"]?.string, (members["http_method"] == nil) != (members["messages"] == nil)
        else {
            throw ConfigurationError(.missingKey, "a key is missing; \(expected)", at: place)
        }
        guard let path = RequestPath(pathText) else {
            let message = "the path `\(pathText.printable)` could be read in two ways, so servers refuse it"
            throw ConfigurationError(.invalidValue, message, at: place)
        }
        guard let read = Self.operation(members) else {
            let message = "`http_method` is not a method, or `messages` has something that is not a message"
            throw ConfigurationError(.invalidValue, message, at: place)
        }
        guard members["claims"].map({ $0.members != nil }) ?? true else {
            throw ConfigurationError(.wrongType, "`claims` must be an object", at: place)
        }
        request = ProtectedResourceRequest(method: read.method, path: path, operation: read.operation)
        claims = members["claims"].map { Self.caller($0, isUser: members["subject_kind"] != "client") }
        recordedClaims = Set(members["recorded_claims"]?.strings ?? []).union(Self.alwaysRecorded)
        recordedArguments = Set(members["recorded_arguments"]?.strings ?? [])
    }

    private static func operation(
        _ members: [String: JSON]
    ) -> (method: HTTPRequest.Method, operation: RequestOperation)? {
        guard let listed = members["messages"] else {
            return members["http_method"]?.string.flatMap { HTTPRequest.Method($0) }.map { ($0, .http) }
        }
        guard listed != .null else { return (.post, .unknown) }
        let messages = (listed.elements ?? []).compactMap(message)
        guard !messages.isEmpty, messages.count == listed.elements?.count else { return nil }
        switch messages {
        case [.stream]: return (.get, .mcp(messages))
        case [.sessionEnd]: return (.delete, .mcp(messages))
        default: return (.post, .mcp(messages))
        }
    }

    /// The message with whatever method the client sent.
    private static func message(_ value: JSON) -> MCPMessage? {
        switch value {
        case "@response": return .response
        case "@stream": return .stream
        case "@session-end": return .sessionEnd
        default:
            guard let method = value["method"]?.string else { return nil }
            let arguments = value["arguments"]?.encodedExactly()
            return .call(
                method: method,
                name: value["name"]?.string,
                arguments: arguments.map { MCPArguments($0, at: 0..<$0.count) }
            )
        }
    }

    /// The claims, with a subject of the kind that the caller had, if the subject was not recorded.
    private static func caller(_ claims: JSON, isUser: Bool) -> JSON {
        guard isUser, claims["sub"] == nil, case .object(var members) = claims else { return claims }
        members["sub"] = "(not recorded)"
        return .object(members)
    }

    /// The request as a witness, if the two policies decide differently about it.
    ///
    /// - Parameter sides: The old side and the new one.
    package func change(_ sides: [PolicySet], at resource: ResourceIdentifier, now: NumericDate) -> PolicyWitness? {
        let arguments = request.messages.count == 1 ? request.messages.first??.arguments : nil
        let witness = PolicyWitness(
            sides,
            request,
            claims: claims,
            arguments: arguments.flatMap { try? JSON(parsing: $0.text) },
            at: resource,
            now: now
        )
        return witness.old == witness.new ? nil : witness
    }

    /// The claims and arguments that rules about this request read and that were not recorded, in words.
    package func unrecorded(_ sides: [PolicySet]) -> Set<String> {
        var missing = Set<String>()
        for message in request.messages {
            for policy in sides.flatMap(\.policies) {
                for rule in policy.rules where rule.isAbout(request, message) {
                    for name in rule.claimsRead where claims != nil && !recordedClaims.contains(name) {
                        missing.insert("the claim `\(name.printable)`")
                    }
                    guard message?.arguments != nil else { continue }
                    for name in rule.argumentsRead where !recordedArguments.contains(name) {
                        missing.insert("the argument `\(name.printable)`")
                    }
                }
            }
        }
        return missing
    }
}

extension JSONDocument.Limits {
    /// For a recorded request: arguments as large as a body may have them, and what is around them.
    fileprivate static let recorded = JSONDocument.Limits(bytes: 2 * 1024 * 1024, depth: 260)
}

extension PolicyRule {
    /// The members of the claims that the rule reads.
    fileprivate var claimsRead: [String] {
        let references = condition?.references ?? []
        return references.compactMap { $0.claim?.tokens.first } + (acrValues == nil ? [] : ["acr"])
            + (maxAge == nil ? [] : ["auth_time"])
    }

    /// The members of the arguments that the rule reads.
    fileprivate var argumentsRead: [String] {
        (condition?.references ?? []).filter { $0.key == .argument }.compactMap(\.pointer.tokens.first)
    }
}
