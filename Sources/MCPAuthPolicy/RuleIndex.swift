// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore
internal import MCPAuthJSON

/// Receives the rules that can be about a message.
///
/// Its type is known where it is used, so that a call for each rule copies nothing, as a closure would.
protocol CandidateVisitor {
    /// - Parameters:
    ///   - hit: How the rule was found.
    ///   - method: The MCP method, empty if there is none.
    ///   - name: The name of the object of the method, empty if there is none.
    mutating func visit(_ rule: PolicyRule, at position: Int, _ hit: RuleIndex.Hit, _ method: String, _ name: String)
}

/// Finds the rules that can be about an operation by its method, its name and its path, so that the cost of a decision
/// depends on those rules and not on the size of the file.
///
/// Rules that have only `http_methods`, or that name no target, are compared with every request.
///
/// A rule is found under every method or name that it lists, under the prefixes or segments of its patterns, or always.
/// When it is found in several ways, `isAbout` is true for at most one of the matches (``Hit``).
///
/// A class, so that a search copies no tables.
final class RuleIndex: Sendable {
    /// How a rule was found, and what remains to be checked.
    enum Hit {
        /// The rule is about the message if the HTTP method and path of the request match.
        case certain
        /// The MCP method may match one that the rule lists.
        case byMethod
        /// The name may match one that the rule lists; a rule whose methods match too is found by method instead.
        case byName(MCPMethod.Object)
        /// The same for one of the URI patterns of the rule, which counts if no pattern before it matches.
        case byURI(pattern: Int)
        /// The path may match one of the patterns of the rule, which counts if no pattern before it matches.
        case byPath(pattern: Int)
    }

    /// One list of names: exact ones, and patterns by their prefixes.
    private struct Names: Sendable {
        var exact: [ExactString: [Int32]] = [:]
        var patterns = PrefixTable()

        /// Calls `body` with each rule that lists the name, and whether it lists exactly this name.
        func visit(_ name: String, _ body: (_ position: Int, _ isExact: Bool) -> Void) {
            if !exact.isEmpty, let found = exact[ExactString(name)] {
                for position in found { body(Int(position), true) }
            }
            patterns.visit(name) { body($0, false) }
        }
    }

    private let rules: [PolicyRule]
    private let tables: Tables

    init(_ rules: [PolicyRule]) {
        self.rules = rules
        var tables = Tables()
        for (index, rule) in rules.enumerated() { tables.add(rule.targets, Int32(index)) }
        self.tables = tables
    }

    /// Calls `visitor` for each rule that can be about a message.
    ///
    /// - Returns: False, without any call, if the message does not tell which rules can be about it.
    func visitCandidates<Visitor: CandidateVisitor>(
        _ request: ProtectedResourceRequest,
        _ message: MCPMessage?,
        _ visitor: inout Visitor
    ) -> Bool {
        guard case .call(let method, let name, _)? = message else {
            guard message != nil || request.operation == .http else { return false }
            for position in tables.always { visitor.visit(rules[Int(position)], at: Int(position), .certain, "", "") }
            if message != nil {
                for position in tables.basics {
                    visitor.visit(rules[Int(position)], at: Int(position), .certain, "", "")
                }
            }
            visitPaths(request, &visitor)
            return true
        }
        let object = MCPMethod.acting(named: method)?.object
        if let object, name.map({ !Targets.isPlain($0, object) }) ?? true { return false }
        for position in tables.always { visitor.visit(rules[Int(position)], at: Int(position), .certain, "", "") }
        visitPaths(request, &visitor)
        tables.methods.visit(method) { visitor.visit(rules[$0], at: $0, $1 ? .certain : .byMethod, method, "") }
        guard let object, let name else { return true }
        switch object {
        case .tool:
            tables.tools.visit(name) { visitor.visit(rules[$0], at: $0, $1 ? .certain : .byName(.tool), method, name) }
        case .prompt:
            tables.prompts.visit(name) {
                visitor.visit(rules[$0], at: $0, $1 ? .certain : .byName(.prompt), method, name)
            }
        // Three methods act on a URI, and a rule may list one of them.
        case .resourceURI:
            tables.resourceURIs.visit(name) {
                visitor.visit(rules[Int($0.rule)], at: Int($0.rule), .byURI(pattern: Int($0.pattern)), method, name)
            }
        }
        return true
    }

    private func visitPaths<Visitor: CandidateVisitor>(_ request: ProtectedResourceRequest, _ visitor: inout Visitor) {
        guard !tables.paths.isEmpty else { return }
        // The table compares bytes, so it cannot find what differs in case.
        guard !request.ignoresCase else {
            for position in tables.pathRules {
                visitor.visit(rules[Int(position)], at: Int(position), .certain, "", "")
            }
            return
        }
        let withSlash = request.path.withSlash
        tables.paths.visit(withSlash ?? request.path.description, endsBeforeSlash: withSlash != nil) {
            visitor.visit(rules[Int($0.rule)], at: Int($0.rule), .byPath(pattern: Int($0.pattern)), "", "")
        }
    }
}

extension RuleIndex {
    /// The tables while they are filled.
    private struct Tables {
        var always: [Int32] = []
        var basics: [Int32] = []
        var methods = Names()
        var tools = Names()
        var prompts = Names()
        var resourceURIs = SegmentTable()
        /// Rules with `paths` that do not depend on an MCP message.
        var paths = SegmentTable()
        var pathRules: [Int32] = []

        mutating func add(_ targets: Targets, _ index: Int32) {
            guard targets.restrictsMCP, !targets.matchesAny else {
                guard !targets.paths.isEmpty, !targets.matchesAny else {
                    always.append(index)
                    return
                }
                pathRules.append(index)
                Self.add(targets.paths, index, to: &paths)
                return
            }
            var globs = targets.methods
            if targets.includesBasics {
                basics.append(index)
                globs += Targets.basicMethods.map { Glob($0, .name) } + [Glob(Targets.basicPrefix + "*", .name)]
            }
            Self.add(globs, index, to: &methods)
            // A rule that lists the method itself is about every name, so its names need no entries.
            func covers(_ method: MCPMethod) -> Bool { globs.contains { $0.matches(method.name) } }
            if !covers(.callTool) { Self.add(targets.tools, index, to: &tools) }
            if !covers(.getPrompt) { Self.add(targets.prompts, index, to: &prompts) }
            Self.add(targets.resourceURIs, index, to: &resourceURIs)
        }

        private static func add(_ globs: [Glob], _ index: Int32, to table: inout SegmentTable) {
            for (number, glob) in globs.enumerated() {
                table.add(glob, SegmentTable.Entry(rule: index, pattern: Int32(number)))
            }
        }

        private static func add(_ globs: [Glob], _ index: Int32, to names: inout Names) {
            let beginnings = PrefixSet(globs.filter { !$0.isExact }.map(\.prefix))
            // A name that begins with the prefix of a pattern is found by that prefix.
            for name in Set(globs.filter(\.isExact).map { ExactString($0.pattern) })
            where !beginnings.hasBeginning(of: Array(name.text.utf8)) {
                names.exact[name, default: []].append(index)
            }
            names.patterns.add(beginnings, index)
        }
    }
}

/// The prefixes of the patterns of one rule.
///
/// When one prefix begins with another, the shorter one stands for both.
struct PrefixSet: Sendable {
    private let all: Set<[UInt8]>
    private let hashes: Set<UInt64>

    init(_ prefixes: [[UInt8]]) {
        all = Set(prefixes)
        hashes = Set(all.map { $0.reduce(FNV.seed, FNV.step) })
    }

    /// The prefixes that stand for all: no text begins with two of them.
    var shortest: [[UInt8]] { all.filter { !hasBeginning(of: $0, shorterThan: $0.count) } }

    /// Whether the text begins with one of them.
    ///
    /// Linear in the length of the text.
    func hasBeginning(of text: [UInt8]) -> Bool {
        hasBeginning(of: text, shorterThan: text.count + 1)
    }

    private func hasBeginning(of text: [UInt8], shorterThan end: Int) -> Bool {
        var hash = FNV.seed
        for length in 0..<end {
            if hashes.contains(hash), all.contains(Array(text.prefix(length))) { return true }
            if length < text.count { hash = FNV.step(hash, text[length]) }
        }
        return false
    }
}

/// Rules by the bytes of their patterns before the first star.
///
/// A rule that is found has such a prefix; the caller must still match the whole pattern.
struct PrefixTable: Sendable {
    private var byHash: [UInt64: [Int32]] = [:]
    /// The lengths of prefixes, ascending.
    private var lengths: [Int] = []

    /// Adds a rule under the prefixes of its patterns, so that a text finds it at most once.
    mutating func add(_ beginnings: PrefixSet, _ index: Int32) {
        for prefix in beginnings.shortest {
            byHash[prefix.reduce(FNV.seed, FNV.step), default: []].append(index)
            if !lengths.contains(prefix.count) {
                lengths.append(prefix.count)
                lengths.sort()
            }
        }
    }

    func visit(_ name: String, _ body: (Int) -> Void) {
        guard !lengths.isEmpty else { return }
        var hash = FNV.seed
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
            hash = FNV.step(hash, byte)
            length += 1
        }
    }
}
