// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// A mistake that an operator or developer can fix: in a file, in code, or in the environment of the program.
///
/// Two errors are equal if their codes are equal. The message is lower case and says what is wrong and, if known, what
/// is expected. It never contains a secret.
public struct ConfigurationError: Error, Sendable, CustomStringConvertible {
    /// A stable name for one kind of mistake.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        /// The stable name, such as `MA002`.
        public let description: String

        private init(_ description: String) {
            self.description = description
        }

        /// Whether the code is a warning: allowed, but probably not intended.
        package var isWarning: Bool { description.hasPrefix("MA1") }

        /// The text is not valid JSON.
        public static let invalidJSON = Code("MA001")
        /// A key that this kind of object does not have.
        public static let unknownKey = Code("MA002")
        /// A key that this kind of object must have.
        public static let missingKey = Code("MA003")
        /// A value of the wrong JSON type.
        public static let wrongType = Code("MA004")
        /// A value of the right type that is not acceptable.
        public static let invalidValue = Code("MA005")
        /// A name that refers to nothing.
        public static let unknownName = Code("MA006")
        /// Something that must be unique and is not.
        public static let duplicate = Code("MA007")
        /// A file that cannot be read or written.
        public static let unreadableFile = Code("MA008")
        /// A secret that is not set.
        public static let missingSecret = Code("MA009")
        /// A version of a file format that this program does not know.
        public static let unsupportedVersion = Code("MA010")
        /// Two settings that contradict each other.
        public static let conflict = Code("MA011")
        /// A policy rule or condition that no request can ever match.
        public static let unreachableRule = Code("MA012")
        /// Scopes that imply each other in a circle.
        public static let cyclicImplication = Code("MA013")
        /// A policy test with another result than expected.
        public static let testFailed = Code("MA014")
        /// A module that cannot be loaded or configured.
        public static let moduleRefused = Code("MA020")
        /// An address that cannot be listened on.
        public static let cannotListen = Code("MA030")
        /// Authorization server metadata that cannot be used.
        public static let invalidServerMetadata = Code("MA040")
        /// Published metadata of a resource that clients cannot use.
        public static let unusableMetadata = Code("MA041")
        /// Published metadata that announces something that this library does not do.
        public static let unkeptPromise = Code("MA042")
        /// A resource that has no issuer and no other verifier, so that it accepts no token.
        public static let unreachableResource = Code("MA043")
        /// Warning: a rule or file in shadow mode.
        public static let shadowMode = Code("MA101")
        /// Warning: a scope that the metadata of the resource does not list.
        public static let unlistedScope = Code("MA102")
        /// Warning: a negated condition on a claim that may be missing.
        public static let negatedClaim = Code("MA103")
        /// Warning: a condition on a claim that is not common and that no issuer maps.
        public static let undeclaredClaim = Code("MA104")
        /// Warning: an allow rule that an unconditional deny always overrides.
        public static let shadowedRule = Code("MA105")
        /// Warning: tokens of an issuer are accepted without an audience.
        public static let missingAudience = Code("MA106")
        /// Warning: a scope or claim that any of several issuers may give.
        public static let anyIssuer = Code("MA107")
        /// Warning: a scope or claim that no issuer named by the rule may give.
        public static let ungrantable = Code("MA108")
        /// Warning: a scope that no client is ever asked for.
        public static let unobtainableScope = Code("MA109")
        /// Warning: operations that need no token.
        public static let openOperation = Code("MA110")
        /// Warning: the name of a method that MCP does not have.
        public static let unknownMethod = Code("MA111")
        /// Warning: a pattern that reads like a regular expression.
        public static let regularExpression = Code("MA112")
        /// Warning: a capture that no condition reads.
        public static let unusedCapture = Code("MA113")
        /// Warning: plain http to or from another machine.
        public static let plainHTTP = Code("MA120")
        /// Warning: one of several issuers that may grant any scope.
        public static let unboundedIssuer = Code("MA121")
        /// Warning: an authorization server that lacks what MCP clients or this server need, or none at all.
        public static let unsuitableServer = Code("MA122")
        /// Warning: a scope that no resource should ask for.
        public static let unsuitableScope = Code("MA123")
        /// Warning: policies that allow no request.
        public static let nothingAllowed = Code("MA124")
    }

    /// The place of a mistake in a file.
    public struct Location: Hashable, Sendable {
        /// The file, as the operator named it.
        public let file: String
        /// The line, counted from 1.
        public let line: Int
        /// The column, counted from 1.
        public let column: Int

        package init(file: String, line: Int, column: Int) {
            self.file = file
            self.line = line
            self.column = column
        }
    }

    /// Which kind of mistake it is.
    public let code: Code
    /// What is wrong, in one line.
    public let message: String
    /// The place in a file; `nil` if the mistake is not in a file.
    public let location: Location?
    /// The other mistakes that were found with this one, in the order of their files; empty when there is no other.
    public let others: [ConfigurationError]
    /// Whether it may be a consequence of another mistake in the same object, such as a misspelt key.
    let isConsequence: Bool

    package init(_ code: Code, _ message: String, at location: Location? = nil) {
        self.init(code, message, at: location, others: [])
    }

    init(
        _ code: Code,
        _ message: String,
        at location: Location?,
        others: [ConfigurationError] = [],
        isConsequence: Bool = false
    ) {
        self.code = code
        self.message = message
        self.location = location
        self.others = others
        self.isConsequence = isConsequence
    }

    /// This mistake and the others, each without ``others``.
    package var all: [ConfigurationError] {
        [ConfigurationError(code, message, at: location, isConsequence: isConsequence)] + others
    }

    /// One line: `file:line:column: code: message`, and how many ``others`` there are.
    public var description: String {
        let place = location.map { "\($0): " } ?? ""
        let more = others.isEmpty ? "" : " (and \(others.count) more mistake\(others.count == 1 ? "" : "s"))"
        return "\(place)\(code): \(message)\(more)".escaped
    }
}

extension ConfigurationError.Location: CustomStringConvertible {
    /// The form `file:line:column`.
    public var description: String { "\(file):\(line):\(column)" }
}

extension ConfigurationError: Equatable {
    /// Compares the codes.
    public static func == (left: ConfigurationError, right: ConfigurationError) -> Bool {
        left.code == right.code
    }
}
