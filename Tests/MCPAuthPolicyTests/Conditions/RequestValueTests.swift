// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import MCPAuthJSON
import Testing

@testable import MCPAuthCore
@testable import MCPAuthPolicy

/// Conditions on arguments and captures, and operands that are values of the request.
@Suite struct RequestValueTests {
    private static func rule(_ targets: String, _ when: String, _ effect: String = "allow") -> String {
        let rest = effect == "allow" ? "" : #",{"id":"open","effect":"allow","targets":"any"}"#
        return #"{"id":"w","effect":"\#(effect)",\#(targets),"when":\#(when)}\#(rest)"#
    }

    private static func pay(_ when: String, _ effect: String = "allow") -> String {
        rule(#""tools":["pay"]"#, when, effect)
    }

    private static let limit = #"{"argument":"/amount","lte":10000}"#
    private static let sameTenant = #"{"argument":"/tenant","equals":{"claim":"/tenant"}}"#
    private static let acme: JSON = ["tenant": "acme", "tenants": ["acme", "globex"]]

    static let arguments: [PolicyExample] = [
        .init("an argument is compared", pay(limit), "tools/call:pay", arguments: ["amount": 10000], "allow"),
        .init("and decides", pay(limit), "tools/call:pay", arguments: ["amount": 10001], "deny"),
        .init("a missing one is unknown: no allow", pay(limit), "tools/call:pay", arguments: [:], "deny"),
        .init("one of another type is unknown", pay(limit), "tools/call:pay", arguments: ["amount": "1"], "deny"),
        .init("a null is of another type", pay(limit), "tools/call:pay", arguments: ["amount": .null], "deny"),
        .init("an object is of another type", pay(limit), "tools/call:pay", arguments: ["amount": ["a": 1]], "deny"),
        .init("unknown fires a deny", pay(limit, "deny"), "tools/call:pay", arguments: [:], "deny"),
        .init("false does not", pay(limit, "deny"), "tools/call:pay", arguments: ["amount": 10001], "allow"),
        .init("unknown does not meet a require", pay(limit, "require"), "tools/call:pay", arguments: [:], "deny"),
        .init("arguments that were not seen are unknown: no allow", pay(limit), "tools/call:pay", "deny"),
        .init("and a deny fires", pay(limit, "deny"), "tools/call:pay", "deny"),
        .init(
            "also for `absent`",
            pay(#"{"argument":"/force","absent":true}"#),
            "tools/call:pay",
            "deny"
        ),
        .init(
            "a call without the argument: `absent` is true",
            pay(#"{"argument":"/force","absent":true}"#),
            "tools/call:pay",
            arguments: [:],
            "allow"
        ),
        .init(
            "an operation without arguments has none to compare",
            rule(#""targets":"any""#, #"{"argument":"/force","absent":true}"#),
            "tools/list",
            "deny"
        ),
        .init("prompts too", rule(#""prompts":["p"]"#, limit), "prompts/get:p", arguments: ["amount": 1], "allow"),
        .init(
            "a pointer goes into objects and arrays",
            pay(#"{"argument":"/items/1/price","lt":10}"#),
            "tools/call:pay",
            arguments: ["items": [["price": 99], ["price": 9]]],
            "allow"
        ),
        .init(
            "a set of arguments",
            pay(#"{"argument":"/to","subset_of":["a","b"]}"#),
            "tools/call:pay",
            arguments: ["to": ["a", "b", "a"]],
            "allow"
        ),
        .init(
            "no string counts as a set",
            pay(#"{"argument":"/groups","contains":"a"}"#),
            "tools/call:pay",
            arguments: ["groups": "a"],
            "deny"
        ),
        .init(
            "large integers are compared exactly",
            pay(#"{"argument":"/amount","lte":9007199254740992}"#),
            "tools/call:pay",
            arguments: ["amount": 9_007_199_254_740_993],
            "deny"
        ),
    ]

    static let operands: [PolicyExample] = [
        .init("an operand is a claim", pay(sameTenant), "tools/call:pay", arguments: ["tenant": "acme"], acme, "allow"),
        .init("another value", pay(sameTenant), "tools/call:pay", arguments: ["tenant": "globex"], acme, "deny"),
        .init(
            "the claim is missing: unknown",
            pay(sameTenant),
            "tools/call:pay",
            arguments: ["tenant": "acme"],
            "deny"
        ),
        .init("both are missing: unknown", pay(sameTenant), "tools/call:pay", arguments: [:], "deny"),
        .init(
            "both are null: unknown",
            pay(sameTenant),
            "tools/call:pay",
            arguments: ["tenant": .null],
            ["tenant": .null],
            "deny"
        ),
        .init(
            "the types differ: unknown, so a deny fires",
            pay(sameTenant, "deny"),
            "tools/call:pay",
            arguments: ["tenant": 7],
            acme,
            "deny"
        ),
        .init(
            "a list of the token",
            pay(#"{"argument":"/tenant","in":{"claim":"/tenants"}}"#),
            "tools/call:pay",
            arguments: ["tenant": "globex"],
            acme,
            "allow"
        ),
        .init(
            "the other way round",
            pay(#"{"claim":"/tenants","contains":{"argument":"/tenant"}}"#),
            "tools/call:pay",
            arguments: ["tenant": "initech"],
            acme,
            "deny"
        ),
        .init(
            "all of a list",
            pay(#"{"argument":"/tenants","subset_of":{"raw_claim":"/tenants"}}"#),
            "tools/call:pay",
            arguments: ["tenants": ["globex", "acme"]],
            acme,
            "allow"
        ),
        .init(
            "an empty list as an operand is unknown",
            pay(#"{"claim":"/tenants","contains_all":{"argument":"/tenants"}}"#),
            "tools/call:pay",
            arguments: ["tenants": []],
            acme,
            "deny"
        ),
        .init(
            "a list with other things than scalars is unknown",
            pay(#"{"claim":"/tenants","contains_any":{"argument":"/tenants"}}"#),
            "tools/call:pay",
            arguments: ["tenants": ["acme", ["x"]]],
            acme,
            "deny"
        ),
        .init(
            "a claim that is one string is a set where it usually is one",
            pay(#"{"argument":"/group","in":{"claim":"/groups"}}"#),
            "tools/call:pay",
            arguments: ["group": "staff"],
            ["groups": "staff"],
            "allow"
        ),
        .init(
            "numbers are compared",
            pay(#"{"argument":"/amount","lte":{"claim":"/limit"}}"#),
            "tools/call:pay",
            arguments: ["amount": 5],
            ["limit": 5],
            "allow"
        ),
        .init(
            "times are compared",
            pay(#"{"argument":"/until","lt":{"claim":"/until"}}"#),
            "tools/call:pay",
            arguments: ["until": "2026-01-01T00:00:00Z"],
            ["until": "2026-01-01T00:00:00.5Z"],
            "allow"
        ),
        .init(
            "a number and a time are not comparable",
            pay(#"{"argument":"/until","lt":{"claim":"/until"}}"#),
            "tools/call:pay",
            arguments: ["until": 1],
            ["until": "2026-01-01T00:00:00Z"],
            "deny"
        ),
        .init(
            "a prefix from the token",
            pay(#"{"argument":"/path","prefix":{"claim":"/home"}}"#),
            "tools/call:pay",
            arguments: ["path": "/home/alice/x"],
            ["home": "/home/alice/"],
            "allow"
        ),
        .init(
            "an empty prefix is unknown: it would match everything",
            pay(#"{"argument":"/path","prefix":{"claim":"/home"}}"#),
            "tools/call:pay",
            arguments: ["path": "/etc/passwd"],
            ["home": ""],
            "deny"
        ),
        .init(
            "two arguments",
            pay(#"{"not":{"argument":"/from","equals":{"argument":"/to"}}}"#),
            "tools/call:pay",
            arguments: ["from": "a", "to": "b"],
            "allow"
        ),
    ]

    private static let path = #""paths":["/tenants/{tenant}/**"]"#
    private static let uri = #""resource_uris":["notes://{tenant}/{id}"]"#
    private static let mine = #"{"capture":"tenant","equals":{"claim":"/tenant"}}"#

    static let captures: [PolicyExample] = [
        .init("a segment of the path", rule(path, mine), "GET /tenants/acme/x/y", acme, "allow"),
        .init("of another tenant", rule(path, mine), "GET /tenants/globex/x", acme, "deny"),
        .init("is decoded", rule(path, mine), "GET /tenants/ac%20me/x", ["tenant": "ac me"], "allow"),
        .init("is text: numbers are not equal to it", rule(path, mine), "GET /tenants/7/x", ["tenant": 7], "deny"),
        .init("a URI", rule(uri, mine), "resources/read:notes://acme/1", acme, "allow"),
        .init("of another tenant", rule(uri, mine), "resources/read:notes://globex/1", acme, "deny"),
        .init(
            "a deny fires for it",
            rule(uri, #"{"not":\#(mine)}"#, "deny"),
            "resources/read:notes://globex/1",
            acme,
            "deny"
        ),
        .init(
            "and not for one's own",
            rule(uri, #"{"not":\#(mine)}"#, "deny"),
            "resources/read:notes://acme/1",
            acme,
            "allow"
        ),
        .init(
            "in a list of the token",
            rule(path, #"{"claim":"/tenants","contains":{"capture":"tenant"}}"#),
            "GET /tenants/globex/x",
            acme,
            "allow"
        ),
        .init(
            "counted from the end after `**`",
            rule(#""paths":["/x/**/{tenant}/end"]"#, mine),
            "GET /x/globex/b/acme/end",
            acme,
            "allow"
        ),
        .init(
            "a combining mark after `**` hides it from nobody",
            rule(#""resource_uris":["notes://**\u0301/{tenant}"]"#, mine),
            "resources/read:notes://globex/x\u{301}/acme",
            acme,
            "allow"
        ),
        .init(
            "a pattern without the capture reads unknown",
            rule(#""paths":["/tenants/{tenant}/**","/admin/**"]"#, mine),
            "GET /admin/acme",
            acme,
            "deny"
        ),
        .init(
            "two patterns that match and disagree read unknown",
            rule(#""paths":["/tenants/{tenant}/**","/tenants/*/{tenant}"]"#, mine),
            "GET /tenants/acme/globex",
            acme,
            "deny"
        ),
        .init(
            "whichever of them captures the tenant",
            rule(#""paths":["/tenants/{tenant}/**","/tenants/*/{tenant}"]"#, mine),
            "GET /tenants/globex/acme",
            acme,
            "deny"
        ),
        .init(
            "two patterns that match and agree",
            rule(#""paths":["/tenants/{tenant}/**","/*/{tenant}/a"]"#, mine),
            "GET /tenants/acme/a",
            acme,
            "allow"
        ),
        .init(
            "a rule that matches by method reads unknown",
            rule(#""mcp_methods":["resources/read"],\#(uri)"#, mine),
            "resources/read:file:///acme",
            acme,
            "deny"
        ),
        .init(
            "an empty segment reads unknown: a deny fires",
            rule(uri, #"{"not":\#(mine)}"#, "deny"),
            "resources/read:notes:///1",
            acme,
            "deny"
        ),
        .init(
            "an encoded slash reads unknown",
            rule(uri, mine),
            "resources/read:notes://acme%2Fx/1",
            ["tenant": "acme/x"],
            "deny"
        ),
        .init(
            "a query reads unknown",
            rule(uri, mine),
            "resources/read:notes://acme?x/1",
            ["tenant": "acme?x"],
            "deny"
        ),
        .init(
            "user information reads unknown",
            rule(uri, mine),
            "resources/read:notes://a@acme/1",
            ["tenant": "a@acme"],
            "deny"
        ),
        .init("a port reads unknown", rule(uri, mine), "resources/read:notes://acme:1/1", ["tenant": "acme:1"], "deny"),
        .init(
            "in a later segment both are text",
            rule(uri, #"{"capture":"id","equals":"a@b:1"}"#),
            "resources/read:notes://acme/a@b:1",
            acme,
            "allow"
        ),
        .init(
            "a double encoding reads unknown",
            rule(uri, mine),
            "resources/read:notes://ac%252Fme/1",
            ["tenant": "ac%2Fme"],
            "deny"
        ),
        .init(
            "what is not UTF-8 reads unknown",
            rule(uri, mine),
            "resources/read:notes://%FF/1",
            ["tenant": "\u{FFFD}"],
            "deny"
        ),
    ]

    @Test(arguments: arguments + operands + captures)
    func `each example has the outcome that its sentence describes`(example: PolicyExample) async throws {
        let trace = try await example.decide()
        #expect(PolicyExample.words(trace) == example.outcome, "\(trace.rules.map(\.why))")
    }

    @Test(arguments: [
        (#""paths":["/a/{x}y"]"#, "a capture is a whole segment"), (#""paths":["/a/{}"]"#, "the name of a capture"),
        (#""paths":["/a/{X}"]"#, "the name of a capture"), (#""paths":["/a/{x}/{x}"]"#, "it captures `x` twice"),
        (#""paths":["/**/{x}/**"]"#, "at most one `**`"), (#""paths":["/a/{{x}}"]"#, "a capture is a whole segment"),
        (#""paths":["/a/}"]"#, "a capture is a whole segment"),
        (#""resource_uris":["{x}://a/b"]"#, "a capture is a whole segment"),
        (#""resource_uris":["a://{x}"],"paths":["/{x}"]"#, "also captured in `paths`"),
    ])
    func `a pattern with a mistake in its captures is refused`(targets: String, message: String) {
        let text = #"{"version":1,"rules":[{"id":"a","effect":"allow",\#(targets)}]}"#
        let error = #expect(throws: ConfigurationError.self) {
            try CompiledPolicy(file: "p.json", bytes: Array(text.utf8))
        }
        #expect(error?.all.contains { $0.message.contains(message) } == true, "\(String(describing: error?.all))")
    }

    @Test(arguments: [
        (#"{"capture":"tenannt","equals":"a"}"#, "MA006", "did you mean `tenant`"),
        (#"{"claim":"/a","equals":{"capture":"x"}}"#, "MA006", "no pattern of this rule captures `x`"),
        (#"{"argument":"amount","equals":1}"#, "MA005", "`amount` is not a JSON Pointer"),
        (#"{"argument":"","equals":1}"#, "MA005", "is not a JSON Pointer"),
        (#"{"claim":"/a","glob":{"claim":"/b"}}"#, "MA004", "`glob` takes a constant"),
        (#"{"claim":"/a","exists":{"claim":"/b"}}"#, "MA004", "`exists` takes a constant"),
        (#"{"claim":"/a","equals":{}}"#, "MA005", "exactly one of"),
        (#"{"claim":"/a","equals":{"claim":"/b","argument":"/c"}}"#, "MA005", "exactly one of"),
        (#"{"claim":"/a","equals":{"claims":"/b"}}"#, "MA002", "unknown key `claims`"),
        (#"{"claim":"/a","in":[{"claim":"/b"}]}"#, "MA004", "expected a string, number, true, false or null"),
        (#"{"claim":"/a","equals":{"claim":"/a"}}"#, "MA012", "compared with itself"),
        (#"{"claim":"/a","argument":"/a","equals":1}"#, "MA005", "a condition is exactly one of"),
    ])
    func `a mistake in a condition is refused with its code`(condition: String, code: String, message: String) {
        let text =
            #"{"version":1,"rules":[{"id":"a","effect":"allow","paths":["/{tenant}"],"when":\#(condition)}]}"#
        let error = #expect(throws: ConfigurationError.self) {
            try CompiledPolicy(file: "p.json", bytes: Array(text.utf8))
        }
        #expect(
            error?.code.description == code && error?.message.contains(message) == true,
            "\(String(describing: error))"
        )
    }

    @Test func `a member that another parser may take for the argument makes it unknown`() throws {
        let policy = try PolicySet(text: #"{"version":1,"rules":[\#(Self.pay(Self.limit))]}"#)
        for (text, isAllowed) in [
            (#"{"amount":1}"#, true), (#"{"Amount":1}"#, false), (#"{"amount":1,"Amount":99999}"#, false),
            (#"{"AMOUNT":99999,"amount":1}"#, false), (#"{"amount":1,"amount\u0000":2}"#, false),
            (#"{"\u0061mount":1}"#, true), (#"{"amounts":1,"amount":1}"#, true),
            (#"{"amount":1,"other":{"Amount":9}}"#, true),
        ] {
            let bytes = Array(text.utf8)
            let arguments = MCPArguments(bytes, at: 0..<bytes.count)
            let call = MCPMessage.call(method: "tools/call", name: "pay", arguments: arguments)
            guard case .allow = policy.decision(try .test(.mcp([call]))) else {
                #expect(!isAllowed, "\(text)")
                continue
            }
            #expect(isAllowed, "\(text)")
        }
    }

    @Test func `each message of a batch has its own arguments`() throws {
        let policy = try PolicySet(text: #"{"version":1,"rules":[\#(Self.pay(Self.limit))]}"#)
        func call(_ text: String) -> MCPMessage {
            .call(method: "tools/call", name: "pay", arguments: MCPArguments(Array(text.utf8), at: 0..<text.utf8.count))
        }
        let (small, large) = (call(#"{"amount":1}"#), call(#"{"amount":10001}"#))
        for (messages, isAllowed) in [([small, small], true), ([small, large], false), ([large, small], false)] {
            guard case .allow = policy.decision(try .test(.mcp(messages))) else {
                #expect(!isAllowed)
                continue
            }
            #expect(isAllowed)
        }
    }

    @Test func `on a host that ignores case, case of a captured segment counts against the caller only`() throws {
        let deny = #"{"capture":"tenant","equals":"acme"}"#
        let require = #"{"capture":"tenant","equals":{"claim":"/tenant"}}"#
        for (rule, path, claims, ignoring, exact) in [
            (Self.rule(Self.path, deny, "deny"), "/tenants/ACME/x", "{}", false, true),
            (Self.rule(Self.path, deny, "deny"), "/tenants/other/x", "{}", true, true),
            (Self.rule(Self.path, require, "require"), "/tenants/ACME/x", #"{"tenant":"acme"}"#, false, false),
            (Self.rule(Self.path, require, "require"), "/tenants/acme/x", #"{"tenant":"acme"}"#, true, true),
            (Self.rule(Self.path, require), "/tenants/ACME/x", #"{"tenant":"acme"}"#, false, false),
        ] {
            for (ignoresCase, isAllowed) in [(true, ignoring), (false, exact)] {
                let policy = try PolicySet(text: #"{"version":1,"rules":[\#(rule)]}"#)
                let input = try PolicyInput.test(
                    .http,
                    claims: claims,
                    method: .get,
                    path: path,
                    ignoresCase: ignoresCase
                )
                let allowed = if case .allow = policy.decision(input) { true } else { false }
                #expect(allowed == isAllowed, "\(rule) \(path) \(ignoresCase)")
            }
        }
    }

    @Test func `long strings and arrays can be compared with nothing`() throws {
        let equal = try PolicySet(text: #"{"version":1,"rules":[\#(Self.pay(#"{"argument":"/a","exists":true}"#))]}"#)
        let glob = try PolicySet(text: #"{"version":1,"rules":[\#(Self.pay(#"{"argument":"/a","glob":"a*"}"#))]}"#)
        let any = try PolicySet(text: #"{"version":1,"rules":[\#(Self.pay(#"{"argument":"/a","contains":1}"#))]}"#)
        func decide(_ policy: PolicySet, _ value: JSON) throws -> Bool {
            let bytes = (["a": value] as JSON).encoded()
            let arguments = MCPArguments(bytes, at: 0..<bytes.count)
            let call = MCPMessage.call(method: "tools/call", name: "pay", arguments: arguments)
            if case .allow = policy.decision(try .test(.mcp([call]))) { return true }
            return false
        }
        for (length, isKnown) in [(4096, true), (4097, false), (1_000_000, false)] {
            let text = JSON.string(String(repeating: "a", count: length))
            #expect(try decide(glob, text) == isKnown)
            #expect(try decide(equal, text))
        }
        for (count, isKnown) in [(1000, true), (1001, false), (200_000, false)] {
            let array = JSON.array(Array(repeating: 1, count: count))
            #expect(try decide(any, array) == isKnown)
            #expect(try decide(equal, array))
        }
    }
}
