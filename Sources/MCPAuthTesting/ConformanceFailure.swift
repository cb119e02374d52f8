// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// What a conformance check found wrong.
public struct ConformanceFailure: Error, Sendable, CustomStringConvertible {
    /// What was expected, and what was found.
    public let description: String

    init(_ description: String) {
        self.description = description
    }

    /// - Throws: A failure when the condition is false.
    static func require(_ holds: Bool, _ description: @autoclosure () -> String) throws {
        guard holds else { throw ConformanceFailure(description()) }
    }
}

/// One check of a conformance kit.
///
/// Use each as an argument of a test: `@Test(arguments: kit.checks) func conforms(to check: ConformanceCheck) async
/// throws { try await check.run() }`.
public struct ConformanceCheck: Sendable, CustomStringConvertible {
    /// What the check requires.
    public let description: String
    private let body: @Sendable () async throws -> Void

    init(_ description: String, _ body: @escaping @Sendable () async throws -> Void) {
        self.description = description
        self.body = body
    }

    /// Runs the check.
    ///
    /// - Throws: ``ConformanceFailure``, or an error that the tested code must not throw.
    public func run() async throws {
        try await body()
    }
}
