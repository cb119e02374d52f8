// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// What was decided about one request, for operators: an audit log, metrics, or the answer to "why was I refused?".
///
/// Unlike an ``EngineEvent``, there is one for every request, allowed or refused. It identifies the caller, so keep it as
/// personal data. It has no token and no claims but those of ``Denial/Caller``.
public struct DecisionRecord: Sendable {
    /// Identifies the decision; a refused client gets it in the field `Decision-Id`.
    public let id: DecisionID
    /// When the decision was made.
    public let time: NumericDate
    /// How long it took, in seconds, with reading the body and fetching keys; `nil` if the request belongs to no
    /// resource.
    public let seconds: Double?
    /// Where the request arrived, such as `nginx`; `nil` for a host in the application.
    public let door: String?
    /// The resource of the request; `nil` if it belongs to none.
    public let resource: ResourceIdentifier?
    /// The kind of operation, such as `tools/call` or `GET`, without names, paths and URIs; `nil` if not known.
    public let operation: String?
    /// Why the request was refused; `nil` if it was allowed.
    public let denial: Denial?
    /// Who is calling; `nil` if that is not known, or there is no token.
    public let caller: Denial.Caller?
    /// The scopes of an allowed caller; `nil` without a token, and for a refusal.
    public let scopes: ScopeSet?
    /// The number of the configuration snapshot that decided, counted from 1; `nil` if the request belongs to no
    /// resource.
    public let generation: Int?

    package init(
        id: DecisionID,
        time: NumericDate,
        seconds: Double? = nil,
        door: String? = nil,
        resource: ResourceIdentifier? = nil,
        operation: String? = nil,
        decision: Decision,
        generation: Int? = nil
    ) {
        self.id = id
        self.time = time
        self.seconds = seconds
        self.door = door
        self.resource = resource
        self.operation = operation
        switch decision {
        case .allow(let authInfo): (denial, caller, scopes) = (nil, authInfo?.caller, authInfo?.scopes)
        case .deny(let denial): (self.denial, caller, scopes) = (denial, denial.caller, nil)
        }
        self.generation = generation
    }
}

/// Identifies a decision: 12 hexadecimal digits of its time in milliseconds since 1970, `-`, and 16 random ones.
public struct DecisionID: Sendable, Hashable, CustomStringConvertible {
    private let milliseconds: UInt64
    private let random: UInt64

    /// Creates an id that no other decision has.
    package init(_ time: NumericDate) {
        let milliseconds = time.secondsSinceEpoch * 1000
        self.milliseconds = (0..<Double(Self.end)).contains(milliseconds) ? UInt64(milliseconds) : 0
        var generator = SystemRandomNumberGenerator()
        random = generator.next()
    }

    /// Reads the text of an id; `nil` for anything else.
    public init?(_ text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0].utf8.count == 12, parts[1].utf8.count == 16,
            text.utf8.allSatisfy({ $0 != UInt8(ascii: "+") }), let milliseconds = UInt64(parts[0], radix: 16),
            let random = UInt64(parts[1], radix: 16)
        else { return nil }
        self.milliseconds = milliseconds
        self.random = random
    }

    private static let end: UInt64 = 1 << 48

    /// The form `019ac1f2b3c4-5d6e7f8091a2b3c4`.
    public var description: String { milliseconds.hexadecimal(12) + "-" + random.hexadecimal(16) }
}

extension UInt64 {
    /// At least this many hexadecimal digits, in lower case.
    package func hexadecimal(_ digits: Int) -> String {
        let text = String(self, radix: 16)
        return String(repeating: "0", count: Swift.max(0, digits - text.utf8.count)) + text
    }
}

/// Receives decisions; it is called from any thread, delays the request, and must not block.
public typealias DecisionHandler = @Sendable (DecisionRecord) -> Void
