// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// The mistakes of one file, collected so that its author is told of all of them at once.
package struct Mistakes: Sendable {
    /// More than this many are not told at once.
    package static let most = 20

    private var errors: [ConfigurationError] = []

    package init() {}

    /// Whether looking for more is of no use.
    package var isFull: Bool { errors.count { !$0.isConsequence } >= Self.most }
    /// How many were noted, to see whether more were since.
    package var count: Int { errors.count }

    /// Notes a mistake, with those that came with it.
    package mutating func add(_ error: ConfigurationError) {
        for error in error.all where !isFull && !errors.contains(where: error.isSame) {
            errors.append(error)
        }
    }

    /// What is read; `nil` when that is a mistake, which is then noted.
    package mutating func noting<Value>(_ read: @autoclosure () throws(ConfigurationError) -> Value) -> Value? {
        do throws(ConfigurationError) {
            return try read()
        } catch {
            add(error)
            return nil
        }
    }

    /// The same for what need not be there.
    package mutating func noting<Value>(_ read: @autoclosure () throws(ConfigurationError) -> Value?) -> Value? {
        do throws(ConfigurationError) {
            return try read()
        } catch {
            add(error)
            return nil
        }
    }

    /// - Throws: ``ConfigurationError``: the first mistake in the order of the file, which carries the others.
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
