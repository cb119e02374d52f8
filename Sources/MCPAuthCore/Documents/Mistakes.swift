// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// Collects the mistakes of one file, so that all of them are reported at once.
package struct Mistakes: Sendable {
    /// The most mistakes that are reported at once.
    package static let most = 20

    private var errors: [ConfigurationError] = []

    package init() {}

    /// Whether the limit is reached.
    package var isFull: Bool { errors.count { !$0.isConsequence } >= Self.most }
    /// The number of mistakes so far.
    package var count: Int { errors.count }

    /// Adds a mistake and its ``ConfigurationError/others``, without duplicates.
    package mutating func add(_ error: ConfigurationError) {
        for error in error.all where !isFull && !errors.contains(where: error.isSame) {
            errors.append(error)
        }
    }

    /// The value that `read` returns; `nil` if it throws, in which case the error is added.
    package mutating func noting<Value>(_ read: @autoclosure () throws(ConfigurationError) -> Value) -> Value? {
        do throws(ConfigurationError) {
            return try read()
        } catch {
            add(error)
            return nil
        }
    }

    /// The same for an optional value.
    package mutating func noting<Value>(_ read: @autoclosure () throws(ConfigurationError) -> Value?) -> Value? {
        do throws(ConfigurationError) {
            return try read()
        } catch {
            add(error)
            return nil
        }
    }

    /// - Throws: ``ConfigurationError``: the first mistake in the order of the file, with the others attached.
    package func check() throws(ConfigurationError) {
        let own = errors.filter { !$0.isConsequence }
        let told = own.isEmpty ? errors : own
        // Sorted by place; those without one keep their order.
        let sorted = told.enumerated().sorted { left, right in
            left.element.order != right.element.order
                ? left.element.order < right.element.order : left.offset < right.offset
        }
        .map(\.element)
        guard let first = sorted.first else { return }
        throw ConfigurationError(
            first.code,
            first.message,
            at: first.location,
            others: sorted.dropFirst().flatMap { $0.all }
        )
    }
}

extension ConfigurationError {
    fileprivate func isSame(_ other: ConfigurationError) -> Bool {
        code == other.code && location == other.location && message == other.message
    }

    fileprivate var order: (Int, Int) { (location?.line ?? 0, location?.column ?? 0) }
}
