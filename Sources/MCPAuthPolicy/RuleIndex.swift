// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore
internal import MCPAuthJSON

/// Finds the rules that can be about a message, so that a decision costs what those rules cost and not what the file
/// does.
///
/// A rule is found under every method or name that it writes out, under the beginnings of its patterns, or always. A rule
/// with several of these may be found, and looked at, twice; that changes no decision.
struct RuleIndex: Sendable {
    /// One list of names: exact ones, and patterns by their beginnings.
    private struct Names: Sendable {
        var exact: [ExactString: [Int32]] = [:]
        var patterns = PrefixTable()
    }

    private var always: [Int32] = []
    private var session: [Int32] = []
    private var methods = Names()
    private var tools = Names()
    private var prompts = Names()
    private var resourceURIs = Names()
    private let count: Int32

    init(_ rules: [PolicyRule]) {
        count = Int32(rules.count)
        for (index, rule) in rules.enumerated() { add(rule.targets, Int32(index)) }
    }

    private mutating func add(_ targets: Targets, _ index: Int32) {
        guard targets.restrictsMCP, !targets.matchesAny else {
            always.append(index)
            return
        }
        var globs = targets.methods
        if targets.includesBasics {
            session.append(index)
            globs += Targets.basicMethods.map { Glob($0, .name) } + [Glob(Targets.basicPrefix + "*", .name)]
        }
        Self.add(globs, index, to: &methods)
        // A rule that is about a method whatever it acts on needs no names.
        func covers(_ method: String) -> Bool { globs.contains { $0.matches(method) } }
        if !covers("tools/call") { Self.add(targets.tools, index, to: &tools) }
        if !covers("prompts/get") { Self.add(targets.prompts, index, to: &prompts) }
        Self.add(targets.resourceURIs, index, to: &resourceURIs)
    }

    private static func add(_ globs: [Glob], _ index: Int32, to names: inout Names) {
        let patterns = globs.filter { !$0.isExact }
        for name in Set(globs.filter(\.isExact).map { ExactString($0.pattern) }).map(\.text)
        where !patterns.contains(where: { $0.matches(name) }) {
            names.exact[ExactString(name), default: []].append(index)
        }
        names.patterns.add(patterns, index)
    }

    /// Calls `body` with the position of each rule that can be about a message, and whether its target is certain but
    /// for method and path; otherwise the target must be looked at.
    func forEachCandidate(
        _ operation: PolicyOperation,
        _ message: MCPMessage?,
        _ body: (_ position: Int, _ isCertain: Bool) -> Void
    ) {
        guard let message else {
            let rules = operation.operation == .http ? always : nil
            Self.visit(rules ?? Array(0..<count), false, body)
            return
        }
        guard case .call(let method, let name) = message else {
            Self.visit(always, true, body)
            Self.visit(session, true, body)
            return
        }
        let kind = Targets.Kind(method: method)
        if let kind, name.map({ !Targets.isPlain($0, kind) }) ?? true {
            Self.visit(Array(0..<count), false, body)
            return
        }
        Self.visit(always, true, body)
        Self.visit(methods, method, body)
        guard let kind, let name else { return }
        switch kind {
        case .tool: Self.visit(tools, name, body)
        case .prompt: Self.visit(prompts, name, body)
        // The same rule may name one of the three methods that act on a URI, so it is looked at again.
        case .resourceURI: visitURIs(method, name, body)
        }
    }

    private func visitURIs(_ method: String, _ name: String, _ body: (Int, Bool) -> Void) {
        var seen = Set<Int>()
        Self.visit(methods, method) { position, _ in seen.insert(position) }
        Self.visit(resourceURIs, name) { position, isCertain in
            if !seen.contains(position) { body(position, isCertain) }
        }
    }

    private static func visit(_ positions: [Int32], _ isCertain: Bool, _ body: (Int, Bool) -> Void) {
        for position in positions { body(Int(position), isCertain) }
    }

    private static func visit(_ names: Names, _ name: String, _ body: (Int, Bool) -> Void) {
        if !names.exact.isEmpty, let exact = names.exact[ExactString(name)] { visit(exact, true, body) }
        names.patterns.visit(name) { body($0, false) }
    }
}

/// Patterns by the bytes before their first star.
///
/// What it finds may begin so and still not match, which the caller sees when it matches the pattern.
struct PrefixTable: Sendable {
    private var byHash: [UInt64: [Int32]] = [:]
    /// The lengths of prefixes, ascending.
    private var lengths: [Int] = []

    /// Adds a rule once, under what all of its patterns begin with.
    mutating func add(_ patterns: [Glob], _ index: Int32) {
        guard var common = patterns.first?.prefix[...] else { return }
        for pattern in patterns.dropFirst() {
            let shared = zip(common, pattern.prefix).prefix { $0 == $1 }.count
            common = common.prefix(shared)
        }
        byHash[common.reduce(Self.seed, Self.step), default: []].append(index)
        if !lengths.contains(common.count) {
            lengths.append(common.count)
            lengths.sort()
        }
    }

    func visit(_ name: String, _ body: (Int) -> Void) {
        guard !lengths.isEmpty else { return }
        var hash = Self.seed
        var length = 0
        var next = 0
        var bytes = name.utf8.makeIterator()
        while next < lengths.count {
            if lengths[next] == length {
                for position in byHash[hash] ?? [] { body(Int(position)) }
                next += 1
                continue
            }
            guard let byte = bytes.next() else { return }
            hash = Self.step(hash, byte)
            length += 1
        }
    }

    // FNV-1a. A collision only makes a rule be looked at for nothing, and only the author of a policy can cause one.
    private static let seed: UInt64 = 0xcbf2_9ce4_8422_2325

    private static func step(_ hash: UInt64, _ byte: UInt8) -> UInt64 {
        (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3
    }
}
