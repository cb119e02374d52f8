// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore
internal import MCPAuthJSON
internal import MCPAuthPolicy

internal import struct Foundation.Date

/// The values of one claim, argument or capture that predicates can tell apart.
///
/// The constants of the predicates, what lies between and beyond them, values of other types, and a missing value.
struct ValueChoices {
    /// The predicates that read a value, or a value that is compared with it.
    struct Demands {
        var predicates: [Predicate] = []
        /// The operators of the predicates.
        var operators = Set<Predicate.Operator>()
        /// Texts that the value may be compared with.
        var texts: [String] = []
        var numbers: [JSON] = []

        mutating func add(_ predicate: Predicate) {
            predicates.append(predicate)
            operators.insert(predicate.operator)
        }

        mutating func formUnion(_ other: Demands) {
            predicates += other.predicates
            operators.formUnion(other.operators)
            texts += other.texts
            numbers += other.numbers
        }
    }

    /// The values; `nil` for a missing one.
    private(set) var values: [JSON?] = [nil]
    private(set) var isComplete = true
    /// The values as JSON: texts are told apart byte by byte, as predicates do.
    private var seen = Set<[UInt8]>()

    private static let most = 256
    private static let mostElements = 5

    init(_ demands: Demands) {
        // An object is present, and no predicate can compare it.
        add(.object([:]))
        let constants = demands.predicates.flatMap(\.constants)
        let words = PatternWords(Self.patterns(demands), .name)
        isComplete = words.isComplete
        var texts = (constants.compactMap(\.string) + demands.texts + words.words).uniqued
        let isCompared = demands.predicates.contains { $0.operand != nil }
        if isCompared { texts = (texts + ["x", "xx", "y"]).uniqued }
        let numbers = Self.numbers(constants + demands.numbers + (isCompared ? [0, 1] : []))
        let times = Self.times(demands.predicates)
        var scalars = texts.map(JSON.string) + numbers + times.map(JSON.string)
        if constants.contains(where: { $0.boolean != nil }) { scalars += [true, false] }
        if constants.contains(.null) { scalars.append(.null) }
        for value in scalars { add(value) }
        // An operand of `in` that is another value is a list too.
        let mayBeList = isCompared ? Self.listOperators.union([.isIn]) : Self.listOperators
        if !demands.operators.isDisjoint(with: mayBeList) {
            addLists(of: Self.elements(demands, isCompared: isCompared))
        }
    }

    private static let listOperators: Set<Predicate.Operator> = [.contains, .containsAny, .containsAll, .subsetOf]

    private mutating func add(_ value: JSON) {
        guard values.count < Self.most else {
            isComplete = false
            return
        }
        if seen.insert(value.encodedExactly()).inserted { values.append(value) }
    }

    /// Lists of these elements: all of them if they are few, else the short ones and those that lack one.
    private mutating func addLists(of elements: [JSON]) {
        let wrong = JSON.object([:])
        add(.array([]))
        add(.array([wrong]))
        if elements.count <= Self.mostElements {
            for bits in 1..<(1 << elements.count) {
                let some = elements.indices.filter { bits & (1 << $0) != 0 }.map { elements[$0] }
                add(.array(some))
                add(.array(some + [wrong]))
            }
            return
        }
        isComplete = false
        for (index, element) in elements.enumerated() {
            add(.array([element]))
            add(.array([element, wrong]))
            var others = elements
            others.remove(at: index)
            add(.array(others))
        }
        add(.array(elements))
        for (index, element) in elements.enumerated() {
            for other in elements[(index + 1)...] { add(.array([element, other])) }
        }
    }

    /// The elements that predicates on lists ask for, and one that none asks for.
    private static func elements(_ demands: Demands, isCompared: Bool) -> [JSON] {
        var elements = demands.predicates.filter { listOperators.contains($0.operator) }.flatMap(\.constants)
        if isCompared {
            elements += demands.predicates.filter { !listOperators.contains($0.operator) }.flatMap(\.constants)
            elements += demands.texts.map(JSON.string)
        }
        elements = elements.uniqued
        let texts = elements.compactMap(\.string)
        if let other = ["x", "y", "z", "xx"].first(where: { !texts.contains($0) }) { elements.append(.string(other)) }
        if elements.contains(where: { $0.double != nil }) { elements.append(-7) }
        return elements
    }

    private static func patterns(_ demands: Demands) -> [[UInt16]] {
        func literal(_ text: String) -> [UInt16] { text.utf8.map(UInt16.init) }
        let patterns = demands.predicates.flatMap { predicate -> [[UInt16]] in
            switch predicate {
            case .prefix(let text): [literal(text) + [Glob.doubleStar]]
            case .suffix(let text): [[Glob.doubleStar] + literal(text)]
            case .glob(let glob): [glob.elements]
            default: predicate.constants.compactMap(\.string).map(literal)
            }
        }
        return patterns + demands.texts.map(literal)
    }

    /// The numbers, what lies between each two of them, and beyond.
    private static func numbers(_ constants: [JSON]) -> [JSON] {
        let sorted = constants.filter { $0.double != nil }.uniqued.sorted { ($0.double ?? 0) < ($1.double ?? 0) }
        guard let first = sorted.first?.double, let last = sorted.last?.double else { return [] }
        let between = zip(sorted, sorted.dropFirst()).map { ((($0.double ?? 0) + ($1.double ?? 0)) / 2) }
        let near = sorted.flatMap { constant -> [JSON] in
            guard case .integer(let value) = constant else { return [] }
            return [value.subtractingReportingOverflow(1), value.addingReportingOverflow(1)]
                .filter { !$0.overflow }.map { .integer($0.partialValue) }
        }
        return (sorted + near + (between + [first - 1, last + 1]).map(Self.number)).uniqued
    }

    private static func number(_ value: Double) -> JSON {
        Int64(exactly: value).map(JSON.integer) ?? .number(value)
    }

    /// Date-times at, before, between and after those of the predicates.
    private static func times(_ predicates: [Predicate]) -> [String] {
        var seconds: [Double] = []
        for case .compare(_, .time(let time)) in predicates { seconds.append(time) }
        for constant in predicates.flatMap(\.constants) {
            if let time = constant.string.flatMap(Timestamp.seconds) { seconds.append(time) }
        }
        seconds = Set(seconds).sorted()
        guard let first = seconds.first, let last = seconds.last else { return [] }
        let between = zip(seconds, seconds.dropFirst()).map { ($0 + $1) / 2 }
        return (seconds + between + [first - 1, last + 1]).map { time in
            Date.ISO8601FormatStyle(includingFractionalSeconds: time != time.rounded())
                .format(Date(timeIntervalSince1970: time))
        }
    }
}

extension Predicate {
    /// The constants with which the predicate compares; texts of `prefix`, `suffix` and `glob` are not values.
    var constants: [JSON] {
        switch self {
        case .equals(let value), .contains(let value): [value]
        case .isIn(let values), .containsAny(let values), .containsAll(let values), .subsetOf(let values): values
        case .compare(_, .number(let bound)): [bound]
        case .prefix, .suffix, .glob, .exists, .absent, .compare(_, .time), .compared: []
        }
    }
}

extension Array where Element: Hashable {
    /// The elements without repetitions, in order.
    var uniqued: [Element] {
        var seen = Set<Element>()
        return filter { seen.insert($0).inserted }
    }
}

extension Array where Element == String {
    /// The texts without repetitions, byte by byte, in order.
    var uniqued: [String] {
        var seen = Set<ExactString>()
        return filter { seen.insert(ExactString($0)).inserted }
    }
}

extension Array where Element == JSON {
    /// The values without repetitions, with texts compared byte by byte, in order.
    var uniqued: [JSON] {
        var seen = Set<[UInt8]>()
        return filter { seen.insert($0.encodedExactly()).inserted }
    }
}
