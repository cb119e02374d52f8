// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import MCPAuthCore
import MCPAuthJSON
import MCPAuthServer
import Testing

/// The dashboard for Grafana, the alerts for Prometheus and the table in `docs/operations.md` name the metrics and labels
/// of `mcp-auth serve`: no others, and all of them.
struct DashboardTests {
    private static let root = #filePath.replacing("Tests/MCPAuthServerTests/DashboardTests.swift", with: "")

    private static func file(_ path: String) throws -> String {
        try String(contentsOf: URL(filePath: root + path), encoding: .utf8)
    }

    /// The metrics that no panel shows, each with the reason.
    private static let isInNoPanel: [MetricName: String] = [
        .denials: "`mcpauth_decisions_total` has the same numbers, also by door and resource"
    ]

    // MARK: What is read

    /// An expression in PromQL, and where it is.
    struct Expression: CustomStringConvertible {
        let place: String
        let query: PromQuery
        /// A text that names labels of its result: a legend, or the message of an alert.
        let labelsInText: [String]

        var description: String { place }
    }

    private static func dashboard() throws -> JSON {
        try JSON(parsing: Array(file("packaging/grafana/mcp-auth.json").utf8))
    }

    private static func panels() throws -> [JSON] {
        try #require(try dashboard()["panels"]?.elements).filter { $0["type"] != "row" }
    }

    private static func ofDashboard() throws -> [Expression] {
        let ofPanels = try panels().flatMap { panel in
            try #require(panel["targets"]?.elements).map { target in
                let legend = target["legendFormat"]?.string ?? ""
                return Expression(
                    place: "the panel “\(panel["title"]?.string ?? "")”",
                    query: try PromQuery(#require(target["expr"]?.string)),
                    labelsInText: legend.matches(of: /{{\s*(\w+)\s*}}/).map { String($0.1) }
                )
            }
        }
        let annotations = try #require(try dashboard()["annotations"]?["list"]?.elements)
        return ofPanels
            + (try annotations.compactMap { annotation in
                guard let text = annotation["expr"]?.string else { return nil }
                let place = "the annotation “\(annotation["name"]?.string ?? "")”"
                let labels = annotation["tagKeys"]?.string?.split(separator: ",").map(String.init) ?? []
                return Expression(place: place, query: try PromQuery(text), labelsInText: labels)
            })
    }

    /// The rules of `alerts.yml`, whose values are on one line or on the more indented lines below `>-`.
    private static func rules() throws -> [(name: String, expression: Expression, text: String)] {
        try file("packaging/prometheus/alerts.yml").split(separator: "      - alert: ").dropFirst().map { text in
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
            let name = String(lines[0])
            let index = try #require(lines.firstIndex { $0.hasPrefix("        expr: ") }, "\(name)")
            var expression = String(lines[index].dropFirst("        expr: ".count))
            if expression == ">-" {
                expression = lines[(index + 1)...].prefix { $0.hasPrefix("          ") }.joined(separator: " ")
            }
            let labels = text.matches(of: /\$labels\.(\w+)/).map { String($0.1) }
            let place = "the alert \(name)"
            let read = Expression(place: place, query: try PromQuery(expression), labelsInText: labels)
            return (name, read, String(text))
        }
    }

    // MARK: Tests

    @Test func `every expression names only metrics and labels that exist`() throws {
        let expressions = try Self.ofDashboard() + Self.rules().map(\.expression)
        #expect(expressions.count > 30)
        let codes = Set(EngineEvent.Code.allCases.map(\.rawValue))
        let reasons = try Self.file("docs/codes.md").matches(of: /(?m)^\| `(\w+)` \| \d+ \|/).map { String($0.1) }
        for expression in expressions {
            let query = expression.query
            #expect(!query.selectors.isEmpty, "\(expression)")
            for selector in query.selectors {
                guard let labels = selector.labels else {
                    Issue.record("\(expression): there is no metric `\(selector.name)`")
                    continue
                }
                for matcher in selector.matchers {
                    #expect(labels.contains(matcher.label), "\(expression): \(selector.name){\(matcher.label)}")
                    let values = matcher.value.split(separator: "|").map(String.init)
                    switch matcher.label {
                    case "code": #expect(codes.isSuperset(of: values), "\(expression)")
                    case "reason": #expect(Set(reasons).isSuperset(of: values), "\(expression)")
                    case "decision": #expect(Set(["allow", "deny"]).isSuperset(of: values), "\(expression)")
                    default: break
                    }
                }
            }
            for group in query.groups {
                #expect(!group.selectors.isEmpty, "\(expression)")
                for selector in group.selectors {
                    let unknown = Set(group.labels).subtracting(selector.labels ?? [])
                    #expect(unknown.isEmpty, "\(expression): \(selector.name) has no label \(unknown.sorted())")
                }
            }
            let unknown = Set(expression.labelsInText).subtracting(query.labelsOfResult)
            #expect(unknown.isEmpty, "\(expression): its result has no label \(unknown.sorted())")
        }
    }

    @Test func `every metric has a panel, or there is a reason for none`() throws {
        let shown = Set(try Self.ofDashboard().flatMap(\.query.selectors).compactMap(\.metric))
        for metric in MetricName.allCases {
            #expect(shown.contains(metric) == (Self.isInNoPanel[metric] == nil), "\(metric.rawValue)")
        }
    }

    @Test func `the table of the documentation has every metric with its labels, and no other`() throws {
        var rows: [String: [String]] = [:]
        let text = try Self.file("docs/operations.md")
        for row in text.matches(of: /(?m)^\| `((?:mcpauth|process)_\w+)` \| ([^|]+) \| ./) {
            let labels = row.2.matches(of: /`(\w+)`/).map { String($0.1) }
            #expect(rows.updateValue(labels, forKey: String(row.1)) == nil, "\(row.1)")
        }
        #expect(Set(rows.keys) == Set(MetricName.allCases.map(\.rawValue)))
        for metric in MetricName.allCases { #expect(rows[metric.rawValue] == metric.labels, "\(metric.rawValue)") }
    }

    @Test func `every panel says what it shows, in which unit, and fits`() throws {
        let panels = try Self.panels()
        #expect(Set(panels.compactMap { $0["title"]?.string }).count == panels.count)
        let all = try #require(try Self.dashboard()["panels"]?.elements)
        #expect(Set(all.compactMap { $0["id"]?.double }).count == all.count)
        var taken: Set<[Int]> = []
        for panel in all {
            let place = ["x", "y", "w", "h"].compactMap { panel["gridPos"]?[$0]?.double.map { Int($0) } }
            try #require(place.count == 4)
            #expect(place[0] + place[2] <= 24)
            for x in place[0]..<(place[0] + place[2]) {
                for y in place[1]..<(place[1] + place[3]) {
                    #expect(taken.insert([x, y]).inserted, "\(panel["title"]?.string ?? "")")
                }
            }
        }
        for panel in panels {
            let title = panel["title"]?.string ?? ""
            #expect(!title.isEmpty && panel["description"]?.string?.hasSuffix(".") == true, "\(title)")
            let defaults = panel["fieldConfig"]?["defaults"]
            #expect(defaults?["unit"]?.string?.isEmpty == false, "\(title)")
            #expect(defaults?["thresholds"]?["steps"]?.elements?.isEmpty == false, "\(title)")
            let sources = [panel["datasource"]] + (panel["targets"]?.elements ?? []).map { $0["datasource"] }
            #expect(sources.allSatisfy { $0 == Self.source }, "\(title)")
        }
    }

    /// The data source that is chosen on top of the dashboard.
    private static let source: JSON = ["type": "prometheus", "uid": "${datasource}"]

    @Test func `every panel shows the chosen servers only`() throws {
        for expression in try Self.ofDashboard() {
            for selector in expression.query.selectors where selector.matchers.isEmpty {
                // The right side of `and on (job, instance)`.
                #expect(selector.metric == .generation, "\(expression)")
            }
            let isChosen = expression.query.selectors.contains { selector in
                selector.matchers.contains { $0.label == "instance" && $0.value == "$instance" }
            }
            #expect(isChosen, "\(expression)")
        }
        let dashboard = try Self.dashboard()
        #expect(dashboard["uid"] == "mcp-auth" && dashboard["id"] == .null)
        let variables = try #require(dashboard["templating"]?["list"]?.elements)
        #expect(variables.map { $0["name"]?.string } == ["datasource", "instance"])
        let values = "label_values(\(MetricName.generation.rawValue), instance)"
        #expect(variables.last?["query"]?["query"]?.string == values)
        let annotations = try #require(dashboard["annotations"]?["list"]?.elements).filter { $0["expr"] != nil }
        #expect((annotations + variables.suffix(1)).allSatisfy { $0["datasource"] == Self.source })
    }

    @Test func `every alert has a severity, a message and a test`() throws {
        let tests = try Self.file("packaging/prometheus/alerts_test.yml")
        let rules = try Self.rules()
        #expect(rules.count > 5 && Set(rules.map(\.name)).count == rules.count)
        for rule in rules {
            #expect(rule.text.contains(/(?m)^          severity: (?:critical|warning)$/), "\(rule.name)")
            #expect(rule.text.contains("          summary: "), "\(rule.name)")
            #expect(rule.text.contains("          description: "), "\(rule.name)")
            let tested = tests.components(separatedBy: "alertname: \(rule.name)\n").dropFirst()
            #expect(tested.contains { $0.hasPrefix("        exp_alerts:\n          - exp_labels:\n") }, "\(rule.name)")
            #expect(tested.contains { $0.hasPrefix("        exp_alerts: []\n") }, "\(rule.name)")
        }
    }

    private static let promtool = ["/usr/bin/promtool", "/usr/local/bin/promtool"].first {
        FileManager.default.isExecutableFile(atPath: $0)
    }

    @Test(.enabled(if: promtool != nil, "promtool is not installed"))
    func `the alerts fire when they should`() throws {
        let process = Process()
        process.executableURL = URL(filePath: try #require(Self.promtool))
        process.currentDirectoryURL = URL(filePath: Self.root + "packaging/prometheus")
        process.arguments = ["test", "rules", "alerts_test.yml"]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 0, "\(text)")
    }
}

/// The series and labels that an expression in PromQL names.
///
/// It reads the part of the language that the dashboard and the alerts use: `sum by (label) (…)` with the labels in
/// front, and `on (label)`. Anything else that names labels makes them look like metrics, which do not exist.
struct PromQuery {
    struct Mistake: Error {
        let text: String
    }

    struct Matcher {
        let label: String
        let value: String
    }

    struct Selector {
        let name: String
        let matchers: [Matcher]
        /// Where it begins, counted in tokens.
        fileprivate let index: Int

        /// The metric that the series belongs to.
        var metric: MetricName? { Self.parts(of: name)?.metric }

        /// The labels of the series; `nil` if there is no such series.
        var labels: [String]? {
            // The one series that Prometheus makes itself: whether it could read the metrics.
            if name == "up" { return PromQuery.labelsOfTarget }
            guard let (metric, suffix) = Self.parts(of: name) else { return nil }
            return PromQuery.labelsOfTarget + metric.labels + (suffix == "_bucket" ? ["le"] : [])
        }

        private static func parts(of name: String) -> (metric: MetricName, suffix: String)? {
            if let metric = MetricName(rawValue: name), !metric.isHistogram { return (metric, "") }
            for suffix in ["_bucket", "_sum", "_count"] where name.hasSuffix(suffix) {
                if let metric = MetricName(rawValue: String(name.dropLast(suffix.count))), metric.isHistogram {
                    return (metric, suffix)
                }
            }
            return nil
        }
    }

    struct Group {
        let labels: [String]
        /// What is grouped or matched.
        let selectors: [Selector]
    }

    let selectors: [Selector]
    /// The labels in each `by` and `on`.
    let groups: [Group]
    /// The labels that the result may have.
    let labelsOfResult: Set<String>

    /// What Prometheus adds to each series.
    static let labelsOfTarget = ["job", "instance"]

    private static let words: Set<String> = ["and", "or", "unless", "bool", "offset"]

    /// - Throws: ``Mistake`` if it is not in the part of the language that is read here.
    init(_ text: String) throws(Mistake) {
        let pattern = /"(?:[^"\\]|\\.)*"|\[[^\]]*\]|[A-Za-z_:][A-Za-z0-9_:]*|[0-9][0-9A-Za-z.]*|=~|!=|!~|[^\s]/
        let tokens = text.matches(of: pattern).map { String($0.0) }
        var selectors: [Selector] = []
        var matched: [(labels: [String], range: Range<Int>)] = []
        var grouped: [(labels: [String], range: Range<Int>)] = []
        var index = 0
        while index < tokens.count {
            let next = index + 1 < tokens.count ? tokens[index + 1] : ""
            switch tokens[index] {
            case "by":
                let end = try Self.end(of: index + 1, "(", ")", in: tokens)
                let labels = tokens[(index + 2)..<end].filter { $0 != "," }
                grouped.append((labels, end..<(try Self.end(of: end + 1, "(", ")", in: tokens))))
                index = end
            case "on":
                let end = try Self.end(of: index + 1, "(", ")", in: tokens)
                matched.append((tokens[(index + 2)..<end].filter { $0 != "," }, tokens.indices))
                index = end
            case let name where Self.isName(name) && !Self.words.contains(name) && next != "(" && next != "by":
                let end = next == "{" ? try Self.end(of: index + 1, "{", "}", in: tokens) : index
                let matchers = next == "{" ? try Self.matchers(Array(tokens[(index + 2)..<end])) : []
                selectors.append(Selector(name: name, matchers: matchers, index: index))
                index = end
            default: break
            }
            index += 1
        }
        self.selectors = selectors
        groups = (grouped + matched).map { group in
            Group(labels: group.labels, selectors: selectors.filter { group.range.contains($0.index) })
        }
        let others = selectors.filter { selector in !grouped.contains { $0.range.contains(selector.index) } }
        labelsOfResult = Set(grouped.flatMap(\.labels) + others.flatMap { $0.labels ?? [] })
    }

    private static func matchers(_ tokens: [String]) throws(Mistake) -> [Matcher] {
        var matchers: [Matcher] = []
        for part in tokens.split(separator: ",").map(Array.init) {
            guard part.count == 3, isName(part[0]), part[2].hasPrefix("\"") else {
                throw Mistake(text: "`\(part.joined())` is not read here")
            }
            matchers.append(Matcher(label: part[0], value: String(part[2].dropFirst().dropLast())))
        }
        return matchers
    }

    private static func isName(_ token: String) -> Bool {
        token.first.map { $0.isLetter || $0 == "_" || $0 == ":" } ?? false
    }

    /// The place of the bracket that ends what one at this place begins.
    private static func end(
        of start: Int,
        _ opening: String,
        _ closing: String,
        in tokens: [String]
    ) throws(Mistake) -> Int {
        guard tokens.indices.contains(start), tokens[start] == opening else {
            throw Mistake(text: "no `\(opening)` where one must be")
        }
        var depth = 0
        for index in start..<tokens.count {
            if tokens[index] == opening { depth += 1 }
            if tokens[index] == closing { depth -= 1 }
            if depth == 0 { return index }
        }
        throw Mistake(text: "`\(opening)` without `\(closing)`")
    }
}

extension MetricName {
    fileprivate var isHistogram: Bool { self == .decisionSeconds }

    /// The labels of its series, in the order of the documentation.
    fileprivate var labels: [String] {
        switch self {
        case .decisions: ["door", "resource", "decision", "reason"]
        case .decisionSeconds, .connections: ["door"]
        case .denials: ["reason"]
        case .events: ["code"]
        case .moduleCounters: ["module", "counter"]
        case .issuerUsable, .keysAge: ["issuer"]
        case .logDropped: ["decision"]
        case .reloadRefused, .generation, .cacheHits, .cacheMisses, .cacheEvictions, .cacheEntries, .logWaiting,
            .spansDropped, .seriesDropped, .startTime, .memory, .processor, .openFiles:
            []
        }
    }
}
